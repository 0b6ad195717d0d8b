/** Why a bearer token was not accepted. `keys_unavailable` is the service's trouble (503), every other one the caller's (401). */
export type TokenRefusalReason =
  | 'missing'
  | 'malformed'
  | 'bad_signature'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'algorithm_refused'
  | 'unknown_key'
  | 'no_subject'
  | 'keys_unavailable'

/** The one error of token verification. It never carries the token, its claims or its header. */
export interface TokenRefusal extends Error {
  readonly code: 'token_refused'
  readonly reason: TokenRefusalReason
}

const messages: Readonly<Record<TokenRefusalReason, string>> = {
  missing: 'No bearer token was sent.',
  malformed: 'The bearer token is not a token this service can read.',
  bad_signature: 'The signature of the bearer token is wrong.',
  expired: 'The bearer token has expired.',
  not_yet_valid: 'The bearer token is not valid yet.',
  wrong_issuer: 'The bearer token comes from another issuer.',
  wrong_audience: 'The bearer token is meant for another audience.',
  algorithm_refused: 'The bearer token is signed with an algorithm that is not allowed here.',
  unknown_key: 'The bearer token is signed with a key that the issuer does not publish.',
  no_subject: 'The bearer token does not say clearly which staff member or client it stands for.',
  keys_unavailable: 'The keys of the token issuer cannot be read at the moment.',
}

export function tokenRefusal(reason: TokenRefusalReason): TokenRefusal {
  return Object.assign(new Error(messages[reason]), { name: 'TokenRefusal', code: 'token_refused', reason } as const)
}

export function isTokenRefusal(error: unknown): error is TokenRefusal {
  return error instanceof Error && 'code' in error && error.code === 'token_refused'
}
