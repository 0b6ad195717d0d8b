import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { told } from '../../setup/feeds.ts'
import { type HoldingBank, openHoldingBank } from '../../setup/holding-feeds.ts'

let bank: HoldingBank
beforeAll(async () => {
  bank = await openHoldingBank()
})
afterAll(() => bank.close())

const account = { customerExternalId: 'C1', productCode: 'DEP', currency: 'CNY' } as const
const stored = (externalId: string) =>
  bank.row<{ balance: string; version: number }>(
    `select account_number, currency, balance, balance_on::text, opened_on::text, matures_on::text, auto_renewal, status, closed_on::text, edition, version,
      recommended_by is not null as recommended, as_of from holding where external_id = $1`,
    [externalId],
  )
const points = async (externalId: string) =>
  (
    await bank.owner.query<{ day: string; amount: string }>(
      'select b.day::text, b.amount from balance b join holding h on h.id = b.holding_id where h.external_id = $1 order by b.day',
      [externalId],
    )
  ).rows.map(({ day, amount }) => `${day} ${amount}`)

describe('a feed of holdings', () => {
  test('makes, changes and keeps them, and leaves what a row does not name', async () => {
    const first = {
      ...account,
      externalId: 'H1',
      balance: '-12.5',
      balanceOn: '2026-11-20',
      openedOn: '2025-12-15',
      maturesOn: '2026-12-15',
      autoRenewal: true,
      recommendedBy: '10233',
    }
    const [made] = await bank.feed('holdings', [first])
    expect(made).toMatchObject({ outcome: 'created', id: expect.any(String), customerId: expect.any(String) })
    expect(await stored('H1')).toMatchObject({
      account_number: 'H1',
      balance: '-1250',
      balance_on: '2026-11-20',
      status: 'active',
      version: 1,
      recommended: true,
    })
    expect(await points('H1')).toEqual(['2026-11-20 -1250'])
    expect(await bank.aum('C1')).toBe(-1250)
    const [changed] = await bank.feed('holdings', [
      { ...account, externalId: 'H1', accountNumber: '6222', status: 'frozen', autoRenewal: false },
    ])
    expect(changed).toEqual({ ...made, outcome: 'updated' })
    expect(await stored('H1')).toMatchObject({
      account_number: '6222',
      balance: '-1250',
      matures_on: '2026-12-15',
      auto_renewal: false,
      status: 'frozen',
      version: 2,
      recommended: true,
    })
    expect(told(await bank.feed('holdings', [{ ...account, externalId: 'H1' }]))).toEqual(['unchanged'])
    expect(await stored('H1')).toMatchObject({ account_number: '6222', status: 'frozen', version: 2 })
  })

  test('changes nothing when the same file is sent twice', async () => {
    const file = [
      { ...account, externalId: 'T1', balance: '1.00', asOf: '2026-11-20T00:00:00.000Z' },
      { ...account, externalId: 'T2', customerExternalId: 'C2', balance: '2.00' },
      { ...account, externalId: 'T3', productCode: 'OLD', status: 'closed' as const },
    ]
    expect(told(await bank.feed('holdings', file))).toEqual(['created', 'created', 'created'])
    const before = await bank.everything('holding', 'balance', 'external_id', 'customer')
    expect(told(await bank.feed('holdings', file, { context: { now: new Date('2026-11-22T03:00:00Z') } }))).toEqual([
      'unchanged',
      'unchanged',
      'unchanged',
    ])
    expect(await bank.everything('holding', 'balance', 'external_id', 'customer')).toEqual(before)
  })

  test('lets no older row overwrite a newer one, in the table or in the batch', async () => {
    const one = { ...account, externalId: 'O1' }
    const outcomes = await bank.feed('holdings', [
      { ...one, accountNumber: 'newest', asOf: '2026-11-10T00:00:00.000Z' },
      { ...one, accountNumber: 'older', balance: '7', asOf: '2026-11-08T00:00:00.000Z' },
      { ...one, accountNumber: 'equal', asOf: '2026-11-10T00:00:00.000Z' },
    ])
    expect(told(outcomes)).toEqual(['created', 'superseded', 'updated'])
    expect(new Set(outcomes.map((outcome) => 'id' in outcome && outcome.id)).size).toBe(1)
    expect(await stored('O1')).toMatchObject({ account_number: 'equal', balance: '0', balance_on: null })
    const before = await bank.everything('holding', 'balance')
    expect(
      told(await bank.feed('holdings', [{ ...one, accountNumber: 'late', balance: '9', asOf: '2026-11-09T00:00:00.000Z' }])),
    ).toEqual(['superseded'])
    expect(await bank.everything('holding', 'balance')).toEqual(before)
    expect(told(await bank.feed('holdings', [{ ...one, asOf: '2026-11-12T00:00:00.000Z' }]))).toEqual(['unchanged'])
    expect(told(await bank.feed('holdings', [{ ...one, accountNumber: 'between', asOf: '2026-11-11T00:00:00.000Z' }]))).toEqual([
      'superseded',
    ])
    expect(await stored('O1')).toMatchObject({ account_number: 'equal', version: 2 })
  })

  test('comes to the same in one batch as in several', async () => {
    const file = (externalId: string) => [
      { ...account, externalId, openedOn: '2020-01-01', balance: '3', asOf: '2026-11-03T01:00:00.000Z' },
      { ...account, externalId, accountNumber: 'n', balance: '1', balanceOn: '2026-11-01', asOf: '2026-11-04T01:00:00.000Z' },
      { ...account, externalId, status: 'dormant' as const, balance: '2', asOf: '2026-11-02T01:00:00.000Z' },
      { ...account, externalId, autoRenewal: false, balance: '5', asOf: '2026-11-05T17:00:00.000Z' },
    ]
    await bank.feed('holdings', file('S1'))
    for (const row of file('S2')) await bank.feed('holdings', [row])
    // 17:00 UTC is the next day in Shanghai.
    expect(await points('S1')).toEqual(['2026-11-01 100', '2026-11-03 300', '2026-11-06 500'])
    expect(await points('S2')).toEqual(await points('S1'))
    const { version: _one, ...one } = await stored('S1')
    const { version: _other, ...other } = await stored('S2')
    expect(one).toEqual(other)
    expect(one).toMatchObject({
      account_number: 'n',
      opened_on: '2020-01-01',
      auto_renewal: false,
      status: 'active',
      balance: '500',
      balance_on: '2026-11-06',
    })
  })

  test('names references that are unknown, and those out of scope alike', async () => {
    const [customer, product, staff] = await bank.feed('holdings', [
      { ...account, externalId: 'U1', customerSource: 'crm' },
      { ...account, externalId: 'U2', productCode: 'NONE' },
      { ...account, externalId: 'U3', recommendedBy: 'NONE' },
    ])
    expect(customer).toEqual({
      line: 1,
      refusal: {
        field: 'customerExternalId',
        code: 'unknown_reference',
        message: 'There is no customer "C1" of source "crm" in your scope.',
      },
    })
    expect([product, staff].map((one) => told([one!])[0])).toEqual([
      'productCode: unknown_reference',
      'recommendedBy: unknown_reference',
    ])
    const [outside, inside] = await bank.feed(
      'holdings',
      [
        { ...account, externalId: 'U4' },
        { ...account, externalId: 'U5', customerExternalId: 'C3' },
      ],
      { scope: bank.paths.B2 },
    )
    expect(outside).toEqual({
      line: 1,
      refusal: {
        field: 'customerExternalId',
        code: 'unknown_reference',
        message: 'There is no customer "C1" of source "core" in your scope.',
      },
    })
    expect(inside).toMatchObject({ outcome: 'created' })
    const held = await bank.feed('holdings', [{ ...account, externalId: 'U6' }], {
      portfolio: ['01890000-0000-7000-8000-000000000000'],
    })
    expect(told(held)).toEqual(['customerExternalId: unknown_reference'])
    expect(await bank.row(`select count(*)::int as names from external_id where external_id like 'U_'`)).toEqual({ names: 1 })
    expect(await bank.row(`select institution_path as path from holding where external_id = 'U5'`)).toEqual({
      path: bank.paths.B2,
    })
  })

  test('keeps owner and currency for good', async () => {
    await bank.feed('holdings', [{ ...account, externalId: 'K1' }])
    const outcomes = await bank.feed('holdings', [
      { ...account, externalId: 'K1', currency: 'USD' },
      { ...account, externalId: 'K1', customerExternalId: 'C2' },
      { ...account, externalId: 'K2', currency: 'USD' },
      { ...account, externalId: 'K2', currency: 'EUR' },
    ])
    expect(told(outcomes)).toEqual(['currency: conflict', 'customerExternalId: conflict', 'created', 'currency: conflict'])
    // The holder of a name is out of this scope: the answer tells no more than within it.
    const [taken] = await bank.feed('holdings', [{ ...account, externalId: 'K1', customerExternalId: 'C3' }], {
      scope: bank.paths.B2,
    })
    expect(taken).toEqual({
      line: 1,
      refusal: {
        field: 'customerExternalId',
        code: 'conflict',
        message: 'The holding "K1" of source "core" belongs to another customer.',
      },
    })
  })

  test('reads amounts by the decimals of their currency', async () => {
    const [yen, dinar] = [
      { ...account, currency: 'JPY' },
      { ...account, currency: 'KWD' },
    ]
    await bank.feed('holdings', [
      { ...yen, externalId: 'Y1', balance: '1500' },
      { ...dinar, externalId: 'D1', balance: '-1.5' },
    ])
    expect(await stored('Y1')).toMatchObject({ balance: '1500' })
    expect(await stored('D1')).toMatchObject({ balance: '-1500' })
    await expect(async () => bank.feed('holdings', [{ ...yen, externalId: 'Y2', balance: '1.5' }])).rejects.toThrow(
      'An amount in JPY can have no decimals.',
    )
  })

  test('refuses days that make no sense together with those that are stored', async () => {
    await bank.feed('holdings', [{ ...account, externalId: 'P1', openedOn: '2026-06-01' }])
    const outcomes = await bank.feed('holdings', [
      { ...account, externalId: 'P1', maturesOn: '2026-05-31' },
      { ...account, externalId: 'P2', openedOn: '2026-11-23', status: 'closed' },
      { ...account, externalId: 'P3', balance: '1', balanceOn: '2026-11-24' },
      { ...account, externalId: 'P4', balance: '1', balanceOn: '1899-12-31' },
      { ...account, externalId: 'P5', balance: '1', balanceOn: '2026-11-23' },
    ])
    expect(told(outcomes)).toEqual([
      'maturesOn: invalid_input',
      'closedOn: invalid_input',
      'balanceOn: outside_period',
      'balanceOn: outside_period',
      'created',
    ])
  })

  test('refuses what is to have happened after tomorrow; maturity lies ahead', async () => {
    const coming = { openedOn: '2026-11-24', closedOn: '2026-11-24', activatedOn: '2026-11-24', lastUsedOn: '2026-11-24' }
    const rows = Object.entries(coming).map(([field, day]) => ({
      ...account,
      externalId: `Q-${field}`,
      [field]: day,
      ...(field === 'closedOn' && { status: 'closed' as const }),
    }))
    expect(told(await bank.feed('holdings', rows))).toEqual(Object.keys(coming).map((field) => `${field}: outside_period`))
    const fine = { ...account, externalId: 'Q', openedOn: '2026-11-23', maturesOn: '2036-11-23' }
    expect(told(await bank.feed('holdings', [fine]))).toEqual(['created'])
  })

  test('takes an edition of e-channels only, and lets it go with them', async () => {
    await bank.send('products', [
      { externalId: 'WEB', name: '网银', family: 'e_channel', category: 'fee' },
      { externalId: 'APP', name: '手机银行', family: 'e_channel', category: 'fee' },
    ])
    const signUp = { ...account, externalId: 'E1', productCode: 'WEB', edition: 'professional' as const }
    const more = { origin: 'recommended' as const, recommendedBy: '10233', activatedOn: '2026-11-01', lastUsedOn: '2026-11-20' }
    const rows = [{ ...account, externalId: 'E0', edition: 'query' as const }, { ...account, ...more, externalId: 'E2' }, signUp]
    expect(told(await bank.feed('holdings', rows))).toEqual(['edition: invalid_input', 'created', 'created'])
    await bank.feed('holdings', [{ ...account, externalId: 'E1', productCode: 'APP' }])
    expect(await stored('E1')).toMatchObject({ edition: 'professional' })
    await bank.feed('holdings', [{ ...account, externalId: 'E1' }])
    expect(await stored('E1')).toMatchObject({ edition: null })
  })

  test('moves the balance forward only, and counts that as no change of its own data', async () => {
    const one = { ...account, externalId: 'B1' }
    await bank.feed('holdings', [{ ...one, balance: '10', balanceOn: '2026-11-10' }])
    expect(told(await bank.feed('holdings', [{ ...one, balance: '5', balanceOn: '2026-11-05' }]))).toEqual(['updated'])
    expect(await stored('B1')).toMatchObject({ balance: '1000', balance_on: '2026-11-10', version: 1 })
    expect(told(await bank.feed('holdings', [{ ...one, balance: '20', balanceOn: '2026-11-20' }]))).toEqual(['updated'])
    expect(await stored('B1')).toMatchObject({ balance: '2000', balance_on: '2026-11-20', version: 1 })
    expect(await points('B1')).toEqual(['2026-11-05 500', '2026-11-10 1000', '2026-11-20 2000'])
  })

  test('lets the assets of the owner follow balance, currency, product and closing', async () => {
    const own = { customerExternalId: 'C3', currency: 'CNY', productCode: 'DEP' }
    await bank.feed('holdings', [
      { ...own, externalId: 'A1', balance: '100.00' },
      { ...own, externalId: 'A2', currency: 'USD', balance: '10.00', productCode: 'FUND' },
      { ...own, externalId: 'A3', productCode: 'LOAN', balance: '-500.00' },
    ])
    expect(await bank.aum('C3')).toBe(17_000)
    await bank.feed('holdings', [{ ...own, externalId: 'A2', currency: 'USD', productCode: 'LOAN' }])
    expect(await bank.aum('C3')).toBe(10_000)
    await bank.feed('holdings', [{ ...own, externalId: 'A1', status: 'closed' }])
    expect(await bank.aum('C3')).toBe(0)
    expect(await stored('A1')).toMatchObject({ status: 'closed', closed_on: '2026-11-22', balance: '10000' })
    await bank.feed('holdings', [{ ...own, externalId: 'A1', status: 'active' }])
    expect(await bank.aum('C3')).toBe(10_000)
    expect(await stored('A1')).toMatchObject({ status: 'active', closed_on: null })
  })

  test('makes each holding once when two imports bring the same ones in opposite order', async () => {
    const file = Array.from({ length: 200 }, (_, index) => ({
      ...account,
      customerExternalId: index % 2 ? 'C1' : 'C2',
      externalId: `W${index}`,
      balance: '1',
    }))
    const other = file.toReversed()
    const [one, two] = await bank.together(
      () => bank.feed('holdings', file),
      () => bank.feed('holdings', other),
    )
    expect([...told(one!), ...told(two!)].filter((outcome) => outcome === 'created')).toHaveLength(200)
    expect([...told(one!), ...told(two!)].filter((outcome) => outcome === 'unchanged')).toHaveLength(200)
    expect(
      await bank.row(
        `select count(*)::int as holdings, count(distinct external_id)::int as names from holding where external_id like 'W%'`,
      ),
    ).toEqual({ holdings: 200, names: 200 })
  })

  test('of two that claim the same names for different customers, gives each name to one', async () => {
    const file = Array.from({ length: 100 }, (_, index) => ({ ...account, externalId: `V${index}` }))
    const [one, two] = await bank.together(
      () => bank.feed('holdings', file),
      () =>
        bank.feed(
          'holdings',
          file.toReversed().map((row) => ({ ...row, customerExternalId: 'C2' })),
        ),
    )
    const outcomes = [...told(one!), ...told(two!)]
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(100)
    expect(outcomes.filter((outcome) => outcome === 'customerExternalId: conflict')).toHaveLength(100)
    expect(await bank.row(`select count(*)::int as holdings from holding where external_id like 'V%'`)).toEqual({ holdings: 100 })
  })

  test('takes as many statements for a thousand rows as for one', async () => {
    const count = async (rows: number): Promise<number> => {
      let statements = 0
      const file = Array.from({ length: rows }, (_, index) => ({ ...account, externalId: `N${rows}-${index}`, balance: '1' }))
      await bank.feed('holdings', file, { onStatement: () => void statements++ })
      return statements
    }
    expect(await count(1000)).toBe(await count(1))
  })
})
