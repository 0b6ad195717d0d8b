import { textsEqual, withId, orderBy } from '../../db/platform/views/conditions.ts'
import { stateAfter } from '../../core/kernel/state-machine.ts'
import { importMachine } from '../../core/feeds/imports.ts'
import { rejectContext } from '../../db/platform/vault.ts'
import { feedEntities, type FeedEntity } from '../../core/feeds/imports.ts'
import { z } from 'zod'
import { DomainError, type ErrorCode, notFound } from '../../core/kernel/errors.ts'
import { callerOf } from '../../core/kernel/actors.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import {
  recordHeartbeat,
  cancelAbandonedImport,
  findHeader,
  finishImport,
  insertImport,
  listRejects,
  lockImport,
  requestCancel,
  resumeImport,
} from '../../db/feeds/imports.ts'
import { viewNamed } from '../../db/views.ts'
import { applyAll, GAP, type Run, type SentRows } from './import-batches.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

const importView = viewNamed('ImportRun')
const domain = 'Customer Data Integration'
const entity = z.enum(feedEntities)

/** What it takes to write each entity, by import as by single writes. */
const writing: Readonly<Record<FeedEntity, readonly Permission[]>> = {
  institutions: ['organisation:write'],
  staff: ['organisation:write'],
  products: ['product:write'],
  exchangeRates: ['rate:write'],
  customers: ['customer:create', 'customer:write'],
  assignments: ['assignment:write'],
  holdings: ['holding:write'],
  holdingParties: ['holding:write'],
  balances: ['holding:write'],
  activity: ['holding:write'],
  movements: ['holding:write'],
}

export const importRows = viewOperation(importView, {
  kind: 'command',
  name: 'importRows',
  summary: 'Import a stream of rows of one entity',
  description:
    'Accepts CSV (header row, RFC 4180) or NDJSON of any length, plain or gzip. Valid rows are stored, invalid ones reported. Sending again changes nothing. Under an Import-Id others can watch and cancel, and a broken stream resumes after the last committed line.',
  permission: 'import:run',
  domain,
  input: z.strictObject({
    entity,
    importId: id.optional(),
    firstLine: z.int().min(1).optional(),
    rows: z.custom<SentRows>((value) => typeof value === 'object' && value !== null),
  }),
  errors: ['not_found', 'import_in_progress', 'conflict', 'unknown_column', 'stream_aborted'],
  transactions: 'own',
  transport: 'rest',
  alsoNeeds: ({ entity: of }) => writing[of],
  async run(context, { entity: of, importId, firstLine, rows }) {
    const started = await begin(context, of, importId ?? context.newId(), rows.format)
    if (!('run' in started)) return report(context, started.done)
    const { run } = started
    const stopHeart = startHeart(context, run)
    try {
      const cancelled = await applyAll(context, run, rows, firstLine)
      await finish(context, run, { status: cancelled ? 'cancelled' : 'completed' })
    } catch (error) {
      await finish(context, run, endOf(error)).catch(() => {})
      throw error
    } finally {
      stopHeart()
    }
    return report(context, run.id)
  },
})

const BEAT_MS = 5_000

/** Beats while the import runs, one beat at a time, so that it never takes more than one connection beside the batch's own. */
function startHeart({ inTransaction }: Context, { id: importId, attempt }: Run): () => void {
  let beating = false
  const heart = setInterval(() => {
    if (beating) return
    beating = true
    void inTransaction(({ db }) => recordHeartbeat(db, importId, attempt))
      // A beat that is missed is made up for by the next one.
      .catch(() => {})
      .finally(() => {
        beating = false
      })
  }, BEAT_MS)
  return () => clearInterval(heart)
}

/** How an import stands now, as the caller selected it. */
async function report(context: Context, importId: string): Promise<Record<string, unknown>> {
  return context.inTransaction(({ db }) => answerOne({ ...context, db }, importView, withId(importId)))
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
    if (!known || known.caller !== caller) throw new DomainError('conflict', 'This Import-Id belongs to another caller.')
    if (known.entity !== of || known.format !== format)
      throw new DomainError('conflict', `This Import-Id belongs to an import of ${known.entity} as ${known.format}.`)
    if (known.status === 'completed') return { done: importId }
    stateAfter(importMachine, known.status, 'resume')
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
  if (!(error instanceof DomainError)) return { status: 'failed', code: 'internal', message: 'Internal error.' }
  const again: readonly ErrorCode[] = ['stream_aborted', 'unavailable', 'timed_out']
  const broken = again.includes(error.code) || error.problems.some(({ rule }) => rule === GAP)
  return { status: broken ? 'interrupted' : 'failed', code: error.code, message: error.message }
}

