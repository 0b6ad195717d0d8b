import { type Config, type ConfigurationError, type KeyRings, processConfig, startedByNpm } from './start/config.ts'
import { dayOf } from './core/kernel/calendar.ts'
import { openVault } from './db/platform/vault.ts'
import { whenNpmIsGone } from './start/npm-parent.ts'
import { serve } from './start/service.ts'
import { returnMemory } from './start/return-memory.ts'
import { type Run, startService, type Steps, welcome } from './start/start.ts'

const longestStopMs = 30_000
// npm passes on the Ctrl-C that the terminal has sent to us already: the same wish, heard twice.
const echoMs = 1000

const log = {
  info: (message: string): void => console.log(message),
  warn: (message: string): void => console.warn(message),
}

const stepsFor = (config: Config): Steps => ({
  loadDemo: ({ ownerUrl, keys }, customers) => loadDemo(config, ownerUrl, keys, customers),
  open: (resources) => serve(config, resources),
})

async function loadDemo(config: Config, ownerUrl: string, keys: KeyRings, customers: number): Promise<void> {
  const { loadDemoBank } = await import('./demo/load-demo-bank.ts')
  const now = new Date()
  log.info(`Loading the demo bank with ${customers} customers.`)
  await loadDemoBank({
    ownerUrl,
    vault: openVault(keys),
    customers,
    now,
    today: dayOf(now, config.timeZone),
    baseCurrency: config.baseCurrency,
    progress: log.info,
  })
}

function configuration(): Config {
  try {
    return processConfig()
  } catch (error) {
    console.error(explain(error))
    process.exit(1)
  }
}

/** A message for people: settings and refusals need no stack, anything unforeseen does. */
function explain(error: unknown): string {
  const { name, message, code, stack } = error as Error & { code?: string }
  if (name === ('ConfigurationError' satisfies ConfigurationError['name'])) return message
  if (/^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|28|3D)/.test(code ?? ''))
    return `The database is not available: ${message || code}. Check DATABASE_URL and MIGRATION_DATABASE_URL.`
  return code === undefined && name === 'Error' ? message : (stack ?? message)
}

/** Stops the run in order on the first signal, at once on a second; returns what to call with a failure. */
function stopOnSignals(run: Run): (error: unknown) => void {
  let askedAt: number | undefined
  const hurry = (message: string): never => {
    console.error(message)
    run.kill()
    process.exit(1)
  }
  const leave = async (code: number): Promise<never> => {
    askedAt ??= performance.now()
    setTimeout(() => hurry('Not stopped in time, exiting.'), longestStopMs).unref()
    await run.stop().catch((error: unknown) => hurry(explain(error)))
    process.exit(code)
  }
  const ask = (): void => {
    if (askedAt === undefined) {
      console.log('\nStopping; press again to exit immediately.')
      void leave(0)
    } else if (performance.now() - askedAt > echoMs) {
      hurry('Exiting immediately.')
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  whenNpmIsGone(startedByNpm(), () => void leave(0))
  const fail = (error: unknown): void => {
    if (askedAt !== undefined) return
    console.error(explain(error))
    void leave(1)
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  void run.lost.then(() => fail(new Error('PostgreSQL stopped unexpectedly; its log is postgres.log in DATA_DIR.')))
  return fail
}

const config = configuration()
const run = startService(config, stepsFor(config), log)
const fail = stopOnSignals(run)
try {
  console.log(welcome(config, await run.service))
  returnMemory()
} catch (error) {
  fail(error)
}
