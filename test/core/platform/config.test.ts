import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type ConfigurationError, readConfig } from '../../../src/start/config.ts'
import { openFolder } from '../../../src/start/data-folder.ts'
import { settings } from '../../../src/start/settings.ts'

type Environment = Record<string, string | undefined>

const key = (id = 'k1') => `${id}:${randomBytes(32).toString('base64')}`
const publicKey = (pair: { publicKey: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer } }) =>
  pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()

const database = { DATABASE_URL: 'postgres://app:secret@db/guanxi', MIGRATION_DATABASE_URL: 'postgres://owner:secret@db/guanxi' }
const tokens = { JWT_ISSUER: 'https://id.bank.example', JWT_AUDIENCE: 'crm', JWT_JWKS_URL: 'https://id.bank.example/jwks' }
const rings = () => ({ MASTER_KEYS: key(), INDEX_KEYS: key(), CURSOR_KEYS: key() })
const production = () => ({ NODE_ENV: 'production', ...database, ...tokens, ...rings() })

const folders: string[] = []

function temporaryFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'guanxi-config-')))
  return folders.at(-1)!
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

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

describe('HOST', () => {
  test.each(['0.0.0.0', '::', 'localhost', 'crm-1.bank.example'])('may be %s', (host) => {
    expect(readConfig({ HOST: host }).host).toBe(host)
  })
})

describe('DATABASE_URL and MIGRATION_DATABASE_URL', () => {
  test('may write the same database in two ways', () => {
    const [service, owner] = ['postgres://app:a@127.0.0.1/guanxi', 'postgresql://owner:b@localhost:5432/guanxi']
    expect(problems({ DATABASE_URL: service, MIGRATION_DATABASE_URL: owner })).toEqual([])
  })
})

describe('GRAPHQL_DOCUMENTS', () => {
  const written = (content: string): string => {
    const file = join(temporaryFolder(), 'documents.json')
    writeFileSync(file, content)
    return file
  }

  test('is read with the settings', () => {
    const documents = { first: '{ customers(first: 3) { nodes { id name } } }' }
    expect([...readConfig({ GRAPHQL_DOCUMENTS: written(JSON.stringify(documents)) }).graphqlDocuments]).toEqual(
      Object.entries(documents),
    )
    expect(readConfig({}).graphqlDocuments.size).toBe(0)
  })

  test.each<[string, string]>([
    ['no JSON', 'query { customers }'],
    ['a list', '["{ customers { nodes { id } } }"]'],
    ['no texts', '{ "first": { "query": "{ customers { nodes { id } } }" } }'],
    ['a document that is not GraphQL', '{ "first": "{" }'],
    ['a document that the schema does not know', '{ "good": "{ __typename }", "bad": "{ customers { nodes { shoeSize } } }" }'],
  ])('is refused where it holds %s', (_, content) => {
    expect(problems({ GRAPHQL_DOCUMENTS: written(content), PORT: 'x' })).toEqual([
      expect.stringMatching(/^PORT must /),
      expect.stringMatching(/^GRAPHQL_DOCUMENTS must /),
    ])
  })

  test('is refused where there is no such file, and names the documents that are not valid', () => {
    expect(problems({ GRAPHQL_DOCUMENTS: '/nope' })).toEqual([
      'GRAPHQL_DOCUMENTS must name a readable JSON file: /nope cannot be read (ENOENT).',
    ])
    const [problem] = problems({ GRAPHQL_DOCUMENTS: written('{ "bad": "{ customers { nodes { shoeSize } } }" }') })
    expect(problem).toContain('"bad": Cannot query field "shoeSize" on type "Customer".')
  })
})

describe('DATA_DIR', () => {
  test('is made at the start and not before', () => {
    const folder = join(temporaryFolder(), 'not', 'yet')
    expect(problems({ DATA_DIR: folder })).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })

  test('is refused where it is a file, or lies below one, and something is kept in it', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    for (const folder of [file, join(file, 'below')])
      expect(problems({ DATA_DIR: folder })).toEqual([
        `DATA_DIR must be a writable folder, or one that can be created: ${file} is a file.`,
      ])
    expect(problems({ ...production(), DATA_DIR: file })).toEqual([])
  })

  test('is refused by whoever cannot write to it, at the start', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    for (const folder of [join(file, 'below'), '/proc/nothing'])
      expect(await openFolder(folder), folder).toEqual(expect.any(String))
    const wanted = join(temporaryFolder(), 'a', 'b')
    expect(await openFolder(wanted)).toBeUndefined()
    expect(readdirSync(wanted)).toEqual([])
  })
})

describe('a wrong setting', () => {
  test.each<[string, string]>([
    ['NODE_ENV', 'prod'],
    ['HOST', '999.1.1.1'],
    ['HOST', 'my host'],
    ['HOST', '[::1]'],
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
    [
      'two databases of one server',
      { ...database, MIGRATION_DATABASE_URL: 'postgres://owner:secret@db/other' },
      'DATABASE_URL must name the same database as MIGRATION_DATABASE_URL: it names db:5432/guanxi, the other db:5432/other',
    ],
    ['databases of two servers', { ...database, DATABASE_URL: 'postgres://app:secret@db:6432/guanxi' }, 'DATABASE_URL'],
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
