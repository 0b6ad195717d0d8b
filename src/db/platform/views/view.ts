import { getTableColumns, getTableName } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { z } from 'zod'
import type { Permission } from '../../../core/kernel/permissions.ts'
import type { TableKind } from '../schema/kinds.ts'

/** How a column leaves the database: the name of its scalar in both APIs. */
export type ColumnType = 'uuid' | 'text' | 'integer' | 'float' | 'decimal' | 'boolean' | 'day' | 'instant' | 'texts' | 'json'

/** Adds a value to the statement and answers its placeholder. */
export type Bind = (value: unknown) => string

/** What expressions may need besides their row. */
export interface ViewSettings {
  readonly baseCurrency: string
  /** Today in the actor's institution. */
  readonly today: string
  readonly now: Date
  /** The days that it is now anywhere in the bank, the earliest first. */
  readonly bankDays: readonly string[]
  readonly bankTimeZone: string
}

interface Described {
  readonly description: string
  readonly nullable: boolean
}

export interface Column extends Described {
  readonly kind: 'column'
  readonly type: ColumnType
  readonly values?: readonly string[]
  readonly expression: (alias: string) => string
}

/** Minor units and a currency, decoded to `{ amount, currency }`. */
export interface MoneyField extends Described {
  readonly kind: 'money'
  readonly amount: (alias: string, bind: Bind, settings: ViewSettings) => string
  readonly currency: (alias: string, bind: Bind, settings: ViewSettings) => string
}

/** A JSON expression of its own with arguments, for what is no plain relation. */
export interface Computed extends Described {
  readonly kind: 'computed'
  readonly permission: Permission
  readonly input?: z.ZodObject
  readonly output: z.ZodType
  readonly inRest: boolean
  /** What the audit log calls it, where whoever reads it leaves an entry there. The row belongs to a customer. */
  readonly notedAs?: string
  readonly expression: (alias: string, bind: Bind, settings: ViewSettings, input: Record<string, unknown>) => string
  readonly decode?: (value: unknown) => unknown
}

/** What a relation's rows are read from, where no single table holds them. */
export interface RowSource {
  /** The alias of the parent row. */
  readonly parent: string
  readonly bind: Bind
  readonly settings: ViewSettings
  readonly permits: (permission: Permission) => boolean
  /** Rows that are needed, and the sort keys behind which they begin. */
  readonly limit: number
  readonly after: readonly string[] | undefined
}

interface Relation extends Described {
  /** The name of the view it leads to. */
  readonly target: string
  /** Asked before the relation's SQL is built. */
  readonly permission: Permission
  /** The joining condition between the aliases of the parent and of the target. */
  readonly on: (parent: string, child: string, bind: Bind, settings: ViewSettings) => string
  /** A `from` item without its alias, where the target's table does not do. */
  readonly from?: ((source: RowSource) => string) | undefined
  /** Whether REST answers carry it: in every answer, in answers about one thing, or never. */
  readonly inRest: 'always' | 'single' | 'never'
  /** The target row belongs to the customer of the parent row, who has passed the policy of `customer` already. */
  readonly sameCustomer: boolean
}

export interface One extends Relation {
  readonly kind: 'one'
}

/** What is bounded per parent: a plain list. */
export interface Many extends Relation {
  readonly kind: 'many'
  readonly orderBy: (child: string) => string
  /** Most rows; as many as plain lists may have where it says nothing. */
  readonly limit?: number
}

/** What grows: a connection with keyset pages. `keys` order it and end with what makes them unique; all run in one direction. */
export interface Page extends Relation {
  readonly kind: 'page'
  readonly keys: (child: string) => readonly { readonly expression: string; readonly cast: string }[]
  readonly direction: 'asc' | 'desc'
}

/** Views of what is protected about a customer: whoever reads of them leaves an entry in the audit log. */
export const protectedViews: ReadonlySet<string> = new Set(['IdentityDocument', 'ContactPoint', 'Address'])

export type Field = Column | MoneyField | Computed | One | Many | Page

/** A type of both APIs as its room defines it. */
export interface ViewDefinition {
  readonly name: string
  readonly description: string
  /** Undefined where rows of customers come from several tables. */
  readonly table: PgTable | undefined
  /** Permissions that decide which rows there are, beyond the one that leads to them. */
  readonly rowPermissions: readonly Permission[]
  /** What else its fields are read from: joins that yield one row at most for each of its own. */
  readonly join?: (alias: string) => string
  readonly fields: Readonly<Record<string, Field>>
}

/** Fields that a room adds to a view of a room before it. */
export interface ViewExtension {
  readonly name: string
  readonly fields: Readonly<Record<string, Field>>
}

/** A type of both APIs: the table it is read from and its fields, those of all rooms. The base of the GraphQL type, the REST schema and the SQL. */
export interface View extends Omit<ViewDefinition, 'table'> {
  readonly table: string
  /** Whether rows belong to a customer; such rows are reached only through a join with `customer`. */
  readonly tableKind: 'customer' | 'owned' | 'reference'
  /** The view that a relation leads to. */
  readonly related: (target: string) => View
}

/** What a caller asked for, by response key. */
export type Selection = ReadonlyMap<string, SelectedField>

