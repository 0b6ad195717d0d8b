import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, onTestFinished } from 'vitest'
import { openDatabase } from '../../../src/db/platform/database.ts'
import { jobMessage, serializers } from '../../../src/start/log.ts'
import { headOffice, startService, test, type TestService } from '../../setup/service.ts'

async function portOf({ app }: TestService): Promise<number> {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** The head and the body of what the service answers to bytes. */
async function answerTo(service: TestService, bytes: string): Promise<{ readonly head: string; readonly body: any }> {
  const socket = connect(await portOf(service), '127.0.0.1')
  socket.setEncoding('utf8')
  let text = ''
  socket.on('data', (part) => (text += part))
  socket.on('error', () => {})
  socket.write(bytes)
  await once(socket, 'close')
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return { head, body: JSON.parse(body) }
}

const problem = {
  type: '/problems/malformed_request',
  title: 'Malformed request',
  status: 400,
  code: 'malformed_request',
  detail: expect.any(String),
  traceId: expect.any(String),
}

describe('what the framework refuses by itself', () => {
  test('is a problem document that shows nothing of the address and carries the request id', async ({ service }) => {
    for (const url of [
      '/v1/customers/by-external-id/core/%FFgeheim',
      `/v1/customers/by-external-id/core/${'geheim'.repeat(60)}`,
    ]) {
      const answer = await service.app.inject({ url, headers: { 'x-request-id': 'mine-1' } })
      expect([answer.statusCode, answer.headers['content-type'], answer.headers['x-request-id']]).toEqual([
        400,
        'application/problem+json; charset=utf-8',
        'mine-1',
      ])
      expect(answer.json()).toEqual({ ...problem, traceId: 'mine-1' })
      expect(answer.body + service.logged.join('')).not.toContain('geheim')
    }
  })

  test('before there is a request is one too: a broken header, and headers too large', async ({ service }) => {
    const broken = await answerTo(service, 'GET /v1/customers HTTP/1.1\r\nHost: x\r\nBro ken: geheim\r\n\r\n')
    const large = await answerTo(service, `GET /v1/customers HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(40_000)}\r\n\r\n`)
    for (const { head, body } of [broken, large]) {
      expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
      expect(head).toContain('Content-Type: application/problem+json; charset=utf-8')
      expect(head).toContain(`X-Request-Id: ${body.traceId}`)
      expect(body).toEqual(problem)
    }
    expect(JSON.stringify(broken)).not.toContain('geheim')
    expect(large.body.detail).toContain('header fields')
  })
})

describe('a JSON body', () => {
  test('is refused where it says that it has another encoding than UTF-8', async ({ bank }) => {
    const search = (type: string) =>
      bank.request(bank.code('M1'), 'POST', '/customers/search', JSON.stringify({ name: '王芳' }), { 'content-type': type })
    for (const type of ['application/json; charset=utf-16', 'application/json;charset="GBK"', 'application/json; charset=latin1'])
      expect(await search(type), type).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
    for (const type of ['application/json', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"'])
      expect((await search(type)).status, type).toBe(200)
  })
})

describe('what an address would pass over', () => {
  test('is refused: preconditions and idempotency keys of reads, query parameters of changes', async ({ bank }) => {
    const manager = bank.code('M1')
    const named = `/customers/by-external-id/core/${bank.code('1')}`
    const { body: known } = await bank.request(manager, 'GET', named)
    const refused = async (...request: Parameters<typeof bank.request> extends [any, ...infer R] ? R : never) => {
      const { status, body } = await bank.request(manager, ...request)
      return [status, body.errors?.[0]?.pointer]
    }
    expect(await refused('GET', named, undefined, { 'if-match': '"1"' })).toEqual([400, '/If-Match'])
    expect(await refused('GET', '/customers', undefined, { 'idempotency-key': 'k' })).toEqual([400, '/Idempotency-Key'])
    expect(await refused('POST', '/customers/search', { name: '王' }, { 'if-match': '"1"' })).toEqual([400, '/If-Match'])
    expect(await refused('POST', '/customers/search?limit=1', { name: '王' })).toEqual([400, '/limit'])
    const correct = `/customers/${known.id}`
    const version = { 'if-match': `"${known.version}"` }
    expect(await refused('PATCH', `${correct}?dryRun=true`, { name: '王方' }, version)).toEqual([400, '/dryRun'])
    expect(await refused('PATCH', correct, { name: '王方' }, { ...version, 'if-none-match': '*' })).toEqual([
      400,
      '/If-None-Match',
    ])
    expect((await bank.request(manager, 'GET', named)).body).toEqual(known)
    // What a cache adds by itself is no reason to refuse.
    expect((await bank.request(manager, 'GET', named, undefined, { 'if-none-match': '"1"' })).status).toBe(200)
  })

  test('counts If-None-Match with a version among it where a thing is made', async ({ bank }) => {
    const url = `/institutions/by-external-id/core/${bank.code('N1')}`
    const row = { name: '三分行', kind: 'branch', parentCode: 'HO' }
    const { status, body } = await bank.request({ client: 'core' }, 'PUT', url, row, { 'if-none-match': '"3"' })
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, '/If-None-Match'])
  })
})

describe('a method', () => {
  test('HEAD answers as GET does, without a body, and OPTIONS names what the address takes', async ({ bank }) => {
    const head = await bank.request(bank.code('M1'), 'HEAD', '/customers?limit=1')
    expect([head.status, head.body, head.headers['content-type']]).toEqual([200, '', 'application/json; charset=utf-8'])
    expect((await bank.request(null, 'HEAD', '/customers?limit=1')).status).toBe(401)
    const { body } = await bank.import('products', [])
    const rejects = await bank.request({ client: 'core' }, 'HEAD', `/imports/${body.id}/rejects`)
    expect([rejects.status, rejects.body]).toEqual([200, ''])
    const options = await bank.request(null, 'OPTIONS', '/customers')
    expect([options.status, options.body.code]).toEqual([405, 'method_not_allowed'])
    expect(String(options.headers['allow']).split(', ')).toEqual(expect.arrayContaining(['GET', 'POST']))
  })
})

describe('the log', () => {
  test('tells of a database error nobody expected which it was and where, and nothing of the row', async ({ bank, service }) => {
    await service.owner.query(`alter table customer add constraint customer_no_omen check (name <> '泄密检查')`)
    onTestFinished(async () => void (await service.owner.query('alter table customer drop constraint customer_no_omen')))
    const { status, body } = await bank.import('customers', [
      { externalId: bank.code('x'), kind: 'individual', name: '泄密检查', institutionCode: bank.code('O1') },
    ])
    expect([status, body.code]).toEqual([500, 'internal'])
    const line = service.logged.find((one) => one.includes('request failed'))
    expect(JSON.parse(line!).err).toMatchObject({
      code: '23514',
      constraint: 'customer_no_omen',
      stack: expect.stringMatching(/^\s+at .*\.(ts|js):\d+/),
    })
    const logged = service.logged.join('')
    for (const secret of ['泄密检查', 'Failing row', bank.code('x')]) expect(logged).not.toContain(secret)
  })

  test('keeps the message of our own errors, unless they repeat a cause that quotes values', () => {
    const database = Object.assign(new Error('invalid input syntax for type uuid: "王芳"'), {
      name: 'error',
      severity: 'ERROR',
      code: '22P02',
      where: 'unnamed portal parameter $1 = 王芳',
    })
    expect(serializers.err(new TypeError('x is not a function'))).toMatchObject({
      type: 'TypeError',
      message: 'x is not a function',
    })
    const told = [
      database,
      new Error('It failed.', { cause: database }),
      new Error(`It failed: ${database.message}`, { cause: database }),
      new Error('It failed.', { cause: new Error('It failed.', { cause: database }) }),
      Object.assign(new Error('Failed query: insert … params: 王芳'), { name: 'DrizzleQueryError' }),
      (() => {
        try {
          return JSON.parse('王芳')
        } catch (error) {
          return error
        }
      })(),
    ].map((error) => serializers.err(error))
    expect(JSON.stringify(told)).not.toContain('王芳')
    expect(told[1]).toMatchObject({ type: 'Error', message: 'It failed.', cause: { code: '22P02' } })
    expect(JSON.stringify(serializers.err('王芳'))).not.toContain('王芳')
  })

  test('tells which job failed and where, and nothing of what its error quotes', () => {
    const said = `Failed task 7 (sealAudit, 1.00ms, attempt 1 of 25) with error 'invalid input: "王芳\n at 李伟"':\n  error: "王芳"\n      at seal (file:///src/audit.ts:3:9)`
    expect(jobMessage(said)).toBe('Failed task 7 (sealAudit, 1.00ms, attempt 1 of 25)\n      at seal (file:///src/audit.ts:3:9)')
    expect(jobMessage('Worker started')).toBe('Worker started')
  })
})

describe('the limit on requests', () => {
  async function limited(rateLimit: { max: number; maxRefused?: number }): Promise<TestService> {
    const service = await startService({}, { rateLimit: { windowSeconds: 60, ...rateLimit } })
    onTestFinished(() => service.stop())
    await headOffice(service)
    return service
  }
  const ask = (service: TestService, token: string | undefined, remoteAddress = '192.0.2.1') =>
    service.app.inject({
      url: '/v1/institutions?limit=1',
      remoteAddress,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    })

  test('answers 429 to a caller who asks too often, says when to come back, and lets others ask', async () => {
    const service = await limited({ max: 2 })
    const token = await service.tokenOf('ADMIN')
    const answers = [await ask(service, token), await ask(service, token), await ask(service, token)]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429])
    const { headers, body } = answers[2]!
    expect(JSON.parse(body)).toMatchObject({ code: 'rate_limited', status: 429, type: '/problems/rate_limited' })
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'ratelimit-policy': '"caller";q=2;w=60',
      ratelimit: expect.stringMatching(/^"caller";r=0;t=\d+$/),
    })
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect((await ask(service, await service.tokenOf({ client: 'core' }))).statusCode).toBe(200)
  })

  test('answers 429 to an address whose tokens are refused too often, whatever they are, and to no other', async () => {
    const service = await limited({ max: 100, maxRefused: 3 })
    const answers = []
    for (const token of ['a.b.c', undefined, 'a.b.d', 'a.b.e', undefined]) answers.push(await ask(service, token))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 429, 429])
    expect(answers[3]!.json().code).toBe('rate_limited')
    expect(answers[3]!.headers).toMatchObject({
      'ratelimit-policy': '"refused";q=3;w=60',
      ratelimit: expect.stringMatching(/^"refused";r=0;t=\d+$/),
      'retry-after': expect.stringMatching(/^\d+$/),
    })
    expect((await ask(service, 'a.b.c', '192.0.2.2')).statusCode).toBe(401)
    expect((await ask(service, await service.tokenOf('ADMIN'))).statusCode).toBe(200)
  })
})

describe('a connection of the fast lane that is lost', () => {
  test('leaves its successor in place when it ends late', async ({ service }) => {
    const url = new URL(service.serviceUrl)
    let replaced: Promise<unknown> | undefined
    const scope = { prefixes: ['/'], portfolio: [], caller: '' }
    const pid = () => database.read<{ pid: number }>(scope, { text: 'select pg_backend_pid() as pid', values: [] })
    const database = openDatabase(
      { url: url.href, poolSize: 1, fastLaneConnections: 1, statementTimeoutMs: 300_000, fastLaneTimeoutMs: 300_000 },
      // Asks for a new connection between the old one's error and its end.
      { warn: () => queueMicrotask(() => void (replaced ??= pid())) },
    )
    onTestFinished(() => database.close())
    const [first] = await pid()
    await service.owner.query('select pg_terminate_backend($1)', [first!.pid])
    await expect.poll(() => replaced).toBeDefined()
    const second = await replaced
    expect(second).not.toEqual([first])
    expect(await pid()).toEqual(second)
  })
})
