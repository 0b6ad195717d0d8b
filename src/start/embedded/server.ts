import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile, rename } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { run, spawnBase } from './account.ts'
import type { Binaries } from './binaries.ts'
import type { Place } from './cluster.ts'

export interface Server {
  readonly port: number
  /** Settled once PostgreSQL has ended, for whatever reason. */
  readonly ended: Promise<void>
  stop(): Promise<void>
  /** Ends PostgreSQL at once, without waiting: it recovers at the next start. */
  kill(): void
}

export interface ServerOptions {
  readonly place: Place
  readonly binaries: Binaries
  readonly logFile: string
  readonly settings: Readonly<Record<string, string>>
  readonly password: string
}

const startSeconds = 300

const ordinarySettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '128MB',
  work_mem: '16MB',
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // The log may hold no personal data: no statements, no key values of violated constraints.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
}

/** Starts PostgreSQL on a port and waits until it answers. Undefined when the port is taken. */
export async function startServer(options: ServerOptions, port: number): Promise<Server | undefined> {
  for (let attempt = 0; ; attempt++) {
    const child = await launch(options, port)
    if (await answers(child, options.password, port)) return serverOf(child, options, port)
    const report = await lastWords(options.logFile)
    if (/Address already in use|could not create any TCP\/IP sockets/.test(report)) return undefined
    // Backends of a killed server need a moment to notice that they are orphans.
    if (!/pre-existing shared memory block/.test(report) || attempt === 20)
      throw new Error(`PostgreSQL did not start (see ${options.logFile}): ${report}`)
    await sleep(500)
  }
}

/** A port of this machine that was free a moment ago. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function launch({ place, binaries, logFile, settings }: ServerOptions, port: number): Promise<ChildProcess> {
  await rename(logFile, `${logFile}.1`).catch(() => {})
  const log = await open(logFile, 'w', 0o600)
  const all = { ...ordinarySettings, port: String(port), ...settings }
  const parameters = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // A session of its own keeps Ctrl-C for our process, which stops PostgreSQL last; a file takes the log, since a pipe would break with our process.
  const child = spawn(binaries.postgres, ['-D', place.data, ...parameters], {
    ...spawnBase,
    ...place.account,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  child.on('error', () => {})
  child.unref()
  await log.close()
  return child
}

async function answers(child: ChildProcess, password: string, port: number): Promise<boolean> {
  const deadline = Date.now() + startSeconds * 1000
  const hasEnded = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null
  while (Date.now() < deadline) {
    if (hasEnded()) return false
    const refusal = await tryConnect(password, port)
    if (refusal === undefined) return true
    if (refusal === '28P01') {
      await sleep(500)
      if (hasEnded()) return false
      child.kill('SIGINT')
      throw new Error('The password stored in postgres.json does not match the data next to it.')
    }
    await sleep(40)
  }
  child.kill('SIGQUIT')
  return false
}

async function tryConnect(password: string, port: number): Promise<string | undefined> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    connectionTimeoutMillis: 5000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code ?? 'unknown'
  } finally {
    await client.end().catch(() => {})
  }
}

function serverOf(child: ChildProcess, { place, binaries }: ServerOptions, port: number): Server {
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
  return {
    port,
    ended,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      // Until now our process might end before it; whoever stops it waits for its end.
      child.ref()
      const end = (mode: string, seconds: number) =>
        run(place.account, binaries.pgCtl, 'stop', '-D', place.data, '-m', mode, '-w', '-t', String(seconds))
      if (!(await end('fast', 30)).succeeded) await end('immediate', 10)
      await Promise.race([ended, sleep(5000, undefined, { ref: false }).then(() => void child.kill('SIGKILL'))])
    },
    kill: () => void child.kill('SIGQUIT'),
  }
}

async function lastWords(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n')
  return lines.slice(-8).join('\n')
}
