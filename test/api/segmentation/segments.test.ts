import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { advanceRefreshes } from '../../../src/operations/segmentation/refreshes.ts'
import { type Answer, type Caller, test, type TestBank, type TestService } from '../../setup/service.ts'
import { factsOf, refreshAll } from './facts.ts'
import {
  activeSegment,
  changeSegment,
  draftSegment,
  inBranch,
  membersOf,
  refreshInFull,
  segmentEditor,
  setBalance,
  tick,
} from './segments.ts'

const wealthy = { fact: 'aum', gte: '2000.00' }
const nobody = '00000000-0000-4000-8000-000000000000'

const list = (bank: TestBank, caller: Caller, id: string, body: object, headers: Record<string, string> = {}) =>
  bank.request(caller, 'POST', `/segments/${id}/members`, body, headers)

/** Code of a refusal, with what it says of the input. */
const refusal = ({ body }: { body: any }): unknown => [
  body.code,
  ...(body.errors ?? []).map(({ pointer, rule }: any) => `${pointer} ${rule}`),
]

async function eventsOf(bank: TestBank, id: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await bank.service.owner.query(
    `select type, count(*)::int as n from outbox_event where subject_id = $1 group by 1 order by 1`,
    [id],
  )
  return Object.fromEntries(rows.map(({ type, n }) => [type, n]))
}

async function auditedOf(bank: TestBank, id: string): Promise<readonly string[]> {
  const { rows } = await bank.service.owner.query(`select operation from audit_entry where subject_id = $1 order by at, id`, [id])
  return rows.map(({ operation }) => operation)
}

