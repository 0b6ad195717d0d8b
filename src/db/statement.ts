import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'

/** A statement as PostgreSQL takes it. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  /** False for a statement whose best plan depends on its values: it is planned each time. */
  readonly prepared?: boolean
}

const dialect = new PgDialect()

/** Turns drizzle's template or query into a statement; arrays and objects inside it are bound as parameters. */
export function statementOf(query: SQL | Statement): Statement {
  if ('text' in query) return query
  const { sql, params } = dialect.sqlToQuery(query)
  return { text: sql, values: params }
}

/** Most texts that are kept prepared on a connection; what comes later is planned each time. */
const MOST_PREPARED = 200

const names = new Map<string, string>()

/** The name under which a text is prepared on every connection, the first `MOST_PREPARED` of them. */
export function preparedName(text: string): string | undefined {
  const known = names.get(text)
  if (known) return known
  if (names.size >= MOST_PREPARED) return undefined
  const name = `q${names.size}`
  names.set(text, name)
  return name
}
