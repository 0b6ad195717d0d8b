import { applyRates } from '../../../src/operations/feeds/exchange-rates.ts'
import { advanceAssignments } from '../../../src/operations/dossier/due-assignments.ts'
import { refreshAll } from '../segmentation/facts.ts'
import { describe, expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { operations } from '../../../src/operations/all.ts'
import { type Caller, test, type TestBank } from '../../setup/service.ts'
import { dossierThings, openDifference, openValueDifference } from '../dossiers.ts'
import { activeSegment, segmentEditor } from '../segmentation/segments.ts'

const core = { client: 'core' }

async function tables(bank: TestBank, ...names: string[]) {
  return Promise.all(names.map(async (name) => (await bank.service.owner.query(`select * from ${name} order by 1, 2`)).rows))
}

describe('a single write', () => {
  test('of every entity answers what an import of the same row would have made, over REST and GraphQL', async ({ bank }) => {
    const c = (name: string) => bank.code(name)
    const put = async (url: string, body: object) => {
      const answer = await bank.request(core, 'PUT', url, body)
      expect(answer.status, `${url} ${JSON.stringify(answer.body)}`).toBe(200)
      return answer.body
    }
    expect(
      await put(`/institutions/by-external-id/core/${c('O3')}`, {
        name: '三网点',
        kind: 'outlet',
        parentCode: c('B1'),
        latitude: 22.5,
        longitude: 114,
      }),
    ).toMatchObject({ code: c('O3'), parent: { code: c('B1') } })
    expect(
      await put(`/staff/by-external-id/core/${c('R9')}`, {
        name: '新人',
        institutionCode: c('O3'),
        roles: ['relationship_manager'],
      }),
    ).toMatchObject({ number: c('R9'), roles: ['relationship_manager'] })
    expect(
      await put(`/products/by-external-id/core/${c('TD')}`, {
        name: '定期',
        family: 'deposit',
        category: 'deposit',
        annualYield: '0.0185',
      }),
    ).toMatchObject({ code: c('TD'), annualYield: '0.018500' })
    expect(await put('/exchange-rates/HKD/2026-11-01', { source: 'core', rate: '0.91' })).toMatchObject({
      currency: 'HKD',
      rate: '0.91',
    })
    const customer = await put(`/customers/by-external-id/core/${c('9')}`, {
      kind: 'individual',
      name: '赵敏',
      institutionCode: c('O3'),
      phone: '138 1234 5678',
      email: 'Min@Example.com',
      documentType: 'passport',
      documentNumber: 'E12345678',
      documentCountry: 'CN',
      addressCity: '深圳市',
      addressLine: '科技园一路1号',
    })
    expect(customer).toMatchObject({
      coreNumber: c('9'),
      contactPoints: [{ kind: 'email' }, { kind: 'phone', valueMasked: '138****5678' }],
      identityDocuments: [{ type: 'passport' }],
      addresses: [{ city: '深圳市', lineMasked: '***' }],
    })
    const found = await bank.request(c('M1'), 'POST', '/customers/search', { email: 'Min@EXAMPLE.com' })
    expect(found.body.items).toMatchObject([{ id: customer.id }])
    expect(JSON.stringify(customer)).not.toMatch(/13812345678|E12345678|科技园|min@example/i)
    expect(
      await put(`/assignments/by-external-id/core/${c('S9')}`, {
        customerExternalId: c('9'),
        staffNumber: c('R9'),
        businessLine: 'personal',
        startsOn: '2026-01-01',
      }),
    ).toMatchObject({ state: 'current', staff: { number: c('R9') } })
    expect(
      await put(`/holdings/by-external-id/core/${c('H9')}`, {
        customerExternalId: c('9'),
        productCode: c('TD'),
        currency: 'HKD',
        balance: '100.00',
        maturesOn: '2027-01-01',
      }),
    ).toMatchObject({ accountNumber: c('H9'), balance: { amount: '100.00', currency: 'HKD' } })
    expect(await put(`/holdings/by-external-id/core/${c('H9')}/balances/2026-11-22`, { amount: '200.00' })).toMatchObject({
      day: '2026-11-22',
      amount: { amount: '200.00', currency: 'HKD' },
    })
    expect(
      await put(`/holding-parties/by-external-id/core/${c('H9')}`, { customerExternalId: c('1'), role: 'guarantor' }),
    ).toMatchObject({ role: 'guarantor', party: { coreNumber: c('1') } })
    expect(
      await put(`/activity/by-external-id/core/${c('9')}`, {
        month: '2026-10',
        channel: 'mobile',
        type: 'payment',
        currency: 'CNY',
        count: 3,
        amount: '30.00',
      }),
    ).toMatchObject({ month: '2026-10-01', count: 3, amount: { amount: '30.00' } })
    expect(
      await put(`/movements/by-external-id/core/${c('V9')}`, {
        holdingExternalId: c('H9'),
        direction: 'out',
        amount: '50000.00',
        bookedOn: '2026-11-20',
        counterparty: '6222000099998888',
      }),
    ).toMatchObject({ direction: 'out', status: 'booked' })
    const { data, errors } = await bank.graphql(
      core,
      'mutation ($input: UpsertHoldingInput!) { upsertHolding(input: $input) { id version accountNumber customer { name aum { amount } } } }',
      {
        input: {
          source: 'core',
          externalId: c('H9'),
          customerExternalId: c('9'),
          productCode: c('TD'),
          currency: 'HKD',
          accountNumber: 'NEW-1',
        },
      },
    )
    expect(errors).toBeUndefined()
    expect(data.upsertHolding).toMatchObject({ accountNumber: 'NEW-1', customer: { name: '赵敏', aum: { amount: '182.00' } } })
  })

  test('sent again changes nothing and tells nobody', async ({ bank }) => {
    const row = { kind: 'individual', name: '王芳', institutionCode: bank.code('O1') }
    await bank.request(core, 'PUT', `/customers/by-external-id/core/${bank.code('1')}`, row)
    const before = await tables(bank, 'customer', 'contact_point')
    const { rows: events } = await bank.service.owner.query(
      `select count(*)::int as n from outbox_event where type like 'customer.%'`,
    )
    const again = await bank.request(core, 'PUT', `/customers/by-external-id/core/${bank.code('1')}`, row)
    expect(again.status).toBe(200)
    const [customers] = await tables(bank, 'customer')
    expect(customers!.map(({ as_of: _asOf, ...rest }) => rest)).toEqual(before[0]!.map(({ as_of: _asOf, ...rest }) => rest))
    expect(
      (await bank.service.owner.query(`select count(*)::int as n from outbox_event where type like 'customer.%'`)).rows,
    ).toEqual(events)
  })

  test('older than what is known is refused', async ({ bank }) => {
    const url = `/customers/by-external-id/core/${bank.code('1')}`
    const row = { kind: 'individual', name: '旧名', institutionCode: bank.code('O1'), asOf: '2020-01-01T00:00:00Z' }
    expect(await bank.request(core, 'PUT', url, row)).toMatchObject({ status: 409, body: { code: 'superseded' } })
  })

  test('refuses what an import rejects, with the field', async ({ bank }) => {
    const refused = async (method: string, url: string, body: object) => {
      const answer = await bank.request(core, method, url, body)
      return [answer.status, answer.body.code, answer.body.errors?.[0]?.pointer]
    }
    const c = (name: string) => bank.code(name)
    expect(
      await refused('PUT', `/customers/by-external-id/core/${c('x')}`, {
        kind: 'individual',
        name: 'x',
        institutionCode: 'nowhere',
      }),
    ).toEqual([422, 'unknown_reference', '/institutionCode'])
    expect(
      await refused('PUT', `/holdings/by-external-id/core/${c('x')}`, {
        customerExternalId: c('1'),
        productCode: c('CUR'),
        currency: 'XXY',
      }),
    ).toEqual([422, 'unknown_currency', '/currency'])
    expect(
      await refused('PUT', `/holdings/by-external-id/core/${c('x')}`, {
        customerExternalId: c('1'),
        productCode: 'missing',
        currency: 'CNY',
      }),
    ).toEqual([422, 'unknown_reference', '/productCode'])
    expect(
      await refused('PUT', `/holdings/by-external-id/core/${c('A1')}`, {
        customerExternalId: c('1'),
        productCode: c('CUR'),
        currency: 'USD',
      }),
    ).toEqual([409, 'conflict', '/currency'])
    expect(await refused('PUT', `/holdings/by-external-id/core/${c('none')}/balances/2026-11-01`, { amount: '1' })).toEqual([
      422,
      'unknown_reference',
      '/holdingExternalId',
    ])
    expect(
      await refused('PUT', `/institutions/by-external-id/core/${c('O1')}`, {
        name: '一网点',
        kind: 'outlet',
        parentCode: c('B2'),
      }),
    ).toEqual([409, 'institution_move_unsupported', '/parentCode'])
    expect(await refused('PUT', '/exchange-rates/CNY/2026-11-01', { source: 'core', rate: '1' })).toEqual([
      expect.any(Number),
      expect.any(String),
      '/currency',
    ])
    expect(
      await refused('PUT', `/customers/by-external-id/core/${c('x')}`, {
        kind: 'individual',
        name: 'x',
        institutionCode: c('O1'),
        hat: 1,
      }),
    ).toEqual([400, 'invalid_input', '/hat'])
  })
})

describe('a currency that is not known', () => {
  test('has a code of its own over REST and GraphQL, as in imports, unless other things are wrong as well', async ({ bank }) => {
    const holding = { customerExternalId: bank.code('1'), productCode: bank.code('CUR'), currency: 'XXY' }
    const url = `/holdings/by-external-id/core/${bank.code('x')}`
    const rest = await bank.request(core, 'PUT', url, holding)
    expect(rest).toMatchObject({
      status: 422,
      body: { code: 'unknown_currency', errors: [{ pointer: '/currency', rule: 'unknown_currency' }] },
    })
    const { errors } = await bank.graphql(
      core,
      'mutation ($input: UpsertHoldingInput!) { upsertHolding(input: $input) { id } }',
      {
        input: { source: 'core', externalId: bank.code('x'), ...holding },
      },
    )
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'unknown_currency', errors: [{ rule: 'unknown_currency' }] })
    const rates = await bank.request(core, 'GET', '/exchange-rates?currency=XXY')
    expect([rates.status, rates.body.code]).toEqual([422, 'unknown_currency'])
    const both = await bank.request(core, 'PUT', url, { ...holding, productCode: 1 })
    expect([both.status, both.body.code, both.body.errors.length]).toEqual([400, 'invalid_input', 2])
  })
})

