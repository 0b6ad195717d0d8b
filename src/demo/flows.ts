import { addMonths, type Day, monthEndsUpTo } from '../core/kernel/calendar.ts'
import { counterpartyIndexes } from '../db/feeds/counterparties.ts'
import type { Vault } from '../db/platform/vault.ts'
import { insert, type Loading } from './loading.ts'

/** Months of balances and of salaries. */
const months = 24
const employers = 200

/** SQL for a table (back, day, day_before) of days, the first of them 0 back. */
function daysSql(days: readonly Day[], before: (position: number) => Day | undefined = () => undefined): string {
  const rows = days.map((day, back) => `(${back}, date '${day}', ${before(back) ? `date '${before(back)}'` : 'null::date'})`)
  return `(values ${rows.join(', ')})`
}

/** The first days of the months before the one that a day lies in; the position is how many months before, the month itself left out. */
function monthsSql(today: Day, count: number): string {
  const first = `${today.slice(0, 8)}01`
  return `(select * from ${daysSql(Array.from({ length: count + 1 }, (_, back) => addMonths(first, -back)))} m (back, month, unused) where back > 0)`
}

/**
 * Writes change points: the day of opening for what has a term, the day of closing with nothing left, and month-ends for all else, where the
 * balance changed. The newest is what the holding says.
 */
export async function loadBalances(loading: Loading): Promise<void> {
  const { draws, today, now } = loading
  const unit = (purpose: string): string => draws.unit(`h.number * 32 + m.back`, purpose)
  const step = unit('balance step')
  const monthEnds = monthEndsUpTo(today, months + 1).toReversed()
  const lastMonthEnd = `date '${monthEnds[0]}'`
  await insert(
    loading,
    `insert into balance (customer_id, holding_id, day, institution_path, amount, as_of)
    select h.customer_id, h.id, coalesce(m.day, h.balance_on), h.institution_path,
      case when m.back is null or m.back = 0 then h.balance
        else round(h.balance * case when h.family = 'loan' then 1 + 0.006 * m.back
          else exp(-h.growth * m.back) * case when ${step} < 0.02 then 0.3 when ${step} > 0.98 then 2.2 else 0.9 + 0.2 * ${step} end end)::bigint end,
      $1
    from (
      select h.customer_id, h.id, h.institution_path, h.balance, h.balance_on, h.opened_on, p.family, k.number,
        -- Most grow a little, some shrink.
        0.05 * ${draws.unit('k.number', 'growth')} - 0.015 as growth,
        case when h.status = 'dormant' then 0.04 when p.family in ('loan', 'fund') then 0.9 when p.family = 'card' then 0.6 else 0.48 end as pace,
        h.balance <> 0 and h.balance_on = ${lastMonthEnd} and h.opened_on < ${lastMonthEnd} as monthly
      from holding h
      join product p on p.id = h.product_id
      cross join lateral (select right(h.external_id, 13)::bigint as number) k
      where h.balance_on is not null
      offset 0
    ) h
    left join ${daysSql(monthEnds.slice(0, months), (back) => monthEnds[back + 1])} m (back, day, day_before) on h.monthly and m.day >= h.opened_on
      and (m.back in (0, ${months - 1}) or m.day_before < h.opened_on or ${unit('balance moves')} < h.pace)`,
    [now],
  )
}

interface Habit {
  readonly channel: string
  readonly type: string
  readonly purpose: string
  readonly direction: 'in' | 'out' | 'none'
  /** How likely in a month, for customers of these kinds. */
  readonly likely: number
  readonly of: 'persons' | 'businesses' | 'pensioners' | 'all'
  /** Typical number of transactions, and part of the wealth that they move. */
  readonly count: number
  readonly part: number
}

