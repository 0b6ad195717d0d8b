import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

export interface StoredAnswer {
  readonly fingerprint: Buffer
  readonly answerEncrypted: Buffer | null
}

/**
 * Holds the key until the transaction ends and reads what is stored under it. `busy` while another request holds it.
 * Answers past their time count as absent.
 */
export async function holdIdempotencyKey(
  db: Db,
  caller: string,
  operation: string,
  key: string,
  now: Date,
): Promise<'busy' | StoredAnswer | undefined> {
  const [held] = await db.rows<{ held: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`${caller}\n${operation}\n${key}`}, 7)) as held`,
  )
  if (!held?.held) return 'busy'
  const [row] = await db.rows<{ fingerprint: Buffer; answer_encrypted: Buffer | null }>(
    sql`select fingerprint, answer_encrypted from idempotency where caller = ${caller} and operation = ${operation} and key = ${key} and expires_at > ${now.toISOString()}::timestamptz`,
  )
  return row && { fingerprint: row.fingerprint, answerEncrypted: row.answer_encrypted }
}

export interface AnswerToStore {
  readonly caller: string
  readonly operation: string
  readonly key: string
  readonly fingerprint: Buffer
  readonly answerEncrypted: Buffer | null
  readonly now: Date
  readonly expiresAt: Date
}

export async function storeAnswer(
  db: Db,
  { caller, operation, key, fingerprint, answerEncrypted, now, expiresAt }: AnswerToStore,
): Promise<void> {
  const expired = db.rows(sql`delete from idempotency where caller = ${caller} and operation = ${operation} and key = ${key}`)
  const stored = db.rows(sql`
    insert into idempotency (caller, operation, key, fingerprint, answer_encrypted, created_at, expires_at)
    values (${caller}, ${operation}, ${key}, ${fingerprint}, ${answerEncrypted}, ${now.toISOString()}::timestamptz, ${expiresAt.toISOString()}::timestamptz)`)
  await Promise.all([expired, stored])
}

/** Removes what has expired; run by the housekeeping job. */
export async function forgetExpiredAnswers(db: Db, now: Date): Promise<void> {
  await db.rows(sql`delete from idempotency where expires_at <= ${now.toISOString()}::timestamptz`)
}
