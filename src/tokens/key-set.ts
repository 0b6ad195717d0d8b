import { createPublicKey, type KeyObject } from 'node:crypto'
import { algorithmOfKey, type TokenAlgorithm } from './algorithms.ts'
import { fetchKeySet, type KeySetRequest } from './key-set-request.ts'
import { tokenRefusal } from './refusal.ts'

/** What a token's header says about its key. */
export interface KeyHint {
  readonly algorithm: TokenAlgorithm
  readonly keyId: string | undefined
}

/** Where the keys of an issuer come from. `find` throws `unknown_key`, `algorithm_refused` or `keys_unavailable`. */
export interface KeySource {
  readonly find: (hint: KeyHint) => Promise<KeyObject>
}

/** What the verifier says to the operator; never a token, a claim or a key. */
export interface TokenLog {
  readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void
}

export interface KeySetOptions extends KeySetRequest {
  readonly algorithms: readonly TokenAlgorithm[]
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log?: TokenLog | undefined
}

interface PublishedKey {
  readonly keyId: string | undefined
  readonly algorithm: TokenAlgorithm
  readonly key: KeyObject
}

const minute = 60_000
const freshFor = 10 * minute
const unknownKeyRefreshEvery = minute
const failedRefreshEvery = minute
const firstRefreshEvery = 5_000
// A key that an issuer withdrew must not live on for ever behind a key set that nobody can read.
const usableFor = 24 * 60 * minute

/**
 * The published key set of an issuer (RFC 7517), read on first use and again every ten minutes, by one request at a time. An unknown key id
 * reads it again at most once a minute. While it cannot be read, known keys serve for a day and the next attempt waits a minute (five seconds
 * while there are no keys at all). Keys of other kinds than the allowed algorithms, weak keys and encryption keys are left out.
 */
export function publishedKeys(options: KeySetOptions): KeySource {
  const { now, log } = options
  let keys: readonly PublishedKey[] | undefined
  let readAt = -Infinity
  let attemptedAt = -Infinity
  let unknownKeyAt = -Infinity
  let readings = 0
  let reading: Promise<void> | undefined

  async function read(): Promise<void> {
    attemptedAt = now()
    readings += 1
    try {
      const published = usableKeys(await fetchKeySet(options), options.algorithms)
      if (published.length === 0) log?.warn({}, 'The key set of the token issuer contains no key for the allowed algorithms.')
      keys = published
      readAt = attemptedAt
    } catch (error) {
      log?.warn({ err: error, knownKeys: keys?.length ?? 0 }, 'The key set of the token issuer could not be read.')
    }
  }

  function refresh(): Promise<void> {
    reading ??= read().finally(() => (reading = undefined))
    return reading
  }

  async function current(): Promise<readonly PublishedKey[]> {
    const at = now()
    const stale = at >= readAt + freshFor
    const retryAt = attemptedAt + (keys ? failedRefreshEvery : firstRefreshEvery)
    if (stale && (reading || at >= retryAt)) await refresh()
    if (!keys || now() >= readAt + usableFor) throw tokenRefusal('keys_unavailable')
    return keys
  }

  async function find(hint: KeyHint): Promise<KeyObject> {
    const readingsBefore = readings
    const known = matching(await current(), hint)
    if (known) return known
    if (reading) await reading
    else if (readings === readingsBefore && now() >= unknownKeyAt + unknownKeyRefreshEvery) {
      unknownKeyAt = now()
      await refresh()
    }
    const found = matching(await current(), hint)
    if (!found) throw tokenRefusal('unknown_key')
    return found
  }

  return { find }
}

/** One key from a setting, whatever key id a token names. `pem` is a public key (SPKI or PKCS #1). Throws an `Error` for the operator when it cannot serve any allowed algorithm. */
export function fixedKey(pem: string, algorithms: readonly TokenAlgorithm[]): KeySource {
  if (pem.includes('PRIVATE KEY')) throw new Error('The key for verifying tokens must be a public key, but a private key is set.')
  const key = publicKeyOf(pem)
  const algorithm = key && algorithmOfKey(key)
  if (!algorithm || !algorithms.includes(algorithm)) {
    throw new Error(
      `The public key for verifying tokens matches none of the allowed algorithms (${algorithms.join(', ')}); RSA requires 2048 bits, EC the curve P-256.`,
    )
  }
  return {
    find: async (hint) => {
      if (hint.algorithm !== algorithm) throw tokenRefusal('algorithm_refused')
      return key
    },
  }
}

/** The one key that fits. Several without a way to choose are none: trying them in turn would let a caller make the service verify at will. */
function matching(keys: readonly PublishedKey[], hint: KeyHint): KeyObject | undefined {
  const fitting = keys.filter((key) => key.algorithm === hint.algorithm && (hint.keyId === undefined || key.keyId === hint.keyId))
  return fitting.length === 1 ? fitting[0]?.key : undefined
}

function usableKeys(published: readonly unknown[], algorithms: readonly TokenAlgorithm[]): readonly PublishedKey[] {
  return published
    .map(publishedKey)
    .filter((key) => key !== undefined && algorithms.includes(key.algorithm)) as readonly PublishedKey[]
}

function publishedKey(jwk: unknown): PublishedKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { kty, crv, n, e, x, y, kid, alg, use, key_ops: operations } = jwk as Readonly<Record<string, unknown>>
  if (use !== undefined && use !== 'sig') return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  const members = Object.fromEntries(Object.entries({ kty, crv, n, e, x, y }).filter(([, value]) => typeof value === 'string'))
  const key = publicKeyOf({ format: 'jwk', key: members })
  const algorithm = key && algorithmOfKey(key)
  if (!algorithm || (alg !== undefined && alg !== algorithm)) return undefined
  return { keyId: kid, algorithm, key }
}

function publicKeyOf(source: Parameters<typeof createPublicKey>[0]): KeyObject | undefined {
  try {
    return createPublicKey(source)
  } catch {
    // Key sets may hold kinds that this runtime does not know (RFC 7517, 5): they are passed over. A setting is refused by the caller.
    return undefined
  }
}
