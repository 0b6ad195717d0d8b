import { describe, expect } from 'vitest'
import type { Selection } from '../../../src/db/platform/views/view.ts'
import { createCustomer } from '../../../src/operations/dossier/customer-writes.ts'
import { execute } from '../../../src/operations/platform/execute.ts'
import { selectionOf } from '../../../src/rest/platform/route.ts'
import { test, type TestBank } from '../../setup/service.ts'

const list =
  'query ($first: Int, $after: String) { customers(first: $first, after: $after, orderBy: name_asc) { nodes { id } pageInfo { hasNextPage endCursor } totalCount } }'

/** The refusal on both sides: status, code and rules by pointer. */
async function refusals(bank: TestBank, rest: Promise<any>, graphql: Promise<any>) {
  const { status, body, headers } = await rest
  const { errors } = await graphql
  expect(String(headers['content-type'])).toContain('application/problem+json')
  expect(body).toMatchObject({
    type: `/problems/${body.code}`,
    status,
    title: expect.any(String),
    detail: expect.any(String),
    traceId: expect.any(String),
  })
  return { status, code: body.code, inGraphql: errors?.[0]?.extensions.code, errors: body.errors }
}

describe('a page', () => {
  test('goes on where the last one ended until nothing is left, over REST and GraphQL alike', async ({ bank }) => {
    const ids: string[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const { body } = await bank.request(
        bank.code('M1'),
        'GET',
        `/customers?limit=2&orderBy=name_asc${cursor ? `&cursor=${cursor}` : ''}`,
      )
      ids.push(...body.items.map(({ id }: { id: string }) => id))
      cursor = body.nextCursor
    }
    expect(ids).toHaveLength(3)
    expect(new Set(ids).size).toBe(3)
    const { data } = await bank.graphql(bank.code('M1'), list, { first: 2 })
    expect(data.customers).toMatchObject({
      totalCount: 3,
      nodes: ids.slice(0, 2).map((id) => ({ id })),
      pageInfo: { hasNextPage: true },
    })
    const rest = await bank.graphql(bank.code('M1'), list, { first: 2, after: data.customers.pageInfo.endCursor })
    expect(rest.data.customers).toMatchObject({ nodes: [{ id: ids[2] }], pageInfo: { hasNextPage: false } })
  })

  test('keeps the order that was asked for, in both directions', async ({ bank }) => {
    const amounts = async (orderBy: string) =>
      (await bank.request(bank.code('M1'), 'GET', `/customers?orderBy=${orderBy}`)).body.items.map(({ aum }: any) => aum.amount)
    expect(await amounts('aum_desc')).toEqual(['3000.00', '2000.00', '1000.00'])
    expect(await amounts('aum_asc')).toEqual(['1000.00', '2000.00', '3000.00'])
    for (const orderBy of ['name_desc', 'customer_since_desc', 'customer_since_asc', 'core_number_asc'])
      expect(await amounts(orderBy)).toHaveLength(3)
  })

  test('refuses a cursor that is forged, of another list, filter, order or caller', async ({ bank }) => {
    const { body } = await bank.request(bank.code('M1'), 'GET', '/customers?limit=1')
    const cursor = body.nextCursor
    const answers = await Promise.all([
      bank.request(bank.code('M1'), 'GET', `/customers?limit=1&cursor=${cursor.slice(0, -3)}AAA`),
      bank.request(bank.code('M1'), 'GET', '/customers?limit=1&cursor=nonsense'),
      bank.request(bank.code('M1'), 'GET', `/institutions?limit=1&cursor=${cursor}`),
      bank.request(bank.code('M1'), 'GET', `/customers?limit=1&kind=individual&cursor=${cursor}`),
      bank.request(bank.code('M1'), 'GET', `/customers?limit=1&orderBy=aum_asc&cursor=${cursor}`),
      bank.request(bank.code('C1'), 'GET', `/customers?limit=1&cursor=${cursor}`),
    ])
    expect(answers.map(({ status, body: { code } }) => [status, code])).toEqual(answers.map(() => [400, 'invalid_cursor']))
    expect((await bank.request(bank.code('M1'), 'GET', `/customers?limit=2&cursor=${cursor}`)).status).toBe(200)
    expect(cursor).not.toContain(Buffer.from('王').toString('base64url'))
  })

  test('filters by institution, manager, kind, product family, assets and day', async ({ bank }) => {
    const found = async (query: string) =>
      (await bank.request(bank.code('M1'), 'GET', `/customers?includeTotal=true&${query}`)).body.items
        .map(({ coreNumber }: any) => coreNumber.replace(`${bank.name}-`, ''))
        .sort()
    expect(await found(`institutionId=${await bank.idOf('institution', 'O1')}`)).toEqual(['1', '2'])
    expect(await found(`institutionId=${await bank.idOf('institution', 'B1')}`)).toEqual(['1', '2', '3'])
    expect(await found(`relationshipManagerId=${await bank.staffId('R1')}`)).toEqual(['1'])
    expect(await found('kind=company')).toEqual([])
    expect(await found('kind=company,individual&status=active')).toEqual(['1', '2', '3'])
    expect(await found('productFamily=deposit')).toEqual(['1', '2', '3'])
    expect(await found('productFamily=fund')).toEqual([])
    expect(await found('aumFrom=1500&aumTo=2000.00')).toEqual(['2'])
    expect(await found('openedSince=2020-01-16')).toEqual([])
  })
})

