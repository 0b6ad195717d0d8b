import { addDays, addMonths, type Day, monthEnd, parseDay } from '../../kernel/calendar.ts'
import type { CurrencyCode } from '../../kernel/currencies.ts'
import { type FactName, facts, type FactValue } from '../facts.ts'
import { type FactType } from '../fact-types.ts'
import { parseAmount } from '../../kernel/money.ts'
import type { FactCondition, Operator, PercentileCondition, RuleDay, RuleValue } from './rule.ts'
import { operators } from './rule.ts'

/** What a rule is read against. */
export interface RuleContext {
  readonly today: Day
  readonly baseCurrency: CurrencyCode
  /** The value behind a percentile of a fact, as a decimal text; undefined where it was never worked out. `institution` is an institution’s code. */
  readonly cut: (fact: FactName, institution: string | undefined, percentile: number) => string | undefined
}

/** A condition whose values stand for themselves: amounts in minor units, days as days. */
export interface Resolved {
  readonly fact: FactName
  readonly type: FactType
  readonly operator: Operator
  /** One for comparisons, two for `between`, any number for `in` and `overlaps`. Null where a percentile is not known. */
  readonly operands: readonly FactValue[] | null
}

/** The day that a day of a rule means today. Throws a RangeError outside 1800 to 9999. */
export function ruleDay(day: RuleDay, today: Day): Day {
  if (typeof day === 'string') return day
  if ('days' in day) return addDays(today, day.days)
  if ('months' in day) return addMonths(today, day.months)
  if ('years' in day) return addMonths(today, day.years * 12)
  return monthEnd(addMonths(`${today.slice(0, 8)}01`, day.monthEnd))
}

export function operatorOf(condition: FactCondition): Operator {
  return operators.find((operator) => condition[operator] !== undefined)!
}

export function resolveCondition(condition: FactCondition, { today, baseCurrency }: RuleContext): Resolved {
  const operator = operatorOf(condition)
  const { type } = facts[condition.fact]
  const given = condition[operator]!
  const value = (one: RuleValue): FactValue => {
    switch (type) {
      case 'money':
        return parseAmount(one as string, baseCurrency)!
      case 'day':
        return ruleDay(one as RuleDay, today)
      default:
        return one as FactValue
    }
  }
  if (operator === 'exists') return { fact: condition.fact, type, operator, operands: [given as boolean] }
  const operands = (Array.isArray(given) ? (given as readonly RuleValue[]) : [given as RuleValue]).map(value)
  return { fact: condition.fact, type, operator, operands }
}

export function resolvePercentile({ fact, percentile }: PercentileCondition, context: RuleContext): Resolved {
  const { type } = facts[fact]
  const operator = (['between', 'lt', 'lte', 'gt', 'gte'] as const).find((one) => percentile[one] !== undefined)!
  const given = percentile[operator]!
  const percentiles = typeof given === 'number' ? [given] : given
  const cuts = percentiles.map((one) => context.cut(fact, percentile.institution, one))
  const operands = cuts.map((cut) => (cut === undefined ? null : type === 'money' ? BigInt(cut) : Number(cut)))
  return { fact, type, operator, operands: operands.includes(null) ? null : operands }
}

/** Whether a text is a day. */
export const isDay = (text: string): boolean => parseDay(text) !== undefined
