/** What separates the fields of a record. */
export const separators = { comma: ',', semicolon: ';', tab: '\t' } as const
export type Separator = (typeof separators)[keyof typeof separators]

/** Values of a CSV record in order; undefined is an empty field without quotes. Or what is wrong, at which field (from 0). */
export type CsvValues = readonly (string | undefined)[] | CsvFault

export interface CsvFault {
  readonly fault: 'misplaced_quote' | 'stray_carriage_return'
  readonly at: number
}

/**
 * Splits one CSV record (RFC 4180, 2, without its line end) strictly: a quote opens a field at its very beginning, is doubled inside, and only a
 * separator or the end may follow the closing one; a carriage return stands inside quotes only.
 */
export function csvValues(raw: string, separator: Separator = ','): CsvValues {
  if (!raw.includes('"'))
    return raw.includes('\r')
      ? faultAt(raw, '\r', 'stray_carriage_return', separator)
      : raw.split(separator).map((value) => value || undefined)
  const values: (string | undefined)[] = []
  for (let at = 0; ; at += 1) {
    const quoted = raw.charCodeAt(at) === quote
    const end = quoted ? endOfQuoted(raw, at, separator) : endOfPlain(raw, at, separator)
    if (end === -1) return { fault: 'misplaced_quote', at: values.length }
    const value = quoted ? raw.slice(at + 1, end - 1) : raw.slice(at, end)
    if (!quoted && value.includes('"')) return { fault: 'misplaced_quote', at: values.length }
    if (!quoted && value.includes('\r')) return { fault: 'stray_carriage_return', at: values.length }
    values.push(quoted ? value.replaceAll('""', '"') : value || undefined)
    if (end >= raw.length) return values
    at = end
  }
}

/** A value as a CSV field, in quotes only where they are needed. Absent is empty without quotes, the empty text is `""`. */
export function csvField(value: string | undefined): string {
  if (value === undefined) return ''
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

const quote = 0x22
const lineFeed = 0x0a

type Place = 'field_start' | 'plain' | 'quoted' | 'after_quote' | 'lost'

/** Finds where a record ends; it may be told in pieces. After a misplaced closing quote the record ends with the physical line. */
export interface CsvScanner {
  readonly begin: () => void
  /** Index of the line feed that ends the record; -1 when the text ends first. */
  readonly scan: (text: string, from: number) => number
  readonly isQuoteOpen: () => boolean
}

export function csvScanner(separator: Separator = ','): CsvScanner {
  const separating = separator.charCodeAt(0)
  let place: Place = 'field_start'

  function scan(text: string, from: number): number {
    for (let at = from; at < text.length; at += 1) {
      if (place === 'quoted') {
        at = text.indexOf('"', at)
        if (at === -1) return -1
        place = 'after_quote'
        continue
      }
      const code = text.charCodeAt(at)
      if (code === lineFeed) return at
      place = placeAfter(place, code, separating)
    }
    return -1
  }

  return { begin: () => (place = 'field_start'), scan, isQuoteOpen: () => place === 'quoted' }
}

function placeAfter(place: Place, code: number, separating: number): Place {
  if (place === 'lost') return 'lost'
  if (code === separating) return 'field_start'
  if (place === 'after_quote') return code === quote ? 'quoted' : 'lost'
  return place === 'field_start' && code === quote ? 'quoted' : 'plain'
}

/** Index behind the closing quote of the field that opens at an index; -1 when there is none or something else than the separator follows it. */
function endOfQuoted(raw: string, opening: number, separator: Separator): number {
  for (let at = opening + 1; ; at += 2) {
    at = raw.indexOf('"', at)
    if (at === -1) return -1
    if (at + 1 === raw.length || raw[at + 1] === separator) return at + 1
    if (raw.charCodeAt(at + 1) !== quote) return -1
  }
}

function endOfPlain(raw: string, from: number, separator: Separator): number {
  const end = raw.indexOf(separator, from)
  return end === -1 ? raw.length : end
}

function faultAt(raw: string, character: string, fault: CsvFault['fault'], separator: Separator): CsvFault {
  return { fault, at: raw.split(separator).findIndex((value) => value.includes(character)) }
}
