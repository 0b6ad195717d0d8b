import { deleteExpiredData } from '../operations/feeds/expired-records.ts'
import { applyRates } from '../operations/feeds/rates.ts'
import { advanceAssignments } from '../operations/dossier/due-assignments.ts'
import { Logger, type Runner, run } from 'graphile-worker'
import type { Pool } from 'pg'
import { sealAudit } from '../operations/platform/audit.ts'
import { execute, type Service } from '../operations/platform/execute.ts'
import { refreshKeyDates } from '../operations/dossier/key-dates.ts'
import { advanceRefreshes } from '../operations/segmentation/refreshes.ts'
import { refreshNameKeys } from '../operations/dossier/name-keys.ts'
import type { Operation } from '../operations/platform/operation.ts'

interface Scheduled {
  readonly operation: Operation
  /** As in cron, UTC. */
  readonly times: string
  /** Whether an answer says that there is more to do at once. */
  readonly isMore?: (answer: never) => boolean
}

/** What runs on a schedule. */
const schedule: readonly Scheduled[] = [
  { operation: sealAudit, times: '* * * * *', isMore: ({ sealed }: { sealed: number }) => sealed > 0 },
  { operation: advanceAssignments, times: '* * * * *', isMore: ({ applied }: { applied: number }) => applied > 0 },
  { operation: refreshKeyDates, times: '* * * * *', isMore: ({ refreshed }: { refreshed: number }) => refreshed > 0 },
  { operation: advanceRefreshes, times: '* * * * *', isMore: ({ more }: { more: boolean }) => more },
  { operation: refreshNameKeys, times: '* * * * *', isMore: ({ passed }: { passed: number }) => passed > 0 },
  { operation: applyRates, times: '3 * * * *' },
  { operation: deleteExpiredData, times: '17 * * * *' },
]

/** Runs the scheduled operations as the system, from a queue in the same database; several workers share the work. */
export async function startWorker(service: Service, pool: Pool, log: (level: string, message: string) => void): Promise<Runner> {
  return run({
    pgPool: pool,
    concurrency: 2,
    noHandleSignals: true,
    logger: new Logger(() => (level, message) => log(level, message)),
    crontab: schedule.map(({ operation, times }) => `${times} ${operation.name} ?max=1&jobKey=${operation.name}`).join('\n'),
    taskList: Object.fromEntries(schedule.map((one) => [one.operation.name, () => runToTheEnd(service, one)])),
  })
}

async function runToTheEnd(service: Service, { operation, isMore }: Scheduled): Promise<void> {
  for (;;) {
    const answer = await runAsSystem(service, operation)
    if (!isMore?.(answer as never)) return
  }
}

/** Runs one of the service's own operations. */
export async function runAsSystem(service: Service, operation: Operation): Promise<unknown> {
  const { answer } = await execute(service, operation, {
    caller: { kind: 'system', name: operation.name },
    input: {},
    selection: new Map(),
    refusedAs: null,
  })
  return answer
}
