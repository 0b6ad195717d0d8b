import { describe, expect } from 'vitest'
import { type Caller, test, type TestBank } from '../../setup/service.ts'
import { factsOf, refreshAll } from '../segmentation/facts.ts'

async function marketing(bank: TestBank): Promise<Caller> {
  await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
  return bank.code('KH')
}

async function ask(bank: TestBank, url: string, caller: Caller = bank.code('M1')): Promise<any> {
  const { status, body } = await bank.request(caller, 'GET', url)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

async function everybody(bank: TestBank, caller: Caller): Promise<string> {
  const made = await bank.request(caller, 'POST', '/segments', {
    code: bank.code('all'),
    name: '全部',
    rule: { fact: 'kind', in: ['individual', 'company'] },
  })
  await bank.request(caller, 'POST', `/segments/${made.body.id}/activation`, {}, { 'if-match': '"1"' })
  return made.body.id
}

const numbers = (bank: TestBank, items: readonly any[]): readonly string[] =>
  items.map(({ coreNumber }) => coreNumber.slice(bank.name.length + 1)).sort()

const customer = (bank: TestBank, number: string, more: object = {}) => ({
  externalId: bank.code(number),
  kind: 'individual',
  name: `客户${number}`,
  institutionCode: bank.code('O1'),
  ...more,
})

describe('a customer who has died', () => {
  test('is in no export at once, and after the refresh in no segment, tier, preview or analysis; the assets stay the bank’s', async ({
    bank,
    service,
  }) => {
    const caller = await marketing(bank)
    const segmentId = await everybody(bank, caller)
    const exported = async (): Promise<readonly string[]> => {
      const { status, body } = await bank.request(caller, 'GET', `/segments/${segmentId}/members/export?facts=aum`)
      expect(status).toBe(200)
      const all = String(body)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      return numbers(
        bank,
        all.filter(({ coreNumber }) => coreNumber.startsWith(`${bank.name}-`)),
      )
    }
    await refreshAll(service)
    expect(await exported()).toEqual(['1', '2', '3', '4'])
    const before = await ask(bank, '/portfolio-summary')
    await bank.feed('customers', [customer(bank, '1', { deceasedOn: '2026-11-01' })])
    expect(await exported()).toEqual(['2', '3', '4'])

    await refreshAll(service)
    expect(await factsOf(bank, '1')).toMatchObject({
      status: 'deceased',
      deceasedOn: '2026-11-01',
      tiers: null,
      lifecycleStage: null,
    })
    expect(await factsOf(bank, '2')).toMatchObject({ status: 'active', deceasedOn: null })
    const id = await bank.customerId('1')
    const { data } = await bank.graphql(
      bank.code('M1'),
      `query ($id: ID!) { customer(customerId: $id) { segmentHistory { nodes { segmentId leftReason } } } }`,
      { id },
    )
    expect(data.customer.segmentHistory.nodes).toContainEqual({ segmentId, leftReason: 'deceased' })
    const preview = await bank.request(bank.code('K1'), 'POST', '/segments/preview', { rule: { fact: 'kind', eq: 'individual' } })
    expect(preview.body.customers).toBe(2)
    // Whoever settles estates finds them.
    const found = await bank.request(bank.code('M1'), 'POST', '/customers/search', { rule: { fact: 'status', eq: 'deceased' } })
    expect(numbers(bank, found.body.items)).toEqual(['1'])
    const { figures } = await ask(bank, `/segments/${segmentId}/profile`)
    expect(figures.customers).toBe(2)
    expect(await ask(bank, '/portfolio-summary')).toEqual(before)
    const coverage = await ask(bank, '/credit-coverage?kind=individual')
    expect(coverage.all.customers).toBe(2)
    // Reported by mistake: everything comes back.
    await service.owner.query('update customer_profile set deceased_on = null where customer_id = $1', [id])
    await bank.request(caller, 'POST', '/refreshes', { kind: 'full' })
    await refreshAll(service)
    expect(await factsOf(bank, '1')).toMatchObject({ status: 'active', deceasedOn: null })
    expect(await exported()).toEqual(['1', '2', '3', '4'])
  })
})

describe('a customer whose record is closed', () => {
  test('adds nothing to the value of a household, of which they stay a member', async ({ bank, service }) => {
    const head = await bank.customerId('1')
    const made = await bank.request(bank.code('M1'), 'POST', `/customers/${head}/groups`, { kind: 'household', name: '家' })
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    for (const number of ['2', '3']) {
      const added = await bank.request(bank.code('M1'), 'POST', `/customers/${head}/groups/${made.body.id}/members`, {
        memberCustomerId: await bank.customerId(number),
      })
      expect(added.status, JSON.stringify(added.body)).toBe(201)
    }
    const value = async () => (await ask(bank, `/customers/${head}/groups/${made.body.id}`)).value
    expect(await value()).toMatchObject({ members: 3, notShown: 0, notCounted: 0, aum: { amount: '6000.00' } })
    // With an account that nobody has closed yet.
    await service.owner.query(`update customer set status = 'closed', closed_on = '2026-11-20' where id = $1`, [
      await bank.customerId('3'),
    ])
    expect(await value()).toMatchObject({ members: 3, notShown: 0, notCounted: 1, aum: { amount: '3000.00' } })
  })
})

describe('a customer who moves to another branch', () => {
  const waiting = async (bank: TestBank, caller: Caller) =>
    (await ask(bank, '/waiting-items?kinds=manager_elsewhere', caller)).items.map(({ customerId, reason, staff }: any) => [
      customerId,
      reason,
      staff?.number ?? null,
    ])

  test('waits, with the manager and in the new branch, for somebody who decides who looks after them', async ({ bank }) => {
    const c = (code: string): string => bank.code(code)
    const id = await bank.customerId('1')
    await bank.feed('customers', [customer(bank, '2', { institutionCode: c('O2') })])
    expect(await waiting(bank, c('M1'))).toEqual([[await bank.customerId('2'), 'moved', c('R2')]])
    await bank.feed('customers', [customer(bank, '2')])
    expect(await waiting(bank, c('M1')), 'moved back').toEqual([])

    await bank.feed('customers', [customer(bank, '1', { institutionCode: c('B1') })])
    expect(await waiting(bank, c('M1')), 'to what is above the manager').toEqual([])
    await bank.feed('customers', [customer(bank, '1', { institutionCode: c('B2') })])
    for (const caller of [c('M2'), c('R1')]) expect(await waiting(bank, caller)).toEqual([[id, 'moved', c('R1')]])
    expect(await waiting(bank, c('M1'))).toEqual([])
    const confirm = (caller: Caller) => bank.request(caller, 'POST', `/customers/${id}/relationship-manager/confirmation`)
    expect((await confirm(c('M1'))).status).toBe(404)
    expect((await confirm(c('R1'))).status).toBe(403)
    expect((await confirm(c('M2'))).status).toBe(200)
    expect(await waiting(bank, c('M2'))).toEqual([])
    expect((await confirm(c('M2'))).body).toMatchObject({ status: 409, code: 'conflict' })
  })

  test('waits no more once somebody else is assigned', async ({ bank }) => {
    const c = (code: string): string => bank.code(code)
    await bank.feed('staff', [{ externalId: c('R9'), name: '员九', institutionCode: c('B2'), roles: ['relationship_manager'] }])
    await bank.feed('customers', [customer(bank, '3', { institutionCode: c('B2') })])
    expect(await waiting(bank, c('M2'))).toHaveLength(1)
    const assigned = await bank.request(c('M2'), 'POST', `/customers/${await bank.customerId('3')}/assignment-changes`, {
      staffId: await bank.staffId('R9'),
      reason: 'moved to our district',
    })
    expect(assigned.status, JSON.stringify(assigned.body)).toBe(201)
    expect(await waiting(bank, c('M2'))).toEqual([])
  })
})

describe('a birthday entered by hand', () => {
  test('hides that of the birth date where it is lunar or the same, not one that was corrected since', async ({ bank }) => {
    const enter = async (number: string, body: object) =>
      bank.request(bank.code('M1'), 'POST', `/customers/${await bank.customerId(number)}/key-dates`, {
        kind: 'birthday',
        ...body,
      })
    await bank.feed(
      'customers',
      ['1', '2', '3'].map((number) => customer(bank, number, { birthDate: '1980-11-25' })),
    )
    await enter('1', { month: 11, day: 25 })
    await enter('2', { month: 11, day: 28 })
    await enter('3', { calendar: 'lunar', month: 10, day: 20 })
    const { items } = await ask(bank, '/upcoming-key-dates?days=20')
    expect(items.map(({ day, calendar, customer: { name } }: any) => [name, day, calendar]).sort()).toEqual([
      ['客户1', '2026-11-25', 'gregorian'],
      ['客户2', '2026-11-25', 'gregorian'],
      ['客户2', '2026-11-28', 'gregorian'],
      ['客户3', '2026-11-28', 'lunar'],
    ])
  })
})
