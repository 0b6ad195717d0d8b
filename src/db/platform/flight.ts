import type { Socket } from 'node:net'
import pg, { type Client, type PoolClient, type QueryConfig, type QueryResult } from 'pg'

// The driver ends every statement of a pipeline with a Sync, at which PostgreSQL flushes its answer: a packet and a wake-up on both sides each time.
// Here statements that leave together end with one Sync. What they say on the wire is put together by the driver's own query object.

type Sender = Client | PoolClient

/** What the driver's query object writes to. */
interface Connection {
  readonly stream: Socket
  readonly submittedNamedStatements: Record<string, string>
  readonly parsedStatements: Record<string, string>
  parse(statement: { readonly text: string }): void
  bind(values: object): void
  execute(portal: object): void
  close(what: { readonly type: 'S'; readonly name: string }): void
  sync(): void
}

/** A statement of a flight. A command (BEGIN, SET, COMMIT) has no values and answers no rows. */
export type FlightStatement = QueryConfig | { readonly command: string }

interface DriverQuery {
  callback: (error: Error | null, results?: QueryResult | QueryResult[]) => void
  submit(connection: Connection): null
  prepare(connection: Connection): void
  /** The results so far; the last one may not be complete. */
  readonly _results: QueryResult | QueryResult[]
}

const queryOf = (config: QueryConfig): DriverQuery => new pg.Query(config) as unknown as DriverQuery

/** Statements that were prepared in a flight that failed, by connection: nobody knows whether they are there. */
const doubtful = new WeakMap<object, Set<string>>()

export interface Landing {
  readonly results: readonly QueryResult[]
  /** Why the statement after those of `results` failed, and none behind it ran. */
  readonly error?: Error | undefined
}

/** Sends statements together. Those behind one that fails do not run. Never rejects. */
export function sendFlight(client: Sender, statements: readonly FlightStatement[]): Promise<Landing> {
  return new Promise((resolve) => {
    const flight = queryOf({ text: '' })
    let broken: Error | undefined
    let fresh: readonly string[] = []
    let connection: Connection | undefined
    flight.callback = (error) => {
      const results = [flight._results].flat().filter(({ command }) => command)
      const failure = error ?? broken
      if (failure && connection) doubt(connection, fresh)
      resolve({ results, error: failure })
    }
    flight.submit = (to) => {
      connection = to
      const unended = Object.create(to, { sync: { value: () => {} } }) as Connection
      fresh = statements.flatMap((one) =>
        'command' in one || one.name === undefined || isPrepared(to, one.name) ? [] : [one.name],
      )
      for (const statement of statements) {
        if ('command' in statement) {
          to.parse({ text: statement.command })
          to.bind({})
          to.execute({})
          continue
        }
        if (statement.name !== undefined && doubtful.get(to)?.delete(statement.name))
          to.close({ type: 'S', name: statement.name })
        const part = queryOf(statement)
        part.callback = (error) => (broken ??= error ?? undefined)
        part.prepare(unended)
      }
      to.sync()
      return null
    }
    sendTogether(client)
    client.query(flight as never)
  })
}

function isPrepared({ parsedStatements, submittedNamedStatements }: Connection, name: string): boolean {
  return parsedStatements[name] !== undefined || submittedNamedStatements[name] !== undefined
}

function doubt(connection: Connection, names: readonly string[]): void {
  for (const name of names) {
    delete connection.submittedNamedStatements[name]
    doubtful.set(connection, (doubtful.get(connection) ?? new Set()).add(name))
  }
}

/** What is sent in one turn of the event loop leaves in one write, whichever requests it belongs to. */
function sendTogether(client: Sender): void {
  const { stream } = (client as unknown as { readonly connection: Connection }).connection
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}

/** Lets statements gather while the code that sends them goes on, and sends them as one flight when it waits. */
export function gatherFlights(client: Sender): (statement: FlightStatement) => Promise<QueryResult> {
  interface Waiting {
    readonly statement: FlightStatement
    readonly landed: (result: QueryResult) => void
    readonly failed: (error: Error) => void
  }
  let waiting: Waiting[] = []
  async function depart(): Promise<void> {
    const flight = waiting
    waiting = []
    const { results, error } = await sendFlight(
      client,
      flight.map(({ statement }) => statement),
    )
    flight.forEach(({ landed, failed }, index) => {
      const result = results[index]
      if (result) landed(result)
      else failed(error ?? new Error('A statement has no answer.'))
    })
  }
  return (statement) =>
    new Promise((landed, failed) => {
      if (waiting.length === 0) process.nextTick(() => void depart())
      waiting.push({ statement, landed, failed })
    })
}
