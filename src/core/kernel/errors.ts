/** Every reason for which the service refuses a request. Adapters map the union exhaustively, so a new code does not compile until it is mapped. */
export const errorCodes = [
  'invalid_input',
  'malformed_request',
  'invalid_cursor',
  'unauthenticated',
  'not_permitted',
  'not_found',
  'method_not_allowed',
  'conflict',
  'already_exists',
  'already_closed',
  'period_overlap',
  'institution_move_unsupported',
  'cycle',
  'in_use',
  'import_in_progress',
  'idempotency_in_progress',
  'version_conflict',
  'payload_too_large',
  'unsupported_media_type',
  'unknown_reference',
  'unknown_currency',
  'unknown_column',
  'identity_mismatch',
  'outside_period',
  'idempotency_key_reused',
  'superseded',
  'precondition_required',
  'rate_limited',
  'query_too_complex',
  'stream_aborted',
  'unavailable',
  'timed_out',
  'internal',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** One thing wrong with an input. `pointer` is a JSON Pointer (RFC 6901) into the input; `rule` names the rule that it breaks. */
export interface InputProblem {
  readonly pointer: string
  readonly rule: string
  readonly message: string
}

/** A refusal the caller can understand and act on. Anything else that is thrown is a bug or an outage. */
export class DomainError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly InputProblem[]

  constructor(code: ErrorCode, message: string, problems: readonly InputProblem[] = []) {
    super(message)
    this.name = 'DomainError'
    this.code = code
    this.problems = problems
  }
}

/** The same answer for what does not exist and for what lies outside the caller's scope. */
export function notFound(what: string): DomainError {
  return new DomainError('not_found', `There is no such ${what}, or it is outside your scope.`)
}

/** A refusal that names one field of the input. */
export function refuseField(code: ErrorCode, field: string, rule: string, message: string): DomainError {
  return new DomainError(code, message, [{ pointer: `/${field}`, rule, message }])
}
