import type { Day } from '../kernel/calendar.ts'
import type { Role } from '../kernel/permissions.ts'

/** An institution of the bank that a row names by its code. */
export interface InstitutionReference {
  readonly id: string
  readonly code: string
  readonly path: string
  readonly status: 'active' | 'closed'
  /** Its own area code of local phone numbers, or that of the nearest institution above it that has one. */
  readonly areaCode: string | null
}

/** A staff member whom a row names by their number. */
export interface StaffReference {
  readonly id: string
  readonly number: string
  readonly roles: readonly Role[]
  readonly status: 'active' | 'inactive'
  readonly activeFrom: Day | null
  readonly activeUntil: Day | null
  /** Maximum number of customers. */
  readonly customerCapacity: number | null
}
