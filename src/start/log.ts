interface Thrown {
  readonly name?: unknown
  readonly message?: unknown
  readonly code?: unknown
  readonly constraint?: unknown
  readonly severity?: unknown
  readonly stack?: unknown
  readonly cause?: unknown
}

/** An error as it is logged. */
export interface LoggedError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly constraint?: string
  /** The frames alone, without the message. */
  readonly stack: string
  readonly cause?: LoggedError
  readonly [more: string]: unknown
}

const WITHHELD = '(not logged: it may contain request data)'

const DEEPEST_CAUSE = 5

/** How a logger writes what would show personal data: PostgreSQL's errors quote values and whole rows, and JSON's the text. */
export const serializers = { err: (error: unknown): LoggedError => loggedError(error, DEEPEST_CAUSE) }

function loggedError(error: unknown, depth: number): LoggedError {
  if (typeof error !== 'object' || error === null) return { type: typeof error, message: WITHHELD, stack: '' }
  const { name, message, code, constraint, stack, cause } = error as Thrown
  const withheld = depth > 0 && cause !== undefined && cause !== null ? loggedError(cause, depth - 1) : undefined
  const safe = typeof message === 'string' && !quotesValues(error) && !repeats(message, cause)
  return {
    type: typeof name === 'string' && name !== 'Error' ? name : error.constructor?.name || 'Error',
    message: safe ? message : WITHHELD,
    ...((typeof code === 'string' || typeof code === 'number') && { code: String(code) }),
    ...(typeof constraint === 'string' && { constraint }),
    stack: typeof stack === 'string' ? framesOf(stack) : '',
    ...(withheld && { cause: withheld }),
  }
}

/** Whether an error comes from the database, from the statement builder, which lists parameters, or from a parser, which quotes its text. */
function quotesValues(error: Thrown): boolean {
  const fromDatabase = typeof error.severity === 'string' && typeof error.code === 'string'
  return fromDatabase || error.name === 'DrizzleQueryError' || error.name === 'SyntaxError'
}

/** Whether a message holds that of a cause, at any depth, that must not be shown. */
function repeats(message: string, cause: unknown, depth = DEEPEST_CAUSE): boolean {
  if (typeof cause !== 'object' || cause === null || depth === 0) return false
  const { message: inner, cause: next } = cause as Thrown
  if (typeof inner === 'string' && inner !== '' && quotesValues(cause) && message.includes(inner)) return true
  return repeats(message, next, depth - 1)
}

/** What the job queue says, without the message of a job's error: that stands in the queue's own table. Its frames stay. */
export function jobMessage(text: string): string {
  const safe = text.indexOf(' with error ')
  return safe < 0 ? text : [text.slice(0, safe), framesOf(text.slice(safe))].filter(Boolean).join('\n')
}

function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at [^\n]*(:\d+:\d+\)?|<anonymous>\)?|\(native\))$/.test(line))
    .join('\n')
}
