import { withId, orderBy } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import { callerOf } from '../../core/kernel/actors.ts'
import { addDays, dayOf, monthEndsUpTo, startOfDay } from '../../core/kernel/calendar.ts'
import { DomainError } from '../../core/kernel/errors.ts'
import { stateAfter } from '../../core/kernel/state-machine.ts'
import { refreshKinds, refreshMachine } from '../../core/segmentation/refreshes.ts'
import { outageOf } from '../../db/platform/failures.ts'
import { refreshPercentiles } from '../../db/segmentation/facts/percentiles.ts'
import { storeMonthEnd, rebuildFacts } from '../../db/segmentation/facts/rebuild.ts'
import { dropStale, hasStale, claimStaleCustomers } from '../../db/dossier/stale-facts.ts'
import {
  countCustomers,
  failRefresh,
  hasRefresh,
  hasHistory,
  hasRefreshed,
  hasRefreshedSince,
  lockNextRefresh,
  hasFullRefresh,
  nextSlice,
  queueRefresh,
  saveProgress,
  type StoredRefresh,
} from '../../db/segmentation/refresh/runs.ts'
import type { Db } from '../../db/platform/database.ts'
import { evaluateAll, evaluateSome } from '../../db/segmentation/refresh/refresh.ts'
import { valueRatesOn } from '../../db/segmentation/value.ts'
import { SLICE, type Step, takeHistoryStep } from './history.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

const runView = viewNamed('RefreshRun')
const domain = 'Customer Product and Service Eligibility'

const STALE_AT_ONCE = 2_000

export const refreshSegments = viewOperation(runView, {
  kind: 'command',
  name: 'refreshSegments',
  summary: 'Refresh facts, segments and tiers',
  description:
    'Queues a refresh and returns its state; it runs after those queued before it, a `history` after all others. `incremental` computes the customers changed since, `full` all customers; `evaluation` leaves facts unchanged and updates segments, tiers and classifications only; `history` reconstructs the month-ends of the last 24 months that were not recorded, by today’s rules, and is queued by itself after the first full refresh. A refresh that is already queued serves both requests.',
  permission: 'segment:refresh',
  domain,
  input: z.strictObject({
    kind: z
      .enum(refreshKinds)
      .default('incremental')
      .meta({ description: 'Changed customers, all customers, all customers by the stored facts, or past month-ends.' }),
  }),
  async run(context, { kind }) {
    const { db, now, newId, actor } = context
    const path = 'institutionPath' in actor ? actor.institutionPath : '/'
    const requestedBy = callerOf(actor)
    const runId = await queueRefresh(db, { id: newId(), kind, reason: 'request', path, requestedBy, now })
    context.record({ event: 'refresh.requested', subjectType: 'refresh', subjectId: runId, details: { kind } })
    return answerOne(context, runView, withId(runId))
  },
})

export const refreshRun = viewOperation(runView, {
  kind: 'query',
  name: 'refreshRun',
  summary: 'State and progress of a refresh',
  description: 'The current step, the number of computed customers, and the numbers of started and ended memberships.',
  permission: 'segment:refresh',
  domain,
  input: z.strictObject({ refreshId: id }),
  errors: ['not_found'],
  run: (context, { refreshId }) => answerOne(context, runView, withId(refreshId)),
})

export const refreshRuns = pageOperation(runView, {
  kind: 'query',
  name: 'refreshRuns',
  summary: 'Refreshes, newest first',
  description: 'Queued, running and finished ones. They cover the whole bank, so only callers who may refresh it can read them.',
  permission: 'segment:refresh',
  domain,
  input: z.strictObject({ ...pageInput }),
  errors: ['invalid_cursor'],
  run: (context, page) =>
    answerPage(context, runView, {
      ...page,
      order: orderBy('requested', 'desc', [
        ['requested_at', 'timestamptz'],
        ['id', 'uuid'],
      ]),
      where: () => [],
    }),
})