describe('bad input', () => {
  test('is refused with the same code on both sides and names field and rule', async ({ bank }) => {
    const both = await refusals(
      bank,
      bank.request(bank.code('M1'), 'GET', '/customers/none'),
      bank.graphql(bank.code('M1'), '{ customer(customerId: "none") { id } }'),
    )
    expect(both).toMatchObject({
      status: 400,
      code: 'invalid_input',
      inGraphql: 'invalid_input',
      errors: [{ pointer: '/customerId', rule: 'invalid_format' }],
    })
  })

  test.for([
    ['an unknown parameter', '/customers?foo=1', '/foo', 'unknown_field'],
    ['a negative limit', '/customers?limit=-1', '/limit', 'too_small'],
    ['a limit beyond 200', '/customers?limit=201', '/limit', 'too_big'],
    ['a limit that is no number', '/customers?limit=ten', '/limit', 'invalid_type'],
    ['an unknown order', '/customers?orderBy=shoe_size', '/orderBy', 'invalid_value'],
    ['an impossible day', '/customers?openedSince=2026-02-30', '/openedSince', 'day'],
    ['an amount in words', '/customers?aumFrom=much', '/aumFrom', 'invalid_format'],
    ['an amount with too many decimals', '/customers?aumFrom=1.234', '/aumFrom', 'amount'],
    ['a number beyond range', '/customers?aumFrom=99999999999999999', '/aumFrom', 'amount'],
    ['a day before all calendars', '/customers?openedSince=0001-01-01', '/openedSince', 'day'],
  ])('%s names the field', async ([, url, pointer, rule], { bank }) => {
    const { status, body } = await bank.request(bank.code('M1'), 'GET', url!)
    expect([status, body.code, body.errors?.[0]?.pointer, body.errors?.[0]?.rule]).toEqual([400, 'invalid_input', pointer, rule])
  })

  test('of a body: malformed, of the wrong type, not UTF-8, with NUL, too large, empty or no object', async ({
    bank,
    service,
  }) => {
    const post = async (payload: string | Buffer, type = 'application/json') => {
      const { statusCode, body } = await service.app.inject({
        method: 'POST',
        url: '/v1/customers/search',
        headers: { authorization: `Bearer ${await service.tokenOf(bank.code('M1'))}`, 'content-type': type },
        payload,
      })
      return [statusCode, JSON.parse(body).code]
    }
    expect(await post('{"name":')).toEqual([400, 'malformed_request'])
    expect(await post('name=x', 'application/x-www-form-urlencoded')).toEqual([415, 'unsupported_media_type'])
    expect(await post(Buffer.from([0x7b, 0x22, 0x6e, 0x61, 0x6d, 0x65, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]))).toEqual([
      400,
      'malformed_request',
    ])
    expect(await post('{"name":"a\\u0000b"}')).toEqual([400, 'invalid_input'])
    expect(await post(`{"name":"${'x'.repeat(1_100_000)}"}`)).toEqual([413, 'payload_too_large'])
    expect(await post('[]')).toEqual([400, 'malformed_request'])
    expect(await post('"text"')).toEqual([400, 'malformed_request'])
    expect(await post('{"__proto__":{"x":1}}')).toEqual([400, 'malformed_request'])
    expect(await post(`{"name":"${'x'.repeat(201)}"}`)).toEqual([400, 'invalid_input'])
    expect(await post('{"name":"a","phone":"13800138000"}')).toEqual([400, 'invalid_input'])
    expect(await post('{}')).toEqual([400, 'invalid_input'])
  })

  test('in GraphQL never becomes a 5xx nor shows internals', async ({ bank, service }) => {
    const token = await service.tokenOf(bank.code('M1'))
    const post = async (payload: unknown, accept = 'application/graphql-response+json') => {
      const { statusCode, body } = await service.app.inject({
        method: 'POST',
        url: '/graphql',
        headers: { authorization: `Bearer ${token}`, accept, 'content-type': 'application/json' },
        payload: payload as object,
      })
      expect(body).not.toMatch(/select |postgres|node_modules/i)
      const { errors, code } = JSON.parse(body)
      return [statusCode, code ?? errors?.[0]?.extensions?.code]
    }
    expect(await post({ query: '{' })).toEqual([400, 'malformed_request'])
    expect(await post({ query: '{ nothing }' })).toEqual([400, 'malformed_request'])
    expect(await post({ query: '{ nothing }' }, 'application/json')).toEqual([200, 'malformed_request'])
    expect(await post({ query: '' })).toEqual([400, 'malformed_request'])
    expect(await post({ query: 'query ($id: ID!) { customer(customerId: $id) { id } }' })).toEqual([400, 'malformed_request'])
    expect(await post({ query: '{ customers(first: 1) { nodes { id } } }', variables: [] })).toEqual([400, 'malformed_request'])
    expect(await post({ query: '{ customers(first: -1) { nodes { id } } }' })).toEqual([200, 'invalid_input'])
    expect(await post({ query: '{ customers(first: 1) { nodes { movements(first: 1000) { nodes { id } } } } }' })).toEqual([
      200,
      'invalid_input',
    ])
    expect(await post({ query: '{ customers(first: 1) { nodes { movements(after: "x") { nodes { id } } } } }' })).toEqual([
      200,
      'invalid_cursor',
    ])
    expect(
      await post({ query: `{ customers { nodes ${'{ institution { parent '.repeat(8)}{ id }${' } }'.repeat(8)} } }` }),
    ).toEqual([400, 'query_too_complex'])
    expect(
      await post({
        query: `{ ${Array.from({ length: 60 }, (_, i) => `a${i}: customers(first: 1) { nodes { id } }`).join(' ')} }`,
      }),
    ).toEqual([400, 'query_too_complex'])
    expect(
      await post({
        query:
          '{ customers(first: 200) { nodes { movements(first: 200) { nodes { holding { balances(first: 200) { nodes { day } } } } } } } }',
      }),
    ).toEqual([400, 'query_too_complex'])
    expect(await post({ query: '{ ...A } fragment A on Query { ...A }' })).toEqual([400, 'query_too_complex'])
  })
})

