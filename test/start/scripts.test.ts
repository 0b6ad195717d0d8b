import { randomBytes } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../../examples/berka/send.ts'
import { plantBank } from '../../scripts/bootstrap.ts'
import { readConfig } from '../../src/start/config.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/start/embedded/postgres.ts'
import { migrate, roleRefusal } from '../../src/db/platform/migrate.ts'
import { developmentKeys } from '../../src/start/development-keys.ts'
import { sealAudit } from '../../src/operations/platform/audit.ts'
import { execute } from '../../src/operations/platform/execute.ts'
import { openService, serve } from '../../src/start/service.ts'
import { type Ended, run as runWith, root } from './commands.ts'

const log = { info: () => {}, warn: () => {} }

let folder: string
let postgres: EmbeddedPostgres
let service: { readonly address: string; close(): Promise<void> }

/** What every process of these tests is set up with, the service as well as the scripts. */
const settings = () => ({
  NODE_ENV: 'test',
  DATA_DIR: folder,
  PORT: '0',
  LOG_LEVEL: 'silent',
  DEMO_CUSTOMERS: '0',
  RATE_LIMIT_MAX: '0',
})

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), 'guanxi-scripts-')))
  postgres = await startEmbeddedPostgres({ folder, log, settings: { fsync: 'off', shared_buffers: '16MB' } })
  await migrate({ ownerUrl: postgres.ownerUrl, serviceRole: postgres.serviceRole })
  const config = readConfig(settings())
  const assembly = { serviceUrl: postgres.serviceUrl, keys: await developmentKeys(folder) }
  const planting = await openService(
    config,
    { ...assembly, serviceUrl: postgres.ownerUrl },
    () => {},
    () => {},
  )
  await plantBank(planting.service, { code: 'HO', name: '总行', source: 'core', clientId: 'core-banking' })
  await planting.close()
  service = await serve(config, assembly)
})

afterAll(async () => {
  await service?.close()
  await postgres?.stop()
  await rm(folder, { recursive: true, force: true })
})

const run = (command: string, ...parameters: string[]): Promise<Ended> => runWith(settings(), command, ...parameters)
const script = (name: string, change: Record<string, string>, ...parameters: string[]): Promise<Ended> =>
  runWith({ ...settings(), ...change }, 'npm', 'run', '--silent', name, '--', ...parameters)

/** Work on the bank's own database as the server's administrator, past row-level security. */
async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const url = Object.assign(new URL(postgres.adminUrl), { pathname: new URL(postgres.ownerUrl).pathname })
  const admin = new pg.Client({ connectionString: url.href })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

const token = (...parameters: string[]) => run('npm', 'run', '--silent', 'token', '--', ...parameters)
const sendFile = (...parameters: string[]) =>
  run(process.execPath, join(root, 'scripts/import.ts'), ...parameters, '--url', service.address)

describe('npm run token', () => {
  test('prints a token that the service takes, and nothing else', async () => {
    const { status, said } = await token('--client', 'core-banking')
    expect([status, said]).toEqual([0, expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)])
    const answer = await fetch(`${service.address}/v1/institutions`, { headers: { authorization: `Bearer ${said.trim()}` } })
    expect(answer.status).toBe(200)
    await asAdmin((admin) =>
      admin.query(`insert into staff (id, number, source, external_id, name, institution_id, institution_path, roles, status, as_of, created_at, updated_at)
        select gen_random_uuid(), n, 'core', n, '李雷', id, path, '{auditor}', case n when '100001' then 'active' else 'inactive' end, now(), now(), now()
        from institution, unnest('{100001,100002}'::text[]) n where parent_id is null`),
    )
    const staff = await token('--staff', '100001')
    expect([staff.status, staff.said]).toEqual([0, expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)])
    expect(JSON.parse(Buffer.from(staff.said.split('.')[1]!, 'base64url').toString())).toMatchObject({ sub: '100001' })
  })

  test('refuses a role that does not exist, and one that nobody has', async () => {
    const [unknown, nobody] = await Promise.all([token('--role', 'emperor'), token('--role', 'teller')])
    expect([unknown.status, unknown.said, unknown.complained]).toEqual([
      1,
      '',
      expect.stringContaining('There is no role emperor. Roles: '),
    ])
    expect([nobody.status, nobody.said, nobody.complained]).toEqual([
      1,
      '',
      expect.stringContaining('There is no staff member with the role teller'),
    ])
  })
})