const habits: readonly Habit[] = [
  {
    channel: 'mobile',
    type: 'payment',
    purpose: 'household',
    direction: 'out',
    likely: 0.26,
    of: 'persons',
    count: 14,
    part: 0.03,
  },
  { channel: 'mobile', type: 'transfer', purpose: 'other', direction: 'out', likely: 0.15, of: 'all', count: 3, part: 0.06 },
  { channel: 'online', type: 'transfer', purpose: 'unknown', direction: 'in', likely: 0.12, of: 'all', count: 2, part: 0.08 },
  { channel: 'mobile', type: 'query', purpose: 'unknown', direction: 'none', likely: 0.1, of: 'all', count: 9, part: 0 },
  { channel: 'atm', type: 'cash', purpose: 'unknown', direction: 'out', likely: 0.13, of: 'persons', count: 2, part: 0.02 },
  { channel: 'counter', type: 'cash', purpose: 'unknown', direction: 'in', likely: 0.05, of: 'all', count: 1, part: 0.08 },
  { channel: 'pos', type: 'payment', purpose: 'household', direction: 'out', likely: 0.1, of: 'persons', count: 4, part: 0.02 },
  { channel: 'other', type: 'bill', purpose: 'household', direction: 'out', likely: 0.07, of: 'persons', count: 2, part: 0.005 },
  {
    channel: 'pos',
    type: 'payment',
    purpose: 'merchant_settlement',
    direction: 'in',
    likely: 0.6,
    of: 'businesses',
    count: 60,
    part: 0.2,
  },
  {
    channel: 'counter',
    type: 'transfer',
    purpose: 'pension',
    direction: 'in',
    likely: 0.4,
    of: 'pensioners',
    count: 1,
    part: 0.02,
  },
]

/** Writes a year of monthly activity, interest by quarter, loan repayments, and two years of salaries from employers who are customers too. */
export async function loadActivity(loading: Loading, vault: Vault): Promise<void> {
  const { client, draws, today, now } = loading
  const intoActivity = `insert into activity (customer_id, month, channel, type, purpose, direction, currency, counterparty_hash, institution_path, count, amount, as_of)`
  const unit = (purpose: string): string => draws.unit('(c.n * 16 + t.habit) * 32 + m.back', purpose)
  await client.query(
    'create temp table demo_habit (habit int, channel text, type text, purpose text, direction text, likely float8, "of" text, count float8, part float8) on commit drop',
  )
  await client.query('insert into demo_habit select * from json_populate_recordset(null::demo_habit, $1::json)', [
    JSON.stringify(habits.map((habit, index) => ({ ...habit, habit: index + 1 }))),
  ])
  await insert(
    loading,
    `${intoActivity}
    select c.id, m.month, t.channel, t.type, t.purpose, t.direction, 'CNY', '', c.path, 1 + floor(${unit('count')} * t.count * 1.8)::int,
      case when t.part = 0 then 0 else 100 * (1 + floor(t.part * power(c.wealth, 0.97) * (0.2 + 1.6 * ${unit('activity amount')}) / 100)) end::bigint, $1
    from demo_customer c
    join demo_habit t on case t.of when 'all' then true when 'persons' then c.kind <> 'company' when 'businesses' then c.kind <> 'individual' else c.birth_date < date '${today}' - 21915 end
    cross join ${monthsSql(today, 12)} m
    where c.status = 'active' and c.lively and ${unit('activity')} < t.likely and m.month > c.begun`,
    [now],
  )
  await insert(
    loading,
    `${intoActivity}
    select c.id, m.month, 'other', 'interest', 'interest', 'in', 'CNY', '', c.path, 1, 1 + floor(c.wealth * 0.0012)::bigint, $1
    from demo_customer c cross join ${monthsSql(today, 12)} m
    where c.status = 'active' and extract(month from m.month) in (3, 6, 9, 12) and m.month > c.begun and c.z > -0.6`,
    [now],
  )
  await insert(
    loading,
    `${intoActivity}
    select h.customer_id, m.month, 'other', 'transfer', 'loan_repayment', 'out', 'CNY', '', h.institution_path, count(*)::int, sum(1 + abs(h.balance) / 50)::bigint, $1
    from holding h join product p on p.id = h.product_id and p.family = 'loan'
    cross join ${monthsSql(today, 12)} m
    where h.status = 'active' and m.month > h.opened_on
    group by h.customer_id, h.institution_path, m.back, m.month`,
    [now],
  )

  const { rows } = await client.query<{ account: string }>(
    `select '622202' || lpad((n * 32 + 1)::text, 13, '0') as account from (select n from demo_customer where kind = 'company' and status = 'active' order by n limit ${employers}) c`,
  )
  const hashes = rows.map(({ account }) => counterpartyIndexes(vault, account)[0]!.hash.toString('hex'))
  // Without a company customer salaries come from nobody known.
  const employer =
    hashes.length === 0
      ? `''::bytea`
      : `decode(('{${hashes.join(',')}}'::text[])[1 + floor(${draws.unit('c.n', 'employer')} * ${hashes.length})::int], 'hex')`
  await insert(
    loading,
    `${intoActivity}
    select c.id, m.month, 'other', 'transfer', 'salary', 'in', 'CNY', c.employer, c.path, 1, c.salary + floor(c.salary * 0.1 * ${draws.unit('c.n * 32 + m.back', 'salary')})::bigint, $1
    from (
      select c.n, c.id, c.path, h.opened_on, ${employer} as employer, 300000 + floor(power(${draws.unit('c.n', 'salary')}, 3) * 3000000)::bigint as salary
      from holding h join product p on p.id = h.product_id and p.code = 'PAY-SALARY' join demo_customer c on c.id = h.customer_id
      where h.status <> 'closed'
      offset 0
    ) c
    cross join ${monthsSql(today, months)} m
    where m.month > c.opened_on`,
    [now],
  )
}