describe('a GraphQL page', () => {
  test('of customers with all that hangs on them is one statement, however many they are', async ({ bank, service }) => {
    const query = `{ customers(first: 50) { nodes { id name institution { name parent { name } } relationshipManager { name } holdings { accountNumber product { name } parties { role } }
      a: aumByMonth(months: 3) { monthEnd amount { amount } } b: aumByMonth(months: 1) { monthEnd } movements(first: 3) { nodes { id holding { accountNumber } } } activity(first: 2) { edges { cursor node { month } } } } } }`
    await bank.graphql(bank.code('M1'), query)
    service.statements.length = 0
    const { data, errors } = await bank.graphql(bank.code('M1'), query)
    expect(errors).toBeUndefined()
    expect(data.customers.nodes).toHaveLength(3)
    expect(data.customers.nodes[0].a).toHaveLength(3)
    expect(data.customers.nodes[0].b).toHaveLength(1)
    expect(data.customers.nodes[0].a.map(({ monthEnd }: any) => monthEnd)).toEqual(['2026-10-31', '2026-09-30', '2026-08-31'])
    expect(service.statements).toHaveLength(1)
  })

  test('answers aliases, fragments, directives and several operations in one document', async ({ bank }) => {
    const document = `query One { customers(first: 1, orderBy: aum_asc) { nodes { ...Name x: name name: coreNumber ... on Customer { kind @skip(if: true) id @include(if: true) } } } }
      query Two { customers(first: 1, orderBy: aum_desc) { edges { node { ...Name } } } } fragment Name on Customer { full: name }`
    for (let round = 0; round < 3; round++) {
      const ask = async (operationName: string) =>
        (await bank.request(bank.code('M1'), 'POST', '/graphql', { query: document, operationName })).body
      expect((await ask('One')).data.customers.nodes[0]).toEqual({
        full: '王芳',
        x: '王芳',
        name: bank.code('1'),
        id: expect.any(String),
      })
      expect((await ask('Two')).data.customers.edges[0]).toEqual({ node: { full: '张敏' } })
    }
  })
})

