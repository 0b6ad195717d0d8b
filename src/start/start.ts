import { compareBankSettings } from './bank-settings.ts'
import { type Config, configurationError, type KeyRings, usesFolder } from './config.ts'
import { openFolder } from './data-folder.ts'
import { startEmbeddedPostgres } from './embedded/postgres.ts'
import { migrate, type Migration, roleRefusal } from '../db/platform/migrate.ts'
import { developmentKeys } from './development-keys.ts'
import { listeningFault } from './listening.ts'
import { definitions } from './settings.ts'

/** What the application is opened with. */
export interface Resources {
  readonly serviceUrl: string
  readonly ownerUrl: string
  readonly keys: KeyRings
}

/** The application while it listens. */
export interface Service {
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  readonly address: string
  /** Stops accepting, drains the requests under way, then ends workers and pools. */
  close(): Promise<void>
}

/** The parts of a start that others provide. */
export interface Steps {
  /** Loads the demo bank into an empty database. */
  loadDemo(resources: Resources, customers: number): Promise<void>
  open(resources: Resources): Promise<Service>
}

export interface Log {
  info(message: string): void
  warn(message: string): void
}

/** The service once it is open. */
export interface Opened extends Service {
  /** Nobody has planted or loaded a bank yet. */
  readonly emptyBank: boolean
}

export interface Run {
  /** The open service; rejects when a step fails, or when `stop` comes before the end. */
  readonly service: Promise<Opened>
  /** Settles when PostgreSQL ends though nobody stopped it. */
  readonly lost: Promise<void>
  /** Stops what has been started, last first; may be called at any time, more than once. */
  stop(): Promise<void>
  /** Leaves in a hurry: nothing is awaited. */
  kill(): void
}

type Closer = () => Promise<void>

/** Starts the service: places, database, migrations, demo bank, application. Whatever fails, `stop` ends the rest in order. */
export function startService(config: Config, steps: Steps, log: Log): Run {
  const closers: Closer[] = []
  const killers: (() => void)[] = []
  let stopping: Promise<void> | undefined
  const lost = Promise.withResolvers<void>()

  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close; close = closers.pop()) await close()
  }
  const goOn = (): void => {
    if (stopping) throw new Error('Stopped before the service was listening.')
  }
  return { service: run(), lost: lost.promise, stop: () => (stopping ??= stop()), kill: () => killers.forEach((kill) => kill()) }

  async function run(): Promise<Opened> {
    refuse(await placeFaults(config))
    const { serviceRole, ...urls } = await database()
    goOn()
    await refuseBypass(urls.serviceUrl, 'may_be_absent')
    const applied = await migrate({ ownerUrl: urls.ownerUrl, serviceRole })
    if (applied.length > 0) log.info(`Migrated: ${applied.join(', ')}.`)
    goOn()
    await refuseBypass(urls.serviceUrl, 'must_exist')
    const resources = { ...urls, keys: config.keys === 'development' ? await developmentKeys(config.dataDir) : config.keys }
    const { empty, problems } = await compareBankSettings(config, urls.ownerUrl, resources.keys)
    refuse(problems)
    if (empty && config.demoCustomers > 0) await steps.loadDemo(resources, config.demoCustomers)
    goOn()
    const opening = steps.open(resources)
    closers.push(async () => (await opening.catch(() => undefined))?.close())
    return { ...(await opening), emptyBank: empty && config.demoCustomers === 0 }
  }

  async function database(): Promise<Omit<Resources, 'keys'> & Pick<Migration, 'serviceRole'>> {
    if (config.database.kind === 'external') {
      const { url, migrationUrl } = config.database
      return { serviceUrl: url, ownerUrl: migrationUrl, serviceRole: roleOf(url) }
    }
    const starting = startEmbeddedPostgres({ folder: config.database.folder, log })
    closers.push(async () => (await starting.catch(() => undefined))?.stop())
    const { serviceUrl, ownerUrl, serviceRole, ended, kill } = await starting
    killers.push(kill)
    void ended.then(() => stopping ?? lost.resolve())
    return { serviceUrl, ownerUrl, serviceRole }
  }
}

/** What cannot be used of the places that the settings name, found out before anything is started. */
async function placeFaults(config: Config): Promise<readonly string[]> {
  const folder = usesFolder(config) ? await openFolder(config.dataDir) : undefined
  const listening = await listeningFault(config)
  return [
    ...(folder === undefined ? [] : [`DATA_DIR must be a writable folder, or one that can be created: ${folder}.`]),
    ...(listening === undefined ? [] : [listening]),
  ]
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw configurationError(problems)
}

/** Refuses a role that could bypass row security: before migrating, which may be what creates it, and after, when tables have owners. */
async function refuseBypass(serviceUrl: string, role: 'may_be_absent' | 'must_exist'): Promise<void> {
  const refusal = await roleRefusal(serviceUrl).catch((error: { code?: string }) => {
    const refusedToLogIn = error.code === '28P01' || error.code === '28000'
    if (!refusedToLogIn || role === 'must_exist') throw error
  })
  if (refusal) refuse([refusal])
}

/** The role that a connection address names. Without a password somebody else has to create it. */
function roleOf(url: string): Migration['serviceRole'] {
  const { username, password } = new URL(url)
  return { name: decodeURIComponent(username), password: decodeURIComponent(password) || undefined }
}

/** What a person reads once the service is open: addresses, how to get a token, three calls to try, or how an empty bank begins. */
export function welcome(config: Config, { address, emptyBank }: Pick<Opened, 'address' | 'emptyBank'>): string {
  const places = [
    ['REST', `${address}/v1`],
    ['Reference', `${address}/docs`],
    ['GraphQL', `${address}/graphql`],
    ...(config.graphiql ? [['GraphiQL', `${address}/graphiql`]] : []),
    ['Health', `${address}/health/ready`],
    ...(config.database.kind === 'embedded' ? [['Data', `${config.dataDir} (embedded PostgreSQL)`]] : []),
  ]
  const header = '-H "Authorization: Bearer $TOKEN"'
  const json = '-H "Content-Type: application/json"'
  const trial = [
    `Get a token and try three calls in another terminal${config.database.kind === 'external' ? ', with DATABASE_URL and MIGRATION_DATABASE_URL as here' : ''}:`,
    `  TOKEN=$(${folderSetting(config)}npm run --silent token)`,
    `  curl -s ${header} "${address}/v1/customers?limit=3"`,
    `  curl -s ${header} ${json} ${address}/v1/customers/search -d '{"name":"王"}'`,
    `  curl -s ${header} ${json} ${address}/graphql -d '{"query":"{ customers(first: 3) { nodes { id name } } }"}'`,
    '',
  ]
  const beginning = ['To set up an empty bank with its head office and first machine client: npm run bootstrap', '']
  const demonstrates = config.jwt.keys.kind === 'development' && config.demoCustomers > 0
  return [
    '',
    'Guanxi is running.',
    ...places.map(([name = '', place = '']) => `  ${name.padEnd(10)} ${place}`),
    '',
    ...(emptyBank ? beginning : demonstrates ? trial : []),
    'Press Ctrl-C to stop.',
    '',
  ].join('\n')
}

/** The folder has the keys of the tokens: another terminal does not know it unless it is the usual one. */
function folderSetting({ dataDir }: Config): string {
  return dataDir === definitions.DATA_DIR.default ? '' : `DATA_DIR='${dataDir.replaceAll("'", String.raw`'\''`)}' `
}
