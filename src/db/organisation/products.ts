import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'

/** Ids of the products of this family and code; what is not given does not count. */
export async function findProductIds(
  db: Db,
  { family = null, code = null }: { readonly family?: string | null | undefined; readonly code?: string | null | undefined },
): Promise<string[]> {
  const rows = await db.rows<{ id: string }>(sql`
    select id from product where (${family}::text is null or family = ${family}::text) and (${code}::text is null or code = ${code}::text)`)
  return rows.map(({ id }) => id)
}