describe('an idempotency key', () => {
  const body = { name: '新客户', kind: 'individual' }
  const create = (bank: TestBank, key: string, changes: object = {}, caller = bank.code('M1')) =>
    bank.request(
      caller,
      'POST',
      '/customers',
      { ...body, institutionCode: bank.code('O1'), ...changes },
      { 'idempotency-key': key },
    )

  test('answers the same again without doing it again', async ({ bank, service }) => {
    const [first, second] = [await create(bank, 'k1'), await create(bank, 'k1')]
    expect([first.status, second.status], JSON.stringify(first.body)).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    expect([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']]).toEqual([undefined, 'true'])
    const { rows } = await service.owner.query(
      `select count(*)::int as n from customer where name = '新客户' and institution_path = $1`,
      [first.body.institution.path],
    )
    expect(rows[0].n).toBe(1)
  })

  test('refuses another body, and belongs to its caller', async ({ bank }) => {
    await create(bank, 'k2')
    expect(await create(bank, 'k2', { name: '别人' })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
    expect(await create(bank, 'k2', { name: '别人' }, bank.code('T1'))).toMatchObject({ status: 201 })
  })

  test('brings what was answered before an upgrade, which adds fields to answers', async ({ bank, service }) => {
    const caller = { kind: 'staff', number: bank.code('M1') } as const
    const input = { kind: 'individual', name: '升级', institutionCode: bank.code('O1') }
    const call = (selection: Selection, refusedAs: symbol | null, key: string) =>
      execute(service.service, createCustomer, { caller, input, selection, refusedAs, idempotencyKey: key })
    const now = selectionOf(createCustomer)
    const before: Selection = new Map([...now].filter(([name]) => name !== 'country'))
    const first = await call(before, null, 'k-upgrade')
    const second = await call(now, null, 'k-upgrade')
    expect([first.replayed, second]).toEqual([false, { answer: first.answer, replayed: true }])
    // Over GraphQL it is the caller who asks for other fields: that is another request.
    await call(before, Symbol('refused'), 'k-fields')
    await expect(call(now, Symbol('refused'), 'k-fields')).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  })

  test('is forgotten after a day, and a refusal is not kept', async ({ bank, service }) => {
    expect(await create(bank, 'k3', { institutionCode: 'nowhere' })).toMatchObject({ status: 422 })
    const first = await create(bank, 'k3')
    expect(first.status).toBe(201)
    const before = service.clock.now
    service.clock.now = new Date(before.getTime() + 25 * 3_600_000)
    const again = await create(bank, 'k3')
    service.clock.now = before
    expect(again.status).toBe(201)
    expect(again.body.id).not.toBe(first.body.id)
  })

  test('of two requests at once lets one work and makes it once', async ({ bank, service }) => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => create(bank, 'k4', { name: '同时' })))
    const made = new Set(answers.filter(({ status }) => status === 201).map(({ body: { id } }) => id))
    expect(made.size).toBe(1)
    const others = answers.filter(({ status }) => status !== 201)
    expect(others.map(({ status, body: answer }) => [status, answer.code])).toEqual(
      others.map(() => [409, 'idempotency_in_progress']),
    )
    const { rows } = await service.owner.query(`select count(*)::int as n from customer where name = '同时'`)
    expect(rows[0].n).toBe(1)
  })

  test('keeps answers encrypted', async ({ bank, service }) => {
    await create(bank, 'k5', { name: '密文检查' })
    const { rows } = await service.owner.query(`select answer_encrypted from idempotency where key = 'k5'`)
    expect(rows[0].answer_encrypted.includes(Buffer.from('密文检查'))).toBe(false)
  })

  test.for(['', 'ä', 'x'.repeat(256)])('is refused when it is %j', async (key, { bank }) => {
    expect(await create(bank, key)).toMatchObject({ status: 400, body: { code: 'invalid_input' } })
  })
})

