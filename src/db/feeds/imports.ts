import { sql } from 'drizzle-orm'
import type { ImportStatus, FeedEntity } from '../../core/feeds/imports.ts'
import type { Db } from '../platform/database.ts'
import { importStatus } from './views/imports.ts'

export interface NewImport {
  readonly id: string
  readonly entity: string
  readonly format: 'csv' | 'ndjson'
  readonly caller: string
  readonly institutionPath: string
  readonly now: Date
}

/** Begins an import, or finds the one of this id: false where there is one already. */
export async function insertImport(db: Db, { id, entity, format, caller, institutionPath, now }: NewImport): Promise<boolean> {
  const at = now.toISOString()
  const made = await db.rows(sql`
    insert into import_run (id, entity, format, caller, institution_path, status, started_at, heartbeat_at)
    values (${id}::uuid, ${entity}, ${format}, ${caller}, ${institutionPath}, 'running', ${at}::timestamptz, clock_timestamp())
    on conflict (id) do nothing returning id`)
  return made.length > 0
}

export interface HeldImport {
  readonly caller: string
  readonly entity: FeedEntity
  readonly format: 'csv' | 'ndjson'
  readonly status: ImportStatus
  readonly committedLine: number
}

const MAX_WAIT_FOR_IMPORT_MS = 5_000

/** The import of this id, in scope, held until the transaction ends. Whoever ends a batch holds it for a moment: longer than that is not waited. */
export async function lockImport(db: Db, id: string): Promise<HeldImport | undefined> {
  await db.rows(sql.raw(`set local lock_timeout = ${MAX_WAIT_FOR_IMPORT_MS}`))
  const [row] = await db.rows<HeldImport>(
    sql`select r.caller, r.entity, r.format, ${sql.raw(importStatus('r'))} as status, r.committed_line::float8 as "committedLine" from import_run r where r.id = ${id}::uuid for no key update`,
  )
  return row
}

/** Takes an interrupted import up again and answers the number of this attempt, which fences earlier senders off. */
export async function resumeImport(db: Db, id: string): Promise<number> {
  const [row] = await db.rows<{ attempt: number }>(sql`
    update import_run set status = 'running', attempt = attempt + 1, cancel_requested = false, heartbeat_at = clock_timestamp(), finished_at = null, failure_code = null, failure_message = null
    where id = ${id}::uuid returning attempt`)
  return row!.attempt
}

export interface BatchCounts {
  readonly read: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly superseded: number
  readonly rejected: number
  /** Rows that were taken without one of their fields, or with one that looks wrong. */
  readonly withWarnings: number
}

/**
 * Whether an attempt may go on: `undefined` where another sender has taken over, else whether somebody asked to cancel and how many rows
 * were rejected, or taken with warnings, before. Holds nothing: a batch may take long, and meanwhile the import must be seen to live and be cancelled.
 */
export async function findAttempt(
  db: Db,
  id: string,
  attempt: number,
): Promise<{ readonly cancelRequested: boolean; readonly rejected: number; readonly withWarnings: number } | undefined> {
  const [row] = await db.rows<{ cancelRequested: boolean; rejected: number; withWarnings: number }>(
    sql`select cancel_requested as "cancelRequested", rows_rejected::int as rejected, rows_with_warnings::int as "withWarnings" from import_run where id = ${id}::uuid and attempt = ${attempt}::int and status = 'running'`,
  )
  return row
}

/** Counts a batch at the end of its own transaction: false where another sender has taken over meanwhile, so that the batch must not be committed. */
export async function countBatch(
  db: Db,
  id: string,
  attempt: number,
  counts: BatchCounts,
  committedLine: number,
  header: readonly string[] | undefined,
): Promise<boolean> {
  const counted = await db.rows(sql`
    update import_run set
      rows_read = rows_read + ${counts.read}::int, rows_created = rows_created + ${counts.created}::int, rows_updated = rows_updated + ${counts.updated}::int,
      rows_unchanged = rows_unchanged + ${counts.unchanged}::int, rows_superseded = rows_superseded + ${counts.superseded}::int, rows_rejected = rows_rejected + ${counts.rejected}::int,
      rows_with_warnings = rows_with_warnings + ${counts.withWarnings}::int,
      committed_line = greatest(committed_line, ${committedLine}::bigint), heartbeat_at = clock_timestamp(),
      header = coalesce(header, ${header === undefined ? null : sql.param(header)}::text[])
    where id = ${id}::uuid and attempt = ${attempt}::int and status = 'running' returning id`)
  return counted.length > 0
}

