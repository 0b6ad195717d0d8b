import { SignJWT } from 'jose'
import { createTokenVerifier, type TokenVerifier, type TokenVerifierOptions } from '../../src/tokens/verifier.ts'
import type { SigningKey } from './key-server.ts'

export const issuer = 'https://login.bank.example'
export const audience = 'guanxi'
/** Seconds since 1970 at which the tests begin. */
export const start = 1_790_000_000

export interface Clock {
  readonly now: () => number
  readonly pass: (seconds: number) => void
}

export function clock(): Clock {
  let at = start * 1000
  return { now: () => at, pass: (seconds) => (at += seconds * 1000) }
}

export type Claims = Readonly<Record<string, unknown>>

export const claims: Claims = { iss: issuer, aud: audience, sub: 'E1001', iat: start, exp: start + 600 }

/** Signs claims as they are; header fields given here replace the usual ones, and undefined removes one. */
export function token(key: SigningKey, payload: Claims = claims, header: Claims = {}): Promise<string> {
  const { privateKey } = key
  return new SignJWT({ ...payload })
    .setProtectedHeader({ alg: key.algorithm, kid: key.keyId, typ: 'JWT', ...header })
    .sign(privateKey)
}

/** A compact token of any header and payload with a signature made by `sign`. */
export function handmade(header: unknown, payload: unknown, sign: (input: string) => Buffer = () => Buffer.alloc(0)): string {
  const input = `${encoded(header)}.${encoded(payload)}`
  return `${input}.${sign(input).toString('base64url')}`
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export function verifier(options: Pick<TokenVerifierOptions, 'keys'> & Partial<TokenVerifierOptions>): TokenVerifier {
  return createTokenVerifier({
    issuer,
    audience,
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    staffClaim: 'sub',
    clientClaim: 'client_id',
    now: clock().now,
    ...options,
  })
}

export function pem(key: SigningKey): string {
  return key.publicKey.export({ format: 'pem', type: 'spki' }).toString()
}