describe('several upserts of one thing at once', () => {
  test('all succeed, and make it once', async ({ bank }) => {
    const put = (name: string) =>
      bank.request(core, 'PUT', `/customers/by-external-id/core/${bank.code('many')}`, {
        kind: 'individual',
        name,
        institutionCode: bank.code('O1'),
      })
    const answers = await Promise.all(['甲', '乙', '丙', '丁', '戊'].map(put))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  })

  test('that may only create let one do so', async ({ bank }) => {
    const put = (url: string, body: object) => bank.request(core, 'PUT', url, body, { 'if-none-match': '*' })
    for (const [url, body] of [
      [
        `/customers/by-external-id/core/${bank.code('only')}`,
        { kind: 'individual', name: '己', institutionCode: bank.code('O1') },
      ],
      [`/products/by-external-id/core/${bank.code('only')}`, { name: '产品', family: 'fund', category: 'fee' }],
      [
        `/holdings/by-external-id/core/${bank.code('only')}`,
        { customerExternalId: bank.code('1'), productCode: bank.code('CUR'), currency: 'CNY' },
      ],
    ] as const) {
      const answers = await Promise.all(Array.from({ length: 6 }, () => put(url, body)))
      expect(answers.map(({ status }) => status).sort(), url).toEqual([200, 409, 409, 409, 409, 409])
    }
  })
})

describe('who may only make customers', () => {
  test('cannot change one by its external id, in whatever way', async ({ bank }) => {
    const url = `/customers/by-external-id/core/${bank.code('1')}`
    const body = { kind: 'individual', name: '改名', institutionCode: bank.code('O1') }
    expect((await bank.request(bank.code('T1'), 'PUT', url, body)).body.code).toBe('not_permitted')
    expect((await bank.request(bank.code('M1'), 'GET', `/customers/${await bank.customerId('1')}`)).body.name).toBe('王芳')
    expect(
      (await bank.request(bank.code('T1'), 'PUT', `/customers/by-external-id/guanxi/${bank.code('new')}`, body)).status,
    ).toBe(200)
    await bank.service.owner.query(`update client set scopes = '{import:run,customer:create}' where client_id = $1`, [
      `feed-${bank.code('B1')}`,
    ])
    await bank.service.owner.query('update directory_version set version = version + 1')
    const imported = await bank.import('customers', [{ externalId: bank.code('1'), ...body }], {
      client: `feed-${bank.code('B1')}`,
    })
    expect(imported.body.code).toBe('not_permitted')
  })
})

describe('what is closed', () => {
  test('stays closed on its day: closing it again is refused', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const holding = `/customers/${customerId}/holdings/${await bank.holdingId('A1')}`
    const core = { client: 'core' }
    for (const [url, path] of [
      [holding, `${holding}/closure`],
      [`/customers/${customerId}`, `/customers/${customerId}/closure`],
    ] as const) {
      expect((await bank.request(core, 'POST', path, { closedOn: '2026-10-01' })).status).toBe(200)
      const again = await bank.request(core, 'POST', path, {})
      expect([again.status, again.body.code]).toEqual([409, 'already_closed'])
      expect((await bank.request(core, 'GET', url)).body.closedOn).toBe('2026-10-01')
    }
  })
})

describe('an assignment that has begun', () => {
  const kept = async (bank: TestBank) => {
    const customer = `/customers/${await bank.customerId('1')}`
    const { body } = await bank.request(bank.code('M1'), 'GET', customer)
    return { customer, url: `${customer}/assignments/${body.assignments[0].id}` }
  }

  test('is not given to somebody else for days gone by: the field is named, and nothing changes', async ({ bank }) => {
    const manager = bank.code('M1')
    const { customer, url } = await kept(bank)
    for (const [said, field] of [
      [{ staffNumber: bank.code('R2') }, 'staffNumber'],
      [{ businessLine: 'corporate' }, 'businessLine'],
      [{ startsOn: '2026-12-01' }, 'startsOn'],
      [{ endsOn: '2026-11-21' }, 'endsOn'],
    ] as const) {
      const { status, body } = await bank.request(manager, 'PATCH', url, said, { 'if-match': '"1"' })
      expect([status, body.errors]).toMatchObject([422, [{ pointer: `/${field}`, rule: 'outside_period' }]])
    }
    const put = await bank.request(manager, 'PUT', `/assignments/by-external-id/core/${bank.code('S1')}`, {
      customerExternalId: bank.code('1'),
      staffNumber: bank.code('R1'),
      businessLine: 'personal',
      startsOn: '2024-01-01',
      status: 'cancelled',
    })
    expect([put.status, put.body.errors]).toMatchObject([422, [{ pointer: '/status' }]])
    expect((await bank.request(manager, 'GET', customer)).body.assignments).toMatchObject([
      { version: 1, startsOn: '2024-01-01', endsOn: null, staff: { number: bank.code('R1') } },
    ])
  })

  test('ends today or later and is over then: a second end is refused', async ({ bank }) => {
    const manager = bank.code('M1')
    const { customer, url } = await kept(bank)
    const early = await bank.request(manager, 'POST', `${url}/end`, { endsOn: '2026-11-21' })
    expect([early.status, early.body.errors]).toMatchObject([422, [{ pointer: '/endsOn', rule: 'outside_period' }]])
    const later = await bank.request(manager, 'POST', `${url}/end`, { endsOn: '2026-12-24' })
    expect(later.body).toMatchObject({ state: 'current', endsOn: '2026-12-24', version: 2 })
    const ended = await bank.request(manager, 'POST', `${url}/end`, {})
    expect(ended.body).toMatchObject({ state: 'ended', startsOn: '2024-01-01', endsOn: '2026-11-22', version: 3 })
    const again = await bank.request(manager, 'POST', `${url}/end`, {})
    expect([again.status, again.body.code]).toEqual([409, 'already_closed'])
    const next = { staffNumber: bank.code('R2'), businessLine: 'personal', startsOn: '2026-11-22' }
    expect((await bank.request(manager, 'POST', `${customer}/assignments`, next)).body.state).toBe('current')
  })

  test('ends on the day of the institution that keeps the customer', async ({ bank, service }) => {
    await bank.feed('institutions', [
      { externalId: bank.code('B1'), name: '一分行', kind: 'branch', timeZone: 'America/Los_Angeles' },
    ])
    const { url } = await kept(bank)
    // Afternoon of the 21st there, where the client at the head office writes the 22nd.
    expect(service.clock.now.toISOString()).toBe('2026-11-22T02:00:00.000Z')
    expect((await bank.request(core, 'POST', `${url}/end`, {})).body).toMatchObject({ state: 'ended', endsOn: '2026-11-21' })
  })

  test('is taken back while it is planned, once', async ({ bank }) => {
    const { customer } = await kept(bank)
    const planned = { staffNumber: bank.code('R2'), businessLine: 'corporate', startsOn: '2026-12-01' }
    const made = await bank.request(bank.code('M1'), 'POST', `${customer}/assignments`, planned)
    const url = `${customer}/assignments/${made.body.id}/end`
    expect((await bank.request(bank.code('M1'), 'POST', url, {})).body).toMatchObject({ state: 'cancelled', version: 2 })
    for (const body of [{}, { endsOn: '2026-12-24' }])
      expect((await bank.request(bank.code('M1'), 'POST', url, body)).body.code).toBe('already_closed')
  })
})

