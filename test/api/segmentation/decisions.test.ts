import { describe, expect } from 'vitest'
import { startOfTests, test, type TestBank } from '../../setup/service.ts'
import { ask } from '../calls.ts'
import { refreshAll } from './facts.ts'
import { refreshInFull, segmentEditor, setBalance } from './segments.ts'

const money = (amount: string): object => ({ money: { amount, currency: 'CNY' } })
const value = '{ number money { amount currency } day boolean text texts }'
const change = `{ kind by ${value} to ${value} beyond dueOn days }`
const explained = `result tree conditions { pointer form segmentId result fact type operator value ${value} comparedWith ${value} percentiles percentileInstitution days since change ${change} }
  steps { pointer goal change ${change} }`
const tierDocument = `query ($customerId: ID!, $schemeId: ID!, $membershipId: ID, $decision: TierDecision) {
  tierExplanation(customerId: $customerId, schemeId: $schemeId, membershipId: $membershipId, decision: $decision) {
    customerId schemeId schemeVersion measure decision membershipId active applies tier reason decidedAt asOf belowSince graceDays graceEndsOn overrideEndsOn
    tiers { tier name from held measured ${explained} } } }`
const classificationDocument = `query ($customerId: ID!, $kind: ClassificationKind!, $periodId: ID) {
  classificationExplanation(customerId: $customerId, kind: $kind, periodId: $periodId) {
    customerId kind periodId historical active value result policyVersion defaultValue decidedAt asOf rules { ruleIndex value decides ${explained} } } }`

