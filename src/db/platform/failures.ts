import { DomainError, type ErrorCode } from '../../core/kernel/errors.ts'

interface DatabaseFailure {
  readonly code?: string
  readonly constraint?: string
  readonly message: string
}

export interface Outage {
  readonly error: DomainError
  /** The connection is of no further use. */
  readonly connectionLost: boolean
  /** The same work may succeed when it is tried again as a whole. */
  readonly retriable: boolean
  /** The database has rolled the work back because of somebody else's. */
  readonly collided: boolean
}

function failureOf(error: unknown): DatabaseFailure | undefined {
  return error instanceof Error ? error : undefined
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENOENT',
  'EAI_AGAIN',
])

/** Recognises a database that is away, busy or too slow, as against a statement that is wrong. */
export function outageOf(error: unknown): Outage | undefined {
  const failure = failureOf(error)
  if (!failure) return undefined
  const { code = '', message } = failure
  const lost =
    code.startsWith('08') ||
    code.startsWith('57P') ||
    networkCodes.has(code) ||
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Client was closed)/.test(
      message,
    )
  if (lost) return outage('unavailable', 'The database is unavailable. Try again later.', true, true)
  // 26000: another request was just preparing the same statement on this connection, and failed.
  if (code === '53300' || code === '55P03' || code === '26000')
    return outage('unavailable', 'The database is busy. Try again later.', false, true)
  if (code === '40001' || code === '40P01')
    return { ...outage('unavailable', 'The change conflicted with a concurrent one. Try again.', false, true), collided: true }
  if (brokenConstraint(error) === 'idempotency_pkey')
    return { ...outage('unavailable', 'The same request has just been processed. Try again.', false, true), collided: true }
  if (code === '57014' || code === '25P04') return outage('timed_out', 'The database timed out.', false, false)
  return undefined
}

function outage(code: ErrorCode, message: string, connectionLost: boolean, retriable: boolean): Outage {
  return { error: new DomainError(code, message), connectionLost, retriable, collided: false }
}

/** The constraint that a statement broke. On a shard its name ends with the shard's number, which is cut off. */
export function brokenConstraint(error: unknown): string | undefined {
  const failure = failureOf(error)
  if (!failure?.code?.startsWith('23') && failure?.code !== '42501') return undefined
  const named = failure.constraint ?? /constraint "([^"]+)"/.exec(failure.message)?.[1]
  return named?.replace(/_\d+$/, '')
}
