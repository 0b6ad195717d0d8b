import type { SQL } from 'drizzle-orm'
import { Client, type ClientConfig, Pool, type PoolClient, type QueryConfig, type QueryResult, types } from 'pg'
import { noCustomers, type Scope } from '../../core/kernel/actors.ts'
import { outageOf } from './failures.ts'
import { type FlightStatement, gatherFlights, sendFlight } from './flight.ts'
import { type PreparedBounds, preparedNames, type Statement, statementOf, usualBounds } from './statement.ts'

/** What a query function may use: an open transaction under one scope. */
export interface Db {
  /**
   * Runs one statement and returns its rows with the columns' own names. Day columns are `YYYY-MM-DD`, bigint columns `bigint`, instants `Date`.
   * Statements run in the order in which they are sent. One that is only sent along (`sendAlong`) fails those after it, and COMMIT, with its own error.
   */
  rows<T>(query: SQL | Statement): Promise<T[]>
}

export interface DatabaseSettings {
  readonly url: string
  readonly poolSize: number
  readonly fastLaneConnections: number
  readonly statementTimeoutMs: number
  readonly fastLaneTimeoutMs: number
  /** Which statements stay prepared, where the usual bounds do not fit. */
  readonly prepared?: PreparedBounds
}

const STALE = 'StaleDirectory'

/** Whether a read or a transaction was given up because its caller was resolved from a directory that has changed since. */
export function isStaleDirectory(error: unknown): boolean {
  return error instanceof Error && error.name === STALE
}

function staleDirectory(): Error {
  return Object.assign(new Error('The directory has changed.'), { name: STALE })
}

export interface Database {
  /** One statement in a read-only transaction of its own on the fast lane: `BEGIN`, scope, statement and `COMMIT` in one flight. */
  read<T>(scope: Scope, query: SQL | Statement, directoryVersion?: bigint): Promise<T[]>
  /** A transaction on a connection of the pool. Commits when `work` returns, and rolls back when it throws. */
  transaction<T>(scope: Scope, work: (db: Db) => Promise<T>, options?: TransactionOptions): Promise<T>
  close(): Promise<void>
}

export interface TransactionOptions {
  readonly readOnly?: boolean
  readonly directoryVersion?: bigint | undefined
  /** Overrides the statement time-out for work that runs over many rows. */
  readonly timeoutMs?: number
}

const INT8 = 20
const DATE = 1082

// Short reads find what they need in memory, a few rows at a time: their plans shall look rows up, also in small tables, whose policies are asked for every row that a scan goes through.
const lookUps = ' -c random_page_cost=1.1'

const parsers = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8) return BigInt
    if (oid === DATE) return (text: string) => text
    return types.getTypeParser(oid, format)
  },
} as ClientConfig['types']

const begin = { command: 'BEGIN' }
const beginReadOnly = { command: 'BEGIN READ ONLY' }
const commit = { command: 'COMMIT' }
const rollback = { command: 'ROLLBACK' }
const directoryVersionStatement = { name: 'directory_version', text: 'select version from directory_version', values: [] }

/** Opens both lanes to the database. Connections are made when first needed and made again after an outage. */
export function openDatabase(settings: DatabaseSettings, log: { warn(details: object, message: string): void }): Database {
  const config = (timeoutMs: number, planning = ''): ClientConfig => ({
    connectionString: settings.url,
    types: parsers!,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    application_name: 'guanxi',
    options: `-c statement_timeout=${timeoutMs} -c TimeZone=UTC -c idle_in_transaction_session_timeout=60000 -c jit=off${planning}`,
  })
  const pool = new Pool({ ...config(settings.statementTimeoutMs), max: settings.poolSize })
  pool.on('error', (error) => log.warn({ reason: error.message }, 'an idle database connection was lost'))
  const lanes = Array.from({ length: settings.fastLaneConnections }, () =>
    openLane(config(settings.fastLaneTimeoutMs, lookUps), log),
  )
  let turn = 0
  const nameOf = preparedNames(settings.prepared ?? usualBounds)

  function configOf(query: SQL | Statement): QueryConfig {
    const { text, values, prepared } = statementOf(query)
    const name = prepared === false ? undefined : nameOf(text)
    return { ...(name && { name }), text, values: values as unknown[] }
  }

  async function read<T>(scope: Scope, query: SQL | Statement, directoryVersion?: bigint): Promise<T[]> {
    const lane = lanes[turn++ % lanes.length]
    if (!lane) return transaction(scope, (db) => db.rows<T>(query), { readOnly: true, directoryVersion })
    const client = await guard(lane.connected())
    return guard(flight<T>(client, scope, configOf(query), directoryVersion))
  }

  async function transaction<T>(scope: Scope, work: (db: Db) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const client = await guard(pool.connect())
    let broken = false
    const lost = (): void => {
      broken = true
    }
    client.on('error', lost)
    try {
      return await inTransaction(client, scope, work, options, configOf)
    } catch (error) {
      if (outageOf(error)?.connectionLost) broken = true
      throw refusalOrOutage(error)
    } finally {
      client.off('error', lost)
      client.release(broken)
    }
  }

  return {
    read,
    transaction,
    async close() {
      await Promise.all([...lanes.map((lane) => lane.close()), pool.end()])
    },
  }
}

