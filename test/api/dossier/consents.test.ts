import { describe, expect } from 'vitest'
import { type Caller, test, type TestBank } from '../../setup/service.ts'

const form = { channel: 'phone', purpose: 'marketing', decision: 'granted', evidence: 'form', evidenceReference: 'F-2026-1' }
const withdrawn = { channel: 'phone', purpose: 'marketing', decision: 'withdrawn', evidence: 'online' }

const record = (bank: TestBank, caller: Caller, customerId: string, body: object, headers = {}) =>
  bank.request(caller, 'POST', `/customers/${customerId}/consents`, body, headers)

/** The answer in short: yes or no, and what forbids or is overruled. */
async function decision(bank: TestBank, customerId: string, query: string, caller = bank.code('R1')): Promise<string> {
  const { status, body } = await bank.request(caller, 'GET', `/customers/${customerId}/contact-decision?${query}`)
  if (status !== 200) return `${body.code} ${body.errors?.[0]?.pointer ?? ''}`.trim()
  const grounds = body.reasons
    .filter(({ effect }: any) => effect !== 'allows')
    .map(({ code, effect }: any) => `${code}:${effect}`)
  return [body.allowed ? 'yes' : 'no', ...grounds].join(' ')
}

/** Customer 1 with a phone, an e-mail and an address. */
async function reachable(bank: TestBank): Promise<string> {
  await bank.feed('customers', [
    {
      externalId: bank.code('1'),
      kind: 'individual',
      name: '王芳',
      institutionCode: bank.code('O1'),
      phone: '13812345678',
      email: 'wang@example.com',
      addressCity: '上海',
      addressLine: '南京路1号',
    },
  ])
  return bank.customerId('1')
}

