import { z } from 'zod'
import { monthEndsUpTo } from '../../../core/kernel/calendar.ts'
import { FIRST_BALANCE_DAYS } from '../../../core/feeds/holdings.ts'
import { productFamilies } from '../../../core/organisation/products.ts'
import { decodeMoney } from '../../platform/views/decode.ts'
import { type Computed, many, page, shownInRest, type ViewExtension } from '../../platform/views/view.ts'

const rate = z
  .object({
    currency: z.string().meta({ description: 'The currency.' }),
    rate: z.string().meta({ description: 'Price of one unit of it in the base currency.' }),
    day: z.iso.date().meta({ description: 'The day of the rate.' }),
  })
  .meta({ id: 'UsedRate', description: 'An exchange rate on which an amount rests.' })

const unconverted = z
  .array(z.string())
  .meta({ description: 'Currencies of holdings that are excluded from the amount because they had no exchange rate by then.' })

const monthEndAmount = z
  .object({
    monthEnd: z.iso.date().meta({ description: 'Last day of the month.' }),
    amount: z
      .object({ amount: z.string(), currency: z.string() })
      .meta({ description: 'Assets at the end of that day, in the base currency, at the rates of that day.' }),
    unconvertedCurrencies: unconverted,
    unknownBalances: z.int().meta({
      description: 'Accounts that were open then and whose first known balance is of a later day: the amount excludes them.',
    }),
    rates: z.array(rate).meta({ description: 'The exchange rates used, by currency.' }),
  })
  .meta({ id: 'MonthEndAmount', description: 'Assets of a customer at the end of a month.' })

/** Assets of a customer at the end of each of the last months: for every holding that counts, its last change point by then at the rate of then. */
function assetsByMonth(customer: string, days: string, baseCurrency: string): string {
  return `select json_agg(json_build_array(a.day, json_build_array(coalesce(a.amount, 0)::text, ${baseCurrency}::text), a.unconverted, a.rates, a.unknown) order by a.day desc)
    from (
      select m.day, sum(convert_amount(b.amount, h.currency, ${baseCurrency}::text, r.rate)) as amount,
        json_agg(distinct h.currency) filter (where b.amount is not null and h.currency <> ${baseCurrency}::text and r.rate is null) as unconverted,
        json_agg(distinct jsonb_build_array(h.currency, r.rate::text, r.day)) filter (where b.amount is not null and r.rate is not null) as rates,
        count(*) filter (where b.amount is null and h.balance_on > m.day and coalesce(h.opened_on < m.day - ${FIRST_BALANCE_DAYS}, true))::int as unknown
      from unnest(${days}::date[]) m (day)
      left join (
        select h.id, h.currency, h.opened_on, h.closed_on, h.balance_on from holding h join product p on p.id = h.product_id and p.family in ('deposit', 'wealth', 'fund', 'insurance')
        where h.customer_id = ${customer}.id
      ) h on h.closed_on is null or h.closed_on > m.day
      left join lateral (select x.amount from balance x where x.customer_id = ${customer}.id and x.holding_id = h.id and x.day <= m.day order by x.day desc limit 1) b on true
      left join lateral (select x.rate, x.day from exchange_rate x where x.currency = h.currency and h.currency <> ${baseCurrency}::text and x.day <= m.day order by x.day desc limit 1) r on true
      group by m.day
    ) a`
}

/** Assets at the ends of the last months, as many as the caller asks for. */
const aumByMonth = (months: number): Computed => ({
  kind: 'computed',
  nullable: false,
  description: 'Assets at recent month-ends, newest first, in the base currency at the rates of those days.',
  permission: 'holding:read',
  inRest: true,
  input: z.object({ months: z.int().min(1).max(36).default(months).meta({ description: 'Number of months.' }) }),
  output: z.array(monthEndAmount),
  expression: (alias, bind, { baseCurrency, today }, input) =>
    assetsByMonth(alias, bind(monthEndsUpTo(today, Number(input['months']))), bind(baseCurrency)),
  decode: (value) =>
    (value as [string, unknown, string[] | null, UsedRate[] | null, number][]).map(
      ([monthEnd, amount, currencies, rates, unknownBalances]) => ({
        monthEnd,
        amount: decodeMoney(amount),
        unconvertedCurrencies: currencies ?? [],
        unknownBalances,
        rates: decodeRates(rates),
      }),
    ),
})

type UsedRate = readonly [currency: string, rate: string, day: string]

const decodeRates = (rates: readonly UsedRate[] | null) =>
  (rates ?? []).map(([currency, one, day]) => ({ currency, rate: one, day }))

const moneyShape = z.object({ amount: z.string(), currency: z.string() })

