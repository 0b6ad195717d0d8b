import { createHash } from 'node:crypto'
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

export interface PreparedBounds {
  /** Texts that have a name at a time. */
  readonly live: number
  /** Names ever given: each stays prepared on every connection that has used it, as long as the connection lasts. */
  readonly names: number
  /** Texts without a name that are remembered. */
  readonly candidates: number
  /** Which time a remembered text comes with a name. */
  readonly earnedAt: number
  /** Statements after which a text that did not come again is cold and may lose its name to another. */
  readonly coldAfter: number
  /** Characters of the longest text that gets a name. */
  readonly length: number
}

export const usualBounds: PreparedBounds = {
  live: 200,
  names: 500,
  candidates: 1_000,
  earnedAt: 3,
  coldAfter: 10_000,
  length: 50_000,
}

/**
 * Gives names to the texts that come often. Callers shape texts (GraphQL selections, filters), so the first to come must not have the names
 * for good: a text earns its name when it comes for the third time among the last 1,000 others without one, and with all 200 taken it
 * replaces only one that was not used for 10,000 statements, so that what is hot stays prepared. A name never goes to a second text, as
 * drivers keep statements by name, and nothing is deallocated: 500 names in all bound what a connection holds on the server. Once they
 * are gone the texts that have one keep it, and others are planned each time, until the service starts again.
 */
export function preparedNames({ live, names, candidates, earnedAt, coldAfter, length }: PreparedBounds) {
  const named = new Map<string, { readonly name: string; usedAt: number }>()
  const seen = new Map<string, number>()
  let given = 0
  let clock = 0

  function takeTurn(text: string): boolean {
    // Long texts are remembered by their hash.
    const key = createHash('sha256').update(text).digest('base64')
    const times = (seen.get(key) ?? 0) + 1
    seen.delete(key)
    if (times >= earnedAt && makeRoom()) return true
    seen.set(key, times)
    if (seen.size > candidates) seen.delete(seen.keys().next().value!)
    return false
  }

  function makeRoom(): boolean {
    if (given >= names) return false
    if (named.size < live) return true
    const [coldest] = [...named].toSorted(([, one], [, other]) => one.usedAt - other.usedAt)
    if (!coldest || clock - coldest[1].usedAt < coldAfter) return false
    return named.delete(coldest[0])
  }

  /** The name under which a text is prepared on every connection; undefined for one that is planned each time. */
  return (text: string): string | undefined => {
    clock++
    const known = named.get(text)
    if (known) {
      known.usedAt = clock
      return known.name
    }
    if (given >= names || text.length > length || !takeTurn(text)) return undefined
    const name = `q${given++}`
    named.set(text, { name, usedAt: clock })
    return name
  }
}
