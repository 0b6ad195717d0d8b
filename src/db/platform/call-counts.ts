import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

const WINDOW_MS = 60_000

/**
 * Counts one more call of the caller and answers how many it has made in the last minute, refused ones too, over all instances of the service: up to one more than
 * `most`, beyond which nobody asks.
 */
export async function countCall(
  db: Db,
  caller: string,
  kind: 'recognition' | 'reveal',
  most: number,
  now: Date,
): Promise<number> {
  const [at, since] = [now, new Date(now.getTime() - WINDOW_MS)].map((instant) => instant.toISOString())
  const [row] = await db.rows<{ calls: number }>(sql`
    insert into call_count as t (caller, kind, recent) values (${caller}, ${kind}, array[${at}::timestamptz])
    on conflict (caller, kind) do update set recent = array(
      select call from unnest(excluded.recent || t.recent) call where call > ${since}::timestamptz order by call desc limit ${most + 1}::int)
    returning cardinality(recent) as calls`)
  return row!.calls
}
