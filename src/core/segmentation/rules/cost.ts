import { facts } from '../facts.ts'
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
