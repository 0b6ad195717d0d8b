/** Why the rest of an import body is not read. Rows yielded before stay good. */
export type ImportRefusalCode =
  | 'unsupported_media_type'
  | 'unsupported_encoding'
  | 'missing_header'
  | 'bad_header'
  | 'wrong_charset'
  | 'unknown_columns'
  | 'duplicate_columns'
  | 'unterminated_quote'
  | 'record_too_long'
  | 'body_too_large'
  | 'gzip_damaged'
  | 'gzip_ratio'
  | 'stream_aborted'

/** The one error of reading an import body. `message` names the rule and, where there is one, the line; it shows no values but column names of the header. */
export interface ImportRefusal extends Error {
  readonly code: ImportRefusalCode
  /** Physical line of the body, from 1. */
  readonly line?: number
  /** The columns at fault, of `unknown_columns` and `duplicate_columns`. */
  readonly columns?: readonly string[]
}

interface Details {
  readonly line?: number
  readonly columns?: readonly string[]
  readonly cause?: unknown
}

export function importRefusal(code: ImportRefusalCode, message: string, { cause, ...details }: Details = {}): ImportRefusal {
  return Object.assign(new Error(message, { cause }), { name: 'ImportRefusal', code, ...details })
}

export function isImportRefusal(error: unknown): error is ImportRefusal {
  return error instanceof Error && error.name === 'ImportRefusal'
}
