import { type EventName, events } from '../../src/core/events.ts'
import type { EventDefinition } from '../../src/core/kernel/event.ts'
import type { FeedEntity } from '../../src/core/feeds/imports.ts'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import { v7 } from 'uuid'
import { test as base } from 'vitest'
import { type AppSettings, buildApp } from '../../src/start/app.ts'
import { grantsOf, type Role } from '../../src/core/kernel/permissions.ts'
import { openAccessLog } from '../../src/db/platform/access-log.ts'
import { type Database, type DatabaseSettings, openDatabase } from '../../src/db/platform/database.ts'
import { openVault } from '../../src/db/platform/vault.ts'
import { serializers } from '../../src/start/log.ts'
import { openMetrics } from '../../src/start/metrics.ts'
import { openCursorCodec } from '../../src/operations/platform/cursor.ts'
import { openDirectory } from '../../src/operations/platform/directory.ts'
import type { Service } from '../../src/operations/platform/execute.ts'
import { authenticator } from '../../src/start/service.ts'
import { developmentIssuer } from '../../src/tokens/development-issuer.ts'
import { createTokenVerifier } from '../../src/tokens/verifier.ts'
import { openTestDatabase } from './database.ts'

/** The instant at which tests begin; `clock.now` moves it. */
export const startOfTests = new Date('2026-11-22T02:00:00Z')

type Keys = Parameters<typeof openVault>[0]

export interface TestService {
  readonly app: FastifyInstance
  readonly service: Service
  readonly database: Database
  /** Sees everything, past row-level security. */
  readonly owner: pg.Client
  readonly serviceUrl: string
  readonly ownerUrl: string
  readonly clock: { now: Date }
  /** What was logged, line by line. */
  readonly logged: string[]
  /** Every statement sent to the database since it was last cleared. */
  readonly statements: string[]
  tokenOf(caller: Caller): Promise<string>
  /** Ends the connections of the operations and makes new ones, with other settings where they are given. */
  reconnect(change?: Partial<DatabaseSettings>): Promise<void>
  /** A further process, as it were: the same database, keys and clock, and nothing else in common. */
  anotherInstance(): Promise<{ readonly app: FastifyInstance; stop(): Promise<void> }>
  stop(): Promise<void>
}

/** A staff number, or a machine client's id. */
export type Caller = string | { readonly client: string }

/** Time-outs that no machine is too slow for; a test that is about one sets it. */
const patient = { statementTimeoutMs: 600_000, fastLaneTimeoutMs: 300_000 }

