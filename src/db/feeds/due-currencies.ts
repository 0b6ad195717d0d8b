import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Db } from '../platform/database.ts'

/** Currencies with a rate of this day that was sent before the day began: it has not counted until now. */
export async function listCurrenciesDue(db: Db, day: Day, begin: Date): Promise<readonly string[]> {
  const rows = await db.rows<{ currency: string }>(
    sql`select currency from exchange_rate where day = ${day}::date and as_of < ${begin.toISOString()}::timestamptz order by currency`,
  )
  return rows.map(({ currency }) => currency)
}
