import { describe, expect } from 'vitest'
import { factNames } from '../../../src/core/segmentation/facts.ts'
import { startOfTests, test } from '../../setup/service.ts'
import { factsOf, refreshAll } from './facts.ts'

describe('facts', () => {
  test('are worked out from all that is known of a customer', async ({ bank, service }) => {
    await refreshAll(service)
    const found = await factsOf(bank, '1')
    expect(found).toMatchObject({
      kind: 'individual',
      aum: '1000.00',
      institutions: ['HO', bank.code('B1'), bank.code('O1')],
      relationshipManager: bank.code('R1'),
      customerSince: '2020-01-15',
      tenure: 82,
      products: 1,
      familiesHeld: ['deposit'],
      depositBalance: '1000.00',
      depositShare: 100,
      lastTransactionOn: null,
    })
    expect(Object.keys(found)).toEqual([...factNames])
  })

  test('are each what somebody works out by hand', async ({ bank, service }) => {
    const c = (code: string): string => bank.code(code)
    await bank.feed('exchangeRates', [{ currency: 'USD', day: '2020-01-01', rate: '7' }])
    await bank.feed('products', [
      { externalId: c('DEP'), name: '定期', family: 'deposit', category: 'deposit', annualMargin: '0.01' },
      { externalId: c('WLT'), name: '理财', family: 'wealth', category: 'fee', annualMargin: '0.005' },
      { externalId: c('LON'), name: '按揭', family: 'loan', category: 'loan', annualMargin: '0.03' },
      { externalId: c('MOB'), name: '手机银行', family: 'e_channel', category: 'fee' },
    ])
    const person = { kind: 'individual', name: '王芳', institutionCode: c('O1') }
    await bank.feed('customers', [{ ...person, externalId: c('1'), birthDate: '1990-03-07', gender: 'female' }])
    const held = (externalId: string, productCode: string, openedOn: string, more: object = {}): object => ({
      externalId: c(externalId),
      customerExternalId: c('1'),
      productCode: c(productCode),
      currency: 'CNY',
      openedOn,
      ...more,
    })
    await bank.feed('holdings', [
      held('D', 'DEP', '2025-06-01', { maturesOn: '2026-12-10' }),
      held('W', 'WLT', '2026-01-01', { currency: 'USD' }),
      held('L', 'LON', '2026-01-01'),
      held('M', 'MOB', '2026-02-01', { edition: 'professional', origin: 'customer_initiated', lastUsedOn: '2026-11-10' }),
    ])
    await bank.feed(
      'balances',
      (
        [
          ['D', '2025-06-01', '10000.00'],
          ['D', '2026-06-01', '20000.00'],
          ['D', '2026-11-01', '8000.00'],
          ['W', '2026-01-01', '1000.00'],
          ['L', '2026-01-01', '-50000.00'],
        ] as const
      ).map(([holding, day, amount]) => ({ holdingExternalId: c(holding), day, amount })),
    )
    await bank.feed(
      'movements',
      (
        [
          ['in', '2026-11-10', '3000.00'],
          ['in', '2026-09-10', '900.00'],
          ['in', '2026-03-01', '600.00'],
          ['in', '2025-10-01', '1400.00'],
          ['in', '2025-08-20', '9000.00'],
          ['out', '2026-11-05', '700.00'],
          ['out', '2026-08-30', '2000.00'],
          ['out', '2026-11-20', '5.00', 'fee'],
        ] as const
      ).map(([direction, bookedOn, amount, purpose], index) => ({
        externalId: c(`V${index}`),
        holdingExternalId: c('A1'),
        direction,
        bookedOn,
        amount,
        ...(purpose && { purpose }),
      })),
    )
    const salary = (month: string, amount: string) =>
      ['other', 'transfer', month, 1, amount, { purpose: 'salary', direction: 'in', counterparty: '6222000000001' }] as const
    await bank.feed(
      'activity',
      (
        [
          salary('2026-08', '6000.00'),
          salary('2026-09', '6000.00'),
          salary('2026-10', '6300.00'),
          ['mobile', 'payment', '2026-10', 20, '2000.00'],
          ['mobile', 'payment', '2025-10', 100, '9999.00'],
          ['counter', 'cash', '2026-09', 4, '4000.00'],
          ['atm', 'cash', '2025-11', 5, '500.00'],
          ['pos', 'payment', '2026-05', 6, '60.00'],
          ['online', 'query', '2026-10', 30, '0.00'],
          ['other', 'interest', '2026-06', 1, '12.00'],
        ] as const
      ).map(([channel, type, month, count, amount, more = { direction: 'out' }]) => ({
        customerExternalId: c('1'),
        channel,
        type,
        month,
        count,
        amount,
        currency: 'CNY',
        ...more,
      })),
    )
    const customerId = await bank.customerId('1')
    for (const [part, body] of [
      [
        'consents',
        {
          channel: 'sms',
          purpose: 'marketing',
          decision: 'granted',
          evidence: 'form',
          evidenceReference: 'F-1',
          givenAt: '2026-09-01T04:00:00Z',
        },
      ],
      ['needs', { kind: 'home', source: 'customer' }],
      ['outside-holdings', { bankName: '他行', kind: 'assets', amount: '100000.00', currency: 'CNY', source: 'customer' }],
      [
        'suitability-assessments',
        {
          score: 62,
          level: 3,
          firstTimeBuyer: false,
          assessedOn: '2026-01-10',
          expiresOn: '2026-11-23',
          questionnaireVersion: 'risk-2026.1',
          source: 'customer',
        },
      ],
    ] as const) {
      const made = await bank.request(c('R1'), 'POST', `/customers/${customerId}/${part}`, body)
      expect(made.status, JSON.stringify(made.body)).toBe(201)
    }
    await refreshAll(service)
    const found = await factsOf(bank, '1')
    // Assets: account 1,000 from 20 November on, D 10,000, 20,000 from June and 8,000 from November on, W 7,000 from January on.
    expect(found).toMatchObject({
      age: 36,
      gender: 'female',
      aum: '16000.00',
      aumAverage30: '18300.00',
      aumAverage90: '24100.00',
      aumAverage365: '20331.51',
      // Of 10, 10, 17 × 5 and 27 × 5 thousand at the month-ends.
      aumSlope: '1713.29',
      aumPeak60: '27000.00',
      depositBalance: '9000.00',
      wealthBalance: '7000.00',
      fundBalance: null,
      loanBalance: '-50000.00',
      accounts: 4,
      products: 5,
      families: 4,
      familiesHeld: ['deposit', 'e_channel', 'loan', 'wealth'],
      nextMaturityOn: '2026-12-10',
      daysToMaturity: 18,
      nextMaturityAmount: '8000.00',
      // (5,136,000 × 1 % + 2,282,000 × 0.5 % + 16,300,000 × 3 %) days of yuan, over 365 days.
      profit: '1511.70',
      outsideAssets: '100000.00',
      // Salaries 3 × 100, mobile 20 × 10, cash at the counter 4 × 900 and at ATMs 5 × 220, terminals 6 × 60, queries 30 × 20, interest 100.
      transactionsCost: '62.60',
      contribution: '1419.10',
      largestInflow30: '3000.00',
      largestInflow90: '3000.00',
      largestOutflow30: '700.00',
      largestOutflow90: '2000.00',
      receivesSalary: true,
      salaryInflow: '6100.00',
      receivesPension: false,
      eChannels: [c('MOB')],
      eChannelSignUps: 1,
      eChannelEditions: ['professional'],
      eChannelOrigins: ['customer_initiated'],
      eChannelLastUsedOn: '2026-11-10',
      daysSinceEChannelUse: 12,
      lastTransactionOn: '2026-11-10',
      recency: 12,
      frequency: 38,
      monetary: '24860.00',
      consents: ['sms:marketing'],
      doNotContact: false,
      needs: ['home'],
      riskLevel: 3,
      riskExpiresOn: '2026-11-23',
    })
    const near = (name: string, value: number): void => expect(found[name], name).toBeCloseTo(value, 9)
    near('aumChange90', (-100 * 11) / 27)
    near('aumChange365', 60)
    near('aumFallFromPeak60', (100 * 11) / 27)
    near('depositShare', (100 * 9) / 66)
    near('loanShare', (100 * 50) / 66)
    near('feeShare', (100 * 7) / 66)
    near('inflowRatio30', 3000 / 750)
    near('outflowRatio30', 700 / 2000)
    near('inflowRatio90', 3000 / 1000)
    expect(found.outflowRatio90).toBeNull()
    near('eChannelSubstitution', (100 * 20) / 38)
    near('transactionsPerMonth', 38 / 12)
    near('counterPerMonth', 4 / 12)
    near('atmPerMonth', 5 / 12)
    near('mobilePerMonth', 20 / 12)
    near('onlinePerMonth', 0)
    near('transfersPerMonth', 3 / 12)
    near('paymentsPerMonth', 26 / 12)
    near('cashPerMonth', 9 / 12)
    near('posPerMonth', 6 / 12)
    near('queriesPerMonth', 30 / 12)
    for (const channel of ['phone', 'wechat', 'tv']) near(`${channel}PerMonth`, 0)
    // Years ahead: 1 + r + … + r⁴ and r + 2r² + 3r³ + 4r⁴ with r = 0.9 / 1.08.
    const r = 0.9 / 1.08
    const [ahead, growing] = [1 + r + r ** 2 + r ** 3 + r ** 4, r + 2 * r ** 2 + 3 * r ** 3 + 4 * r ** 4]
    const parts = [141_910 * ahead, 10_000_000 * 0.2 * 0.008 * ahead, 171_329 * 12 * 0.01 * growing]
    expect(Math.round(Number(found.lifetimeValue) * 100)).toBe(parts.reduce((sum, part) => sum + Math.round(part), 0))
    // The assessment has expired a day later.
    service.clock.now = new Date('2026-11-23T02:00:00Z')
    try {
      await refreshAll(service)
      expect(await factsOf(bank, '1')).toMatchObject({
        riskLevel: null,
        riskExpiresOn: '2026-11-23',
        daysToMaturity: 17,
        recency: 13,
      })
    } finally {
      service.clock.now = startOfTests
    }
  })

  test('wait for no refresh that cannot go on: it is ended with its code, and the next one runs', async ({ bank, service }) => {
    const { owner } = service
    await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
    const ask = async () => (await bank.request(bank.code('KH'), 'POST', '/refreshes', { kind: 'full' })).body.id
    const found = async (id: string) => (await bank.request(bank.code('KH'), 'GET', `/refreshes/${id}`)).body
    const broken = await ask()
    await owner.query(`update policy_version set effective_on = '2100-01-01' where kind = 'value'`)
    try {
      await expect(refreshAll(service)).rejects.toThrow(/rates/)
    } finally {
      await owner.query(`update policy_version set effective_on = '1900-01-01' where kind = 'value' and version = 1`)
    }
    expect(await found(broken)).toMatchObject({ state: 'failed', error: 'internal', finishedAt: expect.any(String) })
    const next = await ask()
    await refreshAll(service)
    expect([next === broken, (await found(next)).state]).toEqual([false, 'done'])
  })

  test('of a month-end are of its balances and holdings, not of the day on which they are kept', async ({ bank, service }) => {
    const c = (code: string): string => bank.code(code)
    await bank.feed('customers', [
      { externalId: c('N'), kind: 'individual', name: '新客', institutionCode: c('O1'), customerSince: '2026-11-01' },
    ])
    await bank.feed('holdings', [
      { externalId: c('F1'), customerExternalId: c('1'), productCode: c('FND'), currency: 'CNY', openedOn: '2026-11-03' },
      { externalId: c('D1'), customerExternalId: c('1'), productCode: c('CUR'), currency: 'CNY', openedOn: '2026-01-05' },
    ])
    await bank.feed('balances', [
      { holdingExternalId: c('A1'), day: '2026-10-30', amount: '800.00' },
      { holdingExternalId: c('A1'), day: '2026-11-01', amount: '9000.00' },
      { holdingExternalId: c('F1'), day: '2026-11-03', amount: '50.00' },
      { holdingExternalId: c('D1'), day: '2026-09-15', amount: '70.00' },
    ])
    await bank.feed('holdings', [
      {
        externalId: c('D1'),
        customerExternalId: c('1'),
        productCode: c('CUR'),
        currency: 'CNY',
        status: 'closed',
        closedOn: '2026-11-02',
      },
    ])
    // As if this were the first full refresh after the end of October.
    await service.owner.query('delete from refresh_run')
    await refreshAll(service)
    const then = await factsOf(bank, '1', c('M1'), '?on=2026-10-31')
    expect(then).toMatchObject({
      aum: '870.00',
      depositBalance: '870.00',
      familiesHeld: ['deposit'],
      accounts: 2,
      tenure: 81,
      lifecycleStage: null,
    })
    expect(await factsOf(bank, '1')).toMatchObject({ familiesHeld: ['deposit', 'fund'], accounts: 2, tenure: 82 })
    const unborn = await bank.request(c('M1'), 'GET', `/customers/${await bank.customerId('N')}/facts?on=2026-10-31`)
    expect([unborn.status, unborn.body.code]).toEqual([404, 'not_found'])
  })

  test('tell of a month before the first rate of a currency what the months of the customer tell', async ({ bank, service }) => {
    const c = (code: string): string => bank.code(code)
    await bank.feed('exchangeRates', [{ currency: 'SEK', day: '2026-11-10', rate: '0.7' }])
    await bank.feed('holdings', [
      { externalId: c('S'), customerExternalId: c('1'), productCode: c('CUR'), currency: 'SEK', openedOn: '2026-01-05' },
      { externalId: c('D'), customerExternalId: c('1'), productCode: c('CUR'), currency: 'CNY', openedOn: '2026-01-05' },
    ])
    await bank.feed('balances', [
      { holdingExternalId: c('A1'), day: '2026-07-31', amount: '0.00' },
      { holdingExternalId: c('S'), day: '2026-08-01', amount: '100.00' },
      { holdingExternalId: c('D'), day: '2026-08-01', amount: '30.00' },
    ])
    await service.owner.query('delete from refresh_run')
    await service.owner.query('delete from customer_fact_month')
    await refreshAll(service)
    const { body } = await bank.request(c('M1'), 'GET', `/customers/${await bank.customerId('1')}`)
    expect(body).toMatchObject({
      aum: { amount: '1100.00' },
      unconvertedCurrencies: [],
      assetRates: [{ currency: 'SEK', rate: '0.7000000000', day: '2026-11-10' }],
    })
    expect(body.aumByMonth.slice(0, 4)).toEqual(
      ['2026-10-31', '2026-09-30', '2026-08-31', '2026-07-31'].map((monthEnd, index) => ({
        monthEnd,
        amount: { amount: index === 3 ? '0.00' : '30.00', currency: 'CNY' },
        unconvertedCurrencies: index === 3 ? [] : ['SEK'],
        unknownBalances: index === 3 ? 2 : 0,
        rates: [],
      })),
    )
    expect(await factsOf(bank, '1', c('M1'), '?on=2026-10-31')).toMatchObject({ aum: '30.00', unconvertedCurrencies: ['SEK'] })
    expect(await factsOf(bank, '1')).toMatchObject({ aum: '1100.00', unconvertedCurrencies: [] })
    const moved = await bank.request(c('M1'), 'GET', '/migration-matrix?fact=kind&from=2026-10-31')
    expect(moved.body.moves).toEqual([
      expect.objectContaining({
        from: 'individual',
        to: 'individual',
        aumBefore: { amount: '30.00', currency: 'CNY' },
        unconvertedBefore: 1,
        unconvertedAfter: 0,
      }),
    ])
  })

  test('of a month-end are kept once: what comes later does not change them', async ({ bank, service }) => {
    await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
    await service.owner.query('delete from refresh_run')
    await refreshAll(service)
    const kept = await factsOf(bank, '2', bank.code('M1'), '?on=2026-10-31')
    await bank.feed('balances', [{ holdingExternalId: bank.code('A2'), day: '2026-10-31', amount: '1.00' }])
    expect((await bank.request(bank.code('KH'), 'POST', '/refreshes', { kind: 'full' })).status).toBe(202)
    await refreshAll(service)
    expect(await factsOf(bank, '2', bank.code('M1'), '?on=2026-10-31')).toEqual(kept)
  })
})
