import type { Day } from '../kernel/calendar.ts'
import type { CustomerStatus } from './customers.ts'
import { type DomainError, refuseField } from '../kernel/errors.ts'

/** Refuses to add to a record that no longer stands for a customer. Throws `conflict`. */
export function requireStanding(status: CustomerStatus, field: string): void {
  if (status === 'merged' || status === 'erased')
    throw refuseField('conflict', field, 'record_gone', `The record of this customer is ${status}: nothing is added to it.`)
}

/** Refuses a day to come for what is said to have happened. Throws `outside_period`. */
export function requirePast(day: Day | undefined | null, today: Day, field: string): void {
  if (day != null && day > today) throw refuseField('outside_period', field, 'day_to_come', 'This day has not come yet.')
}

/** Refuses a period that ends before it begins. Throws `invalid_input`. */
export function requireOrder(from: Day | undefined | null, until: Day | undefined | null, field: string): void {
  if (from != null && until != null && until < from)
    throw refuseField('invalid_input', field, 'period', 'The end must not lie before the beginning.')
}

/** The refusal of the second customer of two, in the words of one who is not there. */
export function otherNotFound(field: string): DomainError {
  return refuseField('not_found', field, 'not_found', 'There is no such customer, or they are outside your scope.')
}
