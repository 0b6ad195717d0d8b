import { type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { embeddedConnection, startEmbeddedPostgres } from '../../src/start/embedded/postgres.ts'
import { developmentKeys } from '../../src/start/development-keys.ts'
import { developmentIssuer } from '../../src/tokens/development-issuer.ts'
import { begin, type Environment, run } from './commands.ts'

const parent = realpathSync(mkdtempSync(join(tmpdir(), 'guanxi-service-')))
const folder = join(parent, 'data')
const settings: Environment = { NODE_ENV: 'test', DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent', DEMO_CUSTOMERS: '60' }
const begun: ChildProcess[] = []

interface Open {
  readonly child: ChildProcess
  readonly address: string
  readonly said: string
  /** Ctrl-C in the terminal: everybody in the foreground hears it. Answers the exit status, or the signal that ended the process. */
  interrupt(): Promise<number | NodeJS.Signals | null>
}

/** Starts the service and waits until it is open. */
function start(change: Environment = {}, command: readonly [string, string] = [process.execPath, 'src/main.ts']): Promise<Open> {
  const child = begin({ ...settings, ...change }, ...command)
  begun.push(child)
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (status, signal) => resolve(status ?? signal)),
  )
  return new Promise((resolve, reject) => {
    let said = ''
    const heard = (chunk: Buffer): void => {
      said += chunk.toString()
      const address = /REST\s+(\S+)\/v1/.exec(said)?.[1]
      if (address && said.includes('Press Ctrl-C to stop.'))
        resolve({
          child,
          address,
          said,
          interrupt: () => {
            process.kill(-child.pid!, 'SIGINT')
            return ended
          },
        })
    }
    child.stdout!.on('data', heard)
    child.stderr!.on('data', heard)
    void ended.then((status) => reject(new Error(`ended with ${status}: ${said}`)))
  })
}

const refusedStart = (change: Environment) => run({ ...settings, ...change }, 'npm', 'start')

const postmaster = join(folder, 'postgres', 'postmaster.pid')

async function customersOf(address: string): Promise<readonly string[]> {
  const token = await (await developmentIssuer(folder)).sign({ sub: 'S00006' })
  const answer = await fetch(`${address}/v1/customers?limit=200`, { headers: { authorization: `Bearer ${token}` } })
  const { items } = (await answer.json()) as { items: { id: string }[] }
  return items.map(({ id }) => id)
}

afterAll(() => {
  for (const { pid, exitCode, signalCode } of begun)
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL')
  rmSync(parent, { recursive: true, force: true })
})

describe('npm start', () => {
  test('serves a demo bank, stops PostgreSQL in order at Ctrl-C, and goes on with the same data', async () => {
    const first = await start({}, ['npm', 'start'])
    const customers = await customersOf(first.address)
    expect(customers).toHaveLength(60)
    const [title, ...calls] = first.said.slice(first.said.indexOf('Get a token')).split('\n')
    expect(title).toBe('Get a token and try three calls in another terminal:')
    // As in another terminal, which knows none of these settings.
    const tried = await run({}, 'sh', '-ec', calls.slice(0, 4).join('\necho\n'))
    expect(tried).toMatchObject({ status: 0, complained: '' })
    const answers = tried.said.split('\n').filter((line) => line !== '')
    expect(answers.map((line) => Object.keys(JSON.parse(line)).sort())).toEqual([
      ['items', 'nextCursor'],
      ['items', 'nextCursor'],
      ['data'],
    ])
    expect(existsSync(postmaster)).toBe(true)
    // Some shells that npm runs scripts in die of the signal themselves, after the service has ended.
    expect([0, 'SIGINT']).toContain(await first.interrupt())
    expect(existsSync(postmaster), 'PostgreSQL takes its file away when it ends in order').toBe(false)
    expect(readFileSync(join(folder, 'postgres.log'), 'utf8').trimEnd()).toMatch(/database system is shut down$/)

    const second = await start({ DEMO_CUSTOMERS: '70' })
    expect(second.said).not.toContain('Loading the demo bank')
    expect(await customersOf(second.address)).toEqual(customers)
    expect(await second.interrupt()).toBe(0)
    expect(readFileSync(join(folder, 'postgres.log'), 'utf8')).not.toContain('automatic recovery')
  })

  test('tells how an empty bank begins, and only an empty one', async () => {
    const hint = 'To set up an empty bank'
    const empty = await start({ DATA_DIR: join(parent, 'empty'), DEMO_CUSTOMERS: '0' })
    expect(empty.said).toContain(hint)
    expect(await empty.interrupt()).toBe(0)
    const loaded = await start({ DEMO_CUSTOMERS: '0' })
    expect(loaded.said).not.toContain(hint)
    expect(await loaded.interrupt()).toBe(0)
  })
})

