import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { v7 } from 'uuid'
import { describe, expect } from 'vitest'
import { test, type TestBank, type TestService } from '../../setup/service.ts'

const csv = (bank: TestBank, entity: string, text: string | Buffer, headers: Record<string, string> = {}) =>
  bank.request({ client: 'core' }, 'POST', `/imports/${entity}`, text, { 'content-type': 'text/csv', ...headers })

const header = 'source,externalId,kind,name,institutionCode\n'
const row = (bank: TestBank, number: string | number, name = '导入') =>
  `core,${bank.code(`i${number}`)},individual,${name},${bank.code('O1')}\n`

const countOf = async ({ owner }: TestService, bank: TestBank) =>
  (await owner.query(`select count(*)::int as n from customer where core_number like $1`, [`${bank.code('i')}%`])).rows[0].n

/** The service on a real socket, for streams that break. */
async function listening(service: TestService): Promise<number> {
  if (!service.app.server.listening) await service.app.listen({ port: 0, host: '127.0.0.1' })
  return (service.app.server.address() as AddressInfo).port
}

describe('an import of CSV', () => {
  test('keeps good rows, reports bad ones and gives them back as they were sent', async ({ bank, service }) => {
    const text = `\uFEFF${header.replaceAll('\n', '\r\n')}${row(bank, 1, '"甲, ""一"""')}core,${bank.code('i2')},robot,乙,${bank.code('O1')}\ncore,${bank.code('i3')},individual,丙,nowhere\nragged\n${row(bank, 4)}`
    const { status, body } = await csv(bank, 'customers', text)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toMatchObject({
      entity: 'customers',
      format: 'csv',
      status: 'completed',
      rowsRead: 5,
      rowsCreated: 2,
      rowsRejected: 3,
      committedLine: 6,
    })
    const { rows } = await service.owner.query('select name from customer where core_number = $1', [bank.code('i1')])
    expect(rows).toEqual([{ name: '甲, "一"' }])
    const rejects = await bank.request({ client: 'core' }, 'GET', `/imports/${body.id}/rejects`)
    expect(rejects.headers['content-type']).toContain('text/csv')
    const lines = String(rejects.body).trim().split(/\r?\n/)
    expect(lines[0]).toBe('source,externalId,kind,name,institutionCode,line,field,code,message')
    expect(lines[1]).toContain(`core,${bank.code('i2')},robot,乙,${bank.code('O1')},3,kind,invalid_input,`)
    expect(lines[2]).toContain(`nowhere,4,institutionCode,unknown_reference,`)
    expect(lines[3]).toContain('5,,ragged_row,')
  })

  test('changes nothing when it is sent again', async ({ bank, service }) => {
    const text = header + row(bank, 1) + row(bank, 2)
    await csv(bank, 'customers', text)
    const before = (
      await service.owner.query(`select * from customer where core_number like $1 order by id`, [`${bank.code('i')}%`])
    ).rows
    const { body } = await csv(bank, 'customers', text)
    expect(body).toMatchObject({ rowsRead: 2, rowsUnchanged: 2, rowsCreated: 0, rowsUpdated: 0 })
    expect(
      (await service.owner.query(`select * from customer where core_number like $1 order by id`, [`${bank.code('i')}%`])).rows,
    ).toEqual(before)
  })

  test('takes gzip, and no bomb of it', async ({ bank }) => {
    expect((await csv(bank, 'customers', gzipSync(header + row(bank, 1)), { 'content-encoding': 'gzip' })).body).toMatchObject({
      rowsCreated: 1,
    })
    const bomb = gzipSync(Buffer.alloc(40_000_000, 'x'))
    expect(await csv(bank, 'customers', bomb, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large' },
    })
    expect(
      await csv(bank, 'customers', gzipSync(header + row(bank, 2).repeat(3000)).subarray(0, 60), { 'content-encoding': 'gzip' }),
    ).toMatchObject({ status: 400, body: { code: 'malformed_request' } })
  })

  test('names columns that do not exist, and takes a header alone', async ({ bank }) => {
    const { status, body } = await csv(bank, 'customers', `source,externalId,shoeSize,hat\n`)
    expect([status, body.code, body.errors.map(({ pointer }: any) => pointer)]).toEqual([
      400,
      'unknown_column',
      ['/shoeSize', '/hat'],
    ])
    expect((await csv(bank, 'customers', header)).body).toMatchObject({ status: 'completed', rowsRead: 0 })
    expect(await csv(bank, 'customers', '')).toMatchObject({ status: 400, body: { code: 'malformed_request' } })
  })

  test('refuses what is no import: wrong type, unknown entity, no permission', async ({ bank }) => {
    expect(await csv(bank, 'customers', '{}', { 'content-type': 'application/json' })).toMatchObject({
      status: 415,
      body: { code: 'unsupported_media_type' },
    })
    expect(await csv(bank, 'ghosts', header)).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(
      await bank.request(bank.code('M1'), 'POST', '/imports/customers', header, { 'content-type': 'text/csv' }),
    ).toMatchObject({ status: 403, body: { code: 'not_permitted' } })
    expect(await bank.request(null, 'POST', '/imports/customers', header, { 'content-type': 'text/csv' })).toMatchObject({
      status: 401,
    })
    expect(await csv(bank, 'customers', header, { 'import-id': 'mine' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ pointer: '/importId' }] },
    })
  })

  test('refuses what it would pass over, and applies nothing of it', async ({ bank, service }) => {
    const text = header + row(bank, 1)
    const type = { 'content-type': 'text/csv' }
    const parameter = await bank.request({ client: 'core' }, 'POST', '/imports/customers?foo=1', text, type)
    expect([parameter.status, parameter.body.errors]).toEqual([
      400,
      [expect.objectContaining({ pointer: '/foo', rule: 'unknown_field' })],
    ])
    for (const [name, value] of [
      ['If-Match', '"1"'],
      ['If-None-Match', '*'],
      ['Idempotency-Key', 'k1'],
    ] as const) {
      const sent = await csv(bank, 'customers', text, { [name.toLowerCase()]: value })
      expect([sent.status, sent.body.errors], name).toEqual([400, [expect.objectContaining({ pointer: `/${name}` })]])
    }
    expect(await countOf(service, bank)).toBe(0)
    const { body } = await csv(bank, 'customers', text)
    const rejects = (query: string, headers: Record<string, string>) =>
      bank.request({ client: 'core' }, 'GET', `/imports/${body.id}/rejects${query}`, undefined, headers)
    expect((await rejects('?foo=1', {})).body.errors).toEqual([expect.objectContaining({ pointer: '/foo' })])
    expect((await rejects('', { 'if-match': '*' })).status).toBe(400)
    expect((await rejects('', {})).status).toBe(200)
  })

  test('names the import in its answers once there is one', async ({ bank }) => {
    const importId = v7()
    const named = async (entity: string, text: string, headers: Record<string, string>) => {
      const answer = await csv(bank, entity, text, headers)
      return [answer.status, answer.headers['import-id']]
    }
    expect(await named('ghosts', header, { 'import-id': importId })).toEqual([404, undefined])
    expect(await named('customers', '{}', { 'content-type': 'application/json' })).toEqual([415, undefined])
    expect(await named('customers', header, { 'import-id': 'mine' })).toEqual([400, undefined])
    expect((await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)).status).toBe(404)
    expect(await named('customers', `${header}"`, { 'import-id': importId })).toEqual([400, importId])
    expect(await named('customers', header, { 'import-id': importId })).toEqual([200, importId])
    expect(await named('customers', header, { 'import-id': importId }), 'completed before').toEqual([200, importId])
  })

  test('bounds what it keeps of bad rows and counts them all', async ({ bank, service }) => {
    const { body } = await csv(bank, 'customers', header + 'bad\n'.repeat(25_000) + row(bank, 1))
    expect(body).toMatchObject({ rowsRead: 25_001, rowsRejected: 25_000, rowsCreated: 1 })
    const { rows } = await service.owner.query('select count(*)::int as n from import_reject where import_id = $1', [body.id])
    expect(rows[0].n).toBe(10_000)
    expect(JSON.stringify(body).length).toBeLessThan(1_000)
  })

  test('keeps rejected rows encrypted', async ({ bank, service }) => {
    const { body } = await csv(bank, 'customers', `${header}core,x,individual,泄密检查,nowhere\n`)
    const { rows } = await service.owner.query('select raw_encrypted, message from import_reject where import_id = $1', [body.id])
    expect(rows[0].raw_encrypted.includes(Buffer.from('泄密检查'))).toBe(false)
  })

  test('survives a field of 10 MB and control characters, row by row', async ({ bank }) => {
    const text = `${header}core,${bank.code('i1')},individual,${'x'.repeat(10_000_000)},${bank.code('O1')}\ncore,${bank.code('i2')},individual,a\0b,${bank.code('O1')}\n${row(bank, 3)}`
    expect((await csv(bank, 'customers', text)).body).toMatchObject({ rowsCreated: 1, rowsRejected: 2 })
  })
})

