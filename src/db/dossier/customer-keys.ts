import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'
import type { CustomerKey, Vault } from '../platform/vault.ts'

/** Opens the keys of these customers, making one for each who has none yet. Their rows must be locked. By customer id. */
export async function openCustomerKeys(
  db: Db,
  customerIds: readonly string[],
  vault: Vault,
): Promise<ReadonlyMap<string, CustomerKey>> {
  const rows = await db.rows<{ id: string; wrapped: Buffer | null; masterKeyId: string | null }>(sql`
    select id, wrapped_key as wrapped, master_key_id as "masterKeyId" from customer where id = any (${sql.param(customerIds)}::uuid[])`)
  const made: object[] = []
  const keys = rows.map(({ id, wrapped, masterKeyId }): readonly [string, CustomerKey] => {
    if (wrapped && masterKeyId !== null) return [id, vault.unwrap(id, wrapped, masterKeyId)]
    const { key, ...fresh } = vault.newCustomerKey(id)
    made.push({ id, wrapped: fresh.wrapped.toString('hex'), masterKeyId: fresh.masterKeyId })
    return [id, key]
  })
  if (made.length > 0) {
    await db.rows(sql`
      update customer t set wrapped_key = r.key, master_key_id = r."masterKeyId"
      from (select id, decode(wrapped, 'hex') as key, "masterKeyId"
        from json_to_recordset(${JSON.stringify(made)}::json) as j (id uuid, wrapped text, "masterKeyId" text)) r
      where t.id = r.id and t.wrapped_key is null`)
  }
  return new Map(keys)
}
