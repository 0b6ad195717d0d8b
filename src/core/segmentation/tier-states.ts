import { addDays, type Day, daysBetween } from '../kernel/calendar.ts'
import type { Measured } from './tiers.ts'

/** Tiers by their places: 0 lies below the lowest line. A missing value lies below all. */
export function rankOf(value: Measured | null, lines: readonly Measured[]): number {
  return value === null ? 0 : lines.filter((line) => line <= value).length
}

export interface TierState {
  /** Null where the scheme does not apply. */
  readonly place: number | null
  /** Since when the measure lies below the tier that is held. */
  readonly belowSince: Day | null
}

interface Moving {
  readonly fit: number
  readonly held: TierState
  /** The place that somebody has set for now. */
  readonly override: number | null
  /** Whether such a setting has just ended. */
  readonly released: boolean
  readonly graceDays: number
  readonly today: Day
}

/**
 * The tier that follows: upwards at once; downwards only when the measure has lain below for all days of grace without a break, to the tier that fits then. What was
 * set by hand holds as long as it is set and leaves no grace behind. The SQL of refreshes says the same.
 */
export function nextTierState({ fit, held, override, released, graceDays, today }: Moving): TierState {
  if (override !== null) return { place: override, belowSince: null }
  const { place, belowSince } = held
  if (place === null || released || fit >= place) return { place: fit, belowSince: null }
  const since = belowSince ?? today
  return since <= addDays(today, -graceDays) ? { place: fit, belowSince: null } : { place, belowSince: since }
}

/** The day on which the tier goes down, if the measure stays below until then. */
export function graceEnds(belowSince: Day, graceDays: number): Day {
  return addDays(belowSince, graceDays)
}

/** Days of grace that are left, today counted. */
export function graceLeft(belowSince: Day, graceDays: number, today: Day): number {
  return Math.max(0, daysBetween(today, graceEnds(belowSince, graceDays)))
}
