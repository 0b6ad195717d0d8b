import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { DomainError, type ErrorCode, notFound } from '../core/errors.ts'
import { feedEntities, type FeedEntity, type FeedOutcome, type FeedRefusal, type FeedRow } from '../core/feeds/feed.ts'
import { feedRows, fromCsv, refusalOfIssues } from '../core/feeds/rows.ts'
import { callerOf } from '../core/actors.ts'
import type { Permission } from '../core/permissions.ts'
import type { Db } from '../db/database.ts'
import { outageOf } from '../db/failures.ts'
import { feeds } from '../db/feeds/all.ts'
import type { ApplyFeed } from '../db/feeds/feed.ts'
import {
  beat,
  cancelLost,
  countBatch,
  findHeader,
  finishImport,
  holdForBatch,
  insertImport,
  insertRejects,
  listRejects,
  lockImport,
  requestCancel,
  resumeImport,
} from '../db/imports.ts'
import { viewNamed } from '../db/views/all.ts'
import type { Bind } from '../db/views/view.ts'
import { feedContext } from './feeds/single-write.ts'
import { type Context, operation, pageOperation, viewOperation } from './operation.ts'
import { pageInput } from './pages.ts'
import { answerOne, answerPage } from './reading.ts'
import { id } from './scalars.ts'

/** A record of the stream: its fields as sent, or why it could not be read. `raw` is the record itself. */
export type SentRow =
  | { readonly line: number; readonly raw: string; readonly fields: Readonly<Record<string, unknown>> }
  | {
      readonly line: number
      readonly raw: string
      readonly error: { readonly field?: string; readonly code: string; readonly message: string }
    }

/** What the adapter reads from the body. Throws where the stream itself is refused. */
export interface SentRows {
  readonly format: 'csv' | 'ndjson'
  readonly batches: AsyncIterable<readonly SentRow[]>
  readonly header: () => readonly string[] | undefined
}

const BATCH_ROWS = 5_000
const PAUSE_MS = 2_000
const MOST_REJECTS_KEPT = 10_000
const REJECTS_DAYS = 7
const MOST_TRIES = 4

const importView = viewNamed('ImportRun')
const domain = 'Customer Data Integration'
const entity = z.enum(feedEntities)

/** What it takes to write each entity, by import as by single writes. */
const writing: Readonly<Record<FeedEntity, Permission>> = {
  institutions: 'organisation:write',
  staff: 'organisation:write',
  products: 'product:write',
  exchangeRates: 'rate:write',
  customers: 'customer:create',
  assignments: 'assignment:write',
  holdings: 'holding:write',
  holdingParties: 'holding:write',
  balances: 'holding:write',
  activity: 'holding:write',
  movements: 'holding:write',
}

interface Run {
  readonly id: string
  readonly attempt: number
  readonly entity: FeedEntity
  readonly committedLine: number
}

export const importRows = viewOperation(importView, {
  kind: 'command',
  name: 'importRows',
  summary: 'Import a stream of rows of one entity',
  description:
    'Takes CSV (header row, RFC 4180) or NDJSON of any length, plain or gzip. Good rows are kept, bad ones reported. Sending again changes nothing. Under an Import-Id others can watch and cancel, and a broken stream resumes after the last committed line.',
  permission: 'import:run',
  domain,
  input: z.strictObject({
    entity,
    importId: id.optional(),
    firstLine: z.int().min(1).optional(),
    rows: z.custom<SentRows>((value) => typeof value === 'object' && value !== null),
  }),
  errors: [
    'import_in_progress',
    'conflict',
    'unknown_column',
    'stream_aborted',
    'payload_too_large',
    'unsupported_media_type',
    'malformed_request',
  ],
  transactions: 'own',
  transport: 'rest',
  alsoNeeds: ({ entity: of }) => [writing[of]],
  async run(context, { entity: of, importId, firstLine, rows }) {
    const begun = await begin(context, of, importId ?? context.newId(), rows.format)
    if (!('run' in begun)) return report(context, begun.done)
    const { run } = begun
    const heart = setInterval(() => void context.inTransaction(({ db }) => beat(db, run.id, run.attempt)).catch(() => {}), 5_000)
    try {
      const cancelled = await applyAll(context, run, rows, firstLine)
      await finish(context, run, { status: cancelled ? 'cancelled' : 'completed' })
    } catch (error) {
      await finish(context, run, endOf(error)).catch(() => {})
      throw error
    } finally {
      clearInterval(heart)
    }
    return report(context, run.id)
  },
})

