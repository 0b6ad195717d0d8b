import { describe, expect } from 'vitest'
import { type Caller, startOfTests, test, type TestBank, type TestService } from '../../setup/service.ts'
import { factsOf, refreshAll } from './facts.ts'

async function marketing(bank: TestBank): Promise<Caller> {
  await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
  return bank.code('KH')
}

async function fullRefresh(bank: TestBank, service: TestService): Promise<void> {
  await bank.request({ client: 'core' }, 'POST', '/refreshes', { kind: 'full' })
  await refreshAll(service)
}

async function classified(bank: TestBank, customer: string, caller: Caller = bank.code('M1')): Promise<any> {
  const { status, body } = await bank.request(caller, 'GET', `/customers/${await bank.customerId(customer)}/classification`)
  expect(status, JSON.stringify(body)).toBe(200)
  return Object.fromEntries(body.classifications.map(({ kind, ...one }: any) => [kind, one]))
}
const pointers = (body: any): string[] => body.errors.map(({ pointer, rule }: any) => `${pointer} ${rule}`)

const policy = (bank: TestBank, caller: Caller, kind: string, body: object, headers: Record<string, string> = {}) =>
  bank.request(caller, 'PUT', `/classification-policies/${kind}`, { reason: '试', ...body }, headers)

describe('classifications', () => {
  test('follow the defaults with the rule that decided, and are facts as well', async ({ bank, service }) => {
    await refreshAll(service)
    const found = await classified(bank, '1')
    expect(found).toMatchObject({
      lifecycle_stage: { value: 'maturity', basis: 'default', policyVersion: 0, ruleIndex: null, since: '2026-11-22' },
      activity: { value: 'dormant', basis: 'rule', ruleIndex: 0, rule: { any: expect.anything() } },
      product_preference: { value: 'deposit_led', basis: 'rule', rule: { fact: 'depositShare', gte: 60 } },
      marketing_grade: { basis: 'default', value: 'standard' },
      relationship_preference: { value: null, basis: 'none' },
    })
    expect(await factsOf(bank, '1')).toMatchObject({
      lifecycleStage: 'maturity',
      activity: 'dormant',
      productPreference: 'deposit_led',
      marketingGrade: 'standard',
    })
    const { body } = await bank.request(bank.code('T1'), 'GET', '/classification-policies?kind=activity')
    expect(body.policies).toMatchObject([{ kind: 'activity', version: 0, source: 'product_default', defaultValue: 'potential' }])
  })

  test('change with a new version from the full refresh of its day on, and keep the periods', async ({ bank, service }) => {
    const caller = await marketing(bank)
    await fullRefresh(bank, service)
    const rules = [
      {
        value: 'potential',
        rule: {
          all: [
            { fact: 'institutions', overlaps: [bank.code('B1')] },
            { fact: 'aum', gte: '2000.00' },
          ],
        },
      },
      { value: 'active', rule: { fact: 'institutions', overlaps: [bank.code('B1')] } },
    ]
    const set = await policy(bank, caller, 'activity', { rules, effectiveOn: '2026-11-23' })
    expect([set.status, set.body]).toMatchObject([
      200,
      { kind: 'activity', source: 'bank', effectiveOn: '2026-11-23', defaultValue: null },
    ])
    const again = await policy(bank, caller, 'activity', { rules, effectiveOn: '2026-11-23' })
    expect([again.status, again.body.code]).toEqual([409, 'period_overlap'])
    expect((await policy(bank, caller, 'activity', { rules, effectiveOn: '2026-11-25' }, { 'if-match': '"0"' })).status).toBe(412)
    try {
      service.clock.now = new Date('2026-11-23T02:00:00Z')
      await fullRefresh(bank, service)
      expect((await classified(bank, '1'))['activity']).toMatchObject({
        value: 'active',
        ruleIndex: 1,
        policyVersion: set.body.version,
        since: '2026-11-23',
      })
      expect((await classified(bank, '2'))['activity']).toMatchObject({ value: 'potential', ruleIndex: 0, rule: rules[0]!.rule })
      const { data } = await bank.graphql(
        bank.code('M1'),
        `{ customer(customerId: "${await bank.customerId('1')}") { classifications { kind value } classificationHistory { nodes { kind value beganOn endedOn } } } }`,
      )
      expect(data.customer.classifications.map(({ kind }: any) => kind)).toEqual([
        'activity',
        'lifecycle_stage',
        'marketing_grade',
        'product_preference',
      ])
      expect(data.customer.classificationHistory.nodes.filter(({ kind }: any) => kind === 'activity')).toEqual([
        { kind: 'activity', value: 'active', beganOn: '2026-11-23', endedOn: null },
        { kind: 'activity', value: 'dormant', beganOn: '2026-11-22', endedOn: '2026-11-23' },
      ])
      const { body } = await bank.request(
        bank.code('M1'),
        'GET',
        `/customers/${await bank.customerId('1')}/classification-history?kind=activity`,
      )
      expect(body.items.map(({ value }: any) => value)).toEqual(['active', 'dormant'])
      const { rows } = await service.owner.query(
        `select payload from outbox_event where type = 'classification.changed' and subject_id = 'activity' and customer_id = $1`,
        [await bank.customerId('1')],
      )
      expect(rows).toEqual([{ payload: { from: 'dormant', to: 'active' } }])
    } finally {
      service.clock.now = startOfTests
      await service.owner.query(`delete from policy_version where kind = 'classification' and key = 'activity'`)
    }
  })

  test('end with a closed record', async ({ bank, service }) => {
    await fullRefresh(bank, service)
    await service.owner.query(`update customer set status = 'closed' where id = $1`, [await bank.customerId('2')])
    await service.owner.query(
      `insert into customer_fact_stale (customer_id, institution_path, since) select id, institution_path, now() from customer where id = $1 on conflict do nothing`,
      [await bank.customerId('2')],
    )
    await refreshAll(service)
    expect(await classified(bank, '2')).toMatchObject({
      lifecycle_stage: { value: 'ended', basis: 'rule', ruleIndex: 0 },
      activity: { value: null, basis: 'none' },
    })
    const { rows } = await service.owner.query(
      `select count(*)::int as n from tier_membership where customer_id = $1 and ended_on is null`,
      [await bank.customerId('2')],
    )
    expect(rows[0].n).toBe(0)
  })

  test('are refused with what is wrong named, alike on both sides', async ({ bank }) => {
    const caller = await marketing(bank)
    const refused = async (kind: string, body: object) => {
      const rest = await policy(bank, caller, kind, body)
      const graphql = await bank.graphql(
        caller,
        'mutation ($input: ReviseClassificationPolicyInput!) { reviseClassificationPolicy(input: $input) { version } }',
        { input: { kind, reason: '试', ...body } },
      )
      expect(graphql.errors?.[0]?.extensions.code).toBe(rest.body.code)
      return [rest.body.code, ...pointers(rest.body)]
    }
    const rule = { fact: 'aum', gte: '1' }
    expect(await refused('activity', { rules: [{ value: 'key', rule }] })).toEqual([
      'invalid_input',
      '/rules/0/value unknown_value',
    ])
    expect(await refused('activity', { rules: [{ value: 'active', rule: { fact: 'nothing', eq: 1 } }] })).toEqual([
      'invalid_input',
      '/rules/0/rule/fact unknown_fact',
    ])
    expect(await refused('activity', { rules: [{ value: 'active', rule }], defaultValue: 'key' })).toEqual([
      'invalid_input',
      '/defaultValue unknown_value',
    ])
    expect(await refused('relationship_preference', { rules: [{ value: 'price', rule }] })).toEqual([
      'invalid_input',
      '/rules/0/confidence confidence',
    ])
    expect(
      await refused('relationship_preference', {
        rules: [{ value: 'price', confidence: 0.5, rule: { hasBeen: rule, days: 3 } }],
      }),
    ).toEqual(['invalid_input', '/rules/0/rule duration_not_allowed'])
    expect(await refused('activity', { rules: [{ value: 'active', rule }], effectiveOn: '2026-11-01' })).toEqual([
      'outside_period',
      '/effectiveOn effective_on',
    ])
    expect((await policy(bank, bank.code('K1'), 'activity', { rules: [{ value: 'active', rule }] })).status).toBe(403)
  })

  test('keep a segment that a policy names from being retired', async ({ bank, service }) => {
    const caller = await marketing(bank)
    const segment = await bank.request(caller, 'POST', '/segments', {
      code: bank.code('used'),
      name: '在用',
      rule: { fact: 'aum', gte: '1' },
    })
    const set = await policy(bank, caller, 'marketing_grade', {
      rules: [{ value: 'key', rule: { segment: segment.body.id } }],
      effectiveOn: '2027-05-01',
    })
    expect(set.status, JSON.stringify(set.body)).toBe(200)
    const retired = await bank.request(caller, 'POST', `/segments/${segment.body.id}/retirement`, {}, { 'if-match': '"1"' })
    expect([retired.status, retired.body.code, retired.body.detail]).toEqual([
      409,
      'in_use',
      expect.stringContaining('marketing_grade'),
    ])
    await service.owner.query(`delete from policy_version where kind = 'classification' and key = 'marketing_grade'`)
  })
})

