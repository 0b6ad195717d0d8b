import { isAscii, isUtf8 } from 'node:buffer'
import type { Block } from './blocks.ts'
import { isGb18030 } from './charset.ts'
import { importRefusal } from './refusal.ts'
import { isLongerThan, type ParsedRow, type RecordGrammar, type RowError, type RowLimits } from './rows.ts'

const lineFeed = 0x0a
const carriageReturn = 0x0d
const longestExcerpt = 1024
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

interface Skipped {
  readonly line: number
  readonly excerpt: string
  bytes: number
}

/**
 * Reads blocks of UTF-8 into rows: `read` appends to `rows`, and what it appended before it throws an `ImportRefusal` stays good. It keeps at
 * most one unfinished record of the allowed size; of a longer one it keeps the beginning and passes over the rest. A byte order mark is dropped.
 */
export function recordReader(grammar: RecordGrammar, limits: RowLimits): (block: Block, rows: ParsedRow[]) => void {
  const tooLong: RowError = { code: 'record_too_long', message: `This record is longer than ${limits.recordBytes} bytes.` }
  const excerptBytes = Math.min(longestExcerpt, limits.recordBytes)
  let carried: Buffer = Buffer.alloc(0)
  let first = true
  let line = 1
  let skipped: Skipped | undefined
  /** Whether a record with other than ASCII characters was UTF-8, and how many were Chinese text in another character set. */
  let beyondAscii = false
  let misread = 0

  function read(block: Block, rows: ParsedRow[]): void {
    let bytes = carried.length === 0 ? block.bytes : Buffer.concat([carried, block.bytes])
    if (first && bytes.subarray(0, 3).equals(byteOrderMark)) bytes = bytes.subarray(3)
    first = false
    if (skipped) bytes = skip(skipped, bytes, false, block.last, rows)
    // Copied, for else the rest of a line would hold its whole block.
    carried = Buffer.from(bytes.subarray(readRecords(bytes, block.last, rows)))
    // One more than allowed: a carriage return may belong to the line end.
    if (carried.length > limits.recordBytes + 1) {
      skipped = { line, excerpt: readable(carried.subarray(0, excerptBytes), true), bytes: 0 }
      carried = skip(skipped, carried, true, block.last, rows)
    }
    if ((misread > MAX_MISREAD && !beyondAscii) || (block.last && misread > 0 && !beyondAscii)) throw wrongCharset()
    if (block.last) grammar.end()
  }

  /** Reads the records that end in these bytes and answers with how many bytes they take. */
  function readRecords(bytes: Buffer, last: boolean, rows: ParsedRow[]): number {
    const end = last ? bytes.length : bytes.lastIndexOf(lineFeed) + 1
    const region = bytes.subarray(0, end)
    const ascii = isAscii(region)
    const valid = ascii || isUtf8(region)
    beyondAscii ||= valid && !ascii
    const text = valid && !ascii ? region.toString('utf8') : region.toString('latin1')
    const at = readText(text, valid, last, rows)
    return ascii || !valid ? at : end - Buffer.byteLength(text.slice(at))
  }

  /** Reads the records that end in this text and answers with the index behind them. Invalid bytes come as Latin-1, one character each. */
  function readText(text: string, valid: boolean, last: boolean, rows: ParsedRow[]): number {
    let at = 0
    while (at < text.length) {
      let end = grammar.endOf(text, at)
      if (end === -1) {
        if (!last) return at
        if (grammar.isQuoteOpen()) throw openQuote(line)
        end = text.length
      }
      const lineEnd = end > at && text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end
      const raw = text.slice(at, lineEnd)
      const row = valid ? validRow(raw) : uncertainRow(raw)
      if (row) rows.push(row)
      line += 1 + lineFeedsIn(text, at, end)
      at = end + 1
    }
    return text.length
  }

  function validRow(raw: string): ParsedRow | undefined {
    if (isLongerThan(raw, limits.recordBytes))
      return grammar.refuse(readable(Buffer.from(raw).subarray(0, excerptBytes), true), line, tooLong)
    return grammar.read(raw, line)
  }

  function uncertainRow(latin: string): ParsedRow | undefined {
    const bytes = Buffer.from(latin, 'latin1')
    if (isUtf8(bytes)) {
      beyondAscii ||= !isAscii(bytes)
      return validRow(bytes.toString('utf8'))
    }
    if (!beyondAscii && isGb18030(bytes)) misread++
    if (bytes.length > limits.recordBytes) return grammar.refuse(readable(bytes.subarray(0, excerptBytes), true), line, tooLong)
    return grammar.refuse(readable(bytes, false), line, { ...invalidField(latin), ...notUtf8 })
  }

  /** Says in which field the invalid bytes stand, where the record can be split at all. */
  function invalidField(latin: string): { readonly field?: string } {
    const field = grammar.fieldWhere?.(latin, (value) => !isUtf8(Buffer.from(value, 'latin1')))
    return field === undefined ? {} : { field }
  }

  /** Passes over a record that is too long and answers with what follows it. */
  function skip(record: Skipped, bytes: Buffer, begin: boolean, last: boolean, rows: ParsedRow[]): Buffer {
    const text = bytes.toString('latin1')
    const end = grammar.skip(text, begin)
    const passed = end === -1 ? bytes.length : end + 1
    record.bytes += passed
    line += lineFeedsIn(text, 0, passed)
    if (record.bytes > limits.skippedBytes) throw endless(record.line, limits.skippedBytes)
    if (end === -1 && last && grammar.isQuoteOpen()) throw openQuote(record.line)
    if (end !== -1 || last) {
      rows.push(grammar.refuse(record.excerpt, record.line, tooLong))
      skipped = undefined
    }
    return bytes.subarray(passed)
  }

  return read
}

/** More rows of a file in another character set are not read. */
const MAX_MISREAD = 1_000

function wrongCharset(): Error {
  return importRefusal(
    'wrong_charset',
    'All rows with Chinese characters are in GB 18030 and not in UTF-8: send the file again and declare it, as in Content-Type: text/csv; charset=gb18030.',
  )
}

const notUtf8: RowError = { code: 'invalid_utf8', message: 'The row contains bytes that are not UTF-8.' }

function openQuote(line: number): Error {
  return importRefusal(
    'unterminated_quote',
    `A quote in the record that starts on line ${line} is never closed, so the rest of the body cannot be parsed.`,
    { line },
  )
}

function endless(line: number, bytes: number): Error {
  return importRefusal(
    'record_too_long',
    `The record that starts on line ${line} does not end within ${bytes} bytes; a quote in it may not be closed.`,
    { line },
  )
}

function lineFeedsIn(text: string, from: number, to: number): number {
  let count = 0
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

/** Bytes as text without ever a replacement character: what is no UTF-8 is written `\xHH`. A character cut off at the end of an excerpt is dropped. */
function readable(bytes: Buffer, excerpt: boolean): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  for (let cut = 1; cut <= (excerpt ? 3 : 0); cut += 1) {
    const shorter = bytes.subarray(0, bytes.length - cut)
    if (isUtf8(shorter)) return shorter.toString('utf8')
  }
  return escaped(bytes)
}

function escaped(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] as number
    const length = sequenceLength(byte)
    const whole = length === 1 || (length > 1 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)))
    text += whole ? bytes.toString('utf8', at, at + length) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
    at += whole ? length : 1
  }
  return text
}

/** How many bytes the UTF-8 character has that begins with a byte; 0 for a byte that begins none. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}
