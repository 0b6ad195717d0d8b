import type { Day } from '../../kernel/calendar.ts'
import { addDays } from '../../kernel/calendar.ts'
import type { FactName, FactValue } from '../facts.ts'
import { resolveCondition, type Resolved, resolvePercentile, type RuleContext } from './resolve.ts'
import { canonicalRule, type Rule } from './rule.ts'

/** What is known of one customer when a rule is asked. */
export interface Subject {
  readonly fact: (name: FactName) => FactValue
  /** Since when a watched condition, by its canonical text, has held without a break; null where it does not hold, undefined where that was not kept. */
  readonly since: (condition: string) => Day | null | undefined
  /** Whether the customer is on the list of the segment of this number; undefined where that was not kept. */
  readonly listed: (segmentNumber: number) => boolean | undefined
  /** Where the customer stands among all by chance: from 0, below 100. */
  readonly chance: (seed: string) => number
}

/** Yes, no, or unknown since a fact is missing. */
export type Truth = boolean | null

/**
 * Whether a customer meets a rule whose segments are inlined. Three-valued: a missing fact makes every comparison unknown, and the opposite of unknown is
 * unknown; only `exists` answers for what is missing. A customer meets a rule where the answer is true.
 */
export function evaluateRule(rule: Rule, subject: Subject, context: RuleContext): Truth {
  if ('all' in rule) return every(rule.all.map((one) => evaluateRule(one, subject, context)))
  if ('any' in rule) return negate(every(rule.any.map((one) => negate(evaluateRule(one, subject, context)))))
  if ('not' in rule) return negate(evaluateRule(rule.not, subject, context))
  if ('hasBeen' in rule) {
    const since = subject.since(canonicalRule(rule.hasBeen))
    return since === undefined ? null : since !== null && since <= addDays(context.today, -rule.days)
  }
  if ('bucket' in rule) {
    const chance = subject.chance(rule.bucket.seed)
    return chance >= rule.bucket.from && chance < rule.bucket.to
  }
  if ('listed' in rule) return subject.listed(rule.listed) ?? null
  if ('segment' in rule) throw new Error('The segments of a rule are inlined before it is evaluated.')
  const resolved = 'percentile' in rule ? resolvePercentile(rule, context) : resolveCondition(rule, context)
  return compare(resolved, subject.fact(rule.fact))
}

/** Three-valued and. */
export function every(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false
  return truths.includes(null) ? null : true
}

/** Three-valued not. */
export function negate(truth: Truth): Truth {
  return truth === null ? null : !truth
}

/** Whether a value meets a condition; unknown where either is missing. */
export function compare({ operator, operands }: Pick<Resolved, 'operator' | 'operands'>, value: FactValue): Truth {
  if (operator === 'exists') return (value !== null) === operands![0]
  if (value === null || operands === null) return null
  const [first, second] = operands as readonly Exclude<FactValue, null>[]
  switch (operator) {
    case 'eq':
      return value === first
    case 'ne':
      return value !== first
    case 'lt':
      return value < first!
    case 'lte':
      return value <= first!
    case 'gt':
      return value > first!
    case 'gte':
      return value >= first!
    case 'between':
      return value >= first! && value <= second!
    case 'in':
      return operands.includes(value)
    case 'overlaps':
      return (value as readonly string[]).some((one) => operands.includes(one))
  }
}
