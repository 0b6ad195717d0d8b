import { notFound } from '../../core/kernel/errors.ts'
import { countRows, type PageQuery, readOne, readPage, type Reader } from '../../db/platform/views/read.ts'
import type { Conditions } from '../../db/platform/views/conditions.ts'
import type { View } from '../../db/platform/views/view.ts'
import type { Context } from './operation.ts'
import { pageOf, type SelectedPage } from './pages.ts'

export function readerOf({ db, bank, now, today, bankDays, permits, cursors, refusedAs, noteAccess }: Context): Reader {
  return {
    db,
    settings: { baseCurrency: bank.baseCurrency, now, today, bankDays, bankTimeZone: bank.timeZone },
    permits,
    cursors,
    refusedAs,
    noteAccess,
  }
}

/** The one thing that meets the condition, as the caller selected it. Throws `not_found`. */
export async function answerOne(context: Context, view: View, condition: Conditions): Promise<Record<string, unknown>> {
  const found = await readOne(readerOf(context), view, context.selection, condition)
  if (!found) throw notFound(nameOf(view))
  return found
}

/**
 * A page of things, as the caller selected them, with the total where it was asked for. A first page without any asks `orRefuse`, which throws
 * where the list itself is of nothing that the caller may see: so a page that is not empty costs one statement.
 */
export async function answerPage(
  context: Context,
  view: View,
  query: PageQuery & {
    readonly includeTotal: boolean
    readonly orRefuse?: () => Promise<void>
    /** Where `from` stops with the page: the same without an end. */
    readonly countedFrom?: PageQuery['from']
  },
): Promise<SelectedPage> {
  const reader = readerOf(context)
  const rows = await readPage(reader, view, context.selection, query)
  if (rows.length === 0 && query.cursor === undefined) await query.orRefuse?.()
  const page = pageOf(rows, query.limit, query.order.name, context.cursors)
  return query.includeTotal
    ? { ...page, totalCount: await countRows(reader, view, { ...query, ...(query.countedFrom && { from: query.countedFrom }) }) }
    : page
}

const nameOf = ({ name }: View): string => name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()
