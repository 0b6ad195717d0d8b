import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'
import { plainRows, type PlainRow } from '../platform/plain-rows.ts'
import { address, contactPoint, identityDocument } from './schema/customers.ts'
import { hashedLine } from './customer-values.ts'
import type { BlindIndexKind, Vault } from '../platform/vault.ts'

const documentColumns = [
  'id',
  'type',
  'country',
  'validUntil',
  'purpose',
  'verified',
  'unverifiedReason',
  'conflicting',
  'verifiedAt',
  'version',
  'numberEncrypted',
  'numberHash',
] as const

export type DocumentRecord = PlainRow<typeof identityDocument, (typeof documentColumns)[number]>

const ofCustomerById = (customerId: string) => sql`where t.customer_id = ${customerId}::uuid order by t.id`

/** The documents of a customer whose row is held. */
export function listDocuments(db: Db, customerId: string): Promise<DocumentRecord[]> {
  return plainRows(db, identityDocument, documentColumns, ofCustomerById(customerId))
}

const contactColumns = ['id', 'kind', 'purpose', 'conflicting', 'verifiedAt', 'version', 'valueHash'] as const

export type ContactRecord = PlainRow<typeof contactPoint, (typeof contactColumns)[number]>

/** The contact points of a customer whose row is held. */
export function listContacts(db: Db, customerId: string): Promise<ContactRecord[]> {
  return plainRows(db, contactPoint, contactColumns, ofCustomerById(customerId))
}

const addressColumns = [
  'id',
  'purpose',
  'country',
  'region',
  'city',
  'postalCode',
  'conflicting',
  'verifiedAt',
  'version',
  'lineEncrypted',
  'lineHash',
] as const

export type AddressRecord = PlainRow<typeof address, (typeof addressColumns)[number]>

/** The addresses of a customer whose row is held. */
export function listAddresses(db: Db, customerId: string): Promise<AddressRecord[]> {
  return plainRows(db, address, addressColumns, ofCustomerById(customerId))
}

/** Whether the line of an address is this one. */
export function isLineOf(vault: Vault, { id, lineHash }: AddressRecord, line: string | null): boolean {
  return line === null || lineHash === null ? line === lineHash : isHashOf(vault, 'address', hashedLine(id, line), lineHash)
}

/** Whether a stored hash is of this value, under whichever key it was made. */
export function isHashOf(vault: Vault, kind: BlindIndexKind, value: string, hash: Buffer): boolean {
  return vault.blindIndexes(kind, value).some((index) => index.hash.equals(hash))
}
