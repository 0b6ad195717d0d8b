import { describe, expect } from 'vitest'
import { annuity, growthAnnuity, type ValueRates } from '../../../src/core/segmentation/value.ts'
import { test, type TestBank } from '../../setup/service.ts'
import { factsOf, refreshAll } from './facts.ts'

/** A year of balances at a margin, and transactions that cost something, of customers 1 to 3. */
async function trade(bank: TestBank): Promise<void> {
  const c = (suffix: string) => bank.code(suffix)
  await bank.feed('products', [
    { externalId: c('CUR'), name: '活期存款', family: 'deposit', category: 'deposit', annualMargin: '0.02' },
  ])
  await bank.feed('balances', [
    { holdingExternalId: c('A1'), day: '2025-11-01', amount: '100000.00' },
    { holdingExternalId: c('A2'), day: '2025-11-01', amount: '1000.00' },
    { holdingExternalId: c('A3'), day: '2026-11-22', amount: '0.00' },
  ])
  const month = (number: string, channel: string, count: number) => ({
    customerExternalId: c(number),
    month: '2026-10',
    channel,
    type: 'transfer',
    currency: 'CNY',
    count,
    amount: '10.00',
  })
  await bank.feed('activity', [
    month('1', 'counter', 3),
    month('1', 'mobile', 10),
    month('2', 'phone', 30),
    month('3', 'phone', 4),
  ])
  await refreshAll(bank.service)
}
const cents = (amount: string): number => Math.round(Number(amount) * 100)

