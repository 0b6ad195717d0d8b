import { describe, expect } from 'vitest'
import { thresholdDistance, parseMeasured } from '../../../src/core/segmentation/tiers.ts'
import { type Caller, startOfTests, test, type TestBank, type TestService } from '../../setup/service.ts'
import { refreshAll } from './facts.ts'

/** Somebody of the head office who defines schemes. */
async function marketing(bank: TestBank): Promise<Caller> {
  await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
  return bank.code('KH')
}

const tiers = [
  { code: 'silver', name: '银', from: '2000', upgradeMargin: '1000', atRiskMargin: '500' },
  { code: 'gold', name: '金', from: '3000', upgradeMargin: '1000', atRiskMargin: '500' },
]
const scheme = (bank: TestBank, more: object = {}) => ({
  code: bank.code('deposits'),
  name: '存款',
  kinds: ['individual'],
  measure: 'depositBalance',
  graceDays: 30,
  thresholds: tiers,
  ...more,
})

async function made(bank: TestBank, caller: Caller, more: object = {}): Promise<any> {
  const { status, body } = await bank.request(caller, 'POST', '/tier-schemes', scheme(bank, more))
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

async function fullRefresh(bank: TestBank, service: TestService): Promise<void> {
  await bank.request({ client: 'core' }, 'POST', '/refreshes', { kind: 'full' })
  await refreshAll(service)
}

const onDay = (service: TestService, day: string): void => void (service.clock.now = new Date(`${day}T02:00:00Z`))
const balance = (bank: TestBank, customer: string, day: string, amount: string) =>
  bank.feed('balances', [{ holdingExternalId: bank.code(`A${customer}`), day, amount }])

/** Where a customer stands in one scheme. */
async function standing(bank: TestBank, customer: string, schemeId: string, caller: Caller = bank.code('M1')): Promise<any> {
  const { status, body } = await bank.request(caller, 'GET', `/customers/${await bank.customerId(customer)}/tiers`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.tiers.find((one: any) => one.schemeId === schemeId)
}
const pointers = (body: any): string[] => body.errors.map(({ pointer, rule }: any) => `${pointer} ${rule}`)
const numbers = (bank: TestBank, body: any): string[] =>
  body.items.map(({ customer }: any) => customer.coreNumber.slice(bank.name.length + 1))

describe('schemes of tiers', () => {
  test('are shipped as data with their source', async ({ bank }) => {
    const { body } = await bank.request(bank.code('M1'), 'GET', '/tier-schemes?state=active')
    const shipped = body.items.filter(({ createdBy }: any) => createdBy === 'system:defaults')
    expect(shipped.map(({ code, measure, kinds }: any) => [code, measure, kinds])).toEqual([
      ['companies', 'aum', ['company', 'sole_trader']],
      ['private_clients', 'aum', ['individual']],
      ['retail_deposits', 'depositBalance', ['individual']],
    ])
    const one = await bank.request(bank.code('T1'), 'GET', `/tier-schemes/${shipped[1].id}`)
    expect(one.body.versions).toMatchObject([
      {
        schemeVersion: 1,
        graceDays: 90,
        source: 'industry_practice',
        thresholds: [{ code: 'private', from: '6000000', upgradeMargin: '1000000', atRiskMargin: '2000000' }],
        subtrees: [],
      },
    ])
  })

  test('are made and revised over both sides, with versions, an audit entry and an event each', async ({ bank, service }) => {
    const caller = await marketing(bank)
    const first = await made(bank, caller)
    expect(first).toMatchObject({
      version: 1,
      state: 'active',
      evaluatedVersion: null,
      versions: [{ effectiveOn: '2026-11-22', source: 'bank' }],
    })
    const { data, errors } = await bank.graphql(
      caller,
      `mutation ($input: ReviseTierSchemeInput!) { reviseTierScheme(input: $input) { version versions { schemeVersion effectiveOn graceDays thresholds { code from } } } }`,
      { input: { schemeId: first.id, graceDays: 10, effectiveOn: '2026-12-01', expectedVersion: 1 } },
    )
    expect(errors).toBeUndefined()
    expect(data.reviseTierScheme).toMatchObject({
      version: 2,
      versions: [
        { schemeVersion: 2, effectiveOn: '2026-12-01', graceDays: 10, thresholds: [{ code: 'silver' }, { code: 'gold' }] },
        { schemeVersion: 1, effectiveOn: '2026-11-22', graceDays: 30 },
      ],
    })
    const url = `/tier-schemes/${first.id}`
    const revise = (body: object, version = 2) => bank.request(caller, 'PATCH', url, body, { 'if-match': `"${version}"` })
    expect((await revise({ graceDays: 5 }, 1)).status).toBe(412)
    expect((await bank.request(caller, 'PATCH', url, { graceDays: 5 })).status).toBe(428)
    const same = await revise({ graceDays: 5, effectiveOn: '2026-12-01' })
    expect([same.status, same.body.code, ...pointers(same.body)]).toEqual([409, 'period_overlap', '/effectiveOn effective_on'])
    const past = await revise({ graceDays: 5, effectiveOn: '2026-11-01' })
    expect([past.status, ...pointers(past.body)]).toEqual([422, '/effectiveOn effective_on'])
    const bad = await revise({ thresholds: tiers.toReversed(), effectiveOn: '2026-12-02' })
    expect([bad.status, ...pointers(bad.body)]).toContain('/thresholds/1/from order')
    expect((await revise({ name: '改名' })).body).toMatchObject({ name: '改名', version: 3 })
    const retired = await bank.request(caller, 'POST', `${url}/retirement`, {}, { 'if-match': '"3"' })
    expect(retired.body).toMatchObject({ state: 'retired', version: 4 })
    expect((await revise({ name: '再改' }, 4)).body.code).toBe('already_closed')
    const { rows } = await service.owner.query(
      `select a.operation, e.type from audit_entry a join outbox_event e on e.subject_id = a.subject_id and e.occurred_at = a.at where a.subject_id = $1 group by 1, 2 order by 1, 2`,
      [first.id],
    )
    expect(rows.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(['createTierScheme', 'reviseTierScheme', 'retireTierScheme']),
    )
    expect(rows.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['tier_scheme.created', 'tier_scheme.revised', 'tier_scheme.retired']),
    )
  })

  test('are refused alike on both sides where they are none', async ({ bank }) => {
    const caller = await marketing(bank)
    const refused = async (more: object) => {
      const rest = await bank.request(caller, 'POST', '/tier-schemes', scheme(bank, more))
      const graphql = await bank.graphql(
        caller,
        'mutation ($input: CreateTierSchemeInput!) { createTierScheme(input: $input) { id } }',
        { input: scheme(bank, more) },
      )
      expect(graphql.errors?.[0]?.extensions.code).toBe(rest.body.code)
      return [rest.body.code, ...pointers(rest.body)]
    }
    expect(await refused({ measure: 'nothing' })).toEqual(['invalid_input', '/measure unknown_measure'])
    expect(await refused({ kinds: [] })).toEqual(['invalid_input', '/kinds empty'])
    expect(await refused({ thresholds: [{ ...tiers[0], from: '1.234' }] })).toEqual([
      'invalid_input',
      '/thresholds/0/from amount',
    ])
    expect(await refused({ thresholds: [tiers[0], { ...tiers[1], from: '2000.00' }] })).toEqual([
      'invalid_input',
      '/thresholds/1/from order',
    ])
    expect(await refused({ subtrees: [{ institutionCode: 'nowhere', thresholds: tiers }] })).toEqual([
      'invalid_input',
      '/subtrees/0/institutionCode unknown_institution',
    ])
    expect(await refused({ effectiveOn: '2026-11-21' })).toEqual(['outside_period', '/effectiveOn effective_on'])
    expect(await refused({ name: 'a\u0000b' })).toEqual(['invalid_input', '/name nul_character'])
    await made(bank, caller)
    expect(await refused({})).toEqual(['already_exists', '/code already_exists'])
    expect((await bank.request(bank.code('K1'), 'POST', '/tier-schemes', scheme(bank, { code: bank.code('x') }))).status).toBe(
      403,
    )
  })

  test('are made once with one idempotency key, and of two changes at once one wins', async ({ bank }) => {
    const caller = await marketing(bank)
    const post = () => bank.request(caller, 'POST', '/tier-schemes', scheme(bank), { 'idempotency-key': bank.code('key') })
    const [one, again] = [await post(), await post()]
    expect([one.status, again.status, again.body.id, again.headers['idempotency-replayed']]).toEqual([
      201,
      201,
      one.body.id,
      'true',
    ])
    const change = (days: number) =>
      bank.request(
        caller,
        'PATCH',
        `/tier-schemes/${one.body.id}`,
        { graceDays: days, effectiveOn: `2026-12-0${days}` },
        { 'if-match': '"1"' },
      )
    expect((await Promise.all([change(1), change(2)])).map(({ status }) => status).sort()).toEqual([200, 412])
  })
})

describe('tiers of customers', () => {
  test('go up at once and down after the grace, with the shortfall told meanwhile and a period each', async ({
    bank,
    service,
  }) => {
    const caller = await marketing(bank)
    const { id } = await made(bank, caller)
    await fullRefresh(bank, service)
    expect(await standing(bank, '1', id)).toMatchObject({
      tier: null,
      rank: 0,
      value: '1000.00',
      nextTier: 'silver',
      toNextThreshold: '1000.00',
      aboveOwnThreshold: null,
    })
    expect(await standing(bank, '2', id)).toMatchObject({
      tier: 'silver',
      tierName: '银',
      since: '2026-11-22',
      toNextThreshold: '1000.00',
      aboveOwnThreshold: '0.00',
      overridden: false,
    })
    expect(await standing(bank, '3', id)).toMatchObject({
      tier: 'gold',
      nextTier: null,
      toNextThreshold: null,
      aboveOwnThreshold: '0.00',
    })
    try {
      onDay(service, '2026-11-25')
      await balance(bank, '3', '2026-11-25', '2400.00')
      await balance(bank, '2', '2026-11-25', '3500.00')
      await fullRefresh(bank, service)
      expect(await standing(bank, '2', id)).toMatchObject({ tier: 'gold', since: '2026-11-25' })
      expect(await standing(bank, '3', id)).toMatchObject({
        tier: 'gold',
        aboveOwnThreshold: '-600.00',
        belowSince: '2026-11-25',
        graceEndsOn: '2026-12-25',
      })
      const risk = await bank.request(bank.code('M1'), 'GET', `/tier-schemes/${id}/pending-downgrades`)
      expect(risk.body.items).toMatchObject([
        {
          tier: 'gold',
          measuredTier: 'silver',
          value: '2400.00',
          threshold: '3000.00',
          shortfall: '600.00',
          belowSince: '2026-11-25',
          graceEndsOn: '2026-12-25',
          daysLeft: 30,
        },
      ])
      onDay(service, '2026-12-24')
      await fullRefresh(bank, service)
      expect(await standing(bank, '3', id)).toMatchObject({ tier: 'gold' })
      onDay(service, '2026-12-25')
      await fullRefresh(bank, service)
      expect(await standing(bank, '3', id)).toMatchObject({ tier: 'silver', since: '2026-12-25', belowSince: null })
      const history = await bank.request(bank.code('M1'), 'GET', `/customers/${await bank.customerId('3')}/tier-history`)
      expect(history.body.items.filter(({ schemeId }: any) => schemeId === id)).toMatchObject([
        {
          tier: 'silver',
          beganOn: '2026-12-25',
          beganReason: 'downgraded',
          endedOn: null,
          scheme: { code: bank.code('deposits') },
        },
        { tier: 'gold', beganOn: '2026-11-22', beganReason: 'entered', endedOn: '2026-12-25', endedReason: 'downgraded' },
      ])
      const { rows } = await service.owner.query(
        `select payload from outbox_event where type = 'tier.changed' and subject_id = $1 and customer_id = $2 order by occurred_at`,
        [id, await bank.customerId('3')],
      )
      expect(rows.map(({ payload }) => payload)).toEqual([
        { from: null, to: 'gold', reason: 'entered' },
        { from: 'gold', to: 'silver', reason: 'downgraded' },
      ])
      const { rows: kept } = await service.owner.query(
        `select began_facts from tier_membership where scheme_id = $1 and customer_id = $2 and ended_on is null`,
        [id, await bank.customerId('3')],
      )
      expect(kept[0].began_facts).toEqual({ depositBalance: '240000', kind: 'individual', belowSince: '2026-11-25' })
    } finally {
      service.clock.now = startOfTests
    }
  })

  test('follow other lines in a subtree, and a new version with the full refresh of its day', async ({ bank, service }) => {
    const caller = await marketing(bank)
    const low = tiers.map((one) => ({ ...one, from: String(Number(one.from) - 1500) }))
    const { id } = await made(bank, caller, { subtrees: [{ institutionCode: bank.code('O1'), thresholds: low }] })
    await fullRefresh(bank, service)
    expect(await standing(bank, '1', id)).toMatchObject({
      tier: 'silver',
      toNextThreshold: '500.00',
      aboveOwnThreshold: '500.00',
    })
    expect(await standing(bank, '2', id)).toMatchObject({ tier: 'gold' })
    const url = `/tier-schemes/${id}`
    const next = [
      { code: 'basic', name: '基', from: '100' },
      { ...tiers[1], upgradeMargin: undefined },
    ]
    await bank.request(caller, 'PATCH', url, { thresholds: next, subtrees: [], effectiveOn: '2026-11-24' }, { 'if-match': '"1"' })
    try {
      onDay(service, '2026-11-23')
      await fullRefresh(bank, service)
      expect(await standing(bank, '1', id)).toMatchObject({ tier: 'silver', schemeVersion: 1 })
      onDay(service, '2026-11-24')
      await fullRefresh(bank, service)
      // Silver is gone; who held gold keeps it in grace, now by the lines of the whole bank.
      expect(await standing(bank, '1', id)).toMatchObject({ tier: 'basic', schemeVersion: 2, since: '2026-11-24' })
      expect(await standing(bank, '2', id)).toMatchObject({ tier: 'gold', since: '2026-11-22', belowSince: '2026-11-24' })
      const { body } = await bank.request(bank.code('M1'), 'GET', `/customers/${await bank.customerId('1')}/tier-history`)
      expect(body.items.filter(({ schemeId }: any) => schemeId === id)).toMatchObject([
        { tier: 'basic', beganReason: 'scheme', beganVersion: 2 },
        { tier: 'silver', endedReason: 'scheme', endedVersion: 2 },
      ])
      await bank.request(caller, 'POST', `${url}/retirement`, {}, { 'if-match': '"2"' })
      await fullRefresh(bank, service)
      expect(await standing(bank, '1', id)).toBeUndefined()
      const { rows } = await service.owner.query(
        'select count(*)::int as n from tier_membership where scheme_id = $1 and ended_on is null',
        [id],
      )
      expect(rows[0].n).toBe(0)
    } finally {
      service.clock.now = startOfTests
    }
  })

  test('list who is near a line and who is not settled above it, in scope and page by page', async ({ bank, service }) => {
    const { id } = await made(bank, await marketing(bank))
    await balance(bank, '1', '2026-11-22', '1900.00')
    await balance(bank, '2', '2026-11-22', '2300.00')
    await balance(bank, '3', '2026-11-22', '3100.00')
    await fullRefresh(bank, service)
    const url = (side: string, more = '') => `/tier-schemes/${id}/threshold-customers?side=${side}${more}`
    const near = await bank.request(bank.code('M1'), 'GET', url('upgrade_candidate'))
    expect(near.status, JSON.stringify([near.body, service.logged.at(-2)])).toBe(200)
    expect(numbers(bank, near.body)).toEqual(['1', '2'])
    expect(near.body.items).toMatchObject([
      { tier: 'silver', heldTier: null, value: '1900.00', threshold: '2000.00', distance: '100.00' },
      { tier: 'gold', heldTier: 'silver', value: '2300.00', threshold: '3000.00', distance: '700.00' },
    ])
    const unsettled = await bank.request(bank.code('M1'), 'GET', url('at_risk'))
    expect(unsettled.body.items.map(({ distance, tier }: any) => [tier, distance])).toEqual([
      ['gold', '100.00'],
      ['silver', '300.00'],
    ])
    const first = await bank.request(bank.code('M1'), 'GET', url('upgrade_candidate', '&limit=1&includeTotal=true'))
    expect([numbers(bank, first.body), first.body.total]).toEqual([['1'], 2])
    const second = await bank.request(
      bank.code('M1'),
      'GET',
      url('upgrade_candidate', `&limit=1&cursor=${first.body.nextCursor}&includeTotal=true`),
    )
    expect([numbers(bank, second.body), second.body.nextCursor]).toEqual([['2'], null])
    expect(numbers(bank, (await bank.request(bank.code('R2'), 'GET', url('upgrade_candidate'))).body)).toEqual(['2'])
    expect(numbers(bank, (await bank.request(bank.code('M2'), 'GET', url('upgrade_candidate'))).body)).toEqual([])
    expect(numbers(bank, (await bank.request(bank.code('M1'), 'GET', url('upgrade_candidate', '&tier=gold'))).body)).toEqual([
      '2',
    ])
    const byManager = url('upgrade_candidate', `&relationshipManagerId=${await bank.staffId('R1')}`)
    expect(numbers(bank, (await bank.request(bank.code('M1'), 'GET', byManager)).body)).toEqual(['1'])
    const inOutlet = url('at_risk', `&institutionId=${await bank.idOf('institution', 'O2')}`)
    expect(numbers(bank, (await bank.request(bank.code('M1'), 'GET', inOutlet)).body)).toEqual(['3'])
    expect(pointers((await bank.request(bank.code('M1'), 'GET', url('upgrade_candidate', '&tier=nothing'))).body)).toEqual([
      '/tier unknown_reference',
    ])
    const { data } = await bank.graphql(
      bank.code('M1'),
      `{ thresholdCustomers(schemeId: "${id}", side: upgrade_candidate, filter: { tier: "silver" }) { totalCount nodes { distance customer { coreNumber tiers { scheme tier } } } } }`,
    )
    expect(data.thresholdCustomers).toMatchObject({
      totalCount: 1,
      nodes: [{ distance: '100.00', customer: { coreNumber: bank.code('1') } }],
    })
    const other = await made(bank, bank.code('KH'), { code: bank.code('later') })
    const early = await bank.request(
      bank.code('M1'),
      'GET',
      `/tier-schemes/${other.id}/threshold-customers?side=upgrade_candidate`,
    )
    expect(early.body.code).toBe('conflict')
    const none = await bank.request(bank.code('M1'), 'GET', `/tier-schemes/${await bank.staffId('M1')}/pending-downgrades`)
    expect(none.status).toBe(404)
  })

  test('list whom the rule of core names, at every edge of a line and its bands', async ({ bank, service }) => {
    const { id, thresholds } = await made(bank, await marketing(bank)).then((one) => ({ id: one.id, thresholds: tiers }))
    await fullRefresh(bank, service)
    const { rows } = await service.owner.query('select slot from tier_scheme where id = $1', [id])
    const minor = (text: string | null | undefined): bigint | null =>
      text == null ? null : (parseMeasured(text, 'depositBalance', 'CNY') as bigint)
    const lines = thresholds.map(({ from, upgradeMargin, atRiskMargin }: any) => ({
      from: minor(from)!,
      upgradeMargin: minor(upgradeMargin),
      atRiskMargin: minor(atRiskMargin),
    }))
    const edges = lines.flatMap(({ from, upgradeMargin, atRiskMargin }) =>
      [from, from - (upgradeMargin ?? 0n), from + (atRiskMargin ?? 0n)].flatMap((edge) => [edge - 1n, edge, edge + 1n]),
    )
    const customerId = await bank.customerId('1')
    for (const value of edges)
      for (let place = 0; place <= lines.length; place++) {
        await service.owner.query(
          `update customer_fact set deposit_balance = $2::bigint, tier_places[${rows[0].slot}] = $3 where customer_id = $1`,
          [customerId, String(value), place],
        )
        for (const side of ['upgrade_candidate', 'at_risk'] as const) {
          const told = thresholdDistance(value, place, lines, side)
          const { body } = await bank.request(bank.code('R1'), 'GET', `/tier-schemes/${id}/threshold-customers?side=${side}`)
          const found = body.items.map(({ tier, distance }: any) => [tier, minor(distance)])
          expect(found, `${value} at ${place}, ${side}`).toEqual(told ? [[thresholds[told.line - 1]!.code, told.distance]] : [])
        }
      }
  })
})

describe('a tier set by hand', () => {
  function asked(schemeId: string, more: object = {}): object {
    return {
      schemeId,
      tier: 'gold',
      reason: '资产正在转入',
      endsOn: '2026-12-22',
      ...more,
    }
  }
  async function prepared(bank: TestBank, service: TestService): Promise<string> {
    const { id } = await made(bank, await marketing(bank))
    await bank.feed('staff', [
      { externalId: bank.code('MA'), name: '副', institutionCode: bank.code('B1'), roles: ['branch_manager'] },
      { externalId: bank.code('MB'), name: '他', institutionCode: bank.code('B2'), roles: ['branch_manager'] },
    ])
    await fullRefresh(bank, service)
    return id
  }

  /** Approves what is pending about a customer, as another manager. */
  async function approve(bank: TestBank, customer: string, caller: Caller = bank.code('MA')) {
    const customerId = await bank.customerId(customer)
    const { body } = await bank.request(bank.code('M1'), 'GET', `/approval-requests?customerId=${customerId}`)
    expect(body.items).toHaveLength(1)
    return bank.request(caller, 'POST', `/customers/${customerId}/approval-requests/${body.items[0].id}/approval`, {})
  }

  test('holds once another manager has approved it and until its end, and then the one that fits does', async ({
    bank,
    service,
  }) => {
    const id = await prepared(bank, service)
    const url = `/customers/${await bank.customerId('1')}/tier-overrides`
    const post = async (more: object = {}) =>
      bank.request(bank.code('M1'), 'POST', url, asked(id, more), { 'idempotency-key': bank.code('o') })
    const set = await post()
    expect([set.status, set.body], JSON.stringify(set.body)).toMatchObject([
      201,
      {
        tier: 'gold',
        state: 'requested',
        version: 1,
        startsOn: '2026-11-22',
        requestedBy: { number: bank.code('M1') },
        approver: null,
      },
    ])
    expect((await post()).headers['idempotency-replayed']).toBe('true')
    expect((await post({ tier: 'silver' })).status).toBe(422)
    expect(await standing(bank, '1', id)).toMatchObject({ tier: null, overridden: false })
    const approved = await approve(bank, '1')
    expect([approved.status, approved.body], JSON.stringify(approved.body)).toMatchObject([
      200,
      { kind: 'tier_override', state: 'approved', subjectId: set.body.id, decidedBy: { number: bank.code('MA') }, version: 2 },
    ])
    expect((await bank.request(bank.code('M1'), 'GET', `${url}/${set.body.id}`)).body).toMatchObject({
      state: 'active',
      version: 2,
      approver: { number: bank.code('MA') },
    })
    expect(await standing(bank, '1', id)).toMatchObject({
      tier: 'gold',
      overridden: true,
      overrideEndsOn: '2026-12-22',
      belowSince: null,
    })
    const twice = await bank.request(bank.code('M1'), 'POST', url, asked(id))
    expect([twice.status, twice.body.code]).toEqual([409, 'already_exists'])
    try {
      onDay(service, '2026-12-21')
      await fullRefresh(bank, service)
      expect(await standing(bank, '1', id)).toMatchObject({ tier: 'gold' })
      onDay(service, '2026-12-22')
      await fullRefresh(bank, service)
      expect(await standing(bank, '1', id)).toMatchObject({ tier: null, overridden: false })
    } finally {
      service.clock.now = startOfTests
    }
    const { rows } = await service.owner.query(
      `select operation, changed from audit_entry where customer_id = $1 and operation = 'overrideTier'`,
      [await bank.customerId('1')],
    )
    expect(rows.map(({ changed }) => changed).sort()).toEqual([
      ['kind', 'subjectId', 'reason'],
      ['schemeId', 'tier', 'reason', 'endsOn'],
    ])
    const { rows: periods } = await service.owner.query(
      `select tier, began_reason, ended_reason from tier_membership where scheme_id = $1 and customer_id = $2`,
      [id, await bank.customerId('1')],
    )
    expect(periods).toEqual([{ tier: 'gold', began_reason: 'override', ended_reason: 'override' }])
    expect((await bank.request(bank.code('M1'), 'GET', url)).body.items).toMatchObject([{ state: 'ended' }])
  })

  test('ends with its scheme', async ({ bank, service }) => {
    const id = await prepared(bank, service)
    const url = `/customers/${await bank.customerId('1')}/tier-overrides`
    expect((await bank.request(bank.code('M1'), 'POST', url, asked(id))).status).toBe(201)
    expect((await approve(bank, '1')).status).toBe(200)
    await bank.request(bank.code('KH'), 'POST', `/tier-schemes/${id}/retirement`, {}, { 'if-match': '"1"' })
    await fullRefresh(bank, service)
    const { rows } = await service.owner.query('select state, ends_on::text from tier_override where scheme_id = $1', [id])
    expect(rows).toEqual([{ state: 'ended', ends_on: '2026-11-22' }])
  })

  test('is ended by hand, once, by the version that was seen', async ({ bank, service }) => {
    const id = await prepared(bank, service)
    const customerId = await bank.customerId('3')
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      `mutation ($input: OverrideTierInput!) { overrideTier(input: $input) { id version tier customer { coreNumber } } }`,
      { input: { customerId, ...asked(id, { tier: 'silver' }) } },
    )
    expect(errors).toBeUndefined()
    expect((await approve(bank, '3')).status).toBe(200)
    expect(await standing(bank, '3', id)).toMatchObject({ tier: 'silver', overridden: true })
    const url = `/customers/${customerId}/tier-overrides/${data.overrideTier.id}`
    const end = (version: number) => bank.request(bank.code('M1'), 'POST', `${url}/end`, {}, { 'if-match': `"${version}"` })
    expect((await end(7)).status).toBe(412)
    expect((await Promise.all([end(2), end(2)])).map(({ status }) => status).sort()).toEqual([200, 412])
    expect(await standing(bank, '3', id)).toMatchObject({ tier: 'gold', overridden: false })
    const ended = await bank.request(bank.code('M1'), 'GET', url)
    expect(ended.body).toMatchObject({ state: 'ended', endsOn: '2026-11-22' })
    expect((await end(ended.body.version)).body.code).toBe('already_closed')
  })

  test('is refused for what is not there, and to whom may not', async ({ bank, service }) => {
    const id = await prepared(bank, service)
    const set = async (more: object, customer = '2', caller: Caller = bank.code('M1')) => {
      const answer = await bank.request(
        caller,
        'POST',
        `/customers/${await bank.customerId(customer)}/tier-overrides`,
        asked(id, more),
      )
      return [answer.status, answer.body.code, ...(answer.body.errors ? pointers(answer.body) : [])]
    }
    expect(await set({ endsOn: '2027-11-23' })).toEqual([422, 'outside_period', '/endsOn period'])
    expect(await set({ tier: 'nothing' })).toEqual([422, 'unknown_reference', '/tier unknown_reference'])
    expect(await set({ schemeId: await bank.staffId('M1') })).toEqual([422, 'unknown_reference', '/schemeId unknown_reference'])
    expect(await set({}, '4')).toEqual([404, 'not_found'])
    expect(await set({}, '2', bank.code('R2'))).toEqual([403, 'not_permitted'])
  })
})

