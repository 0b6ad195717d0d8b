import { createPublicKey, type KeyObject } from 'node:crypto'
import { folderFault } from './data-folder.ts'
import { definitions, type NamedKey, productionDefaults, type SettingName, type SettingValue } from './settings.ts'

type Algorithm = SettingValue<'JWT_ALGORITHMS'>[number]

/** What the service runs with. Durations are milliseconds unless the name says otherwise. Holds secrets: never log it. */
export interface Config {
  readonly environment: SettingValue<'NODE_ENV'>
  readonly host: string
  readonly port: number
  readonly database:
    | { readonly kind: 'external'; readonly url: string; readonly migrationUrl: string }
    | { readonly kind: 'embedded'; readonly folder: string }
  readonly dataDir: string
  readonly demoCustomers: number
  readonly logLevel: SettingValue<'LOG_LEVEL'>
  readonly baseCurrency: string
  readonly timeZone: string
  readonly calendar: SettingValue<'CALENDAR'>
  readonly jwt: {
    readonly issuer: string
    readonly audience: string
    readonly algorithms: readonly Algorithm[]
    readonly keys:
      | { readonly kind: 'jwks'; readonly url: string }
      | { readonly kind: 'public_key'; readonly pem: string }
      | { readonly kind: 'development' }
    readonly staffClaim: string
    readonly clientClaim: string
  }
  readonly keys: KeyRings | 'development'
  readonly poolSize: number
  readonly fastLaneConnections: number
  readonly statementTimeoutMs: number
  readonly fastLaneTimeoutMs: number
  readonly bodyLimitBytes: number
  readonly requestTimeoutMs: number
  /** `max` 0 sets no limit. */
  readonly rateLimit: { readonly max: number; readonly windowSeconds: number }
  readonly limits: { readonly recognitionsPerMinute: number; readonly revealsPerMinute: number }
  readonly graphqlFreeQueries: boolean
  /** Persisted documents, text by id. */
  readonly graphqlDocuments: ReadonlyMap<string, string>
  readonly graphiql: boolean
  readonly workers: SettingValue<'WORKERS'>
  readonly trustProxy: SettingValue<'TRUST_PROXY'>
  readonly corsOrigins: SettingValue<'CORS_ORIGINS'>
}

/** The key rings of the service; the first key of each is the one to write with. */
export interface KeyRings {
  readonly master: readonly NamedKey[]
  readonly index: readonly NamedKey[]
  readonly cursor: readonly NamedKey[]
}

/** Whether anything is stored in the data folder: the embedded PostgreSQL, or what the service makes for itself outside production. */
export function usesFolder({ database, jwt, keys }: Pick<Config, 'database' | 'jwt' | 'keys'>): boolean {
  return database.kind === 'embedded' || jwt.keys.kind === 'development' || keys === 'development'
}

/** All that is wrong with the settings, each problem starting with the setting's name and never showing its value. */
export interface ConfigurationError extends Error {
  readonly name: 'ConfigurationError'
  readonly problems: readonly string[]
}

/** Makes the error that lists every wrong setting. */
export function configurationError(problems: readonly string[]): ConfigurationError {
  const message = `Invalid settings, the service was not started:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`
  return Object.assign(new Error(message), { name: 'ConfigurationError' as const, problems })
}

/** The configuration of this process. Throws a `ConfigurationError`. */
export const processConfig = (): Config => readConfig(process.env)

/** Whether `npm start` runs this process. */
export const startedByNpm = (): boolean => process.env['npm_lifecycle_event'] !== undefined

