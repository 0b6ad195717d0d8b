import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Db } from '../platform/database.ts'

export interface CalendarDay {
  readonly calendar: string
  readonly day: Day
  readonly kind: 'working' | 'holiday'
  readonly name: string | null
  readonly now: Date
}

export async function writeCalendarDay(db: Db, { calendar, day, kind, name, now }: CalendarDay): Promise<void> {
  await db.rows(sql`
    insert into calendar_day as t (calendar, day, kind, name, updated_at) values (${calendar}, ${day}::date, ${kind}, ${name}, ${now.toISOString()}::timestamptz)
    on conflict (calendar, day) do update set kind = excluded.kind, name = excluded.name, updated_at = excluded.updated_at, version = t.version + 1
    where (t.kind, t.name) is distinct from (excluded.kind, excluded.name)`)
}

/** The days of one calendar in a period that a bank has changed. */
export async function listCalendarOverrides(
  db: Db,
  calendar: string,
  from: Day,
  to: Day,
): Promise<readonly { readonly day: Day; readonly kind: 'working' | 'holiday' }[]> {
  return db.rows(
    sql`select day, kind from calendar_day where calendar = ${calendar} and day between ${from}::date and ${to}::date order by day`,
  )
}
