import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

export interface Confirmed {
  readonly id: string
  readonly asOf: string
}

/** Notes that rows repeated later what is stored: an older one that differs must not follow them. Counts as no change. */
export async function confirmRows(
  db: Db,
  table: 'institution' | 'staff' | 'product' | 'customer',
  rows: readonly Confirmed[],
): Promise<void> {
  if (rows.length === 0) return
  await db.rows(sql`
    update ${sql.raw(table)} t set as_of = r."asOf"
    from json_to_recordset(${JSON.stringify(rows)}::json) as r (id uuid, "asOf" timestamptz)
    where t.id = r.id and t.as_of < r."asOf"`)
}
