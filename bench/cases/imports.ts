import pg from 'pg'
import type { Bank } from '../bank.ts'
import type { Bench } from '../bench.ts'
import {
  balanceHistory,
  copyFeed,
  type Feed,
  newHoldings,
  nightlyBalances,
  sendFeed,
  storedRows,
  takeBackFeeds,
} from '../feeds.ts'
import { median } from '../measure.ts'
import { cpuSeconds, forgetPeak, residentMemory, type Server } from '../processes.ts'
import { atLeast, atMost, type Line } from '../report.ts'

const megabytes = (bytes: number | undefined): number | undefined => (bytes === undefined ? undefined : bytes / 1e6)
/** Rounds of loads: each takes half a minute with putting back what was there. */
const MOST_ROUNDS = 3
const CORE = { sub: 'core-banking', client_id: 'core-banking' }

/** Imports against a bare `COPY` of the same rows into the same tables with their indexes and references. */
export async function imports(bench: Bench): Promise<Line[]> {
  const [rows = 0] = bench.options.importRows
  await takeBackFeeds(bench.bank)
  return [
    ...(await againstCopy(bench, 'import of balances, history', await balanceHistory(bench.bank, rows))),
    ...(await againstCopy(bench, 'import of balances, nightly', await nightlyBalances(bench.bank, rows))),
    ...(await againstCopy(bench, 'import of holdings', await newHoldings(bench.bank, rows))),
  ]
}

interface Load {
  readonly seconds: number
  /** Of the service, where it took part, and of PostgreSQL. */
  readonly cpu: number | undefined
}

async function againstCopy(bench: Bench, name: string, feed: Feed): Promise<Line[]> {
  const { bank, options } = bench
  const [service, token] = [await bench.service(), await bank.token(CORE)]
  const client = new pg.Client({ connectionString: bank.benchUrl })
  await client.connect()
  const ours = (): Promise<void> => sendFeed(service, feed, token)
  const theirs = (): Promise<void> => copyFeed(client, feed)
  const rounds = Math.min(options.rounds, MOST_ROUNDS)
  const loads = { ours: [] as Load[], theirs: [] as Load[] }
  let expected: string | undefined
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const side of round % 2 === 0 ? (['theirs', 'ours'] as const) : (['ours', 'theirs'] as const)) {
        const load = await timed(bank, side === 'ours' ? service : undefined, side === 'ours' ? ours : theirs)
        const rows = await storedRows(bank)
        expected ??= rows
        if (rows !== expected) throw new Error(`${name}: the service stores ${rows}, COPY ${expected}.`)
        await takeBackFeeds(bank, feed.rows)
        if (round > 0 || options.smoke) loads[side].push(load)
      }
    }
  } finally {
    await client.end()
  }
  for (const [side, all] of Object.entries(loads))
    console.error(
      `  ${`${name}, ${side}`.padEnd(40)} ${Math.round(feed.rows / median(all.map(({ seconds }) => seconds)))} rows/s, CPU ${((median(all.map(({ cpu }) => cpu ?? Number.NaN)) * 1e6) / feed.rows).toFixed(1)} µs each`,
    )
  const ratios = (figure: (load: Load) => number): number =>
    median(loads.ours.map((load, round) => figure(load) / figure(loads.theirs[round]!)))
  return [
    { case: `${name}: rows/s to COPY`, value: 1 / ratios(({ seconds }) => seconds), unit: '×', bound: atLeast(0.3) },
    { case: `${name}: CPU to COPY`, value: ratios(({ cpu }) => cpu ?? Number.NaN), unit: '×' },
  ]
}

async function timed(bank: Bank, server: Server | undefined, work: () => Promise<void>): Promise<Load> {
  const cpu = (): number | undefined => {
    const [own, postgres] = [server === undefined ? 0 : cpuSeconds(server.pid), bank.cpu()]
    return own === undefined || postgres === undefined ? undefined : own + postgres
  }
  const [cpuBefore, begun] = [cpu(), performance.now()]
  await work()
  const [cpuAfter, seconds] = [cpu(), (performance.now() - begun) / 1000]
  return { seconds, cpu: cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore }
}

/** Memory and time of ever larger imports, each by a service just started. */
export async function largeImports(bench: Bench): Promise<Line[]> {
  const { bank, options } = bench
  const token = await bank.token(CORE)
  const lines: Line[] = []
  const secondsPerRow: number[] = []
  await takeBackFeeds(bank)
  for (const rows of options.importRows) {
    const feed = await balanceHistory(bank, rows)
    const service = await bench.freshService()
    forgetPeak(service.pid)
    const { seconds } = await timed(bank, service, () => sendFeed(service, feed, token))
    const peak = megabytes(residentMemory(service.pid)?.peak)
    await service.stop()
    await takeBackFeeds(bank)
    secondsPerRow.push(seconds / rows)
    console.error(`  import of ${rows} rows: ${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} rows/s`)
    lines.push({ case: `import of ${rows} rows: peak memory`, value: peak, unit: 'MB', bound: atMost(250) })
  }
  const [last, before] = [secondsPerRow.at(-1)!, secondsPerRow.at(-2)!]
  const [largest, smaller] = [options.importRows.at(-1), options.importRows.at(-2)]
  return [
    ...lines,
    { case: `time of a row, ${largest} to ${smaller} rows`, value: last / before, unit: '×', bound: atMost(1.15) },
  ]
}
