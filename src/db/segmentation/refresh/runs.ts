import { addJob } from '../../platform/jobs.ts'
import { sql } from 'drizzle-orm'
import { refreshRun } from '../schema/facts.ts'
import { plainRows } from '../../platform/plain-rows.ts'
import { type Actor, callerOf } from '../../../core/kernel/actors.ts'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { RefreshKind, RefreshReason, RefreshState, RefreshStep } from '../../../core/segmentation/refreshes.ts'
import type { Db } from '../../platform/database.ts'
import { takeLock } from '../../platform/locks.ts'

export interface StoredRefresh {
  readonly id: string
  readonly kind: RefreshKind
  readonly state: RefreshState
  readonly step: RefreshStep | null
  readonly asOf: Day | null
  /** The first id of the slice that comes next. */
  readonly position: string | null
  readonly done: number
  /** Of a history: the month-end that is being worked out, and since when feeds have told what happened. */
  readonly monthEnd: Day | null
  readonly activityFrom: Day | null
  readonly movementsFrom: Day | null
}

interface NewRefresh {
  readonly id: string
  readonly kind: RefreshKind
  readonly reason: RefreshReason
  readonly path: string
  readonly requestedBy: string
  readonly now: Date
}

/** The operation that takes the steps of refreshes: it runs every minute, and as soon as one is queued. */
const advancesRefreshes = 'advanceRefreshes'

/** Queues a refresh. One of the same kind that has not begun yet serves both: then its id is answered. */
export async function queueRefresh(db: Db, { id, kind, reason, path, requestedBy, now }: NewRefresh): Promise<string> {
  await takeLock(db, 'refreshQueue')
  const [waiting] = await plainRows(db, refreshRun, ['id'], sql`where t.state = 'queued' and t.kind = ${kind} limit 1`)
  if (waiting) return waiting.id
  await db.rows(sql`
    insert into refresh_run (id, institution_path, kind, reason, state, requested_by, requested_at)
    values (${id}::uuid, ${path}, ${kind}, ${reason}, 'queued', ${requestedBy}, ${now.toISOString()}::timestamptz)`)
  await addJob(db, { name: advancesRefreshes, payload: {}, key: advancesRefreshes })
  return id
}

/**
 * The refresh whose turn it is, held until the transaction ends: the one that has begun, else the one that has waited longest. Whoever asks meanwhile waits. Histories,
 * which take long and are in no hurry, give way to all others, step by step.
 */
export async function lockNextRefresh(db: Db): Promise<StoredRefresh | undefined> {
  await takeLock(db, 'refresh')
  const [run] = await db.rows<StoredRefresh>(sql`
    select id, kind, state, step, as_of::text as "asOf", position, customers_done::int as done, month_end::text as "monthEnd",
      activity_from::text as "activityFrom", movements_from::text as "movementsFrom"
    from refresh_run where state in ('queued', 'running') order by kind = 'history', state = 'running' desc, requested_at, id limit 1 for update`)
  return run
}

/** Queues what a changed definition asks for, unless that waits already. */
export function queueForDefinition(
  db: Db,
  kind: 'full' | 'evaluation',
  { newId, now, actor }: { readonly newId: () => string; readonly now: Date; readonly actor: Actor },
): Promise<string> {
  return queueRefresh(db, { id: newId(), kind, reason: 'definition', path: '/', requestedBy: callerOf(actor), now })
}

export interface Progress {
  readonly state: RefreshState
  readonly step: RefreshStep
  readonly asOf: Day
  readonly position: string | null
  readonly done: number
  readonly total: number | null
  readonly entered: number
  readonly left: number
  readonly history?: Pick<StoredRefresh, 'monthEnd' | 'activityFrom' | 'movementsFrom'> | undefined
}