describe('an import of NDJSON', () => {
  test('reports what is no object, and fields that do not exist by name', async ({ bank }) => {
    const good = { source: 'core', externalId: bank.code('i1'), kind: 'individual', name: '甲', institutionCode: bank.code('O1') }
    const text = [
      JSON.stringify(good),
      '{"source":',
      '[]',
      JSON.stringify({ ...good, externalId: bank.code('i2'), hat: 1 }),
      JSON.stringify({ ...good, externalId: bank.code('i3'), name: 5 }),
    ].join('\n')
    const { body } = await csv(bank, 'customers', text, { 'content-type': 'application/x-ndjson' })
    expect(body).toMatchObject({ rowsRead: 5, rowsCreated: 1, rowsRejected: 4 })
    const rejects = String((await bank.request({ client: 'core' }, 'GET', `/imports/${body.id}/rejects`)).body)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rejects.map(({ _field, _code }) => [_field ?? null, _code])).toEqual([
      [null, 'invalid_json'],
      [null, 'not_an_object'],
      ['hat', 'invalid_input'],
      ['name', 'invalid_input'],
    ])
  })
})

describe('an import that is watched', () => {
  test('shows its progress to another connection, is cancelled by it, and keeps what was committed', async ({
    bank,
    service,
  }) => {
    const port = await listening(service)
    const importId = v7()
    const sending = httpRequest({
      port,
      method: 'POST',
      path: '/v1/imports/customers',
      headers: {
        authorization: `Bearer ${await service.tokenOf({ client: 'core' })}`,
        'content-type': 'text/csv',
        'import-id': importId,
      },
    })
    const answered = once(sending, 'response')
    sending.write(header)
    for (let number = 0; number < 6_000; number++) sending.write(row(bank, number))
    await expect
      .poll(async () => (await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)).body.rowsCreated)
      .toBeGreaterThan(1_000)
    const watched = await bank.graphql(
      { client: 'core' },
      'query ($id: ID!) { importRun(importId: $id) { status rowsRead committedLine entity } importRuns(first: 1) { nodes { id } } }',
      { id: importId },
    )
    expect(watched.data).toMatchObject({
      importRun: { status: 'running', entity: 'customers' },
      importRuns: { nodes: [{ id: importId }] },
    })
    expect((await csv(bank, 'customers', header, { 'import-id': importId })).body.code).toBe('import_in_progress')
    expect((await bank.request({ client: 'core' }, 'POST', `/imports/${importId}/cancellation`)).status).toBe(200)
    sending.end(row(bank, 6_000))
    const [response] = await answered
    response.resume()
    const { body } = await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)
    expect(body).toMatchObject({ status: 'cancelled', rowsCreated: await countOf(service, bank) })
    expect((await bank.request({ client: 'core' }, 'POST', `/imports/${importId}/cancellation`)).body.code).toBe('already_closed')
  })

  test('applies what a slow sender has sent while it pauses', async ({ bank, service }) => {
    const port = await listening(service)
    const importId = v7()
    const authorization = `Bearer ${await service.tokenOf({ client: 'core' })}`
    const sending = httpRequest({
      port,
      method: 'POST',
      path: '/v1/imports/customers',
      headers: { authorization, 'content-type': 'text/csv', 'import-id': importId },
    })
    const answered = once(sending, 'response')
    sending.write(header + row(bank, 1) + row(bank, 2))
    const rowsCreated = async () => (await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)).body.rowsCreated
    await expect.poll(rowsCreated).toBe(2)
    sending.end(row(bank, 3))
    const [response] = await answered
    response.resume()
    expect([response.headers['import-id'], await rowsCreated()]).toEqual([importId, 3])
  })

  test('keeps the rows before the place at which its body is refused', async ({ bank, service }) => {
    const text = `${header}${row(bank, 1)}${row(bank, 2)}core,"never closed`
    const { status, headers, body } = await csv(bank, 'customers', text)
    expect([status, body.code]).toEqual([400, 'malformed_request'])
    expect(await countOf(service, bank)).toBe(2)
    const stands = await bank.request({ client: 'core' }, 'GET', `/imports/${String(headers['import-id'])}`)
    expect(stands.body).toMatchObject({ status: 'failed', rowsCreated: 2, failureCode: 'malformed_request' })
  })

  test('belongs to its institution', async ({ bank }) => {
    const { body } = await csv(bank, 'customers', header)
    expect((await bank.request({ client: `feed-${bank.code('B2')}` }, 'GET', `/imports/${body.id}`)).status).toBe(404)
    expect((await bank.request({ client: `feed-${bank.code('B2')}` }, 'GET', `/imports/${body.id}/rejects`)).status).toBe(404)
    expect(
      (
        await bank.request({ client: `feed-${bank.code('B2')}` }, 'POST', '/imports/customers', header, {
          'content-type': 'text/csv',
          'import-id': body.id,
        })
      ).body.code,
    ).toBe('conflict')
  })
})

