import { type SQL, sql } from 'drizzle-orm'

/** Whether a path lies in the scope of the transaction: the rule of the policies, for tables that all may read and some may change. */
export function inScope(column: string): SQL {
  return sql.raw(scopeCondition(column))
}

/** The same as text. */
export function scopeCondition(column: string): string {
  return `(${column} ^@ nullif(current_setting('app.scope', true), '') or ${column} ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))`
}
