import type { Client } from 'pg'
import type { Day } from '../core/kernel/calendar.ts'
import type { InstitutionKind } from '../core/organisation/institutions.ts'
import type { Draws } from './draws.ts'

/** What every part of a load works with; the transaction sees the whole bank. */
export interface Loading {
  readonly client: Client
  readonly draws: Draws
  readonly today: Day
  readonly now: Date
  readonly baseCurrency: string
  readonly progress: (message: string) => void
  /** Rows written so far, by table. */
  readonly written: Map<string, number>
}

export interface DemoInstitution {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly kind: InstitutionKind
  readonly status: 'active' | 'closed'
  readonly path: string
  readonly latitude: number
  readonly longitude: number
  readonly parentId: string | null
  /** Index in `cities`; the head office has none. */
  readonly city: number | undefined
  readonly district: string
}

/** Inserts rows whose fields are named like the columns; others are left out. */
export async function insertRows(loading: Loading, table: string, rows: readonly object[]): Promise<void> {
  const { client, now } = loading
  const { rows: columns } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname <> 'version' order by attnum`,
    [table],
  )
  const names = columns.map(({ name }) => `"${name}"`).join(', ')
  const stamped = rows.map((row) => ({ ...row, created_at: now, updated_at: now }))
  await insert(
    loading,
    `insert into ${table} (${names}) select ${names} from json_populate_recordset(null::${table}, $1::json)`,
    [JSON.stringify(stamped)],
  )
}

/** Runs one `insert into …` and counts its rows: counting them afterwards would read all tables once more. */
export async function insert(
  { client, written }: Loading,
  statement: string,
  parameters: readonly unknown[] = [],
): Promise<void> {
  const { rowCount } = await client.query(statement, [...parameters])
  const table = /^\s*insert into (\w+)/.exec(statement)![1]!
  written.set(table, (written.get(table) ?? 0) + (rowCount ?? 0))
}