/** The settings that row-level security reads, as statements of their own (Citus passes on nothing else). Literals hold only what `safe` lets through. */
function scopeStatements({ prefixes, portfolio, caller }: Scope): FlightStatement[] {
  const [first = noCustomers, ...more] = prefixes.map(safePrefix)
  const statements = [`SET LOCAL app.scope = '${first}'`]
  if (more.length > 0) statements.push(`SET LOCAL app.more_scopes = '${more.join(' ')}'`)
  if (portfolio.length > 0) statements.push(`SET LOCAL app.portfolio = '${portfolio.map(safeId).join(' ')}'`)
  if (caller) statements.push(`SET LOCAL app.caller = '${caller.replaceAll("'", "''").replaceAll('\\', '')}'`)
  return statements.map((command) => ({ command }))
}

function safePrefix(prefix: string): string {
  if (!/^(\.|\/([0-9]+\/)*)$/.test(prefix)) throw new Error('A scope contains a value that is not a path.')
  return prefix
}

function safeId(id: string): string {
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new Error('A portfolio contains a value that is not an ID.')
  return id
}

/** Sends a whole read at once. COMMIT comes behind a Sync of its own, so that a read that failed leaves no open transaction to those behind it. */
async function flight<T>(client: Client, scope: Scope, query: QueryConfig, directoryVersion: bigint | undefined): Promise<T[]> {
  const read = sendFlight(client, [
    beginReadOnly,
    ...scopeStatements({ ...scope, caller: '' }),
    ...(directoryVersion === undefined ? [] : [directoryVersionStatement]),
    query,
  ])
  const ended = sendFlight(client, [commit])
  const [{ results, error }, end] = await Promise.all([read, ended])
  const failure = error ?? end.error
  if (failure) throw failure
  if (end.results[0]?.command !== 'COMMIT') throw new Error('A read was rolled back.')
  if (directoryVersion !== undefined && results.at(-2)!.rows[0]?.version !== directoryVersion) throw staleDirectory()
  return results.at(-1)!.rows
}

/** For a statement in a transaction whose answer nobody needs: what follows it is sent at once. */
export function sendAlong(statement: Promise<unknown>): void {
  statement.catch(() => {})
}

async function inTransaction<T>(
  client: PoolClient,
  scope: Scope,
  work: (db: Db) => Promise<T>,
  options: TransactionOptions,
  configOf: (query: SQL | Statement) => QueryConfig,
): Promise<T> {
  const send = gatherFlights(client)
  const opening = [options.readOnly ? beginReadOnly : begin, ...scopeStatements(scope)]
  if (options.timeoutMs !== undefined) opening.push({ command: `SET LOCAL statement_timeout = ${Math.trunc(options.timeoutMs)}` })
  let failure: unknown
  const beginning = opening.map((statement) => send(statement))
  if (options.directoryVersion !== undefined)
    beginning.push(send(directoryVersionStatement).then((seen) => checkVersion(seen, options)))
  const check = Promise.all(beginning)
  check.catch((error: unknown) => (failure ??= error))
  try {
    const db: Db = {
      async rows(query) {
        const sent = send(configOf(query))
        sent.catch((error: unknown) => (failure ??= error))
        try {
          await check
          return (await sent).rows as never[]
        } catch (error) {
          throw isStaleDirectory(error) ? error : (failure ?? error)
        }
      },
    }
    const result = await work(db)
    await check
    const end = await send(commit)
    if (end.command !== 'COMMIT') throw failure ?? new Error('A transaction was rolled back.')
    return result
  } catch (error) {
    // Behind whatever is still to be sent, BEGIN perhaps; in a flight in which something fails it does not run.
    await send(rollback).catch(() => client.query('ROLLBACK').catch(() => {}))
    throw error
  }
}

function checkVersion(seen: QueryResult<{ version: bigint }>, { directoryVersion }: TransactionOptions): QueryResult {
  if (seen.rows[0]?.version !== directoryVersion) throw staleDirectory()
  return seen
}

interface Lane {
  connected(): Promise<Client>
  close(): Promise<void>
}

/** One shared pipelined connection. When it is lost, the requests in flight fail and the next request makes a new one. */
function openLane(config: ClientConfig, log: { warn(details: object, message: string): void }): Lane {
  let current: Promise<Client> | undefined
  const connect = (): Promise<Client> => {
    const client = new Client(config)
    const connection = client.connect().then(() => client)
    // A dead client ends late, when its successor is in place.
    const forget = (): void => {
      if (current === connection) current = undefined
    }
    client.on('error', (error) => {
      log.warn({ reason: error.message }, 'a fast-lane database connection was lost')
      forget()
    })
    client.on('end', forget)
    connection.catch(forget)
    return connection
  }
  return {
    connected: () => (current ??= connect()),
    async close() {
      const client = await current?.catch(() => undefined)
      current = undefined
      await client?.end()
    },
  }
}

async function guard<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw refusalOrOutage(error)
  }
}

function refusalOrOutage(error: unknown): unknown {
  const outage = outageOf(error)
  return outage ? Object.assign(outage.error, { cause: error }) : error
}
