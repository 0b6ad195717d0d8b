import type { ExternalReference } from '../../core/kernel/references.ts'
import { sql } from 'drizzle-orm'
import type { CustomerReference } from '../../core/dossier/references.ts'
import type { Db } from '../platform/database.ts'
import { keyOf } from '../../core/kernel/feed-batch.ts'

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

/** Each name once, as the look-up functions take them. */
export function namesOf(references: Iterable<ExternalReference>): string {
  const distinct = new Map(
    Array.from(references, ({ source, externalId }) => [keyOf(source, externalId), { source, externalId }]),
  )
  return JSON.stringify([...distinct.values()])
}