async function found(bank: TestBank, url: string): Promise<any> {
  const { status, body } = await bank.request(bank.code('M1'), 'GET', url)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

async function schemeOf(bank: TestBank): Promise<string> {
  const { status, body } = await bank.request(await segmentEditor(bank), 'POST', '/tier-schemes', {
    code: bank.code('explained'),
    name: '存款',
    kinds: ['individual'],
    measure: 'depositBalance',
    graceDays: 30,
    thresholds: [
      { code: 'silver', name: '银', from: '2000' },
      { code: 'gold', name: '金', from: '3000' },
    ],
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id
}

describe('an explanation of a tier', () => {
  test('shows the line of each tier as a rule, now and as stays began and ended, over REST and GraphQL alike', async ({
    bank,
    service,
  }) => {
    const schemeId = await schemeOf(bank)
    await refreshInFull(bank, await segmentEditor(bank))
    const customerId = await bank.customerId('3')
    const url = `/customers/${customerId}/tiers/${schemeId}/explanation`
    try {
      service.clock.now = new Date('2026-11-25T02:00:00Z')
      await setBalance(bank, '3', '2026-11-25', '2400.00')
      await refreshInFull(bank, await segmentEditor(bank))
      const now = await found(bank, url)
      expect(now).toMatchObject({
        decision: null,
        schemeVersion: 1,
        measure: 'depositBalance',
        active: true,
        applies: true,
        tier: 'gold',
        reason: 'entered',
        asOf: '2026-11-25',
        belowSince: '2026-11-25',
        graceEndsOn: '2026-12-25',
        overrideEndsOn: null,
        tiers: [
          {
            tier: 'silver',
            from: '2000',
            held: false,
            measured: true,
            result: true,
            steps: [{ pointer: expect.any(String), goal: false }],
          },
          {
            tier: 'gold',
            held: true,
            measured: false,
            result: false,
            tree: { form: 'all', result: false },
            conditions: [
              { fact: 'kind', result: true, value: { text: 'individual' } },
              {
                fact: 'depositBalance',
                result: false,
                value: money('2400.00'),
                comparedWith: [money('3000.00')],
                change: { kind: 'move', by: money('600.00') },
              },
            ],
            steps: [{ pointer: '/all/1', goal: true }],
          },
        ],
      })
      const asked = await ask(bank, bank.code('M1'), 'tierExplanation', tierDocument, { customerId, schemeId })
      expect([asked.code, asked.body]).toEqual(['ok', now])

      service.clock.now = new Date('2026-12-25T02:00:00Z')
      await refreshInFull(bank, await segmentEditor(bank))
      const { body } = await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}/tier-history`)
      const [silver, gold] = body.items.filter((one: any) => one.schemeId === schemeId)
      service.statements.length = 0
      const began = await found(bank, `${url}?membershipId=${gold.id}`)
      expect(service.statements.length).toBeLessThanOrEqual(2)
      expect(began).toMatchObject({
        decision: 'began',
        membershipId: gold.id,
        tier: 'gold',
        reason: 'entered',
        asOf: '2026-11-22',
        belowSince: null,
        tiers: [{ result: true }, { held: true, measured: true, conditions: [{}, { value: money('3000.00') }] }],
      })
      const ended = await found(bank, `${url}?membershipId=${gold.id}&decision=ended`)
      expect(ended).toMatchObject({
        decision: 'ended',
        reason: 'downgraded',
        asOf: '2026-12-25',
        belowSince: '2026-11-25',
        graceEndsOn: '2026-12-25',
        tiers: [{ measured: true }, { held: true, measured: false, conditions: [{}, { value: money('2400.00') }] }],
      })
      const past = await ask(bank, bank.code('M1'), 'tierExplanation', tierDocument, {
        customerId,
        schemeId,
        membershipId: gold.id,
        decision: 'ended',
      })
      expect([past.code, past.body]).toEqual(['ok', ended])
      expect(await found(bank, url)).toMatchObject({
        tier: 'silver',
        reason: 'downgraded',
        membershipId: silver.id,
        belowSince: null,
      })
      const open = await bank.request(bank.code('M1'), 'GET', `${url}?membershipId=${silver.id}&decision=ended`)
      expect([open.status, open.body.code]).toEqual([404, 'not_found'])
    } finally {
      service.clock.now = startOfTests
    }
  })

  test('tells who is below the lowest line, whom the scheme is not for, and what is not there', async ({ bank }) => {
    const schemeId = await schemeOf(bank)
    await refreshInFull(bank, await segmentEditor(bank))
    const below = await found(bank, `/customers/${await bank.customerId('1')}/tiers/${schemeId}/explanation`)
    expect(below).toMatchObject({ tier: null, membershipId: null, reason: null, applies: true })
    expect(below.tiers.map(({ held, measured }: any) => held || measured)).toEqual([false, false])
    const nobody = '0197a3f0-7c1e-7a52-9b1a-3f2b5c6d7e8f'
    const urls = [
      `/customers/${nobody}/tiers/${schemeId}/explanation`,
      `/customers/${await bank.customerId('1')}/tiers/${nobody}/explanation`,
      `/customers/${await bank.customerId('1')}/tiers/${schemeId}/explanation?decision=began`,
    ]
    for (const url of urls) expect((await bank.request(bank.code('M1'), 'GET', url)).status, url).toBe(404)
  })
})

describe('an explanation of a classification', () => {
  test('shows every rule of the policy, now and as a period began, over REST and GraphQL alike', async ({ bank, service }) => {
    const editor = await segmentEditor(bank)
    await refreshInFull(bank, editor)
    const rules = [
      { value: 'dormant', rule: { fact: 'aum', lt: '500.00' } },
      { value: 'active', rule: { fact: 'aum', percentile: { gte: 0 } } },
    ]
    const customerId = await bank.customerId('1')
    const url = `/customers/${customerId}/classification/activity/explanation`
    const byDefault = await found(bank, url)
    expect(byDefault).toMatchObject({ policyVersion: 0, historical: false, defaultValue: 'potential', asOf: '2026-11-22' })
    expect(byDefault.value).toBe(byDefault.result)
    try {
      const set = await bank.request(editor, 'PUT', '/classification-policies/activity', {
        rules,
        effectiveOn: '2026-11-23',
        reason: '试行',
      })
      expect(set.status, JSON.stringify(set.body)).toBe(200)
      service.clock.now = new Date('2026-11-23T02:00:00Z')
      await refreshInFull(bank, editor)
      const history = await found(bank, `/customers/${customerId}/classification-history?kind=activity`)
      const [period] = history.items
      await setBalance(bank, '1', '2026-11-23', '400.00')
      service.statements.length = 0
      const then = await found(bank, `${url}?periodId=${period.id}`)
      expect(service.statements.length).toBeLessThanOrEqual(2)
      expect(then).toMatchObject({
        historical: true,
        periodId: period.id,
        value: 'active',
        result: 'active',
        policyVersion: set.body.version,
        asOf: '2026-11-23',
        rules: [
          {
            ruleIndex: 0,
            decides: false,
            result: false,
            conditions: [{ value: money('1000.00'), change: { by: money('-500.01') } }],
          },
          { ruleIndex: 1, decides: true, result: true, conditions: [{ percentiles: [0], comparedWith: [expect.anything()] }] },
        ],
      })
      await refreshAll(service)
      const now = await found(bank, url)
      expect(now).toMatchObject({
        historical: false,
        value: 'dormant',
        result: 'dormant',
        rules: [{ decides: true }, { decides: false }],
      })
      for (const [variables, expected] of [
        [{ customerId, kind: 'activity' }, now],
        [{ customerId, kind: 'activity', periodId: period.id }, then],
      ] as const) {
        const asked = await ask(bank, bank.code('M1'), 'classificationExplanation', classificationDocument, variables)
        expect([asked.code, asked.body]).toEqual(['ok', expected])
      }
      const missing = await bank.request(
        bank.code('M1'),
        'GET',
        `/customers/${customerId}/classification/lifecycle_stage/explanation?periodId=${period.id}`,
      )
      expect([missing.status, missing.body.code]).toEqual([404, 'not_found'])
    } finally {
      service.clock.now = startOfTests
      await service.owner.query(`delete from policy_version where kind = 'classification' and key = 'activity'`)
    }
  })

  test('explains what drives a customer as it would be inferred', async ({ bank }) => {
    await refreshInFull(bank, await segmentEditor(bank))
    const url = `/customers/${await bank.customerId('1')}/classification/relationship_preference/explanation`
    const inferred = await found(bank, url)
    expect(inferred).toMatchObject({ kind: 'relationship_preference', periodId: null, value: null, policyVersion: 0 })
    expect(inferred.rules.length).toBeGreaterThan(0)
  })
})
