import type { Day } from './calendar.ts'
import type { FeedRefusal } from './feeds/feed.ts'

export type AssignmentState = 'planned' | 'current' | 'ended' | 'cancelled'

/** [startsOn, endsOn): no end while it lasts. */
export interface Period {
  readonly startsOn: Day
  readonly endsOn: Day | null
}

/** Where an assignment that is not cancelled stands on a day. */
export function stateOn({ startsOn, endsOn }: Period, today: Day): AssignmentState {
  if (endsOn !== null && endsOn <= today) return 'ended'
  return startsOn > today ? 'planned' : 'current'
}

/** Tells whether two periods share a day. */
export function overlaps(one: Period, other: Period): boolean {
  return (one.endsOn === null || other.startsOn < one.endsOn) && (other.endsOn === null || one.startsOn < other.endsOn)
}

/** Tells whether every day of a period lies in another. */
export function isWithin(inner: Period, outer: Period): boolean {
  return inner.startsOn >= outer.startsOn && (outer.endsOn === null || (inner.endsOn !== null && inner.endsOn <= outer.endsOn))
}

/** A period in words; the end is the first day on which it holds no more. */
export function periodText({ startsOn, endsOn }: Period): string {
  return endsOn === null ? `from ${startsOn}` : `from ${startsOn} until ${endsOn}`
}

/**
 * Why an assignment may not begin like this, or undefined. Nobody is assigned for the past: a new one that has ended is refused, and from a
 * person also one that began before today; a feed brings what is running.
 */
export function newPeriodRefusal(period: Period, today: Day, fromPerson: boolean): FeedRefusal | undefined {
  if (period.endsOn !== null && period.endsOn <= today)
    return { field: 'endsOn', code: 'outside_period', message: 'A new assignment must not have ended already.' }
  if (fromPerson && period.startsOn < today)
    return { field: 'startsOn', code: 'outside_period', message: 'An assignment begins today or later.' }
  return undefined
}

/** The staff who may keep customers. */
export const keeperRoles = ['relationship_manager', 'teller'] as const