const MAX_BEAT_MS = 2_000

/** Tells that an import is alive, between batches and during them. Waits for nobody: whoever holds the row writes to it, or the next beat does. */
export async function recordHeartbeat(db: Db, id: string, attempt: number): Promise<void> {
  await db.rows(sql.raw(`set local statement_timeout = ${MAX_BEAT_MS}`))
  await db.rows(sql`
    update import_run set heartbeat_at = clock_timestamp()
    where id = (select id from import_run where id = ${id}::uuid and attempt = ${attempt}::int and status = 'running' for no key update skip locked)`)
}

export async function finishImport(
  db: Db,
  id: string,
  attempt: number,
  end: {
    readonly status: Exclude<ImportStatus, 'running'>
    readonly code?: string
    readonly message?: string
    readonly now: Date
  },
): Promise<void> {
  await db.rows(sql`
    update import_run set status = ${end.status}, finished_at = ${end.now.toISOString()}::timestamptz, heartbeat_at = clock_timestamp(),
      failure_code = ${end.code ?? null}, failure_message = ${end.message ?? null}
    where id = ${id}::uuid and attempt = ${attempt}::int and status = 'running'`)
}

export async function requestCancel(db: Db, id: string): Promise<void> {
  await db.rows(sql`update import_run set cancel_requested = true where id = ${id}::uuid`)
}

/** Ends an import whose sender is gone. */
export async function cancelAbandonedImport(db: Db, id: string, now: Date): Promise<void> {
  await db.rows(
    sql`update import_run set status = 'cancelled', attempt = attempt + 1, finished_at = ${now.toISOString()}::timestamptz where id = ${id}::uuid`,
  )
}

/** A row that was rejected, or taken with a warning. */
export interface StoredReject {
  readonly line: number
  /** 0 where it was rejected, else the number of the warning within its row. */
  readonly warning: number
  readonly field: string | null
  readonly code: string
  readonly message: string
  readonly rawEncrypted: Buffer
}

export async function insertRejects(db: Db, importId: string, rejects: readonly StoredReject[], expiresAt: Date): Promise<void> {
  if (rejects.length === 0) return
  const rows = rejects.map(({ rawEncrypted, ...rest }) => ({ ...rest, raw: rawEncrypted.toString('hex') }))
  await db.rows(sql`
    insert into import_reject (import_id, line, warning, field, code, message, raw_encrypted, expires_at)
    select ${importId}::uuid, line, warning, field, code, message, decode(raw, 'hex'), ${expiresAt.toISOString()}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r (line bigint, warning smallint, field text, code text, message text, raw text)
    on conflict (import_id, line, warning) do nothing`)
}

/** Rejected rows, or warnings, after a place in the file, in order. The import itself must be in scope. */
export async function listRejects(
  db: Db,
  importId: string,
  kind: 'rejects' | 'warnings',
  after: Pick<StoredReject, 'line' | 'warning'>,
  limit: number,
): Promise<StoredReject[]> {
  const rows = await db.rows<{
    line: bigint
    warning: number
    field: string | null
    code: string
    message: string
    rawEncrypted: Buffer
  }>(sql`
    select j.line, j.warning, j.field, j.code, j.message, j.raw_encrypted as "rawEncrypted" from import_reject j join import_run r on r.id = j.import_id
    where j.import_id = ${importId}::uuid and (j.warning = 0) = ${kind === 'rejects'} and (j.line, j.warning) > (${after.line}::bigint, ${after.warning}::smallint)
    order by j.line, j.warning limit ${limit}::int`)
  return rows.map(({ line, ...rest }) => ({ ...rest, line: Number(line) }))
}

export async function findHeader(
  db: Db,
  importId: string,
): Promise<
  { readonly entity: FeedEntity; readonly format: 'csv' | 'ndjson'; readonly header: readonly string[] | null } | undefined
> {
  const [row] = await db.rows<{ entity: FeedEntity; format: 'csv' | 'ndjson'; header: string[] | null }>(
    sql`select entity, format, header from import_run where id = ${importId}::uuid`,
  )
  return row
}

/** Removes rejects past their time; run by the housekeeping job. */
export async function deleteExpiredRejects(db: Db, now: Date): Promise<void> {
  await db.rows(sql`delete from import_reject where expires_at <= ${now.toISOString()}::timestamptz`)
}