describe('the value of a customer', () => {
  test('is income less cost, with every part, and lifetime value from its inputs, as the facts have it', async ({ bank }) => {
    await trade(bank)
    const url = `/customers/${await bank.customerId('1')}/value`
    const { status, body } = await bank.request(bank.code('M1'), 'GET', url)
    expect(status, JSON.stringify(body)).toBe(200)
    const facts = await factsOf(bank, '1')
    const { policies } = (await bank.request(bank.code('M1'), 'GET', '/value-policies')).body
    const rates: ValueRates = policies[0].rates
    const variable = 3 * rates.channelCost.counter! + 10 * rates.channelCost.mobile!
    expect(body).toMatchObject({
      policyVersion: policies[0].version,
      income: { amount: facts.profit },
      variableCost: { amount: (variable / 100).toFixed(2) },
      variableCostByChannel: [
        { channel: 'counter', transactions: 3, cost: { amount: ((3 * rates.channelCost.counter!) / 100).toFixed(2) } },
        { channel: 'mobile', transactions: 10 },
      ],
      fixedCost: { amount: (rates.fixedCost.individual / 100).toFixed(2) },
      contribution: { amount: facts.contribution },
      loss: null,
    })
    const contribution = cents(facts.profit) - variable - rates.fixedCost.individual
    expect(cents(facts.contribution)).toBe(contribution)
    // Of the last 365 days all but three with 100,000, then the 1,000 of every test bank, at two percent.
    expect(cents(facts.profit)).toBe(Math.round(((362 * 10_000_000 + 3 * 100_000) * 0.02) / 365))
    const growth = Math.round(cents(facts.aumSlope) * 12 * rates.growthMargin * growthAnnuity(rates))
    expect(
      Math.abs(cents(body.lifetime.total.amount) - (Math.round(contribution * annuity(rates)) + growth)),
    ).toBeLessThanOrEqual(1)
    expect(Math.abs(cents(facts.lifetimeValue) - cents(body.lifetime.total.amount))).toBeLessThanOrEqual(2)
    const { data, errors } = await bank.graphql(
      bank.code('R1'),
      'query ($id: ID!) { customerValue(customerId: $id) { contribution { amount } lifetime { total { amount } } loss { reason } } }',
      { id: await bank.customerId('1') },
    )
    expect(errors).toBeUndefined()
    expect(data.customerValue).toEqual({
      contribution: { amount: facts.contribution },
      lifetime: { total: { amount: body.lifetime.total.amount } },
      loss: null,
    })
    for (const [caller, code] of [
      ['R2', 404],
      ['M2', 404],
      ['T1', 403],
    ] as const)
      expect((await bank.request(bank.code(caller), 'GET', url)).status, caller).toBe(code)
  })

  test('below what serving them costs is listed with cause and way out, the costliest first', async ({ bank }) => {
    await trade(bank)
    const { body } = await bank.request(bank.code('M1'), 'GET', '/unprofitable-customers?includeTotal=true')
    const told = body.items.map(({ customer, amount, reason, remedy }: any) => [
      customer.coreNumber.slice(-1),
      amount.amount,
      reason,
      remedy,
    ])
    const lossOf = async (customer: string) => {
      const { profit, transactionsCost } = await factsOf(bank, customer)
      return ((cents(transactionsCost) - cents(profit)) / 100).toFixed(2)
    }
    expect(told).toEqual([
      ['2', await lossOf('2'), 'channel', 'channel'],
      ['3', await lossOf('3'), 'idle', 'exit'],
    ])
    const value = await bank.request(bank.code('M1'), 'GET', `/customers/${await bank.customerId('2')}/value`)
    expect(value.body.loss).toEqual({
      amount: { amount: await lossOf('2'), currency: 'CNY' },
      reason: 'channel',
      remedy: 'channel',
    })
    expect((await bank.request(bank.code('R3'), 'GET', '/unprofitable-customers')).body.items).toMatchObject([{ reason: 'idle' }])
    expect((await bank.request(bank.code('M2'), 'GET', '/unprofitable-customers')).body.items).toEqual([])
  })

  test('is spread as the Pareto analysis of a straightforward computation says', async ({ bank, service }) => {
    await bank.feed('products', [
      { externalId: bank.code('CUR'), name: '活期存款', family: 'deposit', category: 'deposit', annualMargin: '0.02' },
    ])
    const amounts = [50_000, 9_000, 500_000, 70_000, 12_345, 3_000_000, 40_000, 1, 88_000]
    const c = (suffix: string) => bank.code(suffix)
    await bank.feed(
      'customers',
      amounts.map((_, n) => ({ externalId: c(`P${n}`), kind: 'individual', name: '李', institutionCode: c('O2') })),
    )
    await bank.feed(
      'holdings',
      amounts.map((_, n) => ({
        externalId: c(`PA${n}`),
        accountNumber: `${n}`,
        customerExternalId: c(`P${n}`),
        productCode: c('CUR'),
        currency: 'CNY',
      })),
    )
    await bank.feed(
      'balances',
      amounts.map((amount, n) => ({ holdingExternalId: c(`PA${n}`), day: '2025-01-01', amount: `${amount}.00` })),
    )
    await refreshAll(service)
    const institutionId = await bank.idOf('institution', 'B1')
    const { status, body } = await bank.request(
      bank.code('M1'),
      'GET',
      `/pareto-analysis?institutionId=${institutionId}&share=80`,
    )
    expect(status, JSON.stringify(body)).toBe(200)
    const { rows } = await service.owner.query(
      `select contribution::float8 as v from customer_fact where institution_path ^@ (select path from institution where id = $1) and status = 'active' order by 1 desc`,
      [institutionId],
    )
    const all: number[] = rows.map(({ v }) => v)
    const bring = all.filter((v) => v > 0)
    const total = bring.reduce((sum, v) => sum + v, 0)
    let [reached, needed] = [0, 0]
    while (reached < total * 0.8) reached += bring[needed++]!
    let apart = 0
    for (const one of bring) for (const other of bring) apart += Math.abs(one - other)
    expect(body).toMatchObject({
      customers: bring.length,
      contribution: { amount: (total / 100).toFixed(2) },
      customersNeeded: needed,
      gini: Math.round((1e4 * apart) / (2 * bring.length * total)) / 1e4,
      unprofitableCustomers: all.length - bring.length,
    })
    expect(body.lorenz.at(-1)).toEqual({ customers: 100, contribution: 100 })
    const nobody = await bank.request(bank.code('M2'), 'GET', '/pareto-analysis')
    expect(nobody.body).toMatchObject({ customers: 0, customersNeeded: 0, customersNeededShare: null, gini: 0, lorenz: [] })
  })

  test('follows rates that are versions: sound ones, from today on, by whoever may set policies', async ({ bank, service }) => {
    await refreshAll(service)
    await bank.feed('staff', [{ externalId: bank.code('AH'), name: '总行', institutionCode: 'HO', roles: ['administrator'] }])
    const admin = bank.code('AH')
    const { policies } = (await bank.request(admin, 'GET', '/value-policies')).body
    const { rates, version } = policies[0]
    const set = (body: object, caller = admin) =>
      bank.request(caller, 'POST', '/value-policies', { effectiveOn: '2026-11-22', rates, reason: '新成本', ...body })
    for (const [body, status, pointer] of [
      [{ effectiveOn: '2026-11-21' }, 422, '/effectiveOn'],
      [{ rates: { ...rates, retention: 1.2 } }, 400, '/rates/retention'],
      [{ rates: { ...rates, channelCost: { counter: -1 } } }, 400, '/rates/channelCost/counter'],
      [{ rates: { ...rates, channelCost: { pigeon: 1 } } }, 400, '/rates/channelCost/pigeon'],
    ] as const) {
      const answer = await set(body)
      expect([answer.status, answer.body.errors[0].pointer], JSON.stringify(answer.body)).toEqual([status, pointer])
    }
    expect((await set({}, bank.code('A1'))).status).toBe(403)
    const made = await set({ rates: { ...rates, fixedCost: { ...rates.fixedCost, individual: 0 } } })
    expect([made.status, made.body.version], JSON.stringify(made.body)).toEqual([201, version + 1])
    const stale = await bank.request(
      admin,
      'POST',
      '/value-policies',
      { effectiveOn: '2026-11-22', rates, reason: 'x' },
      { 'if-match': `"${version}"` },
    )
    expect(stale.status).toBe(412)
    // A full refresh is queued for the facts; until it has run, the answer is of the new version all the same, in all its parts.
    const { body } = await bank.request(bank.code('R1'), 'GET', `/customers/${await bank.customerId('1')}/value`)
    const cents = ({ amount }: { amount: string }): number => Math.round(Number(amount) * 100)
    expect(body).toMatchObject({ policyVersion: version + 1, fixedCost: { amount: '0.00' } })
    expect(cents(body.contribution)).toBe(cents(body.income) - cents(body.variableCost))
    const { lifetime } = body
    expect(lifetime).toMatchObject({ retention: rates.retention, years: rates.years, growthMargin: rates.growthMargin })
    for (const [part, amount] of [
      ['realised', cents(body.contribution) * annuity(rates)],
      ['latent', cents(lifetime.outsideAssets) * rates.outsideChance * rates.outsideMargin * annuity(rates)],
      ['growth', cents(lifetime.yearlyGrowth) * rates.growthMargin * growthAnnuity(rates)],
    ] as const)
      expect(cents(lifetime[part]), part).toBe(Math.round(amount))
    const { rows } = await bank.service.owner.query(`select kind, reason from refresh_run where state = 'queued'`)
    expect(rows).toEqual([{ kind: 'full', reason: 'definition' }])
  })
})
