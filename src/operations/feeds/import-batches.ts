import { rejectContext } from '../../db/platform/vault.ts'
import type { FeedEntity } from '../../core/feeds/imports.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { DomainError, refuseField } from '../../core/kernel/errors.ts'
import type { FeedOutcome, FeedRow } from '../../core/kernel/feed.ts'
import { withPauses } from '../platform/pauses.ts'
import type { Db } from '../../db/platform/database.ts'
import { outageOf } from '../../db/platform/failures.ts'
import { feeds } from '../../db/feeds/all.ts'
import type { ApplyFeed } from '../../db/platform/feed.ts'
import type { Change } from '../../db/platform/journal.ts'
import { markFactsStale } from '../../db/dossier/stale-facts.ts'
import { countBatch, findAttempt, insertRejects } from '../../db/feeds/imports.ts'
import { feedContext } from '../platform/feed-writes.ts'
import type { Context } from '../platform/operation.ts'
import { type SentRow, placeholdersToday, type Reject, type Batch, check, refusedOf, warningsOf } from './import-rows.ts'

/** What the adapter reads from the body. Throws where the stream itself is refused. */
export interface SentRows {
  readonly format: 'csv' | 'ndjson'
  readonly batches: AsyncIterable<readonly SentRow[]>
  readonly header: () => readonly string[] | undefined
}

const BATCH_ROWS = 5_000

/** When a sender pauses for so long, what has come is applied without more company. */
const PAUSE_MS = 2_000

/** Of rejected rows, and of warnings, so many are stored. */
const MAX_STORED_REJECTS = 10_000

const REJECTS_DAYS = 7

const MAX_ATTEMPTS = 4

/** The rule that a stream breaks which does not join on to what is committed. It can be sent again. */
export const GAP = 'gap'

/** An import while it is fed. */
export interface Run {
  readonly id: string
  readonly attempt: number
  readonly entity: FeedEntity
  readonly committedLine: number
}

/** Gathers the stream into batches and applies them one after the other, each while the next one is read and checked. Answers whether it was cancelled. */
export async function applyAll(
  context: Context,
  run: Run,
  { batches, format, header }: SentRows,
  firstLine: number | undefined,
): Promise<boolean> {
  const placeholders = await placeholdersToday(context)
  let waiting: SentRow[] = []
  let shift: number | undefined
  let lastLine = 0
  let applying = Promise.resolve(true)
  const flush = async (): Promise<boolean> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_ROWS)
      waiting = waiting.slice(BATCH_ROWS)
      const checked = check(run.entity, batch, format, placeholders)
      if (!(await applying)) return false
      applying = applyBatch(context, run, checked, header())
      // Its failure is heard when the next batch waits for it.
      applying.catch(() => {})
    }
    return true
  }
  try {
    for await (const rows of withPauses(batches, PAUSE_MS)) {
      for (const row of rows ?? []) {
        shift ??= shiftOf(row.line, firstLine, run)
        const line = row.line + shift
        lastLine = line
        if (line > run.committedLine) waiting.push(shift === 0 ? row : { ...row, line })
      }
      if ((waiting.length >= BATCH_ROWS || !rows) && !(await flush())) return true
      if (!rows && !(await applying)) return true
    }
    if (lastLine < run.committedLine) throw endsTooSoon(lastLine, run)
  } catch (error) {
    // The stream broke off or is refused from here on: what came before is good.
    if (error instanceof DomainError && !outageOf(error.cause) && (await flush())) await applying
    throw error
  }
  return !(await flush()) || !(await applying)
}

/** Rows that were committed must be in what is sent again: else nobody could tell whether the rest is all of it. */
function endsTooSoon(lastLine: number, { committedLine }: Run): DomainError {
  return refuseField(
    'invalid_input',
    'rows',
    GAP,
    `The stream ends at line ${lastLine}, before line ${committedLine}, the last committed one: send the whole stream again.`,
  )
}

/** How far the lines of a stream lie behind those of the whole. It must begin with the last committed row or before, lest a row be skipped. */
function shiftOf(line: number, firstLine: number | undefined, { committedLine }: Run): number {
  if (firstLine === undefined) return 0
  if (firstLine > Math.max(committedLine, line))
    throw refuseField(
      'invalid_input',
      'firstLine',
      GAP,
      `The stream must begin at or before line ${Math.max(committedLine, line)}, the last committed one.`,
    )
  return firstLine - line
}