describe('closing a customer', () => {
  test('leaves a prospect without a number', async ({ bank }) => {
    const body = { kind: 'individual', name: '未成', institutionCode: bank.code('O1') }
    const { id } = (await bank.request(bank.code('M1'), 'POST', '/customers', body)).body
    const closed = await bank.request(bank.code('M1'), 'POST', `/customers/${id}/closure`)
    expect(closed.body).toMatchObject({ status: 'closed', closedOn: '2026-11-22', coreNumber: null })
  })

  test('is refused to people as of a day to come, and to feeds after tomorrow', async ({ bank }) => {
    const url = `/customers/${await bank.customerId('4')}/closure`
    await bank.request(core, 'POST', `/customers/${await bank.customerId('4')}/holdings/${await bank.holdingId('A4')}/closure`)
    const close = async (caller: Caller, closedOn: string) => {
      const { status, body } = await bank.request(caller, 'POST', url, { closedOn })
      return [status, body.code, body.errors?.[0]?.pointer]
    }
    expect(await close(bank.code('M2'), '2026-11-23')).toEqual([422, 'outside_period', '/closedOn'])
    expect(await close(core, '2026-11-24')).toEqual([422, 'outside_period', '/closedOn'])
    expect(await close(bank.code('M2'), '2026-11-22')).toEqual([200, undefined, undefined])
  })

  test('is refused to people while there are open holdings, and tells how many; core banking closes', async ({ bank }) => {
    const id = await bank.customerId('1')
    const second = {
      externalId: bank.code('A1b'),
      customerExternalId: bank.code('1'),
      productCode: bank.code('FND'),
      currency: 'CNY',
    }
    await bank.feed('holdings', [second])
    for (const [method, url, body, headers] of [
      ['POST', `/customers/${id}/closure`, {}, {}],
      ['PATCH', `/customers/${id}`, { status: 'closed', closedOn: '2026-11-22' }, { 'if-match': '"1"' }],
    ] as const) {
      const refused = await bank.request(bank.code('R1'), method, url, body, headers)
      expect([refused.status, refused.body.code]).toEqual([409, 'in_use'])
      expect(refused.body.detail).toContain('2 open holdings')
    }
    expect((await bank.request(bank.code('M1'), 'GET', `/customers/${id}`)).body).toMatchObject({ status: 'active', version: 1 })
    expect((await bank.request(core, 'POST', `/customers/${id}/closure`)).body.status).toBe('closed')
  })

  test('ends what keeps them with that day, and takes back what was planned', async ({ bank, service }) => {
    const id = await bank.customerId('1')
    const [manager, keeper] = [bank.code('M1'), bank.code('R1')]
    const planned = { staffNumber: bank.code('R2'), businessLine: 'corporate', startsOn: '2026-12-01' }
    expect((await bank.request(manager, 'POST', `/customers/${id}/assignments`, planned)).body.state).toBe('planned')
    await bank.request(core, 'POST', `/customers/${id}/holdings/${await bank.holdingId('A1')}/closure`)
    const closed = await bank.request(keeper, 'POST', `/customers/${id}/closure`)
    expect([closed.status, closed.body.assignments]).toMatchObject([
      200,
      [
        { state: 'cancelled', startsOn: '2026-12-01' },
        { state: 'current', endsOn: '2026-11-23' },
      ],
    ])
    const before = service.clock.now
    service.clock.now = new Date('2026-11-22T17:00:00Z')
    await runAsSystem(service.service, advanceAssignments)
    expect((await bank.request(keeper, 'GET', `/customers/${id}`)).status).toBe(404)
    expect((await bank.request(manager, 'GET', `/customers/${id}`)).body.relationshipManager).toBeNull()
    // What a feed knows of the past stays right, what it says beyond the end does not come back.
    const row = {
      externalId: bank.code('S1'),
      customerExternalId: bank.code('1'),
      staffNumber: keeper,
      businessLine: 'personal',
      startsOn: '2024-01-01',
    }
    const again = await bank.import('assignments', [row, { ...row, externalId: bank.code('S1'), endsOn: '2026-11-23' }])
    expect(again.body).toMatchObject({ rowsUnchanged: 1, rowsRejected: 1 })
    expect((await bank.import('assignments', [row])).body).toMatchObject({ rowsRejected: 1 })
    service.clock.now = before
  })
})

describe('a closed customer', () => {
  test('gets no new holding but such as are closed themselves', async ({ bank }) => {
    const core = { client: 'core' }
    await bank.request(core, 'POST', `/customers/${await bank.customerId('4')}/closure`, {})
    const holding = { customerExternalId: bank.code('4'), productCode: bank.code('CUR'), currency: 'CNY' }
    const url = `/holdings/by-external-id/core/${bank.code('late')}`
    const told = await bank.request(core, 'PUT', url, holding)
    expect([told.status, told.body.errors[0].pointer]).toEqual([409, '/customerExternalId'])
    const past = { ...holding, openedOn: '2020-02-01', status: 'closed', closedOn: '2021-02-01' }
    expect((await bank.request(core, 'PUT', url, past)).status).toBe(200)
  })
})

describe('a name of another source system', () => {
  test('is not for people to take', async ({ bank }) => {
    const body = { kind: 'individual', name: '占号', institutionCode: bank.code('O1') }
    const put = await bank.request(bank.code('T1'), 'PUT', `/customers/by-external-id/core/${bank.code('free')}`, body)
    const posted = await bank.request(bank.code('T1'), 'POST', '/customers', {
      ...body,
      source: 'core',
      externalId: bank.code('free'),
    })
    for (const told of [put, posted]) expect([told.status, told.body.errors[0].pointer]).toEqual([409, '/source'])
    const sent = await bank.request({ client: 'core' }, 'PUT', `/customers/by-external-id/core/${bank.code('free')}`, body)
    expect([sent.body.status, sent.body.coreNumber]).toEqual(['active', bank.code('free')])
  })
})

