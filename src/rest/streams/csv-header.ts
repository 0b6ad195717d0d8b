import { csvValues, type Separator, separators } from './csv-record.ts'
import { importRefusal } from './refusal.ts'

const shownColumns = 20
const shownLength = 64

/**
 * The columns that a header row names, each known and none twice; a column without a name is the empty text. Names are read whatever their case and the spaces, underscores
 * and hyphens in them. A row in which no name is known is taken for data without a header, and is not quoted in the refusal. Throws `missing_header`, `bad_header`,
 * `unknown_columns` and `duplicate_columns`.
 */
export function checkedHeader(
  raw: string,
  line: number,
  columns: ReadonlySet<string>,
  separator: Separator = ',',
): readonly string[] {
  const values = csvValues(raw, separator)
  if ('fault' in values || raw.includes('\0'))
    throw importRefusal('bad_header', `The header on line ${line} is not a valid CSV record (RFC 4180).`, { line })
  const byPlainName = new Map([...columns].map((column) => [plainName(column), column]))
  const sent = values.map((value) => (value ?? '').trim())
  const names = sent.map((name) => (name === '' ? '' : (byPlainName.get(plainName(name)) ?? name)))
  const unknown = names.filter((name) => name !== '' && !columns.has(name))
  if (!names.some((name) => columns.has(name))) {
    const other = otherSeparator(raw, byPlainName, separator)
    throw other === undefined
      ? importRefusal(
          'missing_header',
          `Line ${line} is not a header: none of its fields is a column of this import (${listed([...columns])}).`,
          { line },
        )
      : importRefusal(
          'bad_header',
          `The fields of the header on line ${line} are separated by ${other === 'tab' ? 'tabs' : `${other}s`}: declare it, as in Content-Type: text/csv; separator=${other}.`,
          { line },
        )
  }
  if (unknown.length > 0)
    throw importRefusal('unknown_columns', `The header on line ${line} has unknown columns: ${listed(unknown)}.`, {
      line,
      columns: shown(unknown),
    })
  const named = names.filter((name) => name !== '')
  const duplicates = [...new Set(named.filter((name, index) => named.indexOf(name) !== index))]
  if (duplicates.length > 0)
    throw importRefusal('duplicate_columns', `The header on line ${line} has duplicate columns: ${listed(duplicates)}.`, {
      line,
      columns: shown(duplicates),
    })
  return names
}

const plainName = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '')

/** The separator that would make a header of the row. */
function otherSeparator(
  raw: string,
  byPlainName: ReadonlyMap<string, string>,
  separator: Separator,
): keyof typeof separators | undefined {
  const others = Object.entries(separators) as [keyof typeof separators, Separator][]
  return others.find(([, other]) => {
    if (other === separator || !raw.includes(other)) return false
    const values = csvValues(raw, other)
    return !('fault' in values) && values.some((value) => value !== undefined && byPlainName.has(plainName(value.trim())))
  })?.[0]
}

function listed(names: readonly string[]): string {
  const rest = names.length - shownColumns
  return `${shown(names)
    .map((name) => JSON.stringify(name))
    .join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

function shown(names: readonly string[]): readonly string[] {
  return names.slice(0, shownColumns).map((name) => (name.length > shownLength ? `${name.slice(0, shownLength)}…` : name))
}
