import { z } from 'zod'
import { addMonths, type Day, monthEndsUpTo } from '../../../core/kernel/calendar.ts'
import { completenessNames, completenessOf, STALE_AFTER_MONTHS } from '../../../core/dossier/completeness.ts'
import type { CustomerKind } from '../../../core/dossier/customers.ts'
import { anniversaryDays, keyDateKinds } from '../../../core/dossier/key-dates.ts'
import { productFamilies } from '../../../core/organisation/products.ts'
import { isPresent } from '../completeness.ts'
import { upcomingOrder, upcomingRows } from '../key-dates.ts'
import { decodeMoney } from '../../platform/views/decode.ts'
import { type Computed, many } from '../../platform/views/view.ts'

const monthEndAmount = z
  .object({
    monthEnd: z.iso.date().meta({ description: 'Last day of the month.' }),
    amount: z
      .object({ amount: z.string(), currency: z.string() })
      .meta({ description: 'Assets at the end of that day, in the base currency.' }),
  })
  .meta({ id: 'MonthEndAmount', description: 'What a customer owned at the end of a month.' })

/** Assets of a customer at the end of each of the last months: for every holding that counts, its last change point by then at the rate of then. */
function assetsByMonth(customer: string, days: string, baseCurrency: string): string {
  return `select json_agg(json_build_array(a.day, json_build_array(coalesce(a.amount, 0)::text, ${baseCurrency}::text)) order by a.day desc)
    from (
      select m.day, sum(convert_amount(b.amount, h.currency, ${baseCurrency}::text, r.rate)) as amount
      from unnest(${days}::date[]) m (day)
      left join (
        select h.id, h.currency, h.closed_on from holding h join product p on p.id = h.product_id and p.family in ('deposit', 'wealth', 'fund', 'insurance')
        where h.customer_id = ${customer}.id
      ) h on h.closed_on is null or h.closed_on > m.day
      left join lateral (select x.amount from balance x where x.customer_id = ${customer}.id and x.holding_id = h.id and x.day <= m.day order by x.day desc limit 1) b on true
      left join lateral (select x.rate from exchange_rate x where x.currency = h.currency and h.currency <> ${baseCurrency}::text and x.day <= m.day order by x.day desc limit 1) r on true
      group by m.day
    ) a`
}

/** Assets at the ends of the last months, as many as the caller asks for. */
export const aumByMonth = (months: number): Computed => ({
  kind: 'computed',
  nullable: false,
  description: 'Assets at the ends of the last months, the latest first, in the base currency at the rates of those days.',
  permission: 'holding:read',
  inRest: true,
  input: z.object({ months: z.int().min(1).max(36).default(months).meta({ description: 'How many months.' }) }),
  output: z.array(monthEndAmount),
  expression: (alias, bind, { baseCurrency, today }, input) =>
    assetsByMonth(alias, bind(monthEndsUpTo(today, Number(input['months']))), bind(baseCurrency)),
  decode: (value) => (value as [string, unknown][]).map(([monthEnd, amount]) => ({ monthEnd, amount: decodeMoney(amount) })),
})

const moneyShape = z.object({ amount: z.string(), currency: z.string() })

