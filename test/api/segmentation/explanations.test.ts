import { describe, expect } from 'vitest'
import { evaluateRule } from '../../../src/core/segmentation/rules/evaluate.ts'
import { inlineSegments } from '../../../src/core/segmentation/rules/rule.ts'
import { decisionFacts, stateThen } from '../../../src/db/segmentation/segments/explanation.ts'
import { conditionKey, readRuleContext } from '../../../src/db/segmentation/facts/rules.ts'
import { canonicalRule, type Rule } from '../../../src/core/segmentation/rules/rule.ts'
import { type Caller, test, type TestBank } from '../../setup/service.ts'
import { ask } from '../calls.ts'
import { refreshAll } from './facts.ts'
import { activeSegment, changeSegment, inBranch, refreshInFull, segmentEditor, setBalance, tick } from './segments.ts'

async function explain(bank: TestBank, caller: Caller, customer: string, segmentId: string, query = ''): Promise<any> {
  const url = `/customers/${await bank.customerId(customer)}/segments/${segmentId}/explanation${query}`
  const { status, body } = await bank.request(caller, 'GET', url)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

const money = (amount: string): object => ({ money: { amount, currency: 'CNY' } })

describe('an explanation of a membership', () => {
  test('shows the rule with values, results, distances and the way to turn it, over REST and GraphQL alike', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const rule = inBranch(bank, {
      any: [
        { fact: 'aum', gte: '2000.00' },
        { fact: 'customerSince', lt: { years: -10 } },
      ],
    })
    const segment = await activeSegment(bank, caller, 'wealthy', rule)
    await refreshInFull(bank, caller)
    const found = await explain(bank, bank.code('R1'), '1', segment.id)
    expect(found).toMatchObject({
      segmentKind: 'dynamic',
      decision: null,
      membershipId: null,
      member: false,
      active: true,
      result: false,
      ruleVersion: 1,
      asOf: '2026-11-22',
      conditions: [
        {
          pointer: '/all/0',
          form: 'fact',
          fact: 'institutions',
          operator: 'overlaps',
          result: true,
          value: { texts: ['HO', bank.code('B1'), bank.code('O1')] },
          comparedWith: [{ text: bank.code('B1') }],
          change: { kind: 'remove', to: [{ text: bank.code('B1') }] },
        },
        {
          pointer: '/all/1/any/0',
          result: false,
          value: money('1000.00'),
          comparedWith: [money('2000.00')],
          change: { kind: 'move', by: money('1000.00'), to: [money('2000.00')], beyond: null },
        },
        {
          pointer: '/all/1/any/1',
          result: false,
          value: { day: '2020-01-15' },
          comparedWith: [{ day: '2016-11-22' }],
          change: { kind: 'move', by: { number: -1_150 }, to: [{ day: '2016-11-21' }] },
        },
      ],
      steps: [{ pointer: '/all/1/any/0', goal: true, change: { kind: 'move', by: money('1000.00') } }],
    })
    expect(found.tree).toMatchObject({
      form: 'all',
      pointer: '',
      result: false,
      parts: [found.conditions[0], { form: 'any', pointer: '/all/1', result: false, parts: found.conditions.slice(1) }],
    })
    const value = '{ number money { amount currency } day boolean text texts }'
    const change = `{ kind by ${value} to ${value} beyond dueOn days }`
    const document = `query ($customerId: ID!, $segmentId: ID!) { membershipExplanation(customerId: $customerId, segmentId: $segmentId) {
      customerId segmentId segmentKind decision membershipId member active ruleVersion asOf decidedAt decidedBy leftReason result tree
      conditions { pointer form segmentId result fact type operator value ${value} comparedWith ${value} percentiles percentileInstitution days since change ${change} }
      steps { pointer goal change ${change} } } }`
    const variables = { customerId: await bank.customerId('1'), segmentId: segment.id }
    const asked = await ask(bank, bank.code('R1'), 'membershipExplanation', document, variables)
    expect([asked.code, asked.body]).toEqual(['ok', found])
  })

  test('takes two statements', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const inner = await activeSegment(bank, caller, 'inner', inBranch(bank, { fact: 'aum', percentile: { gte: 50 } }))
    const segment = await activeSegment(bank, caller, 'outer', {
      all: [{ segment: inner.id }, { hasBeen: { segment: inner.id }, days: 1 }],
    })
    await refreshInFull(bank, caller)
    await explain(bank, bank.code('M1'), '3', segment.id)
    service.statements.length = 0
    const found = await explain(bank, bank.code('M1'), '3', segment.id)
    expect(service.statements.length).toBeLessThanOrEqual(2)
    expect(found.conditions).toMatchObject([
      { segmentId: inner.id, fact: 'institutions' },
      { segmentId: inner.id, fact: 'aum', percentiles: [50], percentileInstitution: null, result: true },
      { form: 'has_been', days: 1, since: '2026-11-22', result: false, change: { kind: 'wait', days: 1, dueOn: '2026-11-23' } },
      { segmentId: inner.id, pointer: '/all/1/hasBeen/all/0' },
      { segmentId: inner.id },
    ])
    expect(found.steps).toMatchObject([{ pointer: '/all/1', goal: true, change: { kind: 'wait', days: 1 } }])
  })

  test('replays entering and leaving with the version and the facts of then', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(
      bank,
      caller,
      'replayed',
      inBranch(bank, { fact: 'aum', gte: '2000.00' }, { fact: 'tenure', gte: 12 }),
    )
    await refreshInFull(bank, caller)
    const enteredAt = service.clock.now.toISOString()
    await setBalance(bank, '2', '2026-11-22', '2400.00')
    tick(service)
    await refreshAll(service)
    const revised = await changeSegment(bank, caller, segment.id, 2, { rule: inBranch(bank, { fact: 'aum', gte: '2500.00' }) })
    expect(revised.status, JSON.stringify(revised.body)).toBe(200)
    await refreshInFull(bank, caller)
    const [now, entered, left] = [
      await explain(bank, caller, '2', segment.id),
      await explain(bank, caller, '2', segment.id, '?decision=entered'),
      await explain(bank, caller, '2', segment.id, '?decision=left'),
    ]
    expect(now).toMatchObject({ member: false, result: false, ruleVersion: 2, membershipId: null, decidedAt: null })
    expect(entered).toMatchObject({
      decision: 'entered',
      result: true,
      ruleVersion: 1,
      decidedAt: enteredAt,
      asOf: '2026-11-22',
      decidedBy: null,
    })
    expect(entered.conditions).toMatchObject([
      { fact: 'institutions' },
      { fact: 'aum', value: money('2000.00'), comparedWith: [money('2000.00')], change: { by: money('-0.01') } },
      { fact: 'tenure', value: { number: 82 }, change: { by: { number: -71 }, to: [{ number: 11 }] } },
    ])
    expect(left).toMatchObject({
      decision: 'left',
      result: false,
      ruleVersion: 2,
      leftReason: 'rule',
      conditions: [{}, { value: money('2400.00'), change: { by: money('100.00') } }],
    })
    expect(await explain(bank, caller, '2', segment.id, `?membershipId=${left.membershipId}`)).toEqual(entered)
  })

  test('of a list names who listed the customer, and when', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'listed')
    await refreshAll(service)
    const customerId = await bank.customerId('1')
    tick(service)
    const listedAt = service.clock.now.toISOString()
    const list = (body: object) => bank.request(caller, 'POST', `/segments/${segment.id}/members`, body)
    expect((await list({ add: [customerId] })).body).toMatchObject({ added: 1 })
    const none = { tree: null, conditions: [], steps: null, result: null, ruleVersion: null, segmentKind: 'static' }
    const by = `staff:${bank.code('KH')}`
    expect(await explain(bank, caller, '1', segment.id)).toMatchObject({
      ...none,
      member: true,
      decidedAt: listedAt,
      decidedBy: by,
    })
    expect(await explain(bank, caller, '2', segment.id)).toMatchObject({
      ...none,
      member: false,
      decidedAt: null,
      decidedBy: null,
    })
    tick(service)
    expect((await list({ remove: [customerId] })).body).toMatchObject({ removed: 1 })
    expect(await explain(bank, caller, '1', segment.id, '?decision=left')).toMatchObject({
      ...none,
      member: false,
      leftReason: 'removed',
      decidedAt: service.clock.now.toISOString(),
      decidedBy: by,
    })
  })

  test('of those who left with the end of a segment, or with their record, says so', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const ending = await activeSegment(bank, caller, 'ending', inBranch(bank))
    const lasting = await activeSegment(bank, caller, 'lasting', inBranch(bank))
    await refreshInFull(bank, caller)
    await changeSegment(bank, caller, ending.id, 2, 'retirement')
    await service.owner.query(`update customer set status = 'closed' where id = $1`, [await bank.customerId('1')])
    await refreshInFull(bank, caller)
    expect(await explain(bank, caller, '2', ending.id, '?decision=left')).toMatchObject({
      leftReason: 'retired',
      tree: null,
      result: null,
    })
    expect(await explain(bank, caller, '1', lasting.id, '?decision=left')).toMatchObject({
      leftReason: 'closed',
      result: true,
      active: false,
    })
  })

  test('is not found for whom the caller does not see, for unknown segments and for stays that never were', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'found', inBranch(bank, { fact: 'aum', gte: '2000.00' }))
    await refreshInFull(bank, caller)
    const customerId = await bank.customerId('1')
    const get = async (as: Caller, of: string, query = '', customer = customerId) =>
      (await bank.request(as, 'GET', `/customers/${customer}/segments/${of}/explanation${query}`)).body.code
    const nobody = '00000000-0000-4000-8000-000000000000'
    expect(await get(bank.code('R2'), segment.id)).toBe('not_found')
    expect(await get(bank.code('M2'), segment.id)).toBe('not_found')
    expect(await get(bank.code('M1'), nobody)).toBe('not_found')
    expect(await get(bank.code('M1'), segment.id, '', nobody)).toBe('not_found')
    expect(await get(bank.code('M1'), segment.id, '?decision=entered')).toBe('not_found')
    expect(await get(bank.code('M1'), segment.id, `?membershipId=${nobody}`)).toBe('not_found')
    expect(await get(bank.code('M1'), segment.id, '?decision=stayed')).toBe('invalid_input')
    expect(await get(bank.code('T1'), segment.id)).toBe('not_permitted')
  })
})

