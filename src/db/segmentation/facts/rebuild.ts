import type { Day } from '../../../core/kernel/calendar.ts'
import { type FactName, storedFacts } from '../../../core/segmentation/facts.ts'
import type { ValueRates } from '../../../core/segmentation/value.ts'
import { assetFamilies } from '../../../core/organisation/products.ts'
import { type Db, sendAlong } from '../../platform/database.ts'
import type { Bind } from '../../platform/views/view.ts'
import { average, inBase, monthWeights, profit, slope } from './arithmetic.ts'
import { factColumn } from './columns.ts'
import { knownThen, managerThen } from '../history/known.ts'
import { MONTHS, minor, expressions, valueExpressions, refreshedFacts, own, quoted } from './expressions.ts'

/** Whose facts are worked out: a range of ids, the first one included, or some customers. */
export type Slice = { readonly from: string; readonly until: string | null } | { readonly customerIds: readonly string[] }

export interface Settings {
  readonly today: Day
  readonly baseCurrency: string
  readonly rates: ValueRates
  readonly now: Date
}

/**
 * Works out the facts of a slice from all that is known and writes those that are new or have changed. One statement, whose cost is linear in the
 * rows of the slice: each table is read once, along its key. Answers how many customers were written.
 */
export async function rebuildFacts(db: Db, slice: Slice, settings: Settings): Promise<number> {
  const { bind, values, parts, rows, expressionOf } = factsOf(db, slice, settings, 'now')
  const names = refreshedFacts.map(factColumn)
  const text = `${parts}
    , written as (
      insert into customer_fact (customer_id, institution_path, as_of, refreshed_at, ${names.join(', ')})
      select c.id, c.institution_path, p.today, ${bind(settings.now.toISOString())}::timestamptz, ${refreshedFacts.map(expressionOf).join(', ')}
      ${rows}
      on conflict (customer_id) do update set as_of = excluded.as_of, refreshed_at = excluded.refreshed_at, institution_path = excluded.institution_path,
        ${names.map((name) => `${name} = excluded.${name}`).join(', ')}
      returning 1
    ) select count(*)::int as written from written`
  const [row] = await db.rows<{ written: number }>({ text, values, prepared: false })
  return row!.written
}

/**
 * Keeps the facts of a slice as of a month-end that is over, where none are stored yet. `today` is that day and `over` when it ended: amounts follow
 * from its balances, what was opened or has come later is left out. What has no days of its own (the dossier) is as it stands; tiers and classifications are those that were
 * worked out last, where that was within the month.
 */
export async function storeMonthEnd(db: Db, slice: Slice, settings: Settings & { readonly over: Date }): Promise<void> {
  const { bind, values, today, parts, rows, expressionOf } = factsOf(db, slice, settings, 'then')
  const decided = storedFacts.filter((name) => !(refreshedFacts as readonly FactName[]).includes(name))
  const columns = [...refreshedFacts, ...decided].map(factColumn)
  const text = `${parts}
    insert into customer_fact_month (customer_id, month_end, institution_path, ${columns.join(', ')})
    select c.id, p.today, c.institution_path, ${refreshedFacts.map(expressionOf).join(', ')}, ${decided.map((name) => `f.${factColumn(name)}`).join(', ')}
    ${rows}
    left join customer_fact f on f.customer_id = c.id and f.as_of >= date_trunc('month', ${today})
    where coalesce(c.customer_since <= p.today, c.created_at < ${bind(settings.over.toISOString())}::timestamptz)
    on conflict (customer_id, month_end) do nothing`
  await db.rows({ text, values, prepared: false })
}

/** As things are; as a day that has just ended had them, when balances have moved on; or a day long past, of which not all is known. */
type When = 'now' | 'then' | 'past'

/** The parts of a statement over a slice and the rows they join to. */
export function factsOf(db: Db, slice: Slice, { today, baseCurrency, rates }: Settings, when: When) {
  // Row security looks as if it let one row in two hundred through: PostgreSQL would walk from row to row where it should read along.
  if (!('customerIds' in slice))
    for (const setting of ['enable_nestloop = off', `work_mem = '128MB'`])
      sendAlong(db.rows({ text: `set local ${setting}`, values: [], prepared: false }))
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const parameters = {
    today: `${bind(today)}::date`,
    base: `${bind(baseCurrency)}::text`,
    cost: transactionCost(rates, bind),
    ...monthWeights(today, bind),
  }
  const within = sliceCondition(slice, bind)
  const parts = partsOf(within, parameters, when)
  const worked: Readonly<Record<string, string>> = { ...expressions, ...valueExpressions(rates, bind) }
  return {
    bind,
    values,
    today: parameters.today,
    parts,
    rows: joins(within, when),
    expressionOf: (name: FactName): string => worked[name]!,
  }
}

