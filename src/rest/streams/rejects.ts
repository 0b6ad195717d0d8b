import { csvField, csvScanner, csvValues } from './csv-record.ts'
import type { BodyFormat } from './media-type.ts'

/** A row that was not imported: from the reader (`raw`, `error`) or from a later check of its fields. */
export interface RejectedRow {
  readonly line: number
  readonly raw: string
  readonly field?: string | undefined
  readonly code: string
  readonly message: string
}

const additions = ['line', 'field', 'code', 'message'] as const
// What the reader gives as raw of these is not what was sent: it must not look like a record to be sent again.
const changedByReader: readonly string[] = ['record_too_long', 'invalid_utf8']
const chunkLength = 32 * 1024

/**
 * Rejected rows in the format they were sent in, in chunks of text.
 *
 * CSV: the columns of `header` (in the order sent), then `line`, `field`, `code`, `message` (`_line` … when the header has one of these names
 * itself). The record stands as it was sent; one that does not fit the header stands as a whole, quoted, in the first column, so that no value
 * slips into another column. NDJSON: the object as sent plus `_line`, `_field`, `_code`, `_message`; a line that is no object as `_raw`.
 *
 * Values are the sender's own and are left unchanged, so that a corrected file can be sent again: leading `=`, `+`, `-` and `@` are NOT disarmed for
 * spreadsheets. Offer the file as a download, never inline.
 */
export async function* formatRejects(
  format: BodyFormat,
  header: readonly string[] | undefined,
  rejects: AsyncIterable<RejectedRow> | Iterable<RejectedRow>,
): AsyncGenerator<string, void, undefined> {
  const columns = header ?? ['record']
  let chunk = format === 'csv' ? csvHeader(columns) : ''
  for await (const reject of rejects) {
    chunk += format === 'csv' ? csvReject(reject, columns.length) : ndjsonReject(reject)
    if (chunk.length >= chunkLength) {
      yield chunk
      chunk = ''
    }
  }
  if (chunk !== '') yield chunk
}

function csvHeader(columns: readonly string[]): string {
  const prefix = additions.some((name) => columns.includes(name)) ? '_' : ''
  return `${[...columns, ...additions.map((name) => prefix + name)].map(csvField).join(',')}\r\n`
}

function csvReject({ line, raw, field, code, message }: RejectedRow, columns: number): string {
  const record = !changedByReader.includes(code) && isRecord(raw, columns) ? raw : csvField(raw) + ','.repeat(columns - 1)
  return `${[record, String(line), csvField(field), csvField(code), csvField(message)].join(',')}\r\n`
}

function isRecord(raw: string, columns: number): boolean {
  const values = csvValues(raw)
  return !('fault' in values) && values.length === columns && csvScanner().scan(raw, 0) === -1
}

function ndjsonReject({ line, raw, field, code, message }: RejectedRow): string {
  const added = JSON.stringify({ _line: line, _field: field, _code: code, _message: message }).slice(1)
  const members = changedByReader.includes(code) ? undefined : membersOf(raw)
  if (members === undefined) return `{"_raw":${JSON.stringify(raw)},${added}\n`
  return `${members}${added}\n`
}

/** The text of a JSON object without its closing brace, ready for more members. The text is stored, since parsing would change long numbers. */
function membersOf(raw: string): string | undefined {
  try {
    const value: unknown = JSON.parse(raw)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const text = raw.trim().slice(0, -1)
    return Object.keys(value).length === 0 ? text : `${text},`
  } catch {
    return undefined
  }
}
