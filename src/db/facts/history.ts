import { sql } from 'drizzle-orm'
import { type Day } from '../../core/calendar.ts'
import { storedFacts } from '../../core/facts.ts'
import type { Db } from '../database.ts'
import { factColumn } from './columns.ts'

/** Keeps the facts of a range of customers as those of a month-end, where none are kept for it yet. */
export async function keepMonthEnd(db: Db, monthEnd: Day, from: string, until: string | null): Promise<void> {
  const columns = sql.raw(['customer_id', 'institution_path', ...storedFacts.map(factColumn)].join(', '))
  await db.rows(sql`
    insert into customer_fact_month (month_end, ${columns})
    select ${monthEnd}::date, ${columns} from customer_fact f
    where f.customer_id >= ${from}::uuid and (${until}::uuid is null or f.customer_id < ${until}::uuid)
    on conflict (customer_id, month_end) do nothing`)
}