/** What one transaction costs, by its channel and type. */
function transactionCost({ channelCost, typeCost }: ValueRates, bind: Bind): string {
  const by = (column: string, costs: Readonly<Record<string, number>>): string => {
    const cases = Object.entries(costs).map(([value, cost]) => `when '${value}' then ${bind(cost)}::bigint`)
    return cases.length === 0 ? '0' : `case ${column} ${cases.join(' ')} else 0 end`
  }
  return `(${by('channel', channelCost)} + ${by('type', typeCost)})`
}

function sliceCondition(slice: Slice, bind: (value: unknown) => string): (column: string) => string {
  if ('customerIds' in slice) {
    const ids = `${bind(slice.customerIds)}::uuid[]`
    return (column) => `${column} = any (${ids})`
  }
  const from = `${bind(slice.from)}::uuid`
  const until = slice.until === null ? undefined : `${bind(slice.until)}::uuid`
  return (column) => `${column} >= ${from}${until === undefined ? '' : ` and ${column} < ${until}`}`
}

function partsOf(
  within: (column: string) => string,
  { today, base, ends, weights, cost }: Readonly<Record<'today' | 'base' | 'ends' | 'weights' | 'cost', string>>,
  when: When,
): string {
  // A holding as it is, or as the day had it.
  const open =
    when === 'now'
      ? `a.status <> 'closed'`
      : `(a.status <> 'closed' or a.closed_on > p.today) and (a.opened_on is null or a.opened_on <= p.today)`
  const active = when === 'now' ? `a.status = 'active'` : `(a.status = 'active' or a.closed_on > p.today)`
  const balance = when === 'now' ? inBase('a.balance', 'a', 'a') : 'case when s.holding_id is null then 0 else s.v end'
  const holdings =
    when === 'now'
      ? 'account a'
      : 'account a left join span s on s.customer_id = a.customer_id and s.holding_id = a.id and s.until > s.today'
  const sum = (amount: string, condition: string): string => `sum(${amount}) filter (where ${condition})`
  return `with p as materialized (
      select ${today} as today, ${base} as base, ${ends} as ends, ${weights} as weights, date_trunc('month', ${today})::date as this_month
    ), rate as materialized (
      select distinct on (currency) currency, rate from exchange_rate where day <= ${today} order by currency, day desc
    ), account as materialized (
      select h.customer_id, h.id, h.product_id, h.status, h.opened_on, h.closed_on, h.matures_on, h.last_used_on, h.edition, h.origin, h.balance, h.balance_on, q.code, q.family, q.category, (q.annual_margin * 1000000)::bigint as margin,
        q.family in (${quoted(assetFamilies)}) as counts, h.currency, r.rate
      from p, holding h join product q on q.id = h.product_id left join rate r on r.currency = h.currency
      where ${within('h.customer_id')}
    ), span as materialized (
      select b.customer_id, b.holding_id, b.day, least(b.next_day, coalesce(a.closed_on, b.today + 1), b.today + 1) as until, ${inBase('b.amount', 'a', 'a')} as v, a.counts, a.margin, b.today${when === 'past' ? ', b.first' : ''}
      from (
        select customer_id, holding_id, day, amount, ${when === 'past' ? 'min(day) over (partition by customer_id, holding_id) as first, ' : ''}lead(day, 1, ${today} + 1) over (partition by customer_id, holding_id order by day) as next_day, ${today} as today
        from balance where ${within('customer_id')} and day <= ${today}
      ) b
      join account a on a.customer_id = b.customer_id and a.id = b.holding_id cross join p
      where b.next_day > b.today - 366
    ), hold as (
      select customer_id,
        ${['deposit', 'wealth', 'fund', 'insurance', 'loan', 'card'].map((family) => `${sum('v', `family = '${family}'`)} as ${family}`).join(', ')},
        count(distinct product_id) as products, count(distinct family) as families, array_agg(distinct family order by family) as families_held,
        ${sum('size', `category = 'deposit'`)} as deposits, ${sum('size', `category = 'loan'`)} as loans, ${sum('size', `category = 'fee'`)} as fees, sum(size) as everything,
        array_agg(distinct currency order by currency) filter (where counts and v is null) as unconverted,
        min(next_on) as next_on, ${sum('v', 'matures_on = next_on and not_frozen')} as next_amount,
        array_agg(distinct code order by code) filter (where family = 'e_channel') as e_channels, count(*) filter (where family = 'e_channel') as e_channel_sign_ups,
        count(*) filter (where family <> 'e_channel') as accounts,
        array_agg(distinct edition order by edition) filter (where family = 'e_channel' and edition is not null) as e_channel_editions,
        array_agg(distinct origin order by origin) filter (where family = 'e_channel' and origin is not null) as e_channel_origins,
        max(last_used_on) filter (where family = 'e_channel') as e_channel_last_used_on
      from (
        select o.*, abs(o.v::numeric) as size from (
          select a.*, ${balance} as v, ${active} as not_frozen, min(a.matures_on) filter (where ${active} and a.matures_on >= p.today) over (partition by a.customer_id) as next_on
          from p, ${holdings} where ${open}
        ) o
      ) h group by customer_id
    ), bal as (
      select customer_id, ${average(30)} as average_30, ${average(90)} as average_90, ${average(365)} as average_365,
        ${sum('v', 'counts and until > span.today')} as last,
        ${slope()} as slope,
        ${sum('v', 'counts and day <= span.today - 90 and until > span.today - 90')} as then_90, ${sum('v', 'counts and day <= span.today - 365 and until > span.today - 365')} as then_365,
        ${profit()} as profit
      from span, p group by customer_id
    ), peak as (
      select customer_id, max(amount) as amount from (
        select customer_id, sum(change) over (partition by customer_id order by at) as amount from (
          select customer_id, at, sum(change) as change from (
            select customer_id, greatest(day, today - 59) as at, v as change from span where counts and until > today - 59 and day < until
            union all
            select customer_id, until, -v from span where counts and until > today - 59 and until <= today and day < until
          ) step group by customer_id, at
        ) day
      ) level group by customer_id
    ), mov as (
      select customer_id,
        ${(['in', 'out'] as const)
          .flatMap((direction) => [
            `max(v) filter (where direction = '${direction}' and booked_on > today - 30) as ${direction}_30`,
            `max(v) filter (where direction = '${direction}' and booked_on > today - 90) as ${direction}_90`,
            `avg(v) filter (where direction = '${direction}' and booked_on <= today - 30 and booked_on > today - 395) as ${direction}_before_30`,
            `avg(v) filter (where direction = '${direction}' and booked_on <= today - 90) as ${direction}_before_90`,
          ])
          .join(', ')}
      from (
        select m.customer_id, m.direction, m.booked_on, ${inBase('m.amount', 'm', 'r')} as v, p.today
        from p, movement m left join rate r on r.currency = m.currency
        where m.status = 'booked' and m.booked_on <= ${today} and m.booked_on > ${today} - 455 and ${within('m.customer_id')}
      ) m group by customer_id
    ), sal as (
      select customer_id, sum(case when regular then amount else marked end) as amount, bool_or(pension) as pension
      from (
        select m.customer_id, sum(${inBase('m.amount', 'm', 'r')}) as amount, coalesce(sum(${inBase('m.amount', 'm', 'r')}) filter (where m.purpose = 'salary'), 0) as marked, bool_or(m.purpose = 'pension') as pension,
          m.counterparty_hash is not null and not bool_or(m.purpose not in ('salary', 'unknown', 'other')) and count(distinct date_trunc('month', m.booked_on)) = 3 as regular
        from p, movement m left join rate r on r.currency = m.currency
        where m.status = 'booked' and m.direction = 'in' and m.booked_on < p.this_month and m.booked_on >= p.this_month - interval '3 months' and ${within('m.customer_id')}
        group by m.customer_id, m.counterparty_hash
      ) m group by customer_id
    ), act as (
      select customer_id, sum(count * ${cost}) as cost, ${sum('count', own)} as transactions, ${sum('v', own)} as amount,
        ${sum('count', `${own} and channel in ('online', 'mobile', 'phone', 'wechat', 'tv')`)} as electronic,
        ${['counter', 'atm', 'mobile', 'online', 'pos', 'phone', 'wechat', 'tv'].map((channel) => `${sum('count', `${own} and channel = '${channel}'`)} as ${channel}`).join(', ')},
        ${sum('count', `type = 'transfer'`)} as transfers, ${sum('count', `type in ('payment', 'bill')`)} as payments, ${sum('count', `type = 'cash'`)} as cash,
        ${sum('count', `type = 'query'`)} as queries
      from (
        select a.customer_id, a.channel, a.type, a.purpose, a.direction, a.count, ${inBase('a.amount', 'a', 'r')} as v
        from p, activity a left join rate r on r.currency = a.currency
        where a.month < p.this_month and a.month >= p.this_month - interval '${MONTHS} months' and ${within('a.customer_id')}
      ) a group by customer_id
    ), pay as (
      select customer_id, sum(case when regular then amount else marked end) as amount, bool_or(pension) as pension
      from (
        select a.customer_id, sum(${inBase('a.amount', 'a', 'r')}) as amount, coalesce(sum(${inBase('a.amount', 'a', 'r')}) filter (where a.purpose = 'salary'), 0) as marked, bool_or(a.purpose = 'pension') as pension,
          a.counterparty_hash <> '' and not bool_or(a.purpose not in ('salary', 'unknown', 'other')) and count(distinct a.month) = 3 as regular
        from p, activity a left join rate r on r.currency = a.currency
        where a.direction = 'in' and a.count > 0 and a.month < p.this_month and a.month >= p.this_month - interval '3 months' and ${within('a.customer_id')}
        group by a.customer_id, a.counterparty_hash
      ) a group by customer_id
    ), agreed as (
      select customer_id, array_agg(channel || ':' || purpose order by channel, purpose) filter (where decision = 'granted') as consents
      from (select distinct on (customer_id, channel, purpose) customer_id, channel, purpose, decision from consent_event where ${within('customer_id')} order by customer_id, channel, purpose, given_at desc, id desc) e
      group by customer_id
    ), noted as (
      select customer_id, array_agg(distinct kind order by kind) as needs from need where superseded_at is null and status = 'open' and ${within('customer_id')} group by customer_id
    ), elsewhere as (
      select o.customer_id, sum(${inBase('o.amount', 'o', 'r')}) as amount
      from p, outside_holding o left join rate r on r.currency = o.currency
      where o.superseded_at is null and o.status = 'active' and o.kind <> 'loan' and ${within('o.customer_id')} group by o.customer_id
    ), doc as (
      select customer_id, bool_or(verified) as verified from identity_document where ${within('customer_id')} group by customer_id
    ), reach as (
      select customer_id, bool_or(kind = 'phone') as phone, bool_or(kind = 'email') as email from contact_point where ${within('customer_id')} group by customer_id
    ), home as (
      select distinct customer_id from address where ${within('customer_id')}
    ), person as (
      select distinct customer_id from key_person where status = 'active' and ${within('customer_id')}
    ), credit as (
      select distinct customer_id from credit_standing where superseded_at is null and status = 'active' and ${within('customer_id')}
    ), place as materialized (
      select i.id, array_agg(a.code order by a.path) as codes from institution i join institution a on i.path ^@ a.path group by i.id
    ), chosen as (
      select * from customer where ${within('id')}
    )${when === 'past' ? `, known as (${knownThen})` : ''}`
}

