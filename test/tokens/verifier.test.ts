import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTokenRefusal } from '../../src/tokens/refusal.ts'
import type { TokenVerifier } from '../../src/tokens/verifier.ts'
import { signingKey } from './key-server.ts'
import { claims, clock, handmade, pem, start, token, verifier, type Claims } from './tokens.ts'

const key = signingKey('ES256', 'first')
const otherKey = signingKey('ES256', 'first')
const keys = { kind: 'public_key', pem: pem(key) } as const

async function reasonFor(bearer: string, by: TokenVerifier = verifier({ keys })): Promise<string> {
  const refusal = await by.verify(bearer).then(
    (caller) => ({ accepted: caller }),
    (error: unknown) => error,
  )
  return isTokenRefusal(refusal) ? refusal.reason : JSON.stringify(refusal)
}

describe('a bearer token', () => {
  test.each(['RS256', 'ES256', 'EdDSA'] as const)('signed with %s names its staff member', async (algorithm) => {
    const signer = signingKey(algorithm, 'only')
    const by = verifier({ keys: { kind: 'public_key', pem: pem(signer) } })
    await expect(by.verify(await token(signer))).resolves.toEqual({ kind: 'staff', number: 'E1001' })
  })

  test('is accepted from one of several audiences, with the types of RFC 7519 and RFC 9068 or none', async () => {
    const by = verifier({ keys })
    const several = { ...claims, aud: ['other', 'guanxi'] }
    await expect(by.verify(await token(key, several))).resolves.toMatchObject({ kind: 'staff' })
    for (const typ of ['at+jwt', 'application/at+JWT', 'jwt', undefined]) {
      await expect(by.verify(await token(key, claims, { typ })), String(typ)).resolves.toMatchObject({ kind: 'staff' })
    }
  })

  test.each<[string, string, Claims]>([
    ['expired', 'in its last instant', { exp: start }],
    ['expired', 'long ago', { exp: start - 3600 }],
    ['not_yet_valid', 'before nbf and its tolerance', { nbf: start + 31 }],
    ['not_yet_valid', 'issued in the future', { iat: start + 31 }],
    ['wrong_issuer', 'of another issuer', { iss: 'https://login.bank.example/' }],
    ['wrong_issuer', 'of a list of issuers', { iss: ['https://login.bank.example'] }],
    ['wrong_issuer', 'without issuer', { iss: undefined }],
    ['wrong_audience', 'for another audience', { aud: 'other' }],
    ['wrong_audience', 'for an empty list', { aud: [] }],
    ['wrong_audience', 'without audience', { aud: undefined }],
    ['malformed', 'without expiry', { exp: undefined }],
    ['malformed', 'with an expiry in words', { exp: '2099-01-01' }],
    ['malformed', 'with nbf in words', { nbf: 'now' }],
    ['malformed', 'with iat in words', { iat: 'now' }],
    ['no_subject', 'naming nobody', { sub: undefined }],
  ])('is refused as %s %s', async (reason, _when, changed) => {
    await expect(reasonFor(await token(key, { ...claims, ...changed }))).resolves.toBe(reason)
  })

  test('may come from a clock up to 30 seconds ahead', async () => {
    await expect(
      verifier({ keys }).verify(await token(key, { ...claims, iat: start + 30, nbf: start + 30 })),
    ).resolves.toMatchObject({ kind: 'staff' })
  })

  test('that never expires is refused', async () => {
    const header = Buffer.from('{"alg":"ES256"}').toString('base64url')
    const payload = Buffer.from(JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e999')).toString('base64url')
    const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
      key: key.privateKey,
      dsaEncoding: 'ieee-p1363',
    }).toString('base64url')
    await expect(reasonFor(`${header}.${payload}.${signature}`)).resolves.toBe('malformed')
  })

  test('changed after signing, or signed by another key, is refused', async () => {
    const [header, , signature] = (await token(key)).split('.')
    const payload = Buffer.from(JSON.stringify({ ...claims, sub: 'E0001' })).toString('base64url')
    await expect(reasonFor(`${header}.${payload}.${signature}`)).resolves.toBe('bad_signature')
    await expect(reasonFor(await token(otherKey))).resolves.toBe('bad_signature')
  })

  test('without signature, with a shared secret, or of an algorithm outside the list is refused', async () => {
    const secret = pem(key)
    const hmac = handmade({ alg: 'HS256', typ: 'JWT' }, claims, (input) => createHmac('sha256', secret).update(input).digest())
    await expect(reasonFor(hmac)).resolves.toBe('algorithm_refused')
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'es256', 'PS256', 'ES384']) {
      await expect(reasonFor(handmade({ alg, typ: 'JWT' }, claims)), alg).resolves.toBe('algorithm_refused')
    }
    const onlyRsa = verifier({ keys: { kind: 'public_key', pem: pem(signingKey('RS256', 'rsa')) }, algorithms: ['RS256'] })
    await expect(reasonFor(await token(key), onlyRsa)).resolves.toBe('algorithm_refused')
    await expect(reasonFor(handmade({ alg: 'RS256' }, claims))).resolves.toBe('algorithm_refused')
  })

  test.each<[string, Claims]>([
    ['a logout token', { typ: 'logout+jwt' }],
    ['a proof of possession', { typ: 'dpop+jwt' }],
    ['a type that is no text', { typ: 1 }],
    ['critical extensions', { crit: ['exp'], exp: start }],
    ['an empty list of critical extensions', { crit: [] }],
    ['unencoded payload', { crit: ['b64'], b64: false }],
    ['a key id that is no text', { kid: { $ne: '' } }],
    ['a key id without end', { kid: 'k'.repeat(257) }],
    ['no algorithm', { alg: undefined }],
  ])('with a header of %s is refused as malformed', async (_what, changed) => {
    await expect(reasonFor(handmade({ alg: 'ES256', ...changed }, claims, () => Buffer.alloc(64)))).resolves.toBe('malformed')
  })

  test('that brings its own key or points to one is judged by ours', async () => {
    const own = { jwk: otherKey.jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/chain' }
    await expect(reasonFor(await token(otherKey, claims, own))).resolves.toBe('bad_signature')
  })

  test('that is missing, no token or too long is refused', async () => {
    await expect(reasonFor('')).resolves.toBe('missing')
    for (const bearer of ['x', 'a.b', 'a.b.c', 'a.b.c.d.e', '..', 'null.null.null', '{}.{}.{}', ' ', '\0', '秘密.秘密.秘密']) {
      await expect(reasonFor(bearer), bearer).resolves.toBe('malformed')
    }
    const long = await token(key, { ...claims, padding: 'x'.repeat(9000) })
    await expect(reasonFor(long)).resolves.toBe('malformed')
    await expect(reasonFor(handmade({ alg: 'ES256' }, ['not', 'claims'], () => Buffer.alloc(64)))).resolves.toBe('bad_signature')
  })

  test('of any shape is accepted or refused, never an error of another kind', async () => {
    const by = verifier({ keys })
    const good = await token(key)
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.string({ maxLength: 3 }))
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1))
    const built = fc.tuple(fc.jsonValue(), fc.jsonValue()).map(([header, payload]) => handmade(header, payload))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), mutated, built), async (bearer) => {
        const outcome = await by.verify(bearer).then(
          (caller) => caller.kind,
          (error: unknown) => isTokenRefusal(error),
        )
        expect([true, 'staff']).toContain(outcome)
      }),
    )
  })

  test('does not show in its refusal', async () => {
    const bearer = await token(otherKey, { ...claims, sub: 'E-secret' })
    const refusal = await verifier({ keys })
      .verify(bearer)
      .catch((error: unknown) => error as Error)
    const shown = JSON.stringify(refusal, Object.getOwnPropertyNames(refusal)) + String((refusal as Error).cause)
    for (const part of [...bearer.split('.'), 'E-secret', 'first']) expect(shown).not.toContain(part)
  })
})