describe('an import whose sender vanishes', () => {
  async function breakOff(bank: TestBank, service: TestService, importId: string, rows: number): Promise<void> {
    const port = await listening(service)
    const sending = httpRequest({
      port,
      method: 'POST',
      path: '/v1/imports/customers',
      headers: {
        authorization: `Bearer ${await service.tokenOf({ client: 'core' })}`,
        'content-type': 'text/csv',
        'import-id': importId,
      },
    })
    sending.on('error', () => {})
    sending.write(header)
    for (let number = 0; number < rows; number++) sending.write(row(bank, number))
    await expect
      .poll(async () => (await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)).body.rowsCreated ?? 0)
      .toBeGreaterThan(1_000)
    sending.destroy()
    await expect
      .poll(async () => (await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)).body.status)
      .toBe('interrupted')
  }

  test('resumes under its id with the whole stream and ends as if nothing had happened', async ({ bank, service }) => {
    const importId = v7()
    await breakOff(bank, service, importId, 5_500)
    const all = header + Array.from({ length: 7_000 }, (_, number) => row(bank, number)).join('')
    const { body } = await csv(bank, 'customers', all, { 'import-id': importId })
    expect(body).toMatchObject({ id: importId, status: 'completed', rowsRead: 7_000, rowsCreated: 7_000, rowsUnchanged: 0 })
    expect(await countOf(service, bank)).toBe(7_000)
    expect((await csv(bank, 'customers', all, { 'import-id': importId })).body).toMatchObject({
      status: 'completed',
      rowsRead: 7_000,
    })
  })

  test('resumes with what is left, told by its first line', async ({ bank, service }) => {
    const importId = v7()
    await breakOff(bank, service, importId, 5_500)
    const { committedLine } = (await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)).body
    // Line 2 holds customer 0: the stream begins with the row that was committed last.
    const rest =
      header + Array.from({ length: 6_000 - (committedLine - 2) }, (_, index) => row(bank, committedLine - 2 + index)).join('')
    const skipping = await csv(bank, 'customers', rest, { 'import-id': importId, 'import-first-line': String(committedLine + 1) })
    expect(skipping).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ pointer: '/firstLine', rule: 'gap' }] },
    })
    const { body } = await csv(bank, 'customers', rest, { 'import-id': importId, 'import-first-line': String(committedLine) })
    expect(body).toMatchObject({ status: 'completed', rowsRead: 6_000, rowsCreated: 6_000, committedLine: 6_001 })
    expect(await countOf(service, bank)).toBe(6_000)
  })

  test('can be sent again from the start under a new id', async ({ bank, service }) => {
    await breakOff(bank, service, v7(), 5_200)
    const all = header + Array.from({ length: 5_200 }, (_, number) => row(bank, number)).join('')
    const { body } = await csv(bank, 'customers', all)
    expect(body.rowsCreated + body.rowsUnchanged).toBe(5_200)
    expect(await countOf(service, bank)).toBe(5_200)
  })
})