/** Each table is told of the slice, or all of it would be read for every slice. */
const joins = (within: (column: string) => string, when: When): string => `from p, chosen c
      join place on place.id = c.institution_id
      left join staff manager on manager.id = ${when === 'past' ? managerThen : 'c.relationship_manager_id'}
      left join customer_profile profile on profile.customer_id = c.id and ${within('profile.customer_id')}
      left join hold on hold.customer_id = c.id
      left join bal on bal.customer_id = c.id
      left join peak on peak.customer_id = c.id
      left join mov on mov.customer_id = c.id
      left join sal on sal.customer_id = c.id
      left join pay on pay.customer_id = c.id
      left join act on act.customer_id = c.id
      left join agreed on agreed.customer_id = c.id
      left join noted on noted.customer_id = c.id
      left join elsewhere on elsewhere.customer_id = c.id
      left join doc on doc.customer_id = c.id
      left join reach on reach.customer_id = c.id
      left join home on home.customer_id = c.id
      left join person on person.customer_id = c.id
      left join credit on credit.customer_id = c.id
      left join contact_preference wish on wish.customer_id = c.id and ${within('wish.customer_id')}
      left join suitability_assessment risk on risk.customer_id = c.id and risk.superseded_at is null and risk.status = 'active' and ${within('risk.customer_id')}
      cross join lateral (
        select (select m.booked_on from movement m where m.customer_id = c.id and m.status = 'booked' and m.purpose not in ('interest', 'fee') and m.booked_on <= p.today order by m.booked_on desc limit 1) as moved_on,
          (select (a.month + interval '1 month - 1 day')::date from activity a where a.customer_id = c.id and a.month <= p.today and a.count > 0 and a.${own} order by a.month desc limit 1) as month_end
      ) last
      ${when === 'past' ? 'left join known on known.customer_id = c.id' : ''}
      cross join lateral (select ${when === 'now' ? 'c.aum' : minor('coalesce(bal.last, 0)')} as amount) owned`
