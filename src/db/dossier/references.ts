import { sql } from 'drizzle-orm'
import type { CustomerKind, CustomerStatus } from '../../core/dossier/customers.ts'
import type { Role } from '../../core/kernel/permissions.ts'
import type { Db } from '../platform/database.ts'
import { inScope } from '../platform/scope.ts'
import { keyOf } from '../platform/feed-batch.ts'

type ReferenceFeed = 'organisation' | 'products' | 'exchange rates'

/** Reference data is written rarely and by few: its feeds take turns, so that what they read stays true until they commit. */
export async function takeTurn(db: Db, feed: ReferenceFeed): Promise<void> {
  await db.rows(sql`select pg_advisory_xact_lock(723641, hashtext(${feed}))`)
}

/**
 * Keeps this reference data as it is until the transaction ends, side by side with others who hold it. Whoever makes or opens a holding
 * values it by rates and products, and a rate that changes meanwhile would not find its holder; whoever makes a customer relies on the
 * institution, and one that closes meanwhile would not see the customer.
 */
export async function holdStill(db: Db, ...feeds: readonly ReferenceFeed[]): Promise<void> {
  await db.rows(sql`
    select pg_advisory_xact_lock_shared(723641, hashtext(feed)) from unnest(${sql.param(feeds)}::text[]) as feed`)
}

export interface InstitutionReference {
  readonly id: string
  readonly code: string
  readonly path: string
  readonly status: 'active' | 'closed'
}

/** Institutions within the caller's scope, by code. */
export async function resolveInstitutions(db: Db, codes: Iterable<string>): Promise<ReadonlyMap<string, InstitutionReference>> {
  const rows = await db.rows<InstitutionReference>(
    sql`select id, code, path, status from institution where code = any (${sql.param([...new Set(codes)])}::text[]) and ${inScope('path')}`,
  )
  return new Map(rows.map((row) => [row.code, row]))
}

export interface StaffReference {
  readonly id: string
  readonly number: string
  readonly roles: readonly Role[]
  readonly status: 'active' | 'inactive'
  /** Most customers to keep. */
  readonly customerCapacity: number | null
}

/** Staff within the caller's scope, by number. */
export async function resolveStaff(db: Db, numbers: Iterable<string>): Promise<ReadonlyMap<string, StaffReference>> {
  const rows = await db.rows<StaffReference>(
    sql`select id, number, roles, status, customer_capacity as "customerCapacity" from staff where number = any (${sql.param([...new Set(numbers)])}::text[]) and ${inScope('institution_path')}`,
  )
  return new Map(rows.map((row) => [row.number, row]))
}

export interface ExternalReference {
  readonly source: string
  readonly externalId: string
}

/** Ids of the customers whom source systems call so, in scope or not, by `keyOf(source, externalId)`: lock them with `lockCustomerReferences`, which leaves out what is out of scope. */
export async function findCustomerIds(db: Db, references: Iterable<ExternalReference>): Promise<ReadonlyMap<string, string>> {
  const distinct = new Map(
    Array.from(references, ({ source, externalId }) => [keyOf(source, externalId), { source, externalId }]),
  )
  const rows = await db.rows<{ source: string; external_id: string; customer_id: string }>(
    sql`select source, external_id, customer_id from find_external_ids('customer', ${JSON.stringify([...distinct.values()])}::json)`,
  )
  return new Map(rows.map((row) => [keyOf(row.source, row.external_id), row.customer_id]))
}

export interface CustomerReference {
  readonly id: string
  readonly kind: CustomerKind
  readonly status: CustomerStatus
  readonly institutionPath: string
}

/**
 * Reads the customers that are within the caller's scope and holds their rows, in the order of their ids, until the transaction ends: so
 * their place in the tree cannot change while rows that carry it are written. By id.
 */
export async function lockCustomerReferences(
  db: Db,
  customerIds: Iterable<string>,
): Promise<ReadonlyMap<string, CustomerReference>> {
  const rows = await db.rows<CustomerReference>(sql`
    select id, kind, status, institution_path as "institutionPath" from customer
    where id = any (${sql.param([...new Set(customerIds)])}::uuid[]) order by id for no key update`)
  return new Map(rows.map((row) => [row.id, row]))
}
