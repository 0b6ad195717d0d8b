import { csvField, csvScanner, csvValues, type Separator } from './csv-record.ts'
import { checkedHeader } from './csv-header.ts'
import { importRefusal } from './refusal.ts'
import { isLongerThan, type FieldValue, type ParsedRow, type RecordGrammar, type RowError, type RowLimits } from './rows.ts'

/**
 * CSV of RFC 4180 with a header row: one separator, double quotes, CRLF or LF. Values are texts; an empty field without quotes is absent (no key), `""` is
 * the empty text. Blank lines, lines of separators only and the sign that ends files of DOS are passed over. What is given back of a row has commas.
 */
export function csvGrammar(columns: ReadonlySet<string>, limits: RowLimits, separator: Separator = ','): RecordGrammar {
  const scanner = csvScanner(separator)
  let header: readonly string[] | undefined
  let nextQuote = -1

  /** Most records hold no quote: their end is the next line feed, found without a look at each character. */
  function endOf(text: string, from: number): number {
    // A text is always read from its beginning: what is remembered of the one before ends there.
    if (from === 0 || nextQuote < from) {
      const found = text.indexOf('"', from)
      nextQuote = found === -1 ? Infinity : found
    }
    scanner.begin()
    const lineEnd = text.indexOf('\n', from)
    return nextQuote > (lineEnd === -1 ? text.length : lineEnd) ? lineEnd : scanner.scan(text, from)
  }

  function skip(text: string, begin: boolean): number {
    if (begin) scanner.begin()
    return scanner.scan(text, 0)
  }

  function read(raw: string, line: number): ParsedRow | undefined {
    if (raw === '' || raw === endOfFile) return undefined
    if (!header) {
      header = checkedHeader(raw, line, columns, separator)
      return undefined
    }
    const values = csvValues(raw, separator)
    if ('fault' in values) return { line, raw, error: faultError(values.fault, header[values.at]) }
    if (values.every((value) => value === undefined)) return undefined
    const given = separator === ',' ? raw : values.map(csvField).join(',')
    const error = shapeError(values, header) ?? valueError(raw, values, header)
    return error ? { line, raw: given, error } : { line, raw: given, fields: fieldsOf(values, header) }
  }

  function valueError(raw: string, values: readonly (string | undefined)[], names: readonly string[]): RowError | undefined {
    const unnamed = values.findIndex((value, index) => value !== undefined && names[index] === '')
    if (unnamed !== -1)
      return { code: 'unnamed_column', message: `Field ${unnamed + 1} has a value, but its column has no name in the header.` }
    if (raw.includes('\0')) return nulError(names[values.findIndex((value) => value?.includes('\0'))])
    if (raw.length * 3 <= limits.fieldBytes) return undefined
    const long = values.findIndex((value) => value !== undefined && isLongerThan(value, limits.fieldBytes))
    return long === -1
      ? undefined
      : { ...fieldOf(names[long]), code: 'field_too_long', message: `This field is longer than ${limits.fieldBytes} bytes.` }
  }

  return {
    header: () => header,
    endOf,
    skip,
    isQuoteOpen: scanner.isQuoteOpen,
    read,
    refuse: (raw, line, error) => {
      if (!header) throw importRefusal('bad_header', `The header on line ${line} cannot be read: ${error.message}`, { line })
      return { line, raw, error }
    },
    fieldWhere: (raw, fits) => {
      const values = csvValues(raw, separator)
      return 'fault' in values ? undefined : header?.[values.findIndex((value) => value !== undefined && fits(value))]
    },
    end: () => {
      if (!header) throw importRefusal('missing_header', 'A CSV body must begin with a header row.', { line: 1 })
    },
  }
}

function fieldsOf(values: readonly (string | undefined)[], names: readonly string[]): Readonly<Record<string, FieldValue>> {
  const fields: Record<string, FieldValue> = {}
  for (let index = 0; index < names.length; index += 1) {
    const value = values[index]
    if (value !== undefined && names[index] !== '') fields[names[index] as string] = value
  }
  return fields
}

function faultError(fault: 'misplaced_quote' | 'stray_carriage_return', name: string | undefined): RowError {
  const message =
    fault === 'misplaced_quote'
      ? 'A quote is not allowed here by RFC 4180: quote the whole field and double the quotes inside it.'
      : 'A carriage return outside quotes does not end the line.'
  return { ...fieldOf(name), code: fault, message }
}

/** Fields beyond the header are no fields where they are empty. */
function shapeError(values: readonly (string | undefined)[], names: readonly string[]): RowError | undefined {
  const fits =
    names.slice(values.length).every((name) => name === '') && values.slice(names.length).every((value) => value === undefined)
  return fits ? undefined : raggedError(values.length, names.length)
}

/** Ctrl-Z: the last character of files of DOS. */
const endOfFile = '\u001a'

function raggedError(found: number, expected: number): RowError {
  return { code: 'ragged_row', message: `This row has ${found} fields, but the header has ${expected}.` }
}

function nulError(name: string | undefined): RowError {
  return { ...fieldOf(name), code: 'nul_character', message: 'NUL characters cannot be stored.' }
}

function fieldOf(name: string | undefined): { readonly field?: string } {
  return name === undefined ? {} : { field: name }
}
