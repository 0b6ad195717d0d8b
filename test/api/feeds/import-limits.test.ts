import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { v7 } from 'uuid'
import { describe, expect, onTestFinished } from 'vitest'
import { headOffice, startService, test, TestBank, type TestService } from '../../setup/service.ts'

const header = 'source,externalId,kind,name,institutionCode\n'
const row = (bank: TestBank, number: string | number, name = '导入') =>
  `core,${bank.code(`i${number}`)},individual,${name},${bank.code('O1')}\n`

interface Sending {
  readonly importId: string
  readonly request: ClientRequest
  readonly answered: Promise<{ readonly status: number; readonly body: any }>
}

/** An import over a real socket. What it sends is written by the test. */
async function send({ app, tokenOf }: TestService, headers: Record<string, string> = {}): Promise<Sending> {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  const importId = v7()
  const request = httpRequest({
    port: (app.server.address() as AddressInfo).port,
    method: 'POST',
    path: '/v1/imports/customers',
    headers: {
      authorization: `Bearer ${await tokenOf({ client: 'core' })}`,
      'content-type': 'text/csv',
      'import-id': importId,
      ...headers,
    },
  })
  const answered = once(request, 'response').then(async ([response]: IncomingMessage[]) => ({
    status: response!.statusCode!,
    body: JSON.parse(await textOf(response!)),
  }))
  answered.catch(() => {})
  return { importId, request, answered }
}

/** Holds a customer, so that the batch that names them waits, until it is let go. */
async function hold(bank: TestBank, number: string): Promise<() => Promise<void>> {
  const { host, port, database, user, password } = bank.service.owner
  const client = new pg.Client({ host, port, database, user, password })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query('begin')
  await client.query('select from customer where core_number = $1 for update', [bank.code(number)])
  return async () => void (await client.query('rollback'))
}

