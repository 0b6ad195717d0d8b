import { monthEndsUpTo } from '../core/kernel/calendar.ts'
import { assetFamilies } from '../core/organisation/products.ts'
import { insert, type Loading } from './loading.ts'
import { priceIn } from './products.ts'

/** What customers may hold: how likely by kind, how much likelier a standard deviation of wealth makes it, which part of the wealth lies there. */
interface Slot {
  readonly individual: number
  readonly soleTrader: number
  readonly company: number
  readonly slope: number
  readonly share: number
  /** Codes of products, one of which is drawn. */
  readonly personal: readonly string[]
  readonly corporate: readonly string[]
}

const slot = (
  [individual, soleTrader, company]: readonly [number, number, number],
  slope: number,
  share: number,
  personal: string,
  corporate = personal,
): Slot => ({ individual, soleTrader, company, slope, share, personal: personal.split(' '), corporate: corporate.split(' ') })

/** The first is the current account. At most 31: a holding's number is 32 times the customer's and its slot. */
const slots: readonly Slot[] = [
  slot([0.97, 0.98, 0.99], 0, 0.25, 'CUR-CNY', 'CUR-CORP'),
  slot([0.34, 0.3, 0.2], 0.16, 0.45, 'TD-3M TD-6M TD-12M TD-12M TD-24M TD-36M', 'TDC-12M'),
  slot([0.1, 0.08, 0.05], 0.12, 0.35, 'TD-3M TD-6M TD-12M TD-24M', 'TDC-12M'),
  slot([0.02, 0.02, 0.06], 0.04, 0.5, 'CD-36M CALL-7D', 'CALL-7D'),
  slot([0.09, 0.08, 0.05], 0.13, 0.5, 'WM-CASH WM-90D WM-180D WM-365D', 'WM-CASH WM-90D'),
  slot([0.07, 0.06, 0.02], 0.07, 0.2, 'FD-MONEY FD-BOND FD-MIX FD-STOCK', 'FD-MONEY'),
  slot([0.09, 0.07, 0], 0.04, 0.15, 'IN-LIFE IN-ANN IN-SAVE'),
  slot([0.1, 0.3, 0.26], 0.02, 0.7, 'LN-MORT LN-CONS LN-CAR LN-CONS', 'LN-WC LN-WC LN-EQ'),
  slot([0.01, 0.15, 0], 0.02, 0.6, 'LN-BIZ'),
  slot([0.38, 0.4, 0], 0.02, 0, 'CARD-DEBIT'),
  slot([0.2, 0.22, 0], 0.04, 0.02, 'CARD-CREDIT CARD-CREDIT CARD-GOLD'),
  slot([0.18, 0.02, 0.22], 0, 0, 'PAY-SALARY', 'PAY-AGENCY'),
  slot([0.4, 0.5, 0], 0.03, 0, 'EC-MOBILE'),
  slot([0.2, 0.28, 0.55], 0.03, 0, 'EC-ONLINE', 'EC-CORP'),
  slot([0.06, 0.05, 0], 0, 0, 'EC-WECHAT EC-WECHAT EC-PHONE EC-TV'),
  slot([0.13, 0.1, 0.16], 0.07, 0.2, 'CUR-USD CUR-USD CUR-HKD CUR-EUR TD-USD-12M WM-USD-6M', 'CUR-USD CUR-USD CUR-HKD CUR-EUR'),
  slot([0.04, 0.35, 0.25], 0, 0, 'COL-BILL', 'COL-MERCHANT SET-CASH'),
  slot([0.03, 0.03, 0], 0.02, 0.06, 'SEC-CUSTODY GOLD-ACC BOX'),
]

const money = `(p.family in ('deposit', 'wealth', 'fund', 'insurance', 'loan', 'securities', 'precious_metal') or p.code in ('CARD-CREDIT', 'CARD-GOLD'))`

/**
 * Writes the holdings with their present balances, the names core banking has for them, and further parties; stages each customer's assets in `demo_assets`.
 * The number of a holding (32 times the customer's, and the slot) ends its account number.
 */
