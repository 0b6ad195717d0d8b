import type { SQL } from 'drizzle-orm'
import type { Db } from './database.ts'

/** What is stored of one thing, as far as a row about it must say it again. */
export interface StoredRow {
  readonly row: Readonly<Record<string, unknown>>
  readonly version: number
  readonly status: string
}

export interface StoredIdentity {
  readonly id: string
  /** Set for what belongs to a customer. */
  readonly customerId?: string | undefined
}

/** How a row names what it is about: by a source system's name, and where it belongs to something, by that one's too. */
export interface RowName {
  readonly source: string
  readonly externalId: string
  readonly customerSource?: string | undefined
  readonly customerExternalId?: string | undefined
  readonly holdingExternalId?: string | undefined
}

/** How the rows of an entity are read back, so that they can be corrected. Both hold the row until the transaction ends. */
export interface StoredEntity {
  /** One thing as a row of its entity. Undefined where there is none in scope. */
  readonly lockRow: (db: Db, identity: StoredIdentity) => Promise<StoredRow | undefined>
  /** The version of the thing that a source calls by this name. Undefined where there is none in scope. */
  readonly lockByExternalId: (db: Db, name: RowName) => Promise<{ readonly version: number } | undefined>
}

/** Reads a row by a query of the columns `row`, `version` and `status`; fields that are null are left out. */
export async function readStoredRow(db: Db, query: SQL): Promise<StoredRow | undefined> {
  const [stored] = await db.rows<StoredRow>(query)
  return (
    stored && {
      version: stored.version,
      status: stored.status,
      row: Object.fromEntries(Object.entries(stored.row).filter(([, value]) => value !== null)),
    }
  )
}