/** How an import stands now, as the caller selected it. */
async function report(context: Context, importId: string): Promise<Record<string, unknown>> {
  return context.inTransaction(({ db }) =>
    answerOne({ ...context, db }, importView, (row, bind) => `${row}.id = ${bind(importId)}::uuid`),
  )
}

/** Begins an import or takes one up again. One that is complete answers its report; one that another sender is feeding is refused. */
async function begin(
  context: Context,
  of: FeedEntity,
  importId: string,
  format: 'csv' | 'ndjson',
): Promise<{ readonly run: Run } | { readonly done: string }> {
  const { actor, inTransaction, clock } = context
  const caller = callerOf(actor)
  const institutionPath = 'institutionPath' in actor ? actor.institutionPath : '/'
  return inTransaction(async ({ db, record }) => {
    if (await insertImport(db, { id: importId, entity: of, format, caller, institutionPath, now: clock() })) {
      record({ event: 'import.started', subjectType: 'import', subjectId: importId, details: { entity: of } })
      return { run: { id: importId, attempt: 1, entity: of, committedLine: 0 } }
    }
    const known = await lockImport(db, importId)
    if (!known || known.caller !== caller) throw new DomainError('conflict', 'This Import-Id belongs to somebody else.')
    if (known.entity !== of || known.format !== format)
      throw new DomainError('conflict', `This Import-Id belongs to an import of ${known.entity} as ${known.format}.`)
    if (known.status === 'running')
      throw new DomainError('import_in_progress', 'Another sender is feeding this import. Cancel it or wait.')
    if (known.status === 'completed') return { done: importId }
    record({ event: 'import.resumed', subjectType: 'import', subjectId: importId, details: { entity: of } })
    return { run: { id: importId, attempt: await resumeImport(db, importId), entity: of, committedLine: known.committedLine } }
  })
}

async function finish(
  { inTransaction, clock }: Context,
  run: Run,
  end: Omit<Parameters<typeof finishImport>[3], 'now'>,
): Promise<void> {
  await inTransaction(async ({ db, record }) => {
    await finishImport(db, run.id, run.attempt, { ...end, now: clock() })
    record({ event: `import.${end.status}`, subjectType: 'import', subjectId: run.id, details: { entity: run.entity } })
  })
}

/** What breaks off in between can be sent again; what the stream itself is refused for cannot. */
function endOf(error: unknown): { readonly status: 'failed' | 'interrupted'; readonly code: string; readonly message: string } {
  if (!(error instanceof DomainError)) return { status: 'failed', code: 'internal', message: 'Something went wrong on our side.' }
  const again: readonly ErrorCode[] = ['stream_aborted', 'unavailable', 'timed_out']
  return { status: again.includes(error.code) ? 'interrupted' : 'failed', code: error.code, message: error.message }
}

/** Gathers the stream into batches and applies them one after the other. Answers whether it was cancelled. */
async function applyAll(
  context: Context,
  run: Run,
  { batches, format, header }: SentRows,
  firstLine: number | undefined,
): Promise<boolean> {
  let waiting: SentRow[] = []
  let shift: number | undefined
  const flush = async (): Promise<boolean> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_ROWS)
      waiting = waiting.slice(BATCH_ROWS)
      if (!(await applyBatch(context, run, batch, format, header()))) return false
    }
    return true
  }
  for await (const rows of withPauses(batches)) {
    for (const row of rows) {
      // A stream that goes on after the committed line tells which line its first row has in the whole.
      shift ??= firstLine === undefined ? 0 : firstLine - row.line
      const line = row.line + shift
      if (line > run.committedLine) waiting.push(shift === 0 ? row : { ...row, line })
    }
    if ((waiting.length >= BATCH_ROWS || rows.length === 0) && !(await flush())) return true
  }
  return !(await flush())
}

/** Passes batches on, and an empty one whenever the sender pauses, so that rows of slow senders do not wait for company. */
async function* withPauses(batches: AsyncIterable<readonly SentRow[]>): AsyncGenerator<readonly SentRow[]> {
  const iterator = batches[Symbol.asyncIterator]()
  for (let next = iterator.next(); ;) {
    const pause = new AbortController()
    const paused = sleep(PAUSE_MS, undefined, { signal: pause.signal }).catch(() => undefined)
    const step = await Promise.race([next, paused])
    pause.abort()
    if (step) {
      if (step.done) return
      next = iterator.next()
      // Rejections that come while a batch is applied are heard at the next turn.
      next.catch(() => {})
      yield step.value
    } else {
      yield []
    }
  }
}

