import type { HoldingReference } from '../../core/feeds/holding-references.ts'
import type { ExternalReference } from '../../core/kernel/references.ts'
import type { CustomerReference } from '../../core/dossier/references.ts'
import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'
import { keyOf } from '../../core/kernel/feed-batch.ts'
import { lockCustomerReferences, namesOf } from '../dossier/references.ts'

export interface LockedHoldings {
  /** Holdings whose customers are within the caller's scope, by `keyOf(source, externalId)`. */
  readonly holdings: ReadonlyMap<string, HoldingReference>
  /** Their customers and the others that were asked for, as far as they are within the scope, by id. */
  readonly customers: ReadonlyMap<string, CustomerReference>
}

/**
 * Resolves what source systems call holdings, and holds their customers (with `otherCustomerIds`) until the transaction ends: what is read
 * of the holdings and written with them stays true. A holding is reached through its customer only, as a portfolio must.
 */
export async function lockHoldings(
  db: Db,
  references: Iterable<ExternalReference>,
  otherCustomerIds: Iterable<string> = [],
): Promise<LockedHoldings> {
  const named = Array.from(references)
  if (named.length === 1) return lockHolding(db, named[0]!, otherCustomerIds)
  const found = await db.rows<ExternalReference & { customerId: string; id: string }>(sql`
    select source, external_id as "externalId", customer_id as "customerId", target_id as id
    from find_external_ids('holding', ${namesOf(named)}::json)`)
  const ids = found.map(({ customerId, id }) => ({ customerId, id }))
  const [customers, rows] = await Promise.all([
    lockCustomerReferences(db, [...ids.map(({ customerId }) => customerId), ...otherCustomerIds]),
    ids.length === 0 ? [] : readHoldings(db, ids),
  ])
  const byId = new Map(rows.map((row) => [row.id, row]))
  const holdings = new Map<string, HoldingReference>()
  for (const { source, externalId, customerId, id } of found) {
    const [holding, customer] = [byId.get(id), customers.get(customerId)]
    if (!holding || !customer) continue
    holdings.set(keyOf(source, externalId), { ...holding, customerId, institutionPath: customer.institutionPath })
  }
  return { holdings, customers }
}

/** The same for one name, in one flight. The holding is read by a statement of its own, which sees what the lock waited for. */
async function lockHolding(
  db: Db,
  { source, externalId }: ExternalReference,
  otherCustomerIds: Iterable<string>,
): Promise<LockedHoldings> {
  const others = [...otherCustomerIds]
  const [customers, [holding]] = await Promise.all([
    db.rows<CustomerReference>({
      text: `select id, kind, status, institution_path as "institutionPath" from customer
        where ${others.length === 0 ? '' : 'id = any ($3::uuid[]) or '}id = (select customer_id from find_external_id('holding', $1, $2)) order by id for no key update`,
      values: [source, externalId, ...(others.length === 0 ? [] : [others])],
    }),
    db.rows<Omit<HoldingReference, 'institutionPath'>>({
      text: `select h.id, h.customer_id as "customerId", h.currency, h.balance_on as "balanceOn"
        from find_external_id('holding', $1, $2) e join holding h on h.customer_id = e.customer_id and h.id = e.target_id`,
      values: [source, externalId],
    }),
  ])
  const byId = new Map(customers.map((customer) => [customer.id, customer]))
  const owner = holding && byId.get(holding.customerId)
  const found = owner && ([keyOf(source, externalId), { ...holding, institutionPath: owner.institutionPath }] as const)
  return { holdings: new Map(found ? [found] : []), customers: byId }
}

async function readHoldings(db: Db, ids: readonly object[]): Promise<Pick<HoldingReference, 'id' | 'currency' | 'balanceOn'>[]> {
  return db.rows(sql`
    select h.id, h.currency, h.balance_on as "balanceOn"
    from json_to_recordset(${JSON.stringify(ids)}::json) as r ("customerId" uuid, id uuid)
    join holding h on h.customer_id = r."customerId" and h.id = r.id`)
}