describe('a relationship preference', () => {
  test('is inferred with a confidence until somebody declares one, which stays as history', async ({ bank, service }) => {
    await fullRefresh(bank, service)
    await service.owner.query('update customer_fact set outflow_ratio_30 = 4 where customer_id = $1', [
      await bank.customerId('1'),
    ])
    expect((await classified(bank, '1'))['relationship_preference']).toMatchObject({
      value: 'price',
      basis: 'inferred',
      confidence: 0.4,
      policyVersion: 0,
    })
    const url = `/customers/${await bank.customerId('1')}/relationship-preferences`
    const declare = (caller: Caller, body: object) =>
      bank.request(caller, 'POST', url, body, { 'idempotency-key': bank.code(encodeURIComponent(JSON.stringify(body))) })
    const first = await declare(bank.code('R1'), { preference: 'quality', note: '要求高' })
    expect([first.status, first.body]).toMatchObject([
      201,
      { preference: 'quality', note: '要求高', declaredBy: { number: bank.code('R1') }, supersededAt: null },
    ])
    expect((await declare(bank.code('R1'), { preference: 'quality', note: '要求高' })).headers['idempotency-replayed']).toBe(
      'true',
    )
    expect((await classified(bank, '1'))['relationship_preference']).toMatchObject({
      value: 'quality',
      basis: 'declared',
      confidence: 1,
      since: '2026-11-22',
    })
    service.clock.now = new Date(startOfTests.getTime() + 60_000)
    const second = await bank.graphql(
      bank.code('M1'),
      'mutation ($input: DeclareRelationshipPreferenceInput!) { declareRelationshipPreference(input: $input) { preference } }',
      { input: { customerId: await bank.customerId('1'), preference: 'relationship' } },
    )
    service.clock.now = startOfTests
    expect(second.data.declareRelationshipPreference).toEqual({ preference: 'relationship' })
    const { body } = await bank.request(bank.code('M1'), 'GET', url)
    expect(body.items.map(({ preference, supersededAt }: any) => [preference, supersededAt === null])).toEqual([
      ['relationship', true],
      ['quality', false],
    ])
    expect((await declare(bank.code('R2'), { preference: 'price' })).status).toBe(404)
    expect((await declare(bank.code('T1'), { preference: 'price' })).status).toBe(403)
    const nul = await declare(bank.code('R1'), { preference: 'price', note: 'a\u0000' })
    expect([nul.status, ...pointers(nul.body)]).toEqual([400, '/note nul_character'])
    const { rows } = await service.owner.query(
      `select a.changed, e.type from audit_entry a join outbox_event e on e.subject_id = a.subject_id where a.subject_id = $1`,
      [first.body.id],
    )
    expect(rows).toEqual([{ changed: ['preference', 'note'], type: 'relationship_preference.declared' }])
  })
})