describe('a segment by a rule', () => {
  test('lets in and out whom its rule says, with the facts that decided, and an event each', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'wealthy', inBranch(bank, wealthy))
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, segment.id)).toEqual(['2', '3'])
    expect(await membersOf(bank, bank.code('R2'), segment.id)).toEqual(['2'])
    await setBalance(bank, '1', '2026-11-22', '2500.00')
    await setBalance(bank, '2', '2026-11-22', '10.00')
    await refreshAll(service)
    expect(await membersOf(bank, caller, segment.id)).toEqual(['1', '3'])
    const { rows } = await service.owner.query(
      `select c.core_number, m.entered_facts, m.left_facts, m.left_reason from segment_membership m join customer c on c.id = m.customer_id where m.segment_id = $1 order by 1`,
      [segment.id],
    )
    const institutions = expect.anything()
    expect(rows.map(({ core_number, ...row }) => [core_number.slice(-1), row])).toEqual([
      ['1', { entered_facts: { aum: '250000', institutions }, left_facts: null, left_reason: null }],
      ['2', { entered_facts: { aum: '200000', institutions }, left_facts: { aum: '1000', institutions }, left_reason: 'rule' }],
      ['3', { entered_facts: { aum: '300000', institutions }, left_facts: null, left_reason: null }],
    ])
    expect(await eventsOf(bank, segment.id)).toMatchObject({ 'segment.entered': 3, 'segment.left': 1 })
  })

  test('is made, revised, activated and retired with an audit entry and an event each; every rule stays as a version', async ({
    bank,
  }) => {
    const caller = await segmentEditor(bank)
    const { id } = await draftSegment(bank, caller, 'life', inBranch(bank, wealthy))
    const poorer = inBranch(bank, { fact: 'aum', gte: '1000.00' })
    expect((await changeSegment(bank, caller, id, 1, { rule: poorer, reason: '门槛下调' })).body).toMatchObject({
      ruleVersion: 2,
      version: 2,
    })
    // The same rule in another order of keys is no new version.
    const same = { all: [poorer.all[0], { gte: '1000.00', fact: 'aum' }] }
    expect((await changeSegment(bank, caller, id, 2, { rule: same, name: '新名' })).body).toMatchObject({
      ruleVersion: 2,
      version: 3,
      name: '新名',
    })
    expect((await changeSegment(bank, caller, id, 3, 'activation')).body).toMatchObject({ state: 'active' })
    expect((await changeSegment(bank, caller, id, 4, 'retirement')).body).toMatchObject({ state: 'retired' })
    const { body } = await bank.request(caller, 'GET', `/segments/${id}`)
    expect(body.versions.map(({ ruleVersion, reason, rule }: any) => [ruleVersion, reason, rule])).toEqual([
      [2, '门槛下调', poorer],
      [1, null, inBranch(bank, wealthy)],
    ])
    expect(await auditedOf(bank, id)).toEqual([
      'createSegment',
      'reviseSegment',
      'reviseSegment',
      'activateSegment',
      'retireSegment',
    ])
    expect(await eventsOf(bank, id)).toEqual({
      'segment.activated': 1,
      'segment.created': 1,
      'segment.retired': 1,
      'segment.revised': 2,
    })
  })

  test('is made over GraphQL as over REST, with a rule in variables or written out', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const create = `mutation ($rule: Json) { createSegment(input: { code: "${bank.name}-g1", name: "甲", rule: $rule }) { state rule versions { ruleVersion } } }`
    const rule = inBranch(bank, wealthy)
    expect((await bank.graphql(caller, create, { rule })).data.createSegment).toEqual({
      state: 'draft',
      rule,
      versions: [{ ruleVersion: 1 }],
    })
    const written = `mutation { createSegment(input: { code: "${bank.name}-g2", name: "乙", rule: { any: [{ fact: "age", between: [18, 25.5] }] } }) { rule } }`
    expect((await bank.graphql(caller, written)).data.createSegment).toEqual({
      rule: { any: [{ fact: 'age', between: [18, 25.5] }] },
    })
    const broken = `mutation { createSegment(input: { code: "${bank.name}-g3", name: "丙", rule: { all: [{ fact: "agee", eq: 1 }] } }) { id } }`
    expect((await bank.graphql(caller, broken)).errors![0]!.extensions).toMatchObject({
      code: 'invalid_input',
      errors: [{ pointer: '/rule/all/0/fact', rule: 'unknown_fact' }],
    })
  })

  test('over another segment follows the revision of that one', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const inner = await activeSegment(bank, caller, 'inner', inBranch(bank, wealthy))
    const outer = await activeSegment(bank, caller, 'outer', { all: [{ segment: inner.id }, { fact: 'aum', lt: '2500.00' }] })
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, outer.id)).toEqual(['2'])
    await changeSegment(bank, caller, inner.id, 2, { rule: inBranch(bank, { fact: 'aum', lt: '2000.00' }) })
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, outer.id)).toEqual(['1'])
  })

  test('is asked who was in it on a day', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'days', inBranch(bank, wealthy))
    const today = (): string => service.clock.now.toISOString().slice(0, 10)
    const before = new Date(service.clock.now.getTime() - 86_400_000).toISOString().slice(0, 10)
    await refreshInFull(bank, caller)
    const entered = today()
    tick(service, 2)
    await setBalance(bank, '2', today(), '1.00')
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, segment.id, `?on=${before}`)).toEqual([])
    expect(await membersOf(bank, caller, segment.id, `?on=${entered}`)).toEqual(['2', '3'])
    expect(await membersOf(bank, caller, segment.id, `?on=${today()}`)).toEqual(['3'])
    expect(await membersOf(bank, caller, segment.id)).toEqual(['3'])
  })

  test('of what has been for days counts the days without a break', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'been', { hasBeen: inBranch(bank, wealthy), days: 2 })
    const seen: string[][] = []
    const nextDay = async (): Promise<void> => {
      await refreshInFull(bank, caller)
      seen.push(await membersOf(bank, caller, segment.id))
      tick(service, 1)
    }
    await nextDay()
    await nextDay()
    await nextDay()
    await setBalance(bank, '2', service.clock.now.toISOString().slice(0, 10), '1.00')
    await nextDay()
    await setBalance(bank, '2', service.clock.now.toISOString().slice(0, 10), '5000.00')
    await nextDay()
    await nextDay()
    await nextDay()
    expect(seen).toEqual([[], [], ['2', '3'], ['3'], ['3'], ['3'], ['2', '3']])
  })

  test('of buckets that meet holds everybody once, and the same again', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const bucket = (from: number, to: number, seed = 'spring') => inBranch(bank, { bucket: { seed, from, to } })
    const [low, high] = [
      await activeSegment(bank, caller, 'low', bucket(0, 40.5)),
      await activeSegment(bank, caller, 'high', bucket(40.5, 100)),
    ]
    await refreshInFull(bank, caller)
    const first = [await membersOf(bank, caller, low.id), await membersOf(bank, caller, high.id)]
    expect(first.flat().sort()).toEqual(['1', '2', '3'])
    await refreshInFull(bank, caller)
    expect([await membersOf(bank, caller, low.id), await membersOf(bank, caller, high.id)]).toEqual(first)
    expect(await eventsOf(bank, low.id)).not.toHaveProperty('segment.left')
  })

  test('of percentiles keeps who stands on the line, and follows full refreshes', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    // Seven transactions a year are 0.5833… a month: no decimal of fifteen digits is that number.
    const month = service.clock.now.toISOString().slice(0, 7)
    const lastMonth = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 2, 1)).toISOString().slice(0, 7)
    const active = (customer: string, count: number) => ({
      customerExternalId: bank.code(customer),
      month: lastMonth,
      channel: 'mobile',
      type: 'transfer',
      currency: 'CNY',
      count,
      amount: '1.00',
    })
    await bank.feed('activity', [active('1', 7), active('2', 7), active('3', 70)])
    await refreshInFull(bank, caller)
    expect((await factsOf(bank, '1')).transactionsPerMonth).toBe(7 / 12)
    const percentile = { institution: bank.code('B1'), lte: 50 }
    const rule = inBranch(bank, { fact: 'transactionsPerMonth', percentile })
    const preview = await bank.request(caller, 'POST', '/segments/preview', { rule })
    expect([preview.status, preview.body.customers]).toEqual([200, 2])
    expect(refusal(await bank.request(bank.code('M1'), 'POST', '/segments/preview', { rule }))).toEqual(['conflict'])
    const segment = await activeSegment(bank, caller, 'line', rule)
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, segment.id)).toEqual(['1', '2'])
    await bank.feed('activity', [active('1', 700)])
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, segment.id)).toEqual(['2', '3'])
  })

  test('is left with the record, and by all with its end', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const [lasting, ending] = [
      await activeSegment(bank, caller, 'lasting', inBranch(bank)),
      await activeSegment(bank, caller, 'ending', inBranch(bank)),
    ]
    await refreshInFull(bank, caller)
    for (const [customer, status] of [
      ['1', 'closed'],
      ['2', 'erased'],
    ] as const)
      await service.owner.query('update customer set status = $2 where id = $1', [await bank.customerId(customer), status])
    await changeSegment(bank, caller, ending.id, 2, 'retirement')
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, lasting.id)).toEqual(['3'])
    expect(await membersOf(bank, caller, ending.id)).toEqual([])
    const { rows } = await service.owner.query(
      `select left_reason, count(*)::int as n from segment_membership where segment_id = any ($1) and left_on is not null group by 1 order by 1`,
      [[lasting.id, ending.id]],
    )
    expect(rows).toEqual(
      expect.arrayContaining([
        { left_reason: 'closed', n: 2 },
        { left_reason: 'retired', n: 3 },
      ]),
    )
  })
})

