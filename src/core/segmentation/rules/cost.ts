import { DomainError, refuseField } from '../../kernel/errors.ts'
import { type FactName, facts } from '../facts.ts'
import { partsOf, type Rule } from './rule.ts'

/** Nanoseconds for a customer. Source: measured at a million customers (docs/plans.md, "Costs of conditions"), rounded up. */
const READING = 1_000
const COMPARING = 20
const CALENDAR = 800
const OVERLAPPING = 100
/** Of a set that is compared with others one by one. */
const LISTED_VALUE = 30
const CHANCE = 700
/** Of what is looked up and written for whoever meets the condition, not of a scan alone. */
const WATCHED = 6_000

/** How long one scan of so many customers takes by whole rules, about, in seconds. */
export function estimatedSeconds(rules: readonly Rule[], customers: number): number {
  const each = rules.flatMap(partsOf).reduce((sum, part) => sum + costOf(part), READING)
  return (each * customers) / 1e9
}

function costOf(part: Rule): number {
  if ('hasBeen' in part) return WATCHED
  if ('bucket' in part) return CHANCE
  if (!('fact' in part)) return 0
  if ('overlaps' in part && Array.isArray(part.overlaps)) return OVERLAPPING + part.overlaps.length * LISTED_VALUE
  // All but lists, whose values are hashed, compare the stored day with a bound.
  return 'since' in facts[part.fact] && 'in' in part ? CALENDAR : COMPARING
}

/** What a scan by one rule may take: less than a statement may, since estimates are estimates. */
export const MAX_SCAN_SECONDS = 20
/** What the scan of a refresh may take, which asks all rules at once: what it writes comes on top. */
const MAX_REFRESH_SECONDS = 200

const budgets = {
  scan: { what: 'This rule', most: MAX_SCAN_SECONDS },
  refresh: { what: 'Together with it, the rules of all active segments and policies', most: MAX_REFRESH_SECONDS },
} as const

/** Refuses what takes longer than it may. `field` is where the rule was sent, if it is to be stored. Throws `query_too_complex` with the estimate. */
export function requireAffordable(budget: keyof typeof budgets, seconds: number, field?: string): void {
  const { what, most } = budgets[budget]
  if (seconds <= most) return
  const message = `${what} would take about ${Math.ceil(seconds)} seconds; the limit is ${most}.`
  throw field === undefined
    ? new DomainError('query_too_complex', message)
    : refuseField('query_too_complex', field, 'cost', message)
}

/** Refuses a rule whose percentiles are not worked out. Throws `conflict`. */
export function requirePercentile(fact: FactName, value: unknown): void {
  if (value === undefined)
    throw new DomainError('conflict', `The percentiles of ${fact} are not computed yet: activate a segment that uses them first.`)
}
