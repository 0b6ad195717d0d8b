import { customerConditions, type CustomerFilter } from '../../dossier/customer-filter.ts'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { Db } from '../../platform/database.ts'
import type { Bind } from '../../platform/views/view.ts'
import { unconvertedOf } from '../facts/population.ts'
import type { StoredScheme } from './store.ts'

export interface TierCount {
  readonly rank: number
  readonly customers: number
  /** Minor units of the base currency. */
  readonly assets: string
  /** Customers of whom some holdings could not be converted. */
  readonly unconverted: number
  /** Null where no facts were stored of the month-end. */
  readonly customersBefore: number | null
  readonly assetsBefore: string | null
  readonly unconvertedBefore: number | null
}

/** The month-end that tiers are compared with. */
export interface MonthOfTiers {
  /** Whether it was computed later. */
  readonly reconstructed: boolean
  /** Active customers of whom it cannot tell the tier. */
  readonly undetermined: number
}

/** Counts customers and their assets by tier, now and as a month-end had them, in one pass over either. */
export async function countTiers(
  db: Db,
  scheme: StoredScheme,
  filter: CustomerFilter,
  monthEnd: Day,
): Promise<readonly TierCount[]> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const among = ['true', ...customerConditions(filter, 'c', bind)].join(' and ')
  const { slot, code, thresholds, kinds } = scheme
  const then = thresholds.map((one, index) => `when ${bind(`${code}:${one.code}`)}::text = any (f.tiers) then ${index + 1}`)
  const text = `
    with today as (
      select f.tier_places[${slot}] as rank, count(*)::int as customers, coalesce(sum(f.aum), 0) as assets, ${unconvertedOf('f')} as unconverted
      from customer c join customer_fact f on f.customer_id = c.id
      where ${among} and f.status = 'active' and f.tier_places[${slot}] is not null group by 1
    ), before as (
      select case ${then.join(' ')} else 0 end as rank, count(*)::int as customers, coalesce(sum(f.aum), 0) as assets, ${unconvertedOf('f')} as unconverted
      from customer c join customer_fact_month f on f.customer_id = c.id
      where ${among} and f.month_end = ${bind(monthEnd)}::date and f.status = 'active' and f.kind = any (${bind(kinds)}::text[]) and f.tiers is not null
        and (not f.reconstructed or f.tier_places[${slot}] is not null) group by 1
    )
    select p.rank, coalesce(t.customers, 0) as customers, coalesce(t.assets, 0)::text as assets, coalesce(t.unconverted, 0) as unconverted,
      case when k.known then coalesce(b.customers, 0) end as "customersBefore", case when k.known then coalesce(b.assets, 0)::text end as "assetsBefore",
      case when k.known then coalesce(b.unconverted, 0) end as "unconvertedBefore"
    from generate_series(0, ${thresholds.length}) p (rank) cross join (select exists (select from before) as known) k
    left join today t on t.rank = p.rank left join before b on b.rank = p.rank order by p.rank`
  return db.rows<TierCount>({ text, values, prepared: false })
}

/** What the month-end is by which tiers of a scheme are compared. */
export async function readMonthOfTiers(
  db: Db,
  { slot, kinds }: StoredScheme,
  filter: CustomerFilter,
  monthEnd: Day,
): Promise<MonthOfTiers> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const among = ['true', ...customerConditions(filter, 'c', bind)].join(' and ')
  const text = `
    select coalesce(bool_or(true), false) as reconstructed, (count(*) filter (where f.status = 'active' and f.kind = any (${bind(kinds)}::text[]) and f.tier_places[${slot}] is null))::int as undetermined
    from customer c join customer_fact_month f on f.customer_id = c.id where ${among} and f.month_end = ${bind(monthEnd)}::date and f.reconstructed`
  const [row] = await db.rows<MonthOfTiers>({ text, values, prepared: false })
  return row!
}