describe('a consent', () => {
  test('is taken down with its evidence, over REST and GraphQL alike, with audit entry and event', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const { status, body } = await record(bank, bank.code('T1'), customerId, { ...form, givenAt: '2026-11-20T09:00:00+08:00' })
    expect([status, body], JSON.stringify(body)).toMatchObject([
      201,
      {
        ...form,
        customerId,
        givenAt: '2026-11-20T01:00:00.000Z',
        recordedAt: '2026-11-22T02:00:00.000Z',
        recordedBy: `staff:${bank.code('T1')}`,
        source: 'guanxi',
      },
    ])
    const { data, errors } = await bank.graphql(
      bank.code('R1'),
      `mutation ($input: RecordConsentInput!) { recordConsent(input: $input) { id decision givenAt evidenceReference customer { name consents { decision } } } }`,
      { input: { customerId, ...withdrawn } },
    )
    expect(errors).toBeUndefined()
    expect(data.recordConsent).toMatchObject({
      decision: 'withdrawn',
      givenAt: '2026-11-22T02:00:00.000Z',
      evidenceReference: null,
      customer: { name: '王芳', consents: [{ decision: 'withdrawn' }] },
    })
    const { rows } = await bank.service.owner.query(
      `select a.operation, a.changed, e.type, e.payload from audit_entry a join outbox_event e on e.subject_id = a.subject_id where a.subject_id = any ($1) order by a.at, a.id`,
      [[body.id, data.recordConsent.id]],
    )
    expect(rows).toEqual([
      {
        operation: 'recordConsent',
        changed: ['channel', 'purpose', 'decision', 'evidence', 'givenAt', 'evidenceReference'],
        type: 'consent.granted',
        payload: { channel: 'phone', purpose: 'marketing' },
      },
      {
        operation: 'recordConsent',
        changed: ['channel', 'purpose', 'decision', 'evidence', 'givenAt'],
        type: 'consent.withdrawn',
        payload: { channel: 'phone', purpose: 'marketing' },
      },
    ])
  })

  test('given last is what holds, whenever it was taken down; all others are history', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const at = (day: string) => `2026-11-${day}T04:00:00Z`
    await record(bank, bank.code('M1'), customerId, { ...form, givenAt: at('10') })
    await record(bank, bank.code('M1'), customerId, { ...withdrawn, givenAt: at('15') })
    // A form that comes late.
    await record(bank, bank.code('M1'), customerId, { ...form, evidenceReference: 'F-late', givenAt: at('12') })
    await record(bank, bank.code('M1'), customerId, { ...form, channel: 'email' })
    const current = await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}/consents?includeTotal=true`)
    expect(current.body.items.map(({ channel, purpose, decision: what }: any) => [channel, purpose, what])).toEqual([
      ['email', 'marketing', 'granted'],
      ['phone', 'marketing', 'withdrawn'],
    ])
    expect(current.body.total).toBe(2)
    const history = await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}/consent-history?channel=phone&limit=2`)
    expect(history.body.items.map(({ givenAt }: any) => givenAt.slice(8, 10))).toEqual(['15', '12'])
    const rest = await bank.request(
      bank.code('M1'),
      'GET',
      `/customers/${customerId}/consent-history?channel=phone&limit=2&cursor=${history.body.nextCursor}`,
    )
    expect(rest.body.items.map(({ givenAt }: any) => givenAt.slice(8, 10))).toEqual(['10'])
    const { data } = await bank.graphql(
      bank.code('M1'),
      `query ($id: ID!) { customer(customerId: $id) { consents { channel decision } consentHistory(first: 10) { nodes { evidenceReference } } } consentHistory(customerId: $id, filter: { purpose: survey }) { totalCount } }`,
      { id: customerId },
    )
    expect(data.customer.consents).toEqual([
      { channel: 'email', decision: 'granted' },
      { channel: 'phone', decision: 'withdrawn' },
    ])
    expect([data.customer.consentHistory.nodes.length, data.consentHistory.totalCount]).toEqual([4, 0])
    expect((await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}`)).body.consents).toHaveLength(2)
  })

  test('is refused without evidence and in the future; a withdrawal needs neither reason nor reference', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const refused = async (body: object) => {
      const answer = await record(bank, bank.code('M1'), customerId, body)
      return [answer.status, answer.body.errors?.[0]?.pointer, answer.body.errors?.[0]?.rule]
    }
    const { evidenceReference: _none, ...bare } = form
    expect(await refused(bare)).toEqual([400, '/evidenceReference', 'required'])
    expect(await refused({ ...form, givenAt: '2026-11-22T02:00:01Z' })).toEqual([400, '/givenAt', 'future'])
    expect(await refused({ ...form, givenAt: '2026-11-22' })).toEqual([400, '/givenAt', 'instant'])
    expect(await refused({ ...form, channel: 'fax' })).toEqual([400, '/channel', 'invalid_value'])
    expect(await refused({ ...form, evidenceReference: 'F\u202e1' })).toEqual([400, '/evidenceReference', 'bidi_control'])
    expect(await refused(withdrawn)).toEqual([201, undefined, undefined])
    await bank.service.owner.query(`update customer set status = 'merged' where id = $1`, [customerId])
    expect(await refused(form)).toEqual([409, '/customerId', 'customer_status'])
    expect(await refused(withdrawn)).toEqual([201, undefined, undefined])
  })

  test('is taken down once for one idempotency key; of two at once both are kept', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const key = { 'idempotency-key': `c-${bank.name}` }
    const [first, again] = [
      await record(bank, bank.code('M1'), customerId, form, key),
      await record(bank, bank.code('M1'), customerId, form, key),
    ]
    expect([again.status, again.body.id]).toEqual([201, first.body.id])
    const both = await Promise.all([
      record(bank, bank.code('M1'), customerId, withdrawn),
      record(bank, bank.code('R1'), customerId, withdrawn),
    ])
    expect(both.map(({ status }) => status)).toEqual([201, 201])
    const { body } = await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}/consent-history?includeTotal=true`)
    expect(body.total).toBe(3)
  })

  test('cannot be changed or removed by the service', async ({ bank, service }) => {
    const customerId = await bank.customerId('1')
    await record(bank, bank.code('M1'), customerId, form)
    const scope = { prefixes: ['/'], portfolio: [], caller: 'system:test' }
    for (const text of [
      `delete from consent_event where customer_id = $1`,
      `update consent_event set decision = 'withdrawn' where customer_id = $1`,
    ])
      await expect(
        service.database.transaction(scope, (db) => db.rows({ text, values: [customerId] })),
        text,
      ).rejects.toMatchObject({ code: '42501' })
  })

  test('is out of reach for other branches and portfolios, and for roles that may not take it down', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    for (const caller of ['M2', 'R2']) {
      expect((await record(bank, bank.code(caller), customerId, form)).status, caller).toBe(404)
      for (const part of ['consents', 'consent-history', 'contact-preference', 'contact-decision?channel=phone&purpose=service'])
        expect(
          (await bank.request(bank.code(caller), 'GET', `/customers/${customerId}/${part}`)).status,
          `${caller} ${part}`,
        ).toBe(404)
      expect(
        (await bank.request(bank.code(caller), 'PUT', `/customers/${customerId}/contact-preference`, {})).status,
        caller,
      ).toBe(404)
    }
    for (const caller of ['K1', 'U1', 'C1', 'Q1', 'A1'])
      expect((await record(bank, bank.code(caller), customerId, form)).status, caller).toBe(403)
  })
})

