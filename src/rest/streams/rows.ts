/** A value as sent: CSV has texts only, NDJSON whatever JSON has. */
export type FieldValue = string | number | boolean | null | object

/** What is wrong with one row. Other rows are not affected. */
export type RowErrorCode =
  | 'ragged_row'
  | 'unnamed_column'
  | 'misplaced_quote'
  | 'stray_carriage_return'
  | 'record_too_long'
  | 'field_too_long'
  | 'invalid_utf8'
  | 'nul_character'
  | 'invalid_unicode'
  | 'invalid_json'
  | 'not_an_object'
  | 'forbidden_key'
  | 'nested_too_deep'

export interface RowError {
  /** The column, or the path of the JSON member joined by dots. */
  readonly field?: string
  readonly code: RowErrorCode
  readonly message: string
}

export interface ReadRow {
  /** Physical line on which the record begins, from 1. */
  readonly line: number
  /**
   * The record as sent, without its line end. Of a record that is too long only the first 1,024 bytes; bytes that are no UTF-8 are written `\xHH`.
   * It and the values may share memory with the block they were read from (about 64 KiB): copy what is held for long.
   */
  readonly raw: string
  readonly fields: Readonly<Record<string, FieldValue>>
}

export interface RefusedRow {
  readonly line: number
  readonly raw: string
  readonly error: RowError
}

export type ParsedRow = ReadRow | RefusedRow

/** Sizes in bytes of UTF-8, after decompression. */
export interface RowLimits {
  readonly fieldBytes: number
  readonly recordBytes: number
  /** How much of one record that is too long is passed over in search of its end before the whole body is refused. */
  readonly skippedBytes: number
  readonly bodyBytes: number
  /** Refused when a gzip body unpacks to more than this many times its size, looked at after the first 10 MiB. */
  readonly gzipRatio: number
  /** How much is read into rows at once; the memory of a batch follows from it. At least 3, the length of a byte order mark. */
  readonly blockBytes: number
}

export const defaultRowLimits: RowLimits = {
  fieldBytes: 64 * 1024,
  recordBytes: 256 * 1024,
  skippedBytes: 64 * 1024 * 1024,
  bodyBytes: Infinity,
  gzipRatio: 200,
  blockBytes: 64 * 1024,
}

/** How records of one format are found in text and read. One instance per body: it may remember the header and where in a record it stands. */
export interface RecordGrammar {
  /** The column names, once read; undefined for formats without header. */
  readonly header: () => readonly string[] | undefined
  /** Index of the line feed that ends the record beginning at `from`; -1 when the text ends first. */
  readonly endOf: (text: string, from: number) => number
  /** The same in pieces, for a record too long to be held: `begin` at its start, then piece by piece until the answer is not -1. */
  readonly skip: (text: string, begin: boolean) => number
  /** Whether the record in which the text ended is still open inside quotes. */
  readonly isQuoteOpen: () => boolean
  /** Reads one whole record; undefined for what is no row (blank lines, the header). Throws an `ImportRefusal` for a header that cannot be used. */
  readonly read: (raw: string, line: number) => ParsedRow | undefined
  /** Called for a record that cannot be given to `read`. Throws an `ImportRefusal` when it should have been the header. */
  readonly refuse: (raw: string, line: number, error: RowError) => RefusedRow
  /** The name of the first field whose value fits the question, where the record can be split without decoding it. */
  readonly fieldWhere?: (raw: string, fits: (value: string) => boolean) => string | undefined
  /** Called after the last record. Throws an `ImportRefusal` when something is missing. */
  readonly end: () => void
}

/** Whether a text takes more than so many bytes in UTF-8 (one to three per UTF-16 unit). */
export function isLongerThan(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && Buffer.byteLength(text) > bytes)
}