interface Reject {
  readonly line: number
  readonly raw: string
  readonly field?: string | undefined
  readonly code: string
  readonly message: string
}

/** Checks and applies one batch in one transaction. Answers false when somebody asked to cancel. */
async function applyBatch(
  context: Context,
  run: Run,
  batch: readonly SentRow[],
  format: 'csv' | 'ndjson',
  header: readonly string[] | undefined,
): Promise<boolean> {
  const { good, bad } = check(run.entity, batch, format)
  for (let tries = 1; ; tries++) {
    try {
      return await commitBatch(context, run, batch, good, bad, header)
    } catch (error) {
      const cause = error instanceof DomainError ? error.cause : error
      const outage = outageOf(cause)
      if (outage?.retriable && !outage.connectionLost && tries < MOST_TRIES) {
        await sleep(50 * 2 ** tries * (0.5 + Math.random()))
        continue
      }
      if (outage || error instanceof DomainError || batch.length === 1) throw error
      // A row that the database itself refuses is found by halving, so that it takes no other with it.
      const middle = Math.ceil(batch.length / 2)
      return (
        (await applyBatch(context, run, batch.slice(0, middle), format, header)) &&
        applyBatch(context, run, batch.slice(middle), format, header)
      )
    }
  }
}

function check(
  of: FeedEntity,
  batch: readonly SentRow[],
  format: 'csv' | 'ndjson',
): { readonly good: FeedRow<unknown>[]; readonly bad: Reject[] } {
  const schema = feedRows[of]
  const good: FeedRow<unknown>[] = []
  const bad: Reject[] = []
  for (const sent of batch) {
    if ('error' in sent) {
      bad.push({ line: sent.line, raw: sent.raw, ...sent.error })
      continue
    }
    const parsed = schema.safeParse(format === 'csv' ? fromCsv(of, sent.fields as Record<string, string>) : sent.fields)
    if (parsed.success) good.push({ line: sent.line, row: parsed.data })
    else bad.push({ line: sent.line, raw: sent.raw, ...refusalOfIssues(parsed.error.issues) })
  }
  return { good, bad }
}