export async function loadHoldings(loading: Loading): Promise<void> {
  const { client, draws, today, now, baseCurrency } = loading
  const unit = (purpose: string): string => draws.unit('h.number', purpose)
  const day = `date '${today}'`
  const lastMonthEnd = `date '${monthEndsUpTo(today, 1)[0]}'`
  const priceInCny = (currency: string): string => `${priceIn('CNY', currency)}`
  await client.query(
    'create temp table demo_slot (slot int, individual float8, sole_trader float8, company float8, slope float8, share float8, personal text[], corporate text[]) on commit drop',
  )
  await client.query('insert into demo_slot select * from json_populate_recordset(null::demo_slot, $1::json)', [
    JSON.stringify(slots.map(({ soleTrader, ...rest }, index) => ({ ...rest, sole_trader: soleTrader, slot: index + 1 }))),
  ])
  await insert(
    loading,
    `insert into holding (customer_id, id, institution_path, source, external_id, account_number, product_id, currency, balance, balance_on, opened_on, matures_on, auto_renewal, status, closed_on,
      edition, origin, recommended_by, activated_on, last_used_on, as_of, created_at, updated_at)
    with chosen as (
      select c.n, c.id as customer_id, c.path, c.place, c.kind, c.begun, c.z, c.wealth, c.lively, c.closed_on as left_on, s.slot, s.share, h.number,
        coalesce(c.closed_on, ${day}) as until,
        case when c.kind = 'company' then s.corporate[1 + floor(${unit('product')} * cardinality(s.corporate))::int] else s.personal[1 + floor(${unit('product')} * cardinality(s.personal))::int] end as code
      from demo_customer c
      cross join demo_slot s
      cross join lateral (select c.n * 32 + s.slot as number) h
      where c.status <> 'prospect'
        and ${unit('held')} < least(case c.kind when 'company' then s.company when 'sole_trader' then s.sole_trader else s.individual end + case when s.slope = 0 then 0 else s.slope * c.z end, 0.985)
      offset 0
    ), dated as (
      select h.*, p.id as product_id, p.code as product_code, p.family, p.currency as product_currency, p.term_months,
        -- A term in its time: deposits and wealth products mature from 30 days ago to 720 days from now.
        case when h.slot = 1 then begun
          when p.term_months is null or left_on is not null then begun + floor(${unit('opened')} * (until - begun))::int
          else until - greatest(p.term_months * 30 - 715, 0) - floor(${unit('opened')} * greatest(least(p.term_months * 30 + case when p.family = 'loan' then -15 else 29 end, until - begun) - greatest(p.term_months * 30 - 715, 0), 0))::int
        end as opened_on,
        ${money} as has_money
      from chosen h join product p on p.code = h.code
      offset 0
    ), placed as (
      select h.*, (opened_on + make_interval(months => term_months))::date as matures_on,
        case when left_on is not null then left_on when slot > 1 and ${unit('closed')} < 0.03 then opened_on + floor(${unit('closed on')} * (until - opened_on))::int end as closed_on,
        case when h.family = 'e_channel' then least(opened_on + floor(power(${unit('activated')}, 2) * 25)::int, until) end as activated,
        coalesce(h.product_currency, 'CNY') as currency,
        share * wealth * (0.4 + 1.2 * ${unit('amount')}) / case h.product_currency when 'USD' then ${priceInCny('USD')} when 'HKD' then ${priceInCny('HKD')} when 'EUR' then ${priceInCny('EUR')} else 1 end as amount
      from dated h
      where h.opened_on >= h.begun
      offset 0
    ), valued as (
      select h.*, case
          when not has_money or closed_on is not null then 0
          when family = 'loan' then -(round((h.amount + 3000000) / 10000) * 10000)
          when product_code like 'CARD-%' then -round(least(h.amount, 20000000) * ${unit('card')})
          when term_months is not null and h.amount > 1000000 then round(h.amount / 100000) * 100000
          else round(h.amount)
        end::bigint as balance,
        ${unit('activation')} < 0.82 as activates
      from placed h
      where term_months is null or left_on is not null or matures_on <= ${day} + 720 or family not in ('deposit', 'wealth')
      offset 0
    )
    select h.customer_id, ${draws.id(`extract(epoch from opened_on)::bigint * 1000 + n % 86400000`, 'h.number', 'holding')}, h.path, 'core', a.account_number, a.account_number, product_id, currency, balance,
      case when not has_money then null when closed_on is not null then closed_on when term_months is not null and family <> 'loan' or opened_on > ${lastMonthEnd} then opened_on else ${lastMonthEnd} end,
      opened_on, matures_on, case when family = 'deposit' and term_months is not null then ${unit('renewal')} < 0.45 end,
      case when closed_on is not null then 'closed' when ${unit('frozen')} < 0.002 and family = 'deposit' then 'frozen' when not lively and slot = 1 then 'dormant' else 'active' end, closed_on,
      case when family = 'e_channel' then case when ${unit('edition')} < 0.55 then 'query' else 'professional' end end,
      case when family = 'e_channel' then case when ${unit('origin')} < 0.6 then 'customer_initiated' else 'recommended' end end,
      case when family = 'e_channel' and ${unit('origin')} >= 0.6 then (q.tellers || q.personal)[1 + floor(${unit('recommender')} * cardinality(q.tellers || q.personal))::int] end,
      case when activates then activated end,
      case when activates then case when lively then h.until - floor(power(${unit('last used')}, 3) * (h.until - activated))::int else activated end end,
      $1, $1, $1
    from valued h
    join demo_place q on q.place = h.place
    cross join lateral (select case family when 'card' then '622848' when 'loan' then '110010' when 'e_channel' then '900001' when 'deposit' then '622202' else '330020' end || lpad(h.number::text, 13, '0') as account_number) a
`,
    [now],
  )
  await insert(
    loading,
    `insert into external_id (external_id, source, entity, customer_id, target_id) select external_id, source, 'holding', customer_id, id from holding`,
  )
  await loadParties(loading)
  await client.query(
    `create temp table demo_assets on commit drop as
    with rate as (select distinct on (currency) currency, rate from exchange_rate where day <= ${day} order by currency, day desc)
    select h.customer_id, sum(case when h.currency = $1::text then h.balance else convert_amount(h.balance, h.currency, $1::text, r.rate) end)::bigint as aum
    from holding h join product p on p.id = h.product_id left join rate r on r.currency = h.currency
    where h.status <> 'closed' and p.family = any ('{${assetFamilies.join(',')}}'::text[])
    group by h.customer_id`.replaceAll('$1::text', client.escapeLiteral(baseCurrency)),
  )
  await client.query('analyze demo_assets')
}

