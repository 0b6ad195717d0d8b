import { describe, expect } from 'vitest'
import { test, type TestBank } from '../../setup/service.ts'
import { toldOf, withCompanies } from './businesses.ts'

async function lifeStagesOf(bank: TestBank, customer: string, caller = bank.code('M1')) {
  return bank.request(caller, 'GET', `/customers/${await bank.customerId(customer)}/life-stages`)
}

const revise = async (bank: TestBank, customer: string, said: object) => {
  const url = `/customers/${await bank.customerId(customer)}/profile`
  const { version } = (await bank.request(bank.code('M1'), 'GET', url)).body
  const { status, body } = await bank.request(bank.code('M1'), 'PATCH', url, said, { 'if-match': `"${version}"` })
  if (status !== 200) throw new Error(JSON.stringify(body))
}

describe('the stages of a customer', () => {
  test('are decided by rules and told with their values and the products they suggest, over REST and GraphQL', async ({
    bank,
  }) => {
    await bank.feed('products', [
      { externalId: bank.code('W2'), name: '稳健理财', family: 'wealth', category: 'deposit', riskLevel: 2 },
      { externalId: bank.code('W5'), name: '进取理财', family: 'wealth', category: 'deposit', riskLevel: 5 },
      { externalId: bank.code('OFF'), name: '停售', family: 'loan', category: 'loan', status: 'closed' },
    ])
    await revise(bank, '1', { birthDate: '2000-05-05', incomeBand: 'middle' })
    const { status, body } = await lifeStagesOf(bank, '1')
    expect([status, body.asOf]).toEqual([200, '2026-11-22'])
    const [decision] = body.lifeStages
    expect(decision).toMatchObject({
      subject: 'life_stage',
      stage: 'starter',
      basis: 'rule',
      policyVersion: 0,
      facts: [
        { field: 'birth_date', value: '2000-05-05' },
        { field: 'income_band', value: 'middle' },
      ],
    })
    const offered = (name: string, of = decision) => of.offers.find((one: any) => one.name === name)
    const codes = (list: any[]) => list.map(({ code }) => code)
    expect(codes(offered('flexible saving').products)).toContain(bank.code('CUR'))
    expect(codes(offered('low-risk products').products)).not.toContain(bank.code('W2'))
    expect(offered('low-risk products').excluded).toContainEqual(
      expect.objectContaining({ code: bank.code('W2'), reason: 'not_assessed' }),
    )
    expect(codes(offered('consumer credit').products)).not.toContain(bank.code('OFF'))

    await bank.request(bank.code('M1'), 'POST', `/customers/${await bank.customerId('1')}/suitability-assessments`, {
      score: 50,
      level: 3,
      questionnaireVersion: 'risk-1',
      assessedOn: '2026-11-01',
      firstTimeBuyer: false,
      source: 'customer',
    })
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${await bank.customerId('1')}") { lifeStages { stage offers { name products { code } excluded { code } } } }
        lifeStages(customerId: "${await bank.customerId('1')}") { lifeStages { stage basis } } }`,
    )
    expect(errors).toBeUndefined()
    expect(codes(offered('low-risk products', data!['customer'].lifeStages[0]).products)).toContain(bank.code('W2'))
    expect(data!['lifeStages'].lifeStages).toEqual([{ stage: 'starter', basis: 'rule' }])
  })

  test('of businesses are what bankers declare, or follow from the founding day', async ({ bank }) => {
    await withCompanies(bank)
    await revise(bank, 'C1', { foundedOn: '2026-06-01' })
    expect((await lifeStagesOf(bank, 'C1')).body.lifeStages).toMatchObject([{ stage: 'opening', basis: 'rule' }])
    await revise(bank, 'C1', { situations: ['export', 'acquisition'] })
    expect((await lifeStagesOf(bank, 'C1')).body.lifeStages).toMatchObject([
      { subject: 'situation', stage: 'export', basis: 'declared' },
      { subject: 'situation', stage: 'acquisition', basis: 'declared' },
    ])
    expect((await lifeStagesOf(bank, 'S1')).body.lifeStages.map(({ subject }: any) => subject)).toEqual([
      'life_stage',
      'situation',
    ])
  })

  test('are shown of customers in scope only', async ({ bank }) => {
    expect((await lifeStagesOf(bank, '1', bank.code('R2'))).status).toBe(404)
    expect((await lifeStagesOf(bank, '1', bank.code('M2'))).status).toBe(404)
    expect((await lifeStagesOf(bank, '1', bank.code('A1'))).status).toBe(403)
  })
})

describe('the rules of stages', () => {
  test('are set for the whole bank, by its administrators, and keep their versions', async ({ bank, service }) => {
    const listed = async (subject: string) =>
      (await bank.request(bank.code('Q1'), 'GET', '/life-stage-policies')).body.policies.find(
        (one: any) => one.subject === subject,
      )
    expect(await listed('situation')).toMatchObject({ version: 0, source: expect.stringContaining('practice') })
    const before = (await listed('life_stage')).version
    const rules = [{ stage: 'retired', ageFrom: 55, offers: [{ name: '定期', family: 'deposit' }] }]
    const set = (body: object, caller = 'ADMIN', version = before) =>
      bank.request(caller, 'PUT', '/life-stage-policies/life_stage', { reason: '测试', ...body }, { 'if-match': `"${version}"` })
    expect((await set({ rules }, bank.code('A1'))).status).toBe(403)
    expect(toldOf(await set({ rules: [{ stage: 'export', offers: [] }] }))).toEqual([
      400,
      'invalid_input',
      '/rules/0/stage',
      'subject',
    ])
    const set1 = await set({ rules })
    expect(set1).toMatchObject({
      status: 200,
      body: { version: before + 1, source: 'bank', rules: [{ stage: 'retired', ageFrom: 55, ageBelow: null }] },
    })
    expect((await set({ rules })).status).toBe(412)
    await revise(bank, '2', { birthDate: '1970-01-01' })
    expect((await lifeStagesOf(bank, '2')).body.lifeStages).toMatchObject([
      { stage: 'retired', policyVersion: before + 1, policySource: 'bank', offers: [{ name: '定期' }] },
    ])
    const { rows } = await service.owner.query(
      `select count(*)::int as n from policy_version where kind = 'life_stage' and key = 'life_stage'`,
    )
    expect(rows[0].n).toBe(before + 1)
    const { rows: told } = await service.owner.query(
      `select type from outbox_event where subject_type = 'life_stage_policy' and subject_id = 'life_stage'`,
    )
    expect(told).toContainEqual({ type: 'life_stage_policy.revised' })
    // Other tests of this file meet the defaults.
    await service.owner.query(`delete from policy_version where kind = 'life_stage'`)
  })
})