const waitingFor = async ({ owner }: TestService): Promise<number> =>
  (
    await owner.query(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'guanxi' and wait_event_type = 'Lock'`,
    )
  ).rows[0].n

const standing = async (bank: TestBank, importId: string) =>
  (await bank.request({ client: 'core' }, 'GET', `/imports/${importId}`)).body

describe('an import whose batch takes long', () => {
  test('lives on in the eyes of others, can be cancelled, and takes nobody else down', async ({ bank, service }) => {
    await bank.import('customers', [
      { externalId: bank.code('i1'), kind: 'individual', name: '甲', institutionCode: bank.code('O1') },
    ])
    const letGo = await hold(bank, 'i1')
    const { importId, request, answered } = await send(service)
    request.write(header + row(bank, 1, '乙'))
    await expect.poll(() => waitingFor(service)).toBe(1)
    // As if it had been silent for long: the next beat must get through though the batch is still open.
    await service.owner.query(`set lock_timeout = '60s'`)
    await service.owner.query(`update import_run set heartbeat_at = clock_timestamp() - interval '1 hour' where id = $1`, [
      importId,
    ])
    expect((await standing(bank, importId)).status).toBe('interrupted')
    await expect.poll(async () => (await standing(bank, importId)).status).toBe('running')
    expect(await waitingFor(service), 'the batch alone waits').toBe(1)
    const second = await bank.request({ client: 'core' }, 'POST', '/imports/customers', header, {
      'content-type': 'text/csv',
      'import-id': importId,
    })
    expect([second.status, second.body.code]).toEqual([409, 'import_in_progress'])
    expect((await bank.request({ client: 'core' }, 'POST', `/imports/${importId}/cancellation`)).status).toBe(200)
    await letGo()
    request.end(row(bank, 2))
    expect(await answered).toMatchObject({ status: 200, body: { status: 'cancelled', rowsRead: 1, rowsUpdated: 1 } })
  })

  test('and was taken over meanwhile is rolled back', async ({ bank, service }) => {
    await bank.import('customers', [
      { externalId: bank.code('i1'), kind: 'individual', name: '甲', institutionCode: bank.code('O1') },
    ])
    const letGo = await hold(bank, 'i1')
    const { importId, request, answered } = await send(service)
    request.end(header + row(bank, 1, '乙'))
    await expect.poll(() => waitingFor(service)).toBe(1)
    await service.owner.query(`update import_run set attempt = attempt + 1 where id = $1`, [importId])
    await letGo()
    expect(await answered).toMatchObject({ status: 409, body: { code: 'import_in_progress' } })
    const { rows } = await service.owner.query('select name from customer where core_number = $1', [bank.code('i1')])
    expect(rows).toEqual([{ name: '甲' }])
    expect(await standing(bank, importId)).toMatchObject({ rowsRead: 0, status: 'running' })
  })
})

describe('the time that a sender has', () => {
  async function hasty(): Promise<TestBank> {
    const service = await startService({}, { requestTimeoutMs: 5_000 })
    onTestFinished(() => service.stop())
    await headOffice(service)
    const bank = await new TestBank(service).build()
    await bank.import('customers', [
      { externalId: bank.code('i1'), kind: 'individual', name: '甲', institutionCode: bank.code('O1') },
    ])
    return bank
  }

  test('does not run while the service works on what came, at the end of the body or before', async () => {
    const bank = await hasty()
    const letGo = await hold(bank, 'i1')
    const whole = await send(bank.service)
    whole.request.end(header + row(bank, 1, '乙'))
    const begun = await send(bank.service)
    // More than waits between sender and service: the sender cannot go on.
    begun.request.write(header + row(bank, 1, '丙') + `${'x'.repeat(2_000)}\n`.repeat(20_000))
    await sleep(12_000)
    await letGo()
    expect(await whole.answered).toMatchObject({ status: 200, body: { status: 'completed', rowsRead: 1 } })
    begun.request.end(row(bank, 2))
    expect(await begun.answered).toMatchObject({
      status: 200,
      body: { status: 'completed', rowsRead: 20_002, rowsRejected: 20_000 },
    })
  })

  test('runs out where nothing comes, and what came before is kept', async () => {
    const bank = await hasty()
    const { importId, request, answered } = await send(bank.service)
    request.write(header + row(bank, 2))
    await expect(answered).rejects.toThrow('socket hang up')
    await expect.poll(async () => (await standing(bank, importId)).status).toBe('interrupted')
    expect(await standing(bank, importId)).toMatchObject({ rowsCreated: 1, failureCode: 'stream_aborted' })
  })
})

describe('the first line of a stream', () => {
  test('is a number of decimal digits', async ({ bank }) => {
    const begin = (firstLine: string) =>
      bank.request({ client: 'core' }, 'POST', '/imports/customers', header + row(bank, 1), {
        'content-type': 'text/csv',
        'import-first-line': firstLine,
      })
    for (const text of ['0x10', '1e0', '', ' ', '0', '-1', '1.0', '+1', '01', '1'.repeat(16)])
      expect(await begin(text), text).toMatchObject({
        status: 400,
        body: { code: 'invalid_input', errors: [{ pointer: '/firstLine' }] },
      })
    expect((await begin('1')).status).toBe(200)
  })
})

describe('a header that is refused', () => {
  test('names what is wrong with each column', async ({ bank }) => {
    const refused = async (line: string) =>
      (await bank.request({ client: 'core' }, 'POST', '/imports/customers', `${line}\n`, { 'content-type': 'text/csv' })).body
        .errors
    expect(await refused('source,externalId,name,name')).toEqual([
      { pointer: '/name', rule: 'duplicate_columns', message: 'Duplicate column in the header.' },
    ])
    expect(await refused('source,externalId,hat')).toEqual([
      { pointer: '/hat', rule: 'unknown_columns', message: 'Unknown column for this entity.' },
    ])
  })
})
