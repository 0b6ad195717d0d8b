import { sql } from 'drizzle-orm'
import { institution } from './schema/reference.ts'
import { plainRows } from '../platform/plain-rows.ts'
import type { CalendarCountry } from '../../core/kernel/calendar.ts'
import type { Db } from '../platform/database.ts'

/** The path of an institution by its id, or undefined. */
export async function findInstitutionPath(db: Db, id: string): Promise<string | undefined> {
  const [row] = await plainRows(db, institution, ['path'], sql`where t.id = ${id}::uuid`)
  return row?.path
}

/** The paths of all institutions by their codes. */
export async function listInstitutionPaths(db: Db): Promise<ReadonlyMap<string, string>> {
  const rows = await plainRows(db, institution, ['code', 'path'], sql``)
  return new Map(rows.map(({ code, path }) => [code, path]))
}

/** The code of an institution that is not closed. */
export async function findInstitutionCode(db: Db, id: string): Promise<string | undefined> {
  const [row] = await plainRows(db, institution, ['code'], sql`where t.id = ${id}::uuid and t.status <> 'closed'`)
  return row?.code
}

/** Whether there is a staff member of this id. */
export async function staffExists(db: Db, id: string): Promise<boolean> {
  return (await db.rows(sql`select from staff where id = ${id}::uuid`)).length > 0
}

/** The time zones of the bank, each with the paths of the institutions that keep it: their own or the nearest one above. */
export async function listTimeZones(
  db: Db,
  bankTimeZone: string,
): Promise<readonly { readonly timeZone: string; readonly paths: readonly string[] }[]> {
  return db.rows(sql`
    select coalesce(z.time_zone, ${bankTimeZone}) as "timeZone", array_agg(i.path order by i.path) as paths
    from institution i
    left join lateral (select a.time_zone from institution a where a.time_zone is not null and starts_with(i.path, a.path) order by length(a.path) desc limit 1) z on true
    group by 1 order by 1`)
}

/** The time zone of the institution that keeps a customer: its own or the nearest one above; null where none has any. */
export async function findTimeZoneOfCustomer(db: Db, customerId: string): Promise<string | null> {
  const [row] = await db.rows<{ timeZone: string }>(sql`
    select a.time_zone as "timeZone" from customer c join institution a on starts_with(c.institution_path, a.path)
    where c.id = ${customerId}::uuid and a.time_zone is not null order by length(a.path) desc limit 1`)
  return row?.timeZone ?? null
}

/** The calendar and time zone of an institution: its own or the nearest ones above; null where none has any. Undefined for an unknown one. */
export async function findPlaceInTime(
  db: Db,
  id: string,
): Promise<{ readonly calendar: CalendarCountry | null; readonly timeZone: string | null } | undefined> {
  const nearest = (column: string) =>
    sql.raw(
      `(select a.${column} from institution a where a.${column} is not null and starts_with(i.path, a.path) order by length(a.path) desc limit 1)`,
    )
  const [row] = await db.rows<{ calendar: CalendarCountry | null; timeZone: string | null }>(
    sql`select ${nearest('calendar')} as calendar, ${nearest('time_zone')} as "timeZone" from institution i where i.id = ${id}::uuid`,
  )
  return row
}
