import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { Db } from '../../platform/database.ts'

interface Slice {
  readonly from: string
  readonly until: string | null
}

/**
 * Makes the stays in segments of a slice of customers that follow from month-ends past, in place of those that an earlier history made: from the first month-end at which
 * somebody was in to the first at which they were not, or to where a stay was recorded. Answers how many.
 */
export async function writePastStays(
  db: Db,
  { from, until }: Slice,
  { asOf, timeZone }: { readonly asOf: Day; readonly timeZone: string },
): Promise<number> {
  const within = (column: string) =>
    until === null
      ? sql`${sql.raw(column)} >= ${from}::uuid`
      : sql`${sql.raw(column)} >= ${from}::uuid and ${sql.raw(column)} < ${until}::uuid`
  await db.rows(sql`delete from segment_membership m where m.reconstructed and ${within('m.customer_id')}`)
  const [row] = await db.rows<{ n: number }>(sql`
    with recorded as (
      select min(as_of) as since from refresh_run where kind = 'full' and state = 'done'
    ), month as (
      select m.customer_id, m.institution_path, m.month_end, n.number, s.id as segment_id, s.rule_version,
        extract(year from m.month_end)::int * 12 + extract(month from m.month_end)::int as place
      from recorded r, customer_fact_month m cross join lateral unnest(m.segments) n (number)
      join segment s on s.number = n.number and s.state = 'active'
      where m.reconstructed and ${within('m.customer_id')} and m.month_end < greatest(r.since, (s.activated_at at time zone ${timeZone})::date)
    ), stay as (
      select customer_id, institution_path, segment_id, rule_version, min(month_end) as entered_on, max(month_end) as last_on,
        least((date_trunc('month', max(month_end)) + interval '2 months - 1 day')::date, ${asOf}::date) as gone_on
      from (select m.*, place - row_number() over (partition by customer_id, segment_id order by place) as island from month m) m
      group by customer_id, institution_path, segment_id, rule_version, island
    ), written as (
      insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at, entered_version, left_on, left_at, left_reason, reconstructed)
      select s.customer_id, gen_random_uuid(), s.institution_path, s.segment_id, s.entered_on, (s.entered_on + 1)::timestamp at time zone ${timeZone}, s.rule_version, e.left_on,
        coalesce(e.left_at, e.left_on::timestamp at time zone ${timeZone}), e.reason, true
      from stay s join customer c on c.id = s.customer_id
      cross join lateral (
        select x.* from (
          select m.entered_on as left_on, m.entered_at as left_at, 'continued' as reason from segment_membership m
          where m.customer_id = s.customer_id and m.segment_id = s.segment_id and not m.reconstructed and m.entered_on > s.last_on and m.entered_on <= s.gone_on
          union all select c.closed_on, null, 'closed' where c.closed_on > s.last_on and c.closed_on <= s.gone_on
          union all select s.gone_on, null, 'rule'
        ) x order by x.left_on, x.left_at nulls last limit 1
      ) e
      returning 1
    ) select count(*)::int as n from written`)
  return row!.n
}
