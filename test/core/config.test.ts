import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type ConfigurationError, readConfig } from '../../src/config.ts'
import { settings } from '../../src/settings.ts'

type Environment = Record<string, string | undefined>

const key = (id = 'k1') => `${id}:${randomBytes(32).toString('base64')}`
const publicKey = (pair: { publicKey: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer } }) =>
  pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()

const database = { DATABASE_URL: 'postgres://app:secret@db/guanxi', MIGRATION_DATABASE_URL: 'postgres://owner:secret@db/guanxi' }
const tokens = { JWT_ISSUER: 'https://id.bank.example', JWT_AUDIENCE: 'crm', JWT_JWKS_URL: 'https://id.bank.example/jwks' }
const rings = () => ({ MASTER_KEYS: key(), INDEX_KEYS: key(), CURSOR_KEYS: key() })
const production = () => ({ NODE_ENV: 'production', ...database, ...tokens, ...rings() })

function problems(env: Environment): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    return (error as ConfigurationError).problems
  }
}

describe('the configuration', () => {
  test('of an empty environment is a development service with everything embedded', () => {
    expect(readConfig({})).toMatchObject({
      environment: 'development',
      host: '127.0.0.1',
      port: 3000,
      database: { kind: 'embedded', folder: '.guanxi' },
      demoCustomers: 5000,
      baseCurrency: 'CNY',
      timeZone: 'Asia/Shanghai',
      calendar: 'CN',
      jwt: {
        algorithms: ['RS256', 'ES256', 'EdDSA'],
        keys: { kind: 'development' },
        staffClaim: 'sub',
        clientClaim: 'client_id',
      },
      keys: 'development',
      rateLimit: { max: 6000, windowSeconds: 60 },
      graphqlFreeQueries: true,
      graphiql: true,
      workers: 'in_process',
      trustProxy: false,
    })
  })

  test('takes an empty setting for an absent one and ignores unknown ones', () => {
    expect(readConfig({ PORT: ' ', DATABASE_URL: '', SHELL: '/bin/sh', PORTT: 'x' })).toEqual(readConfig({}))
  })

  test('of production has closed defaults', () => {
    expect(readConfig(production())).toMatchObject({
      environment: 'production',
      database: { kind: 'external', url: database.DATABASE_URL, migrationUrl: database.MIGRATION_DATABASE_URL },
      demoCustomers: 0,
      graphqlFreeQueries: false,
      graphiql: false,
      jwt: { keys: { kind: 'jwks', url: tokens.JWT_JWKS_URL } },
    })
  })

  test('keeps the order of keys, the current one first', () => {
    const { keys } = readConfig({ ...rings(), MASTER_KEYS: `${key('new')}, ${key('old_1')}` })
    expect(keys === 'development' ? [] : keys.master.map(({ id, key: bytes }) => [id, bytes.length])).toEqual([
      ['new', 32],
      ['old_1', 32],
    ])
  })

  test('takes a public key whose line ends are escaped', () => {
    const pem = publicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
    const { jwt } = readConfig({ JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n'), JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' })
    expect(jwt.keys).toEqual({ kind: 'public_key', pem })
  })

  test.each([
    ['true', true],
    ['2', 2],
    ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  ])('reads TRUST_PROXY=%s', (text, expected) => {
    expect(readConfig({ TRUST_PROXY: text }).trustProxy).toEqual(expected)
  })
})

