import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

/** The path of an institution by its id, or undefined. */
export async function findInstitutionPath(db: Db, id: string): Promise<string | undefined> {
  const [row] = await db.rows<{ path: string }>(sql`select path from institution where id = ${id}`)
  return row?.path
}