describe('the number in core banking', () => {
  test('is given by source systems only: whom people name so is a prospect without it, and no search by number finds them', async ({
    bank,
  }) => {
    const body = { kind: 'individual', name: '冒名', institutionCode: bank.code('O1') }
    const url = `/customers/by-external-id/guanxi/${bank.code('1')}`
    for (const caller of [bank.code('T1'), core]) {
      const { status, body: made } = await bank.request(caller, 'PUT', url, body)
      expect([status, made.status, made.coreNumber]).toEqual([200, 'prospect', null])
    }
    const found = await bank.request(bank.code('M1'), 'POST', '/customers/search', { number: bank.code('1') })
    expect(found.body.items.map(({ id }: { id: string }) => id)).toEqual([await bank.customerId('1')])
    const { id } = (await bank.request(bank.code('M1'), 'GET', url)).body
    const active = await bank.request(bank.code('M1'), 'PATCH', `/customers/${id}`, { status: 'active' }, { 'if-match': '"1"' })
    expect(active.body).toMatchObject({ status: 'active', coreNumber: null })
  })

  test('of a prospect comes with the row of its source that makes it active, not by hand', async ({ bank }) => {
    const url = `/customers/by-external-id/core/${bank.code('lead')}`
    const row = { kind: 'individual', name: '准客户', institutionCode: bank.code('O1') }
    const { id } = (await bank.request(core, 'PUT', url, { ...row, status: 'prospect' })).body
    const byHand = await bank.request(bank.code('M1'), 'PATCH', `/customers/${id}`, { status: 'active' }, { 'if-match': '"1"' })
    expect(byHand.body).toMatchObject({ status: 'active', coreNumber: null })
    expect((await bank.request(core, 'PUT', url, row)).body).toMatchObject({ status: 'active', coreNumber: bank.code('lead') })
  })
})

describe('half of a surrogate pair', () => {
  test('is refused by field wherever it stands', async ({ bank }) => {
    const asked = await bank.graphql(
      bank.code('M1'),
      'query ($name: String!) { holdingByExternalId(source: "core", externalId: $name) { id } }',
      { name: '\ud800' },
    )
    expect(asked.errors?.[0]?.extensions.errors).toMatchObject([{ pointer: '/externalId', rule: 'invalid_unicode' }])
    const told = await bank.request('ADMIN', 'PUT', '/calendar-days/CN/2031-01-09', { kind: 'holiday', name: 'a\ud800' })
    expect([told.status, told.body.errors[0].pointer]).toEqual([400, '/name'])
  })
})

describe('a prospect that turns out to be a company', () => {
  test('is kept from then on by whoever has it in corporate business', async ({ bank }) => {
    const manager = bank.code('M1')
    const body = { kind: 'individual', name: '个体', institutionCode: bank.code('O1') }
    const { id } = (await bank.request(manager, 'POST', '/customers', body)).body
    for (const [staff, businessLine] of [
      ['R1', 'personal'],
      ['R2', 'corporate'],
    ] as const) {
      const given = { staffNumber: bank.code(staff), businessLine, startsOn: '2026-11-22' }
      const told = await bank.request(manager, 'POST', `/customers/${id}/assignments`, given)
      expect(told.status, JSON.stringify(told.body)).toBe(201)
    }
    const keeper = async (): Promise<string> =>
      (await bank.graphql(manager, `{ customer(customerId: "${id}") { relationshipManager { number } } }`)).data.customer
        .relationshipManager.number
    expect(await keeper()).toBe(bank.code('R1'))
    const { version } = (await bank.request(manager, 'GET', `/customers/${id}`)).body
    const changed = await bank.request(manager, 'PATCH', `/customers/${id}`, { kind: 'company' }, { 'if-match': `"${version}"` })
    expect(changed.status).toBe(200)
    expect(await keeper()).toBe(bank.code('R2'))
  })
})

type Answer = Awaited<ReturnType<TestBank['request']>>

/** Holds the first request back just before its commit and lets the second come meanwhile. */
async function bothAtOnce(
  owner: TestBank['service']['owner'],
  first: () => Promise<Answer>,
  second: () => Promise<Answer>,
): Promise<readonly [Answer, Answer]> {
  const waiting = async (): Promise<number> =>
    Number(
      (
        await owner.query(
          'select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())',
        )
      ).rows[0].count,
    )
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await owner.query('begin')
  await owner.query('lock table audit_entry in share mode')
  const one = first()
  await until(async () => (await waiting()) >= 1)
  const other = second()
  let answered = false
  void other.finally(() => (answered = true))
  await until(async () => answered || (await waiting()) >= 2)
  await owner.query('rollback')
  return Promise.all([one, other])
}

describe('an institution that is being closed', () => {
  test('is not while somebody makes a customer there', async ({ bank }) => {
    const code = bank.code('OX')
    const admin = bank.code('A1')
    const outlet = { code, name: '新网点', kind: 'outlet', parentCode: bank.code('B1') }
    const { id } = (await bank.request(admin, 'POST', '/institutions', outlet)).body
    const [made, closed] = await bothAtOnce(
      bank.service.owner,
      () => bank.request(bank.code('M1'), 'POST', '/customers', { kind: 'individual', name: '新客', institutionCode: code }),
      () => bank.request(admin, 'POST', `/institutions/${id}/closure`),
    )
    expect([made.status, closed.status, closed.body.code]).toEqual([201, 409, 'in_use'])
  })
})

describe('a rate that changes while a holding is being made', () => {
  test('finds its holder: the assets are at the new rate', async ({ bank }) => {
    const { owner } = bank.service
    const core = { client: 'core' }
    const rate = (value: string) => bank.request(core, 'PUT', '/exchange-rates/AUD/2026-11-20', { source: 'core', rate: value })
    expect((await rate('5')).status).toBe(200)
    const [made, changed] = await bothAtOnce(
      owner,
      () =>
        bank.request(core, 'PUT', `/holdings/by-external-id/core/${bank.code('AUD')}`, {
          customerExternalId: bank.code('4'),
          productCode: bank.code('CUR'),
          currency: 'AUD',
          balance: '100.00',
        }),
      () => rate('7'),
    )
    expect([made.status, changed.status]).toEqual([200, 200])
    const { body } = await bank.request(bank.code('M2'), 'GET', `/customers/${await bank.customerId('4')}`)
    expect(body.aum.amount).toBe('4700.00')
  })
})

describe('an exchange rate of a day to come', () => {
  test('counts in the assets from that day on', async ({ bank, service }) => {
    await bank.feed('exchangeRates', [{ currency: 'SEK', day: '2026-11-01', rate: '0.5' }])
    await bank.feed('holdings', [
      {
        externalId: bank.code('SEK'),
        customerExternalId: bank.code('4'),
        productCode: bank.code('CUR'),
        currency: 'SEK',
        balance: '100.00',
      },
    ])
    const aum = async () =>
      (await bank.request({ client: 'core' }, 'GET', `/customers/${await bank.customerId('4')}`)).body.aum.amount
    expect(await aum()).toBe('4050.00')
    await bank.feed('exchangeRates', [{ currency: 'SEK', day: '2026-11-23', rate: '0.9' }])
    await runAsSystem(service.service, applyRates)
    expect(await aum()).toBe('4050.00')
    const before = service.clock.now
    service.clock.now = new Date('2026-11-22T17:00:00Z')
    await runAsSystem(service.service, applyRates)
    service.clock.now = before
    expect(await aum()).toBe('4090.00')
  })
})

