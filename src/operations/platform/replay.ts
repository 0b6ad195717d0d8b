import { DomainError } from '../../core/kernel/errors.ts'
import { type Db, sendAlong } from '../../db/platform/database.ts'
import { lockIdempotencyKey, storeAnswer } from '../../db/platform/idempotency.ts'
import { answerContext, type Vault } from '../../db/platform/vault.ts'

const IDEMPOTENCY_HOURS = 24

export interface Outcome {
  readonly answer: unknown
  /** The answer is the one stored for the same idempotency key. */
  readonly replayed: boolean
}

/** A request that its caller may repeat. */
interface Repeatable {
  readonly caller: string
  readonly operation: string
  readonly key: string
  /** Of the input and, where the caller selected fields, of those. */
  readonly fingerprint: Buffer
  readonly now: Date
}

/**
 * Answers what was answered to the same request before, within 24 hours, as it was then, or runs it and stores its answer, encrypted, in the same transaction.
 * Throws `idempotency_in_progress` and `idempotency_key_reused`.
 */
export async function runOnce(vault: Vault, db: Db, request: Repeatable, run: () => Promise<unknown>): Promise<Outcome> {
  const { caller, operation, key, fingerprint, now } = request
  const context = answerContext(caller, operation, key)
  const stored = await lockIdempotencyKey(db, caller, operation, key, now)
  if (stored === 'busy') throw new DomainError('idempotency_in_progress', 'A request with this idempotency key is still running.')
  if (stored && !stored.expired) {
    if (!stored.fingerprint.equals(fingerprint))
      throw new DomainError('idempotency_key_reused', 'This idempotency key was already used for a different request.')
    return { answer: stored.answerEncrypted && JSON.parse(vault.openText(stored.answerEncrypted, context)), replayed: true }
  }
  const answer = await run()
  const answerEncrypted = vault.sealText(JSON.stringify(answer), context)
  const expiresAt = new Date(now.getTime() + IDEMPOTENCY_HOURS * 3_600_000)
  sendAlong(storeAnswer(db, { ...request, answerEncrypted, expiresAt, replaces: stored !== undefined }))
  return { answer, replayed: false }
}
