import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dayOf } from '../../../src/core/kernel/calendar.ts'
import { applyDueBalances } from '../../../src/db/feeds/due-balances.ts'
import { listTimeZones } from '../../../src/db/organisation/institutions.ts'
import { told } from '../../setup/feeds.ts'
import { type HoldingBank, openHoldingBank } from '../../setup/holding-feeds.ts'

let bank: HoldingBank
beforeAll(async () => {
  bank = await openHoldingBank()
})
afterAll(() => bank.close())

const open = (externalId: string, currency = 'CNY', customerExternalId = 'C1', productCode = 'DEP') =>
  bank.feed('holdings', [{ externalId, customerExternalId, productCode, currency }])
const on = (holdingExternalId: string, day: string, amount: string) => ({ holdingExternalId, day, amount })
const stands = (externalId: string) =>
  bank.row('select balance, balance_on::text as day, version from holding where external_id = $1', [externalId])
const points = async (externalId: string) =>
  (
    await bank.owner.query<{ text: string }>(
      `select b.day || ' ' || b.amount || ' v' || b.version as text from balance b join holding h on h.id = b.holding_id where h.external_id = $1 order by b.day`,
      [externalId],
    )
  ).rows.map(({ text }) => text)

/** Runs what falls due at an instant in each time zone of the bank, at most so many holdings in each. Answers how many moved. */
function begin(at: string, limit = 100): Promise<number> {
  const now = new Date(at)
  return bank.database.transaction({ prefixes: ['/'], portfolio: [], caller: 'system:test' }, async (db) => {
    let moved = 0
    for (const { timeZone, paths } of await listTimeZones(db, 'Asia/Shanghai')) {
      const settings = { today: dayOf(now, timeZone), bankToday: dayOf(now, 'Asia/Shanghai'), baseCurrency: 'CNY', now }
      moved += await applyDueBalances(db, paths, settings, limit)
    }
    return moved
  })
}

