import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Role } from '../../core/kernel/permissions.ts'
import type { Db } from './database.ts'

interface Placement {
  readonly id: string
  readonly institutionId: string
  readonly institutionPath: string
  /** Of the institution or the nearest above it that has one; null where none has. */
  readonly timeZone: string | null
  readonly calendar: string | null
  /** All time zones that institutions of the bank name. */
  readonly timeZones: readonly string[]
}

/** A staff member as far as authorisation goes. */
export interface StaffRecord extends Placement {
  readonly number: string
  readonly roles: readonly Role[]
  readonly activeFrom: Day | null
  readonly activeUntil: Day | null
  readonly covers: readonly { readonly staffId: string; readonly startsOn: Day; readonly endsOn: Day }[]
  /** For the staff member and each one covered: the institutions in which their customers are. */
  readonly portfolioPaths: Readonly<Record<string, readonly string[]>>
}

export interface ClientRecord extends Placement {
  readonly clientId: string
  readonly scopes: readonly string[]
}

/** The number that every change of who may see what raises. */
export async function readDirectoryVersion(db: Db): Promise<bigint> {
  const [row] = await db.rows<{ version: bigint }>(sql`select version from directory_version`)
  return row!.version
}

/** Tells all instances of the service that who may see what has changed: they learn it with their next statement. */
export async function incrementDirectoryVersion(db: Db): Promise<void> {
  await db.rows(sql`update directory_version set version = version + 1`)
}

const inherited = (name: string) =>
  sql.raw(
    `(select a.${name} from institution a where a.${name} is not null and starts_with(i.path, a.path) order by length(a.path) desc limit 1)`,
  )

const namedTimeZones = sql`(select coalesce(json_agg(distinct z.time_zone), '[]') from institution z where z.time_zone is not null)`

/** The active staff member of this number, with the delegations to them that last beyond a day, or undefined. Runs under the scope of the whole bank. */
export async function findStaffRecord(db: Db, number: string, since: Day): Promise<StaffRecord | undefined> {
  const [row] = await db.rows<{ record: StaffRecord }>(sql`
    with me as (select * from staff where number = ${number} and status = 'active'),
    covered as (select d.staff_id, d.starts_on, d.ends_on from delegation d join me on d.deputy_id = me.id where d.status = 'active' and d.ends_on > ${since}::date)
    select json_build_object(
      'id', me.id, 'number', me.number, 'roles', me.roles, 'activeFrom', me.active_from, 'activeUntil', me.active_until,
      'institutionId', i.id, 'institutionPath', i.path, 'timeZone', ${inherited('time_zone')}, 'calendar', ${inherited('calendar')}, 'timeZones', ${namedTimeZones},
      'covers', (select coalesce(json_agg(json_build_object('staffId', staff_id, 'startsOn', starts_on, 'endsOn', ends_on)), '[]') from covered),
      'portfolioPaths', (
        select coalesce(json_object_agg(p.staff_id, p.paths), '{}')
        from (
          select staff_id, array_agg(institution_path) as paths
          from portfolio_paths(array(select id from me union select staff_id from covered))
          group by staff_id
        ) p)
    ) as record
    from me join institution i on i.id = me.institution_id`)
  return row?.record
}

/** The active machine client of this id, or undefined. Runs under the scope of the whole bank. */
export async function findClientRecord(db: Db, clientId: string): Promise<ClientRecord | undefined> {
  const [row] = await db.rows<{ record: ClientRecord }>(sql`
    select json_build_object(
      'id', c.id, 'clientId', c.client_id, 'scopes', c.scopes,
      'institutionId', i.id, 'institutionPath', i.path, 'timeZone', ${inherited('time_zone')}, 'calendar', ${inherited('calendar')}, 'timeZones', ${namedTimeZones}
    ) as record
    from client c join institution i on i.id = c.institution_id
    where c.client_id = ${clientId} and c.status = 'active'`)
  return row?.record
}
