import type { Conditions } from '../platform/views/conditions.ts'
import { inSubtree } from '../platform/views/keys.ts'
import { takeLock } from '../platform/locks.ts'
import { sql } from 'drizzle-orm'
import { staff } from './schema/reference.ts'
import { plainRows } from '../platform/plain-rows.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Cover, Delegate, StoredDelegation } from '../../core/organisation/delegations.ts'
import type { Db } from '../platform/database.ts'
import { inScope } from '../platform/scope.ts'

/** Delegations are made one at a time: of several that close a circle together each alone would be fine. Comes before locks of rows. */
export async function lockDelegations(db: Db): Promise<void> {
  await takeLock(db, 'delegations')
}

/** Reads both sides of a delegation within scope and holds them. */
export async function lockDelegates(
  db: Db,
  staffId: string,
  deputyId: string,
): Promise<{ readonly absent: Delegate | undefined; readonly deputy: Delegate | undefined }> {
  const people = await plainRows(
    db,
    staff,
    ['id', 'roles', 'status', 'activeFrom', 'activeUntil'],
    sql`where t.id in (${staffId}::uuid, ${deputyId}::uuid) and ${inScope('t.institution_path')} order by t.id for update`,
  )
  return { absent: people.find(({ id }) => id === staffId), deputy: people.find(({ id }) => id === deputyId) }
}

/** The delegations of the whole bank that stand on some day of a period. */
export async function listCovers(db: Db, startsOn: Day, endsOn: Day): Promise<readonly Cover[]> {
  return db.rows(sql`
    select staff_id as "staffId", deputy_id as "deputyId", starts_on as "startsOn", ends_on as "endsOn" from delegation
    where status = 'active' and starts_on < ${endsOn}::date and ends_on > ${startsOn}::date`)
}

export interface NewDelegation {
  readonly id: string
  readonly staffId: string
  readonly deputyId: string
  readonly startsOn: Day
  readonly endsOn: Day
  readonly reason: string
  readonly now: Date
}

export async function insertDelegation(
  db: Db,
  { id, staffId, deputyId, startsOn, endsOn, reason, now }: NewDelegation,
): Promise<void> {
  const at = now.toISOString()
  await db.rows(sql`
    insert into delegation (id, staff_id, deputy_id, starts_on, ends_on, reason, status, created_at, updated_at)
    values (${id}::uuid, ${staffId}::uuid, ${deputyId}::uuid, ${startsOn}::date, ${endsOn}::date, ${reason}, 'active', ${at}::timestamptz, ${at}::timestamptz)`)
}

/** Reads a delegation of somebody within scope and holds it. */
export async function lockDelegation(db: Db, id: string): Promise<(StoredDelegation & { readonly version: number }) | undefined> {
  const [row] = await db.rows<StoredDelegation & { version: number }>(
    sql`select d.status, d.starts_on as "startsOn", d.ends_on as "endsOn", d.version from delegation d join staff s on s.id = d.staff_id where d.id = ${id}::uuid and ${inScope('s.institution_path')} for update of d`,
  )
  return row
}

export async function revokeDelegation(db: Db, id: string, today: Day, now: Date): Promise<void> {
  await db.rows(
    sql`update delegation set status = 'revoked', revoked_on = ${today}::date, version = version + 1, updated_at = ${now.toISOString()}::timestamptz where id = ${id}::uuid`,
  )
}

/** Lets a delegation hold until the day before the one given. */
export async function shortenDelegation(db: Db, id: string, endsOn: Day, now: Date): Promise<void> {
  await db.rows(
    sql`update delegation set ends_on = ${endsOn}::date, version = version + 1, updated_at = ${now.toISOString()}::timestamptz where id = ${id}::uuid`,
  )
}

/** Of staff whose institution lies in the subtree of this path, where one is given. */
export function ofStaffUnder(path: string | undefined): Conditions {
  return (row, bind) =>
    path === undefined
      ? []
      : [`exists (select from staff s where s.id = ${row}.staff_id and ${inSubtree('s.institution_path', path, bind)})`]
}

/** Whose period includes this day, where one is given. */
export function runsOn(day: Day | undefined): Conditions {
  return (row, bind) =>
    day === undefined ? [] : [`${row}.starts_on <= ${bind(day)}::date`, `${row}.ends_on > ${bind(day)}::date`]
}
