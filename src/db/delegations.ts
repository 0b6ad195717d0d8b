import { sql } from 'drizzle-orm'
import type { Day } from '../core/calendar.ts'
import type { Delegate } from '../core/delegations.ts'
import type { Db } from './database.ts'
import { inScope } from './scope.ts'

/** Reads both sides of a delegation within scope and holds them, and whether the one away covers for the deputy in the period. */
export async function lockDelegates(
  db: Db,
  staffId: string,
  deputyId: string,
  startsOn: Day,
  endsOn: Day,
): Promise<{ readonly absent: Delegate | undefined; readonly deputy: Delegate | undefined; readonly reverse: boolean }> {
  const people = await db.rows<Delegate>(
    sql`select id, roles, status from staff where id in (${staffId}::uuid, ${deputyId}::uuid) and ${inScope('institution_path')} order by id for update`,
  )
  const [reverse] = await db.rows<{ found: boolean }>(sql`
    select exists (select from delegation where staff_id = ${deputyId}::uuid and deputy_id = ${staffId}::uuid and status = 'active'
      and daterange(starts_on, ends_on) && daterange(${startsOn}::date, greatest(${endsOn}::date, ${startsOn}::date))) as found`)
  return {
    absent: people.find(({ id }) => id === staffId),
    deputy: people.find(({ id }) => id === deputyId),
    reverse: reverse!.found,
  }
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
export async function lockDelegation(
  db: Db,
  id: string,
): Promise<{ readonly status: 'active' | 'revoked'; readonly version: number } | undefined> {
  const [row] = await db.rows<{ status: 'active' | 'revoked'; version: number }>(
    sql`select d.status, d.version from delegation d join staff s on s.id = d.staff_id where d.id = ${id}::uuid and ${inScope('s.institution_path')} for update of d`,
  )
  return row
}

export async function revokeDelegation(db: Db, id: string, now: Date): Promise<void> {
  await db.rows(
    sql`update delegation set status = 'revoked', version = version + 1, updated_at = ${now.toISOString()}::timestamptz where id = ${id}::uuid`,
  )
}