describe('a customer’s wishes', () => {
  test('are set as a whole and versioned, over REST and GraphQL alike', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const url = `/customers/${customerId}/contact-preference`
    expect((await bank.request(bank.code('R1'), 'GET', url)).status).toBe(404)
    const wishes = {
      preferredChannels: ['wechat', 'phone'],
      hoursFrom: '10:00',
      hoursUntil: '18:00',
      maxPerMonth: 2,
      topics: ['基金'],
    }
    const set = await bank.request(bank.code('R1'), 'PUT', url, {
      ...wishes,
      doNotContact: true,
      doNotContactReason: '出国',
      doNotContactUntil: '2026-12-31',
    })
    expect([set.status, set.headers['etag'], set.body], JSON.stringify(set.body)).toMatchObject([
      200,
      '"1"',
      { customerId, ...wishes, doNotContact: true, doNotContactReason: '出国', doNotContactUntil: '2026-12-31' },
    ])
    const { data, errors } = await bank.graphql(
      bank.code('R1'),
      `mutation ($input: SetContactPreferenceInput!) { setContactPreference(input: $input) { version topics hoursFrom doNotContact customer { contactPreference { version } } } }`,
      { input: { customerId, topics: ['理财'], expectedVersion: 1 } },
    )
    expect(errors).toBeUndefined()
    expect(data.setContactPreference).toEqual({
      version: 2,
      topics: ['理财'],
      hoursFrom: null,
      doNotContact: false,
      customer: { contactPreference: { version: 2 } },
    })
    expect((await bank.request(bank.code('R1'), 'GET', url)).body).toMatchObject({
      version: 2,
      preferredChannels: [],
      doNotContactReason: null,
    })
    const { rows } = await bank.service.owner.query(
      `select operation, subject_type from audit_entry where customer_id = $1 and operation = 'setContactPreference'`,
      [customerId],
    )
    expect(rows).toEqual(
      Array.from({ length: 2 }, () => ({ operation: 'setContactPreference', subject_type: 'contact_preference' })),
    )
  })

  test('that somebody else has changed are not overwritten: of two at once one is told', async ({ bank }) => {
    const url = `/customers/${await bank.customerId('1')}/contact-preference`
    const set = (topic: string, version?: number) =>
      bank.request(bank.code('R1'), 'PUT', url, { topics: [topic] }, version === undefined ? {} : { 'if-match': `"${version}"` })
    expect((await set('甲', 1)).status).toBe(412)
    expect((await set('甲')).status).toBe(200)
    const both = await Promise.all([set('乙', 1), set('丙', 1)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
    expect((await set('丁', 1)).body.code).toBe('version_conflict')
  })

  test('that contradict themselves are refused by field and rule', async ({ bank }) => {
    const url = `/customers/${await bank.customerId('1')}/contact-preference`
    for (const [body, pointer, rule] of [
      [{ hoursFrom: '10:00' }, '/hoursUntil', 'required'],
      [{ hoursFrom: '18:00', hoursUntil: '10:00' }, '/hoursUntil', 'period'],
      [{ hoursFrom: '25:00', hoursUntil: '26:00' }, '/hoursFrom', 'invalid_format'],
      [{ doNotContactReason: '忙' }, '/doNotContactReason', 'do_not_contact'],
      [{ doNotContact: true, doNotContactUntil: '2026-11-21' }, '/doNotContactUntil', 'past'],
      [{ preferredChannels: ['phone', 'phone'] }, '/preferredChannels', 'duplicate'],
      [{ topics: ['a\u202eb'] }, '/topics/0', 'bidi_control'],
      [{ maxPerMonth: -1 }, '/maxPerMonth', 'too_small'],
    ] as const) {
      const { status, body: problem } = await bank.request(bank.code('R1'), 'PUT', url, body)
      expect([status, problem.errors?.[0]?.pointer, problem.errors?.[0]?.rule], JSON.stringify(body)).toEqual([
        400,
        pointer,
        rule,
      ])
    }
  })
})

describe('the contact decision', () => {
  test('follows consent, wishes, hours and reachability, and names every ground, over REST and GraphQL alike', async ({
    bank,
  }) => {
    const customerId = await reachable(bank)
    const ask = (query: string) => decision(bank, customerId, query)
    expect(await ask('channel=phone&purpose=service')).toBe('yes')
    expect(await ask('channel=phone&purpose=marketing')).toBe('no consent_missing:forbids')
    await record(bank, bank.code('R1'), customerId, form)
    expect(await ask('channel=phone&purpose=marketing')).toBe('yes')
    expect(await ask('channel=sms&purpose=marketing')).toBe('no consent_missing:forbids')
    expect(await ask('channel=phone&purpose=marketing&at=2026-11-22T12:00:00Z')).toBe('no quiet_hours:forbids')
    // While a contact is planned: what counts is the moment.
    await record(bank, bank.code('R1'), customerId, withdrawn)
    expect(await ask('channel=phone&purpose=marketing')).toBe('no consent_withdrawn:forbids')
    expect(await ask('channel=phone&purpose=marketing&at=2026-11-23T02:00:00Z')).toBe('no consent_withdrawn:forbids')
    await bank.request(bank.code('R1'), 'PUT', `/customers/${customerId}/contact-preference`, {
      doNotContact: true,
      hoursFrom: '14:00',
      hoursUntil: '16:00',
    })
    await record(bank, bank.code('R1'), customerId, { ...withdrawn, purpose: 'service' })
    expect(await ask('channel=phone&purpose=service')).toBe(
      'no consent_withdrawn:forbids do_not_contact:forbids outside_customer_hours:forbids',
    )
    expect(await ask('channel=phone&purpose=service&messageClass=important&at=2026-11-22T06:30:00Z')).toBe(
      'yes consent_withdrawn:overruled do_not_contact:overruled',
    )
    const { data, errors } = await bank.graphql(
      bank.code('R1'),
      `query ($id: ID!) { contactDecision(customerId: $id, channel: letter, purpose: service, messageClass: important) { customerId channel purpose messageClass allowed at timeZone localTime reasons { code effect message source verified } } }`,
      { id: customerId },
    )
    expect(errors).toBeUndefined()
    const rest = await bank.request(
      bank.code('R1'),
      'GET',
      `/customers/${customerId}/contact-decision?channel=letter&purpose=service&messageClass=important`,
    )
    expect(rest.body).toEqual(data.contactDecision)
    expect(rest.body).toMatchObject({
      customerId,
      allowed: true,
      messageClass: 'important',
      at: '2026-11-22T02:00:00.000Z',
      timeZone: 'Asia/Shanghai',
      localTime: '10:00',
    })
  })

  test('says no for whom no number or address is known, who has left, and who is too young', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    for (const channel of ['phone', 'sms', 'email', 'wechat', 'letter', 'visit'])
      expect(await decision(bank, customerId, `channel=${channel}&purpose=service`), channel).toBe('no no_contact_point:forbids')
    await reachable(bank)
    for (const channel of ['phone', 'sms', 'email', 'wechat', 'letter', 'visit'])
      expect(await decision(bank, customerId, `channel=${channel}&purpose=service`), channel).toBe('yes')
    await record(bank, bank.code('R1'), customerId, form)
    await bank.service.owner.query(`update customer set birth_date = '2010-01-01' where id = $1`, [customerId])
    expect(await decision(bank, customerId, 'channel=phone&purpose=marketing')).toBe('no minor:forbids')
    await bank.service.owner.query(`update customer set status = 'closed' where id = $1`, [customerId])
    expect(await decision(bank, customerId, 'channel=phone&purpose=service')).toBe('no customer_closed:forbids')
  })

  test('takes the local time of the customer’s institution, and the quiet hours of the nearest above', async ({ bank }) => {
    const customerId = await reachable(bank)
    const ask = () => decision(bank, customerId, 'channel=phone&purpose=service')
    await bank.service.owner.query(`update institution set time_zone = 'America/New_York' where code = $1`, [bank.code('B1')])
    expect(await ask()).toBe('no quiet_hours:forbids')
    await bank.service.owner.query(`update institution set time_zone = null where code = $1`, [bank.code('B1')])
    const branch = await bank.idOf('institution', 'B1')
    const outlet = await bank.idOf('institution', 'O1')
    const quiet = async (id: string) => (await bank.request(bank.code('R1'), 'GET', `/institutions/${id}/quiet-hours`)).body
    expect(await quiet(outlet)).toEqual({ from: '20:00', until: '09:00', source: 'product_default', institutionId: null })
    const set = await bank.request('ADMIN', 'PUT', `/institutions/${branch}/quiet-hours`, { from: '09:30', until: '10:30' })
    expect([set.status, set.body]).toEqual([200, { from: '09:30', until: '10:30', source: 'guanxi', institutionId: branch }])
    expect(await quiet(outlet)).toEqual(set.body)
    expect(await ask()).toBe('no quiet_hours:forbids')
    await bank.request('ADMIN', 'PUT', `/institutions/${outlet}/quiet-hours`, { from: '22:00', until: '07:00' })
    expect(await ask()).toBe('yes')
    expect(
      (await bank.request(bank.code('A1'), 'PUT', `/institutions/${outlet}/quiet-hours`, { from: '22:00', until: '07:00' }))
        .status,
    ).toBe(403)
    expect(
      (await bank.request('ADMIN', 'PUT', `/institutions/${outlet}/quiet-hours`, { from: '22:00', until: '7:00' })).body.errors[0]
        .pointer,
    ).toBe('/until')
    expect((await bank.request('ADMIN', 'GET', `/institutions/${crypto.randomUUID()}/quiet-hours`)).status).toBe(404)
  })

  test('refuses what makes no sense, and is asked in one statement', async ({ bank, service }) => {
    const customerId = await reachable(bank)
    expect(await decision(bank, customerId, 'channel=phone&purpose=marketing&messageClass=important')).toBe(
      'invalid_input /messageClass',
    )
    expect(await decision(bank, customerId, 'channel=fax&purpose=marketing')).toBe('invalid_input /channel')
    expect(await decision(bank, customerId, 'channel=phone')).toBe('invalid_input /purpose')
    expect(await decision(bank, customerId, 'channel=phone&purpose=service&at=tomorrow')).toBe('invalid_input /at')
    service.statements.length = 0
    await decision(bank, customerId, 'channel=phone&purpose=service')
    expect(service.statements).toHaveLength(1)
  })
})
