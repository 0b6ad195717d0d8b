import { getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Db } from './database.ts'

/** The values given for a row, by the names of the schema; what is undefined is not given. */
export type OwnedValues<V> = { readonly [K in keyof V]?: V[K] | undefined }

type TableOf<V> = PgTable & { readonly $inferInsert: V }

interface Address {
  readonly customerId: string
  readonly id: string
}

/** The names of the columns that are said something of, and a JSON object of them as `json_populate_record` reads it. */
export function givenColumns(table: PgTable, values: object): { readonly names: readonly string[]; readonly json: string } {
  const columns = getTableColumns(table)
  const entries = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [[columns[key]!.name, jsonOf(value)] as const],
  )
  return { names: entries.map(([name]) => name), json: JSON.stringify(Object.fromEntries(entries)) }
}

function jsonOf(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  return typeof value === 'bigint' ? value.toString() : value
}

const list = (names: readonly string[], written: (name: string) => SQL): SQL => sql.join(names.map(written), sql.raw(', '))
const own = (name: string): SQL => sql`${sql.identifier(name)}`
const given = (name: string): SQL => sql`r.${sql.identifier(name)}`

/** Writes a row of what belongs to a customer, whose own row is locked. */
export async function insertOwned<V>(db: Db, table: TableOf<V>, values: OwnedValues<V>): Promise<void> {
  const { names, json } = givenColumns(table, values)
  await db.rows(
    sql`insert into ${table} (${list(names, own)}) select ${list(names, given)} from json_populate_record(null::${table}, ${json}::json) r`,
  )
}

/** Changes a row of what belongs to a customer, whose own row is locked, and counts its version up. */
export async function updateOwned<V>(
  db: Db,
  table: TableOf<V>,
  { customerId, id }: Address,
  values: OwnedValues<V>,
): Promise<void> {
  const { names, json } = givenColumns(table, values)
  const set = list(names, (name) => sql`${own(name)} = ${given(name)}`)
  await db.rows(sql`
    update ${table} t set ${set}, version = t.version + 1 from json_populate_record(null::${table}, ${json}::json) r
    where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid`)
}

/** Reads a row of what belongs to a customer. Undefined where there is none in scope. */
export async function findOwned<T extends PgTable>(
  db: Db,
  table: T,
  { customerId, id }: Address,
  condition: SQL = sql`true`,
): Promise<T['$inferSelect'] | undefined> {
  const columns = Object.entries(getTableColumns(table)).map(
    ([key, column]) => sql`t.${sql.identifier(column.name)} as ${sql.identifier(key)}`,
  )
  const [row] = await db.rows<T['$inferSelect']>(sql`
    select ${sql.join(columns, sql.raw(', '))} from ${table} t join customer c on c.id = t.customer_id
    where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid and ${condition}`)
  return row
}