describe('a request for approval', () => {
  async function requested(bank: TestBank, service: TestService) {
    const { id } = await made(bank, await marketing(bank))
    await bank.feed('staff', [
      { externalId: bank.code('MA'), name: '副', institutionCode: bank.code('B1'), roles: ['branch_manager'] },
      { externalId: bank.code('MB'), name: '他', institutionCode: bank.code('B2'), roles: ['branch_manager'] },
    ])
    await fullRefresh(bank, service)
    const customerId = await bank.customerId('1')
    const set = await bank.request(bank.code('M1'), 'POST', `/customers/${customerId}/tier-overrides`, {
      schemeId: id,
      tier: 'gold',
      reason: '资产正在转入',
      endsOn: '2026-12-22',
    })
    expect(set.status, JSON.stringify(set.body)).toBe(201)
    const { data } = await bank.graphql(
      bank.code('M1'),
      'query ($filter: ApprovalRequestsFilter) { approvalRequests(filter: $filter) { nodes { id kind state reason requestedBy { number } customer { id } } } }',
      { filter: { customerId } },
    )
    expect(data.approvalRequests.nodes).toMatchObject([
      { kind: 'tier_override', state: 'pending', requestedBy: { number: bank.code('M1') }, customer: { id: customerId } },
    ])
    const url = `/customers/${customerId}/approval-requests/${data.approvalRequests.nodes[0].id}`
    const post = (caller: Caller, act: string, body: object = {}, headers = {}) =>
      bank.request(caller, 'POST', `${url}/${act}`, body, headers)
    return { schemeId: id, customerId, overrideId: set.body.id, url, post }
  }

  test('is decided by another person who may, once, by the version that was seen', async ({ bank, service }) => {
    const { customerId, schemeId, overrideId, url, post } = await requested(bank, service)
    const own = await post(bank.code('M1'), 'approval')
    expect([own.status, own.body.code, ...pointers(own.body)]).toEqual([409, 'conflict', '/approvalRequestId four_eyes'])
    expect((await post(bank.code('M1'), 'refusal', { note: '不' })).body.code).toBe('conflict')
    expect((await post(bank.code('R1'), 'approval')).status).toBe(403)
    expect((await post(bank.code('MB'), 'approval')).status).toBe(404)
    expect((await post(bank.code('MA'), 'withdrawal')).body.code).toBe('conflict')
    expect((await post(bank.code('MA'), 'refusal')).status).toBe(400)
    expect((await post(bank.code('MA'), 'approval', {}, { 'if-match': '"7"' })).status).toBe(412)
    expect(await standing(bank, '1', schemeId)).toMatchObject({ tier: null, overridden: false })
    const both = await Promise.all([post(bank.code('MA'), 'approval'), post(bank.code('MA'), 'approval')])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(await standing(bank, '1', schemeId)).toMatchObject({ tier: 'gold', overridden: true })
    expect((await post(bank.code('MA'), 'refusal', { note: '晚了' })).body.code).toBe('already_closed')
    expect((await bank.request(bank.code('M1'), 'GET', `/approval-requests?customerId=${customerId}`)).body.items).toEqual([])
    expect((await bank.request(bank.code('M1'), 'GET', url)).body).toMatchObject({ state: 'approved', subjectId: overrideId })
    const { rows } = await service.owner.query(
      `select type from outbox_event where customer_id = $1 and type ~ '^(approval_request|tier_override)' order by sequence`,
      [customerId],
    )
    expect(rows.map(({ type }) => type).sort()).toEqual([
      'approval_request.approved',
      'approval_request.created',
      'tier_override.requested',
      'tier_override.set',
    ])
  })

  test('that is declined or withdrawn makes room for another one', async ({ bank, service }) => {
    const { customerId, schemeId, overrideId, url, post } = await requested(bank, service)
    const again = () =>
      bank.request(bank.code('M1'), 'POST', `/customers/${customerId}/tier-overrides`, {
        schemeId,
        tier: 'gold',
        reason: '再次',
        endsOn: '2026-12-22',
      })
    expect((await again()).body.code).toBe('already_exists')
    const declined = await post(bank.code('MA'), 'refusal', { note: '资产尚未到账' })
    expect([declined.status, declined.body]).toMatchObject([200, { state: 'declined', decisionNote: '资产尚未到账' }])
    expect(
      (await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}/tier-overrides/${overrideId}`)).body,
    ).toMatchObject({
      state: 'declined',
      approver: null,
    })
    expect((await again()).status).toBe(201)
    const { body } = await bank.request(bank.code('MA'), 'GET', `/approval-requests?customerId=${customerId}`)
    const [{ id }] = body.items
    expect(url).not.toContain(id)
    const withdrawn = await bank.request(
      bank.code('M1'),
      'POST',
      `/customers/${customerId}/approval-requests/${id}/withdrawal`,
      {},
    )
    expect([withdrawn.status, withdrawn.body.state]).toEqual([200, 'withdrawn'])
    expect(await standing(bank, '1', schemeId)).toMatchObject({ tier: null, overridden: false })
    expect((await again()).status).toBe(201)
  })

  test('is refused and stays pending where what was asked for can no longer take effect', async ({ bank, service }) => {
    const { schemeId, url, post } = await requested(bank, service)
    try {
      onDay(service, '2026-12-22')
      const late = await post(bank.code('MA'), 'approval')
      expect([late.status, late.body.code, ...pointers(late.body)]).toEqual([422, 'outside_period', '/endsOn period'])
    } finally {
      service.clock.now = startOfTests
    }
    await bank.request(bank.code('KH'), 'POST', `/tier-schemes/${schemeId}/retirement`, {}, { 'if-match': '"1"' })
    await fullRefresh(bank, service)
    expect((await post(bank.code('MA'), 'approval')).status).toBeGreaterThanOrEqual(400)
    expect((await bank.request(bank.code('M1'), 'GET', url)).body).toMatchObject({ state: 'pending', version: 1 })
    expect((await post(bank.code('MA'), 'refusal', { note: '方案已停用' })).status).toBe(200)
  })
})

describe('growth by tier', () => {
  test('tells heads beside assets against a month-end, in scope', async ({ bank, service }) => {
    const { id, code } = await made(bank, await marketing(bank))
    await fullRefresh(bank, service)
    const ids = await Promise.all(['1', '2', '3', '4'].map((one) => bank.customerId(one)))
    await service.owner.query('delete from customer_fact_month where customer_id = any ($1)', [ids])
    const url = `/tier-schemes/${id}/growth`
    const unknown = await bank.request(bank.code('M1'), 'GET', url)
    expect(unknown.body).toMatchObject({
      since: '2026-10-31',
      comparable: false,
      tiers: [{ rank: 0, customers: 1, customersBefore: null }, {}, {}],
    })
    await service.owner.query(
      `insert into customer_fact_month (customer_id, month_end, institution_path, status, kind, aum, tiers)
       select id, '2026-10-31', institution_path, 'active', 'individual', 100000, array[$2::text] from customer where id = any ($1)`,
      [ids, `${code}:gold`],
    )
    const { body } = await bank.request(bank.code('M1'), 'GET', url)
    expect(body.tiers).toMatchObject([
      { rank: 0, tier: null, customers: 1, assets: { amount: '1000.00' }, customersBefore: 0, customerGrowth: null },
      { rank: 1, tier: 'silver', customers: 1, customersBefore: 0 },
      {
        rank: 2,
        tier: 'gold',
        customers: 1,
        assets: { amount: '3000.00' },
        customersBefore: 3,
        assetsBefore: { amount: '3000.00' },
        customerGrowth: -66.67,
        assetGrowth: 0,
      },
    ])
    expect((await bank.request(bank.code('M1'), 'GET', `${url}?since=2026-10-30`)).body.errors[0].rule).toBe('month_end')
  })
})