describe('scores', () => {
  test('by recency, frequency and monetary value are fifths of all active customers', async ({ bank, service }) => {
    const customers = Array.from({ length: 10 }, (_, index) => `F${index}`)
    await bank.feed(
      'customers',
      customers.map((one) => ({ externalId: bank.code(one), kind: 'individual', name: '王', institutionCode: bank.code('B2') })),
    )
    await bank.feed(
      'activity',
      customers.map((one, index) => ({
        customerExternalId: bank.code(one),
        month: `2026-0${(index % 9) + 1}`,
        channel: 'mobile',
        type: 'transfer',
        currency: 'CNY',
        count: 10 + index,
        amount: `${(index + 1) * 100}.00`,
      })),
    )
    await fullRefresh(bank, service)
    const { rows: cuts } = await service.owner.query(
      `select fact, cuts::float8[] as cuts from fact_cut where path = '/' and fact = any ('{recency,frequency,monetary}')`,
    )
    const cutOf = Object.fromEntries(cuts.map(({ fact, cuts: values }) => [fact, values]))
    const { rows } = await service.owner.query(
      `select (as_of - last_transaction_on) as recency, frequency, monetary::float8 as monetary, recency_score as r, frequency_score as f, monetary_score as m from customer_fact where status = 'active'`,
    )
    const fifth = (fact: string, value: number): number =>
      [20, 40, 60, 80].filter((percentile) => value > cutOf[fact][percentile]).length + 1
    for (const { recency, frequency, monetary, r, f, m } of rows) {
      expect([r, f, m]).toEqual([
        recency === null ? null : 6 - fifth('recency', recency),
        fifth('frequency', frequency),
        fifth('monetary', monetary),
      ])
    }
    expect(new Set(rows.map(({ m }) => m)).size).toBeGreaterThan(1)
  })

  test('of the relation have parts and say how much of them is known', async ({ bank, service }) => {
    await fullRefresh(bank, service)
    const { body } = await bank.request(bank.code('M1'), 'GET', `/customers/${await bank.customerId('1')}/relation-scores`)
    const of = (kind: string) => body.scores.find((one: any) => one.kind === kind)
    expect(of('satisfaction')).toMatchObject({ score: null, knownWeight: 0 })
    expect(of('loyalty').parts.find(({ fact }: any) => fact === 'tenure')).toEqual({
      fact: 'tenure',
      value: '82',
      weight: 30,
      points: 68.3,
    })
    expect(of('loyalty').knownWeight).toBeLessThan(100)
    expect(of('dependence').score).toBeGreaterThanOrEqual(0)
    expect((await bank.request(bank.code('R2'), 'GET', `/customers/${await bank.customerId('1')}/relation-scores`)).status).toBe(
      404,
    )
    const caller = await marketing(bank)
    const part = (fact: string) => [{ fact, weight: 100, by: 'scale', zeroAt: 0, fullAt: 100 }]
    const sent = {
      satisfaction: part('lastNps'),
      loyalty: part('tenure'),
      contribution: part('aum'),
      dependence: part('products'),
      reason: '试',
    }
    const bad = await bank.request(caller, 'POST', '/relation-score-policies', {
      ...sent,
      loyalty: [{ fact: 'tenure', weight: 50, by: 'scale', zeroAt: 0, fullAt: 100 }],
    })
    expect([bad.status, ...pointers(bad.body)]).toEqual([400, '/loyalty weights'])
    const set = await bank.request(caller, 'POST', '/relation-score-policies', sent)
    expect([set.status, set.body]).toMatchObject([
      201,
      { source: 'bank', effectiveOn: '2026-11-22', loyalty: [{ fact: 'tenure' }] },
    ])
    const { body: policies } = await bank.request(caller, 'GET', '/relation-score-policies')
    expect(policies.policies.map(({ version, source }: any) => [version, source])).toEqual([
      [1, 'bank'],
      [0, 'product_default'],
    ])
    const next = await bank.request(bank.code('M1'), 'GET', `/customers/${await bank.customerId('1')}/relation-scores`)
    expect(next.body).toMatchObject({
      policyVersion: set.body.version,
      scores: [{}, { kind: 'loyalty', score: 82, knownWeight: 100 }, {}, {}],
    })
    await service.owner.query(`delete from policy_version where kind = 'relation_score'`)
  })
})

