import { all, under } from '../platform/views/conditions.ts'
import { ownedInReach } from '../dossier/reach.ts'
import { policyOn, type StoredPolicyVersion } from '../platform/policies.ts'
import { ownedWithinReach } from '../dossier/reach.ts'
import { sql } from 'drizzle-orm'
import type { Scope } from '../../core/kernel/actors.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import {
  type CostChannel,
  type CostType,
  movableChannels,
  savingsOfMoving,
  type MovableChannel,
  type ValueRates,
} from '../../core/segmentation/value.ts'
import type { Db } from '../platform/database.ts'
import { factColumn } from './facts/columns.ts'
import type { Bind } from '../platform/views/view.ts'
import { inSubtree } from '../platform/views/keys.ts'

/** The rates by which value is worked out on a day. A migration ships the first version. */
export async function valueRatesOn(db: Db, day: Day): Promise<StoredPolicyVersion<ValueRates>> {
  const rates = await policyOn<ValueRates>(db, 'value', '', day)
  if (!rates) throw new Error(`No version of the value rates is effective on ${day}.`)
  return rates
}

/** What a customer brings and costs, in minor units of the base currency as text. */
export interface CustomerValueRow {
  readonly asOf: Day
  readonly kind: 'individual' | 'sole_trader' | 'company'
  readonly aum: string
  readonly aumSlope: string
  readonly profit: string
  readonly outsideAssets: string
  readonly perMonth: Readonly<Record<MovableChannel, number>>
  readonly lastTransactionOn: Day | null
  readonly frequency: number
  readonly monetary: string
  readonly recencyScore: number | null
  readonly frequencyScore: number | null
  readonly monetaryScore: number | null
  readonly channels: readonly { readonly channel: CostChannel; readonly type: CostType; readonly transactions: number }[]
}

const perMonth = Object.entries(movableChannels)
  .map(([channel, fact]) => `'${channel}', coalesce(f.${factColumn(fact)}, 0)`)
  .join(', ')

/** The facts that the value of a customer within scope follows from, and their transactions of the last 12 full months; undefined where there are none. */
export async function findCustomerValue(db: Db, customerId: string): Promise<CustomerValueRow | undefined> {
  const [row] = await db.rows<CustomerValueRow>(sql`
    select f.as_of::text as "asOf", f.kind, coalesce(f.aum, 0)::text as aum, coalesce(f.aum_slope, 0)::text as "aumSlope", coalesce(f.profit, 0)::text as profit,
      coalesce(f.outside_assets, 0)::text as "outsideAssets",
      json_build_object(${sql.raw(perMonth)}) as "perMonth", f.last_transaction_on::text as "lastTransactionOn", coalesce(f.frequency, 0) as frequency,
      coalesce(f.monetary, 0)::text as monetary, f.recency_score as "recencyScore", f.frequency_score as "frequencyScore", f.monetary_score as "monetaryScore",
      (select coalesce(json_agg(json_build_object('channel', a.channel, 'type', a.type, 'transactions', a.n) order by a.channel, a.type), '[]') from (
        select a.channel, a.type, sum(a.count)::int as n from activity a
        where a.customer_id = f.customer_id and a.month < date_trunc('month', f.as_of) and a.month >= date_trunc('month', f.as_of) - interval '12 months' group by a.channel, a.type
      ) a) as channels
    from customer c join customer_fact f on f.customer_id = c.id where c.id = ${customerId}::uuid`)
  return row
}

export interface ParetoRow {
  readonly customers: number
  readonly total: string
  readonly needed: number
  readonly gini: number
  readonly losing: number
  readonly lost: string
  /** Shares of the contribution that the best so many twentieths of the customers yield. */
  readonly lorenz: readonly { readonly customers: number; readonly contribution: number }[]
}

const POINTS = 20

/**
 * How unequally contribution is spread over the active customers within reach who bring something: the smallest number of them who yield a share of it, the points of the
 * Lorenz curve from the best on, and the Gini coefficient. Those who bring nothing or cost are counted beside.
 */
export async function analysePareto(
  db: Db,
  share: number,
  {
    reach,
    subtree,
    segmentId,
  }: { readonly reach: Scope; readonly subtree: string | undefined; readonly segmentId: string | undefined },
): Promise<ParetoRow> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const conditions = [
    `f.status = 'active'`,
    ...ownedWithinReach(reach, 'f', bind),
    ...(subtree === undefined ? [] : [inSubtree('f.institution_path', subtree, bind)]),
    ...(segmentId === undefined
      ? []
      : [
          `exists (select from segment_membership m where m.customer_id = f.customer_id and m.segment_id = ${bind(segmentId)}::uuid and m.left_on is null)`,
        ]),
  ]
  const portfolio = reach.portfolio.length > 0 ? ' join customer c on c.id = f.customer_id' : ''
  const text = `
    with chosen as materialized (
      select coalesce(f.contribution, 0) as v from customer_fact f${portfolio} where ${conditions.join(' and ')}
    ), ranked as (
      select v::double precision as v, row_number() over best as place, sum(v::double precision) over best as reached, count(*) over () as n, sum(v::double precision) over () as total
      from chosen where v > 0 window best as (order by v desc rows unbounded preceding)
    ), points as (
      select ceil(place * ${POINTS}.0 / n)::int as point, max(reached) as reached, max(total) as total from ranked group by 1
    )
    select (select count(*)::int from chosen where v > 0) as customers, (select coalesce(sum(v), 0)::text from chosen where v > 0) as total,
      (select coalesce(min(place) filter (where reached >= total * ${bind(share)}::double precision / 100), 0)::int from ranked) as needed,
      (select coalesce(sum((n + 1 - 2.0 * place) * v) / nullif(max(n) * max(total), 0), 0)::double precision from ranked) as gini,
      (select count(*)::int from chosen where v <= 0) as losing, (select coalesce(sum(v), 0)::text from chosen where v <= 0) as lost,
      (select coalesce(json_agg(json_build_object('customers', point * 100.0 / ${POINTS}, 'contribution', reached / total * 100) order by point), '[]') from points) as lorenz`
  const [row] = await db.rows<ParetoRow>({ text, values, prepared: false })
  return row!
}

/** Active customers who cost more than they earn, with the loss, its reason and its remedy, as a `from` item: of the subtree of the path, as far as the caller reaches. */
export function unprofitableFrom(rates: ValueRates, scope: Scope, path: string | undefined): (row: string, bind: Bind) => string {
  const within = all(
    () => [`f.status = 'active'`, 'f.profit < f.transactions_cost'],
    ownedInReach(scope),
    under('institution_path', path),
  )
  return (row, bind) => {
    const savings = [...savingsOfMoving(rates)].map(
      ([channel, each]) => `12 * coalesce(f.${factColumn(movableChannels[channel])}, 0) * ${bind(each)}::double precision`,
    )
    const reason = `case when ${['0', ...savings].join(' + ')} >= f.transactions_cost - f.profit then 'channel' when f.aum > 0 then 'margin' else 'idle' end`
    return `(select l.*, case l.reason when 'channel' then 'channel' when 'margin' then 'fee' else 'exit' end as remedy from (
      select f.customer_id, f.institution_path, f.profit as income, f.transactions_cost as variable_cost, f.transactions_cost - f.profit as amount, ${reason} as reason
      from customer_fact f join customer c on c.id = f.customer_id
      where ${within('f', bind).join(' and ')}) l) ${row}`
  }
}
