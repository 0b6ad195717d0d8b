import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import { customerKinds, mainBusinessLine } from '../../core/dossier/customers.ts'
import { lockCustomers } from './assets.ts'
import type { Db } from '../platform/database.ts'
import { incrementDirectoryVersion } from '../platform/directory.ts'
import { markFactsStale } from './stale-facts.ts'

const corporateKinds = customerKinds.filter((kind) => mainBusinessLine(kind) === 'corporate')

/**
 * Brings up to date who keeps these customers and to whom they are visible: staff with an assignment that is current or a current place in the team, and as
 * relationship manager the one who keeps the main line of business. Raises the directory where anything changed. The customers are locked by the caller. Leaves `version` alone.
 */
export async function refreshRelationshipManagers(db: Db, customerIds: readonly string[]): Promise<void> {
  if (customerIds.length === 0) return
  const ids = sql`${sql.param(customerIds)}::uuid[]`
  const changed = await db.rows(sql`
    with holder as (
      select h.customer_id, array_agg(distinct h.staff_id order by h.staff_id) as staff,
        max(h.staff_id::text) filter (where h.business_line = 'personal') as personal,
        max(h.staff_id::text) filter (where h.business_line = 'corporate') as corporate
      from (
        select a.customer_id, a.staff_id, a.business_line from assignment a where a.customer_id = any (${ids}) and a.state = 'current'
        union all
        select m.customer_id, m.staff_id, null from team_member m where m.customer_id = any (${ids}) and m.state = 'current'
      ) h
      group by h.customer_id
    ), wanted as (
      select c.id, case when c.kind = any (${sql.param(corporateKinds)}::text[]) then h.corporate::uuid else h.personal::uuid end as manager, coalesce(h.staff, '{}') as staff
      from customer c left join holder h on h.customer_id = c.id
      where c.id = any (${ids})
    )
    update customer c set relationship_manager_id = w.manager, visible_to = w.staff,
      moved_at = case when c.relationship_manager_id is distinct from w.manager then null else c.moved_at end
    from wanted w
    where c.id = w.id and c.id = any (${ids}) and (c.relationship_manager_id is distinct from w.manager or c.visible_to <> w.staff)
    returning c.id`)
  if (changed.length > 0) await incrementDirectoryVersion(db)
}

/** What makes customers visible to staff over periods. */
const assignmentTables = ['assignment', 'team_member'] as const

/**
 * Lets what keeps these customers, and the places in their teams, end before a day of each, and takes back what has not begun. Who sees them follows at
 * that day's midnight. The customers are locked by the caller.
 */
export async function endAssignmentsOf(
  db: Db,
  endings: readonly { readonly customerId: string; readonly endsOn: Day }[],
  now: Date,
): Promise<void> {
  if (endings.length === 0) return
  for (const table of assignmentTables)
    await db.rows(sql`
      update ${sql.identifier(table)} a set state = case a.state when 'planned' then 'cancelled' else a.state end,
        ends_on = case a.state when 'planned' then a.ends_on else r."endsOn" end, version = a.version + 1, updated_at = ${now}::timestamptz
      from json_to_recordset(${JSON.stringify(endings)}::json) as r ("customerId" uuid, "endsOn" date)
      where a.customer_id = r."customerId" and (a.state = 'planned' or (a.state = 'current' and (a.ends_on is null or a.ends_on > r."endsOn")))`)
}

/**
 * Applies what has fallen due by today: planned assignments and places in teams that begin become current, those that end become ended, and the customers
 * follow, their facts with the next refresh. At most `limit` of them, in this transaction; all of customers kept by the institutions of these paths (each has its own midnight). Answers how many changed: call again
 * while it is not 0.
 */
export async function applyDueAssignments(
  db: Db,
  paths: readonly string[],
  { today, now }: { readonly today: Day; readonly now: Date },
  limit: number,
): Promise<number> {
  const within = sql`institution_path = any (${sql.param(paths)}::text[])`
  const dueIn = (table: string) => sql`
    (select ${table}::text as "table", customer_id as "customerId", id from ${sql.identifier(table)} where state = 'planned' and starts_on <= ${today}::date and ${within}
      order by starts_on, customer_id limit ${limit}::int)
    union all
    (select ${table}::text, customer_id, id from ${sql.identifier(table)} where state = 'current' and ends_on <= ${today}::date and ${within}
      order by ends_on, customer_id limit ${limit}::int)`
  const due = await db.rows<{ table: string; customerId: string; id: string }>(sql`
    ${sql.join(assignmentTables.map(dueIn), sql.raw(' union all '))} limit ${limit}::int`)
  if (due.length === 0) return 0
  const customerIds = [...new Set(due.map(({ customerId }) => customerId))]
  await lockCustomers(db, customerIds)
  let changed = 0
  for (const table of assignmentTables) {
    const rows = due.filter((one) => one.table === table)
    if (rows.length === 0) continue
    const updated = await db.rows(sql`
      update ${sql.identifier(table)} a set state = case when a.ends_on <= ${today}::date then 'ended' else 'current' end, version = a.version + 1
      from json_to_recordset(${JSON.stringify(rows)}::json) as r ("customerId" uuid, id uuid)
      where a.customer_id = r."customerId" and a.id = r.id
        and ((a.state = 'planned' and a.starts_on <= ${today}::date) or (a.state = 'current' and a.ends_on <= ${today}::date))
      returning a.id`)
    changed += updated.length
  }
  await refreshRelationshipManagers(db, customerIds)
  await markFactsStale(db, customerIds, now)
  return changed
}