async function commitBatch(
  context: Context,
  run: Run,
  batch: readonly SentRow[],
  good: readonly FeedRow<unknown>[],
  bad: readonly Reject[],
  header: readonly string[] | undefined,
): Promise<boolean> {
  return context.inTransaction(async ({ db, record }) => {
    const held = await holdForBatch(db, run.id, run.attempt)
    if (!held) throw new DomainError('import_in_progress', 'Another sender has taken this import over.')
    if (held.cancelRequested) return false
    const outcomes = await apply(db, context, run.entity, good)
    const rejects = [...bad, ...refusedOf(outcomes, batch)].sort((a, b) => a.line - b.line)
    await keepRejects(db, context, run.id, rejects.slice(0, Math.max(0, MOST_REJECTS_KEPT - held.rejected)))
    const count = (outcome: string): number => outcomes.filter((one) => 'outcome' in one && one.outcome === outcome).length
    const counts = {
      read: batch.length,
      created: count('created'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      superseded: count('superseded'),
      rejected: rejects.length,
    }
    await countBatch(db, run.id, counts, batch.at(-1)!.line, header)
    record({
      event: `${run.entity}.imported`,
      subjectType: 'import',
      subjectId: run.id,
      details: { entity: run.entity, ...counts },
    })
    return true
  })
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

function refusedOf(outcomes: readonly FeedOutcome[], batch: readonly SentRow[]): Reject[] {
  const refusals = outcomes.filter((one): one is { readonly line: number; readonly refusal: FeedRefusal } => 'refusal' in one)
  if (refusals.length === 0) return []
  const raw = new Map(batch.map((sent) => [sent.line, sent.raw]))
  return refusals.map(({ line, refusal }) => ({ line, raw: raw.get(line) ?? '', ...refusal }))
}

const rejectContext = (importId: string, line: number): string => `import-reject/${importId}/${line}`

async function keepRejects(db: Db, { vault, clock }: Context, importId: string, rejects: readonly Reject[]): Promise<void> {
  const expiresAt = new Date(clock().getTime() + REJECTS_DAYS * 86_400_000)
  const stored = rejects.map(({ line, raw, field, code, message }) => ({
    line,
    field: field ?? null,
    code,
    message,
    rawEncrypted: vault.sealText(raw, rejectContext(importId, line)),
  }))
  await insertRejects(db, importId, stored, expiresAt)
}

const byId = (importId: string) => (row: string, bind: Bind) => `${row}.id = ${bind(importId)}::uuid`

export const importRun = viewOperation(importView, {
  kind: 'query',
  name: 'importRun',
  summary: 'How an import stands',
  description: 'Can be asked while it runs, from any connection.',
  permission: 'import:read',
  domain,
  input: z.strictObject({ importId: id }),
  errors: ['not_found'],
  run: (context, { importId }) => answerOne(context, importView, byId(importId)),
})

export const importRuns = pageOperation(importView, {
  kind: 'query',
  name: 'importRuns',
  summary: 'Imports, the latest first',
  description: 'Of your institution and all below it.',
  permission: 'import:read',
  domain,
  input: z.strictObject({ entity: entity.optional().meta({ description: 'Of this entity.' }), ...pageInput }),
  errors: ['invalid_cursor'],
  run: (context, { entity: of, ...page }) =>
    answerPage(context, importView, {
      ...page,
      order: {
        name: 'started_at',
        direction: 'desc',
        keys: (row) => [
          { expression: `${row}.started_at`, cast: 'timestamptz' },
          { expression: `${row}.id`, cast: 'uuid' },
        ],
      },
      where: (row, bind) => (of === undefined ? [] : [`${row}.entity = ${bind(of)}::text`]),
    }),
})

export const cancelImport = viewOperation(importView, {
  kind: 'command',
  name: 'cancelImport',
  summary: 'Stop an import',
  description: 'Rows that are committed stay; the stream ends at the next batch.',
  permission: 'import:run',
  domain,
  input: z.strictObject({ importId: id }),
  errors: ['not_found', 'already_closed'],
  async run(context, { importId }) {
    const { db, record, now } = context
    const known = await lockImport(db, importId)
    if (!known) throw notFound('import')
    if (known.status === 'completed' || known.status === 'failed' || known.status === 'cancelled')
      throw new DomainError('already_closed', `This import is ${known.status} already.`)
    await (known.status === 'running' ? requestCancel(db, importId) : cancelLost(db, importId, now))
    record({ event: 'import.cancel_requested', subjectType: 'import', subjectId: importId })
    return answerOne(context, importView, byId(importId))
  },
})

/** Rejected rows of an import as they were sent, read in portions. */
export interface RejectedRows {
  readonly format: 'csv' | 'ndjson'
  readonly header: readonly string[] | undefined
  readonly rows: AsyncIterable<{
    readonly line: number
    readonly raw: string
    readonly field?: string
    readonly code: string
    readonly message: string
  }>
}

export const importRejects = operation({
  kind: 'command',
  name: 'importRejects',
  summary: 'The rejected rows of an import, to be mended and sent again',
  description:
    'In the format that was sent, each row with its line, field, code and message. The first 10,000, for a week. Every download is audited.',
  permission: 'import:run',
  domain,
  input: z.strictObject({ importId: id }),
  output: z.custom<RejectedRows>(),
  errors: ['not_found'],
  transactions: 'own',
  transport: 'rest',
  async run({ inTransaction, vault }, { importId }) {
    const found = await inTransaction(async ({ db, record }) => {
      const header = await findHeader(db, importId)
      if (!header) throw notFound('import')
      record({ event: 'import.rejects_read', subjectType: 'import', subjectId: importId })
      return header
    })
    async function* rows(): RejectedRows['rows'] & AsyncGenerator {
      for (let after = 0; ;) {
        const portion = await inTransaction(({ db }) => listRejects(db, importId, after, 200))
        for (const { line, field, code, message, rawEncrypted } of portion) {
          yield {
            line,
            raw: vault.openText(rawEncrypted, rejectContext(importId, line)),
            ...(field !== null && { field }),
            code,
            message,
          }
        }
        if (portion.length < 200) return
        after = portion.at(-1)!.line
      }
    }
    return { format: found.format, header: found.header ?? undefined, rows: rows() }
  },
})

export const importOperations = [importRows, importRun, importRuns, cancelImport, importRejects]
