import { findHoldingByExternalId } from './holding-names.ts'
import { sql } from 'drizzle-orm'
import { product } from '../organisation/schema/reference.ts'
import { plainRows } from '../platform/plain-rows.ts'
import { lockCustomers } from '../dossier/assets.ts'
import { customerNameOfRow } from '../dossier/stored-rows.ts'
import type { Db } from '../platform/database.ts'
import { lockFeedsShared, lockFeed } from '../platform/feed-turns.ts'
import { readStoredRow, type StoredEntity } from '../platform/stored-rows.ts'

/** Products as rows of their feed. */
export const storedProducts: StoredEntity = {
  async lockRow(db, { id }) {
    await lockFeed(db, 'products')
    return readStoredRow(
      db,
      sql`
        select json_build_object('source', t.source, 'externalId', t.external_id, 'name', t.name, 'family', t.family, 'category', t.category) as row, t.version, t.status
        from product t where t.id = ${id}::uuid for update of t`,
    )
  },
  async lockByExternalId(db, { source, externalId }) {
    await lockFeed(db, 'products')
    const [row] = await plainRows(
      db,
      product,
      ['version'],
      sql`where t.source = ${source} and t.external_id = ${externalId} for update`,
    )
    return row
  },
}

/** Holdings as rows of their feed. Their customer is held first, as every feed does, so that nobody waits in a circle. */
export const storedHoldings: StoredEntity = {
  async lockRow(db, { id, customerId }) {
    await lockFeedsShared(db, 'exchangeRates', 'products')
    await lockCustomers(db, [customerId!])
    return readStoredRow(
      db,
      sql`
        select (${customerNameOfRow}::jsonb || jsonb_build_object('source', t.source, 'externalId', t.external_id, 'productCode', p.code, 'currency', t.currency)) as row, t.version, t.status
        from holding t join customer c on c.id = t.customer_id join product p on p.id = t.product_id
        where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
    )
  },
  async lockByExternalId(db, { source, externalId }) {
    await lockFeedsShared(db, 'exchangeRates', 'products')
    const customerId = (await findHoldingByExternalId(db, source, externalId))?.customerId
    if (customerId === undefined) return undefined
    await lockCustomers(db, [customerId])
    const [row] = await db.rows<{ version: number }>(sql`
      select t.version from holding t join customer c on c.id = t.customer_id
      where t.customer_id = ${customerId}::uuid and t.source = ${source} and t.external_id = ${externalId} for update of t`)
    return row
  },
}

/** Movements as rows of their feed. */
export const storedMovements: StoredEntity = {
  async lockRow(db, { id, customerId }) {
    await lockCustomers(db, [customerId!])
    return readStoredRow(
      db,
      sql`
        select json_build_object('source', t.source, 'externalId', t.external_id, 'holdingExternalId', h.external_id, 'direction', t.direction,
          'amount', trim_scale(t.amount::numeric / 10::numeric ^ currency_exponent(t.currency))::text, 'bookedOn', t.booked_on) as row, t.version, t.status
        from movement t join customer c on c.id = t.customer_id join holding h on h.customer_id = t.customer_id and h.id = t.holding_id
        where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
    )
  },
  async lockByExternalId(db, { source, externalId, holdingExternalId }) {
    const customerId =
      holdingExternalId === undefined ? undefined : (await findHoldingByExternalId(db, source, holdingExternalId))?.customerId
    if (customerId === undefined) return undefined
    await lockCustomers(db, [customerId])
    const [row] = await db.rows<{ version: number }>(sql`
      select t.version from movement t join customer c on c.id = t.customer_id
      where t.customer_id = ${customerId}::uuid and t.source = ${source} and t.external_id = ${externalId} for update of t`)
    return row
  },
}

/** The name by which rows can refer to a holding. Undefined where it is not in scope. */
export async function findHoldingName(
  db: Db,
  customerId: string,
  holdingId: string,
): Promise<{ readonly source: string; readonly holdingExternalId: string } | undefined> {
  const [row] = await db.rows<{ source: string; holdingExternalId: string }>(sql`
    select h.source, h.external_id as "holdingExternalId" from holding h join customer c on c.id = h.customer_id
    where h.customer_id = ${customerId}::uuid and h.id = ${holdingId}::uuid`)
  return row
}