describe('what a decision keeps', () => {
  test('answers its rule again: facts, watched conditions, lists, percentiles and chance', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    await refreshInFull(bank, caller)
    const customerId = await bank.customerId('1')
    const watched = { fact: 'aum', gte: '1000.00' } as const
    await service.owner.query(
      `insert into customer_condition (customer_id, condition, institution_path, since) select id, $2, institution_path, '2026-11-01' from customer where id = $1`,
      [customerId, conditionKey(canonicalRule(watched))],
    )
    await service.owner.query('update customer_fact set segments = array[91] where customer_id = $1', [customerId])
    const rules = [
      { hasBeen: watched, days: 21 },
      { hasBeen: watched, days: 22 },
      { hasBeen: { fact: 'aum', lt: '0.00' }, days: 1 },
      { listed: 91 },
      { listed: 92 },
      { fact: 'recency', percentile: { between: [0, 100] } },
      { fact: 'frequency', percentile: { gte: 0 } },
      { fact: 'age', lt: 18 },
      { fact: 'tenure', gte: 82 },
      { bucket: { seed: 's', from: 0, to: 50 } },
    ] as const
    const context = await service.database.transaction({ prefixes: ['/'], portfolio: [], caller: 'test' }, (db) =>
      readRuleContext(db, '2026-11-22', 'CNY'),
    )
    for (const rule of [...rules, { all: [...rules] }] as Rule[]) {
      const values: unknown[] = []
      const { rows } = await service.owner.query(
        `select ${decisionFacts(rule, context, (value) => `$${values.push(value)}`)} as kept from customer_fact f where f.customer_id = $${values.length + 1}`,
        [...values, customerId],
      )
      const then = stateThen(rows[0].kept, { customerId, today: '2026-11-22', baseCurrency: 'CNY' })
      const listed = (number: number): boolean => number === 91
      const since = (text: string): string | null => (text === canonicalRule(watched) ? '2026-11-01' : null)
      const { subject } = stateThen(await storedOf(bank, customerId), {
        customerId,
        today: '2026-11-22',
        baseCurrency: 'CNY',
      })
      expect(
        evaluateRule(
          inlineSegments(rule, () => ({ number: 0 })),
          then.subject,
          then.context,
        ),
        JSON.stringify([rule, rows[0].kept]),
      ).toBe(evaluateRule(rule, { ...subject, listed, since }, context))
    }
  })
})

async function storedOf(bank: TestBank, customerId: string): Promise<Record<string, unknown>> {
  const { rows } = await bank.service.owner.query(
    `select birth_date::text as "birthDate", customer_since::text as "customerSince", aum::text, last_transaction_on::text as "lastTransactionOn", frequency from customer_fact where customer_id = $1`,
    [customerId],
  )
  return rows[0]
}
