import { lockNumber } from './locks.ts'
import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

export interface StoredAnswer {
  readonly fingerprint: Buffer
  readonly answerEncrypted: Buffer | null
  /** Its time is over: it counts as absent and makes room for the next one. */
  readonly expired: boolean
}

/**
 * Holds the key until the transaction ends and reads what is stored under it. `busy` while another request holds it. Whoever held it until a moment ago may have
 * stored an answer that this statement does not see yet: then `storeAnswer` breaks the key of the table, and the request is tried again.
 */
export async function lockIdempotencyKey(
  db: Db,
  caller: string,
  operation: string,
  key: string,
  now: Date,
): Promise<'busy' | StoredAnswer | undefined> {
  const [row] = await db.rows<{ held: boolean; fingerprint: Buffer | null; answer_encrypted: Buffer | null; expired: boolean }>({
    text: `select pg_try_advisory_xact_lock(${lockNumber('idempotencyKey', '$1')}) as held, i.fingerprint, i.answer_encrypted, i.expires_at <= $5::timestamptz as expired
      from (values (0)) one (row) left join idempotency i on i.caller = $2 and i.operation = $3 and i.key = $4`,
    values: [`${caller}\n${operation}\n${key}`, caller, operation, key, now.toISOString()],
  })
  if (!row?.held) return 'busy'
  return row.fingerprint
    ? { fingerprint: row.fingerprint, answerEncrypted: row.answer_encrypted, expired: row.expired }
    : undefined
}

export interface AnswerToStore {
  readonly caller: string
  readonly operation: string
  readonly key: string
  readonly fingerprint: Buffer
  readonly answerEncrypted: Buffer | null
  readonly now: Date
  readonly expiresAt: Date
  /** Whether an answer past its time stands under the key. */
  readonly replaces: boolean
}

export async function storeAnswer(
  db: Db,
  { caller, operation, key, fingerprint, answerEncrypted, now, expiresAt, replaces }: AnswerToStore,
): Promise<void> {
  const removed = replaces
    ? db.rows(sql`delete from idempotency where caller = ${caller} and operation = ${operation} and key = ${key}`)
    : undefined
  const stored = db.rows({
    text: `insert into idempotency (caller, operation, key, fingerprint, answer_encrypted, created_at, expires_at)
      values ($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz)`,
    values: [caller, operation, key, fingerprint, answerEncrypted, now.toISOString(), expiresAt.toISOString()],
  })
  await Promise.all([removed, stored])
}

/** Removes what has expired; run by the housekeeping job. */
export async function deleteExpiredAnswers(db: Db, now: Date): Promise<void> {
  await db.rows(sql`delete from idempotency where expires_at <= ${now.toISOString()}::timestamptz`)
}
