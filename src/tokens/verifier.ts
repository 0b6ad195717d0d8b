import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose'
import { tokenAlgorithms, type TokenAlgorithm } from './algorithms.ts'
import { callerOf, type Caller, type CallerClaims } from './caller.ts'
import { fixedKey, publishedKeys, type KeyHint, type KeySource, type TokenLog } from './key-set.ts'
import { isTokenRefusal, tokenRefusal, type TokenRefusalReason } from './refusal.ts'
import { verifiedTokens } from './verified-tokens.ts'

/** Where the public keys come from: a published key set, a fixed key (PEM), or the key of the development issuer. Whether `http:` and `development` are allowed is for the configuration to say. */
export type TokenKeys =
  | { readonly kind: 'jwks'; readonly url: string; readonly timeout?: number }
  | { readonly kind: 'public_key'; readonly pem: string }
  | { readonly kind: 'development'; readonly publicKeyPem: string }

export interface TokenVerifierOptions extends CallerClaims {
  readonly issuer: string
  readonly audience: string
  readonly algorithms: readonly TokenAlgorithm[]
  readonly keys: TokenKeys
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log?: TokenLog | undefined
}

/**
 * `verify` answers with the caller or throws a `TokenRefusal`. `verifyCached` answers at once, and only for a token that `verify` accepted less
 * than a minute ago and that has not expired; undefined means "ask `verify`".
 */
export interface TokenVerifier {
  readonly verify: (token: string) => Promise<Caller>
  readonly verifyCached: (token: string) => Caller | undefined
}

const maximumTokenLength = 8 * 1024
const maximumKeyIdLength = 256
const clockToleranceSeconds = 30
const rememberFor = 60_000
const rememberedTokens = 10_000
// RFC 7519, 5.1 and RFC 9068, 2.1. Other types (logout tokens, DPoP proofs, userinfo answers) are signed by the same issuers but are no access tokens.
const acceptedTypes: readonly unknown[] = [undefined, 'jwt', 'at+jwt', 'application/at+jwt']

/**
 * Verifies bearer JSON Web Tokens (RFC 7519, RFC 8725): allowed algorithm, signature by the issuer's key, issuer, audience, `exp` (required, no
 * tolerance), `nbf` and `iat` (30 seconds of tolerance), at most 8 KiB. Accepted tokens are remembered until they expire, at most a minute and
 * at most 10,000 of them; a key that the issuer withdraws is therefore trusted for up to a minute more. Who a token stands for: `callerOf`.
 * Throws an `Error` for the operator when the settings cannot work.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  checkSettings(options)
  const { now } = options
  const keys = keySource(options)
  const accepted = verifiedTokens(rememberedTokens)

  async function verify(token: string): Promise<Caller> {
    if (token === '') throw tokenRefusal('missing')
    if (token.length > maximumTokenLength) throw tokenRefusal('malformed')
    const known = accepted.find(token, now())
    if (known) return known
    const key = await keys.find(keyHint(token, options.algorithms))
    const claims = await verifiedClaims(token, key, options)
    const caller = callerOf(claims, options)
    accepted.remember(token, caller, Math.min(claims.exp * 1000, now() + rememberFor))
    return caller
  }

  return {
    verify,
    verifyCached: (token) => (token.length > maximumTokenLength ? undefined : accepted.find(token, now())),
  }
}

function checkSettings({ issuer, audience, algorithms, staffClaim, clientClaim }: TokenVerifierOptions): void {
  if (!issuer || !audience || !staffClaim || !clientClaim)
    throw new Error('Tokens require an issuer, an audience and the names of the staff and client claims.')
  if (staffClaim === clientClaim) throw new Error('The staff claim and the client claim of tokens must differ.')
  if (algorithms.length === 0 || !algorithms.every((algorithm) => tokenAlgorithms.includes(algorithm))) {
    throw new Error(`The allowed token algorithms must be among ${tokenAlgorithms.join(', ')}.`)
  }
}

function keySource({ keys, algorithms, now, log }: TokenVerifierOptions): KeySource {
  switch (keys.kind) {
    case 'jwks':
      return publishedKeys({ ...keys, algorithms, now, log })
    case 'public_key':
      return fixedKey(keys.pem, algorithms)
    case 'development':
      return fixedKey(keys.publicKeyPem, algorithms)
  }
}

/** Reads the header before anything is verified, so only to choose among the issuer's own keys: keys and URLs in the header are never used. */
function keyHint(token: string, algorithms: readonly TokenAlgorithm[]): KeyHint {
  const { alg, kid, typ, crit } = headerOf(token)
  const algorithm = algorithms.find((allowed) => allowed === alg)
  if (!algorithm) throw tokenRefusal(typeof alg === 'string' ? 'algorithm_refused' : 'malformed')
  if (crit !== undefined || !acceptedTypes.includes(typeof typ === 'string' ? typ.toLowerCase() : typ))
    throw tokenRefusal('malformed')
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maximumKeyIdLength)) throw tokenRefusal('malformed')
  return { algorithm, keyId: kid }
}

function headerOf(token: string): Readonly<Record<string, unknown>> {
  if (token.split('.', 4).length !== 3) throw tokenRefusal('malformed')
  try {
    return decodeProtectedHeader(token)
  } catch {
    throw tokenRefusal('malformed')
  }
}

type VerifiedClaims = JWTPayload & { readonly exp: number }

async function verifiedClaims(
  token: string,
  key: Parameters<typeof jwtVerify>[1],
  options: TokenVerifierOptions,
): Promise<VerifiedClaims> {
  const at = options.now()
  const { payload } = await jwtVerify(token, key, {
    algorithms: [...options.algorithms],
    issuer: options.issuer,
    audience: options.audience,
    requiredClaims: ['exp'],
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(at),
  }).catch((error: unknown) => Promise.reject(refusalOf(error)))
  const { exp, iat } = payload
  if (exp === undefined || !Number.isFinite(exp)) throw tokenRefusal('malformed')
  // The library applies its one tolerance to `exp` as well: here it has none.
  if (at >= exp * 1000) throw tokenRefusal('expired')
  if (iat !== undefined && !(iat * 1000 <= at + clockToleranceSeconds * 1000)) throw tokenRefusal('not_yet_valid')
  return { ...payload, exp }
}

const reasonsByCode: Readonly<Record<string, TokenRefusalReason>> = {
  [errors.JWSSignatureVerificationFailed.code]: 'bad_signature',
  [errors.JWTExpired.code]: 'expired',
  [errors.JOSEAlgNotAllowed.code]: 'algorithm_refused',
}

const reasonsByClaim: Readonly<Record<string, TokenRefusalReason>> = {
  iss: 'wrong_issuer',
  aud: 'wrong_audience',
  nbf: 'not_yet_valid',
}

/** Our reason for an error of the library; whatever else went wrong is passed on as it is. */
function refusalOf(error: unknown): unknown {
  if (isTokenRefusal(error) || !(error instanceof errors.JOSEError)) return error
  if (error instanceof errors.JWTClaimValidationFailed) {
    const wrongType = error.reason === 'invalid'
    return tokenRefusal((wrongType ? undefined : reasonsByClaim[error.claim]) ?? 'malformed')
  }
  return tokenRefusal(reasonsByCode[error.code] ?? 'malformed')
}
