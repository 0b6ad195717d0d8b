import type { Day } from './calendar.ts'
import type { BusinessLine } from './customers.ts'
import { DomainError, refuseField } from './errors.ts'
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

/** Who keeps a customer in a line of business, and when. */
export interface Keeping extends Period {
  readonly staffId: string
  readonly businessLine: BusinessLine
  readonly state: AssignmentState
}

/**
 * Why an assignment that is there may not become that, or undefined. Days gone by stay as they were: people change of one that has begun
 * only when it will end, and a feed does not give one that has ended to somebody else.
 */
export function changedPeriodRefusal(before: Keeping, after: Keeping, today: Day, fromPerson: boolean): FeedRefusal | undefined {
  const refuse = (field: string, message: string): FeedRefusal => ({ field, code: 'outside_period', message })
  const cancelled = after.state === 'cancelled'
  if (before.state === 'cancelled') return cancelled ? undefined : newPeriodRefusal(after, today, fromPerson)
  const hasEnded = before.endsOn !== null && before.endsOn <= today
  if (!fromPerson) {
    const handsOver = !cancelled && before.staffId !== after.staffId
    if (handsOver && (hasEnded || (after.endsOn !== null && after.endsOn <= today)))
      return refuse('staffNumber', 'An assignment that has ended stays with whom it was.')
    return undefined
  }
  if (before.startsOn >= today)
    return !cancelled && before.startsOn !== after.startsOn ? newPeriodRefusal(after, today, true) : undefined
  const since = `This assignment has held since ${before.startsOn}`
  if (cancelled) return refuse('status', `${since}: it can be ended, but not taken back.`)
  if (before.staffId !== after.staffId) return refuse('staffNumber', `${since}: end it and begin another for somebody else.`)
  if (before.businessLine !== after.businessLine)
    return refuse('businessLine', `${since}: end it and begin another in the other line of business.`)
  if (before.startsOn !== after.startsOn) return refuse('startsOn', `${since}: its beginning stays.`)
  if (before.endsOn === after.endsOn) return undefined
  if (hasEnded) return refuse('endsOn', `This assignment ended on ${before.endsOn}: begin another.`)
  return after.endsOn !== null && after.endsOn < today ? refuse('endsOn', 'An assignment ends today or later.') : undefined
}

/**
 * What ends an assignment: the first day on which it holds no more, today where none is given; or that it is taken back, where it would have
 * held on no day. Throws `already_closed`, and `outside_period` for a day gone by.
 */
export function endingOf(
  { state, ...period }: Period & { readonly state: AssignmentState },
  endsOn: Day | undefined,
  today: Day,
): { readonly status: 'cancelled' } | { readonly endsOn: Day } {
  const now = state === 'cancelled' ? state : stateOn(period, today)
  if (now === 'cancelled' || now === 'ended') throw new DomainError('already_closed', `It is ${now} already.`)
  if (endsOn !== undefined && endsOn < today)
    throw refuseField('outside_period', 'endsOn', 'outside_period', 'An assignment ends today or later.')
  if (period.startsOn < today) return { endsOn: endsOn ?? today }
  return endsOn === undefined || endsOn === today ? { status: 'cancelled' } : { endsOn }
}

/** The staff who may keep customers. */
export const keeperRoles = ['relationship_manager', 'teller'] as const
