import { DomainError, refuseField } from '../../../core/kernel/errors.ts'
import type { Permission } from '../../../core/kernel/permissions.ts'
import { keysetCondition } from './keys.ts'
import { decodeInstant, decodeMoney } from './decode.ts'
import {
  type Computed,
  type Field,
  type Page,
  protectedViews,
  type SelectedField,
  type Selection,
  type View,
  type ViewSettings,
} from './view.ts'
import { pageShape, withCursor, connectionOf } from './connection.ts'
import { propertyOf } from './response-keys.ts'

/** Turns what PostgreSQL answers for an expression into what the API shows. */
type Decode = (value: unknown) => unknown

interface Compiled {
  readonly expression: string
  readonly decode: Decode
}

/** A statement while it is being written: its values, its aliases, who asks. */
export interface Compilation {
  readonly values: unknown[]
  readonly settings: ViewSettings
  readonly permits: (permission: Permission) => boolean
  readonly cursors: PageCursors
  /** What stands for a relation that the caller may not follow. */
  readonly refusedAs: symbol | null
  /** Told of each customer whose protected data are shown; absent where nobody has to know. */
  readonly noteAccess?: NoteAccess | undefined
  aliases: number
}

/** `customerPath` is the institution path of the customer. */
export type NoteAccess = (customerId: string, customerPath: string, fields: readonly string[]) => void

/** The alias under which the thing that is asked for is read. */
export const ROOT = 'root'

/** Seals and opens the cursors of pages inside a view. */
export interface PageCursors {
  seal(order: string, keys: readonly string[]): string
  /** Throws `invalid_cursor`. */
  open(order: string, cursor: string): readonly string[]
}

/** Most rows of a plain list inside a view. */
const MAX_LISTED = 500

const DEFAULT_PAGE = 20

const MAX_PAGE_SIZE = 200

/** PostgreSQL takes at most 100 arguments in a call. */
const MAX_ARGUMENTS = 90

/** Marks a relation that the caller may not follow, where the adapter answers null and an error; elsewhere it is a plain null. */
export const refused: unique symbol = Symbol('refused')

export function bindOf(compilation: Compilation): (value: unknown) => string {
  return (value) => `$${compilation.values.push(value)}`
}

export function nextAlias(compilation: Compilation): string {
  return `t${compilation.aliases++}`
}

/** Compiles the selected fields of a view, read from `alias`, to one JSON expression and its decoder. `anchored`: a visible customer stands behind the row. */
export function compileObject(compilation: Compilation, view: View, alias: string, selection: Selection): Compiled {
  const live = new Map<string, Compiled>()
  const missing: string[] = []
  for (const [responseKey, selected] of selection) {
    const field = view.fields[selected.name]
    if (!field) continue
    const simple = field.kind === 'column' || field.kind === 'money'
    const property = simple ? selected.name : propertyOf(responseKey, selected.name)
    if (simple && live.has(property)) continue
    const compiled = compileField(compilation, view, alias, field, selected)
    if (compiled === refused) missing.push(property)
    else live.set(property, compiled)
  }
  const fields = [...live]
  const noted = compilation.noteAccess && notedOf(view, alias, selection, compilation.permits)
  const expressions = [
    ...fields.map(([, { expression }]) => expression),
    ...(noted ? [noted.customerId, `${alias}.institution_path`] : []),
  ]
  return {
    expression: jsonArray(expressions),
    decode(value) {
      const cells = expressions.length > MAX_ARGUMENTS ? (value as unknown[][]).flat() : (value as unknown[])
      if (noted) compilation.noteAccess?.(cells[fields.length] as string, cells[fields.length + 1] as string, noted.fields)
      const object: Record<string, unknown> = {}
      for (let index = 0; index < fields.length; index++) {
        const [property, { decode }] = fields[index]!
        object[property] = decode(cells[index])
      }
      for (const property of missing) object[property] = compilation.refusedAs
      return object
    },
  }
}

/** The protected fields of a customer that a selection shows, and where the customer's id stands. */
function notedOf(
  view: View,
  alias: string,
  selection: Selection,
  permits: Compilation['permits'],
): { readonly customerId: string; readonly fields: readonly string[] } | undefined {
  // Of a customer's documents and contacts their customer tells.
  if (protectedViews.has(view.name))
    return alias === ROOT ? { customerId: `${alias}.customer_id`, fields: [view.name] } : undefined
  const computed = notedComputed(view, selection, permits)
  if (computed.length > 0) return { customerId: `${alias}.customer_id`, fields: computed }
  const fields = protectedFields(view, selection, permits)
  return fields.length > 0 ? { customerId: `${alias}.id`, fields } : undefined
}

/** What the audit log calls those of the selected fields that are protected themselves. */
function notedComputed(view: View, selection: Selection, permits: Compilation['permits']): readonly string[] {
  const names = [...selection.values()].flatMap(({ name }) => {
    const field = view.fields[name]
    return field?.kind === 'computed' && field.notedAs !== undefined && permits(field.permission) ? [field.notedAs] : []
  })
  return [...new Set(names)]
}

/** Those of the selected fields that lead to protected data of the customer. */
function protectedFields(view: View, selection: Selection, permits: Compilation['permits']): readonly string[] {
  if (view.tableKind !== 'customer') return []
  const names = [...selection.values()].flatMap(({ name }) => {
    const field = view.fields[name]
    return field && 'target' in field && protectedViews.has(field.target) && permits(field.permission) ? [name] : []
  })
  return [...new Set(names)]
}

function jsonArray(expressions: readonly string[]): string {
  if (expressions.length <= MAX_ARGUMENTS) return `json_build_array(${expressions.join(', ')})`
  const chunks: string[] = []
  for (let at = 0; at < expressions.length; at += MAX_ARGUMENTS)
    chunks.push(`json_build_array(${expressions.slice(at, at + MAX_ARGUMENTS).join(', ')})`)
  return `json_build_array(${chunks.join(', ')})`
}