/** What a customer holds, by product family. */
export const holdingsByFamily: Computed = {
  kind: 'computed',
  nullable: false,
  description:
    'Open holdings by product family: how many, and their worth in the base currency at today’s rates, debts negative.',
  permission: 'holding:read',
  inRest: false,
  output: z.array(
    z
      .object({
        family: z.enum(productFamilies).meta({ description: 'The product family.' }),
        holdings: z.int().meta({ description: 'Open holdings.' }),
        balance: moneyShape.meta({
          description: 'Their balances in the base currency. Currencies without an exchange rate are left out.',
        }),
      })
      .meta({ id: 'FamilyHoldings', description: 'Open holdings of a customer in one product family.' }),
  ),
  expression: (alias, bind, { baseCurrency, today }) => {
    const base = `${bind(baseCurrency)}::text`
    return `select coalesce(json_agg(json_build_array(f.family, f.holdings, json_build_array(f.balance::text, ${base})) order by f.family), '[]')
    from (
      select p.family, count(*)::int as holdings, coalesce(sum(convert_amount(h.balance, h.currency, ${base}, r.rate)), 0) as balance
      from holding h join product p on p.id = h.product_id
      left join lateral (select x.rate from exchange_rate x where x.currency = h.currency and h.currency <> ${base} and x.day <= ${bind(today)}::date order by x.day desc limit 1) r on true
      where h.customer_id = ${alias}.id and h.status <> 'closed'
      group by p.family
    ) f`
  },
  decode: (value) =>
    (value as [string, number, unknown][]).map(([family, holdings, balance]) => ({
      family,
      holdings,
      balance: decodeMoney(balance),
    })),
}

/** How full and how recently confirmed a dossier is. */
export const quality: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'How full and how recently confirmed the dossier is.',
  permission: 'dossier:read',
  inRest: false,
  output: z
    .object({
      score: z.int().meta({ description: 'Reached points of those that a dossier of this kind can have, 0 to 100.' }),
      missing: z.array(z.enum(completenessNames)).meta({ description: 'What it lacks, the weightiest first.' }),
      documentsToClarify: z.int().meta({ description: 'Identity documents whose numbers failed their checks.' }),
      confirmedAt: z.iso.datetime().nullable().meta({
        description: 'When somebody last verified a field of the profile, a document or a contact, or assessed the customer.',
      }),
      stale: z.boolean().meta({ description: `Whether nobody has for ${STALE_AFTER_MONTHS} months.` }),
    })
    .meta({ id: 'DossierQuality', description: 'How full and how recently confirmed a dossier is.' }),
  expression: (alias, bind, { today }) => {
    const present = completenessNames.map((name) => `case when ${isPresent[name](alias)} then '${name}' end`).join(', ')
    return `json_build_array(${alias}.kind, array_to_json(array_remove(array[${present}], null)),
      (select count(*)::int from identity_document d where d.customer_id = ${alias}.id and not d.verified),
      greatest((select max(p.verified_at) from contact_point p where p.customer_id = ${alias}.id), (select max(d.verified_at) from identity_document d where d.customer_id = ${alias}.id),
        (select max(v.verified_at) from field_source v where v.customer_id = ${alias}.id),
        (select max(s.recorded_at) from suitability_assessment s where s.customer_id = ${alias}.id)), ${bind(today)}::text)`
  },
  decode(value) {
    const [kind, present, documentsToClarify, confirmed, today] = value as [CustomerKind, string[], number, string | null, Day]
    const confirmedAt = confirmed === null ? null : new Date(confirmed)
    const { score, missing } = completenessOf(kind, new Set(present))
    const stale = confirmedAt === null || confirmedAt.toISOString().slice(0, 10) < addMonths(today, -STALE_AFTER_MONTHS)
    return { score, missing, documentsToClarify, confirmedAt, stale }
  },
}

const DAYS_AHEAD = 30

export const upcomingDates = many(
  'UpcomingKeyDate',
  `Key dates that fall on one of the next ${DAYS_AHEAD} days, with birthday and founding day of the profile.`,
  {
    permission: 'dossier:read',
    inRest: 'never',
    from: ({ parent, bind, settings }) => {
      const days = anniversaryDays(settings.today, DAYS_AHEAD)
      return upcomingRows(
        { customerId: `${parent}.id`, reach: { prefixes: ['/'], portfolio: [] }, kinds: keyDateKinds, days },
        bind,
      )
    },
    on: () => 'true',
    orderBy: (child) =>
      upcomingOrder
        .keys(child)
        .map(({ expression }) => expression)
        .join(', '),
  },
)