/** Applies one batch in one transaction. Answers false when somebody asked to cancel. */
async function applyBatch(context: Context, run: Run, batch: Batch, header: readonly string[] | undefined): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      return await commitBatch(context, run, batch, header)
    } catch (error) {
      const cause = error instanceof DomainError ? error.cause : error
      const outage = outageOf(cause)
      if (outage?.retriable && !outage.connectionLost && tries < MAX_ATTEMPTS) {
        await sleep(50 * 2 ** tries * (0.5 + Math.random()))
        continue
      }
      if (outage || error instanceof DomainError || batch.sent.length === 1) throw error
      // A row that the database itself refuses is found by halving, so that it takes no other with it.
      const [first, second] = halves(batch)
      return (await applyBatch(context, run, first, header)) && applyBatch(context, run, second, header)
    }
  }
}

function halves({ sent, good, bad, warnings }: Batch): readonly [Batch, Batch] {
  const middle = Math.ceil(sent.length / 2)
  const begins = sent[middle]!.line
  const part = (rows: readonly SentRow[], within: (line: number) => boolean): Batch => ({
    sent: rows,
    good: good.filter(({ line }) => within(line)),
    bad: bad.filter(({ line }) => within(line)),
    warnings,
  })
  return [part(sent.slice(0, middle), (line) => line < begins), part(sent.slice(middle), (line) => line >= begins)]
}

async function commitBatch(
  context: Context,
  run: Run,
  { sent: batch, good, bad, warnings }: Batch,
  header: readonly string[] | undefined,
): Promise<boolean> {
  return context.inTransaction(async ({ db, record }) => {
    const attempt = await findAttempt(db, run.id, run.attempt)
    if (!attempt) throw takenOver()
    if (attempt.cancelRequested) return false
    const outcomes = await apply(db, context, run.entity, good)
    await markFactsStale(db, changedCustomers(outcomes), context.clock())
    for (const change of changesOf(run, outcomes)) record(change)
    const rejects = [...bad, ...refusedOf(outcomes, batch)].sort((a, b) => a.line - b.line)
    const warned = warningsOf(outcomes, warnings, batch)
    const withWarnings = new Set(warned.map(({ line }) => line)).size
    await storeRejects(db, context, run.id, [
      ...rejects.slice(0, Math.max(0, MAX_STORED_REJECTS - attempt.rejected)),
      ...(attempt.withWarnings < MAX_STORED_REJECTS ? warned : []),
    ])
    const count = (outcome: string): number => outcomes.filter((one) => 'outcome' in one && one.outcome === outcome).length
    const counts = {
      read: batch.length,
      created: count('created'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      superseded: count('superseded'),
      rejected: rejects.length,
      withWarnings,
    }
    // The fence: of two senders under one id, the earlier one's batch is rolled back here.
    if (!(await countBatch(db, run.id, run.attempt, counts, batch.at(-1)!.line, header))) throw takenOver()
    record({
      event: 'import.batch_applied',
      subjectType: 'import',
      subjectId: run.id,
      details: { entity: run.entity, ...counts },
    })
    return true
  })
}

/** Who changed what of a customer is asked for one customer: changes of dossiers are audited row by row, as money is not. */
function changesOf({ id }: Run, outcomes: readonly FeedOutcome[]): readonly Change<'customer.updated'>[] {
  return outcomes.flatMap((one) =>
    'outcome' in one && one.changed && one.customerId !== undefined
      ? [
          {
            event: 'customer.updated',
            subjectType: 'customer',
            subjectId: one.customerId,
            customerId: one.customerId,
            changed: one.changed,
            published: false,
            details: { importId: id, line: one.line },
          },
        ]
      : [],
  )
}

function changedCustomers(outcomes: readonly FeedOutcome[]): readonly string[] {
  const changed = outcomes.flatMap((one) =>
    'outcome' in one && one.customerId !== undefined && (one.outcome === 'created' || one.outcome === 'updated')
      ? [one.customerId]
      : [],
  )
  return [...new Set(changed)]
}

function takenOver(): DomainError {
  return new DomainError('import_in_progress', 'Another sender has taken over this import.')
}

async function apply(
  db: Db,
  context: Context,
  of: FeedEntity,
  rows: readonly FeedRow<unknown>[],
): Promise<readonly FeedOutcome[]> {
  if (rows.length === 0) return []
  const now = context.clock()
  return (feeds[of] as ApplyFeed<unknown>)(db, rows, { ...feedContext(context), now, fromPerson: false })
}

async function storeRejects(db: Db, { vault, clock }: Context, importId: string, rejects: readonly Reject[]): Promise<void> {
  const expiresAt = new Date(clock().getTime() + REJECTS_DAYS * 86_400_000)
  const stored = rejects.map(({ line, warning, raw, field, code, message }) => ({
    line,
    warning,
    field: field ?? null,
    code,
    message,
    rawEncrypted: vault.sealText(raw, rejectContext(importId, line)),
  }))
  await insertRejects(db, importId, stored, expiresAt)
}