function compileField(
  compilation: Compilation,
  view: View,
  alias: string,
  field: Field,
  selected: SelectedField,
): Compiled | typeof refused {
  switch (field.kind) {
    case 'column':
      return { expression: field.expression(alias), decode: field.type === 'instant' ? decodeInstant : same }
    case 'money': {
      const bind = bindOf(compilation)
      const amount = field.amount(alias, bind, compilation.settings)
      const currency = field.currency(alias, bind, compilation.settings)
      return { expression: `json_build_array((${amount})::text, ${currency})`, decode: decodeMoney }
    }
    case 'computed':
      return compilation.permits(field.permission) ? compileComputed(compilation, alias, field, selected) : refused
    case 'one':
    case 'many':
    case 'page':
      return compilation.permits(field.permission) ? compileRelation(compilation, view, alias, field, selected) : refused
  }
}

function compileComputed(compilation: Compilation, alias: string, field: Computed, { input }: SelectedField): Compiled {
  return {
    expression: `(${field.expression(alias, bindOf(compilation), compilation.settings, argumentsOf(field, input))})`,
    decode: field.decode ?? same,
  }
}

/** Arguments as the field takes them; what is null counts as absent. Throws `invalid_input` that names each bad one. */
function argumentsOf({ input }: Computed, given: SelectedField['input']): Record<string, unknown> {
  if (!input) return {}
  const result = input.safeParse(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)))
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, code, message }) => ({
    pointer: path.map((part) => `/${String(part)}`).join(''),
    rule: code,
    message,
  }))
  throw new DomainError('invalid_input', 'The input is not valid.', problems)
}

function compileRelation(
  compilation: Compilation,
  view: View,
  parent: string,
  field: Extract<Field, { on: unknown }>,
  selected: SelectedField,
): Compiled {
  const target = view.related(field.target)
  const child = nextAlias(compilation)
  const bind = bindOf(compilation)
  const anchored = target.tableKind !== 'owned' || (field.sameCustomer && view.tableKind !== 'reference')
  const { settings, permits } = compilation
  const where = field.on(parent, child, bind, settings)
  const from = (limit: number, after?: readonly string[]): string =>
    field.from ? `${field.from({ parent, bind, settings, permits, limit, after })} ${child}` : fromView(target, child, anchored)
  if (field.kind === 'page')
    return compilePage(compilation, target, child, (limit, after) => `${from(limit, after)} where ${where}`, field, selected)
  const object = compileObject(compilation, target, child, selected.selection)
  if (field.kind === 'one') {
    return {
      expression: `(select ${object.expression} from ${from(1)} where ${where} limit 1)`,
      decode: (value) => (value === null ? null : object.decode(value)),
    }
  }
  const { limit = MAX_LISTED } = field
  return {
    expression: `(select coalesce(json_agg(l.v), '[]') from (select ${object.expression} as v from ${from(limit)} where ${where} order by ${field.orderBy(child)} limit ${limit}) l)`,
    decode: (value) => (value as unknown[]).map(object.decode),
  }
}

/** A `from` item for a view. Rows that belong to a customer come with that customer, whose policy decides for staff who see their portfolio only. */
export function fromView({ table, tableKind, join }: View, alias: string, anchored: boolean): string {
  const owner =
    tableKind === 'owned' && !anchored ? ` join customer ${alias}_owner on ${alias}_owner.id = ${alias}.customer_id` : ''
  return `${table} ${alias}${owner}${join ? ` ${join(alias)}` : ''}`
}

function compilePage(
  compilation: Compilation,
  target: View,
  child: string,
  fromWhere: (limit: number, after: readonly string[] | undefined) => string,
  field: Page,
  selected: SelectedField,
): Compiled {
  const bind = bindOf(compilation)
  const first = pageSize(selected.input['first'])
  const after = selected.input['after']
  const order = `${target.name}.page`
  const keys = field.keys(child)
  const shape = pageShape(selected.selection)
  const objects = shape.map(({ nodes }) => compileObject(compilation, target, child, nodes))
  const behind = typeof after === 'string' ? compilation.cursors.open(order, after) : undefined
  const beyond = behind === undefined ? '' : ` and ${keysetCondition(keys, field.direction, behind, bind)}`
  const ordering = keys.map(({ expression }) => `${expression} ${field.direction}`).join(', ')
  const cells = `json_build_array(json_build_array(${keys.map(({ expression }) => `(${expression})::text`).join(', ')})${objects.map(({ expression }) => `, ${expression}`).join('')})`
  return {
    expression: `(select coalesce(json_agg(l.v), '[]') from (select ${cells} as v from ${fromWhere(first + 1, behind)}${beyond} order by ${ordering} limit ${bind(first + 1)}) l)`,
    decode(value) {
      const rows = value as [string[], ...unknown[]][]
      const shown = rows.slice(0, first).map(([row, ...cells]) =>
        withCursor(
          () => compilation.cursors.seal(order, row),
          cells.map((cell, index) => objects[index]!.decode(cell)),
        ),
      )
      return connectionOf(selected.selection, shown, { hasNextPage: rows.length > first })
    },
  }
}

/** Throws `invalid_input` for what is no size of a page. */
function pageSize(first: unknown): number {
  if (first === undefined || first === null) return DEFAULT_PAGE
  if (typeof first === 'number' && Number.isInteger(first) && first >= 1 && first <= MAX_PAGE_SIZE) return first
  throw refuseField('invalid_input', 'first', 'range', `first must be an integer from 1 to ${MAX_PAGE_SIZE}.`)
}

export const same: Decode = (value) => value
