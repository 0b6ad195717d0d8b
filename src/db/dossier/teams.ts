import { scopeCondition } from '../platform/scope.ts'
import type { Conditions } from '../platform/views/conditions.ts'
import { sql } from 'drizzle-orm'
import type { AssignmentState } from '../../core/dossier/assignments.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { StoredMember, TeamDuty } from '../../core/dossier/teams.ts'
import type { Db } from '../platform/database.ts'
import type { Bind } from '../platform/views/view.ts'

export type MemberRecord = StoredMember & { readonly version: number }

/** The team of a customer in scope, former members too. */
export async function listMembers(db: Db, customerId: string): Promise<readonly MemberRecord[]> {
  return db.rows(sql`
    select m.id, m.staff_id as "staffId", m.duty, m.starts_on as "startsOn", m.ends_on as "endsOn", m.state, m.version
    from team_member m join customer c on c.id = m.customer_id
    where m.customer_id = ${customerId}::uuid`)
}

export interface MemberToWrite {
  readonly customerId: string
  readonly id: string
  readonly institutionPath: string
  readonly staffId: string
  readonly duty: TeamDuty
  readonly startsOn: Day
  readonly endsOn: Day | null
  readonly state: AssignmentState
  readonly reason: string
  readonly addedBy: string | null
  readonly now: Date
}

export async function insertMember(db: Db, member: MemberToWrite): Promise<void> {
  const at = member.now.toISOString()
  await db.rows(sql`
    insert into team_member (customer_id, id, institution_path, staff_id, duty, starts_on, ends_on, state, reason, added_by, created_at, updated_at)
    values (${member.customerId}::uuid, ${member.id}::uuid, ${member.institutionPath}, ${member.staffId}::uuid, ${member.duty}, ${member.startsOn}::date, ${member.endsOn}::date,
      ${member.state}, ${member.reason}, ${member.addedBy}::uuid, ${at}::timestamptz, ${at}::timestamptz)`)
}

/** Changes end and state of a team membership. */
export async function updateMember(
  db: Db,
  { customerId, id }: { readonly customerId: string; readonly id: string },
  { state, endsOn }: { readonly state: AssignmentState; readonly endsOn: Day | null },
  now: Date,
): Promise<void> {
  await db.rows(sql`
    update team_member set state = ${state}, ends_on = ${endsOn}::date, version = version + 1, updated_at = ${now.toISOString()}::timestamptz
    where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

/** Staff with how much they have to do, asked for one by one as the page needs them. */
function withLoad(row: string, today: Day, bind: Bind): string {
  return `cross join lateral staff_load(${row}.id, ${bind(today)}::date) ${row}_load`
}

/** Staff, each with how much they have to do, as a `from` item. */
export function staffWithLoad(today: Day): (row: string, bind: Bind) => string {
  return (row, bind) => `staff ${row} ${withLoad(row, today, bind)}`
}

/** Of `staffWithLoad`, in the scope of the caller: active staff of one of the roles, and former staff who still have customers. `overCapacity`: those above it, or not. */
export function withCustomersOrRoles(roles: readonly string[], overCapacity: boolean | undefined): Conditions {
  return (row, bind) => [
    scopeCondition(`${row}.institution_path`),
    `((${row}.status = 'active' and ${row}.roles && ${bind(roles)}::text[]) or (${row}.status = 'inactive' and ${row}_load.customers > 0))`,
    ...(overCapacity === undefined
      ? []
      : [`coalesce(${row}_load.customers > ${row}.customer_capacity, false) = ${bind(overCapacity)}::boolean`]),
  ]
}

/**
 * Active staff who know well what a customer has, or serve the industry to which the customer belongs, as a `from` item with what agrees and `mismatch`,
 * the less the more agrees. Leaves out the customer's assigned staff and team.
 */
export function suggestionsFrom(customerId: string, today: Day) {
  return (row: string, bind: Bind): string => {
    const customer = `${bind(customerId)}::uuid`
    return `(
      select s.*, f.families, g.matched_industry, -(cardinality(f.families) + case when g.matched_industry is null then 0 else 1 end) as mismatch
      from (
        select c.industry, array(select distinct p.family from holding h join product p on p.id = h.product_id where h.customer_id = ${customer} and h.status <> 'closed') as families
        from customer c where c.id = ${customer}
      ) c
      cross join staff s
      cross join lateral (select array(select x from unnest(s.product_families) x where x = any (c.families) order by x) as families) f
      cross join lateral (select max(x) as matched_industry from unnest(s.industries) x where starts_with(c.industry, x)) g
      where s.status = 'active' and (cardinality(f.families) > 0 or g.matched_industry is not null)
        and not exists (select from assignment a where a.customer_id = ${customer} and a.staff_id = s.id and a.state in ('planned', 'current'))
        and not exists (select from team_member m where m.customer_id = ${customer} and m.staff_id = s.id and m.state in ('planned', 'current'))
    ) ${row} ${withLoad(row, today, bind)}`
  }
}

/**
 * Everybody who kept a customer, was in the team or covered for one of these in some of that time, as a `from` item that joins the customer. What was taken
 * back before it began is left out, and a delegation that was taken back ends on that day.
 */
export function assignmentPeriodsFrom(customerId: string, today: Day) {
  return (row: string, bind: Bind): string => {
    const customer = `${bind(customerId)}::uuid`
    const day = `${bind(today)}::date`
    const delegated = `least(d.ends_on, d.revoked_on)`
    return `(
      with own as materialized (
        select a.customer_id, a.id, 'assignment' as kind, a.staff_id, a.business_line, null::text as duty, a.starts_on, a.ends_on, a.state, a.reason
        from assignment a join customer ${row}_owner on ${row}_owner.id = a.customer_id where a.customer_id = ${customer} and a.state <> 'cancelled'
        union all
        select m.customer_id, m.id, 'team_membership', m.staff_id, null, m.duty, m.starts_on, m.ends_on, m.state, m.reason
        from team_member m join customer ${row}_owner on ${row}_owner.id = m.customer_id where m.customer_id = ${customer} and m.state <> 'cancelled'
      )
      select customer_id, id, kind, staff_id, null::uuid as covered_staff_id, business_line, duty, starts_on, ends_on, state, reason from own
      union all
      select w.customer_id, d.id, 'delegation', d.deputy_id, d.staff_id, null, null, min(greatest(d.starts_on, w.starts_on)), max(least(${delegated}, w.ends_on)),
        case when max(least(${delegated}, w.ends_on)) <= ${day} then 'ended' else 'current' end, d.reason
      from own w join delegation d on d.staff_id = w.staff_id and d.starts_on < coalesce(w.ends_on, 'infinity') and ${delegated} > greatest(d.starts_on, w.starts_on)
      where greatest(d.starts_on, w.starts_on) <= ${day}
      group by w.customer_id, d.id
    ) ${row}`
  }
}
