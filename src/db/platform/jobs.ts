import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

export interface NewJob {
  /** Name of the operation that the job runs. */
  readonly name: string
  /** Its input: ids and plain settings only, since the queue is not encrypted. */
  readonly payload: object
  /** Of jobs with the same key that have not begun only the latest is run. */
  readonly key?: string | undefined
  /** The earliest instant; as soon as the transaction is committed where it is missing. */
  readonly runAt?: Date | undefined
  /** How often it is tried, at growing intervals, before it counts as dead; 25 times where it is missing. */
  readonly maxAttempts?: number | undefined
}

/** Adds a job to the queue, in the transaction of whatever asks for it: it runs if and only if that is committed. */
export async function addJob(db: Db, { name, payload, key, runAt, maxAttempts }: NewJob): Promise<void> {
  await db.rows(sql`
    select from graphile_worker.add_job(${name}, ${JSON.stringify(payload)}::json, run_at => ${runAt?.toISOString() ?? null}::timestamptz,
      max_attempts => ${maxAttempts ?? null}::int, job_key => ${key ?? null})`)
}

export interface DeadJob {
  readonly id: string
  readonly name: string
  readonly key: string | null
  readonly attempts: number
  readonly createdAt: Date
  readonly failedAt: Date
}

/** Jobs that have failed as often as they are tried, the latest failed first. Their errors stand in the log: they may quote values. */
export function listDeadJobs(db: Db, limit: number): Promise<readonly DeadJob[]> {
  return db.rows(sql`
    select j.id::text, j.task_identifier as name, j.key, j.attempts, j.created_at as "createdAt", j.updated_at as "failedAt" from graphile_worker.jobs j
    where j.attempts >= j.max_attempts and j.locked_at is null order by j.updated_at desc, j.id desc limit ${limit}::int`)
}

/** Lets a dead job be tried again from now on, as often as before. False where there is no such dead job. */
export async function reviveJob(db: Db, id: string): Promise<boolean> {
  const rows = await db.rows(sql`
    select r.id from graphile_worker.jobs j cross join lateral graphile_worker.reschedule_jobs(array[j.id], run_at => now(), attempts => 0) r
    where j.id = ${id}::bigint and j.attempts >= j.max_attempts and j.locked_at is null`)
  return rows.length > 0
}
