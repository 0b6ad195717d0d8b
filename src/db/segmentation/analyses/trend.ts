import type { Day } from '../../../core/kernel/calendar.ts'
import type { Db } from '../../platform/database.ts'
import { ownedRows, unconvertedOf, type Within } from '../facts/population.ts'

export interface TrendRow {
  readonly day: Day
  readonly customers: number
  /** Of how many of them the facts of that day are stored, and what those owned. */
  readonly withFacts: number
  /** Customers of whom some holdings could not be converted. */
  readonly unconverted: number
  readonly aum: bigint
  /** Of a month-end that was computed later: of how many customers of the whole bank it tells whether they were in the segment, and of how many it cannot. */
  readonly determined: number | null
  readonly undetermined: number | null
  /** Whether members of that day were recorded as they came and went. */
  readonly recorded: boolean
}

/** Whether a segment has, and had, more stays within reach than that. */
export async function hasMoreMemberships(db: Db, segmentId: string, most: number, within: Within): Promise<boolean> {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const { from, where } = ownedRows('segment_membership', 'm', within, bind)
  const conditions = [`m.segment_id = ${bind(segmentId)}::uuid`, ...where].join(' and ')
  const text = `select count(*) > ${bind(most)}::int as more from (select from ${from} where ${conditions} limit ${bind(most + 1)}::int) l`
  const [row] = await db.rows<{ more: boolean }>({ text, values, prepared: false })
  return row!.more
}

/** Who was in a segment at each of these month-ends, and what they owned then, in one statement; and now, which is `today`. */
export async function trendOf(
  db: Db,
  segment: { readonly id: string; readonly number: number },
  {
    monthEnds,
    today,
    timeZone,
    within,
  }: { readonly monthEnds: readonly Day[]; readonly today: Day; readonly timeZone: string; readonly within: Within },
): Promise<readonly TrendRow[]> {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const stays = ownedRows('segment_membership', 'm', within, bind)
  const months = ownedRows('customer_fact_month', 'f', within, bind)
  const now = ownedRows('customer_fact', 'f', within, bind)
  const days = `${bind(monthEnds)}::date[]`
  const text = `
    with stay as materialized (
      select m.customer_id, m.entered_on, m.left_on from ${stays.from} where ${[`m.segment_id = ${bind(segment.id)}::uuid`, ...stays.where].join(' and ')}
    ), size as (
      select d.day, count(s.customer_id)::int as customers
      from unnest(${days}) d (day) left join stay s on s.entered_on <= d.day and (s.left_on is null or s.left_on > d.day) group by d.day
    ), owned as (
      select f.month_end as day, count(*)::int as customers, ${unconvertedOf('f')} as unconverted, coalesce(sum(f.aum), 0) as aum
      from ${months.from} join stay s on s.customer_id = f.customer_id and s.entered_on <= f.month_end and (s.left_on is null or s.left_on > f.month_end)
      where ${[`f.month_end = any (${days})`, ...months.where].join(' and ')} group by f.month_end
    )
    select z.day, z.customers, coalesce(o.customers, 0) as "withFacts", coalesce(o.unconverted, 0) as unconverted, coalesce(o.aum, 0)::text as aum,
      h.determined, h.undetermined, z.day >= greatest(r.since, (s.activated_at at time zone ${bind(timeZone)}::text)::date) as recorded
    from size z left join owned o on o.day = z.day
    join segment s on s.id = ${bind(segment.id)}::uuid cross join (select min(as_of) as since from refresh_run where kind = 'full' and state = 'done') r
    left join segment_month h on h.segment_id = s.id and h.month_end = z.day
    union all
    select ${bind(today)}::date, count(*)::int, count(*)::int, ${unconvertedOf('f')}, coalesce(sum(f.aum), 0)::text, null, null, true from ${now.from}
    where ${[`f.status = 'active'`, `${bind(segment.number)}::int = any (f.segments)`, ...now.where].join(' and ')}
    order by 1`
  const rows = await db.rows<Omit<TrendRow, 'aum' | 'recorded'> & { aum: string; recorded: boolean | null }>({
    text,
    values,
    prepared: false,
  })
  return rows.map(({ aum, recorded, ...row }) => ({ ...row, recorded: recorded ?? false, aum: BigInt(aum) }))
}
