import { afterEach, describe, expect, test } from 'vitest'
import { isTokenRefusal } from '../../src/tokens/refusal.ts'
import type { TokenVerifier } from '../../src/tokens/verifier.ts'
import { keyServer, signingKey, type KeyServer } from './key-server.ts'
import { claims, clock, token, verifier } from './tokens.ts'

const first = signingKey('ES256', 'first')
const second = signingKey('EdDSA', 'second')
const third = signingKey('RS256', 'third')
const staff = { kind: 'staff', number: 'E1001' }
const servers: KeyServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serving(keys: readonly unknown[]): Promise<KeyServer> {
  const server = await keyServer(keys)
  servers.push(server)
  return server
}

interface Setup {
  readonly server: KeyServer
  readonly by: TokenVerifier
  readonly pass: (seconds: number) => void
  readonly warnings: string[]
}

async function setup(keys: readonly unknown[], timeout = 60_000): Promise<Setup> {
  const server = await serving(keys)
  const { now, pass } = clock()
  const warnings: string[] = []
  const log = { warn: (_fields: object, message: string) => void warnings.push(message) }
  return { server, pass, warnings, by: verifier({ keys: { kind: 'jwks', url: server.url, timeout }, now, log }) }
}

let serial = 0
/** A token of an hour that no cache has seen. */
function fresh(key: typeof first, header = {}): Promise<string> {
  serial += 1
  return token(key, { ...claims, exp: (claims['exp'] as number) + 90_000, jti: String(serial) }, header)
}

async function outcome(by: TokenVerifier, bearer: string): Promise<string> {
  return by.verify(bearer).then(
    (caller) => caller.kind,
    (error: unknown) => (isTokenRefusal(error) ? error.reason : String(error)),
  )
}