/** Notes how far a refresh has come. */
export async function saveProgress(db: Db, id: string, progress: Progress, now: Date): Promise<void> {
  const { state, step, asOf, position, done, total, entered, left, history } = progress
  await db.rows(sql`
    update refresh_run set state = ${state}, step = ${step}, as_of = ${asOf}::date, position = ${position}::uuid,
      started_at = coalesce(started_at, ${now.toISOString()}::timestamptz), finished_at = case when ${state}::text = 'done' then ${now.toISOString()}::timestamptz end,
      customers_done = customers_done + ${done}::bigint, customers_total = coalesce(${total}::bigint, customers_total), entered = entered + ${entered}::bigint, left_count = left_count + ${left}::bigint,
      month_end = coalesce(${history?.monthEnd ?? null}::date, month_end), activity_from = coalesce(${history?.activityFrom ?? null}::date, activity_from),
      movements_from = coalesce(${history?.movementsFrom ?? null}::date, movements_from)
    where id = ${id}::uuid`)
}

/** Ends a refresh that cannot go on. */
export async function failRefresh(db: Db, id: string, code: string, now: Date): Promise<void> {
  await db.rows(sql`
    update refresh_run set state = 'failed', error = ${code}, finished_at = ${now.toISOString()}::timestamptz where id = ${id}::uuid and state in ('queued', 'running')`)
}

/** Whether a full refresh for this day, or a later one, is done, under way or waiting, or has failed within the hour. */
export async function hasFullRefresh(db: Db, day: Day, since: Date, now: Date): Promise<boolean> {
  const rows = await db.rows(sql`
    select from refresh_run where kind = 'full' and (as_of >= ${day}::date or (state = 'queued' and requested_at >= ${since.toISOString()}::timestamptz)) 
      and (state <> 'failed' or finished_at > ${now.toISOString()}::timestamptz - interval '1 hour') limit 1`)
  return rows.length > 0
}

/** Whether the facts of month-ends are recorded as they come to pass: a full refresh was done before. */
export async function hasRefreshed(db: Db): Promise<boolean> {
  return (await db.rows(sql`select from refresh_run where kind = 'full' and state = 'done' limit 1`)).length > 0
}

/** Whether month-ends past were ever asked for. */
export async function hasHistory(db: Db): Promise<boolean> {
  return (await db.rows(sql`select from refresh_run where kind = 'history' limit 1`)).length > 0
}

/** Whether a full refresh for a later day than this is done. */
export async function hasRefreshedSince(db: Db, day: Day): Promise<boolean> {
  const rows = await db.rows(sql`select from refresh_run where kind = 'full' and state = 'done' and as_of > ${day}::date limit 1`)
  return rows.length > 0
}

/** Whether anything but a history waits or is under way. */
export async function hasRefresh(db: Db): Promise<boolean> {
  return (
    (await db.rows(sql`select from refresh_run where state in ('queued', 'running') and kind <> 'history' limit 1`)).length > 0
  )
}

export interface NextSlice {
  readonly from: string
  readonly until: string | null
}

/** The slice of about so many customers that begins at a position, or undefined where there are none. */
export async function nextSlice(db: Db, position: string | null, size: number): Promise<NextSlice | undefined> {
  const [row] = await db.rows<{ from: string | null; until: string | null }>(sql`
    select (select id from customer where id >= coalesce(${position}::uuid, '00000000-0000-0000-0000-000000000000') order by id limit 1) as "from",
      (select id from customer where id >= coalesce(${position}::uuid, '00000000-0000-0000-0000-000000000000') order by id offset ${size}::int limit 1) as until`)
  return row?.from == null ? undefined : { from: row.from, until: row.until }
}

/** Customers of the bank, or of a slice. */
export async function countCustomers(db: Db, slice?: NextSlice): Promise<number> {
  const within = slice
    ? sql`where id >= ${slice.from}::uuid and (${slice.until}::uuid is null or id < ${slice.until}::uuid)`
    : sql``
  const [row] = await db.rows<{ n: number }>(sql`select count(*)::int as n from customer ${within}`)
  return row!.n
}
