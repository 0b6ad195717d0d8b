import type { Conditions } from '../platform/views/conditions.ts'
import { sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Db } from '../platform/database.ts'
import { findOwned, givenColumns } from '../platform/owned-rows.ts'

export type RecordTable = PgTable
export type RecordRow = Readonly<Record<string, unknown>>

interface Address {
  readonly customerId: string
  readonly id: string
}

/** The version of a note that holds. Undefined where there is none in scope. */
export function findRecord(db: Db, table: RecordTable, address: Address): Promise<RecordRow | undefined> {
  return findOwned(db, table, address, sql`t.superseded_at is null`)
}

/** Closes the version of a note that holds and adds one that says the same but for these changes. The customer is locked. */
export async function reviseRecord(
  db: Db,
  table: RecordTable,
  { customerId, id, version }: Address & { readonly version: number },
  changes: object,
  now: Date,
): Promise<void> {
  const { json } = givenColumns(table, { ...changes, version: version + 1, recordedAt: now, supersededAt: null })
  const closed = db.rows(sql`
    update ${table} t set superseded_at = ${now.toISOString()}::timestamptz
    where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid and t.superseded_at is null`)
  const added = db.rows(sql`
    insert into ${table} select (json_populate_record(t, ${json}::json)).* from ${table} t
    where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid and t.version = ${version}::int`)
  await Promise.all([closed, added])
}

/** The notes of a customer, who is locked, that are active. */
export function activeRecords(
  db: Db,
  table: RecordTable,
  customerId: string,
): Promise<{ readonly id: string; readonly version: number }[]> {
  return db.rows(sql`
    select t.id, t.version from ${table} t where t.customer_id = ${customerId}::uuid and t.superseded_at is null and t.status = 'active' order by t.id`)
}

/** Whether a customer, who is locked, has active key figures of a year from a source, others than these. */
export async function hasFiguresOf(
  db: Db,
  customerId: string,
  year: number,
  source: string,
  except: string | undefined,
): Promise<boolean> {
  const found = await db.rows(sql`
    select from key_figure t where t.customer_id = ${customerId}::uuid and t.year = ${year}::int and t.source = ${source} and t.superseded_at is null
      and t.status = 'active' and (${except ?? null}::uuid is null or t.id <> ${except ?? null}::uuid)`)
  return found.length > 0
}

/** Not replaced by a newer version. */
export const isNewestVersion: Conditions = (row) => [`${row}.superseded_at is null`]