/** Stages flows of at least 50,000 of the last year through current accounts in `demo_movement`; whom they came from or went to is sealed later. */
export async function stageMovements({ client, draws, today }: Loading): Promise<void> {
  const unit = (purpose: string): string => draws.unit('c.n * 16 + m.part', purpose)
  await client.query(`
    create temp table demo_movement on commit drop as
    select c.n, ${draws.id('extract(epoch from c.booked_on)::bigint * 1000 + c.n % 86400000', 'c.n * 16 + c.part', 'movement')} as id, c.customer_id, c.path, c.holding_id, 'M' || lpad((c.n * 16 + c.part)::text, 12, '0') as external_id,
      case when c.way < 0.52 then 'in' else 'out' end as direction, c.amount, c.booked_on, c.channel,
      case when c.kind <> 'individual' and c.way < 0.3 then 'merchant_settlement' when c.way > 0.93 then 'insurance' when c.way > 0.85 then 'loan_repayment' when c.way > 0.7 then 'household' else 'unknown' end as purpose
    from (
      select c.n, m.part, c.kind, h.customer_id, c.path, h.id as holding_id, ${unit('movement way')} as way,
        greatest(date '${today}' - floor(${unit('movement day')} * 365)::int, h.opened_on) as booked_on,
        greatest(5000000, 100000 * round(c.wealth * (0.02 + 0.4 * power(${unit('movement amount')}, 2)) / 100000))::bigint as amount,
        (array['counter', 'online', 'online', 'mobile', 'mobile', 'other'])[1 + floor(${unit('movement channel')} * 6)::int] as channel
      from demo_customer c
      join holding h on h.customer_id = c.id and h.status = 'active' and h.external_id = '622202' || lpad((c.n * 32 + 1)::text, 13, '0')
      cross join generate_series(1, 8) m (part)
      where c.status = 'active' and c.lively and c.wealth > 5000000 and ${unit('movement')} < least(0.06 * c.wealth / 10000000, 0.3)
      offset 0
    ) c`)
  await client.query('analyze demo_movement')
}

export async function loadMovements(loading: Loading): Promise<void> {
  const { now } = loading
  await insert(
    loading,
    `insert into movement (customer_id, id, institution_path, holding_id, source, external_id, direction, amount, currency, booked_on, channel, purpose,
      counterparty_encrypted, counterparty_masked, counterparty_hash, index_key_id, status, as_of, created_at, updated_at)
    select m.customer_id, m.id, m.path, m.holding_id, 'core', m.external_id, m.direction, m.amount, 'CNY', m.booked_on, m.channel, m.purpose, s.encrypted, s.masked, s.hash, s.index_key_id, 'booked', $1, $1, $1
    from demo_movement m left join demo_counterparty s on s.id = m.id`,
    [now],
  )
}
