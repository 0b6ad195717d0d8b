import { describe, expect } from 'vitest'
import { headOffice, startService, test, TestBank } from '../../setup/service.ts'
import { refreshAll } from '../segmentation/facts.ts'

const recognise = (bank: TestBank, caller: string, input: object) =>
  bank.request(bank.code(caller), 'POST', '/recognitions', input)

/** More customers of branch B2 who share a phone, made by rows of the feed. */
async function sharers(bank: TestBank, phone: string, count: number): Promise<void> {
  await bank.feed(
    'customers',
    Array.from({ length: count }, (_, index) => ({
      externalId: bank.code(`P${index}`),
      kind: 'individual',
      name: `共用${index}`,
      institutionCode: bank.code('B2'),
      phone,
    })),
  )
}

async function entriesOf(bank: TestBank, caller: string) {
  const { rows } = await bank.service.owner.query(
    `select customer_id, changed, details ->> 'outcome' as outcome, customer_path from audit_entry where operation = 'recogniseCustomer' and actor_id = $1 order by at, id`,
    [`staff:${bank.code(caller)}`],
  )
  return rows
}

describe('recognising a customer', () => {
  test('answers the greeting card of any customer of the bank by number, phone or document, and nothing else', async ({
    bank,
  }) => {
    // Customer 4 is of the other branch; a phone and a document of this test's own.
    await bank.feed('customers', [
      {
        externalId: bank.code('4'),
        kind: 'individual',
        name: '王强',
        institutionCode: bank.code('B2'),
        birthDate: '1990-11-25',
        phone: '13711112222',
        documentType: 'passport',
        documentNumber: 'E40404040',
        addressLine: '不可见路1号',
      },
    ])
    await bank.feed('staff', [
      { externalId: bank.code('R4'), name: '职员R4', institutionCode: bank.code('B2'), roles: ['relationship_manager'] },
    ])
    await bank.feed('assignments', [
      {
        externalId: bank.code('S4'),
        customerExternalId: bank.code('4'),
        staffNumber: bank.code('R4'),
        businessLine: 'personal',
        startsOn: '2024-01-01',
      },
    ])
    const customerId = await bank.customerId('4')
    const card = {
      customerId,
      name: '王强',
      kind: 'individual',
      customerSince: '2020-01-15',
      relationshipManager: { number: bank.code('R4'), name: '职员R4', isCaller: false },
      inBirthdayWindow: true,
      cautions: [],
      tiers: [{ scheme: 'retail_deposits', tier: expect.any(String), name: expect.any(String) }],
      privileges: ['priority_lane'],
      suggestion: { basis: 'need', about: 'home' },
    }
    for (const [url, body] of [
      ['needs', { kind: 'home', source: 'customer' }],
      ['privilege-grants', { privilege: 'priority_lane', startsOn: '2026-01-01', source: 'system' }],
    ] as const) {
      const made = await bank.request({ client: 'core' }, 'POST', `/customers/${customerId}/${url}`, body)
      expect(made.status, JSON.stringify(made.body)).toBe(201)
    }
    await bank.feed('balances', [{ holdingExternalId: bank.code('A4'), day: '2026-11-21', amount: '60000.00' }])
    await bank.request({ client: 'core' }, 'POST', '/refreshes', { kind: 'full' })
    await refreshAll(bank.service)
    const document = { documentNumber: 'E40404040', documentType: 'passport' }
    for (const input of [{ number: bank.code('4') }, { phone: '137 1111 2222' }, document]) {
      for (const caller of ['T1', 'L1', 'R1', 'M1'])
        expect(await recognise(bank, caller, input), `${caller} ${JSON.stringify(input)}`).toMatchObject({
          status: 200,
          body: { outcome: 'found', card, candidates: [] },
        })
    }
    expect(Object.keys((await recognise(bank, 'T1', document)).body.card).sort()).toEqual(Object.keys(card).sort())
    expect((await recognise(bank, 'R4', document)).body.card.relationshipManager.isCaller).toBe(true)
    const { data } = await bank.graphql(
      bank.code('T1'),
      'mutation ($input: RecogniseCustomerInput!) { recogniseCustomer(input: $input) { outcome card { name cautions relationshipManager { number isCaller } } } }',
      { input: { number: bank.code('4') } },
    )
    expect(data.recogniseCustomer).toMatchObject({ outcome: 'found', card: { name: '王强', cautions: [] } })
    // A birthday that is kept by the moon goes before that of the birth date.
    const moon = { kind: 'birthday', calendar: 'lunar', month: 1, day: 1 }
    expect((await bank.request(bank.code('R4'), 'POST', `/customers/${customerId}/key-dates`, moon)).status).toBe(201)
    const wish = { doNotContact: true, doNotContactReason: '出差', doNotContactUntil: '2026-11-22' }
    const wished = await bank.request(bank.code('R4'), 'PUT', `/customers/${customerId}/contact-preference`, wish)
    expect(wished.status, JSON.stringify(wished.body)).toBeLessThan(300)
    const later = (await recognise(bank, 'R4', { number: bank.code('4') })).body.card
    expect(later).toMatchObject({ inBirthdayWindow: false, cautions: ['do_not_contact'] })
    // The card opens nothing else: the customer stays out of scope.
    expect((await bank.request(bank.code('T1'), 'GET', `/customers/${customerId}`)).status).toBe(404)
    const entries = await entriesOf(bank, 'T1')
    expect(entries.map(({ customer_id, changed, outcome }) => [customer_id, changed[0], outcome])).toEqual([
      [customerId, 'number', 'found'],
      [customerId, 'phone', 'found'],
      [customerId, 'documentNumber', 'found'],
      [customerId, 'documentNumber', 'found'],
      [customerId, 'number', 'found'],
    ])
    expect(entries[0].customer_path).toMatch(/^\//)
  })

  test('warns of a closed relation, and passes over who was merged or erased', async ({ bank }) => {
    const { owner } = bank.service
    const number = { number: bank.code('3') }
    await owner.query(`update customer set status = 'closed' where id = $1`, [await bank.customerId('3')])
    expect((await recognise(bank, 'T1', number)).body.card.cautions).toEqual(['closed'])
    for (const status of ['merged', 'erased']) {
      await owner.query(`update customer set status = $2 where id = $1`, [await bank.customerId('3'), status])
      expect((await recognise(bank, 'T1', number)).body, status).toEqual({ outcome: 'unknown', card: null, candidates: [] })
    }
  })

  test('by a phone that two to five share names them, and one of them by customerId', async ({ bank }) => {
    await sharers(bank, '13733334444', 5)
    const { body } = await recognise(bank, 'T1', { phone: '13733334444' })
    expect(body).toMatchObject({ outcome: 'multiple', card: null })
    expect(body.candidates).toHaveLength(5)
    for (const candidate of body.candidates) expect(Object.keys(candidate).sort()).toEqual(['customerId', 'kind', 'name'])
    const [{ customerId }] = body.candidates
    expect((await recognise(bank, 'T1', { phone: '13733334444', customerId })).body).toMatchObject({
      outcome: 'found',
      card: { customerId },
    })
    const other = { phone: '13733334444', customerId: await bank.customerId('1') }
    expect((await recognise(bank, 'T1', other)).body.outcome).toBe('unknown')
    expect((await entriesOf(bank, 'T1')).map(({ outcome }) => outcome)).toEqual([
      ...Array(5).fill('multiple'),
      'found',
      'unknown',
    ])
  })

  test('by a phone that more than five share is ambiguous and shows nobody, also not one of them', async ({ bank }) => {
    await sharers(bank, '13755556666', 6)
    const ambiguous = { outcome: 'ambiguous', card: null, candidates: [] }
    expect((await recognise(bank, 'T1', { phone: '13755556666' })).body).toEqual(ambiguous)
    const customerId = await bank.customerId('P0')
    expect((await recognise(bank, 'T1', { phone: '13755556666', customerId })).body).toEqual(ambiguous)
    // Core numbers tell them apart.
    expect((await recognise(bank, 'T1', { number: bank.code('P0') })).body.card.customerId).toBe(customerId)
    expect((await entriesOf(bank, 'T1')).map(({ customer_id, outcome }) => [customer_id, outcome])).toEqual([
      [null, 'ambiguous'],
      [null, 'ambiguous'],
      [customerId, 'found'],
    ])
  })

  test('audits misses and what is no phone, and takes exactly one value', async ({ bank }) => {
    expect((await recognise(bank, 'T1', { number: 'nobody' })).body.outcome).toBe('unknown')
    expect(await recognise(bank, 'T1', { phone: '12' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/phone', rule: 'phone' }] },
    })
    expect((await entriesOf(bank, 'T1')).map(({ customer_id, outcome }) => [customer_id, outcome])).toEqual([
      [null, 'unknown'],
      [null, 'invalid'],
    ])
    for (const input of [{}, { number: '1', phone: '13812345678' }])
      expect((await recognise(bank, 'T1', input)).body.errors).toMatchObject([{ rule: 'exactly_one' }])
    // What somebody calls a customer here is no number.
    const { body } = await bank.request(bank.code('M1'), 'POST', '/customers', {
      externalId: bank.code('own'),
      name: '自',
      kind: 'individual',
      institutionCode: bank.code('O1'),
    })
    expect([body.id !== undefined, (await recognise(bank, 'T1', { number: bank.code('own') })).body.outcome]).toEqual([
      true,
      'unknown',
    ])
  })

  test('is for the counter: others are refused', async ({ bank }) => {
    for (const caller of ['C1', 'Q1', 'K1', 'U1', 'A1'])
      expect((await recognise(bank, caller, { number: bank.code('1') })).status, caller).toBe(403)
    expect((await bank.request({ client: 'core' }, 'POST', '/recognitions', { number: bank.code('1') })).status).toBe(403)
    expect((await recognise(bank, 'T1', { number: bank.code('1'), phone: '13712345678' })).status).toBe(400)
    expect((await recognise(bank, 'T1', { telephone: '13712345678' })).status).toBe(400)
    // Who was refused before anybody was looked for is in the log all the same, without what they sent.
    for (const caller of ['C1', 'Q1', 'K1', 'U1', 'A1'])
      expect(await entriesOf(bank, caller), caller).toMatchObject([{ customer_id: null, outcome: 'not_permitted' }])
    expect((await entriesOf(bank, 'T1')).map(({ outcome, changed }) => [outcome, changed])).toEqual([
      ['invalid_input', []],
      ['invalid_input', []],
    ])
    const { rows } = await bank.service.owner.query(`select details::text from audit_entry where subject_id = 'refused'`)
    expect(JSON.stringify(rows)).not.toContain('137')
  })

  test('is limited for each caller over all instances, and refusals are counted and audited', async () => {
    const service = await startService({}, { limits: { recognitionsPerMinute: 2 } })
    try {
      await headOffice(service)
      const bank = await (await new TestBank(service).build()).withCustomers()
      const ask = (caller: string, number = bank.code('1')) => recognise(bank, caller, { number })
      expect([await ask('T1'), await ask('T1', 'nobody'), await ask('L1')].map(({ status }) => status)).toEqual([200, 200, 200])
      const refused = await ask('T1')
      expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' }, headers: { 'retry-after': '60' } })
      expect((await entriesOf(bank, 'T1')).map(({ outcome }) => outcome)).toEqual(['found', 'unknown', 'rate_limited'])
      service.clock.now = new Date(service.clock.now.getTime() + 60_000)
      const again = await Promise.all([ask('T1'), ask('T1'), ask('T1')])
      expect(again.map(({ status }) => status).sort()).toEqual([200, 200, 429])
    } finally {
      await service.stop()
    }
  })
})

describe('a counter note', () => {
  test('about a customer of any branch reaches the relationship manager and the branch, credited to the finder', async ({
    bank,
    service,
  }) => {
    const customerId = await bank.customerId('3')
    const note = { customerId, kind: 'need', text: '想买房\n下周再来' }
    const left = await bank.request(bank.code('T1'), 'POST', '/counter-notes', note, { 'idempotency-key': 'n' })
    expect(left).toMatchObject({
      status: 201,
      body: {
        customerId,
        kind: 'need',
        prospectCreated: false,
        relationshipManager: { number: bank.code('R3'), isCaller: false },
      },
    })
    expect((await bank.request(bank.code('T1'), 'POST', '/counter-notes', note, { 'idempotency-key': 'n' })).body).toEqual(
      left.body,
    )
    const list = async (caller: string, query = '') =>
      (await bank.request(bank.code(caller), 'GET', `/counter-notes${query}`)).body.items
    for (const caller of ['R3', 'M1'])
      expect(await list(caller), caller).toMatchObject([
        {
          id: left.body.id,
          text: '想买房\n下周再来',
          finder: { number: bank.code('T1') },
          relationshipManager: { number: bank.code('R3') },
        },
      ])
    for (const caller of ['R1', 'M2', 'T1']) expect(await list(caller), caller).toEqual([])
    const finderId = await bank.staffId('T1')
    expect(await list('M1', `?finderId=${finderId}&kind=need`)).toHaveLength(1)
    expect(await list('M1', '?kind=referral')).toEqual([])
    const { data } = await bank.graphql(
      bank.code('R3'),
      'query ($id: ID!) { customer(customerId: $id) { counterNotes(first: 5) { nodes { kind customer { name } finder { name } } } } }',
      { id: customerId },
    )
    expect(data.customer.counterNotes.nodes).toEqual([{ kind: 'need', customer: { name: '张敏' }, finder: { name: '职员T1' } }])
    const { rows } = await service.owner.query(
      `select changed, (select array_agg(type) from outbox_event where subject_id = e.subject_id) as events from audit_entry e where operation = 'createCounterNote' and customer_id = $1`,
      [customerId],
    )
    expect(rows).toEqual([{ changed: ['kind', 'text'], events: ['counter_note.created'] }])
  })

  test('about a person who is no customer makes a prospect of the finder’s institution', async ({ bank }) => {
    const note = { name: '路人甲', phone: '13777778888', kind: 'referral', text: '朋友介绍' }
    const { status, body } = await bank.request(bank.code('L1'), 'POST', '/counter-notes', note)
    expect([status, body]).toMatchObject([201, { prospectCreated: true, relationshipManager: null }])
    const customer = await bank.request(bank.code('T1'), 'GET', `/customers/${body.customerId}`)
    expect(customer.body).toMatchObject({
      status: 'prospect',
      name: '路人甲',
      coreNumber: null,
      institution: { code: bank.code('O1') },
      contactPoints: [{ valueMasked: '137****8888' }],
    })
    expect((await recognise(bank, 'T1', { phone: '13777778888' })).body).toMatchObject({
      outcome: 'found',
      card: { name: '路人甲', customerSince: null },
    })
    const { rows } = await bank.service.owner.query('select count(*)::int as n from counter_note where customer_id = $1', [
      body.customerId,
    ])
    expect(rows[0].n).toBe(1)
  })

  test('about somebody who is known by name and phone makes nobody anew, however many are left at once', async ({ bank }) => {
    const send = (name: string, phone = '13777770000') =>
      bank.request(bank.code('L1'), 'POST', '/counter-notes', { name, phone, kind: 'hint', text: '有意向' })
    const all = await Promise.all([1, 2, 3, 4].map(() => send('路人乙')))
    expect(all.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(new Set(all.map(({ body }) => body.customerId)).size).toBe(1)
    expect(all.filter(({ body }) => body.prospectCreated)).toHaveLength(1)
    // Whoever shares the phone is somebody else.
    const spouse = await send('路人丙', '137 7777 0000')
    expect(spouse.body).toMatchObject({ prospectCreated: true })
    expect((await send(' 路人乙 ')).body).toMatchObject({ prospectCreated: false, customerId: all[0]!.body.customerId })
    expect((await recognise(bank, 'T1', { phone: '13777770000' })).body.candidates).toHaveLength(2)
  })

  test('counts towards the look-ups of a minute', async () => {
    const service = await startService({}, { limits: { recognitionsPerMinute: 3 } })
    try {
      await headOffice(service)
      const bank = await (await new TestBank(service).build()).withCustomers()
      const note = { customerId: await bank.customerId('1'), kind: 'hint', text: '有意向' }
      const statuses: number[] = []
      for (let index = 0; index < 5; index++)
        statuses.push((await bank.request(bank.code('T1'), 'POST', '/counter-notes', note)).status)
      expect(statuses).toEqual([201, 201, 201, 429, 429])
    } finally {
      await service.stop()
    }
  })

  test('is refused without a person, about nobody, with bad text, and to those who do not stand at the counter', async ({
    bank,
  }) => {
    const send = (caller: string, note: object) =>
      bank.request(bank.code(caller), 'POST', '/counter-notes', { kind: 'hint', text: '有意向', ...note })
    const customerId = await bank.customerId('1')
    for (const note of [{}, { name: '甲' }, { customerId, name: '甲', phone: '13777778888' }])
      expect((await send('T1', note)).body.errors).toMatchObject([{ rule: 'customer_or_person' }])
    expect((await send('T1', { customerId: '0190a000-0000-7000-8000-000000000000' })).status).toBe(404)
    expect(await send('T1', { name: '甲', phone: '12' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/phone' }] },
    })
    expect(await send('T1', { customerId, text: 'a\u202eb c' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/text', rule: 'bidi_control' }] },
    })
    for (const text of ['请回电 138 1234 5678', '卡号 4111 1111 1111 1111'])
      expect(await send('T1', { customerId, text }), text).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/text', rule: 'personal_number' }] },
      })
    for (const caller of ['C1', 'U1', 'A1']) expect((await send(caller, { customerId })).status, caller).toBe(403)
    await bank.service.owner.query(`update customer set status = 'erased' where id = $1`, [customerId])
    expect((await send('T1', { customerId })).status).toBe(404)
  })
})