describe('a wrong setting', () => {
  test.each<[string, string]>([
    ['NODE_ENV', 'prod'],
    ['PORT', '70000'],
    ['PORT', '30x'],
    ['DATABASE_URL', 'mysql://app@db/guanxi'],
    ['DATABASE_URL', 'postgres://db/guanxi'],
    ['MIGRATION_DATABASE_URL', 'postgres://owner@db'],
    ['DEMO_CUSTOMERS', '-1'],
    ['LOG_LEVEL', 'loud'],
    ['BASE_CURRENCY', 'RMB'],
    ['TIME_ZONE', 'Asia/Peking2'],
    ['TIME_ZONE', '+08:00'],
    ['CALENDAR', 'DE'],
    ['JWT_ALGORITHMS', 'RS256,none'],
    ['JWT_ALGORITHMS', 'HS256'],
    ['JWT_JWKS_URL', 'ftp://id.bank.example'],
    ['MASTER_KEYS', 'k1:dG9vIHNob3J0'],
    ['INDEX_KEYS', `a b:${randomBytes(32).toString('base64')}`],
    ['CURSOR_KEYS', `${key('twice')},${key('twice')}`],
    ['POOL_SIZE', '0'],
    ['FAST_LANE_CONNECTIONS', '1.5'],
    ['STATEMENT_TIMEOUT_MS', '1'],
    ['FAST_LANE_TIMEOUT_MS', '90000'],
    ['BODY_LIMIT_BYTES', '1MiB'],
    ['REQUEST_TIMEOUT_MS', '0'],
    ['RATE_LIMIT_MAX', '-5'],
    ['RATE_LIMIT_WINDOW_SECONDS', '0'],
    ['GRAPHQL_FREE_QUERIES', 'yes'],
    ['GRAPHIQL', '1'],
    ['WORKERS', 'many'],
    ['TRUST_PROXY', '10.0.0.0/33'],
  ])('is named: %s=%s', (name, value) => {
    expect(problems({ [name]: value })).toContainEqual(expect.stringMatching(new RegExp(`^${name} must `)))
  })

  test('never shows its value', () => {
    const secret = 'postgres://app:hunter2@'
    expect(() => readConfig({ DATABASE_URL: secret, MASTER_KEYS: 'hunter2' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    )
  })

  test('is reported together with all the others', () => {
    const found = problems({ PORT: 'x', BASE_CURRENCY: 'x', TIME_ZONE: 'x', WORKERS: 'x', MASTER_KEYS: 'x' })
    expect(found.map((problem) => problem.split(' ')[0])).toEqual([
      'PORT',
      'BASE_CURRENCY',
      'TIME_ZONE',
      'MASTER_KEYS',
      'INDEX_KEYS',
      'CURSOR_KEYS',
      'WORKERS',
    ])
  })
})

describe('settings that belong together', () => {
  const same = key()
  const rsa = (modulusLength: number) => publicKey(generateKeyPairSync('rsa', { modulusLength }))
  const signed = { JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' }
  test.each<[string, Environment, string]>([
    ['the service role without the owner', { DATABASE_URL: database.DATABASE_URL }, 'MIGRATION_DATABASE_URL'],
    ['the owner without the service role', { MIGRATION_DATABASE_URL: database.MIGRATION_DATABASE_URL }, 'DATABASE_URL'],
    ['one role for both', { ...database, DATABASE_URL: database.MIGRATION_DATABASE_URL }, 'DATABASE_URL'],
    ['two sources of token keys', { ...tokens, JWT_PUBLIC_KEY: rsa(2048) }, 'JWT_JWKS_URL'],
    ['a token key without issuer', { JWT_JWKS_URL: tokens.JWT_JWKS_URL, JWT_AUDIENCE: 'a' }, 'JWT_ISSUER'],
    ['a token key without audience', { JWT_JWKS_URL: tokens.JWT_JWKS_URL, JWT_ISSUER: 'i' }, 'JWT_AUDIENCE'],
    ['a short RSA key', { ...signed, JWT_PUBLIC_KEY: rsa(1024) }, 'JWT_PUBLIC_KEY'],
    ['no key at all', { ...signed, JWT_PUBLIC_KEY: 'secret' }, 'JWT_PUBLIC_KEY'],
    [
      'a key of an algorithm that is not accepted',
      { ...signed, JWT_PUBLIC_KEY: publicKey(generateKeyPairSync('ed25519')), JWT_ALGORITHMS: 'RS256' },
      'JWT_ALGORITHMS',
    ],
    ['one key ring without the others', { MASTER_KEYS: key(), INDEX_KEYS: key() }, 'CURSOR_KEYS'],
    ['one key in two rings', { ...rings(), MASTER_KEYS: same, INDEX_KEYS: same }, 'MASTER_KEYS'],
    ['a fast lane slower than the rest', { STATEMENT_TIMEOUT_MS: '1000', FAST_LANE_TIMEOUT_MS: '2000' }, 'FAST_LANE_TIMEOUT_MS'],
  ])('are refused: %s', (_, env, name) => {
    expect(problems(env)).toEqual([expect.stringMatching(new RegExp(`^${name}\\b`))])
  })

  test('refuse a private key in the place of a public one', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    expect(problems({ ...signed, JWT_PUBLIC_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() })).toHaveLength(
      1,
    )
  })
})

describe('production', () => {
  test.each<[string, Environment, readonly string[]]>([
    ['the embedded database', { DATABASE_URL: '', MIGRATION_DATABASE_URL: '' }, ['DATABASE_URL', 'MIGRATION_DATABASE_URL']],
    ['development tokens', { JWT_JWKS_URL: '' }, ['JWT_JWKS_URL']],
    ['tokens of any issuer', { JWT_ISSUER: '', JWT_AUDIENCE: '' }, ['JWT_ISSUER', 'JWT_AUDIENCE']],
    ['token keys over http', { JWT_JWKS_URL: 'http://id.bank.example/jwks' }, ['JWT_JWKS_URL']],
    ['missing keys', { MASTER_KEYS: '', INDEX_KEYS: '', CURSOR_KEYS: '' }, ['MASTER_KEYS', 'INDEX_KEYS', 'CURSOR_KEYS']],
    ['one missing key', { CURSOR_KEYS: '' }, ['CURSOR_KEYS']],
    ['GraphiQL', { GRAPHIQL: 'true' }, ['GRAPHIQL']],
    ['demo customers', { DEMO_CUSTOMERS: '10' }, ['DEMO_CUSTOMERS']],
  ])('refuses %s', (_, change, names) => {
    expect(problems({ ...production(), ...change }).map((problem) => problem.split(' ')[0])).toEqual(names)
  })

  test('says everything that a bare environment lacks', () => {
    expect(problems({ NODE_ENV: 'production' })).toHaveLength(8)
  })
})

test('the table of settings names each once, with a meaning', () => {
  expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length)
  expect(settings.filter(({ meaning }) => meaning === '')).toEqual([])
})