describe('the keys of an issuer', () => {
  test('are read once for many tokens at once, of every kind of key', async () => {
    const { server, by } = await setup([first.jwk, second.jwk, third.jwk])
    const bearers = await Promise.all([first, second, third, first, second, third].map((key) => fresh(key)))
    const callers = await Promise.all(bearers.map((bearer) => by.verify(bearer)))
    expect(callers).toEqual(bearers.map(() => staff))
    expect(server.requests()).toBe(1)
  })

  test('are read again after ten minutes, and a withdrawn key is refused then', async () => {
    const { server, by, pass } = await setup([first.jwk, second.jwk])
    await by.verify(await fresh(first))
    server.publish([second.jwk])
    pass(599)
    await expect(outcome(by, await fresh(first))).resolves.toBe('staff')
    expect(server.requests()).toBe(1)
    pass(1)
    await expect(outcome(by, await fresh(first))).resolves.toBe('unknown_key')
    await expect(outcome(by, await fresh(second))).resolves.toBe('staff')
    expect(server.requests()).toBe(2)
  })

  test('are read again at once for a new key id', async () => {
    const { server, by } = await setup([first.jwk])
    await by.verify(await fresh(first))
    server.publish([first.jwk, second.jwk])
    await expect(outcome(by, await fresh(second))).resolves.toBe('staff')
    expect(server.requests()).toBe(2)
  })

  test('are read at most once a minute for unknown key ids', async () => {
    const { server, by, pass } = await setup([first.jwk])
    await by.verify(await fresh(first))
    const unknown = await Promise.all(Array.from({ length: 20 }, (_, index) => fresh(second, { kid: `unknown-${index}` })))
    for (const bearer of unknown) await expect(outcome(by, bearer)).resolves.toBe('unknown_key')
    await Promise.all(unknown.map((bearer) => outcome(by, bearer)))
    expect(server.requests()).toBe(2)
    pass(59)
    await expect(outcome(by, await fresh(second))).resolves.toBe('unknown_key')
    expect(server.requests()).toBe(2)
    pass(1)
    await expect(outcome(by, await fresh(second))).resolves.toBe('unknown_key')
    expect(server.requests()).toBe(3)
  })

  test('are not read twice for a token with an unknown key id that comes first', async () => {
    const { server, by } = await setup([first.jwk])
    await expect(outcome(by, await fresh(second))).resolves.toBe('unknown_key')
    expect(server.requests()).toBe(1)
  })

  test.each<[string, (server: KeyServer) => void, number?]>([
    ['an error', (server) => server.answerWith((_request, response) => response.writeHead(500).end('secret'))],
    ['no JSON', (server) => server.answerWith((_request, response) => response.end('<html>'))],
    ['JSON of another shape', (server) => server.answerWith((_request, response) => response.end('{"keys":{}}'))],
    ['no end', (server) => server.answerWith((_request, response) => response.write('{"keys":[')), 5_000],
    ['nothing', (server) => server.answerWith(() => undefined), 5_000],
    [
      'too much',
      (server) =>
        server.answerWith((_request, response) =>
          response.end(JSON.stringify({ keys: [first.jwk], padding: 'x'.repeat(300_000) })),
        ),
    ],
    ['too many keys', (server) => server.publish(Array.from({ length: 101 }, () => first.jwk))],
    ['a broken connection', (server) => server.answerWith((request) => request.socket.destroy())],
  ])('go on serving while the issuer answers with %s, and the next attempt waits a minute', async (_what, fail, timeout) => {
    const { server, by, pass, warnings } = await setup([first.jwk], timeout)
    await by.verify(await fresh(first))
    fail(server)
    pass(600)
    await expect(outcome(by, await fresh(first))).resolves.toBe('staff')
    await expect(outcome(by, await fresh(first))).resolves.toBe('staff')
    expect(server.requests()).toBe(2)
    expect(warnings).toEqual(['The key set of the token issuer could not be read.'])
    pass(60)
    server.publish([second.jwk])
    await expect(outcome(by, await fresh(first))).resolves.toBe('unknown_key')
    expect(server.requests()).toBe(3)
  })

  test('stop serving after a day without any answer', async () => {
    const { server, by, pass } = await setup([first.jwk])
    await by.verify(await fresh(first))
    server.answerWith((_request, response) => response.writeHead(503).end())
    pass(86_399)
    await expect(outcome(by, await fresh(first))).resolves.toBe('staff')
    pass(1)
    await expect(outcome(by, await fresh(first))).resolves.toBe('keys_unavailable')
  })

  test('that were never read make the service say so, and are asked for again after five seconds', async () => {
    const { server, by, pass } = await setup([first.jwk])
    server.answerWith((_request, response) => response.writeHead(503).end())
    await expect(outcome(by, await fresh(first))).resolves.toBe('keys_unavailable')
    await expect(outcome(by, await fresh(first))).resolves.toBe('keys_unavailable')
    expect(server.requests()).toBe(1)
    server.publish([first.jwk])
    pass(5)
    await expect(outcome(by, await fresh(first))).resolves.toBe('staff')
  })

  test('are not taken from where a redirect leads', async () => {
    const elsewhere = await serving([first.jwk])
    const { server, by } = await setup([])
    server.answerWith((_request, response) => response.writeHead(302, { location: elsewhere.url }).end())
    await expect(outcome(by, await fresh(first))).resolves.toBe('keys_unavailable')
    expect(elsewhere.requests()).toBe(0)
  })

  test('leave out encryption keys, secrets, unknown kinds, weak keys and algorithms that are not allowed', async () => {
    const { server, by, warnings } = await setup([
      null,
      'key',
      { kty: 'oct', k: 'c2VjcmV0', kid: 'first', alg: 'HS256' },
      { kty: 'future', kid: 'first' },
      { ...first.jwk, use: 'enc' },
      { ...first.jwk, key_ops: ['deriveKey'] },
      { ...first.jwk, alg: 'ES384' },
      { ...first.jwk, x: 'AAAA' },
      { ...first.jwk, kid: 1 },
    ])
    await expect(outcome(by, await fresh(first))).resolves.toBe('unknown_key')
    expect(warnings).toEqual(['The key set of the token issuer contains no key for the allowed algorithms.'])
    const onlyRsa = verifier({ keys: { kind: 'jwks', url: server.url }, algorithms: ['RS256'] })
    server.publish([first.jwk, third.jwk])
    await expect(outcome(onlyRsa, await fresh(third))).resolves.toBe('staff')
    await expect(outcome(onlyRsa, await fresh(first))).resolves.toBe('algorithm_refused')
  })

  test('need a key id only where the algorithm leaves a choice', async () => {
    const another = signingKey('ES256', 'another')
    const { server, by, pass } = await setup([first.jwk, second.jwk])
    await expect(outcome(by, await fresh(first, { kid: undefined }))).resolves.toBe('staff')
    server.publish([first.jwk, another.jwk])
    pass(600)
    await expect(outcome(by, await fresh(first, { kid: undefined }))).resolves.toBe('unknown_key')
    await expect(outcome(by, await fresh(first))).resolves.toBe('staff')
  })

  test('are not mixed up: a key id of one algorithm does not serve another', async () => {
    const { by } = await setup([first.jwk, second.jwk])
    await expect(outcome(by, await fresh(first, { kid: 'second' }))).resolves.toBe('unknown_key')
  })
})
