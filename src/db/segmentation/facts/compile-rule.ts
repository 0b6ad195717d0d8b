import type { Day } from '../../../core/kernel/calendar.ts'
import { addDays, daysBetween } from '../../../core/kernel/calendar.ts'
import { type FactName, facts } from '../../../core/segmentation/facts.ts'
import { latestDaySince } from '../../../core/segmentation/elapsed.ts'
import { type Fact } from '../../../core/segmentation/fact-types.ts'
import { resolveCondition, type Resolved, resolvePercentile, type RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import { canonicalRule, type Rule } from '../../../core/segmentation/rules/rule.ts'
import type { Bind } from '../../platform/views/view.ts'
import { factColumn, factExpression, factSqlTypes } from './columns.ts'

export interface CompileContext extends RuleContext {
  /** The alias of a row of `customer_fact`. */
  readonly row: string
  readonly bind: Bind
  /** An expression for today. */
  readonly todayExpression: string
  /** An expression for the day since when a watched condition, by its canonical text, holds. */
  readonly since: (condition: string) => string
}

const comparing = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const

/** A rule whose segments are inlined as one SQL condition over a row of facts, three-valued as `evaluateRule` of core is. Values are parameters. */
export function compileRule(rule: Rule, context: CompileContext): string {
  const { row, bind } = context
  if ('all' in rule) return joined(rule.all, 'and', context)
  if ('any' in rule) return joined(rule.any, 'or', context)
  if ('not' in rule) return `(not ${compileRule(rule.not, context)})`
  if ('hasBeen' in rule) {
    const latest: Day = addDays(context.today, -rule.days)
    return `coalesce(${context.since(canonicalRule(rule.hasBeen))} <= ${bind(latest)}::date, false)`
  }
  if ('bucket' in rule) {
    const { seed, from, to } = rule.bucket
    const chance = `(('x' || substr(md5(${bind(`${seed}:`)}::text || ${row}.customer_id::text), 1, 8))::bit(32)::bigint * 100 / 4294967296.0::double precision)`
    return `(${chance} >= ${bind(from)}::double precision and ${chance} < ${bind(to)}::double precision)`
  }
  if ('listed' in rule) return `(${bind(rule.listed)}::int = any (${row}.segments))`
  if ('segment' in rule) throw new Error('The segments of a rule are inlined before it is compiled.')
  return compileCondition('percentile' in rule ? resolvePercentile(rule, context) : resolveCondition(rule, context), context)
}

function joined(rules: readonly Rule[], by: 'and' | 'or', context: CompileContext): string {
  return `(${rules.map((rule) => compileRule(rule, context)).join(` ${by} `)})`
}

function compileCondition(resolved: Resolved, context: CompileContext): string {
  const { fact, type, operator, operands } = resolved
  const { row, bind, todayExpression } = context
  const { since }: Fact = facts[fact]
  if (since && operands !== null && operator !== 'in') return compileElapsed(resolved, since, context)
  const value = factExpression(fact, row, todayExpression)
  if (operator === 'exists') return `(${value} is ${operands![0] === true ? 'not ' : ''}null)`
  if (operands === null) return 'null::boolean'
  const sqlType = type === 'set' ? 'text' : factSqlTypes[type]
  const stored = operands.map((one) => (typeof one === 'bigint' ? one.toString() : one))
  const one = (index: number): string => `${bind(stored[index])}::${sqlType}`
  switch (operator) {
    case 'between':
      return `(${value} >= ${one(0)} and ${value} <= ${one(1)})`
    case 'in':
      return `(${value} = any (${bind(stored)}::${sqlType}[]))`
    case 'overlaps':
      return `(${value} && ${bind(stored)}::text[])`
    default:
      return `(${value} ${comparing[operator]} ${one(0)})`
  }
}

/** What has gone by since a stored day, or is left until one: the day itself is compared with bounds that are worked out beforehand. */
function compileElapsed(
  { operator, operands }: Resolved,
  { fact, elapsed }: NonNullable<Fact['since']>,
  { row, bind, today, todayExpression }: CompileContext,
): string {
  const column = `${row}.${factColumn(fact as FactName)}`
  const day = elapsed === 'days_until' ? `(case when ${column} >= ${todayExpression} then ${column} end)` : column
  if (operator === 'exists') return `(${day} is ${operands![0] === true ? 'not ' : ''}null)`
  const [first, second] = operands as readonly [number, number]
  const reaches = (count: number): string =>
    elapsed === 'days_until'
      ? `${day} >= ${bind(dayUntil(count, today))}::date`
      : `${day} <= ${bind(latestDaySince(count, today, elapsed) ?? '-infinity')}::date`
  const between = (least: number, most: number): string =>
    `(${reaches(Math.ceil(least))} and not ${reaches(Math.floor(most) + 1)})`
  switch (operator) {
    case 'gte':
      return `(${reaches(Math.ceil(first))})`
    case 'gt':
      return `(${reaches(Math.floor(first) + 1)})`
    case 'lt':
      return `(not ${reaches(Math.ceil(first))})`
    case 'lte':
      return `(not ${reaches(Math.floor(first) + 1)})`
    case 'eq':
      return between(first, first)
    case 'ne':
      return `(not ${between(first, first)})`
    default:
      return between(first, second)
  }
}

/** The first day until which at least so many are left. */
function dayUntil(count: number, today: Day): string {
  if (count <= 0) return '-infinity'
  return count > daysBetween(today, '9999-12-31') ? 'infinity' : addDays(today, count)
}