describe('a feed of balances', () => {
  test('keeps every change point, and the holding stands at the newest', async () => {
    await open('H1')
    const [made, , last] = await bank.feed('balances', [
      on('H1', '2026-11-20', '20'),
      on('H1', '2026-11-01', '1.05'),
      on('H1', '2026-11-21', '-21.5'),
    ])
    expect(made).toMatchObject({ outcome: 'created', id: expect.any(String), customerId: expect.any(String) })
    expect(last).toEqual({ ...made, line: 3 })
    expect(await points('H1')).toEqual(['2026-11-01 105 v1', '2026-11-20 2000 v1', '2026-11-21 -2150 v1'])
    // A balance is no change of the holding's own data.
    expect(await stands('H1')).toEqual({ balance: '-2150', day: '2026-11-21', version: 1 })
    expect(await bank.aum('C1')).toBe(-2150)
    expect(told(await bank.feed('balances', [on('H1', '2026-11-10', '10'), on('H1', '2026-11-20', '22')]))).toEqual([
      'created',
      'updated',
    ])
    expect(await points('H1')).toEqual(['2026-11-01 105 v1', '2026-11-10 1000 v1', '2026-11-20 2200 v2', '2026-11-21 -2150 v1'])
    expect(await stands('H1')).toEqual({ balance: '-2150', day: '2026-11-21', version: 1 })
    expect(told(await bank.feed('balances', [on('H1', '2026-11-21', '30')]))).toEqual(['updated'])
    expect(await stands('H1')).toEqual({ balance: '3000', day: '2026-11-21', version: 1 })
    expect(await bank.aum('C1')).toBe(3000)
  })

  test('changes nothing when the same file is sent twice', async () => {
    await open('T1')
    const file = [
      on('T1', '2026-11-20', '1'),
      { ...on('T1', '2026-11-21', '2'), asOf: '2026-11-21T12:00:00.000Z' },
      on('T1', '2026-11-22', '3'),
    ]
    await bank.feed('balances', file)
    const before = await bank.everything('balance', 'holding', 'customer')
    expect(told(await bank.feed('balances', file, { context: { now: new Date('2026-11-22T03:00:00Z') } }))).toEqual([
      'unchanged',
      'unchanged',
      'unchanged',
    ])
    expect(await bank.everything('balance', 'holding', 'customer')).toEqual(before)
  })

  test('lets no older row overwrite a newer one, in the table or in the batch', async () => {
    await open('O1')
    const at = (amount: string, asOf: string) => ({ ...on('O1', '2026-11-20', amount), asOf: `2026-11-${asOf}T00:00:00.000Z` })
    expect(told(await bank.feed('balances', [at('3', '21'), at('1', '20'), at('4', '21')]))).toEqual([
      'created',
      'superseded',
      'updated',
    ])
    expect(told(await bank.feed('balances', [at('1', '20')]))).toEqual(['superseded'])
    expect(told(await bank.feed('balances', [at('5', '21')]))).toEqual(['updated'])
    expect(told(await bank.feed('balances', [at('5', '22')]))).toEqual(['unchanged'])
    expect(told(await bank.feed('balances', [{ ...at('6', '21'), asOf: '2026-11-21T12:00:00.000Z' }]))).toEqual(['superseded'])
    expect(await points('O1')).toEqual(['2026-11-20 500 v3'])
    expect(await stands('O1')).toMatchObject({ balance: '500' })
  })

  test('names holdings that are unknown, and those out of scope alike', async () => {
    await open('S1')
    await open('S3', 'CNY', 'C3')
    const refused = (holding: string) => ({
      refusal: {
        field: 'holdingExternalId',
        code: 'unknown_reference',
        message: `There is no holding "${holding}" of source "core" in your scope.`,
      },
    })
    const file = [on('NONE', '2026-11-20', '1'), on('S1', '2026-11-20', '0.001'), on('S3', '2026-11-20', '1')]
    expect(await bank.feed('balances', file, { scope: bank.paths.B2 })).toMatchObject([
      refused('NONE'),
      refused('S1'),
      { outcome: 'created' },
    ])
    expect(
      await bank.row(
        `select b.institution_path as path from balance b join holding h on h.id = b.holding_id where h.external_id = 'S3'`,
      ),
    ).toEqual({ path: bank.paths.B2 })
    const other = { portfolio: ['01890000-0000-7000-8000-000000000000'] }
    expect(await bank.feed('balances', [on('S3', '2026-11-20', '0.001')], other)).toMatchObject([refused('S3')])
    expect(await points('S1')).toEqual([])
  })

  test('reads amounts by the decimals of the holding’s currency, and refuses another currency', async () => {
    for (const currency of ['JPY', 'KWD', 'USD']) await open(currency, currency)
    const outcomes = await bank.feed('balances', [
      on('JPY', '2026-11-20', '1500'),
      on('JPY', '2026-11-21', '1.5'),
      on('KWD', '2026-11-20', '-0.005'),
      on('KWD', '2026-11-21', '0.0005'),
      on('USD', '2026-11-20', '92233720368547758.07'),
      on('USD', '2026-11-21', '92233720368547758.08'),
      { ...on('USD', '2026-11-22', '1'), currency: 'CNY' },
    ])
    expect(told(outcomes)).toEqual([
      'created',
      'amount: invalid_input',
      'created',
      'amount: invalid_input',
      'created',
      'amount: invalid_input',
      'currency: conflict',
    ])
    expect(await points('JPY')).toEqual(['2026-11-20 1500 v1'])
    expect(await points('KWD')).toEqual(['2026-11-20 -5 v1'])
    expect(await points('USD')).toEqual(['2026-11-20 9223372036854775807 v1'])
    await bank.feed('balances', [on('USD', '2026-11-21', '0')])
  })

  test('refuses days before 1900 and after tomorrow', async () => {
    await open('P1')
    const outcomes = await bank.feed('balances', [
      on('P1', '1899-12-31', '1'),
      on('P1', '1900-01-01', '1'),
      on('P1', '2026-11-23', '1'),
      on('P1', '2026-11-24', '1'),
    ])
    expect(told(outcomes)).toEqual(['day: outside_period', 'created', 'created', 'day: outside_period'])
  })

  test('counts from its day on, which begins at the midnight of the customer’s institution', async () => {
    await bank.send('institutions', [
      { externalId: 'B3', name: '纽约分行', kind: 'branch', parentCode: 'HO', timeZone: 'America/New_York' },
    ])
    await bank.send('customers', [
      { externalId: 'C4', kind: 'individual', name: '赵丽', institutionCode: 'B1' },
      { externalId: 'C5', kind: 'individual', name: '钱进', institutionCode: 'B3' },
    ])
    // 22 November in Shanghai, still the 21st in New York.
    for (const [holding, customer] of [
      ['F4', 'C4'],
      ['F5', 'C5'],
    ] as const) {
      await open(holding, 'CNY', customer)
      const outcomes = await bank.feed('balances', [
        on(holding, '2026-11-23', '9'),
        on(holding, '2026-11-22', '5'),
        on(holding, '2026-11-21', '1'),
      ])
      expect(told(outcomes)).toEqual(['created', 'created', 'created'])
      // A new holding whose only point lies ahead.
      await bank.feed('holdings', [
        {
          externalId: `${holding}N`,
          customerExternalId: customer,
          productCode: 'DEP',
          currency: 'CNY',
          balance: '100',
          balanceOn: '2026-11-23',
        },
      ])
      expect(await stands(`${holding}N`)).toEqual({ balance: '0', day: null, version: 1 })
    }
    expect([await bank.aum('C4'), await bank.aum('C5')]).toEqual([500, 100])
    // The same file again finds what lies ahead, and a correction of it moves nothing either.
    expect(told(await bank.feed('balances', [on('F4', '2026-11-23', '9')]))).toEqual(['unchanged'])
    expect(told(await bank.feed('balances', [on('F4', '2026-11-23', '10')]))).toEqual(['updated'])
    expect(await bank.aum('C4')).toBe(500)

    expect(await begin('2026-11-22T04:59:00Z')).toBe(0)
    // Midnight of New York: the 22nd begins there.
    expect(await begin('2026-11-22T05:00:00Z')).toBe(1)
    expect([await bank.aum('C4'), await bank.aum('C5')]).toEqual([500, 500])
    expect(await begin('2026-11-22T05:00:00Z')).toBe(0)
    await bank.owner.query('delete from customer_fact_stale')
    // Midnight of Shanghai: the 23rd begins there, also for the one of the test before, one holding after the other.
    for (let moved = 0; moved < 3; moved++) expect(await begin('2026-11-22T16:00:00Z', 1)).toBe(1)
    expect(await begin('2026-11-22T16:00:00Z', 1)).toBe(0)
    expect([await bank.aum('C4'), await bank.aum('C5')]).toEqual([11_000, 500])
    expect(await bank.row('select count(*)::int as customers from customer_fact_stale')).toEqual({ customers: 2 })
    expect(await begin('2026-11-25T00:00:00Z')).toBe(2)
    expect([await bank.aum('C4'), await bank.aum('C5')]).toEqual([11_000, 10_900])
    expect(await bank.row('select count(*)::int as left from holding where next_balance_on is not null')).toEqual({ left: 0 })
  })

  test('lets assets follow open deposits in every currency, but neither loans nor what is closed', async () => {
    await open('A1', 'CNY', 'C2')
    await open('A2', 'USD', 'C2', 'FUND')
    await open('A3', 'CNY', 'C2', 'LOAN')
    await bank.feed('balances', [on('A1', '2026-11-20', '100'), on('A2', '2026-11-20', '10'), on('A3', '2026-11-20', '-500')])
    expect(await bank.aum('C2')).toBe(17_000)
    await bank.feed('holdings', [
      { externalId: 'A2', customerExternalId: 'C2', productCode: 'FUND', currency: 'USD', status: 'closed' },
    ])
    expect(await bank.aum('C2')).toBe(10_000)
    await bank.feed('balances', [on('A2', '2026-11-21', '99')])
    expect(await bank.aum('C2')).toBe(10_000)
  })

  test('comes out the same when two imports bring the same ones in opposite order, beside holdings', async () => {
    const holdings = Array.from({ length: 100 }, (_, index) => ({
      externalId: `W${index}`,
      customerExternalId: `C${(index % 3) + 1}`,
      productCode: 'DEP',
      currency: 'CNY',
    }))
    await bank.feed('holdings', holdings)
    const file = holdings.flatMap(({ externalId }) => ['2026-11-20', '2026-11-21'].map((day) => on(externalId, day, '1')))
    const [one, two] = await bank.together(
      () => bank.feed('balances', file),
      () => bank.feed('balances', file.toReversed()),
      () =>
        bank.feed(
          'holdings',
          holdings.toReversed().map((row) => ({ ...row, balance: '2', balanceOn: '2026-11-22' })),
        ),
    )
    expect([...told(one!), ...told(two!)].toSorted()).toEqual([...Array(200).fill('created'), ...Array(200).fill('unchanged')])
    expect(
      await bank.row(
        `select count(*)::int as holdings from holding where external_id like 'W%' and balance = 200 and balance_on = '2026-11-22'`,
      ),
    ).toEqual({ holdings: 100 })
    const { wrong } = await bank.row<{ wrong: number }>(`
      select count(*)::int as wrong from holding h
      where (h.balance, h.balance_on) is distinct from (select (b.amount, b.day) from balance b where b.holding_id = h.id order by b.day desc limit 1)
        and exists (select from balance b where b.holding_id = h.id)`)
    expect(wrong).toBe(0)
  })

  test('takes as many statements for a thousand rows as for two', async () => {
    await open('N1')
    const count = async (days: readonly string[]): Promise<number> => {
      let statements = 0
      await bank.feed(
        'balances',
        days.map((day) => on('N1', day, '1')),
        { onStatement: () => void statements++ },
      )
      return statements
    }
    const days = Array.from({ length: 1000 }, (_, index) => new Date(Date.UTC(2020, 0, 1 + index)).toISOString().slice(0, 10))
    expect(await count(days)).toBe(await count(['2026-11-20', '2026-11-19']))
  })
})
