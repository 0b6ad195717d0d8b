import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { createDatabase } from './create-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A server for tests: clone `template` under a name that begins with it and an underscore, so that the clone is dropped with it. */
    postgres: {
      /** A superuser, or a role that may create databases and roles. */
      readonly adminUrl: string
      readonly template: string
      readonly serviceRole: { readonly name: string; readonly password: string }
    }
  }
}

interface Server {
  readonly origin: string
  readonly adminUrl: string
  stop(): Promise<void>
}

const fast = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'on', max_connections: '200' }
const containerSeconds = 120

/** Provides a migrated template database: in `TEST_DATABASE_URL`, else in a container where Docker answers, else in an embedded PostgreSQL. Returns the teardown. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = given() ?? (await container()) ?? (await embedded())
  const template = `guanxi_test_${randomBytes(5).toString('hex')}`
  const serviceRole = { name: `${template}_service`, password: randomBytes(12).toString('hex') }
  const tearDown = async (): Promise<void> => {
    try {
      await withAdmin(server.adminUrl, (admin) => dropAll(admin, template, serviceRole.name))
    } finally {
      await server.stop()
    }
  }
  try {
    await withAdmin(server.adminUrl, async (admin) => {
      const { rows } = await admin.query<{ server_version: string }>('show server_version')
      console.log(`PostgreSQL ${rows[0]?.server_version} for tests: ${server.origin}.`)
      await createDatabase(admin, template)
      const { migrate } = await import('../../src/db/platform/migrate.ts')
      await migrate({ ownerUrl: withDatabase(server.adminUrl, template), serviceRole })
    })
  } catch (error) {
    await tearDown()
    throw error
  }
  project.provide('postgres', { adminUrl: server.adminUrl, template, serviceRole })
  return tearDown
}

function given(): Server | undefined {
  const adminUrl = process.env['TEST_DATABASE_URL']
  return adminUrl ? { origin: 'TEST_DATABASE_URL', adminUrl, stop: async () => {} } : undefined
}

async function container(): Promise<Server | undefined> {
  if (!(await dockerAnswers())) return undefined
  try {
    const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
    const settings = Object.entries(fast).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const starting = new PostgreSqlContainer('postgres:18-alpine').withCommand(['postgres', ...settings]).start()
    const started = await Promise.race([starting, sleep(containerSeconds * 1000, undefined, { ref: false })])
    if (!started) throw new Error(`none within ${containerSeconds} s`)
    return { origin: 'container', adminUrl: started.getConnectionUri(), stop: async () => void (await started.stop()) }
  } catch (error) {
    console.log(`Docker answers, but gives no container (${(error as Error).message}).`)
    return undefined
  }
}

async function embedded(): Promise<Server> {
  const { startEmbeddedPostgres } = await import('../../src/start/embedded/postgres.ts')
  const folder = await mkdtemp(join(tmpdir(), 'guanxi-test-'))
  const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 })
  const silent = { info: () => {}, warn: () => {} }
  try {
    // Root's helper user must be able to enter.
    await chmod(folder, 0o755)
    const { adminUrl, stop, kill } = await startEmbeddedPostgres({ folder, log: silent, settings: fast })
    process.once('exit', kill)
    const data = await realpath(join(folder, 'postgres'))
    return {
      origin: 'embedded',
      adminUrl,
      async stop() {
        await stop()
        await remove(data)
        await remove(folder)
      },
    }
  } catch (error) {
    await remove(folder)
    throw error
  }
}

/** Whether a Docker engine, not only its client, answers within a second. */
async function dockerAnswers(): Promise<boolean> {
  const named = process.env['DOCKER_HOST']
  const sockets = [
    '/var/run/docker.sock',
    join(process.env['XDG_RUNTIME_DIR'] ?? '/run', 'docker.sock'),
    join(homedir(), '.docker/run/docker.sock'),
  ]
  const targets = named ? [named] : sockets.map((socket) => `unix://${socket}`)
  for (const target of targets) if (await pings(target)) return true
  return false
}

function pings(target: string): Promise<boolean> {
  const path = /^unix:\/\/(.+)$/.exec(target)?.[1]
  const address = URL.canParse(target) ? new URL(target) : undefined
  if (!path && address?.protocol !== 'tcp:') return Promise.resolve(false)
  return new Promise((resolve) => {
    const asked = request({
      ...(path ? { socketPath: path } : { host: address?.hostname, port: address?.port }),
      path: '/_ping',
      timeout: 1000,
    })
    asked.once('response', (response) => resolve(response.resume().statusCode === 200))
    asked.once('error', () => resolve(false))
    asked.once('timeout', () => asked.destroy(new Error('no answer')))
    asked.end()
  })
}

async function dropAll(admin: pg.Client, template: string, serviceRole: string): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(
    'select datname as name from pg_database where datname = $1 or starts_with(datname, $2)',
    [template, `${template}_`],
  )
  for (const { name } of rows) await admin.query(`drop database if exists ${admin.escapeIdentifier(name)} with (force)`)
  await admin.query(`drop role if exists ${serviceRole}`)
}

async function withAdmin(url: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
