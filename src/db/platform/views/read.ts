import type { Permission } from '../../../core/kernel/permissions.ts'
import type { Db } from '../database.ts'
import { bindOf, type Compilation, compileObject, fromView, type NoteAccess, type PageCursors, ROOT as ALIAS } from './compile.ts'
import { pageShape } from './connection.ts'
import type { Conditions } from './conditions.ts'
import { keysetCondition, type Order } from './keys.ts'
import type { Bind, Selection, View, ViewSettings } from './view.ts'

/** What reading through a view needs to know of the request. */
export interface Reader {
  readonly db: Db
  readonly settings: ViewSettings
  readonly permits: (permission: Permission) => boolean
  readonly cursors: PageCursors
  readonly refusedAs: symbol | null
  /** Told of each customer whose protected data are shown. */
  readonly noteAccess?: NoteAccess | undefined
}

function compilationOf({ settings, permits, cursors, refusedAs, noteAccess }: Reader): Compilation {
  return { values: [], settings, permits, cursors, refusedAs, noteAccess, aliases: 0 }
}

/** Reads the one row that meets the condition, as selected, in one statement. Undefined where there is none in scope. */
export async function readOne(
  reader: Reader,
  view: View,
  selection: Selection,
  condition: Conditions,
): Promise<Record<string, unknown> | undefined> {
  const compilation = compilationOf(reader)
  const object = compileObject(compilation, view, ALIAS, selection)
  const conditions = condition(ALIAS, bindOf(compilation))
  if (conditions.length === 0) throw new Error('A condition for the row is required.')
  const rows = await reader.db.rows<{ v: unknown }>({
    text: `select ${object.expression} as v from ${fromView(view, ALIAS, false)}${whereOf(conditions)} limit 1`,
    values: compilation.values,
  })
  return rows[0] && (object.decode(rows[0].v) as Record<string, unknown>)
}

export interface PageQuery {
  /** What stands for the view's table, as a `from` item under the row's alias that joins customers itself. */
  readonly from?: (row: string, bind: Bind) => string
  /** Further tables, joined to the row. */
  readonly join?: (row: string, bind: Bind) => string
  readonly where: Conditions
  readonly order: Order
  readonly limit: number
  readonly cursor?: string | undefined
  /** What the page tells of each row besides, such as how a search found it. `read` may throw a refusal of the page. */
  readonly found?: { readonly expression: (row: string) => string; readonly read: (value: unknown) => string }
  /** `each_time`: the best plan depends on the values, so none is stored. */
  readonly planned?: 'once' | 'each_time'
}

export interface PageRow {
  readonly keys: readonly string[]
  readonly nodes: readonly unknown[]
  readonly match?: string
}

/** Reads one row more than the limit, in one statement: for every row its sort keys and, for each part of the selection that asks for nodes, its values. */
export async function readPage(reader: Reader, view: View, selection: Selection, query: PageQuery): Promise<PageRow[]> {
  const compilation = compilationOf(reader)
  const bind = bindOf(compilation)
  const objects = pageShape(selection).map(({ nodes }) => compileObject(compilation, view, ALIAS, nodes))
  const keys = query.order.keys(ALIAS)
  const conditions = [...query.where(ALIAS, bind)]
  if (query.cursor !== undefined)
    conditions.push(keysetCondition(keys, query.order.direction, reader.cursors.open(query.order.name, query.cursor), bind))
  const cells = [
    `json_build_array(${keys.map(({ expression }) => `(${expression})::text`).join(', ')})`,
    ...objects.map(({ expression }) => expression),
    ...(query.found ? [query.found.expression(ALIAS)] : []),
  ]
  const text = `select json_build_array(${cells.join(', ')}) as v from ${fromOf(view, query, bind)}${query.join ? ` ${query.join(ALIAS, bind)}` : ''}${whereOf(conditions)}
    order by ${keys.map(({ expression }) => `${expression} ${query.order.direction}`).join(', ')} limit ${bind(query.limit + 1)}`
  const rows = await reader.db.rows<{ v: [string[], ...unknown[]] }>({
    text,
    values: compilation.values,
    prepared: query.planned !== 'each_time',
  })
  // The last one only tells that there are more: nobody sees it.
  return rows.map(({ v: [row, ...cells] }, place) => ({
    keys: row,
    ...(query.found && { match: query.found.read(cells[objects.length]) }),
    nodes: place < query.limit ? objects.map(({ decode }, index) => decode(cells[index])) : [],
  }))
}

/** Counts the rows that a page query would go through. */
export async function countRows(reader: Reader, view: View, query: Pick<PageQuery, 'from' | 'join' | 'where'>): Promise<number> {
  const compilation = compilationOf(reader)
  const bind = bindOf(compilation)
  const conditions = query.where(ALIAS, bind)
  const text = `select count(*)::int as total from ${fromOf(view, query, bind)}${query.join ? ` ${query.join(ALIAS, bind)}` : ''}${whereOf(conditions)}`
  const [row] = await reader.db.rows<{ total: number }>({ text, values: compilation.values, prepared: false })
  return row!.total
}

function fromOf(view: View, { from }: Pick<PageQuery, 'from'>, bind: Bind): string {
  return from ? from(ALIAS, bind) : fromView(view, ALIAS, false)
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length > 0 ? ` where ${conditions.join(' and ')}` : ''
}
