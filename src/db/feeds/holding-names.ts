import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'

/** Whether the caller may see this holding. */
export async function seesHolding(db: Db, customerId: string, holdingId: string): Promise<boolean> {
  const found = await db.rows(sql`
    select from holding h join customer c on c.id = h.customer_id where h.customer_id = ${customerId}::uuid and h.id = ${holdingId}::uuid`)
  return found.length > 0
}

/** The holding that this source calls by this id, in scope or not: read again under the scope. */
export async function findHoldingByExternalId(
  db: Db,
  source: string,
  externalId: string,
): Promise<{ readonly customerId: string; readonly holdingId: string } | undefined> {
  const [row] = await db.rows<{ customer_id: string; target_id: string }>(
    sql`select customer_id, target_id from find_external_ids('holding', ${JSON.stringify([{ source, externalId }])}::json)`,
  )
  return row && { customerId: row.customer_id, holdingId: row.target_id }
}
