import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import { lockCustomers, refreshAssets } from '../dossier/assets.ts'
import { markFactsStale } from '../dossier/stale-facts.ts'
import type { Db } from '../platform/database.ts'

interface Settings {
  /** Today at the institutions of the paths. */
  readonly today: Day
  /** Today in the bank's time zone, by which rates count. */
  readonly bankToday: Day
  readonly baseCurrency: string
  readonly now: Date
}

/**
 * Moves holdings to their change points whose day has begun at the institutions of these paths; the assets of their owners follow, their facts with the
 * next refresh. At most `limit` holdings, in this transaction. Answers how many moved: call again while it is not 0.
 */
export async function applyDueBalances(
  db: Db,
  paths: readonly string[],
  { today, bankToday, baseCurrency, now }: Settings,
  limit: number,
): Promise<number> {
  const due = await db.rows<{ customerId: string; id: string }>(sql`
    select customer_id as "customerId", id from holding
    where next_balance_on <= ${today}::date and institution_path = any (${sql.param(paths)}::text[]) order by customer_id, id limit ${limit}::int`)
  if (due.length === 0) return 0
  const customerIds = [...new Set(due.map(({ customerId }) => customerId))]
  await lockCustomers(db, customerIds)
  const moved = await db.rows(sql`
    update holding h set balance = b.amount, balance_on = b.day,
      next_balance_on = (select min(x.day) from balance x where x.customer_id = h.customer_id and x.holding_id = h.id and x.day > ${today}::date)
    from json_to_recordset(${JSON.stringify(due)}::json) as r ("customerId" uuid, id uuid)
    cross join lateral (
      select x.amount, x.day from balance x
      where x.customer_id = r."customerId" and x.holding_id = r.id and x.day <= ${today}::date order by x.day desc limit 1
    ) b
    where h.customer_id = r."customerId" and h.id = r.id and h.next_balance_on <= ${today}::date
    returning h.id`)
  await refreshAssets(db, customerIds, baseCurrency, bankToday)
  await markFactsStale(db, customerIds, now)
  return moved.length
}
