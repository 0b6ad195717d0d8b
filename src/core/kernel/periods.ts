import type { Day } from './calendar.ts'
import { refuseField } from './errors.ts'

/** [startsOn, endsOn): no end while it lasts. */
export interface Period {
  readonly startsOn: Day
  readonly endsOn: Day | null
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

/** Refuses a day to come for what is said to have happened. Throws `outside_period`. */
export function requirePast(day: Day | undefined | null, today: Day, field: string): void {
  if (day != null && day > today) throw refuseField('outside_period', field, 'future', 'The day must not be in the future.')
}

/** Refuses a period that ends before it begins. Throws `invalid_input`. */
export function requireOrder(from: Day | undefined | null, until: Day | undefined | null, field: string): void {
  if (from != null && until != null && until < from)
    throw refuseField('invalid_input', field, 'period', 'The end must not be before the start.')
}