/** The service on a database of its own: real PostgreSQL, real tokens, only the clock is ours. `bank` says where it is no Chinese bank. */
export async function startService(
  bank: Partial<Service['bank']> = {},
  settings: Partial<AppSettings> & { readonly limits?: Partial<Service['limits']>; readonly keys?: Keys } = {},
): Promise<TestService> {
  const { serviceUrl, ownerUrl, close } = await openTestDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'guanxi-test-'))
  const clock = { now: startOfTests }
  const logged: string[] = []
  const statements: string[] = []
  const open = (change: Partial<DatabaseSettings> = {}) =>
    openDatabase({ url: serviceUrl, poolSize: 8, fastLaneConnections: 2, ...patient, ...change }, { warn: () => {} })
  const opened = open()
  let connected = opened
  const database = watched(() => connected, statements)
  const key = (id: string) => [{ id, key: randomBytes(32) }]
  const { limits, keys = { master: key('m1'), index: key('i1') }, ...appSettings } = settings
  const metrics = openMetrics()
  const service: Service = {
    database,
    directory: openDirectory(opened, bank.timeZone ?? 'Asia/Shanghai'),
    accessLog: openAccessLog(opened),
    vault: openVault(keys),
    cursorCodec: openCursorCodec(key('c1')),
    bank: {
      baseCurrency: 'CNY',
      timeZone: 'Asia/Shanghai',
      country: 'CN',
      ...bank,
    },
    limits: { recognitionsPerMinute: 100_000, revealsPerMinute: 100_000, ...limits },
    clock: () => clock.now,
    newId: v7,
    observe: metrics.observe,
  }
  const issuer = await developmentIssuer(folder)
  const verifier = createTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    algorithms: ['ES256'],
    keys: { kind: 'development', publicKeyPem: issuer.publicKeyPem },
    staffClaim: 'sub',
    clientClaim: 'client_id',
    now: Date.now,
  })
  const build = (of: Service) =>
    buildApp({
      service: of,
      metrics: of === service ? metrics : openMetrics(),
      authenticate: authenticator(verifier),
      settings: {
        logger: { level: 'trace', serializers, stream: { write: (line: string) => void logged.push(line) } },
        bodyLimitBytes: 1_048_576,
        requestTimeoutMs: 600_000,
        trustProxy: false,
        rateLimit: { max: 100_000, windowSeconds: 60, maxRefused: 100_000 },
        graphql: { documents: new Map(), freeQueries: true },
        graphiql: true,
        corsOrigins: [],
        ...appSettings,
      },
    })
  const app = await build(service)
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  const tokens = new Map<string, Promise<string>>()
  return {
    app,
    service,
    database,
    owner,
    serviceUrl,
    ownerUrl,
    clock,
    logged,
    statements,
    tokenOf(caller) {
      const name = typeof caller === 'string' ? caller : `client ${caller.client}`
      const token =
        tokens.get(name) ??
        issuer.sign(typeof caller === 'string' ? { sub: caller } : { sub: caller.client, client_id: caller.client })
      tokens.set(name, token)
      return token
    },
    async reconnect(change) {
      const former = connected
      connected = open(change)
      if (former !== opened) await former.close()
    },
    async anotherInstance() {
      const other = open()
      const directory = openDirectory(other, service.bank.timeZone)
      const further = await build({ ...service, database: other, directory, accessLog: openAccessLog(other) })
      return {
        app: further,
        async stop() {
          await further.close()
          await other.close()
        },
      }
    },
    async stop() {
      await app.close()
      if (connected !== opened) await connected.close()
      await opened.close()
      await refuseUnknownEvents(owner)
      await owner.end()
      await close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Whatever a test has made the service record is an event of the catalogue, with the payload that it declares. */
async function refuseUnknownEvents(owner: pg.Client): Promise<void> {
  const { rows } = await owner.query<{ type: string; payload: unknown }>('select distinct type, payload from outbox_event')
  for (const { type, payload } of rows) {
    const known = events[type as EventName] as EventDefinition | undefined
    const problem = known ? known.payload.safeParse(payload).error?.message : 'no such event'
    if (problem !== undefined) throw new Error(`The event ${type} was recorded with ${JSON.stringify(payload)}: ${problem}`)
  }
}

/** Writes down every statement on its way to the real database. */
function watched(database: () => Database, statements: string[]): Database {
  const note = (query: object): void => void statements.push('text' in query ? String(query.text) : 'drizzle')
  return {
    read(scope, query, version) {
      note(query)
      return database().read(scope, query, version)
    },
    transaction: (scope, work, options) =>
      database().transaction(
        scope,
        (db) =>
          work({
            rows(query) {
              note(query)
              return db.rows(query)
            },
          }),
        options,
      ),
    close: () => database().close(),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: any
}

let banks = 0

/**
 * A bank of its own for one test, as a subtree of the one head office: a branch with two outlets and a sister branch, staff of every role,
 * products, and a machine client for each branch. Codes and numbers begin with `name`, so that tests do not meet.
 */
export class TestBank {
  readonly service: TestService
  readonly name: string

  constructor(service: TestService) {
    this.service = service
    this.name = `t${++banks}`
  }

  code(suffix: string): string {
    return `${this.name}-${suffix}`
  }

  async request(
    caller: Caller | null,
    method: string,
    url: string,
    payload?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await this.service.app.inject({
      method: method as 'GET',
      url: url.startsWith('/v1') || url.startsWith('/graphql') ? url : `/v1${url}`,
      headers: { ...(caller !== null && { authorization: `Bearer ${await this.service.tokenOf(caller)}` }), ...headers },
      ...(payload !== undefined && { payload: payload as object }),
    })
    const text = response.body
    const isJson = String(response.headers['content-type'] ?? '').includes('json') && text !== ''
    return {
      status: response.statusCode,
      headers: response.headers,
      body: isJson && !String(response.headers['content-type']).includes('ndjson') ? JSON.parse(text) : text,
    }
  }

  async graphql(
    caller: Caller,
    query: string,
    variables: object = {},
  ): Promise<{
    data: any
    errors?: { message: string; path?: unknown; extensions: { code: string; errors?: { pointer: string; rule: string }[] } }[]
  }> {
    const { body } = await this.request(caller, 'POST', '/graphql', { query, variables })
    return body
  }

  /** Sends rows as core banking does and expects all of them to be taken. */
  async feed(entity: FeedEntity, rows: readonly object[], caller: Caller = { client: 'core' }): Promise<void> {
    const { status, body } = await this.import(entity, rows, caller)
    if (status !== 200 || body.rowsRejected > 0) {
      const rejects = await this.request(caller, 'GET', `/imports/${body.id}/rejects`)
      throw new Error(`The ${entity} were not all taken: ${JSON.stringify(body)} ${rejects.body}`)
    }
  }

  import(
    entity: FeedEntity,
    rows: readonly object[],
    caller: Caller = { client: 'core' },
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const payload = rows.map((row) => JSON.stringify({ source: 'core', ...row })).join('\n')
    return this.request(caller, 'POST', `/imports/${entity}`, payload, { 'content-type': 'application/x-ndjson', ...headers })
  }

  async idOf(table: 'institution' | 'product', code: string): Promise<string> {
    const { rows } = await this.service.owner.query(`select id from ${table} where code = $1`, [this.code(code)])
    return rows[0].id
  }

  async staffId(number: string): Promise<string> {
    const { rows } = await this.service.owner.query('select id from staff where number = $1', [this.code(number)])
    return rows[0].id
  }

  async customerId(externalId: string): Promise<string> {
    const { rows } = await this.service.owner.query('select id from customer where core_number = $1', [this.code(externalId)])
    return rows[0].id
  }

  async holdingId(externalId: string): Promise<string> {
    const { rows } = await this.service.owner.query('select id from holding where external_id = $1', [this.code(externalId)])
    return rows[0].id
  }

  /** Branches B1 and B2, outlets B1-O1 and B1-O2, and their staff: M1 and M2 lead the branches, R1 and R2 are of outlet O1, R3 of O2. */
  async build(): Promise<this> {
    const c = (suffix: string) => this.code(suffix)
    await this.feed('institutions', [
      { externalId: c('B1'), name: '一分行', kind: 'branch', parentCode: 'HO' },
      { externalId: c('B2'), name: '二分行', kind: 'branch', parentCode: 'HO' },
      { externalId: c('O1'), name: '一网点', kind: 'outlet', parentCode: c('B1') },
      { externalId: c('O2'), name: '二网点', kind: 'outlet', parentCode: c('B1') },
    ])
    const staff = (number: string, institution: string, roles: Role[]) => ({
      externalId: c(number),
      name: `职员${number}`,
      institutionCode: c(institution),
      roles,
    })
    await this.feed('staff', [
      staff('M1', 'B1', ['branch_manager']),
      staff('M2', 'B2', ['branch_manager']),
      staff('R1', 'O1', ['relationship_manager']),
      staff('R2', 'O1', ['relationship_manager']),
      staff('R3', 'O2', ['relationship_manager']),
      staff('T1', 'O1', ['teller']),
      staff('L1', 'O1', ['lobby_manager']),
      staff('C1', 'B1', ['complaint_officer']),
      staff('Q1', 'B1', ['quality_inspector']),
      staff('K1', 'B1', ['marketing']),
      staff('U1', 'B1', ['auditor']),
      staff('A1', 'B1', ['administrator']),
    ])
    await this.feed('products', [
      { externalId: c('CUR'), name: '活期存款', family: 'deposit', category: 'deposit' },
      { externalId: c('FND'), name: '基金', family: 'fund', category: 'fee' },
      { externalId: c('LN'), name: '贷款', family: 'loan', category: 'loan' },
    ])
    await this.service.owner.query(
      `insert into client (id, client_id, name, institution_id, institution_path, scopes, status, created_at, updated_at)
       select gen_random_uuid(), $1 || i.code, 'Feed', i.id, i.path, $2, 'active', now(), now() from institution i where i.code in ($3, $4)`,
      ['feed-', Object.keys(grantsOf.integration), c('B1'), c('B2')],
    )
    return this
  }

  /** Customers 1 and 2 in outlet O1 (1 is kept by R1, 2 by R2), 3 in outlet O2 (kept by R3), 4 in branch B2; each with an account `A<n>`. */
  async withCustomers(): Promise<this> {
    const c = (suffix: string) => this.code(suffix)
    const customer = (number: string, institution: string, name: string) => ({
      externalId: c(number),
      kind: 'individual',
      name,
      institutionCode: c(institution),
      customerSince: '2020-01-15',
    })
    await this.feed('customers', [
      customer('1', 'O1', '王芳'),
      customer('2', 'O1', '李伟'),
      customer('3', 'O2', '张敏'),
      customer('4', 'B2', '王强'),
    ])
    const assignment = (number: string, staff: string) => ({
      externalId: c(`S${number}`),
      customerExternalId: c(number),
      staffNumber: c(staff),
      businessLine: 'personal',
      startsOn: '2024-01-01',
    })
    await this.feed('assignments', [assignment('1', 'R1'), assignment('2', 'R2'), assignment('3', 'R3')])
    const holding = (number: string, balance: string) => ({
      externalId: c(`A${number}`),
      customerExternalId: c(number),
      productCode: c('CUR'),
      currency: 'CNY',
      balance,
      balanceOn: '2026-11-20',
      openedOn: '2020-01-15',
    })
    await this.feed('holdings', [
      holding('1', '1000.00'),
      holding('2', '2000.00'),
      holding('3', '3000.00'),
      holding('4', '4000.00'),
    ])
    return this
  }
}

/** The root of a bank, its first machine client and its administrator. */
export async function headOffice({ owner }: TestService): Promise<void> {
  await owner.query(`
    insert into institution (id, code, source, external_id, name, kind, status, parent_id, path, as_of, created_at, updated_at)
    values (gen_random_uuid(), 'HO', 'core', 'HO', '总行', 'head_office', 'active', null, '/' || nextval('institution_short_id') || '/', now(), now(), now())`)
  await owner.query(
    `insert into client (id, client_id, name, institution_id, institution_path, scopes, status, created_at, updated_at)
     select gen_random_uuid(), 'core', 'Core banking', id, path, $1, 'active', now(), now() from institution where code = 'HO'`,
    [Object.keys(grantsOf.integration)],
  )
  await owner.query(
    `insert into staff (id, number, source, external_id, name, institution_id, institution_path, roles, status, as_of, created_at, updated_at)
     select gen_random_uuid(), 'ADMIN', 'core', 'ADMIN', '管理员', id, path, '{administrator,auditor}', 'active', now(), now(), now() from institution where code = 'HO'`,
  )
}

/** Tests share the service of their file and have a bank of their own. */
export const test = base
  .extend('service', { scope: 'file' }, async ({}, { onCleanup }) => {
    const service = await startService()
    onCleanup(() => service.stop())
    await headOffice(service)
    return service
  })
  .extend('empty', ({ service }) => new TestBank(service))
  .extend('bank', async ({ service }) => (await new TestBank(service).build()).withCustomers())
