import { sql } from 'drizzle-orm'
import type { EndedAssignment, AssignableStaff } from '../../core/dossier/assignments.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { BusinessLine } from '../../core/dossier/customers.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import type { Db } from '../platform/database.ts'
import { inScope } from '../platform/scope.ts'

/** Reads a staff member within scope and holds the row, so that those who give them customers at once do so one after the other. Comes before locks of customers. */
export async function lockAssignableStaff(
  db: Db,
  staffId: string,
): Promise<(AssignableStaff & { readonly customerCapacity: number | null }) | undefined> {
  const [assignee] = await db.rows<AssignableStaff & { customerCapacity: number | null }>(sql`
    select id, roles, status, active_from as "activeFrom", active_until as "activeUntil", customer_capacity as "customerCapacity"
    from staff where id = ${staffId}::uuid and ${inScope('institution_path')} for no key update`)
  return assignee
}

/** The same for several, by their numbers, in the order of their ids. */
export async function lockAllAssignableStaff(db: Db, numbers: readonly string[]): Promise<void> {
  await db.rows(sql`
    select id from staff where number = any (${sql.param(numbers)}::text[]) and ${inScope('institution_path')} order by id for no key update`)
}

/** How many customers each of them keeps on a day or later, in whatever branches. */
export async function countAssignedCustomers(
  db: Db,
  staffIds: readonly string[],
  from: Day,
): Promise<ReadonlyMap<string, number>> {
  const rows = await db.rows<{ id: string; customers: number }>(sql`
    select s.id, l.customers from unnest(${sql.param(staffIds)}::uuid[]) s (id) cross join lateral staff_load(s.id, ${from}::date) l`)
  return new Map(rows.map(({ id, customers }) => [id, customers]))
}

export interface NewAssignment {
  readonly customerId: string
  readonly id: string
  readonly institutionPath: string
  readonly businessLine: BusinessLine
  readonly startsOn: Day
  readonly state: 'planned' | 'current'
}

/** What is the same for all customers who are given to somebody. */
export interface AssignmentDetails {
  readonly staffId: string
  readonly reason: string
  readonly overCapacityReason: string | undefined
  readonly assignedBy: string | null
  readonly now: Date
}

/** Ends or takes back what kept customers until now and writes who keeps them from then on, one statement each. The customers are locked. */
export async function writeAssignmentChanges(
  db: Db,
  ended: readonly (EndedAssignment & { readonly customerId: string })[],
  made: readonly NewAssignment[],
  { staffId, reason, overCapacityReason, assignedBy, now }: AssignmentDetails,
): Promise<void> {
  const at = now.toISOString()
  if (ended.length > 0)
    await db.rows(sql`
      update assignment a set state = r.state, ends_on = r."endsOn", as_of = greatest(a.as_of, ${at}::timestamptz), version = a.version + 1, updated_at = ${at}::timestamptz
      from json_to_recordset(${JSON.stringify(ended)}::json) as r ("customerId" uuid, id uuid, state text, "endsOn" date)
      where a.customer_id = r."customerId" and a.id = r.id`)
  await db.rows(sql`
    insert into assignment (customer_id, id, institution_path, source, external_id, staff_id, business_line, starts_on, ends_on, state, reason, over_capacity_reason, assigned_by,
      as_of, created_at, updated_at)
    select "customerId", id, "institutionPath", ${ownSource}::text, id::text, ${staffId}::uuid, "businessLine", "startsOn", null, state, ${reason}::text, ${overCapacityReason ?? null}::text,
      ${assignedBy}::uuid, ${at}::timestamptz, ${at}::timestamptz, ${at}::timestamptz
    from json_to_recordset(${JSON.stringify(made)}::json) as r ("customerId" uuid, id uuid, "institutionPath" text, "businessLine" text, "startsOn" date, state text)`)
}
