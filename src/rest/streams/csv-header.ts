import { csvValues } from './csv-record.ts'
import { importRefusal } from './refusal.ts'

const shownColumns = 20
const shownLength = 64

/**
 * The column names of a header row, each known and none twice. A row in which no name is known is taken for data without a header, and is
 * not quoted in the refusal. Throws `missing_header`, `bad_header`, `unknown_columns` and `duplicate_columns`.
 */
export function checkedHeader(raw: string, line: number, columns: ReadonlySet<string>): readonly string[] {
  const values = csvValues(raw)
  if ('fault' in values || raw.includes('\0'))
    throw importRefusal('bad_header', `The header on line ${line} is not a valid CSV record (RFC 4180).`, { line })
  const names = values.map((value) => value ?? '')
  const unknown = names.filter((name) => !columns.has(name))
  if (unknown.length === names.length) {
    throw importRefusal(
      'missing_header',
      `Line ${line} is not a header: none of its fields is a column of this import (${listed([...columns])}).`,
      { line },
    )
  }
  if (unknown.length > 0)
    throw importRefusal('unknown_columns', `The header on line ${line} has unknown columns: ${listed(unknown)}.`, {
      line,
      columns: shown(unknown),
    })
  const duplicates = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
  if (duplicates.length > 0)
    throw importRefusal('duplicate_columns', `The header on line ${line} has duplicate columns: ${listed(duplicates)}.`, {
      line,
      columns: shown(duplicates),
    })
  return names
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