describe('a verified token', () => {
  test('is known at once for a minute', async () => {
    const { now, pass } = clock()
    const by = verifier({ keys, now })
    const bearer = await token(key)
    expect(by.verifyCached(bearer)).toBeUndefined()
    const caller = await by.verify(bearer)
    pass(59.999)
    expect(by.verifyCached(bearer)).toEqual(caller)
    pass(0.001)
    expect(by.verifyCached(bearer)).toBeUndefined()
  })

  test('is forgotten when it expires', async () => {
    const { now, pass } = clock()
    const by = verifier({ keys, now })
    const bearer = await token(key, { ...claims, exp: start + 10 })
    await by.verify(bearer)
    pass(9.999)
    expect(by.verifyCached(bearer)).toEqual({ kind: 'staff', number: 'E1001' })
    pass(0.001)
    expect(by.verifyCached(bearer)).toBeUndefined()
    await expect(reasonFor(bearer, by)).resolves.toBe('expired')
  })

  test('stands for itself only: another signature over the same claims is verified anew', async () => {
    const by = verifier({ keys })
    const bearer = await token(key)
    await by.verify(bearer)
    expect(by.verifyCached(`${bearer}A`)).toBeUndefined()
    await expect(reasonFor(await token(otherKey), by)).resolves.toBe('bad_signature')
  })

  test('that was refused is not remembered', async () => {
    const by = verifier({ keys })
    const bearer = await token(key, { ...claims, sub: undefined })
    await expect(reasonFor(bearer, by)).resolves.toBe('no_subject')
    expect(by.verifyCached(bearer)).toBeUndefined()
  })
})

describe('the settings of tokens', () => {
  test('are refused when they cannot work', () => {
    expect(() => verifier({ keys, algorithms: [] })).toThrow('allowed token algorithms')
    expect(() => verifier({ keys, algorithms: ['HS256' as 'RS256'] })).toThrow('allowed token algorithms')
    expect(() => verifier({ keys, algorithms: ['RS256'] })).toThrow('matches none of the allowed algorithms (RS256)')
    expect(() => verifier({ keys, audience: '' })).toThrow('audience')
    expect(() => verifier({ keys, clientClaim: 'sub' })).toThrow('must differ')
    expect(() => verifier({ keys: { kind: 'public_key', pem: 'nonsense' } })).toThrow('matches none')
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    expect(() =>
      verifier({ keys: { kind: 'public_key', pem: publicKey.export({ format: 'pem', type: 'spki' }).toString() } }),
    ).toThrow('2048 bits')
    expect(() =>
      verifier({ keys: { kind: 'public_key', pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() } }),
    ).toThrow('public key')
  })
})
