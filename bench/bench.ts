import manifest from '../package.json' with { type: 'json' }
import { type Bank, openBank } from './bank.ts'
import type { Request } from './load.ts'
import type { Measuring } from './measure.ts'
import type { Options } from './options.ts'
import { type Server, startServer } from './processes.ts'

/** What cases work with: the bank and its contenders, each started when first asked for. */
export interface Bench {
  readonly options: Options
  /** Asked for anew in each case: `whileStopped` opens it again. */
  readonly bank: Bank
  readonly measuring: Measuring
  service(): Promise<Server>
  handWritten(): Promise<Server>
  postgraphile(): Promise<Server>
  /** A service of its own, on this bank or another one. */
  freshService(bank?: Bank, workers?: 'none' | 'in_process'): Promise<Server>
  /** Another bank, for what depends on size. */
  otherBank(customers: number): Promise<Bank>
  /** Ends all that runs, does the work on the folder of the bank, and opens the bank again. */
  whileStopped<T>(work: (folder: string) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** How `npm start` calls Node.js. */
const [, ...started] = manifest.scripts.start.split(' ')
export const serviceFlags: readonly string[] = started.slice(0, -1)

/** The service as it runs in a bank, with every guard and its log; the rate limit counts, and lets the load through. Scheduled work is left to other instances where it would disturb what is measured. */
const startService = (bank: Bank, profile?: string, workers: 'none' | 'in_process' = 'none'): Promise<Server> =>
  startServer(
    started.at(-1)!,
    {
      DATABASE_URL: bank.serviceUrl,
      MIGRATION_DATABASE_URL: bank.ownerUrl,
      DATA_DIR: bank.folder,
      RATE_LIMIT_MAX: '10000000',
      RECOGNITIONS_PER_MINUTE: '100000',
      WORKERS: workers,
    },
    [...serviceFlags, ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])],
  )

export async function openBench(options: Options): Promise<Bench> {
  const opened: { close(): Promise<void> }[] = []
  let bank = await openBank(options.customers)
  opened.push(bank)
  const running = new Map<string, Promise<Server>>()

  async function keep(start: Promise<Server>): Promise<Server> {
    const server = await start
    opened.push({ close: () => server.stop() })
    return server
  }
  function once(name: string, start: () => Promise<Server>): Promise<Server> {
    const known = running.get(name) ?? keep(start())
    running.set(name, known)
    return known
  }
  async function closeAll(): Promise<void> {
    for (const one of opened.splice(0).toReversed()) await one.close()
    running.clear()
  }
  return {
    options,
    get bank() {
      return bank
    },
    measuring: options,
    service: () => once('service', () => startService(bank, options.profile)),
    handWritten: () =>
      once('hand-written', () => startServer('bench/contenders/hand-written.ts', { DATABASE_URL: bank.benchUrl })),
    postgraphile: () =>
      once('postgraphile', () =>
        startServer('bench/contenders/postgraphile.ts', { DATABASE_URL: bank.benchUrl, GRAPHILE_ENV: 'production' }),
      ),
    freshService: (other = bank, workers = 'none') => keep(startService(other, options.profile, workers)),
    async otherBank(customers) {
      const other = await openBank(customers)
      opened.push(other)
      return other
    },
    async whileStopped(work) {
      await closeAll()
      try {
        return await work(bank.folder)
      } finally {
        bank = await openBank(options.customers)
        opened.push(bank)
      }
    },
    close: closeAll,
  }
}

/** Asks for JSON by GET. */
export function get(path: string, token?: string): Request {
  return { method: 'GET', path, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }
}

export function post(path: string, body: object, token?: string, headers: Readonly<Record<string, string>> = {}): Request {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...authorization, ...headers },
    body: JSON.stringify(body),
  }
}

/** The item whose turn it is, over and over. */
export function nth<T>(items: readonly T[], turn: number): T {
  return items[turn % items.length]!
}