/** What a customer holds, by product family. */
const holdingsByFamily: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'Open holdings by product family: number, and value in the base currency at today’s rates, debts negative.',
  permission: 'holding:read',
  inRest: false,
  output: z.array(
    z
      .object({
        family: z.enum(productFamilies).meta({ description: 'The product family.' }),
        holdings: z.int().meta({ description: 'Number of open holdings.' }),
        balance: moneyShape.meta({
          description: 'Their balances in the base currency. Currencies without an exchange rate are excluded.',
        }),
        unconvertedCurrencies: unconverted,
      })
      .meta({ id: 'FamilyHoldings', description: 'Open holdings of a customer in one product family.' }),
  ),
  expression: (alias, bind, { baseCurrency, today }) => {
    const base = `${bind(baseCurrency)}::text`
    return `select coalesce(json_agg(json_build_array(f.family, f.holdings, json_build_array(f.balance::text, ${base}), f.unconverted) order by f.family), '[]')
    from (
      select p.family, count(*)::int as holdings, coalesce(sum(convert_amount(h.balance, h.currency, ${base}, r.rate)), 0) as balance,
        json_agg(distinct h.currency) filter (where h.currency <> ${base} and r.rate is null) as unconverted
      from holding h join product p on p.id = h.product_id
      left join lateral (select x.rate from exchange_rate x where x.currency = h.currency and h.currency <> ${base} and x.day <= ${bind(today)}::date order by x.day desc limit 1) r on true
      where h.customer_id = ${alias}.id and h.status <> 'closed'
      group by p.family
    ) f`
  },
  decode: (value) =>
    (value as [string, number, unknown, string[] | null][]).map(([family, holdings, balance, currencies]) => ({
      family,
      holdings,
      balance: decodeMoney(balance),
      unconvertedCurrencies: currencies ?? [],
    })),
}

/** What a customer holds, in the customer's own view and at a glance. */
export const holdingExtensions: readonly ViewExtension[] = [
  {
    name: 'Customer',
    fields: {
      aumByMonth: aumByMonth(12),
      unconvertedCurrencies: {
        kind: 'computed',
        nullable: false,
        description: 'Currencies of holdings that are excluded from the assets because they have no exchange rate yet.',
        permission: 'holding:read',
        inRest: true,
        output: z.array(z.string()),
        expression: (alias, bind, { baseCurrency, today }) => `select coalesce(json_agg(distinct h.currency), '[]') from holding h
      join product p on p.id = h.product_id and p.family in ('deposit', 'wealth', 'fund', 'insurance')
      where h.customer_id = ${alias}.id and h.status <> 'closed' and h.currency <> ${bind(baseCurrency)}::text
        and not exists (select from exchange_rate r where r.currency = h.currency and r.day <= ${bind(today)}::date)`,
      },
      assetRates: {
        kind: 'computed',
        nullable: false,
        description: 'The exchange rates on which the assets rest, by currency: the newest ones.',
        permission: 'holding:read',
        inRest: true,
        output: z.array(rate),
        expression: (
          alias,
          bind,
          { baseCurrency, today },
        ) => `select json_agg(json_build_array(r.currency, r.rate::text, r.day) order by r.currency)
      from (
        select distinct h.currency from holding h join product p on p.id = h.product_id and p.family in ('deposit', 'wealth', 'fund', 'insurance')
        where h.customer_id = ${alias}.id and h.status <> 'closed' and h.currency <> ${bind(baseCurrency)}::text
      ) c cross join lateral (
        select x.currency, x.rate, x.day from exchange_rate x where x.currency = c.currency and x.day <= ${bind(today)}::date order by x.day desc limit 1
      ) r`,
        decode: (value) => decodeRates(value as readonly UsedRate[] | null),
      },
      holdings: many('Holding', 'Holdings of the customer, debts included, ordered by account number.', {
        permission: 'holding:read',
        inRest: 'single',
        on: (parent, child) => `${child}.customer_id = ${parent}.id`,
        orderBy: (child) => `${child}.account_number, ${child}.id`,
      }),
      sharedHoldings: many(
        'SharedHolding',
        'Holdings of others to which the customer is a party; not counted as the customer’s own.',
        {
          permission: 'holding:read',
          inRest: 'single',
          on: (parent, child) => `${child}.customer_id = ${parent}.id`,
          orderBy: (child) => `${child}.holding_id, ${child}.role`,
        },
      ),
      holdingsByFamily,
      activity: page('Activity', 'Transactions by month, channel, type and purpose, newest first.', {
        permission: 'activity:read',
        on: (parent, child) => `${child}.customer_id = ${parent}.id`,
        keys: (child) => [
          { expression: `${child}.month`, cast: 'date' },
          { expression: `${child}.channel`, cast: 'text' },
          { expression: `${child}.type`, cast: 'text' },
          { expression: `${child}.purpose`, cast: 'text' },
          { expression: `${child}.direction`, cast: 'text' },
          { expression: `${child}.currency`, cast: 'text' },
          { expression: `${child}.counterparty_hash`, cast: 'bytea' },
        ],
        direction: 'desc',
      }),
      movements: page('Movement', 'Movements, newest first.', {
        permission: 'activity:read',
        on: (parent, child) => `${child}.customer_id = ${parent}.id`,
        keys: (child) => [
          { expression: `${child}.booked_on`, cast: 'date' },
          { expression: `${child}.id`, cast: 'uuid' },
        ],
        direction: 'desc',
      }),
    },
  },
  { name: 'CustomerOverview', fields: { holdingsByFamily: shownInRest(holdingsByFamily), aumByMonth: aumByMonth(24) } },
]
