import { facts } from '../facts.ts'
import { partsOf, type Rule } from './rule.ts'

/** Nanoseconds for a customer. Source: ours, estimates that no benchmark has confirmed yet. */
const READING = 400
const COMPARING = 100
const CALENDAR = 1_000
const LISTED_VALUE = 10
const WATCHED = 6_000
const CHANCE = 2_000

/** How long one scan of so many customers takes by whole rules, about, in seconds. */
export function estimatedSeconds(rules: readonly Rule[], customers: number): number {
  const each = rules.flatMap(partsOf).reduce((sum, part) => sum + costOf(part), READING)
  return (each * customers) / 1e9
}

function costOf(part: Rule): number {
  if ('hasBeen' in part) return WATCHED
  if ('bucket' in part) return CHANCE
  if (!('fact' in part)) return 0
  const values =
    'in' in part && Array.isArray(part.in)
      ? part.in.length
      : 'overlaps' in part && Array.isArray(part.overlaps)
        ? part.overlaps.length
        : 0
  // All but lists compare the stored day with a bound.
  return ('since' in facts[part.fact] && 'in' in part ? CALENDAR : COMPARING) + values * LISTED_VALUE
}
