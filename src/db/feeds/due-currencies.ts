import { sql } from 'drizzle-orm'
import { exchangeRate } from '../organisation/schema/reference.ts'
import { plainRows } from '../platform/plain-rows.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Db } from '../platform/database.ts'

/** Currencies with a rate of this day that was sent before the day began: it has not counted until now. */
export async function listCurrenciesDue(db: Db, day: Day, begin: Date): Promise<readonly string[]> {
  const rows = await plainRows(
    db,
    exchangeRate,
    ['currency'],
    sql`where t.day = ${day}::date and t.as_of < ${begin.toISOString()}::timestamptz order by t.currency`,
  )
  return rows.map(({ currency }) => currency)
}