export interface SelectedField {
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
  readonly selection: Selection
}

type Columns = Readonly<Record<string, { readonly name: string }>>
type ColumnOptions = {
  readonly nullable?: boolean
  readonly values?: readonly string[]
  readonly expression?: (alias: string) => string
}
type ColumnOf = (name: string, columns: Columns) => Column

/** A field that is a column: the one of the same name in the view's table, or an expression over its row. */
export function column(type: ColumnType, description: string, options: ColumnOptions = {}): ColumnOf {
  return (name, columns) => ({
    kind: 'column',
    type,
    description,
    nullable: options.nullable ?? false,
    ...(options.values && { values: options.values }),
    expression: options.expression ?? plainColumn(name, columns),
  })
}

/** The id of a row of another table, null where the caller does not see that row: an id alone would tell that it is there. */
export function visibleId(table: string, reference: string, description: string): ColumnOf {
  return column('uuid', `${description}; null if out of your scope.`, {
    nullable: true,
    expression: (alias) => `(select seen.id from ${table} seen where seen.id = ${alias}.${reference})`,
  })
}

function plainColumn(name: string, columns: Columns): (alias: string) => string {
  const found = columns[name]
  if (!found) throw new Error(`The table has no column for the field ${name}.`)
  return (alias) => `${alias}.${found.name}`
}

/** Defines a type of both APIs whose rows of customers come from several tables, with columns that are named like the fields. */
export function derivedView(
  name: string,
  description: string,
  rowPermissions: readonly Permission[],
  fields: Readonly<Record<string, Field | ColumnOf>>,
): ViewDefinition {
  const snake = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const columns = Object.fromEntries(Object.keys(fields).map((field) => [field, { name: snake(field) }])) as Columns
  return { name, description, table: undefined, rowPermissions, fields: fieldsOf(fields, columns) }
}

/** Defines a type of both APIs on a table of the schema, whose kind decides how it is reached. */
export function view(
  name: string,
  description: string,
  table: PgTable,
  fields: Readonly<Record<string, Field | ColumnOf>>,
  join?: View['join'],
): ViewDefinition {
  return { name, description, table, ...(join && { join }), rowPermissions: [], fields: fieldsOf(fields, getTableColumns(table)) }
}

/**
 * Puts the views of all rooms together with what later rooms add to them. Throws where two rooms define the same view or field, or where one adds to a
 * view that nobody defines.
 */
export function assembleViews(
  definitions: readonly ViewDefinition[],
  extensions: readonly ViewExtension[],
  kindOf: (table: PgTable) => TableKind | undefined,
): ReadonlyMap<string, View> {
  const views = new Map<string, View>()
  function related(target: string): View {
    const found = views.get(target)
    if (!found) throw new Error(`There is no view ${target}.`)
    return found
  }
  const unknown = extensions.find(({ name }) => definitions.every((one) => one.name !== name))
  if (unknown) throw new Error(`There is no view ${unknown.name} to extend.`)
  for (const { table, ...definition } of definitions) {
    if (views.has(definition.name)) throw new Error(`The view ${definition.name} is defined twice.`)
    const fields = { ...definition.fields }
    for (const [name, field] of extensions.flatMap((one) => (one.name === definition.name ? Object.entries(one.fields) : []))) {
      if (name in fields) throw new Error(`The field ${definition.name}.${name} is defined twice.`)
      fields[name] = field
    }
    const kind = table ? kindOf(table) : 'owned'
    views.set(definition.name, {
      ...definition,
      fields,
      table: table ? getTableName(table) : '',
      tableKind: kind === 'customer' || kind === 'owned' ? kind : 'reference',
      related,
    })
  }
  return views
}

/** The same relation, shown in REST answers about one thing. */
export const inSingleAnswers = <R extends One | Many>(relation: R): R => ({ ...relation, inRest: 'single' })

/** The same computed field, shown in REST answers about one thing. */
export const shownInRest = (field: Computed): Computed => ({ ...field, inRest: true })

function fieldsOf(fields: Readonly<Record<string, Field | ColumnOf>>, columns: Columns): Readonly<Record<string, Field>> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [key, typeof field === 'function' ? field(key, columns) : field]),
  )
}

type RelationOptions = {
  readonly permission: Permission
  readonly on: Relation['on']
  readonly from?: Exclude<Relation['from'], undefined>
  readonly inRest?: Relation['inRest']
  /** False where the row belongs to another customer than the parent, or the parent to none. */
  readonly sameCustomer?: boolean
}

const relationDefaults = { inRest: 'never', sameCustomer: true } as const

export function one(target: string, description: string, options: RelationOptions & { readonly nullable?: boolean }): One {
  return { kind: 'one', target, description, nullable: false, ...relationDefaults, ...options }
}

export function many(target: string, description: string, options: RelationOptions & Pick<Many, 'orderBy' | 'limit'>): Many {
  return { kind: 'many', target, description, nullable: false, ...relationDefaults, ...options }
}

export function page(target: string, description: string, options: RelationOptions & Pick<Page, 'keys' | 'direction'>): Page {
  return { kind: 'page', target, description, nullable: false, ...relationDefaults, ...options }
}
