import { type ChildProcess, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { plantBank } from '../../scripts/bootstrap.ts'
import { readConfig } from '../../src/config.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { migrate, roleRefusal } from '../../src/db/migrate.ts'
import { developmentKeys } from '../../src/development-keys.ts'
import { openService, serve } from '../../src/service.ts'

const log = { info: () => {}, warn: () => {} }
const root = join(import.meta.dirname, '../..')

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

interface Ended {
  readonly status: number | null
  readonly said: string
  readonly complained: string
}

async function run(command: string, ...parameters: string[]): Promise<Ended> {
  const child: ChildProcess = spawn(command, parameters, {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings() },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const status = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [said, complained] = await Promise.all([text(child.stdout!), text(child.stderr!)])
  return { status: await status, said, complained }
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
      expect.stringContaining('There is nobody with the role teller'),
    ])
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
    const url = Object.assign(new URL(postgres.adminUrl), { pathname: new URL(postgres.ownerUrl).pathname })
    const admin = new pg.Client({ connectionString: url.href })
    await admin.connect()
    try {
      await admin.query(`create role ${name} login password 'secret' ${options}`)
    } finally {
      await admin.end()
    }
    return Object.assign(url, { username: name, password: 'secret' }).href
  }

  test('may be neither a superuser nor past row-level security, by itself or by another role, nor own tables', async () => {
    expect(await roleRefusal(postgres.serviceUrl)).toBeUndefined()
    for (const [name, options] of [
      ['mighty', 'superuser'],
      ['passing', 'bypassrls'],
      ['member', 'in role passing'],
    ] as const)
      expect(await roleRefusal(await as(name, options)), name).toContain(`the role ${name} is a superuser or may bypass`)
    expect(await roleRefusal(postgres.ownerUrl)).toContain('owns the table')
    const owner = decodeURIComponent(new URL(postgres.ownerUrl).username)
    expect(await roleRefusal(await as('heir', `in role ${owner}`))).toContain('the role heir owns the table')
  })
})
