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
  missing: 'Authentication required: send a bearer token.',
  malformed: 'The bearer token cannot be parsed.',
  bad_signature: 'The signature of the bearer token is invalid.',
  expired: 'The bearer token has expired.',
  not_yet_valid: 'The bearer token is not valid yet.',
  wrong_issuer: 'The bearer token was issued by another issuer.',
  wrong_audience: 'The bearer token was issued for another audience.',
  algorithm_refused: 'The bearer token is signed with an algorithm that is not allowed.',
  unknown_key: 'The bearer token is signed with a key that the issuer has not published.',
  no_subject: 'The bearer token must identify exactly one staff member or client.',
  keys_unavailable: 'The keys of the token issuer are not available at the moment.',
}

export function tokenRefusal(reason: TokenRefusalReason): TokenRefusal {
  return Object.assign(new Error(messages[reason]), { name: 'TokenRefusal', code: 'token_refused', reason } as const)
}

export function isTokenRefusal(error: unknown): error is TokenRefusal {
  return error instanceof Error && 'code' in error && error.code === 'token_refused'
}
