import { addDays, type Day, daysBetween } from '../../kernel/calendar.ts'
import type { FactName, FactValue } from '../facts.ts'
import { compare, every, negate, type Subject, type Truth } from './evaluate.ts'
import { resolveCondition, resolvePercentile, type RuleContext } from './resolve.ts'
import { canonicalRule, type FactCondition, inlineSegments, type Operator, type Rule, type SegmentMeaning } from './rule.ts'
import type { PercentileCondition } from './rule.ts'
import { type Change, changeOf, dated } from './nearest-change.ts'

interface Node {
  /** A JSON Pointer into the rule, its segments inlined. */
  readonly pointer: string
  readonly result: Truth
  /** The id of the segment whose rule stands here. */
  readonly segment?: string
}

/** What a condition by itself would need to hold, or to fail; null where it does already, or never will. */
interface Leaf extends Node {
  readonly toHold: Change | null
  readonly toFail: Change | null
}

export interface ExplainedGroup extends Node {
  readonly form: 'all' | 'any' | 'not'
  readonly parts: readonly Explained[]
}

export interface ExplainedFact extends Leaf {
  readonly form: 'fact'
  readonly fact: FactName
  readonly operator: Operator
  readonly value: FactValue
  /** Days, amounts and the values behind hundredths as they stand; null where a hundredth is not known. */
  readonly operands: readonly FactValue[] | null
  readonly condition: FactCondition | PercentileCondition
}

export interface ExplainedHasBeen extends Leaf {
  readonly form: 'hasBeen'
  readonly days: number
  /** Since when it has held; null where it did not, undefined where that was not kept. */
  readonly since: Day | null | undefined
  /** It must have held since this day or an earlier one. */
  readonly latest: Day
  /** The condition that is watched, as it is answered now. */
  readonly parts: readonly [Explained]
}

export interface ExplainedBucket extends Leaf {
  readonly form: 'bucket'
  readonly seed: string
  readonly from: number
  readonly to: number
  readonly chance: number
}

export interface ExplainedList extends Leaf {
  readonly form: 'listed'
}

export type ExplainedCondition = ExplainedFact | ExplainedHasBeen | ExplainedBucket | ExplainedList

export type Explained = ExplainedGroup | ExplainedCondition

/**
 * A rule with what each of its parts answers for a customer, why, and what would turn the answer. `meaning` tells what stands for the segments that it names; it need
 * not where they are inlined. The result at the top is that of `evaluateRule`.
 */
export function explainRule(
  rule: Rule,
  subject: Subject,
  context: RuleContext,
  meaning: (segmentId: string) => SegmentMeaning = unknownSegment,
): Explained {
  return explainPart(rule, '', { subject, context, meaning })
}

function unknownSegment(segmentId: string): never {
  throw new Error(`The segment ${segmentId} is not resolved.`)
}

interface Ground {
  readonly subject: Subject
  readonly context: RuleContext
  readonly meaning: (segmentId: string) => SegmentMeaning
}

function explainPart(rule: Rule, pointer: string, ground: Ground): Explained {
  const { subject, context, meaning } = ground
  if ('all' in rule || 'any' in rule) {
    const [form, rules] = 'all' in rule ? (['all', rule.all] as const) : (['any', rule.any] as const)
    const parts = rules.map((one, index) => explainPart(one, `${pointer}/${form}/${index}`, ground))
    const results = parts.map(({ result }) => result)
    return { form, pointer, result: form === 'all' ? every(results) : negate(every(results.map(negate))), parts }
  }
  if ('not' in rule) {
    const part = explainPart(rule.not, `${pointer}/not`, ground)
    return { form: 'not', pointer, result: negate(part.result), parts: [part] }
  }
  if ('segment' in rule) {
    const found = meaning(rule.segment)
    const part: Rule = 'rule' in found ? found.rule : { listed: found.number }
    return { ...explainPart(part, pointer, ground), segment: rule.segment }
  }
  if ('hasBeen' in rule) return explainHasBeen(rule, pointer, ground)
  if ('bucket' in rule) {
    const chance = subject.chance(rule.bucket.seed)
    const result = chance >= rule.bucket.from && chance < rule.bucket.to
    return { form: 'bucket', pointer, result, ...rule.bucket, chance, toHold: null, toFail: null }
  }
  if ('listed' in rule) {
    const result = subject.listed(rule.listed) ?? null
    return { form: 'listed', pointer, result, ...turning(result, (goal) => ({ kind: goal ? 'list' : 'unlist' })) }
  }
  const resolved = 'percentile' in rule ? resolvePercentile(rule, context) : resolveCondition(rule, context)
  const { fact, operator, operands } = resolved
  const value = subject.fact(fact)
  const result = compare(resolved, value)
  const turn = (goal: boolean): Change | null => dated(changeOf(resolved, value, goal), fact, subject)
  return { form: 'fact', pointer, result, fact, operator, value, operands, condition: rule, ...turning(result, turn) }
}

function turning(result: Truth, change: (goal: boolean) => Change | null): Pick<Leaf, 'toHold' | 'toFail'> {
  return { toHold: result === true ? null : change(true), toFail: result === false ? null : change(false) }
}

function explainHasBeen(
  rule: Rule & { readonly hasBeen: Rule; readonly days: number },
  pointer: string,
  ground: Ground,
): Explained {
  const { days } = rule
  const { today } = ground.context
  const since = ground.subject.since(canonicalRule(inlineSegments(rule.hasBeen, ground.meaning)))
  const latest = addDays(today, -days)
  const part = explainPart(rule.hasBeen, `${pointer}/hasBeen`, ground)
  const shared = { form: 'hasBeen', pointer, days, since, latest, parts: [part] } as const
  if (since === undefined) return { ...shared, result: null, toHold: null, toFail: null }
  const result = since !== null && since <= latest
  // Where it fails now, the next refresh starts counting again.
  const until = since === null || part.result !== true ? null : addDays(since, days)
  return {
    ...shared,
    result,
    toHold: result ? null : { kind: 'wait', days: until === null ? days : daysBetween(today, until), until },
    toFail: result && part.result !== true ? { kind: 'end' } : null,
  }
}

/** The conditions of a rule in their order, those that are watched over time after what watches them. */
export function conditionsOf(node: Explained): readonly ExplainedCondition[] {
  switch (node.form) {
    case 'all':
    case 'any':
    case 'not':
      return node.parts.flatMap(conditionsOf)
    case 'hasBeen':
      return [node, ...conditionsOf(node.parts[0])]
    default:
      return [node]
  }
}
