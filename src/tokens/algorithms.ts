import type { KeyObject } from 'node:crypto'

/** What an allow-list may hold: asymmetric signatures only, so that a public key can never serve as a shared secret. Names of RFC 7518 and RFC 8037. */
export const tokenAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const

export type TokenAlgorithm = (typeof tokenAlgorithms)[number]

// RFC 7518, 3.3: RS256 needs a key of 2048 bits or more.
const minimumRsaBits = 2048

/** The one algorithm that a key is used with here; undefined for keys of other kinds, for weak keys and for keys that are not public. */
export function algorithmOfKey(key: KeyObject): TokenAlgorithm | undefined {
  if (key.type !== 'public') return undefined
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= minimumRsaBits) return 'RS256'
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256'
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA'
  return undefined
}