describe('a segment by a list', () => {
  test('holds whom somebody listed, until they are taken off or their record is closed', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    await refreshInFull(bank, caller)
    const segment = await activeSegment(bank, caller, 'static')
    const [one, two, four] = [await bank.customerId('1'), await bank.customerId('2'), await bank.customerId('4')]
    const key = { 'idempotency-key': `${bank.name}-list` }
    const added = await list(bank, caller, segment.id, { add: [one, two, four, one] }, key)
    expect(added.body).toEqual({ segmentId: segment.id, added: 3, removed: 0 })
    expect((await list(bank, caller, segment.id, { add: [one, two, four, one] }, key)).body).toEqual(added.body)
    expect((await list(bank, caller, segment.id, { add: [one] })).body).toMatchObject({ added: 0 })
    expect(await membersOf(bank, caller, segment.id)).toEqual(['1', '2', '4'])
    expect(await membersOf(bank, bank.code('M2'), segment.id)).toEqual(['4'])
    expect((await list(bank, caller, segment.id, { remove: [two, nobody] })).body).toMatchObject({ removed: 1 })
    expect((await list(bank, caller, segment.id, { add: [two] })).body).toMatchObject({ added: 1 })
    await service.owner.query(`update customer set status = 'closed' where id = $1`, [one])
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, segment.id)).toEqual(['2', '4'])
    expect(refusal(await list(bank, caller, segment.id, { add: [two, one] }))).toEqual([
      'unknown_reference',
      '/add/1 unknown_reference',
    ])
    expect(await eventsOf(bank, segment.id)).toMatchObject({ 'segment.entered': 4, 'segment.left': 2 })
    expect((await auditedOf(bank, segment.id)).filter((name) => name === 'setSegmentMembers')).toHaveLength(4)
  })

  test('stands in the rules of others', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    await refreshInFull(bank, caller)
    const named = await activeSegment(bank, caller, 'named')
    const rest = await activeSegment(bank, caller, 'rest', inBranch(bank, { not: { segment: named.id } }))
    await list(bank, caller, named.id, { add: [await bank.customerId('1')] })
    await refreshInFull(bank, caller)
    expect(await membersOf(bank, caller, rest.id)).toEqual(['2', '3'])
  })

  test('takes ten thousand at once and no more', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'many')
    const many = Array.from({ length: 10_001 }, (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`)
    expect(refusal(await list(bank, caller, segment.id, { add: many }))).toEqual(['invalid_input', '/add too_big'])
    expect((await list(bank, caller, segment.id, { remove: many.slice(1) })).body).toMatchObject({ removed: 0 })
  })
})

describe('a preview', () => {
  test('counts who meets a rule within scope, nobody and everybody too, and who would come and go', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'previewed', inBranch(bank, wealthy))
    await refreshInFull(bank, caller)
    const stored = async (): Promise<unknown> => (await service.owner.query(`select count(*) from segment_version`)).rows
    const before = await stored()
    const preview = async (as: Caller, rule: object, segmentId?: string): Promise<any> => {
      const { status, body } = await bank.request(as, 'POST', '/segments/preview', { rule, ...(segmentId && { segmentId }) })
      expect(status, JSON.stringify(body)).toBe(200)
      return body
    }
    expect(await preview(caller, inBranch(bank, { fact: 'aum', lt: '2500.00' }), segment.id)).toMatchObject({
      customers: 2,
      aum: { amount: '3000.00', currency: 'CNY' },
      entering: 1,
      leaving: 1,
      sample: [{ name: '王芳' }, { name: '李伟' }],
    })
    expect(await preview(bank.code('M1'), { fact: 'aum', exists: true })).toMatchObject({
      customers: 3,
      shareOfCustomers: 100,
      shareOfAum: 100,
      entering: null,
      leaving: null,
    })
    expect(await preview(bank.code('R1'), { fact: 'aum', exists: true })).toMatchObject({ customers: 1, shareOfCustomers: 100 })
    expect(await preview(bank.code('M1'), { fact: 'aum', exists: false })).toMatchObject({
      customers: 0,
      aum: { amount: '0.00' },
      shareOfCustomers: 0,
      sample: [],
    })
    expect(await stored()).toEqual(before)
  })

  test('that would take longer than a statement may is refused with an estimate', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    await refreshInFull(bank, caller)
    const kept = await draftSegment(bank, caller, 'dear', wealthy)
    const rows = (count: number) =>
      service.owner.query(`update pg_class set reltuples = $1 where relname = 'customer_fact'`, [count])
    const cost = (pointer: string) => ['query_too_complex', `${pointer} cost`]
    const policy = { rules: [{ value: 'dormant', rule: wealthy }], reason: 'dear' }
    await rows(500_000_000)
    try {
      const { status, body } = await bank.request(caller, 'POST', '/segments/preview', { rule: wealthy })
      expect([status, body.code]).toEqual([400, 'query_too_complex'])
      expect(body.detail).toMatch(/about \d+ seconds/)
      // What is in reach of a portfolio is counted.
      expect((await bank.request(bank.code('M1'), 'POST', '/segments/preview', { rule: wealthy })).status).toBe(200)
      const sent = { code: `${bank.name}-dearer`, name: 'dearer', rule: wealthy }
      expect(refusal(await bank.request(caller, 'POST', '/segments', sent))).toEqual(cost('/rule'))
      expect(refusal(await changeSegment(bank, caller, kept.id, 1, { rule: { fact: 'aum', lt: '5.00' } }))).toEqual(cost('/rule'))
      expect(refusal(await changeSegment(bank, caller, kept.id, 1, 'activation'))).toEqual(cost('/segmentId'))
      const refused = await bank.request(caller, 'PUT', '/classification-policies/activity', policy)
      expect(refusal(refused)).toEqual(cost('/rules/0/rule'))
    } finally {
      await rows(10)
    }
  })

  test('may take its time, and all active ones together no more than a refresh may', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const watching = (days: number): object => ({
      any: Array.from({ length: 60 }, (_, index) => ({ hasBeen: { fact: 'aum', gte: `${index}.00` }, days })),
    })
    const drafts: any[] = []
    for (let days = 1; days <= 11; days++) drafts.push(await draftSegment(bank, caller, `watch${days}`, watching(days)))
    // Each takes about 19 of 20 seconds, all of them more than 200.
    await service.owner.query(`update pg_class set reltuples = 52000 where relname = 'customer_fact'`)
    try {
      const answers: Answer[] = []
      for (const { id } of drafts) answers.push(await changeSegment(bank, caller, id, 1, 'activation'))
      expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 200), 400])
      expect(refusal(answers.at(-1)!)).toEqual(['query_too_complex', '/segmentId cost'])
      expect(answers.at(-1)!.body.detail).toMatch(
        /all active segments and policies would take about \d+ seconds; the limit is 200/,
      )
    } finally {
      await service.owner.query('analyze customer_fact')
      for (const { id } of drafts.slice(0, 10)) await changeSegment(bank, caller, id, 2, 'retirement')
    }
  })

  test('is refused by the policies that rest on the segment, which it may not retire under', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const { id } = await activeSegment(bank, caller, 'inferred', wealthy)
    const policy = {
      rules: [{ value: 'price', rule: { segment: id }, confidence: 0.5 }],
      reason: 'by segment',
      effectiveOn: '2026-12-01',
    }
    const set = await bank.request(caller, 'PUT', '/classification-policies/relationship_preference', policy)
    expect(set.status, JSON.stringify(set.body)).toBe(200)
    const { version } = (await bank.request(caller, 'GET', `/segments/${id}`)).body
    const watching = { rule: { hasBeen: wealthy, days: 3 } }
    expect(refusal(await changeSegment(bank, caller, id, version, watching))).toEqual([
      'invalid_input',
      '/rule duration_not_allowed',
    ])
    expect(refusal(await changeSegment(bank, caller, id, version, 'retirement'))).toEqual(['in_use'])
  })
})

describe('what is asked of a segment', () => {
  test('is refused with code and pointer where it is wrong', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const [dynamic, fixed, user] = [
      await activeSegment(bank, caller, 'dynamic', wealthy),
      await activeSegment(bank, caller, 'fixed'),
      await draftSegment(bank, caller, 'user', wealthy),
    ]
    const retired = await draftSegment(bank, caller, 'retired', wealthy)
    await changeSegment(bank, caller, retired.id, 1, 'retirement')
    await changeSegment(bank, caller, user.id, 1, { rule: { not: { segment: dynamic.id } } })
    const create = async (more: object) =>
      refusal(await bank.request(caller, 'POST', '/segments', { code: `${bank.name}-c`, name: '客', rule: wealthy, ...more }))
    expect(await create({ code: 'Ünfit' })).toEqual(['invalid_input', '/code invalid_format'])
    expect(await create({ code: dynamic.code })).toEqual(['already_exists', '/code already_exists'])
    expect(await create({ name: 'a\u0000b' })).toEqual(['invalid_input', '/name nul_character'])
    expect(await create({ rule: undefined })).toEqual(['invalid_input', '/rule kind'])
    expect(await create({ kind: 'static' })).toEqual(['invalid_input', '/rule kind'])
    expect(await create({ rule: [] })).toEqual(['invalid_input', '/rule invalid_type'])
    expect(await create({ rule: { all: [wealthy, { fact: 'age', between: [30, 20] }] } })).toEqual([
      'invalid_input',
      '/rule/all/1/between reversed',
    ])
    expect(await create({ rule: { bucket: { seed: 'a\u0000', from: 0, to: 1 } } })).toEqual([
      'invalid_input',
      '/rule/bucket/seed nul_character',
    ])
    expect(await create({ rule: { segment: retired.id } })).toEqual(['invalid_input', '/rule/segment retired_segment'])
    expect(await create({ rule: { fact: 'aum', percentile: { institution: 'nowhere', gte: 1 } } })).toEqual([
      'invalid_input',
      '/rule/percentile/institution unknown_institution',
    ])

    const change = async (id: string, version: number, to: Parameters<typeof changeSegment>[4]) =>
      refusal(await changeSegment(bank, caller, id, version, to))
    expect(await change(nobody, 1, { name: '无' })).toEqual(['not_found'])
    expect(await change(dynamic.id, 1, { name: '旧' })).toEqual(['version_conflict'])
    expect(refusal(await bank.request(caller, 'PATCH', `/segments/${dynamic.id}`, { name: '无' }))).toEqual([
      'precondition_required',
    ])
    expect(await change(dynamic.id, 2, { rule: { any: [] } })).toEqual(['invalid_input', '/rule/any empty'])
    expect(await change(dynamic.id, 2, { rule: { segment: user.id } })).toEqual(['invalid_input', '/rule/segment cycle'])
    expect(await change(dynamic.id, 2, { rule: { any: Array.from({ length: 101 }, () => wealthy) } })).toEqual([
      'invalid_input',
      '/rule/any too_many',
    ])
    expect(await change(fixed.id, 2, { rule: wealthy })).toEqual(['conflict'])
    expect(await change(retired.id, 2, { name: '无' })).toEqual(['already_closed'])
    expect(await change(dynamic.id, 2, 'activation')).toEqual(['conflict'])
    expect(await change(retired.id, 2, 'activation')).toEqual(['already_closed'])
    expect(await change(nobody, 1, 'activation')).toEqual(['not_found'])
    expect(await change(retired.id, 2, 'retirement')).toEqual(['already_closed'])
    const used = await changeSegment(bank, caller, dynamic.id, 2, 'retirement')
    expect([used.status, used.body.code, used.body.detail.includes('user')]).toEqual([409, 'in_use', true])

    const listed = async (id: string, body: object) => refusal(await list(bank, caller, id, body))
    expect(await listed(nobody, {})).toEqual(['not_found'])
    expect(await listed(dynamic.id, {})).toEqual(['conflict'])
    expect(await listed(retired.id, {})).toEqual(['already_closed'])
    expect(await listed((await draftSegment(bank, caller, 'draft')).id, {})).toEqual(['conflict'])
    expect(await listed(fixed.id, { add: ['x'] })).toEqual(['invalid_input', '/add/0 invalid_format'])
    expect(await listed(fixed.id, { add: [nobody] })).toEqual(['unknown_reference', '/add/0 unknown_reference'])
    const one = await bank.customerId('1')
    expect(await listed(fixed.id, { add: [one], remove: [nobody, one] })).toEqual(['invalid_input', '/remove/1 distinct'])

    const get = async (path: string) => refusal(await bank.request(caller, 'GET', `/segments/${path}`))
    expect(await get(nobody)).toEqual(['not_found'])
    expect(await get(`${nobody}/members`)).toEqual(['not_found'])
    expect(await get(`${dynamic.id}/members?cursor=x`)).toEqual(['invalid_cursor', '/cursor cursor'])
    expect(await get(`${dynamic.id}/members?on=2026-02-30`)).toEqual(['invalid_input', '/on day'])
    const preview = async (body: object) => refusal(await bank.request(caller, 'POST', '/segments/preview', body))
    expect(await preview({ rule: wealthy, segmentId: nobody })).toEqual(['not_found'])
    expect(await preview({ rule: { segment: dynamic.id }, segmentId: dynamic.id })).toEqual([
      'invalid_input',
      '/rule/segment cycle',
    ])
    expect(await preview({ rule: { fact: 'aum', gte: 1 } })).toEqual(['invalid_input', '/rule/gte type'])
  })

  test('is refused where a segment that rests on it would pass a limit', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const inner = await activeSegment(bank, caller, 'innermost', wealthy)
    const middle = await activeSegment(bank, caller, 'middle', { not: { segment: inner.id } })
    await activeSegment(bank, caller, 'watching', { hasBeen: { segment: middle.id }, days: 3 })
    const revised = await changeSegment(bank, caller, inner.id, 2, { rule: { hasBeen: wealthy, days: 1 } })
    expect(refusal(revised)).toEqual(['invalid_input', '/rule nested'])
    expect(revised.body.errors[0].message).toContain(`${bank.name}-watching`)
  })

  test('is not permitted to branches and other roles', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'roles', wealthy)
    for (const other of ['K1', 'M1', 'R1', 'A1']) {
      const create = await bank.request(bank.code(other), 'POST', '/segments', {
        code: `${bank.name}-${other.toLowerCase()}`,
        name: '无',
        rule: wealthy,
      })
      expect([other, create.status, create.body.code]).toEqual([other, 403, 'not_permitted'])
      expect(refusal(await changeSegment(bank, bank.code(other), segment.id, 2, 'retirement'))).toEqual(['not_permitted'])
      expect(refusal(await list(bank, bank.code(other), segment.id, {}))).toEqual(['not_permitted'])
    }
    expect(refusal(await bank.request(bank.code('T1'), 'GET', `/segments/${segment.id}/members`))).toEqual(['not_permitted'])
    expect(refusal(await bank.request(bank.code('M1'), 'POST', '/refreshes', {}))).toEqual(['not_permitted'])
  })

  test('happens once for a key that is sent twice, and for one of two at once', async ({ bank }) => {
    const caller = await segmentEditor(bank)
    const body = { code: `${bank.name}-once`, name: '一', rule: wealthy }
    const key = { 'idempotency-key': `${bank.name}-once` }
    const [first, again] = [
      await bank.request(caller, 'POST', '/segments', body, key),
      await bank.request(caller, 'POST', '/segments', body, key),
    ]
    expect([first.status, again.status, again.body.id]).toEqual([201, 201, first.body.id])
    expect(refusal(await bank.request(caller, 'POST', '/segments', { ...body, name: '二' }, key))).toEqual([
      'idempotency_key_reused',
    ])
    const made = await Promise.all(
      [1, 2].map(() => bank.request(caller, 'POST', '/segments', { ...body, code: `${bank.name}-twice` })),
    )
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409])
    const { id } = first.body
    const revised = await Promise.all(['一', '二'].map((name) => changeSegment(bank, caller, id, 1, { name })))
    expect(revised.map(({ status }) => status).sort()).toEqual([200, 412])
    // Each would name the other: whoever comes second is told of the circle.
    const other = (await bank.request(caller, 'POST', '/segments', { ...body, code: `${bank.name}-other` })).body
    const circle = await Promise.all([
      changeSegment(bank, caller, id, 2, { rule: { segment: other.id } }),
      changeSegment(bank, caller, other.id, 1, { rule: { segment: id } }),
    ])
    expect(circle.map(({ status }) => status).sort()).toEqual([200, 400])
  })
})

describe('a refresh', () => {
  const open = async (bank: TestBank, ids: readonly string[]): Promise<unknown> =>
    (
      await bank.service.owner.query(
        `select segment_id, customer_id from segment_membership where segment_id = any ($1) and left_on is null order by 1, 2`,
        [ids],
      )
    ).rows

  test('of those who have changed comes to what one of everybody comes to', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const today = service.clock.now.toISOString().slice(0, 10)
    const rules = [
      inBranch(bank, wealthy),
      inBranch(bank, { not: wealthy }),
      inBranch(bank, { fact: 'aumFallFromPeak60', gt: 30 }),
      inBranch(bank, { hasBeen: wealthy, days: 1 }),
    ]
    const ids: string[] = []
    for (const [index, rule] of rules.entries()) ids.push((await activeSegment(bank, caller, `equal${index}`, rule)).id)
    await refreshInFull(bank, caller)
    tick(service, 1)
    await refreshInFull(bank, caller)
    for (const [customer, amount] of [
      ['1', '9000.00'],
      ['2', '100.00'],
      ['3', '2000.00'],
      ['1', '1.00'],
      ['2', '2000.01'],
    ] as const) {
      await setBalance(bank, customer, today, amount)
      tick(service)
      await refreshAll(service)
    }
    const incremental = await open(bank, ids)
    await refreshInFull(bank, caller)
    expect(await open(bank, ids)).toEqual(incremental)
    expect(incremental).not.toEqual([])
  })

  test('follows a definition that has changed within the next steps, by the facts as they stand', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    await refreshInFull(bank, caller)
    const segment = await activeSegment(bank, caller, 'at-once', inBranch(bank, wealthy))
    const evaluation = async () => (await bank.request(caller, 'GET', '/refreshes?limit=1')).body.items[0]
    expect(await evaluation()).toMatchObject({
      kind: 'evaluation',
      reason: 'definition',
      state: 'queued',
      requestedBy: `staff:${bank.code('KH')}`,
    })
    tick(service)
    await refreshAll(service)
    expect(await evaluation()).toMatchObject({ kind: 'evaluation', state: 'done', customersDone: 0, entered: 2 })
    expect(await membersOf(bank, caller, segment.id)).toEqual(['2', '3'])
    tick(service)
    await changeSegment(bank, caller, segment.id, 2, { rule: inBranch(bank, { not: wealthy }) })
    await refreshAll(service)
    expect(await membersOf(bank, caller, segment.id)).toEqual(['1'])
    tick(service)
    await changeSegment(bank, caller, segment.id, 3, 'retirement')
    await refreshAll(service)
    expect(await membersOf(bank, caller, segment.id)).toEqual([])
  })

  test('waits for the one before it, and shows how it stands', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    await refreshAll(service)
    tick(service)
    const ask = (kind: string) => bank.request(caller, 'POST', '/refreshes', { kind })
    const [full, incremental, again] = await Promise.all([ask('full'), ask('incremental'), ask('full')])
    expect([full.status, full.body.state, incremental.body.state]).toEqual([202, 'queued', 'queued'])
    // One that waits serves both who asked.
    expect(again.body.id).toBe(full.body.id)
    const states = async () =>
      Promise.all(
        [full, incremental].map(async ({ body }) => (await bank.request(caller, 'GET', `/refreshes/${body.id}`)).body.state),
      )
    for (let more = true; more;) {
      tick(service)
      // Two workers at once: one of them waits for the other's step.
      const taken = await Promise.all(
        [1, 2].map(() => runAsSystem(service.service, advanceRefreshes) as Promise<{ more: boolean }>),
      )
      more = taken.some((one) => one.more)
      const now = await states()
      expect(now.filter((state) => state === 'running').length).toBeLessThanOrEqual(1)
    }
    expect(await states()).toEqual(['done', 'done'])
    const { rows } = await service.owner.query(
      `select count(*)::int as n from refresh_run a join refresh_run b on a.id <> b.id and a.started_at < b.finished_at and b.started_at < a.finished_at where a.id = $1 and b.id = $2`,
      [full.body.id, incremental.body.id],
    )
    expect(rows).toEqual([{ n: 0 }])
  })

  test('lets an import in between its steps, and what came is worked out by the next', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'meanwhile', inBranch(bank, wealthy))
    await refreshInFull(bank, caller)
    tick(service)
    await bank.request(caller, 'POST', '/refreshes', { kind: 'full' })
    await runAsSystem(service.service, advanceRefreshes)
    await setBalance(bank, '1', service.clock.now.toISOString().slice(0, 10), '7000.00')
    tick(service)
    await refreshAll(service)
    expect(await membersOf(bank, caller, segment.id)).toEqual(['1', '2', '3'])
  })

  test('keeps what a command changes in a list while it evaluates', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const rule = await activeSegment(bank, caller, 'beside', inBranch(bank, wealthy))
    const listed = await activeSegment(bank, caller, 'list')
    await refreshInFull(bank, caller)
    const [one, number] = [await bank.customerId('1'), await numberOf(bank, listed.id)]
    await setBalance(bank, '1', service.clock.now.toISOString().slice(0, 10), '7000.00')
    await toEvaluation(bank, caller)
    const evaluation = await heldAt(service, one)
    // What `setSegmentMembers` writes, in a transaction that was there before.
    await service.owner.query(
      `insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at)
       select id, gen_random_uuid(), institution_path, $2, '2026-11-22', now() from customer where id = $1`,
      [one, listed.id],
    )
    await service.owner.query('update customer_fact set segments = segments || $2::int where customer_id = $1', [one, number])
    await service.owner.query('commit')
    expect(await evaluation.ended).toBe('done')
    expect(await membersOf(bank, caller, rule.id)).toContain('1')
    expect(await membersOf(bank, caller, listed.id)).toEqual(['1'])
    const stored = await service.owner.query('select segments from customer_fact where customer_id = $1', [one])
    expect(stored.rows[0].segments).toEqual(expect.arrayContaining([await numberOf(bank, rule.id), number]))
    expect(stored.rows[0].segments).toEqual([...new Set<number>(stored.rows[0].segments)].sort((a, b) => a - b))
    tick(service)
    expect((await list(bank, caller, listed.id, { remove: [one] })).body).toMatchObject({ removed: 1 })
  })

  test('killed half-way has written nothing, and the next worker completes it', async ({ bank, service }) => {
    const caller = await segmentEditor(bank)
    const segment = await activeSegment(bank, caller, 'killed', inBranch(bank, wealthy))
    await refreshInFull(bank, caller)
    const before = await membersOf(bank, caller, segment.id)
    await setBalance(bank, '1', service.clock.now.toISOString().slice(0, 10), '7000.00')
    await setBalance(bank, '2', service.clock.now.toISOString().slice(0, 10), '1.00')
    const run = await toEvaluation(bank, caller)
    const evaluation = await heldAt(service, await bank.customerId('1'))
    const killer = new pg.Client({ connectionString: service.serviceUrl })
    await killer.connect()
    await killer.query('select pg_terminate_backend($1)', [evaluation.pid])
    await killer.end()
    expect(await evaluation.ended).toBe('unavailable')
    await service.owner.query('rollback')
    expect(await membersOf(bank, caller, segment.id)).toEqual(before)
    const stands = async () => (await bank.request(caller, 'GET', `/refreshes/${run}`)).body
    expect(await stands()).toMatchObject({ state: 'running', step: 'evaluation' })
    await refreshAll(service)
    expect(await stands()).toMatchObject({ state: 'done', error: null })
    expect(await membersOf(bank, caller, segment.id)).toEqual(['1', ...before.filter((name) => name !== '2')])
  })
})

const numberOf = async ({ service }: TestBank, id: string): Promise<number> =>
  (await service.owner.query('select number from segment where id = $1', [id])).rows[0].number

/** Takes a full refresh to where it evaluates next. Answers its id. */
async function toEvaluation(bank: TestBank, caller: Caller): Promise<string> {
  tick(bank.service)
  const { id } = (await bank.request(caller, 'POST', '/refreshes', { kind: 'full' })).body
  for (;;) {
    await runAsSystem(bank.service.service, advanceRefreshes)
    const { body } = await bank.request(caller, 'GET', `/refreshes/${id}`)
    if (body.step === 'evaluation') return id
    expect(['queued', 'running']).toContain(body.state)
  }
}

/** Begins the next step and lets it wait for the facts of a customer, which the owner's transaction holds from then on. */
async function heldAt(
  service: TestService,
  customerId: string,
): Promise<{ readonly pid: number; readonly ended: Promise<string> }> {
  const { owner } = service
  await owner.query('begin')
  await owner.query('select from customer_fact where customer_id = $1 for update', [customerId])
  const ended = runAsSystem(service.service, advanceRefreshes).then(
    () => 'done',
    (error: { code?: string }) => String(error.code),
  )
  for (;;) {
    const { rows } = await owner.query(
      'select pid from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))',
    )
    if (rows.length > 0) return { pid: rows[0].pid, ended }
    await sleep(10)
  }
}
