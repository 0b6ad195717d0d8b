import type { FeedEntity } from './imports.ts'
import type { z } from 'zod'
import '../kernel/messages.ts'
import { customerRow } from '../dossier/customer-rows.ts'
import type { FeedRefusal } from '../kernel/feed.ts'
import { decimalAmount } from '../kernel/scalars.ts'
import { activityRow, balanceRow, holdingPartyRow, holdingRow, movementRow } from './holding-rows.ts'
import { assignmentRow } from '../dossier/assignment-rows.ts'
import { institutionRow, staffRow } from '../organisation/organisation-rows.ts'
import { exchangeRateRow, productRow } from './product-rows.ts'

/** What a row of each entity must be, in JSON types: the same for imports and single writes. */
export const feedRows = {
  institutions: institutionRow,
  staff: staffRow,
  products: productRow,
  exchangeRates: exchangeRateRow,
  customers: customerRow,
  assignments: assignmentRow,
  holdings: holdingRow,
  holdingParties: holdingPartyRow,
  balances: balanceRow,
  activity: activityRow,
  movements: movementRow,
} satisfies Record<FeedEntity, z.ZodObject>

export type FeedRowOf<E extends FeedEntity> = z.output<(typeof feedRows)[E]>
export type ProductRow = FeedRowOf<'products'>
export type ExchangeRateRow = FeedRowOf<'exchangeRates'>
export type HoldingRow = FeedRowOf<'holdings'>
export type HoldingPartyRow = FeedRowOf<'holdingParties'>
export type BalanceRow = FeedRowOf<'balances'>
export type ActivityRow = FeedRowOf<'activity'>
export type MovementRow = FeedRowOf<'movements'>

type Convert = (text: string) => unknown

const numberForm = /^-?\d{1,40}(\.\d{1,40})?$/

const converters: Readonly<Record<string, Convert>> = {
  number: (text) => (numberForm.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  array: (text) => text.split('|'),
}

/** Days without hyphens or with slashes, as `20261201` and `2026/12/1`: nothing else can be meant. */
function toDay(text: string): string {
  const [, year, month = '', day = ''] =
    /^(\d{4})(?:(\d{2})(\d{2})|\/(\d{1,2})\/(\d{1,2}))$/.exec(text)?.filter((part) => part !== undefined) ?? []
  return year === undefined ? text : `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

/** Amounts with their sign in front, also a plus, or behind: `+100.00` and `100.00-`. */
function toAmount(text: string): string {
  const [, before = '', digits, after = ''] = /^([+-]?)(\d+(?:\.\d+)?)(-?)$/.exec(text) ?? []
  if (digits === undefined || (before !== '' && after !== '')) return text
  return before === '-' || after === '-' ? `-${digits}` : digits
}

/** How the text of each column becomes what the schema wants; columns without an entry stay text. Made once for each entity. */
const conversions = new Map(
  Object.entries(feedRows).map(([entity, { shape }]) => {
    const byColumn = new Map<string, Convert>()
    for (const [column, schema] of Object.entries(shape as Record<string, z.ZodType>)) {
      const inner = schema.type === 'optional' ? (schema as z.ZodOptional<z.ZodType>).unwrap() : schema
      const { format, pattern } = (inner.meta() ?? {}) as { readonly format?: string; readonly pattern?: string }
      const convert =
        format === 'date' ? toDay : pattern === decimalAmount.meta()?.['pattern'] ? toAmount : converters[inner.type]
      if (convert) byColumn.set(column, convert)
    }
    return [entity as FeedEntity, byColumn] as const
  }),
)

/** The columns that a CSV file of the entity may have, in the order of its schema. */
export function csvColumns(entity: FeedEntity): readonly string[] {
  return Object.keys(feedRows[entity].shape)
}

/**
 * Turns the fields of a CSV record into what the entity's schema reads: days, amounts, numbers, `true` and `false`, lists separated by `|`; an empty
 * field is a missing one. What does not convert stays text, so that the schema refuses it by name.
 */
export function fromCsv(entity: FeedEntity, fields: Readonly<Record<string, string>>): unknown {
  const byColumn = conversions.get(entity)!
  const row: Record<string, unknown> = {}
  for (const column in fields) {
    const text = fields[column]!
    if (text === '') continue
    const convert = byColumn.get(column)
    row[column] = convert ? convert(text) : text
  }
  return row
}

/** The refusal of a row that its schema does not accept: the first thing wrong with it. */
export function refusalOfIssues(issues: readonly z.core.$ZodIssue[]): FeedRefusal {
  const [issue] = issues
  if (!issue) return { code: 'invalid_input', message: 'Invalid row.' }
  if (issue.code === 'unrecognized_keys')
    return { field: String(issue.keys[0]), code: 'invalid_input', message: 'Unknown field.' }
  const rule = issue.code === 'custom' ? issue.params?.['rule'] : undefined
  const field = issue.path[0]
  return {
    ...(field !== undefined && { field: String(field) }),
    code: rule === 'unknown_currency' ? 'unknown_currency' : 'invalid_input',
    message: issue.message,
  }
}