describe('two imports of the same entity at once', () => {
  test('end in one state, each row made once', async ({ bank, service }) => {
    const numbers = Array.from({ length: 3_000 }, (_, number) => number)
    const [one, other] = await Promise.all([
      csv(bank, 'customers', header + numbers.map((number) => row(bank, number)).join('')),
      csv(
        bank,
        'customers',
        header +
          numbers
            .toReversed()
            .map((number) => row(bank, number))
            .join(''),
      ),
    ])
    expect([one.body.status, other.body.status]).toEqual(['completed', 'completed'])
    expect(one.body.rowsCreated + other.body.rowsCreated).toBe(3_000)
    expect([one.body.rowsRejected, other.body.rowsRejected]).toEqual([0, 0])
    expect(await countOf(service, bank)).toBe(3_000)
  })
})

describe('an import during which the database is lost', () => {
  test('answers 503, is interrupted, and completes when it is sent again', async ({ bank, service }) => {
    const importId = v7()
    const all = header + Array.from({ length: 20_000 }, (_, number) => row(bank, number)).join('')
    const first = csv(bank, 'customers', all, { 'import-id': importId })
    const { owner } = service
    const created = async () =>
      Number((await owner.query('select rows_created from import_run where id = $1', [importId])).rows[0]?.rows_created ?? 0)
    await expect.poll(created).toBeGreaterThan(0)
    await service.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = current_setting('app.none', true) or (datname = current_database() and pid <> pg_backend_pid())`,
    )
    const { status, body } = await first
    if (status !== 200) expect([status, body.code]).toEqual([503, 'unavailable'])
    await expect
      .poll(async () => (await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)).body.status, {
        interval: 500,
      })
      .toMatch(/interrupted|completed/)
    const again = await csv(bank, 'customers', all, { 'import-id': importId })
    expect(again.body).toMatchObject({ status: 'completed', rowsRead: 20_000, rowsCreated: 20_000 })
    expect(await countOf(service, bank)).toBe(20_000)
  })
})

describe('a whole feed', () => {
  test('brings every entity in, and every batch leaves an audit entry and an event', async ({ bank, service }) => {
    const c = (name: string) => bank.code(name)
    await bank.feed('exchangeRates', [{ currency: 'USD', day: '2026-11-01', rate: '7.1' }])
    await bank.feed('holdings', [
      {
        externalId: c('U1'),
        customerExternalId: c('1'),
        productCode: c('FND'),
        currency: 'USD',
        balance: '100.00',
        balanceOn: '2026-11-20',
      },
    ])
    await bank.feed('holdingParties', [{ holdingExternalId: c('A1'), customerExternalId: c('2'), role: 'joint_owner' }])
    await bank.feed('balances', [
      { holdingExternalId: c('A1'), day: '2026-10-31', amount: '800.00' },
      { holdingExternalId: c('A1'), day: '2026-11-21', amount: '1500.00' },
    ])
    await bank.feed('activity', [
      {
        customerExternalId: c('1'),
        month: '2026-10',
        channel: 'mobile',
        type: 'transfer',
        purpose: 'salary',
        direction: 'in',
        currency: 'CNY',
        count: 1,
        amount: '9000.00',
        counterparty: '6222000011112222',
      },
    ])
    await bank.feed('movements', [
      {
        externalId: c('m1'),
        holdingExternalId: c('A1'),
        direction: 'in',
        amount: '60000.00',
        bookedOn: '2026-11-02',
        counterparty: '6222000011112222',
      },
    ])
    const { body } = await bank.request(c('M1'), 'GET', `/customers/${await bank.customerId('1')}`)
    expect(body).toMatchObject({ aum: { amount: '2210.00', currency: 'CNY' }, unconvertedCurrencies: [] })
    // Accounts opened years ago, of which the feed tells from a later day on.
    const whole = { unconvertedCurrencies: [], rates: [] }
    expect(body.aumByMonth.slice(0, 2)).toEqual([
      { monthEnd: '2026-10-31', amount: { amount: '800.00', currency: 'CNY' }, unknownBalances: 1, ...whole },
      { monthEnd: '2026-09-30', amount: { amount: '0.00', currency: 'CNY' }, unknownBalances: 2, ...whole },
    ])
    expect(body.assetRates).toEqual([{ currency: 'USD', rate: expect.stringMatching(/^7\./), day: expect.any(String) }])
    expect(body.holdings.find(({ accountNumber }: any) => accountNumber === c('A1'))).toMatchObject({
      balance: { amount: '1500.00' },
      balanceOn: '2026-11-21',
      parties: [{ role: 'joint_owner' }],
    })
    const party = await bank.graphql(
      c('M1'),
      'query ($id: ID!) { customer(customerId: $id) { aum { amount } sharedHoldings { role holding { accountNumber customer { name } } } } }',
      { id: await bank.customerId('2') },
    )
    expect(party.data.customer).toEqual({
      aum: { amount: '2000.00' },
      sharedHoldings: [{ role: 'joint_owner', holding: { accountNumber: c('A1'), customer: { name: '王芳' } } }],
    })
    const flows = await bank.graphql(
      c('M1'),
      'query ($id: ID!) { customer(customerId: $id) { movements { nodes { amount { amount } counterpartyMasked } } activity { nodes { month count amount { amount } } } } }',
      { id: await bank.customerId('1') },
    )
    expect(flows.data.customer.movements.nodes).toEqual([
      { amount: { amount: '60000.00' }, counterpartyMasked: expect.not.stringContaining('6222000011112222') },
    ])
    expect(flows.data.customer.activity.nodes).toEqual([{ month: '2026-10-01', count: 1, amount: { amount: '9000.00' } }])
    const { rows } = await service.owner.query(
      `select count(*)::int as entries, (select count(*)::int from outbox_event where type = 'import.batch_applied' and payload ->> 'entity' = 'movements') as events from audit_entry where operation = 'importRows' and details ->> 'entity' = 'movements'`,
    )
    expect(rows[0].entries).toBeGreaterThanOrEqual(1)
    expect(rows[0].events).toBeGreaterThanOrEqual(1)
  })
})
