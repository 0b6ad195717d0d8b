import type { CustomerStatus } from './customers.ts'
import { type DomainError, refuseField } from '../kernel/errors.ts'

/** Refuses to add to a record that no longer stands for a customer. Throws `conflict`. */
export function requireOpenRecord(status: CustomerStatus, field: string): void {
  if (status === 'merged' || status === 'erased')
    throw refuseField(
      'conflict',
      field,
      'record_removed',
      `The record of this customer is ${status}: nothing can be added to it.`,
    )
}

/** The refusal of the second customer of two, in the words of one who is not there. */
export function otherCustomerNotFound(field: string): DomainError {
  return refuseField('not_found', field, 'not_found', 'There is no such customer, or it is outside your scope.')
}
