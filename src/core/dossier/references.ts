import type { CustomerKind, CustomerStatus } from './customers.ts'

/** A customer to whom a row refers. */
export interface CustomerReference {
  readonly id: string
  readonly kind: CustomerKind
  readonly status: CustomerStatus
  readonly institutionPath: string
}