export const advanceRefreshes = operation({
  kind: 'command',
  name: 'advanceRefreshes',
  summary: 'Run the next step of the current refresh',
  description:
    'A step is one transaction, so an interrupted worker loses only that step and the next worker continues. Queues the nightly full refresh when a new day starts, and an incremental one when nothing else is queued.',
  permission: 'system:run',
  domain,
  input: z.strictObject({}),
  output: z.object({ more: z.boolean() }),
  transport: 'internal',
  transactions: 'own',
  async run(context) {
    const today = dayOf(context.clock(), context.bank.timeZone)
    await context.inTransaction(async ({ db }) => queueWhatIsDue(db, context, today))
    let under: string | undefined
    const step = context.inTransaction(async ({ db, record }) => {
      const run = await lockNextRefresh(db)
      if (!run) return { more: false }
      under = run.id
      const asOf = run.asOf ?? today
      const {
        total = null,
        entered = 0,
        left = 0,
        ...taken
      } = run.kind === 'history' ? await takeHistoryStep(db, context, run, asOf) : await takeStep(db, context, run, asOf)
      const state = stateAfter(refreshMachine, run.state, taken.step === 'done' ? 'finish' : 'advance')
      await saveProgress(db, run.id, { ...taken, state, asOf, total, entered, left }, context.clock())
      if (taken.step === 'done')
        record({ event: 'refresh.done', subjectType: 'refresh', subjectId: run.id, audited: false, details: { kind: run.kind } })
      return { more: true }
    })
    return step.catch(async (error: unknown) => {
      const cause = error instanceof DomainError ? error.cause : error
      // What collided or was lost on the way is tried again by the next worker; what cannot go on must not stand in the way of those that wait.
      if (under === undefined || outageOf(cause)?.retriable) throw error
      const [failed, code] = [under, error instanceof DomainError ? error.code : 'internal']
      await context.inTransaction(async ({ db }) => failRefresh(db, failed, code, context.clock()))
      throw error
    })
  },
})

async function queueWhatIsDue(db: Db, { clock, newId, bank }: Context, today: string): Promise<void> {
  const queue = (kind: 'full' | 'incremental' | 'history', reason: 'schedule' | 'import'): Promise<string> =>
    queueRefresh(db, { id: newId(), kind, reason, path: '/', requestedBy: 'system:advanceRefreshes', now: clock() })
  if (!(await hasFullRefresh(db, today, startOfDay(today, bank.timeZone), clock()))) await queue('full', 'schedule')
  else if (!(await hasRefresh(db)) && (await hasStale(db))) await queue('incremental', 'import')
  if ((await hasRefreshed(db)) && !(await hasHistory(db))) await queue('history', 'schedule')
}

async function takeStep(db: Db, context: Context, run: StoredRefresh, asOf: string): Promise<Step> {
  const { bank, clock } = context
  const { definition: rates } = await valueRatesOn(db, asOf)
  const facts = { today: asOf, baseCurrency: bank.baseCurrency, rates, now: clock() }
  const settings = { asOf, baseCurrency: bank.baseCurrency, now: clock() }
  if (run.kind === 'incremental') {
    const customerIds = await claimStaleCustomers(db, STALE_AT_ONCE)
    if (customerIds.length === 0) return { step: 'done', position: null, done: 0 }
    await rebuildFacts(db, { customerIds }, facts)
    return { step: 'evaluation', position: null, done: customerIds.length, ...(await evaluateSome(db, settings, customerIds)) }
  }
  if (run.kind === 'evaluation') return { step: 'done', position: null, done: 0, ...(await evaluateAll(db, settings)) }
  switch (run.step) {
    case null:
    case 'facts': {
      const slice = await nextSlice(db, run.position, SLICE)
      const total = run.step === null ? await countCustomers(db) : undefined
      if (!slice) return { step: 'percentiles', position: null, done: 0, ...(total !== undefined && { total }) }
      await dropStale(db, slice.from, slice.until)
      const [monthEnd] = monthEndsUpTo(addDays(asOf, -1), 1)
      // What a month-end before the first refresh was like is worked out by the history.
      if ((await hasRefreshed(db)) && !(await hasRefreshedSince(db, monthEnd!))) {
        const over = startOfDay(addDays(monthEnd!, 1), bank.timeZone)
        await storeMonthEnd(db, slice, { ...facts, today: monthEnd!, over })
      }
      const done = await rebuildFacts(db, slice, facts)
      return {
        step: slice.until === null ? 'percentiles' : 'facts',
        position: slice.until,
        done,
        ...(total !== undefined && { total }),
      }
    }
    case 'percentiles':
      await refreshPercentiles(db, asOf)
      return { step: 'evaluation', position: null, done: 0 }
    case 'evaluation':
      return { step: 'done', position: null, done: 0, ...(await evaluateAll(db, settings)) }
    case 'memberships':
    case 'done':
      return { step: 'done', position: null, done: 0 }
  }
}

export const refreshOperations = [refreshSegments, refreshRun, refreshRuns, advanceRefreshes]
