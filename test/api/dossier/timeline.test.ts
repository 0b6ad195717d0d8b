import { describe, expect } from 'vitest'
import { timelineKindNames } from '../../../src/core/dossier/timeline.ts'
import { type Caller, test, type TestBank } from '../../setup/service.ts'
import { refreshAll } from '../segmentation/facts.ts'
import { activeSegment, inBranch, refreshInFull, segmentEditor, setBalance } from '../segmentation/segments.ts'

const page = async (bank: TestBank, caller: Caller, customerId: string, query = ''): Promise<any> => {
  const { status, body } = await bank.request(caller, 'GET', `/customers/${customerId}/timeline${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}
const events = (items: readonly any[]) => items.map(({ event, happenedOn }) => `${happenedOn} ${event}`)

const movement = (bank: TestBank, number: string, bookedOn: string, more: object = {}) => ({
  externalId: bank.code(`V${number}`),
  holdingExternalId: bank.code('A1'),
  direction: 'in',
  amount: `${Number(number) + 1}0.00`,
  bookedOn,
  purpose: 'salary',
  ...more,
})

/** Something of every kind happens to customer 1, as the service sees it. */
async function happen(bank: TestBank): Promise<string> {
  const manager = bank.code('R1')
  const customerId = await bank.customerId('1')
  await bank.feed('movements', [
    movement(bank, '1', '2026-10-05'),
    movement(bank, '2', '2026-11-20', { direction: 'out', purpose: 'household' }),
  ])
  const made = async (url: string, body: object, caller: Caller = manager) => {
    const answer = await bank.request(caller, 'POST', `/customers/${customerId}/${url}`, body)
    expect(answer.status, JSON.stringify(answer.body)).toBe(201)
    return answer.body
  }
  await made('consents', {
    channel: 'sms',
    purpose: 'marketing',
    decision: 'granted',
    evidence: 'form',
    evidenceReference: 'F-1',
    givenAt: '2026-09-01T04:00:00Z',
  })
  await made('relationships', { relatedCustomerId: await bank.customerId('2'), kind: 'spouse' }, bank.code('M1'))
  await made('needs', { kind: 'home', amount: '100.00', currency: 'CNY', source: 'customer' })
  await made('life-events', { title: '升职', happenedOn: '2026-08-08', source: 'observed' })
  const note = { customerId, kind: 'hint', text: '想了解贷款' }
  expect((await bank.request(bank.code('T1'), 'POST', '/counter-notes', note)).status).toBe(201)
  return customerId
}

describe('the timeline', () => {
  test('merges what happened, the latest first, over REST and GraphQL alike', async ({ bank }) => {
    const customerId = await happen(bank)
    const { items, nextCursor } = await page(bank, bank.code('M1'), customerId)
    expect(nextCursor).toBeNull()
    const ordered = items.map(({ at }: any) => at)
    expect(ordered).toEqual(ordered.toSorted().toReversed())
    expect(events(items)).toEqual(
      expect.arrayContaining([
        '2026-11-22 need.noted',
        '2026-11-22 relationship.began',
        '2026-11-22 counter_note.hint',
        '2026-11-22 dossier.createNeed',
        '2026-11-20 movement.out',
        '2026-10-05 movement.in',
        '2026-09-01 consent.granted',
        '2026-08-08 life_event.happened',
        '2024-01-01 assignment.began',
      ]),
    )
    expect(items.find(({ event }: any) => event === 'movement.out')).toMatchObject({
      at: '2026-11-19T16:00:00.000Z',
      kind: 'movement',
      subjectType: 'movement',
      customerId,
      label: 'household',
      amount: { amount: '30.00', currency: 'CNY' },
      source: 'core',
      staff: null,
    })
    expect(items.find(({ event }: any) => event === 'need.noted')).toMatchObject({
      label: 'home',
      amount: { amount: '100.00', currency: 'CNY' },
      staff: { number: bank.code('R1') },
    })
    expect(items.find(({ event }: any) => event === 'dossier.createNeed')).toMatchObject({
      label: expect.stringContaining('amount'),
      staff: { number: bank.code('R1') },
    })
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      `query ($id: ID!) { customerTimeline(customerId: $id) { totalCount nodes { at event subjectId staff { number } customer { id } } }
        customer(customerId: $id) { timeline(first: 200) { nodes { at event subjectId } } } }`,
      { id: customerId },
    )
    expect(errors).toBeUndefined()
    const short = items.map(({ at, event, subjectId }: any) => ({ at, event, subjectId }))
    expect(data.customer.timeline.nodes).toEqual(short)
    expect(data.customerTimeline.totalCount).toBe(items.length)
    expect(data.customerTimeline.nodes).toMatchObject(short.map((one: object) => ({ ...one, customer: { id: customerId } })))
  })

  test('goes on where a page ended, also among entries of one day, and is narrowed to kinds', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const days = ['2026-10-01', '2026-10-02', '2026-10-02', '2026-10-02', '2026-10-02', '2026-10-02', '2026-10-03', '2026-11-21']
    await bank.feed(
      'movements',
      days.map((day, index) => movement(bank, String(index), day, index % 2 ? {} : { direction: 'out' })),
    )
    const manager = bank.code('R1')
    const whole = (await page(bank, manager, customerId, '?limit=200')).items
    for (const query of ['limit=1', 'limit=3', 'limit=2&kinds=movement', 'limit=2&kinds=holding,assignment']) {
      const found: any[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const { items, nextCursor, total } = await page(
          bank,
          manager,
          customerId,
          `?${query}&includeTotal=true${cursor && `&cursor=${cursor}`}`,
        )
        found.push(...items)
        cursor = nextCursor
        if (cursor === null) expect(found).toHaveLength(total)
      }
      const kinds = /kinds=(.*)/.exec(query)?.[1]?.split(',')
      expect(found, query).toEqual(whole.filter(({ kind }: any) => !kinds || kinds.includes(kind)))
    }
    expect(whole.filter(({ kind }: any) => kind === 'movement')).toHaveLength(days.length)
  })

  test('tells of nothing to come, nothing taken back and no looks', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    await bank.feed('movements', [movement(bank, '1', '2026-11-01'), movement(bank, '2', '2026-11-02', { status: 'voided' })])
    await bank.feed('holdings', [
      {
        externalId: bank.code('A9'),
        accountNumber: 'A9',
        customerExternalId: bank.code('1'),
        productCode: bank.code('CUR'),
        currency: 'CNY',
        openedOn: '2026-11-01',
        maturesOn: '2026-12-01',
      },
    ])
    const before = (await page(bank, bank.code('R1'), customerId)).items
    expect(events(before)).toEqual(expect.arrayContaining(['2026-11-01 movement.in', '2026-11-01 holding.opened']))
    expect(events(before).filter((one) => /^2026-12|^2026-11-02/.test(one))).toEqual([])
    await bank.request(bank.code('R1'), 'GET', `/customers/${customerId}`)
    expect((await page(bank, bank.code('R1'), customerId)).items).toEqual(before)
    bank.service.clock.now = new Date('2026-12-01T02:00:00Z')
    expect(events((await page(bank, bank.code('R1'), customerId)).items)[0]).toBe('2026-12-01 holding.matured')
  })

  test('leaves out the kinds that somebody may not read, and refuses to be asked for them', async ({ bank }) => {
    const customerId = await happen(bank)
    const editor = await segmentEditor(bank)
    await refreshInFull(bank, editor)
    const segment = await activeSegment(bank, editor, 'told', inBranch(bank, { fact: 'aum', lt: '2000.00' }))
    await refreshInFull(bank, editor)
    await setBalance(bank, '1', '2026-11-21', '30000.00')
    await refreshInFull(bank, editor)
    const decided = (await page(bank, bank.code('M1'), customerId, '?kinds=segment&kinds=tier&limit=50')).items
    expect(decided.map(({ event, label }: any) => `${event} ${label}`).toSorted()).toEqual([
      'segment.entered told',
      'segment.left told',
      expect.stringMatching(/^tier\.began retail_deposits:/),
    ])
    expect(decided.every(({ subjectType }: any) => ['segment_membership', 'tier_membership'].includes(subjectType))).toBe(true)
    expect(segment.state).toBe('active')
    const kindsOf = async (caller: Caller) => new Set((await page(bank, caller, customerId)).items.map(({ kind }: any) => kind))
    expect(await kindsOf(bank.code('M1'))).toEqual(new Set(timelineKindNames))
    expect(await kindsOf(bank.code('T1'))).not.toContain('movement')
    for (const kind of timelineKindNames)
      expect((await page(bank, bank.code('M1'), customerId, `?kinds=${kind}`)).items.every((one: any) => one.kind === kind)).toBe(
        true,
      )
    const refused = await bank.request(bank.code('T1'), 'GET', `/customers/${customerId}/timeline?kinds=consent,movement`)
    expect([refused.status, refused.body.code]).toEqual([403, 'not_permitted'])
    const wrong = await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}/timeline?kinds=weather`)
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([400, '/kinds/0'])
    for (const [caller, status] of [
      ['R2', 404],
      ['M2', 404],
      ['A1', 403],
    ] as const)
      expect((await bank.request(bank.code(caller), 'GET', `/customers/${customerId}/timeline`)).status, caller).toBe(status)
  })
})

