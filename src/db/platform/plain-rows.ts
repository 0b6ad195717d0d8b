import { getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Db } from './database.ts'

/** A row of plain columns of a table, by the names of the schema. */
export type PlainRow<T extends PgTable, K extends keyof T['$inferSelect']> = Readonly<Pick<T['$inferSelect'], K>>

/** The columns of a table, of these names of the schema, as a `select` list; `t` is the alias of the table. */
function plainColumns<T extends PgTable>(table: T, names: readonly (keyof T['$inferSelect'] & string)[]): SQL {
  const columns = getTableColumns(table)
  return sql.raw(names.map((name) => `t."${columns[name]!.name}" as "${name}"`).join(', '))
}

/**
 * Reads plain columns of the table, whose alias is `t`; `rest` is what follows the table's name. The type of a row is that of the description of the
 * table, so that who reads a column that was renamed or has another type does not compile.
 */
export function plainRows<T extends PgTable, K extends keyof T['$inferSelect'] & string>(
  db: Db,
  table: T,
  names: readonly K[],
  rest: SQL,
): Promise<PlainRow<T, K>[]> {
  return db.rows<PlainRow<T, K>>(sql`select ${plainColumns(table, names)} from ${table} t ${rest}`)
}