describe('npm run token for somebody whom the bank does not have', () => {
  test('refuses: nobody of that number or id, and nobody who no longer works', async () => {
    for (const [kind, name, told] of [
      ['--staff', 'nope', 'There is no active staff member nope.'],
      ['--staff', '100002', 'There is no active staff member 100002.'],
      ['--client', 'nope', 'There is no active client nope.'],
    ] as const)
      expect(await token(kind, name)).toEqual({ status: 1, said: '', complained: `${told}\n` })
  })

  test('makes nothing in a folder without a service, and prints a token where the database is away', async () => {
    const typo = join(folder, 'typo')
    for (const name of ['token', 'import'] as const) {
      const parameters = name === 'token' ? ['--staff', '100001'] : ['institutions', join(root, 'package.json')]
      const { status, said } = await script(name, { DATA_DIR: typo }, ...parameters)
      expect([status, said, existsSync(typo)], name).toEqual([1, '', false])
    }
    const { complained } = await script('token', { DATA_DIR: typo }, '--staff', '100001')
    expect(complained).toBe(
      `There is no development issuer in ${typo}: start the service first, or set DATA_DIR to its folder.\n`,
    )
    const away = (role: string) => `postgres://${role}:secret@127.0.0.1:1/guanxi`
    const unasked = await script('token', { DATABASE_URL: away('app'), MIGRATION_DATABASE_URL: away('owner') }, '--staff', 'nope')
    expect([unasked.status, unasked.said]).toEqual([0, expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)])
  })
})

describe('npm run example:berka', () => {
  test('names the file that the folder lacks', async () => {
    const { status, complained } = await script('example:berka', {}, '/nope')
    expect([status, complained]).toEqual([1, expect.stringMatching(/^\/nope has no \w+\.csv: name the folder/)])
  })

  test('names the service that does not answer', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => void server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => void server.close(resolve))
    const target = { url: `http://127.0.0.1:${port}`, token: 'none' }
    await expect(ask(target, '{ __typename }')).rejects.toThrow(`${target.url} does not answer (ECONNREFUSED)`)
  })
})

describe('npm run import', () => {
  const header = 'source,externalId,name,kind,parentCode\n'
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, content)
    return path
  }

  test('sends a file and prints the report; its status tells of rejected rows', async () => {
    const good = await sendFile('institutions', await file('good.csv', `${header}core,B1,一分行,branch,HO\n`))
    expect([good.status, JSON.parse(good.said)]).toEqual([
      0,
      expect.objectContaining({ status: 'completed', rowsCreated: 1, rowsRejected: 0 }),
    ])
    const mixed = await sendFile(
      'institutions',
      await file('mixed.csv', `${header}core,B2,二分行,branch,HO\ncore,B3,三分行,branch,nowhere\n`),
    )
    expect([mixed.status, JSON.parse(mixed.said)]).toEqual([
      2,
      expect.objectContaining({ status: 'completed', rowsCreated: 1, rowsRejected: 1 }),
    ])
    expect(mixed.complained).toContain(`/v1/imports/${JSON.parse(mixed.said).id}/rejects`)
  })

  test('fails where the service refuses, and where the file is of no known kind', async () => {
    const [refused, unknown] = await Promise.all([
      sendFile('institutions', await file('hat.csv', 'source,externalId,hat\n')),
      sendFile('institutions', await file('bank.xlsx', 'x')),
    ])
    expect([refused.status, JSON.parse(refused.said).code]).toEqual([1, 'unknown_column'])
    expect([unknown.status, unknown.said, unknown.complained]).toEqual([
      1,
      '',
      expect.stringContaining('must end in .csv or .ndjson'),
    ])
  })
})