describe('the overview', () => {
  test('answers all its parts in one statement, over REST and GraphQL alike', async ({ bank, service }) => {
    const customerId = await happen(bank)
    await bank.request(bank.code('R1'), 'POST', `/customers/${customerId}/key-dates`, { kind: 'wedding_day', month: 12, day: 1 })
    await bank.request({ client: 'core' }, 'POST', '/refreshes', { kind: 'full' })
    await refreshAll(service)
    await bank.request(bank.code('R1'), 'GET', `/customers/${customerId}/overview`)
    service.statements.length = 0
    const { status, body } = await bank.request(bank.code('R1'), 'GET', `/customers/${customerId}/overview`)
    expect(service.statements).toHaveLength(1)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toMatchObject({
      customer: {
        id: customerId,
        name: '王芳',
        institution: { code: bank.code('O1') },
        relationshipManager: { number: bank.code('R1') },
      },
      holdingsByFamily: [{ family: 'deposit', holdings: 1, balance: { amount: '1000.00', currency: 'CNY' } }],
      upcomingKeyDates: [{ day: '2026-12-01', kind: 'wedding_day' }],
      keyPeople: [],
      relationships: [{ kind: 'spouse' }],
      groups: [],
      team: [],
      profile: { kind: 'individual', name: '王芳', interests: [] },
      lifeStages: [{ subject: 'life_stage' }],
      tiers: [
        { scheme: 'retail_deposits', rank: 0, tier: null, value: '1000.00', toNextThreshold: '19000.00' },
        { scheme: 'private_clients', rank: 0 },
      ],
      segments: [],
      consents: [{ channel: 'sms', purpose: 'marketing', decision: 'granted' }],
      contactPreference: null,
      needs: [{ kind: 'home' }],
      lifeEvents: [{ title: '升职' }],
      privilegeGrants: [],
      quality: { score: 14, documentsToReview: 0, confirmedAt: null, stale: true },
    })
    expect(body.classifications.map(({ kind }: any) => kind)).toEqual([
      'activity',
      'lifecycle_stage',
      'marketing_grade',
      'product_preference',
    ])
    expect(body.aumByMonth).toHaveLength(24)
    expect(body.quality.missing[0]).toBe('identity_document')
    expect(body.timeline).toEqual(
      (await page(bank, bank.code('R1'), customerId, '?limit=20')).items.map(({ ...entry }: any) => entry),
    )
    service.statements.length = 0
    const { data, errors } = await bank.graphql(
      bank.code('R1'),
      `query ($id: ID!) { customerOverview(customerId: $id) { customer { id } holdingsByFamily { family holdings balance { amount currency } unconvertedCurrencies }
        aumByMonth { monthEnd amount { amount } } upcomingKeyDates { day kind } keyPeople { id } relationships { kind } groups { id }
        profile { kind incomeBand } lifeStages { subject stage } tiers { scheme rank toNextThreshold } classifications { kind value } segments { segmentId } team { id }
        consents { channel } contactPreference { version } needs { kind } lifeEvents { title } privilegeGrants { id }
        quality { score missing documentsToReview confirmedAt stale } timeline { event } }
        customer(customerId: $id) { holdingsByFamily { family } quality { score } upcomingKeyDates { day } } }`,
      { id: customerId },
    )
    expect(errors).toBeUndefined()
    expect(service.statements).toHaveLength(2)
    expect(data.customerOverview).toMatchObject({
      holdingsByFamily: body.holdingsByFamily,
      quality: body.quality,
      profile: { kind: 'individual', incomeBand: null },
      lifeStages: body.lifeStages.map(({ subject, stage }: any) => ({ subject, stage })),
      tiers: body.tiers.map(({ scheme, rank, toNextThreshold }: any) => ({ scheme, rank, toNextThreshold })),
      classifications: body.classifications.map(({ kind, value }: any) => ({ kind, value })),
      segments: [],
      team: [],
      timeline: body.timeline.map(({ event }: any) => ({ event })),
      aumByMonth: body.aumByMonth.map(({ monthEnd }: any) => ({ monthEnd })),
    })
    expect(data.customer).toMatchObject({ quality: { score: 14 }, upcomingKeyDates: [{ day: '2026-12-01' }] })
  })

  test('shows null for parts that the caller may not read, and nothing of customers out of scope', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const { body } = await bank.request(bank.code('Q1'), 'GET', `/customers/${customerId}/overview`)
    expect(body).toMatchObject({ customer: { id: customerId }, holdingsByFamily: null, aumByMonth: null, needs: [] })
    for (const [caller, status] of [
      ['R2', 404],
      ['M2', 404],
      ['A1', 403],
    ] as const)
      expect((await bank.request(bank.code(caller), 'GET', `/customers/${customerId}/overview`)).status, caller).toBe(status)
  })
})
