import { isIP } from 'node:net'
import { readDocuments } from '../graphql/documents.ts'

/** Whether a setting's text is right: the value it stands for, or throws an Error whose message is the rule. */
type Reader<T> = (text: string) => T

interface Definition<T> {
  readonly default: string
  readonly meaning: string
  readonly read: Reader<T>
}

/** A key of 32 bytes with the id under which it is stored beside what it protects. */
export interface NamedKey {
  readonly id: string
  readonly key: Buffer
}

const algorithms = ['RS256', 'ES256', 'EdDSA'] as const
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const rule = (message: string): never => {
  throw new Error(message)
}

const text: Reader<string> = (value) => value

const integer =
  (least: number, most: number): Reader<number> =>
  (value) =>
    /^\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most
      ? Number(value)
      : rule(`must be an integer from ${least} to ${most}`)

const oneOf =
  <const T extends string>(...choices: readonly T[]): Reader<T> =>
  (value) =>
    choices.find((choice) => choice === value) ?? rule(`must be one of ${choices.join(', ')}`)

const flag: Reader<boolean> = (value) => (value === 'true' ? true : value === 'false' ? false : rule('must be true or false'))

const optional =
  <T>(read: Reader<T>): Reader<T | undefined> =>
  (value) =>
    value === '' ? undefined : read(value)

const currency: Reader<string> = (value) =>
  Intl.supportedValuesOf('currency').includes(value) ? value : rule('must be the ISO 4217 code of a currency, such as CNY')

const timeZone: Reader<string> = (value) => {
  try {
    // Offsets such as +08:00 pass Intl but are no zones: they know no summer time.
    if (/^[A-Za-z]/.test(value)) return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone
  } catch {}
  return rule('must be an IANA time zone name, such as Asia/Shanghai')
}

const databaseUrl: Reader<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const right = url && /^postgres(ql)?:$/.test(url.protocol) && url.username && url.pathname.length > 1
  return right ? value : rule('must be postgres://user[:password]@host[:port]/database')
}

const host: Reader<string> = (value) => {
  const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
  // What ends in a number is meant to be an address and is none.
  const named = new RegExp(`^(${label}\\.)*${label}$`).test(value) && !/(^|\.)\d+$/.test(value)
  return isIP(value) !== 0 || named ? value : rule('must be an IP address or a host name, such as 127.0.0.1, :: or localhost')
}

const webUrl: Reader<string> = (value) =>
  URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) ? value : rule('must be an http(s) URL')

const algorithmList: Reader<readonly (typeof algorithms)[number][]> = (value) =>
  value.split(',').map((name) => oneOf(...algorithms)(name.trim()))

const keyList: Reader<readonly NamedKey[]> = (value) => {
  const keys = value.split(',').map((entry): NamedKey => {
    const [, id = '', encoded = ''] =
      /^\s*([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)\s*$/.exec(entry) ??
      rule('must be id:base64[,id:base64…], each id of 1 to 32 letters, digits, _ or -, each key of 32 bytes')
    return { id, key: Buffer.from(encoded, 'base64') }
  })
  if (new Set(keys.map(({ id }) => id)).size < keys.length) rule('must not contain an ID twice')
  return keys
}

const address = (value: string): boolean => {
  const [host = '', bits, ...rest] = value.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(host)] ?? -1
  return most > 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

/** Where pages come from: scheme, host and port, as browsers send it. */
const origins: Reader<readonly string[]> = (value) => {
  const listed = value.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]))
  const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text
  return listed.every(isOrigin)
    ? listed
    : rule('must be origins separated by commas, such as https://crm.bank.example, in lower case and without a path')
}

const trustProxy: Reader<boolean | number | readonly string[]> = (value) => {
  if (value === 'true' || value === 'false') return value === 'true'
  if (/^[1-9]$/.test(value)) return Number(value)
  const addresses = value.split(',').map((entry) => entry.trim())
  return addresses.every(address)
    ? addresses
    : rule('must be true, false, a number of hops from 1 to 9, or addresses and networks separated by commas')
}

const define = <T>(fallback: string, read: Reader<T>, meaning: string): Definition<T> => ({ default: fallback, read, meaning })