/**
 * Reads the settings from an environment. An empty setting counts as absent, unknown ones are ignored.
 * Throws one `ConfigurationError` with all problems at once.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const isSet = (name: SettingName): boolean => (env[name]?.trim() ?? '') !== ''
  const claim = (holds: boolean, problem: string): void => void (holds || problems.push(problem))
  const production = env['NODE_ENV']?.trim() === 'production'

  function read<Name extends SettingName>(name: Name): SettingValue<Name> {
    const fallback = (production && productionDefaults[name]) || definitions[name].default
    const readDefinition = definitions[name].read as (text: string) => SettingValue<Name>
    try {
      return readDefinition(isSet(name) ? env[name]!.trim() : fallback)
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}.`)
      return readDefinition(fallback)
    }
  }

  const config: Config = {
    environment: read('NODE_ENV'),
    host: read('HOST'),
    port: read('PORT'),
    database: { kind: 'embedded', folder: read('DATA_DIR') },
    dataDir: read('DATA_DIR'),
    demoCustomers: read('DEMO_CUSTOMERS'),
    logLevel: read('LOG_LEVEL'),
    baseCurrency: read('BASE_CURRENCY'),
    timeZone: read('TIME_ZONE'),
    calendar: read('CALENDAR'),
    jwt: {
      issuer: read('JWT_ISSUER') || 'guanxi-development',
      audience: read('JWT_AUDIENCE') || 'guanxi',
      algorithms: read('JWT_ALGORITHMS'),
      keys: readTokenKeys(),
      staffClaim: read('JWT_STAFF_CLAIM'),
      clientClaim: read('JWT_CLIENT_CLAIM'),
    },
    keys: readKeyRings(),
    poolSize: read('POOL_SIZE'),
    fastLaneConnections: read('FAST_LANE_CONNECTIONS'),
    statementTimeoutMs: read('STATEMENT_TIMEOUT_MS'),
    fastLaneTimeoutMs: read('FAST_LANE_TIMEOUT_MS'),
    bodyLimitBytes: read('BODY_LIMIT_BYTES'),
    requestTimeoutMs: read('REQUEST_TIMEOUT_MS'),
    rateLimit: { max: read('RATE_LIMIT_MAX'), windowSeconds: read('RATE_LIMIT_WINDOW_SECONDS') },
    limits: { recognitionsPerMinute: read('RECOGNITIONS_PER_MINUTE'), revealsPerMinute: read('REVEALS_PER_MINUTE') },
    graphqlFreeQueries: read('GRAPHQL_FREE_QUERIES'),
    graphqlDocuments: read('GRAPHQL_DOCUMENTS') ?? new Map(),
    graphiql: read('GRAPHIQL'),
    workers: read('WORKERS'),
    trustProxy: read('TRUST_PROXY'),
    corsOrigins: read('CORS_ORIGINS'),
  }
  const database = readDatabase()
  claim(config.fastLaneTimeoutMs <= config.statementTimeoutMs, 'FAST_LANE_TIMEOUT_MS must not be above STATEMENT_TIMEOUT_MS.')
  claim(!(production && config.graphiql), 'GRAPHIQL must be false in production.')
  claim(
    !(production && config.demoCustomers > 0),
    'DEMO_CUSTOMERS must be 0 in production: demo data must not mix with real data.',
  )
  if (usesFolder({ ...config, database })) {
    const fault = folderFault(config.dataDir)
    claim(fault === undefined, `DATA_DIR must be a writable folder, or one that can be created: ${fault}.`)
  }
  if (problems.length > 0) throw configurationError(problems)
  return { ...config, database }

  function readDatabase(): Config['database'] {
    const url = read('DATABASE_URL')
    const migrationUrl = read('MIGRATION_DATABASE_URL')
    const named = isSet('DATABASE_URL') || isSet('MIGRATION_DATABASE_URL')
    const why = production ? 'in production, where the embedded database is not allowed' : 'where the other of the two is set'
    claim(isSet('DATABASE_URL') || !(named || production), `DATABASE_URL (the service role) is required ${why}.`)
    claim(
      isSet('MIGRATION_DATABASE_URL') || !(named || production),
      `MIGRATION_DATABASE_URL (the owner of the tables) is required ${why}.`,
    )
    if (!url || !migrationUrl) return config.database
    claim(
      databaseOf(url) === databaseOf(migrationUrl),
      `DATABASE_URL must name the same database as MIGRATION_DATABASE_URL: it names ${databaseOf(url)}, the other ${databaseOf(migrationUrl)}.`,
    )
    claim(
      new URL(url).username !== new URL(migrationUrl).username,
      'DATABASE_URL must name another role than MIGRATION_DATABASE_URL: the owner of the tables could bypass row-level security.',
    )
    return { kind: 'external', url, migrationUrl }
  }

  function readTokenKeys(): Config['jwt']['keys'] {
    const url = read('JWT_JWKS_URL')
    const pem = read('JWT_PUBLIC_KEY').replaceAll('\\n', '\n')
    const sources = [isSet('JWT_JWKS_URL'), isSet('JWT_PUBLIC_KEY')].filter(Boolean).length
    claim(sources < 2, 'JWT_JWKS_URL and JWT_PUBLIC_KEY must not both be set.')
    if (production) {
      claim(sources > 0, 'JWT_JWKS_URL or JWT_PUBLIC_KEY is required in production, where development tokens are not allowed.')
      claim(!url || url.startsWith('https:'), 'JWT_JWKS_URL must be https in production.')
    }
    if (production || sources > 0) {
      const why = production ? 'in production' : 'with JWT_JWKS_URL or JWT_PUBLIC_KEY'
      claim(isSet('JWT_ISSUER'), `JWT_ISSUER is required ${why}.`)
      claim(isSet('JWT_AUDIENCE'), `JWT_AUDIENCE is required ${why}.`)
    }
    if (isSet('JWT_PUBLIC_KEY')) checkPublicKey(pem)
    return url ? { kind: 'jwks', url } : pem ? { kind: 'public_key', pem } : { kind: 'development' }
  }

  function checkPublicKey(pem: string): void {
    const algorithm = algorithmOf(pem)
    if (!algorithm)
      problems.push('JWT_PUBLIC_KEY must be a public key in PEM format: RSA of at least 2048 bits, P-256 or Ed25519.')
    else if (isSet('JWT_ALGORITHMS'))
      claim(
        env['JWT_ALGORITHMS']!.includes(algorithm),
        `JWT_ALGORITHMS must include ${algorithm}, the algorithm of JWT_PUBLIC_KEY.`,
      )
  }

  function readKeyRings(): Config['keys'] {
    const names = ['MASTER_KEYS', 'INDEX_KEYS', 'CURSOR_KEYS'] as const
    const rings = names.map(read)
    if (!production && !names.some(isSet)) return 'development'
    const why = production
      ? 'in production, where development keys are not allowed'
      : 'where another of MASTER_KEYS, INDEX_KEYS and CURSOR_KEYS is set'
    for (const name of names) claim(isSet(name), `${name} is required ${why}.`)
    const all = rings.flatMap((ring) => ring ?? []).map(({ key }) => key.toString('hex'))
    claim(new Set(all).size === all.length, 'MASTER_KEYS, INDEX_KEYS and CURSOR_KEYS must not contain the same key twice.')
    const [master = [], index = [], cursor = []] = rings
    return { master, index, cursor }
  }
}

/** Host, port and name of a database, written in one way. */
function databaseOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? (/^(127\.0\.0\.1|\[::1\])$/.test(hostname) ? 'localhost' : hostname.toLowerCase())
  return `${host}:${port || searchParams.get('port') || '5432'}${pathname}`
}

function algorithmOf(pem: string): Algorithm | undefined {
  const key = publicKey(pem)
  const { modulusLength = 0, namedCurve } = key?.asymmetricKeyDetails ?? {}
  if (key?.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return 'RS256'
  if (key?.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256'
  return key?.asymmetricKeyType === 'ed25519' ? 'EdDSA' : undefined
}

function publicKey(pem: string): KeyObject | undefined {
  // createPublicKey also derives the public half of a private key, which must not be handed to the service at all.
  if (!pem.includes('PUBLIC KEY')) return undefined
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}