describe('lists of customers', () => {
  test('can be narrowed to a tier', async ({ bank, service }) => {
    const caller = await marketing(bank)
    const { body: scheme } = await bank.request(caller, 'POST', '/tier-schemes', {
      code: bank.code('t'),
      name: '分层',
      kinds: ['individual'],
      measure: 'aum',
      thresholds: [
        { code: 'low', name: '低', from: '1000' },
        { code: 'high', name: '高', from: '3000' },
      ],
    })
    await fullRefresh(bank, service)
    const list = async (who: Caller, query: string) => {
      const { status, body } = await bank.request(who, 'GET', `/customers?${query}`)
      return status === 200
        ? body.items.map(({ coreNumber }: any) => coreNumber.slice(bank.name.length + 1)).sort()
        : [status, ...(body.errors ? pointers(body) : [])]
    }
    expect(await list(bank.code('M1'), `tierSchemeId=${scheme.id}&tier=low&includeTotal=true`)).toEqual(['1', '2'])
    expect(await list(bank.code('R2'), `tierSchemeId=${scheme.id}&tier=low`)).toEqual(['2'])
    expect(await list(bank.code('M1'), `tierSchemeId=${scheme.id}&tier=high`)).toEqual(['3'])
    expect(await list(bank.code('M1'), `tierSchemeId=${scheme.id}`)).toEqual([400, '/tier required'])
    expect(await list(bank.code('M1'), `tierSchemeId=${scheme.id}&tier=none`)).toEqual([422, '/tier unknown_reference'])
    expect(await list(bank.code('T1'), `tierSchemeId=${scheme.id}&tier=low`)).toEqual([403])
    const { data } = await bank.graphql(
      bank.code('M1'),
      `{ customers(filter: { tierSchemeId: "${scheme.id}", tier: "high" }) { totalCount nodes { name } } }`,
    )
    expect(data.customers).toEqual({ totalCount: 1, nodes: [{ name: '张敏' }] })
  })
})