/** Every setting, in the order of the table in docs/guides/settings.md. A default is written as it would be set; '' stands for none. */
export const definitions = {
  NODE_ENV: define(
    'development',
    oneOf('production', 'development', 'test'),
    '`production` refuses the embedded database, development tokens and keys, and demo data',
  ),
  HOST: define('127.0.0.1', host, 'address to listen on'),
  PORT: define('3000', integer(0, 65_535), 'port to listen on; 0 uses any free port'),
  DATABASE_URL: define(
    '',
    optional(databaseUrl),
    'PostgreSQL as the service role; without it an embedded PostgreSQL starts in `DATA_DIR`',
  ),
  MIGRATION_DATABASE_URL: define(
    '',
    optional(databaseUrl),
    'the same database as the owner of its tables, with another role than the service; required with `DATABASE_URL`',
  ),
  DATA_DIR: define('.guanxi', text, 'folder of the embedded PostgreSQL and of the development keys'),
  DEMO_CUSTOMERS: define(
    '5000',
    integer(0, 10_000_000),
    'customers of the demo bank loaded into an empty database; 0 loads none; 0 in production',
  ),
  LOG_LEVEL: define('info', oneOf(...logLevels), logLevels.join(', ')),
  BASE_CURRENCY: define('CNY', currency, 'base currency of the bank, ISO 4217'),
  TIME_ZONE: define('Asia/Shanghai', timeZone, 'IANA time zone of institutions that set none'),
  CALENDAR: define('CN', oneOf('CN', 'none'), 'public holidays and make-up working days; `none`: weekends only'),
  JWT_ISSUER: define('', text, 'required issuer (`iss`) of tokens'),
  JWT_AUDIENCE: define('', text, 'required audience (`aud`) of tokens'),
  JWT_ALGORITHMS: define('RS256,ES256,EdDSA', algorithmList, 'signature algorithms accepted, separated by commas'),
  JWT_JWKS_URL: define('', optional(webUrl), 'where the identity provider publishes its keys; https in production'),
  JWT_PUBLIC_KEY: define('', text, 'one public key in PEM format instead of `JWT_JWKS_URL`; line ends may be written as `\\n`'),
  JWT_STAFF_CLAIM: define('sub', text, 'claim with the staff number'),
  JWT_CLIENT_CLAIM: define('client_id', text, 'claim with the client ID'),
  MASTER_KEYS: define(
    '',
    optional(keyList),
    'keys that wrap the customers’ keys, `id:base64` of 32 bytes each, separated by commas, the current one first',
  ),
  INDEX_KEYS: define('', optional(keyList), 'keys of the blind indexes, same format'),
  CURSOR_KEYS: define('', optional(keyList), 'keys that encrypt page cursors and stored responses, same format'),
  POOL_SIZE: define('10', integer(1, 500), 'connections for commands and long reads'),
  FAST_LANE_CONNECTIONS: define('2', integer(1, 50), 'shared connections for short reads'),
  STATEMENT_TIMEOUT_MS: define('30000', integer(100, 3_600_000), 'statement time-out, in milliseconds'),
  FAST_LANE_TIMEOUT_MS: define(
    '2000',
    integer(50, 60_000),
    'time-out of short reads, in milliseconds; not above `STATEMENT_TIMEOUT_MS`',
  ),
  BODY_LIMIT_BYTES: define(
    '1048576',
    integer(1024, 1_073_741_824),
    'maximum size of a request body; imports are streamed and not limited by it',
  ),
  REQUEST_TIMEOUT_MS: define(
    '60000',
    integer(1000, 3_600_000),
    'maximum time a client may take to send a request, in milliseconds',
  ),
  RATE_LIMIT_MAX: define('6000', integer(0, 10_000_000), 'requests per caller and window; 0 for no limit'),
  RATE_LIMIT_WINDOW_SECONDS: define('60', integer(1, 86_400), 'length of the window, in seconds'),
  RECOGNITIONS_PER_MINUTE: define(
    '30',
    integer(1, 100_000),
    'recognitions at the counter per caller and minute, over all instances',
  ),
  REVEALS_PER_MINUTE: define('30', integer(1, 100_000), 'revealed values per caller and minute, over all instances'),
  GRAPHQL_FREE_QUERIES: define('true', flag, 'accept GraphQL documents that are not on the allow-list; false in production'),
  GRAPHQL_DOCUMENTS: define('', optional(readDocuments), 'JSON file of persisted documents: an object of texts by ID'),
  GRAPHIQL: define('true', flag, 'serve GraphiQL; false and refused in production'),
  WORKERS: define('in_process', oneOf('in_process', 'none'), '`none` leaves scheduled and queued work to other instances'),
  TRUST_PROXY: define(
    'false',
    trustProxy,
    'trusted proxies for forwarding headers: true, false, number of hops, or addresses and networks',
  ),
  CORS_ORIGINS: define(
    '',
    origins,
    'origins whose pages in a browser may call the APIs, separated by commas, such as `https://crm.bank.example`; none by default',
  ),
} as const

/** What production takes where a setting is absent and the ordinary default would be wrong there. */
export const productionDefaults: Readonly<Record<string, string>> = {
  DEMO_CUSTOMERS: '0',
  GRAPHQL_FREE_QUERIES: 'false',
  GRAPHIQL: 'false',
}

export type SettingName = keyof typeof definitions
export type SettingValue<Name extends SettingName> = ReturnType<(typeof definitions)[Name]['read']>

/** The settings as the table in docs/guides/settings.md shows them; that one is compared with this one. */
export const settings: readonly { readonly name: string; readonly default: string; readonly meaning: string }[] = Object.entries(
  definitions,
).map(([name, { default: fallback, meaning }]) => ({ name, default: fallback, meaning }))
