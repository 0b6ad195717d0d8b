import { sql } from 'drizzle-orm'
import type { FeedRefusal } from '../../core/feeds/feed.ts'
import type { CurrencyCode } from '../../core/money.ts'
import type { Db } from '../database.ts'
import { keyOf, refusal } from './batch.ts'
import type { ExternalReference } from './references.ts'

export interface HoldingReference {
  readonly id: string
  readonly customerId: string
  /** Never changes. */
  readonly currency: CurrencyCode
}

/**
 * Holdings that source systems call so and whose place in the tree is in scope, by `keyOf(source, externalId)`. Whether the caller may see
 * them is known once their customers are locked with `lockCustomerReferences`: a portfolio reaches holdings through their customers only.
 */
export async function findHoldings(
  db: Db,
  references: Iterable<ExternalReference>,
): Promise<ReadonlyMap<string, HoldingReference>> {
  const rows = await db.rows<HoldingReference & ExternalReference>(sql`
    select e.source, e.external_id as "externalId", h.id, h.customer_id as "customerId", h.currency
    from find_external_ids('holding', ${namesOf(references)}::json) e
    join holding h on h.customer_id = e.customer_id and h.id = e.target_id`)
  return new Map(rows.map((row) => [keyOf(row.source, row.externalId), row]))
}

/** Each name once, as the look-up functions take them. */
export function namesOf(references: Iterable<ExternalReference>): string {
  const distinct = new Map(
    Array.from(references, ({ source, externalId }) => [keyOf(source, externalId), { source, externalId }]),
  )
  return JSON.stringify([...distinct.values()])
}

/** The refusal of a source system's name that stands for nothing, or for something outside the caller's scope. */
export function unknownName(field: string, what: 'customer' | 'holding', { source, externalId }: ExternalReference): FeedRefusal {
  return refusal(field, 'unknown_reference', `There is no ${what} "${externalId}" of source "${source}" within your scope.`)
}

/** What a row that names its customer refers to. */
export function customerNameOf(row: {
  readonly source: string
  readonly customerSource?: string | undefined
  readonly customerExternalId: string
}): ExternalReference {
  return { source: row.customerSource ?? row.source, externalId: row.customerExternalId }
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
export const amountMisfit = 'The amount does not fit its currency: too many decimals, or too large.'

/** Why a row's currency does not go with its holding, if it does not. */
export function otherCurrency(
  currency: string | undefined,
  name: ExternalReference,
  holding: HoldingReference,
): FeedRefusal | undefined {
  if (currency === undefined || currency === holding.currency) return undefined
  return refusal(
    'currency',
    'conflict',
    `The holding "${name.externalId}" of source "${name.source}" is kept in ${holding.currency}.`,
  )
}
