import { parseArgs } from 'node:util'
import { compareBankSettings } from '../src/start/bank-settings.ts'
import { type Config, configurationError, processConfig } from '../src/start/config.ts'
import { dayOf } from '../src/core/kernel/calendar.ts'
import { embeddedConnection, startEmbeddedPostgres } from '../src/start/embedded/postgres.ts'
import { migrate, type Migration } from '../src/db/platform/migrate.ts'
import { openVault } from '../src/db/platform/vault.ts'
import { isEmpty, loadDemoBank } from '../src/demo/load-demo-bank.ts'
import { developmentKeys } from '../src/start/development-keys.ts'

const usage = 'Usage: npm run demo -- [--customers 5000] [--seed 1] [--replace]'

interface Place extends Migration {
  close(): Promise<void>
  /** Leaves in a hurry. */
  kill(): void
}

/** The owner's database: the one of the settings, else the embedded one, which is started where it does not run. */
async function openPlace(config: Config): Promise<Place> {
  const nothing = { close: async () => {}, kill: () => {} }
  if (config.database.kind === 'external') {
    const { username, password } = new URL(config.database.url)
    const serviceRole = { name: decodeURIComponent(username), password: decodeURIComponent(password) || undefined }
    return { ownerUrl: config.database.migrationUrl, serviceRole, ...nothing }
  }
  const { folder } = config.database
  const running = await embeddedConnection(folder)
  if (running) return { ...running, ...nothing }
  const started = await startEmbeddedPostgres({ folder, log: console })
  return { ...started, close: () => started.stop(), kill: () => started.kill() }
}

function readArguments(config: Config) {
  const { values } = parseArgs({
    options: { customers: { type: 'string' }, seed: { type: 'string' }, replace: { type: 'boolean' } },
  })
  return {
    customers: wholeNumber('--customers', values.customers ?? String(config.demoCustomers || 5000), 1, 10_000_000),
    seed: wholeNumber('--seed', values.seed ?? '1', 0, Number.MAX_SAFE_INTEGER),
    replace: values.replace ?? false,
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= least && number <= most))
    throw Object.assign(new Error(`${name} must be an integer from ${least} to ${most}.`), { code: 'ERR_PARSE_ARGS' })
  return number
}

async function run(): Promise<void> {
  const config = processConfig()
  const { customers, seed, replace } = readArguments(config)
  if (config.environment === 'production') throw new Error('The demo bank is not for production: NODE_ENV is production.')
  const place = await openPlace(config)
  const leave = (): never => {
    place.kill()
    process.exit(130)
  }
  process.once('SIGINT', leave).once('SIGTERM', leave)
  try {
    await migrate(place)
    if (!replace && !(await isEmpty(place.ownerUrl)))
      throw new Error('The database already contains a bank. Use --replace to delete it first: all its data is lost.')
    const keys = config.keys === 'development' ? await developmentKeys(config.dataDir) : config.keys
    const agree = async (): Promise<void> => {
      const { problems } = await compareBankSettings(config, place.ownerUrl, keys)
      if (problems.length > 0) throw configurationError(problems)
    }
    // A bank that is replaced takes what it was written with along.
    if (!replace) await agree()
    const now = new Date()
    const begun = performance.now()
    const counts = await loadDemoBank({
      ownerUrl: place.ownerUrl,
      vault: openVault(keys),
      customers,
      seed,
      replace,
      now,
      today: dayOf(now, config.timeZone),
      baseCurrency: config.baseCurrency,
      progress: console.log,
    })
    if (replace) await agree()
    for (const [table, count] of Object.entries(counts))
      console.log(`${table.padEnd(24)} ${count.toLocaleString('en').padStart(12)}`)
    console.log(`The demo bank is loaded: ${((performance.now() - begun) / 1000).toFixed(1)} s.`)
  } finally {
    await place.close()
  }
}

/** A message for people; anything unforeseen keeps its stack. */
function explain(error: unknown): string {
  const { name, message, code, stack } = error as Error & { code?: string }
  if (code?.startsWith('ERR_PARSE_ARGS')) return `${message}\n${usage}`
  return name === 'ConfigurationError' || (name === 'Error' && code === undefined) ? message : (stack ?? message)
}

await run().catch((error: unknown) => {
  console.error(explain(error))
  process.exitCode = 1
})