describe('a start that cannot succeed', () => {
  test('names all places that cannot be used before anything is started', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => void taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const elsewhere = join(parent, 'elsewhere')
    const busy = await refusedStart({ DATA_DIR: elsewhere, PORT: String(port) })
    taken.close()
    expect([busy.status, busy.complained]).toEqual([
      1,
      expect.stringContaining(`  - PORT must be free: ${port} at HOST 127.0.0.1 is in use by another program.`),
    ])
    expect(readdirSync(elsewhere)).toEqual([])
    const nowhere = await refusedStart({ DATA_DIR: '/proc/nothing', HOST: '203.0.113.1' })
    expect([nowhere.status, nowhere.said.includes('PostgreSQL')]).toEqual([1, false])
    expect(nowhere.complained).toContain('  - DATA_DIR must be a writable folder, or one that can be created: ')
    expect(nowhere.complained).toContain('  - HOST must be an address of this machine, or a name for one: 203.0.113.1 is not')
    const file = join(parent, 'file')
    writeFileSync(file, '')
    const settled = await refusedStart({ DATA_DIR: file, HOST: '999.1.1.1', GRAPHQL_DOCUMENTS: '/nope' })
    expect(settled.complained.match(/^ {2}- \w+ must/gm)).toEqual([
      '  - HOST must',
      '  - GRAPHQL_DOCUMENTS must',
      '  - DATA_DIR must',
    ])
  })

  test('keeps the bank in its currency', async () => {
    const { status, complained } = await refusedStart({ BASE_CURRENCY: 'USD' })
    expect([status, complained]).toEqual([
      1,
      expect.stringContaining('BASE_CURRENCY must remain CNY, the currency of this bank’s stored amounts; it is now USD.'),
    ])
  })

  test('has no way around the keys that the data were written with', async () => {
    const ring = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`
    const { cursor, index, master } = await developmentKeys(folder)
    const own = (keys: typeof cursor): string => keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join()
    const missing = await refusedStart({ MASTER_KEYS: ring('2027'), INDEX_KEYS: ring('2027'), CURSOR_KEYS: ring('2027') })
    expect([missing.status, missing.complained.match(/^ {2}- .*$/gm)]).toEqual([
      1,
      ['MASTER_KEYS', 'INDEX_KEYS'].map(
        (name) => `  - ${name} must contain the key "development", with which data of this bank were encrypted.`,
      ),
    ])
    const other = await refusedStart({ MASTER_KEYS: own(master), INDEX_KEYS: ring('development'), CURSOR_KEYS: ring('new') })
    expect([other.status, other.complained]).toEqual([
      1,
      expect.stringContaining(
        'INDEX_KEYS must contain the key "development" with which data of this bank were encrypted; it now has a different key',
      ),
    ])
    const rotated = await start({
      MASTER_KEYS: `${ring('2027')},${own(master)}`,
      INDEX_KEYS: `${ring('2027')},${own(index)}`,
      CURSOR_KEYS: ring('any'),
    })
    expect(await customersOf(rotated.address)).toHaveLength(60)
    expect(await rotated.interrupt()).toBe(0)
  })

  test('says what an owner lacks who may not make roles', async () => {
    const server = await startEmbeddedPostgres({
      folder: join(parent, 'bare'),
      log: { info: () => {}, warn: () => {} },
      settings: { fsync: 'off', shared_buffers: '16MB' },
    })
    const admin = new pg.Client({ connectionString: server.adminUrl })
    await admin.connect()
    try {
      await admin.query(`create role humble login password 'secret'`)
      await admin.query('create database humble owner humble')
      const url = (user: string) =>
        Object.assign(new URL(server.adminUrl), { username: user, password: 'secret', pathname: '/humble' }).href
      const { status, complained } = await refusedStart({
        DATABASE_URL: url('humble_app'),
        MIGRATION_DATABASE_URL: url('humble'),
      })
      expect([status, complained]).toEqual([1, expect.stringContaining('Allow it: alter role "humble" createrole.')])
      expect(complained).not.toMatch(/^\s+at /m)
    } finally {
      await admin.end()
      await server.stop()
    }
  })
})

describe('the question which keys are in use', () => {
  test('is answered from an index for an owner who is no superuser', async () => {
    const open = await start()
    try {
      const owner = new pg.Client({ connectionString: (await embeddedConnection(folder))!.ownerUrl })
      await owner.connect()
      await owner.query(`set app.scope = '/'; set enable_seqscan = off`)
      for (const [table, column] of [
        ['customer', 'master_key_id'],
        ['blind_index', 'key_id'],
      ]) {
        const { rows } = await owner.query(
          `explain select ${column} from ${table} where ${column} > '' order by ${column} limit 1`,
        )
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
        expect(plan).toMatch(new RegExp(`Index.* ${table}_${column}_idx`))
        expect(plan).toContain(`Index Cond: (${column} > ''::text)`)
      }
      await owner.end()
    } finally {
      await open.interrupt()
    }
  })
})
