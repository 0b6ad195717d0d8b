import type { CustomerReference } from '../../core/dossier/references.ts'
import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import { type FeedRefusal, refusal } from '../../core/kernel/feed.ts'
import type { CurrencyCode } from '../../core/kernel/money.ts'
import type { Db } from '../platform/database.ts'
import { keyOf } from '../../core/kernel/feed-batch.ts'
import { type ExternalReference, lockCustomerReferences, namesOf } from '../dossier/references.ts'

export interface HoldingReference {
  readonly id: string
  readonly customerId: string
  /** The owner's, which every row of the holding carries. */
  readonly institutionPath: string
  /** Never changes. */
  readonly currency: CurrencyCode
  /** Day of its newest change point. */
  readonly balanceOn: Day | null
}

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

/** What a row that names its holding refers to. */
export function holdingNameOf(row: {
  readonly source: string
  readonly holdingSource?: string | undefined
  readonly holdingExternalId: string
}): ExternalReference {
  return { source: row.holdingSource ?? row.source, externalId: row.holdingExternalId }
}

/** Text of a rule that a row's own schema cannot check, since only the holding tells the currency. */
export const amountProblemOf = 'The amount does not fit its currency: too many decimals, or too large.'

/** Why a row's currency does not go with its holding, if it does not. */
export function otherCurrency(
  currency: string | undefined,
  name: ExternalReference,
  holding: HoldingReference,
): FeedRefusal | undefined {
  if (currency === undefined || currency === holding.currency) return undefined
  return refusal('currency', 'conflict', `The holding "${name.externalId}" of source "${name.source}" is in ${holding.currency}.`)
}
