import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { DomainError, type ErrorCode, type InputProblem } from '../../core/kernel/errors.ts'

// Asked for by name: an import reads every export of the module, and with WebSocket a whole client, 6 MB that no server needs.
const { STATUS_CODES } = process.getBuiltinModule('node:http')

interface Problem {
  readonly status: number
  readonly title: string
}

/** How each code leaves over HTTP. The union is mapped whole: a new code does not compile until it stands here. */
export const problems: Readonly<Record<ErrorCode, Problem>> = {
  invalid_input: { status: 400, title: 'The input is not valid' },
  malformed_request: { status: 400, title: 'The request cannot be read' },
  invalid_cursor: { status: 400, title: 'The cursor is not valid here' },
  unknown_column: { status: 400, title: 'The file has columns that are not known' },
  stream_aborted: { status: 400, title: 'The stream broke off' },
  query_too_complex: { status: 400, title: 'The query asks for too much at once' },
  unauthenticated: { status: 401, title: 'Who calls is not known' },
  not_permitted: { status: 403, title: 'This is not permitted' },
  not_found: { status: 404, title: 'There is no such thing in your scope' },
  method_not_allowed: { status: 405, title: 'The address does not take this method' },
  conflict: { status: 409, title: 'The change conflicts with what is there' },
  already_exists: { status: 409, title: 'It exists already' },
  already_closed: { status: 409, title: 'It is closed already' },
  period_overlap: { status: 409, title: 'The period overlaps another one' },
  institution_move_unsupported: { status: 409, title: 'An institution cannot be moved yet' },
  cycle: { status: 409, title: 'The change would close a circle' },
  in_use: { status: 409, title: 'It is in use' },
  import_in_progress: { status: 409, title: 'This import is running already' },
  idempotency_in_progress: { status: 409, title: 'The same request is still running' },
  superseded: { status: 409, title: 'Something newer is known already' },
  version_conflict: { status: 412, title: 'It has changed since you saw it' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The kind of content is not taken here' },
  unknown_reference: { status: 422, title: 'The request names something that does not exist in your scope' },
  unknown_currency: { status: 422, title: 'The currency is not known' },
  identity_mismatch: { status: 422, title: 'The identity number does not agree' },
  outside_period: { status: 422, title: 'The day lies outside what is allowed' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for another request' },
  precondition_required: { status: 428, title: 'The change must name the version it changes' },
  rate_limited: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'The service cannot answer at the moment' },
  timed_out: { status: 503, title: 'The answer took too long' },
  internal: { status: 500, title: 'Something went wrong on our side' },
}

/** The schema name that OpenAPI gives to every problem document. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly errors?: readonly InputProblem[]
  readonly traceId: string
}

/** What the framework and its plugins throw, as one of our refusals; undefined for what nobody expected. */
function recognised(error: unknown): DomainError | undefined {
  if (error instanceof DomainError) return error
  const { code, statusCode } = error as Partial<FastifyError>
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new DomainError('unsupported_media_type', 'This address takes application/json.')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new DomainError('payload_too_large', 'The body is larger than this address takes.')
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL':
      return new DomainError('malformed_request', 'The body or the address is not well formed.')
    default:
      if (statusCode === 429) return new DomainError('rate_limited', 'You have sent too many requests. Wait before the next one.')
      if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
        return new DomainError('malformed_request', 'The request cannot be read.')
      return undefined
  }
}

/** What the HTTP parser refuses, before there is a request. */
export function parserRefusal({ code }: { readonly code?: string }): DomainError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new DomainError('malformed_request', 'The header fields are larger than the service takes.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new DomainError('malformed_request', 'The request did not come in time.')
    default:
      return new DomainError('malformed_request', 'This is not well-formed HTTP.')
  }
}

/** A refusal as the bytes of a whole HTTP answer, for a connection on which no request could be read. */
export function rawProblem({ code, message }: DomainError, traceId: string): string {
  const { status, title } = problems[code]
  const document: ProblemDocument = { type: `/problems/${code}`, title, status, detail: message, code, traceId }
  const body = JSON.stringify(document)
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${traceId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

/** Every failure leaves as a problem document (RFC 9457); what nobody expected is logged and shows nothing of itself. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = recognised(error)
  if (!refusal) request.log.error({ err: error }, 'request failed')
  const code = refusal?.code ?? 'internal'
  const { status, title } = problems[code]
  const document: ProblemDocument = {
    type: `/problems/${code}`,
    title,
    status,
    detail: refusal?.message ?? 'The failure has been logged under the trace id.',
    code,
    ...(refusal && refusal.problems.length > 0 && { errors: refusal.problems }),
    traceId: request.id,
  }
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer')
  if (status === 503) reply.header('Retry-After', '2')
  // What an operation counts for itself is counted by the minute.
  if (status === 429 && !reply.hasHeader('Retry-After')) reply.header('Retry-After', '60')
  return reply.code(status).type('application/problem+json; charset=utf-8').send(JSON.stringify(document))
}
