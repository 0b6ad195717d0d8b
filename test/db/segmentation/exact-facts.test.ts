import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import { rebuildFacts, type Slice } from '../../../src/db/segmentation/facts/rebuild.ts'
import { type HoldingBank, openHoldingBank } from '../../setup/holding-feeds.ts'

let bank: HoldingBank
beforeAll(async () => {
  bank = await openHoldingBank()
})
afterAll(() => bank.close())

const CUSTOMERS = 30
const currencies = ['CNY', 'USD', 'JPY', 'KWD']
const products = ['DEP', 'FUND', 'LOAN']

const rates = {
  channelCost: { counter: 800, mobile: 10 },
  typeCost: { cash: 100 },
  fixedCost: { individual: 3000, sole_trader: 9000, company: 30_000 },
  retention: 0.9,
  discount: 0.08,
  years: 5,
  outsideMargin: 0.008,
  outsideChance: 0.2,
  growthMargin: 0.01,
}

/** Facts of all customers as they are stored, without the instant at which they were computed. */
async function factsAfter(slice: Slice): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
  const settings = { today: '2026-11-22', baseCurrency: 'CNY', rates, now: new Date('2026-11-22T02:00:00Z') }
  await bank.database.transaction({ prefixes: ['/'], portfolio: [], caller: 'system:test' }, (db) =>
    rebuildFacts(db, slice, settings),
  )
  const { rows } = await bank.owner.query<{ id: string; facts: Readonly<Record<string, unknown>> }>(
    `select customer_id as id, to_jsonb(f) - 'refreshed_at' as facts from customer_fact f order by 1`,
  )
  return new Map(rows.map(({ id, facts }) => [id, facts]))
}

/** Writes the rows of a table again, in another order than they came in. */
async function shuffle(table: string): Promise<void> {
  await bank.owner.query(`
    begin; create temp table again on commit drop as select * from ${table}; delete from ${table};
    insert into ${table} select * from again t order by md5(t::text) desc; commit`)
}

/** A whole number below `most` that follows from two others. */
const scattered = (a: number, b: number, most: number): number => ((a * 7919 + b * 104_729 + a * b * 31) % 999_983) % most

describe('facts', () => {
  beforeAll(async () => {
    await bank.send('exchangeRates', [
      { currency: 'USD', day: '2026-10-01', rate: '7.0917' },
      { currency: 'JPY', day: '2026-10-01', rate: '0.0467331' },
      { currency: 'KWD', day: '2026-10-01', rate: '23.1177003' },
    ])
    await bank.owner.query(
      `update product set annual_margin = case code when 'DEP' then 0.011703 when 'FUND' then 0.007331 when 'LOAN' then 2.5 end`,
    )
    const names = Array.from({ length: CUSTOMERS }, (_, index) => `X${index}`)
    await bank.send(
      'customers',
      names.map((externalId) => ({ externalId, kind: 'individual' as const, name: '王小明', institutionCode: 'B1' })),
    )
    const holdings = names.flatMap((customerExternalId, one) =>
      Array.from({ length: 6 }, (_, other) => ({
        externalId: `${customerExternalId}-${other}`,
        customerExternalId,
        productCode: products[(one + other) % 3]!,
        currency: currencies[(one * 5 + other) % 4]!,
      })),
    )
    await bank.feed('holdings', holdings)
    const decimals: Readonly<Record<string, number>> = { CNY: 2, USD: 2, JPY: 0, KWD: 3 }
    const balances = holdings.flatMap(({ externalId, currency }, one) =>
      Array.from({ length: 14 }, (_, other) => {
        // One in nine does not fit into the whole numbers that a double holds.
        const huge = (one + other) % 9 === 0 ? '610000000000' : ''
        const fraction = `${scattered(one, other + 3, 1000)}`.padStart(3, '0').slice(0, decimals[currency])
        return {
          holdingExternalId: externalId,
          day: addDays('2026-11-22', -scattered(other, one, 29) - other * 29),
          amount: `${huge}${1 + scattered(one, other, 900)}${fraction && `.${fraction}`}`,
        }
      }),
    )
    expect((await bank.feed('balances', balances)).filter((outcome) => 'refusal' in outcome)).toEqual([])
    await bank.feed(
      'activity',
      names.flatMap((customerExternalId, one) =>
        ['2026-08', '2026-09', '2026-10'].flatMap((month, other) =>
          currencies.map((currency, third) => ({
            customerExternalId,
            month,
            channel: third % 2 === 0 ? ('counter' as const) : ('mobile' as const),
            type: 'transfer' as const,
            direction: 'in' as const,
            count: 1 + scattered(one, other, 7),
            amount: `${1 + scattered(one + other, third, 99_999)}`,
            currency,
          })),
        ),
      ),
    )
    await bank.feed(
      'movements',
      holdings.flatMap(({ externalId: holdingExternalId, currency }, one) =>
        Array.from({ length: 3 }, (_, other) => ({
          holdingExternalId,
          externalId: `${holdingExternalId}-M${other}`,
          bookedOn: addDays('2026-11-22', -scattered(one, other, 300)),
          direction: (one + other) % 2 === 0 ? ('in' as const) : ('out' as const),
          channel: 'mobile' as const,
          amount: `${1 + scattered(one, other, 99_999)}`,
          currency,
        })),
      ),
    )
  })

  test('are the same to the last digit whatever the order of rows, of all customers at once or of some', async () => {
    const whole = await factsAfter({ from: '00000000-0000-0000-0000-000000000000', until: null })
    const amounts = [...whole.values()].map(({ aum_average_90: average }) => average)
    expect(new Set(amounts).size).toBeGreaterThan(CUSTOMERS)
    for (const table of ['balance', 'movement', 'activity']) await shuffle(table)
    expect(await factsAfter({ customerIds: [...whole.keys()].toReversed() })).toEqual(whole)
  })

  test('agree with the assets of the customer, to the minor unit', async () => {
    const { rows } = await bank.owner.query(`
      select c.id from customer c join customer_fact f on f.customer_id = c.id
      where c.aum is distinct from coalesce(f.deposit_balance, 0) + coalesce(f.fund_balance, 0)`)
    expect(rows).toEqual([])
  })

  test('name the currencies without a rate, which are in none of the amounts', async () => {
    await bank.feed('holdings', [
      { externalId: 'E1', customerExternalId: 'C1', productCode: 'DEP', currency: 'EUR', balance: '100' },
      { externalId: 'E2', customerExternalId: 'C1', productCode: 'LOAN', currency: 'GBP', balance: '-100' },
      { externalId: 'E3', customerExternalId: 'C1', productCode: 'DEP', currency: 'CHF', balance: '100', status: 'closed' },
      { externalId: 'E4', customerExternalId: 'C1', productCode: 'FUND', currency: 'USD', balance: '100' },
    ])
    const { rows } = await bank.owner.query<{ id: string }>(`
      select c.id from customer c join customer_external_id e on e.customer_id = c.id where e.external_id = 'C1'`)
    const facts = (await factsAfter({ customerIds: [rows[0]!.id] })).get(rows[0]!.id)!
    expect(facts).toMatchObject({ unconverted_currencies: ['EUR'], aum: 70_917, aum_average_30: 2_364, deposit_balance: null })
  })
})
