import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

/** Counts one more call of the caller and answers how many it makes in this minute, over all instances of the service. */
export async function countCall(db: Db, caller: string, kind: 'recognition' | 'reveal', now: Date): Promise<number> {
  const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000).toISOString()
  const [row] = await db.rows<{ calls: number }>(sql`
    insert into call_count as t (caller, kind, minute, calls) values (${caller}, ${kind}, ${minute}::timestamptz, 1)
    on conflict (caller, kind) do update set calls = case when t.minute = excluded.minute then t.calls + 1 else 1 end, minute = excluded.minute
    returning calls`)
  return row!.calls
}
