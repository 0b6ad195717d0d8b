import { ownedWithinReach } from '../../dossier/reach.ts'
import { sql } from 'drizzle-orm'
import type { Scope } from '../../../core/kernel/actors.ts'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { Db } from '../../platform/database.ts'
import type { Bind } from '../../platform/views/view.ts'
import type { StoredSegment } from './store.ts'
import { type Order } from '../../platform/views/keys.ts'

/** As the index of those who are in a segment has them. */
export const membersOrder: Order = {
  name: 'members',
  direction: 'asc',
  keys: (row) => [
    { expression: `${row}.institution_path`, cast: 'text' },
    { expression: `${row}.customer_id`, cast: 'uuid' },
    { expression: `${row}.id`, cast: 'uuid' },
  ],
}

/** Who is in a segment, or was on a day, within reach. */
export function membersWhere(
  { segmentId, on, reach }: { readonly segmentId: string; readonly on: Day | undefined; readonly reach: Scope },
  row: string,
  bind: Bind,
): string[] {
  const day = on === undefined ? undefined : `${bind(on)}::date`
  return [
    `${row}.segment_id = ${bind(segmentId)}::uuid`,
    ...(day === undefined
      ? [`${row}.left_on is null`]
      : [`${row}.entered_on <= ${day}`, `(${row}.left_on is null or ${row}.left_on > ${day})`]),
    ...ownedWithinReach(reach, row, bind),
  ]
}

interface ListChange {
  readonly add: readonly string[]
  readonly remove: readonly string[]
  /** Who asks for it. */
  readonly by: string
  readonly now: Date
  readonly today: Day
}

interface ListChanged {
  /** Those to add who are no active customers with facts: then nothing is changed. */
  readonly unknown: readonly string[]
  readonly added: number
  readonly removed: number
}

/** Changes the list of a static segment: stays begin and end today, the rows of facts follow, and each change is an event. */
export async function changeMembers(
  db: Db,
  { id, number }: StoredSegment,
  { add, remove, by, now, today }: ListChange,
): Promise<ListChanged> {
  const [coming, going] = [sql`${sql.param(add)}::uuid[]`, sql`${sql.param(remove)}::uuid[]`]
  const locked = await db.rows<{ id: string; active: boolean }>(sql`
    select f.customer_id as id, f.status = 'active' as active from customer_fact f join customer c on c.id = f.customer_id
    where f.customer_id = any (${coming}) or f.customer_id = any (${going}) order by f.customer_id for update of f`)
  const known = new Set(locked.flatMap((one) => (one.active ? [one.id] : [])))
  const unknown = add.filter((one) => !known.has(one))
  if (unknown.length > 0) return { unknown, added: 0, removed: 0 }
  const at = sql`${now.toISOString()}::timestamptz`
  const [row] = await db.rows<{ added: number; removed: number }>(sql`
    with entered as (
      insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at, entered_by)
      select f.customer_id, gen_random_uuid(), f.institution_path, ${id}::uuid, ${today}::date, ${at}, ${by}
      from customer_fact f where f.customer_id = any (${coming}) and ${number}::int <> all (f.segments)
      on conflict (customer_id, segment_id) where left_on is null do nothing
      returning customer_id, institution_path
    ), ended as (
      update segment_membership m set left_on = ${today}::date, left_at = ${at}, left_reason = 'removed', left_by = ${by}
      where m.segment_id = ${id}::uuid and m.left_on is null and m.customer_id = any (${going})
      returning m.customer_id, m.institution_path
    ), stored as (
      update customer_fact f set segments = case when f.customer_id = any (${going}) then array_remove(f.segments, ${number}::int)
        else array(select n from unnest(f.segments || ${number}::int) n order by n) end
      where f.customer_id in (select customer_id from entered union all select customer_id from ended)
    ), segment_event as (
      insert into outbox_event (id, type, occurred_at, institution_path, customer_id, subject_type, subject_id, changed, payload)
      select gen_random_uuid(), type, ${at}, institution_path, customer_id, 'segment', ${id}::text, '{}', '{}'
      from (select 'segment.entered' as type, * from entered union all select 'segment.left', * from ended) e
    )
    select (select count(*)::int from entered) as added, (select count(*)::int from ended) as removed`)
  return { unknown: [], ...row! }
}