export const importRun = viewOperation(importView, {
  kind: 'query',
  name: 'importRun',
  summary: 'State and progress of an import',
  description: 'Available while it runs, from any connection.',
  permission: 'import:read',
  domain,
  input: z.strictObject({ importId: id }),
  errors: ['not_found'],
  run: (context, { importId }) => answerOne(context, importView, withId(importId)),
})

export const importRuns = pageOperation(importView, {
  kind: 'query',
  name: 'importRuns',
  summary: 'Imports, newest first',
  description: 'Of your institution and all below it.',
  permission: 'import:read',
  domain,
  input: z.strictObject({ entity: entity.optional().meta({ description: 'Of this entity.' }), ...pageInput }),
  errors: ['invalid_cursor'],
  run: (context, { entity: of, ...page }) =>
    answerPage(context, importView, {
      ...page,
      order: orderBy('started_at', 'desc', [
        ['started_at', 'timestamptz'],
        ['id', 'uuid'],
      ]),
      where: textsEqual({ entity: of }),
    }),
})

export const cancelImport = viewOperation(importView, {
  kind: 'command',
  name: 'cancelImport',
  summary: 'Cancel an import',
  description: 'Committed rows stay; the stream ends at the next batch.',
  permission: 'import:run',
  domain,
  input: z.strictObject({ importId: id }),
  errors: ['not_found', 'already_closed'],
  async run(context, { importId }) {
    const { db, record, now } = context
    const known = await lockImport(db, importId)
    if (!known) throw notFound('import')
    requireWriting(context.permits, known.entity)
    stateAfter(importMachine, known.status, 'cancel')
    await (known.status === 'running' ? requestCancel(db, importId) : cancelAbandonedImport(db, importId, now))
    record({ event: 'import.cancellation_requested', subjectType: 'import', subjectId: importId })
    return answerOne(context, importView, withId(importId))
  },
})

/** An import belongs to those who may send one of its entity. Its rejected rows show in clear what is masked everywhere else. */
function requireWriting(permits: Context['permits'], of: FeedEntity): void {
  const missing = writing[of].find((permission) => !permits(permission))
  if (missing) throw new DomainError('not_permitted', `An import of ${of} requires the permission ${missing}.`)
}

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

/** A download of rows of an import: those that were rejected, or those that were taken with warnings. */
function download(
  kind: 'rejects' | 'warnings',
  texts: { readonly name: string; readonly summary: string; readonly description: string },
) {
  return operation({
    kind: 'command',
    ...texts,
    permission: 'import:run',
    domain,
    input: z.strictObject({ importId: id }),
    output: z.custom<RejectedRows>(),
    errors: ['not_found'],
    transactions: 'own',
    transport: 'rest',
    async run({ inTransaction, vault, permits }, { importId }) {
      const found = await inTransaction(async ({ db, record }) => {
        const header = await findHeader(db, importId)
        if (!header) throw notFound('import')
        requireWriting(permits, header.entity)
        record({ event: `import.${kind}_read`, subjectType: 'import', subjectId: importId, published: false })
        return header
      })
      async function* rows(): RejectedRows['rows'] & AsyncGenerator {
        for (let after = { line: 0, warning: 0 }; ;) {
          const portion = await inTransaction(({ db }) => listRejects(db, importId, kind, after, 200))
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
          after = portion.at(-1)!
        }
      }
      return { format: found.format, header: found.header ?? undefined, rows: rows() }
    },
  })
}

export const importRejects = download('rejects', {
  name: 'importRejects',
  summary: 'The rejected rows of an import, to be fixed and sent again',
  description:
    'In the format in which they were sent, each row with its line, field, code and message. The first 10,000, for a week. Every download is audited.',
})

export const importWarnings = download('warnings', {
  name: 'importWarnings',
  summary: 'The rows of an import that were taken with warnings',
  description:
    'In the format in which they were sent, each row once for every warning, with its line, field, code and message: which field was left out or seems wrong, and why. Those of the first 10,000 rows, for a week. Every download is audited.',
})

export const importOperations = [importRows, importRun, importRuns, cancelImport, importRejects, importWarnings]
