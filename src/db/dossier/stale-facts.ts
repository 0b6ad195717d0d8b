import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'

/**
 * Marks the facts of these customers as stale. A note that stands is touched, so that a refresh that takes it away meanwhile waits for this
 * transaction and sees what it wrote.
 */
export async function markFactsStale(db: Db, customerIds: readonly string[], now: Date): Promise<void> {
  if (customerIds.length === 0) return
  await db.rows(sql`
    insert into customer_fact_stale (customer_id, institution_path, since)
    select c.id, c.institution_path, ${now.toISOString()}::timestamptz from customer c where c.id = any (${sql.param(customerIds)}::uuid[]) order by c.id
    on conflict (customer_id) do update set since = excluded.since, institution_path = excluded.institution_path`)
}

/** Takes the notes of at most so many customers away and answers whose they were. */
export async function claimStaleCustomers(db: Db, limit: number): Promise<readonly string[]> {
  const rows = await db.rows<{ id: string }>(sql`
    delete from customer_fact_stale where customer_id = any (array(select s.customer_id from customer_fact_stale s order by s.customer_id limit ${limit}::int)) returning customer_id as id`)
  return rows.map(({ id }) => id)
}

/** Takes the notes of a range of ids away, the first one included: a full refresh works them all out. */
export async function dropStale(db: Db, from: string, until: string | null): Promise<void> {
  await db.rows(
    sql`delete from customer_fact_stale where customer_id >= ${from}::uuid and (${until}::uuid is null or customer_id < ${until}::uuid)`,
  )
}

/** Whether there is any note. */
export async function hasStale(db: Db): Promise<boolean> {
  return (await db.rows(sql`select from customer_fact_stale limit 1`)).length > 0
}