describe('a version', () => {
  test('must be named to correct a customer, and a stale one is refused on both sides', async ({ bank }) => {
    const id = await bank.customerId('1')
    const correct = (headers: Record<string, string>, name = '王芳芳') =>
      bank.request(bank.code('M1'), 'PATCH', `/customers/${id}`, { name }, headers)
    expect(await correct({})).toMatchObject({ status: 428, body: { code: 'precondition_required' } })
    expect(await correct({ 'if-match': 'W/"1"' })).toMatchObject({ status: 400, body: { code: 'invalid_input' } })
    const { body } = await bank.request(bank.code('M1'), 'GET', `/customers/${id}`)
    const done = await correct({ 'if-match': `"${body.version}"` })
    expect(done).toMatchObject({ status: 200, body: { name: '王芳芳', version: body.version + 1 } })
    expect(await correct({ 'if-match': `"${body.version}"` }, '别名')).toMatchObject({
      status: 412,
      body: { code: 'version_conflict' },
    })
    const stale = await bank.graphql(
      bank.code('M1'),
      'mutation ($input: CorrectCustomerInput!) { correctCustomer(input: $input) { name version } }',
      { input: { customerId: id, name: '别名', expectedVersion: body.version } },
    )
    expect(stale.errors?.[0]?.extensions.code).toBe('version_conflict')
    expect((await bank.request(bank.code('M1'), 'GET', `/customers/${id}`)).body.name).toBe('王芳芳')
  })

  test('lets one of two editors win', async ({ bank }) => {
    const id = await bank.customerId('2')
    const { body } = await bank.request(bank.code('M1'), 'GET', `/customers/${id}`)
    const answers = await Promise.all(
      ['甲', '乙', '丙'].map((name) =>
        bank.request(bank.code('M1'), 'PATCH', `/customers/${id}`, { name }, { 'if-match': `"${body.version}"` }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412])
  })

  test('is no licence to answer that nothing changed: assets move while the dossier stays', async ({ bank }) => {
    const url = `/customers/${await bank.customerId('1')}`
    const before = await bank.request(bank.code('M1'), 'GET', url)
    await bank.feed('balances', [{ holdingExternalId: bank.code('A1'), day: '2026-11-22', amount: '7.00' }])
    const after = await bank.request(bank.code('M1'), 'GET', url, undefined, { 'if-none-match': String(before.headers['etag']) })
    expect([after.status, after.headers['etag'], after.body.aum.amount]).toEqual([200, before.headers['etag'], '7.00'])
  })

  test('named where none is taken is refused and not ignored', async ({ bank }) => {
    const put = (headers: Record<string, string>) =>
      bank.request({ client: 'core' }, 'PUT', '/exchange-rates/GBP/2020-01-01', { source: 'core', rate: '9' }, headers)
    expect((await put({ 'if-match': '"7"' })).body.errors).toMatchObject([{ pointer: '/If-Match', rule: 'precondition' }])
    expect((await put({ 'if-none-match': '*' })).status).toBe(400)
    expect((await put({})).status).toBe(200)
  })

  test('makes an upsert create only or update only', async ({ bank }) => {
    const url = `/customers/by-external-id/core/${bank.code('77')}`
    const row = { kind: 'individual', name: '七七', institutionCode: bank.code('O1') }
    const put = (headers: Record<string, string>) => bank.request({ client: 'core' }, 'PUT', url, row, headers)
    expect((await put({ 'if-match': '*' })).status).toBe(404)
    expect((await put({ 'if-none-match': '*' })).status).toBe(200)
    expect(await put({ 'if-none-match': '*' })).toMatchObject({ status: 409, body: { code: 'already_exists' } })
    expect((await put({ 'if-match': '*' })).status).toBe(200)
    expect((await put({ 'if-match': '"99"' })).status).toBe(412)
  })
})

describe('a body', () => {
  test('may not say again what the path and the headers say', async ({ bank }) => {
    const put = (body: object) =>
      bank.request({ client: 'core' }, 'PUT', `/customers/by-external-id/core/${bank.code('1')}`, {
        kind: 'individual',
        name: '王芳',
        institutionCode: bank.code('O1'),
        ...body,
      })
    for (const field of ['source', 'externalId', 'mode', 'expectedVersion']) {
      expect((await put({ [field]: 'x' })).body.errors, field).toMatchObject([{ pointer: `/${field}`, rule: 'unknown_field' }])
    }
  })
})

describe('a request', () => {
  test('without a token, with a bad one or of a stranger is refused with 401', async ({ bank, service }) => {
    expect(await bank.request(null, 'GET', '/customers')).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
      headers: { 'www-authenticate': 'Bearer' },
    })
    expect((await service.app.inject({ url: '/v1/customers', headers: { authorization: 'Bearer nonsense' } })).statusCode).toBe(
      401,
    )
    expect(await bank.request('nobody', 'GET', '/customers')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
    expect((await bank.request(null, 'POST', '/graphql', { query: '{ customers { nodes { id } } }' })).status).toBe(401)
  })

  test('echoes its id and trace, and has one given where it brings none', async ({ bank }) => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const { headers } = await bank.request(bank.code('M1'), 'GET', '/customers?limit=1', undefined, {
      'x-request-id': 'abc-1',
      traceparent,
    })
    expect(headers).toMatchObject({ 'x-request-id': 'abc-1', traceparent })
    const own = await bank.request(bank.code('M1'), 'GET', '/customers?limit=1', undefined, { 'x-request-id': 'bad id\u00e4' })
    expect(own.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('tells how much the caller may still ask', async ({ bank }) => {
    const { headers } = await bank.request(bank.code('M1'), 'GET', '/customers?limit=1')
    expect(headers['ratelimit-policy']).toBe('"caller";q=100000;w=60')
    expect(headers['ratelimit']).toMatch(/^"caller";r=\d+;t=\d+$/)
  })

  test('to nowhere is a problem document', async ({ service }) => {
    const answer = await service.app.inject({ url: '/v1/nowhere' })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found'])
    const wrong = await service.app.inject({ method: 'DELETE', url: '/v1/customers' })
    expect([wrong.statusCode, wrong.json().code, wrong.headers['allow']]).toEqual([405, 'method_not_allowed', 'GET, POST'])
    expect((await service.app.inject({ method: 'GET', url: '/graphql' })).statusCode).toBe(405)
  })
})

describe('the service', () => {
  test('tells its health, its metrics, its contract and its problems without a token', async ({ bank, service }) => {
    await bank.request(bank.code('M1'), 'GET', '/customers?limit=1')
    const get = (url: string) => service.app.inject({ url })
    expect((await get('/health/live')).json()).toEqual({ status: 'ok' })
    expect((await get('/health/ready')).json()).toEqual({ status: 'ok' })
    expect((await get('/metrics')).body).toContain('guanxi_operation_seconds_count{operation="customers",outcome="ok"}')
    expect((await get('/problems/not_found')).json()).toMatchObject({ code: 'not_found', status: 404 })
    expect((await get('/problems/none')).statusCode).toBe(404)
  })

  test('serves its pages without anything from elsewhere', async ({ service }) => {
    for (const url of ['/docs/', '/graphiql/']) {
      const { statusCode, body } = await service.app.inject({ url })
      expect(statusCode).toBe(200)
      const assets = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset]) => asset!)
      expect(
        assets.filter((asset) => /^(https?:)?\/\//.test(asset)),
        url,
      ).toEqual([])
      const base = url === '/graphiql/' ? (/<base href="([^"]+)"/.exec(body)?.[1] ?? url) : url
      for (const asset of assets.filter((one) => /\.(js|css)$/.test(one))) {
        expect((await service.app.inject({ url: new URL(asset, `http://x${base}`).pathname })).statusCode, asset).toBe(200)
      }
    }
  })

  test('logs no personal data and no tokens, whatever comes', async ({ bank, service }) => {
    await bank.request(bank.code('M1'), 'POST', '/customers/search', { name: '王芳' })
    await bank.request(bank.code('M1'), 'POST', '/customers/search', { phone: '13812345678' })
    await bank.request(bank.code('M1'), 'GET', `/customers/by-external-id/core/${bank.code('1')}`)
    await bank.request(bank.code('M1'), 'POST', '/customers', {
      name: '日志检查',
      kind: 'individual',
      institutionCode: bank.code('O1'),
      phone: '13912345678',
    })
    const logged = service.logged.join('')
    expect(logged).toContain('"route":"/v1/customers/search"')
    for (const secret of ['王芳', '日志检查', '13812345678', '13912345678', 'Bearer ', `core/${bank.code('1')}`])
      expect(logged).not.toContain(secret)
  })
})