describe('people', () => {
  test('make prospects, who have no number yet, unless they say otherwise', async ({ bank }) => {
    const make = (body: object) =>
      bank.request(bank.code('M1'), 'POST', '/customers', {
        name: '新',
        kind: 'individual',
        institutionCode: bank.code('O1'),
        ...body,
      })
    expect((await make({})).body).toMatchObject({ status: 'prospect', coreNumber: null })
    expect((await make({ status: 'active', externalId: bank.code('own') })).body).toMatchObject({
      status: 'active',
      coreNumber: null,
    })
    expect((await make({ name: undefined })).body.errors).toEqual([{ pointer: '/name', rule: 'required', message: 'Required.' }])
  })

  test('make, correct and close institutions, staff, products, customers, holdings and assignments', async ({ bank }) => {
    const c = (name: string) => bank.code(name)
    const admin = c('A1')
    const manager = c('M1')
    const made = await bank.request(admin, 'POST', '/institutions', {
      code: c('O7'),
      name: '七网点',
      kind: 'outlet',
      parentCode: c('B1'),
    })
    expect(made, JSON.stringify(made.body)).toMatchObject({ status: 201, body: { code: c('O7'), source: 'guanxi' } })
    expect(
      (await bank.request(admin, 'POST', '/institutions', { code: c('O7'), name: '再', kind: 'outlet', parentCode: c('B1') }))
        .body.code,
    ).toBe('already_exists')
    const corrected = await bank.request(
      admin,
      'PATCH',
      `/institutions/${made.body.id}`,
      { name: '七号网点' },
      { 'if-match': '"1"' },
    )
    expect(corrected.body).toMatchObject({ name: '七号网点', version: 2, parent: { code: c('B1') } })
    const hired = await bank.request(admin, 'POST', '/staff', {
      number: c('R7'),
      name: '钱七',
      institutionCode: c('O7'),
      roles: ['relationship_manager'],
    })
    expect(hired.status).toBe(201)
    expect((await bank.request(admin, 'POST', `/institutions/${made.body.id}/closure`)).body.code).toBe('in_use')
    const customer = await bank.request(manager, 'POST', '/customers', {
      name: '孙八',
      kind: 'individual',
      status: 'prospect',
      institutionCode: c('O7'),
      phone: '13800138000',
    })
    expect(customer.body).toMatchObject({ status: 'prospect', coreNumber: null })
    const url = `/customers/${customer.body.id}`
    const assigned = await bank.request(manager, 'POST', `${url}/assignments`, {
      staffNumber: c('R7'),
      businessLine: 'personal',
      startsOn: '2026-11-22',
    })
    expect(assigned, JSON.stringify(assigned.body)).toMatchObject({ status: 201, body: { state: 'current' } })
    expect((await bank.request(c('R7'), 'GET', url)).status).toBe(200)
    const late = await bank.request(manager, 'POST', `${url}/assignments`, {
      staffNumber: c('R1'),
      businessLine: 'personal',
      startsOn: '2026-12-01',
    })
    expect(late.body.code).toBe('period_overlap')
    const ended = await bank.request(manager, 'POST', `${url}/assignments/${assigned.body.id}/end`, { endsOn: '2026-12-01' })
    expect(ended.body).toMatchObject({ endsOn: '2026-12-01', state: 'current' })
    expect(
      (
        await bank.request(manager, 'POST', `${url}/assignments`, {
          staffNumber: c('R1'),
          businessLine: 'personal',
          startsOn: '2026-12-01',
        })
      ).body,
    ).toMatchObject({ state: 'planned' })
    const holding = await bank.request(core, 'POST', `${url}/holdings`, {
      productCode: c('CUR'),
      currency: 'CNY',
      balance: '5.00',
    })
    expect(holding, JSON.stringify(holding.body)).toMatchObject({ status: 201, body: { balance: { amount: '5.00' } } })
    const version = String((await bank.request(core, 'GET', `${url}/holdings/${holding.body.id}`)).headers['etag'])
    expect(
      (
        await bank.request(
          core,
          'PATCH',
          `${url}/holdings/${holding.body.id}`,
          { maturesOn: '2027-05-01' },
          { 'if-match': version },
        )
      ).body.maturesOn,
    ).toBe('2027-05-01')
    const movement = await bank.request(core, 'POST', `${url}/holdings/${holding.body.id}/movements`, {
      direction: 'in',
      amount: '60000.00',
      bookedOn: '2026-11-21',
    })
    expect(movement, JSON.stringify(movement.body)).toMatchObject({ status: 201 })
    expect((await bank.request(core, 'POST', `${url}/movements/${movement.body.id}/voiding`)).body.status).toBe('voided')
    expect((await bank.request(core, 'POST', `${url}/holdings/${holding.body.id}/closure`)).body).toMatchObject({
      status: 'closed',
      closedOn: '2026-11-22',
    })
    expect((await bank.request(core, 'GET', url)).body.aum.amount).toBe('0.00')
    expect((await bank.request(manager, 'POST', `${url}/closure`)).body).toMatchObject({
      status: 'closed',
      closedOn: '2026-11-22',
    })
    const fired = await bank.request(admin, 'POST', `/staff/${hired.body.id}/deactivation`)
    expect(fired.body.status).toBe('inactive')
    expect((await bank.request(c('R7'), 'GET', '/customers')).status).toBe(401)
  })

  test('are refused an identity number that disagrees, with both values masked; a feed is not', async ({ bank }) => {
    const c = (name: string) => bank.code(name)
    const body = {
      name: '周九',
      kind: 'individual',
      institutionCode: c('O1'),
      documentType: 'resident_id',
      documentNumber: '110101199003070134',
      birthDate: '1991-03-07',
      gender: 'male',
    }
    const refused = await bank.request(c('M1'), 'POST', '/customers', body)
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(['identity_mismatch', 'invalid_input']).toContain(refused.body.code)
    expect(JSON.stringify(refused.body)).not.toContain('110101199003070134')
    const fed = await bank.request(core, 'PUT', `/customers/by-external-id/core/${c('f1')}`, body)
    expect(fed.body.identityDocuments).toMatchObject([{ verified: false, unverifiedReason: expect.any(String) }])
  })

  test('cannot write outside their institution', async ({ bank }) => {
    const c = (name: string) => bank.code(name)
    expect(
      (await bank.request(c('M2'), 'POST', '/customers', { name: '越界', kind: 'individual', institutionCode: c('O1') })).body
        .code,
    ).toBe('unknown_reference')
    expect(
      (await bank.request(c('A1'), 'POST', '/institutions', { code: c('OX'), name: '越界', kind: 'outlet', parentCode: c('B2') }))
        .body.code,
    ).toBe('unknown_reference')
    expect((await bank.request(c('M2'), 'POST', `/customers/${await bank.customerId('1')}/closure`)).status).toBe(404)
    expect(
      (
        await bank.request({ client: `feed-${c('B2')}` }, 'PUT', `/customers/by-external-id/core/${c('1')}`, {
          kind: 'individual',
          name: '偷',
          institutionCode: c('B2'),
        })
      ).body.code,
    ).toBe('unknown_reference')
  })
})

describe('a delegation', () => {
  test('gives the deputy the portfolio at once and takes it back at once', async ({ bank }) => {
    const c = (name: string) => bank.code(name)
    const url = `/customers/${await bank.customerId('1')}`
    expect((await bank.request(c('R2'), 'GET', url)).status).toBe(404)
    const given = await bank.request(c('M1'), 'POST', '/delegations', {
      staffId: await bank.staffId('R1'),
      deputyId: await bank.staffId('R2'),
      startsOn: '2026-11-22',
      endsOn: '2026-11-30',
      reason: 'annual leave',
    })
    expect(given, JSON.stringify(given.body)).toMatchObject({ status: 201 })
    expect((await bank.request(c('R2'), 'GET', url)).status).toBe(200)
    expect((await bank.request(c('R3'), 'GET', url)).status).toBe(404)
    expect((await bank.request(c('M1'), 'POST', `/delegations/${given.body.id}/revocation`)).body.status).toBe('revoked')
    expect((await bank.request(c('R2'), 'GET', url)).status).toBe(404)
    expect((await bank.request(c('M1'), 'POST', `/delegations/${given.body.id}/revocation`)).body.code).toBe('already_closed')
  })

  test('is refused in the past, reversed, to oneself, to one who keeps nobody, twice and in a circle', async ({ bank }) => {
    const c = (name: string) => bank.code(name)
    const [r1, r2, q1] = await Promise.all(['R1', 'R2', 'Q1'].map((number) => bank.staffId(number)))
    const ask = async (staffId: unknown, deputyId: unknown, startsOn = '2026-12-01', endsOn = '2026-12-10', caller = c('M1')) =>
      (await bank.request(caller, 'POST', '/delegations', { staffId, deputyId, startsOn, endsOn, reason: 'leave' })).body.code
    expect(await ask(r1, r2, '2026-11-21')).toBe('outside_period')
    expect(await ask(r1, r2, '2026-12-10', '2026-12-01')).toBe('invalid_input')
    expect(await ask(r1, r1)).toBe('conflict')
    expect(await ask(r1, q1)).toBe('conflict')
    expect(await ask(r1, crypto.randomUUID())).toBe('not_found')
    expect(await ask(r1, r2, '2026-12-01', '2026-12-10', c('M2'))).toBe('not_found')
    expect(await ask(r1, r2)).toBeUndefined()
    expect(await ask(r1, await bank.staffId('R3'))).toBe('period_overlap')
    expect(await ask(r2, r1)).toBe('cycle')
  })
})