/** A spouse as joint owner of a deposit, an authorised user of an account, a guarantor of a loan: the next customer, where both are persons. */
async function loadParties(loading: Loading): Promise<void> {
  const { client, draws, now } = loading
  await client.query(`
    create temp table demo_party on commit drop as
    select ${draws.id('a.begun_ms', 'h.number', 'holding party')} as id, h.id as holding_id, a.id as customer_id, a.path, b.id as party_id, b.path as party_path,
      case when h.loan then 'guarantor' when ${draws.unit('a.n', 'party role')} < 0.75 then 'joint_owner' else 'authorised_user' end as role
    from demo_customer a
    join demo_customer b on b.n = a.n + 1 and b.status = 'active' and b.kind <> 'company'
    join (
      select id, customer_id, right(external_id, 13)::bigint as number, right(external_id, 13)::bigint % 32 in (8, 9) as loan from holding
      where status <> 'closed' and right(external_id, 13)::bigint % 32 in (1, 2, 8)
    ) h on h.customer_id = a.id
    where a.status = 'active' and a.kind <> 'company' and ${draws.unit('a.n', 'party')} < 0.035`)
  await insert(
    loading,
    `insert into holding_party (customer_id, id, institution_path, holding_id, party_customer_id, role, status, source, as_of)
    select customer_id, id, path, holding_id, party_id, role, 'active', 'core', $1 from demo_party`,
    [now],
  )
  await insert(
    loading,
    `insert into party_holding (customer_id, id, institution_path, holding_customer_id, holding_id, role, status, as_of)
    select party_id, id, party_path, customer_id, holding_id, role, 'active', $1 from demo_party`,
    [now],
  )
}
