import { ownSource } from '../kernel/feed.ts'

export const customerKinds = ['individual', 'sole_trader', 'company'] as const
export type CustomerKind = (typeof customerKinds)[number]

export const customerStatuses = ['prospect', 'active', 'closed', 'merged', 'erased'] as const
export type CustomerStatus = (typeof customerStatuses)[number]

export const genders = ['male', 'female'] as const

export const businessLines = ['personal', 'corporate'] as const
export type BusinessLine = (typeof businessLines)[number]

/** The line of business whose owner is the customer's relationship manager. */
export function mainBusinessLine(kind: CustomerKind): BusinessLine {
  return kind === 'company' ? 'corporate' : 'personal'
}

export const contactKinds = ['phone', 'email'] as const
export const contactPurposes = ['primary', 'home', 'work', 'billing', 'other'] as const
export const addressPurposes = ['primary', 'home', 'work', 'registered', 'billing', 'other'] as const
export type ContactKind = (typeof contactKinds)[number]
export type ContactPurpose = (typeof contactPurposes)[number]
export type AddressPurpose = (typeof addressPurposes)[number]

/** What decides on a customer's number in core banking. */
export interface Numbering {
  readonly source: string
  readonly externalId: string
  readonly status: CustomerStatus
  readonly fromPerson: boolean
}

/**
 * The number in core banking that a customer has after a row. Only a source system gives one, to the customers that it made: with the row that
 * makes them active, or at once where they come as closed. Whoever people name here has none, and a prospect who is closed never had one.
 */
export function coreNumberAfter(
  { source, externalId, status, fromPerson }: Numbering,
  before: { readonly source: string; readonly coreNumber: string | null } | undefined,
): string | null {
  if (before && before.coreNumber !== null) return before.coreNumber
  if (fromPerson || source === ownSource || (before && before.source !== source)) return null
  return status === 'active' || (status === 'closed' && !before) ? externalId : null
}

/** What a new customer is of whom a row says nothing else: core banking sends customers, people begin with prospects. */
export function newCustomerStatus(source: string): 'active' | 'prospect' {
  return source === ownSource ? 'prospect' : 'active'
}