describe('the role that the service logs in as', () => {
  /** The bank's own database, as a role made by the server's administrator. */
  async function as(name: string, options: string): Promise<string> {
    await asAdmin((admin) => admin.query(`create role ${name} login password 'secret' ${options}`))
    const url = Object.assign(new URL(postgres.adminUrl), { pathname: new URL(postgres.ownerUrl).pathname })
    return Object.assign(url, { username: name, password: 'secret' }).href
  }

  test('may be neither a superuser nor past row-level security, by itself or by another role, nor own tables', async () => {
    expect(await roleRefusal(postgres.serviceUrl)).toBeUndefined()
    for (const [name, options] of [
      ['mighty', 'superuser'],
      ['passing', 'bypassrls'],
      ['member', 'in role passing'],
    ] as const)
      expect(await roleRefusal(await as(name, options)), name).toContain(`the role ${name} is a superuser or can bypass`)
    expect(await roleRefusal(postgres.ownerUrl)).toContain('owns the table')
    const owner = decodeURIComponent(new URL(postgres.ownerUrl).username)
    expect(await roleRefusal(await as('heir', `in role ${owner}`))).toContain('the role heir owns the table')
  })
})

describe('npm run verify-audit', () => {
  const seal = async (): Promise<void> => {
    const assembly = { serviceUrl: postgres.serviceUrl, keys: await developmentKeys(folder) }
    const { service, close } = await openService(
      readConfig(settings()),
      assembly,
      () => {},
      () => {},
    )
    const call = { caller: { kind: 'system', name: 'seal' }, input: {}, selection: new Map(), refusedAs: null } as const
    await execute(service, sealAudit, call)
    await close()
  }

  test('finds the log intact, and fails where somebody has changed an entry', async () => {
    await seal()
    const intact = await script('verify-audit', {})
    expect([intact.status, JSON.parse(intact.said)]).toEqual([
      0,
      { chains: expect.any(Number), entries: expect.any(Number), unsealed: 0, intact: true, faults: [] },
    ])
    expect(JSON.parse(intact.said).entries).toBeGreaterThan(0)
    const change = (from: string, to: string) =>
      asAdmin((admin) => admin.query('update audit_entry set actor_id = $2 where actor_id = $1', [from, to]))
    expect((await change('system:bootstrap', 'nobody')).rowCount).toBeGreaterThan(0)
    const tampered = await script('verify-audit', {})
    await change('nobody', 'system:bootstrap')
    expect([tampered.status, JSON.parse(tampered.said)]).toEqual([1, expect.objectContaining({ intact: false })])
    expect(JSON.parse(tampered.said).faults.length).toBeGreaterThan(0)
    expect((await script('verify-audit', {})).status).toBe(0)
  })
})

describe('npm run demo', () => {
  const count = (table: string) =>
    asAdmin(async (admin) => (await admin.query(`select count(*)::int as count from ${table}`)).rows[0].count as number)

  test('leaves a bank alone that is there already', async () => {
    const { status, complained } = await script('demo', {}, '--customers', '20')
    expect([status, complained]).toEqual([1, expect.stringContaining('The database already contains a bank. Use --replace')])
    expect([await count('institution'), await count('customer')]).toEqual([expect.any(Number), 0])
  })

  test('is not for production', async () => {
    const key = () => `k1:${randomBytes(32).toString('base64')}`
    const production = {
      NODE_ENV: 'production',
      DATABASE_URL: postgres.serviceUrl,
      MIGRATION_DATABASE_URL: postgres.ownerUrl,
      MASTER_KEYS: key(),
      INDEX_KEYS: key(),
      CURSOR_KEYS: key(),
      JWT_ISSUER: 'i',
      JWT_AUDIENCE: 'a',
      JWT_JWKS_URL: 'https://id.bank.example/jwks',
    }
    const { status, complained } = await script('demo', production, '--customers', '20', '--replace')
    expect([status, complained]).toEqual([1, 'The demo bank is not for production: NODE_ENV is production.\n'])
    expect(await count('customer')).toBe(0)
  })

  test('replaces the bank where it is told to, with the settings that it was written with', async () => {
    const { status, said } = await script('demo', { BASE_CURRENCY: 'CZK' }, '--customers', '20', '--replace')
    expect([status, said]).toEqual([0, expect.stringContaining('The demo bank is loaded')])
    expect([await count('customer'), await count('audit_entry'), await count('audit_watermark')]).toEqual([20, 0, 1])
    const { rows } = await asAdmin((admin) => admin.query('select base_currency, master_keys from bank_setting'))
    expect(rows).toEqual([{ base_currency: 'CZK', master_keys: { development: expect.any(String) } }])
  })
})
