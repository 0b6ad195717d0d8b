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
  invalid_input: { status: 400, title: 'Invalid input' },
  malformed_request: { status: 400, title: 'Malformed request' },
  invalid_cursor: { status: 400, title: 'Invalid cursor' },
  unknown_column: { status: 400, title: 'Unknown columns in the file' },
  stream_aborted: { status: 400, title: 'The stream was aborted' },
  query_too_complex: { status: 400, title: 'Query too complex' },
  unauthenticated: { status: 401, title: 'Authentication required' },
  not_permitted: { status: 403, title: 'Permission denied' },
  not_found: { status: 404, title: 'Not found in your scope' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict with the current state' },
  already_exists: { status: 409, title: 'Already exists' },
  already_closed: { status: 409, title: 'Already closed' },
  period_overlap: { status: 409, title: 'Overlapping period' },
  institution_move_unsupported: { status: 409, title: 'Moving an institution is not supported yet' },
  cycle: { status: 409, title: 'The change would create a cycle' },
  in_use: { status: 409, title: 'In use' },
  import_in_progress: { status: 409, title: 'This import is already running' },
  idempotency_in_progress: { status: 409, title: 'The same request is still running' },
  superseded: { status: 409, title: 'Newer data is stored' },
  version_conflict: { status: 412, title: 'Version conflict' },
  payload_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  unknown_reference: { status: 422, title: 'The request refers to something that does not exist in your scope' },
  unknown_currency: { status: 422, title: 'Unknown currency' },
  identity_mismatch: { status: 422, title: 'Identity number does not match' },
  outside_period: { status: 422, title: 'The day is outside the allowed period' },
  idempotency_key_reused: { status: 422, title: 'Idempotency key already used for another request' },
  precondition_required: { status: 428, title: 'Version required' },
  rate_limited: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Service temporarily unavailable' },
  timed_out: { status: 503, title: 'Timed out' },
  internal: { status: 500, title: 'Internal error' },
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
      return new DomainError('unsupported_media_type', 'Content-Type must be application/json.')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new DomainError('payload_too_large', 'The body is larger than this endpoint accepts.')
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL':
      return new DomainError('malformed_request', 'The body or the URL is malformed.')
    default:
      if (statusCode === 429) return new DomainError('rate_limited', 'Too many requests. Wait before the next one.')
      if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
        return new DomainError('malformed_request', 'The request is malformed.')
      return undefined
  }
}

/** What the HTTP parser refuses, before there is a request. */
export function parserRefusal({ code }: { readonly code?: string }): DomainError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new DomainError('malformed_request', 'The header fields are larger than the service accepts.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new DomainError('malformed_request', 'The request was not received in time.')
    default:
      return new DomainError('malformed_request', 'Malformed HTTP request.')
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
    detail: refusal?.message ?? 'The failure was logged under the trace ID.',
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
