import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbeddedPostgres } from '../src/start/embedded/postgres.ts'
import { migrate } from '../src/db/platform/migrate.ts'
import { isEmpty } from '../src/demo/load-demo-bank.ts'
import { developmentIssuer } from '../src/tokens/development-issuer.ts'
import { assetsOfMonths } from './contenders/customer-json.ts'
import { cpuSeconds, parentOf } from './processes.ts'

/** A demo bank on a PostgreSQL of its own that runs until `close`. */
export interface Bank {
  readonly customers: number
  readonly folder: string
  readonly serviceUrl: string
  readonly ownerUrl: string
  /** A role that row security does not bind: the contenders without guards. */
  readonly benchUrl: string
  /** Runs as superuser, who sees all. */
  readonly client: pg.Client
  /** A bearer token for a staff member, or a machine client. */
  token(claims: { readonly sub: string; readonly client_id?: string }): Promise<string>
  /** CPU that PostgreSQL has used so far, in seconds. */
  cpu(): number | undefined
  close(): Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const password = 'bench'
/** What a bank gives its database, and less of its memory; the same for all contenders. What writes much would wait for a checkpoint every few seconds otherwise. */
const settings = { shared_buffers: '1GB', max_wal_size: '4GB', checkpoint_timeout: '15min' }
const quiet = { info: () => {}, warn: (message: string): void => console.error(message) }

/** Opens the demo bank of so many customers, which is made on first use (about a minute for 100,000) and kept between runs. */
export async function openBank(customers: number): Promise<Bank> {
  const folder = `${root}bench/.data/${customers}`
  const server = await startEmbeddedPostgres({ folder, log: quiet, settings })
  process.on('exit', () => server.kill())
  const client = new pg.Client({ connectionString: server.adminUrl.replace(/\/postgres$/, '/guanxi') })
  try {
    await migrate(server)
    if (await isEmpty(server.ownerUrl)) load(folder, customers)
    await client.connect()
    if (!existsSync(`${folder}/vacuumed`)) {
      await client.query('vacuum (freeze, analyze)')
      writeFileSync(`${folder}/vacuumed`, '')
    }
    await client.query('checkpoint')
    await makeBenchRole(client)
    const postmaster = parentOf((await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid)
    const issuer = await developmentIssuer(folder)
    const benchUrl = new URL(server.serviceUrl)
    benchUrl.username = 'guanxi_bench'
    benchUrl.password = password
    return {
      customers,
      folder,
      serviceUrl: server.serviceUrl,
      ownerUrl: server.ownerUrl,
      benchUrl: benchUrl.href,
      client,
      token: (claims) => issuer.sign(claims, 86_400),
      cpu: () => (postmaster === undefined ? undefined : cpuSeconds(postmaster)),
      async close() {
        await client.end()
        await server.stop()
      },
    }
  } catch (error) {
    await client.end()
    await server.stop()
    throw error
  }
}

function load(folder: string, customers: number): void {
  console.error(`Making a demo bank of ${customers} customers in ${folder}.`)
  const { status } = spawnSync(process.execPath, [`${root}scripts/demo.ts`, '--customers', String(customers)], {
    env: { PATH: process.env['PATH'], DATA_DIR: folder },
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error('The demo bank was not made.')
}

async function makeBenchRole(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query(`select from pg_roles where rolname = 'guanxi_bench'`)
  if (rowCount === 0) await client.query(`create role guanxi_bench login bypassrls password '${password}'`)
  await client.query('grant usage on schema public to guanxi_bench')
  await client.query('grant select, insert, update, delete on all tables in schema public to guanxi_bench')
  await client.query('grant execute on all functions in schema public to guanxi_bench')
  // PostGraphile answers sums only through functions: one that somebody would write for its customer page.
  await client.query('create schema if not exists bench')
  await client.query('drop type if exists bench.month_end cascade')
  await client.query('create type bench.month_end as (day date, amount bigint)')
  await client.query(`create function bench.customer_aum_by_month(customer customer, months date[]) returns setof bench.month_end language sql stable as $$
    select t.day, t.amount from (${assetsOfMonths('customer.id', 'months')}) t order by t.day desc $$`)
  await client.query('grant usage on schema bench to guanxi_bench')
}