describe('every command', () => {
  test('leaves an audit entry with its name and caller, and an event in the same transaction', async ({ bank, service }) => {
    const c = (name: string) => bank.code(name)
    const admin = c('A1')
    const manager = c('M1')
    const customer = `/customers/${await bank.customerId('1')}`
    const holding = `${customer}/holdings/${await bank.holdingId('A1')}`
    const etag = async (url: string, caller: Caller) => ({
      'if-match': String((await bank.request(caller, 'GET', url)).headers['etag']),
    })
    const made: Record<string, string> = {}
    const differing: string[] = []
    for (const table of ['identity_document', 'contact_point', 'address'] as const)
      differing.push(await openValueDifference(bank, await bank.customerId('1'), table))
    /** The command, who gives it, and the request; ids of what earlier ones made stand in `made`. */
    const commands: readonly (readonly [
      string,
      Caller,
      string,
      string | (() => string),
      object?,
      (() => Promise<Record<string, string>>)?,
    ])[] = [
      ['createInstitution', admin, 'POST', '/institutions', { code: c('j1'), name: '一', kind: 'outlet', parentCode: c('B1') }],
      [
        'correctInstitution',
        admin,
        'PATCH',
        () => `/institutions/${made['createInstitution']}`,
        { name: '二' },
        () => etag(`/institutions/${made['createInstitution']}`, admin),
      ],
      [
        'upsertInstitution',
        core,
        'PUT',
        `/institutions/by-external-id/core/${c('j2')}`,
        { name: '三', kind: 'outlet', parentCode: c('B1') },
      ],
      [
        'createStaff',
        admin,
        'POST',
        '/staff',
        { number: c('j1'), name: '员', institutionCode: c('O1'), roles: ['relationship_manager'] },
      ],
      [
        'correctStaff',
        admin,
        'PATCH',
        () => `/staff/${made['createStaff']}`,
        { name: '工' },
        () => etag(`/staff/${made['createStaff']}`, admin),
      ],
      ['deactivateStaff', admin, 'POST', () => `/staff/${made['createStaff']}/deactivation`],
      [
        'upsertStaff',
        core,
        'PUT',
        `/staff/by-external-id/core/${c('j2')}`,
        { name: '职', institutionCode: c('O1'), roles: ['teller'] },
      ],
      ['createProduct', 'ADMIN', 'POST', '/products', { code: c('j1'), name: '品', family: 'fund', category: 'fee' }],
      [
        'correctProduct',
        'ADMIN',
        'PATCH',
        () => `/products/${made['createProduct']}`,
        { name: '物' },
        () => etag(`/products/${made['createProduct']}`, 'ADMIN'),
      ],
      ['closeProduct', 'ADMIN', 'POST', () => `/products/${made['createProduct']}/closure`],
      ['upsertProduct', core, 'PUT', `/products/by-external-id/core/${c('j2')}`, { name: '产', family: 'fund', category: 'fee' }],
      ['setCalendarDay', 'ADMIN', 'PUT', '/calendar-days/CN/2031-01-02', { kind: 'holiday' }],
      ['upsertExchangeRate', core, 'PUT', '/exchange-rates/NOK/2026-01-02', { source: 'core', rate: '0.66' }],
      ['createCustomer', manager, 'POST', '/customers', { name: '客', kind: 'individual', institutionCode: c('O1') }],
      ['correctCustomer', manager, 'PATCH', customer, { industry: 'F52' }, () => etag(customer, manager)],
      [
        'upsertCustomer',
        core,
        'PUT',
        `/customers/by-external-id/core/${c('j2')}`,
        { name: '户', kind: 'individual', institutionCode: c('O1') },
      ],
      [
        'createAssignment',
        manager,
        'POST',
        () => `/customers/${made['createCustomer']}/assignments`,
        { staffNumber: c('R1'), businessLine: 'personal', startsOn: '2026-11-22' },
      ],
      [
        'correctAssignment',
        manager,
        'PATCH',
        () => `/customers/${made['createCustomer']}/assignments/${made['createAssignment']}`,
        { endsOn: '2027-01-01' },
        async () => ({ 'if-match': '"1"' }),
      ],
      [
        'endAssignment',
        manager,
        'POST',
        () => `/customers/${made['createCustomer']}/assignments/${made['createAssignment']}/end`,
      ],
      [
        'upsertAssignment',
        core,
        'PUT',
        `/assignments/by-external-id/core/${c('j2')}`,
        { customerExternalId: c('j2'), staffNumber: c('R1'), businessLine: 'personal', startsOn: '2026-11-22' },
      ],
      [
        'confirmRelationshipManager',
        manager,
        'POST',
        `${customer}/relationship-manager/confirmation`,
        {},
        async () => {
          await service.owner.query('update customer set moved_at = now() where core_number = $1', [c('1')])
          return {}
        },
      ],
      ['closeCustomer', manager, 'POST', () => `/customers/${made['createCustomer']}/closure`],
      [
        'assignCustomer',
        manager,
        'POST',
        `${customer}/assignment-changes`,
        { staffId: await bank.staffId('R2'), reason: 'moved here' },
      ],
      [
        'assignCustomers',
        manager,
        'POST',
        '/assignment-changes',
        { customerIds: [await bank.customerId('1')], staffId: await bank.staffId('R1'), reason: 'moved back' },
      ],
      [
        'addTeamMember',
        manager,
        'POST',
        `${customer}/team`,
        { staffId: await bank.staffId('R2'), duty: 'adviser', reason: 'knows funds' },
      ],
      ['endTeamMember', manager, 'POST', () => `${customer}/team/${made['addTeamMember']}/end`],
      ['createHolding', core, 'POST', `${customer}/holdings`, { productCode: c('CUR'), currency: 'CNY' }],
      ['correctHolding', core, 'PATCH', holding, { maturesOn: '2028-01-01' }, () => etag(holding, core)],
      ['closeHolding', core, 'POST', () => `${customer}/holdings/${made['createHolding']}/closure`],
      [
        'upsertHolding',
        core,
        'PUT',
        `/holdings/by-external-id/core/${c('j2')}`,
        { customerExternalId: c('1'), productCode: c('CUR'), currency: 'CNY' },
      ],
      ['upsertBalance', core, 'PUT', `/holdings/by-external-id/core/${c('j2')}/balances/2026-11-01`, { amount: '5.00' }],
      [
        'upsertHoldingParty',
        core,
        'PUT',
        `/holding-parties/by-external-id/core/${c('j2')}`,
        { customerExternalId: c('2'), role: 'guarantor' },
      ],
      [
        'upsertActivity',
        core,
        'PUT',
        `/activity/by-external-id/core/${c('1')}`,
        { month: '2026-09', channel: 'atm', type: 'cash', currency: 'CNY', count: 1 },
      ],
      ['createMovement', core, 'POST', `${holding}/movements`, { direction: 'out', amount: '50000.00', bookedOn: '2026-11-20' }],
      [
        'correctMovement',
        core,
        'PATCH',
        () => `${customer}/movements/${made['createMovement']}`,
        { channel: 'counter' },
        async () => ({ 'if-match': '"1"' }),
      ],
      ['voidMovement', core, 'POST', () => `${customer}/movements/${made['createMovement']}/voiding`],
      [
        'upsertMovement',
        core,
        'PUT',
        `/movements/by-external-id/core/${c('j2')}`,
        { holdingExternalId: c('A1'), direction: 'in', amount: '60000.00', bookedOn: '2026-11-20' },
      ],
      [
        'delegatePortfolio',
        manager,
        'POST',
        '/delegations',
        {
          staffId: await bank.staffId('R1'),
          deputyId: await bank.staffId('R2'),
          startsOn: '2026-12-01',
          endsOn: '2026-12-05',
          reason: 'leave',
        },
      ],
      ['createKeyDate', manager, 'POST', `${customer}/key-dates`, { kind: 'birthday', month: 5, day: 1 }],
      [
        'correctKeyDate',
        manager,
        'PATCH',
        () => `${customer}/key-dates/${made['createKeyDate']}`,
        { day: 2 },
        async () => ({ 'if-match': '"1"' }),
      ],
      ['endKeyDate', manager, 'POST', () => `${customer}/key-dates/${made['createKeyDate']}/end`],
      [
        'recordConsent',
        manager,
        'POST',
        `${customer}/consents`,
        { channel: 'sms', purpose: 'survey', decision: 'withdrawn', evidence: 'online' },
      ],
      ['setContactPreference', manager, 'PUT', `${customer}/contact-preference`, { topics: ['基金'] }],
      [
        'setQuietHours',
        'ADMIN',
        'PUT',
        `/institutions/${await bank.idOf('institution', 'O2')}/quiet-hours`,
        { from: '21:00', until: '08:00' },
      ],
      ['endDelegation', manager, 'POST', () => `/delegations/${made['delegatePortfolio']}/end`, { endsOn: '2026-12-03' }],
      ['revokeDelegation', manager, 'POST', () => `/delegations/${made['delegatePortfolio']}/revocation`],
      ['closeInstitution', admin, 'POST', () => `/institutions/${made['createInstitution']}/closure`],
      ['addIdentityDocument', manager, 'POST', `${customer}/identity-documents`, { type: 'passport', number: 'E12345678' }],
      [
        'correctIdentityDocument',
        manager,
        'PATCH',
        () => `${customer}/identity-documents/${made['addIdentityDocument']}`,
        { validUntil: '2030-01-01' },
        async () => ({ 'if-match': '"1"' }),
      ],
      [
        'verifyIdentityDocument',
        manager,
        'POST',
        () => `${customer}/identity-documents/${made['addIdentityDocument']}/verification`,
      ],
      ['removeIdentityDocument', manager, 'POST', () => `${customer}/identity-documents/${made['addIdentityDocument']}/removal`],
      [
        'addContactPoint',
        manager,
        'POST',
        `${customer}/contact-points`,
        { kind: 'email', purpose: 'work', value: 'li@example.com' },
      ],
      [
        'correctContactPoint',
        manager,
        'PATCH',
        () => `${customer}/contact-points/${made['addContactPoint']}`,
        { purpose: 'home' },
        async () => ({ 'if-match': '"1"' }),
      ],
      ['verifyContactPoint', manager, 'POST', () => `${customer}/contact-points/${made['addContactPoint']}/verification`],
      [
        'revealCustomerField',
        manager,
        'POST',
        `${customer}/reveals`,
        () => ({ field: 'contact_value', id: made['addContactPoint'], purpose: 'contact', reason: 'returning a call' }),
      ],
      ['addAddress', manager, 'POST', `${customer}/addresses`, { purpose: 'work', city: '深圳市' }],
      [
        'correctAddress',
        manager,
        'PATCH',
        () => `${customer}/addresses/${made['addAddress']}`,
        { line: '科技园一路1号' },
        async () => ({ 'if-match': '"1"' }),
      ],
      ['verifyAddress', manager, 'POST', () => `${customer}/addresses/${made['addAddress']}/verification`],
      ['removeAddress', manager, 'POST', () => `${customer}/addresses/${made['addAddress']}/removal`],
      ['dismissIdentityDocument', manager, 'POST', `${customer}/identity-documents/${differing[0]}/dismissal`],
      ['dismissContactPoint', manager, 'POST', `${customer}/contact-points/${differing[1]}/dismissal`],
      ['dismissAddress', manager, 'POST', `${customer}/addresses/${differing[2]}/dismissal`],
      ['removeContactPoint', manager, 'POST', () => `${customer}/contact-points/${made['addContactPoint']}/removal`],
      ['recogniseCustomer', manager, 'POST', '/recognitions', { number: c('1') }],
      [
        'createCounterNote',
        manager,
        'POST',
        '/counter-notes',
        { customerId: await bank.customerId('1'), kind: 'hint', text: '有意向' },
      ],
      [
        'acknowledgeCounterNote',
        manager,
        'POST',
        () => `${customer}/counter-notes/${made['createCounterNote']}/acknowledgement`,
        {},
      ],
    ]
    const profiled: typeof commands = [
      [
        'reviseProfile',
        manager,
        'PATCH',
        `${customer}/profile`,
        { occupation: '教师' },
        async () => ({ 'if-match': `"${(await bank.request(manager, 'GET', `${customer}/profile`)).body.version}"` }),
      ],
      ['verifyProfileFields', manager, 'POST', `${customer}/profile/verification`, { fields: ['name'], verification: 'visit' }],
      [
        'acceptProfileConflict',
        manager,
        'POST',
        `${customer}/profile-conflicts/${await openDifference(bank, await bank.customerId('1'))}/acceptance`,
        {},
      ],
      [
        'dismissProfileConflict',
        manager,
        'POST',
        `${customer}/profile-conflicts/${await openDifference(bank, await bank.customerId('1'), 'industry')}/dismissal`,
        {},
      ],
      ['reviseProfilePolicy', 'ADMIN', 'PUT', '/profile-policies/country', { winner: 'person', reason: '测试' }],
      [
        'reviseLifeStagePolicy',
        'ADMIN',
        'PUT',
        '/life-stage-policies/life_stage',
        { rules: [{ stage: 'retired', ageFrom: 60, offers: [] }], reason: '测试' },
      ],
    ]
    const second = await bank.customerId('2')
    const first = await bank.customerId('1')
    const once = async () => ({ 'if-match': '"1"' })
    const under = (one: string, part: string) => () => `/customers/${first}/${part}/${made[`create${one}`]}`
    const written: typeof commands = [
      ['createRelationship', manager, 'POST', `${customer}/relationships`, { relatedCustomerId: second, kind: 'partner' }],
      ['correctRelationship', manager, 'PATCH', under('Relationship', 'relationships'), { since: '2026-01-01' }, once],
      ['endRelationship', manager, 'POST', () => `${under('Relationship', 'relationships')()}/end`],
      ['createCustomerGroup', manager, 'POST', `${customer}/groups`, { kind: 'household', name: '一家' }],
      ['correctCustomerGroup', manager, 'PATCH', under('CustomerGroup', 'groups'), { name: '一家人' }, once],
      ['addGroupMember', manager, 'POST', () => `${under('CustomerGroup', 'groups')()}/members`, { memberCustomerId: second }],
      ['removeGroupMember', manager, 'POST', () => `${customer}/group-members/${made['addGroupMember']}/end`],
      ['endCustomerGroup', manager, 'POST', () => `${under('CustomerGroup', 'groups')()}/end`],
      ['createKeyPerson', manager, 'POST', `/customers/${second}/key-people`, { name: '要人', role: 'executive' }],
      [
        'createSharedKeyPerson',
        manager,
        'POST',
        `${customer}/shared-key-people`,
        () => ({ keyPersonCustomerId: second, keyPersonId: made['createKeyPerson'], role: 'influencer' }),
      ],
      ['correctSharedKeyPerson', manager, 'PATCH', under('SharedKeyPerson', 'shared-key-people'), { role: 'operator' }, once],
      ['endSharedKeyPerson', manager, 'POST', () => `${under('SharedKeyPerson', 'shared-key-people')()}/end`],
      [
        'correctKeyPerson',
        manager,
        'PATCH',
        () => `/customers/${second}/key-people/${made['createKeyPerson']}`,
        { title: '总' },
        once,
      ],
      ['endKeyPerson', manager, 'POST', () => `/customers/${second}/key-people/${made['createKeyPerson']}/end`],
    ]
    const editor = await segmentEditor(bank)
    const segment =
      (name: string, part = '') =>
      () =>
        `/segments/${made[name]}${part}`
    const seen = (version: number) => async () => ({ 'if-match': `"${version}"` })
    const listed = async () => {
      const { id } = await activeSegment(bank, editor, 'listed')
      return `/segments/${id}/members`
    }
    const { policies } = (await bank.request(manager, 'GET', '/value-policies')).body
    const segmented: typeof commands = [
      [
        'createSegment',
        editor,
        'POST',
        '/segments',
        { code: `${bank.name}-one`, name: '一', rule: { fact: 'aum', exists: true } },
      ],
      ['reviseSegment', editor, 'PATCH', segment('createSegment'), { name: '二' }, seen(1)],
      ['activateSegment', editor, 'POST', segment('createSegment', '/activation'), {}, seen(2)],
      ['retireSegment', editor, 'POST', segment('createSegment', '/retirement'), {}, seen(3)],
      ['setSegmentMembers', editor, 'POST', await listed(), { add: [] }],
      ['refreshSegments', editor, 'POST', '/refreshes', {}],
      [
        'reviseValuePolicy',
        'ADMIN',
        'POST',
        '/value-policies',
        { effectiveOn: '2026-11-22', rates: policies[0].rates, reason: '测试' },
      ],
      [
        'revisePlaceholderPolicy',
        'ADMIN',
        'POST',
        '/placeholder-policies',
        { texts: ['无'], days: ['1900-01-01'], reason: '测试' },
      ],
    ]
    await bank.feed('staff', [{ externalId: c('M9'), name: '副行长', institutionCode: c('B1'), roles: ['branch_manager'] }])
    const scored = [{ fact: 'completeness', weight: 100, by: 'scale', zeroAt: 0, fullAt: 100 }]
    const refreshed = async () => {
      await bank.request(core, 'POST', '/refreshes', { kind: 'full' })
      await refreshAll(service)
      return {}
    }
    const requests = `${customer}/approval-requests`
    const pending = async () => {
      const { rows } = await service.owner.query(
        `select id, subject_id from approval_request where customer_id = $1 and state = 'pending'`,
        [first],
      )
      made['request'] = rows[0].id
      made['override'] = rows[0].subject_id
      return {}
    }
    const again = async () => {
      const sent = { schemeId: made['createTierScheme'], tier: 'gold', reason: '测试', endsOn: '2027-01-01' }
      const { status, body } = await bank.request(c('M9'), 'POST', `${customer}/tier-overrides`, sent)
      expect(status, JSON.stringify(body)).toBe(201)
      return pending()
    }
    const dead = async () => {
      const { rows } = await service.owner.query(
        `select id from graphile_worker.add_job('deleteExpiredData', run_at => '2999-01-01', max_attempts => 1)`,
      )
      await service.owner.query('update graphile_worker._private_jobs set attempts = 1 where id = $1', [rows[0].id])
      made['dead'] = rows[0].id
      return {}
    }
    const tiered: typeof commands = [
      [
        'createTierScheme',
        editor,
        'POST',
        '/tier-schemes',
        {
          code: c('tiers'),
          name: '分层',
          kinds: ['individual', 'sole_trader'],
          measure: 'aum',
          thresholds: [{ code: 'gold', name: '金', from: '500.00' }],
        },
      ],
      ['reviseTierScheme', editor, 'PATCH', () => `/tier-schemes/${made['createTierScheme']}`, { name: '层' }, seen(1)],
      [
        'overrideTier',
        c('M9'),
        'POST',
        `${customer}/tier-overrides`,
        () => ({ schemeId: made['createTierScheme'], tier: 'gold', reason: '测试', endsOn: '2027-01-01' }),
        refreshed,
      ],
      ['withdrawRequest', c('M9'), 'POST', () => `${requests}/${made['request']}/withdrawal`, {}, pending],
      ['declineRequest', c('M1'), 'POST', () => `${requests}/${made['request']}/refusal`, { note: '未到账' }, again],
      ['approveRequest', c('M1'), 'POST', () => `${requests}/${made['request']}/approval`, {}, again],
      ['endTierOverride', c('M9'), 'POST', () => `${customer}/tier-overrides/${made['override']}/end`, {}, seen(2)],
      ['retryJob', 'ADMIN', 'POST', () => `/dead-jobs/${made['dead']}/retry`, {}, dead],
      ['retireTierScheme', editor, 'POST', () => `/tier-schemes/${made['createTierScheme']}/retirement`, {}, seen(2)],
      [
        'reviseClassificationPolicy',
        editor,
        'PUT',
        '/classification-policies/activity',
        { rules: [{ value: 'active', rule: { fact: 'aum', exists: true } }], effectiveOn: '2099-01-01', reason: '测试' },
      ],
      ['declareRelationshipPreference', manager, 'POST', `${customer}/relationship-preferences`, { preference: 'price' }],
      [
        'reviseRelationScorePolicy',
        editor,
        'POST',
        '/relation-score-policies',
        {
          satisfaction: scored,
          loyalty: scored,
          contribution: scored,
          dependence: scored,
          effectiveOn: '2099-01-01',
          reason: '测试',
        },
      ],
    ]
    const ids = { 1: first, 2: second }
    const noted: typeof commands = dossierThings.flatMap(({ one, path, body, correct, end }): (typeof commands)[number][] => {
      if (!correct || !end) return []
      const name = `${one[0]!.toUpperCase()}${one.slice(1)}`
      const sent = () => body({ bank, customer: '1', ids: ids as never, made: new Map() })
      return [
        [`create${name}`, manager, 'POST', `${customer}/${path}`, sent],
        [`correct${name}`, manager, 'PATCH', under(name, path), correct, once],
        ...(one === 'privilegeGrant'
          ? [['usePrivilege', manager, 'POST', () => `${under(name, path)()}/uses`, {}] as (typeof commands)[number]]
          : []),
        [`end${name}`, manager, 'POST', () => `${under(name, path)()}/end`, end],
      ]
    })
    await service.owner.query(`update customer set kind = 'sole_trader' where id = any ($1)`, [[first, second]])
    const everything = [...commands, ...profiled, ...written, ...segmented, ...tiered, ...noted]
    // Looks at customers are for the audit log alone.
    const looks = ['revealCustomerField', 'recogniseCustomer']
    const count = async (table: string, condition: string) =>
      (await service.owner.query(`select count(*)::int as n from ${table} where ${condition}`)).rows[0].n
    for (const [name, caller, method, url, body, headers] of everything) {
      const headersSent = await headers?.()
      const events = await count('outbox_event', 'true')
      const sent = typeof body === 'function' ? body() : body
      const answer = await bank.request(caller, method, typeof url === 'string' ? url : url(), sent, {
        'x-request-id': `${bank.name}-${name}`,
        ...headersSent,
      })
      expect(answer.status, `${name} ${JSON.stringify(answer.body)}`).toBeLessThan(300)
      made[name] = answer.body.id
      const { rows } = await service.owner.query('select operation, actor_id from audit_entry where request_id = $1', [
        `${bank.name}-${name}`,
      ])
      // What binds two customers is told of both.
      const told = { operation: name, actor_id: typeof caller === 'string' ? `staff:${caller}` : `client:${caller.client}` }
      expect(rows, name).toEqual([told, told].slice(0, Math.max(rows.length, 1)))
      const published = (await count('outbox_event', 'true')) - events
      // A tier that changes by it is an event of its own.
      if (name.endsWith('TierOverride') || name === 'approveRequest') expect(published, name).toBeGreaterThanOrEqual(rows.length)
      else expect(published, name).toBe(looks.includes(name) ? 0 : rows.length)
    }
    // Imports have tests of their own.
    const all = operations.filter(({ kind, transport }) => kind === 'command' && transport === 'both').map(({ name }) => name)
    expect(everything.map(([name]) => name).sort()).toEqual(all.filter((name) => name !== 'cancelImport').sort())
  })
})
