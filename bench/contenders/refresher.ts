import Fastify from 'fastify'
import { processConfig } from '../../src/start/config.ts'
import { dayOf } from '../../src/core/kernel/calendar.ts'
import { evaluateAll } from '../../src/db/segmentation/refresh/refresh.ts'
import { hasHistory, queueRefresh } from '../../src/db/segmentation/refresh/runs.ts'
import { developmentKeys } from '../../src/start/development-keys.ts'
import { runAsSystem } from '../../src/jobs/worker.ts'
import { advanceRefreshes } from '../../src/operations/segmentation/refreshes.ts'
import { openService } from '../../src/start/service.ts'
import { segmentation } from './fingerprints.ts'

// The work of the service's scheduler, as its operations do it, one step when asked: what it takes is to be told apart from waiting for the minute.

const config = processConfig()
const { service } = await openService(
  config,
  { serviceUrl: process.env['DATABASE_URL']!, keys: await developmentKeys(config.dataDir) },
  () => {},
  console.error,
)
const everywhere = { prefixes: ['/'], portfolio: [], caller: 'system:bench' }
const LONGEST_MS = 3_600_000
const app = Fastify()

// A history comes when it is asked for, and not by itself in the midst of what is measured.
await service.database.transaction(everywhere, async (db) => {
  if (!(await hasHistory(db)))
    await db.rows({
      text: `insert into refresh_run (id, institution_path, kind, reason, state, requested_by, requested_at) values ($1::uuid, '/', 'history', 'request', 'done', 'bench', now())`,
      values: [service.newId()],
    })
})

app.get('/health/live', () => 'ok')

/** Takes the refresh whose turn it is one step further. Answers whether there is more to do. */
app.post('/step', () => runAsSystem(service, advanceRefreshes))

app.post<{ Body: { kind: 'full' | 'incremental' | 'history' } }>('/queue', async ({ body: { kind } }) => ({
  id: await service.database.transaction(everywhere, (db) =>
    queueRefresh(db, { id: service.newId(), kind, reason: 'request', path: '/', requestedBy: 'bench', now: service.clock() }),
  ),
}))

/** Evaluates all segments, tiers and classifications, tells what was written, and takes it back. */
app.post<{ Body: { now: string } }>('/evaluation', async ({ body: { now } }) => {
  const at = new Date(now)
  const settings = { asOf: dayOf(at, config.timeZone), baseCurrency: config.baseCurrency, now: at }
  let answer: object | undefined
  await service.database
    .transaction(
      everywhere,
      async (db) => {
        const begun = performance.now()
        await evaluateAll(db, settings)
        const seconds = (performance.now() - begun) / 1000
        const [written] = await db.rows<object>({ text: segmentation, values: [now], prepared: false })
        answer = { seconds, written }
        throw new Error('taken back')
      },
      { timeoutMs: LONGEST_MS },
    )
    .catch((error: unknown) => {
      if (answer === undefined) throw error
    })
  return answer
})

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
