import { operations } from '../operations/all.ts'
import { deleteExpiredData } from '../operations/feeds/expired-records.ts'
import { applyBalancesDue } from '../operations/feeds/due-balances.ts'
import { applyRates } from '../operations/feeds/exchange-rates.ts'
import { advanceAssignments } from '../operations/dossier/due-assignments.ts'
import { Logger, type Runner, run } from 'graphile-worker'
import type { Pool } from 'pg'
import { sealAudit } from '../operations/platform/audit.ts'
import { execute, type Service } from '../operations/platform/execute.ts'
import { refreshKeyDates } from '../operations/dossier/upcoming-key-dates.ts'
import { advanceRefreshes } from '../operations/segmentation/refreshes.ts'
import { refreshNameKeys } from '../operations/dossier/name-keys.ts'
import type { Operation } from '../operations/platform/operation.ts'

interface Task {
  readonly operation: Operation
  /** Whether an answer says that there is more to do at once. */
  readonly isMore?: (answer: never) => boolean
}

interface Scheduled extends Task {
  /** As in cron, UTC. */
  readonly times: string
}

/** What runs on a schedule. */
const schedule: readonly Scheduled[] = [
  { operation: sealAudit, times: '* * * * *', isMore: ({ sealed }: { sealed: number }) => sealed > 0 },
  { operation: advanceAssignments, times: '* * * * *', isMore: ({ applied }: { applied: number }) => applied > 0 },
  { operation: applyBalancesDue, times: '* * * * *', isMore: ({ applied }: { applied: number }) => applied > 0 },
  { operation: refreshKeyDates, times: '* * * * *', isMore: ({ refreshed }: { refreshed: number }) => refreshed > 0 },
  { operation: advanceRefreshes, times: '* * * * *', isMore: ({ more }: { more: boolean }) => more },
  { operation: refreshNameKeys, times: '* * * * *', isMore: ({ passed }: { passed: number }) => passed > 0 },
  { operation: applyRates, times: '3 * * * *' },
  { operation: deleteExpiredData, times: '17 * * * *' },
]

/** What the queue runs: all of the service's own operations, whether on the schedule or added by a command. */
const tasks: readonly Task[] = operations
  .filter(({ transport, kind }) => transport === 'internal' && kind === 'command')
  .map((operation) => schedule.find((one) => one.operation === operation) ?? { operation })

/** Runs the scheduled operations as the system, from a queue in the same database; several workers share the work. */
export async function startWorker(service: Service, pool: Pool, log: (level: string, message: string) => void): Promise<Runner> {
  return run({
    pgPool: pool,
    concurrency: 2,
    noHandleSignals: true,
    logger: new Logger(() => (level, message) => log(level, message)),
    crontab: schedule.map(({ operation, times }) => `${times} ${operation.name} ?max=1&jobKey=${operation.name}`).join('\n'),
    taskList: Object.fromEntries(tasks.map((one) => [one.operation.name, (payload) => runToTheEnd(service, one, payload)])),
  })
}

async function runToTheEnd(service: Service, { operation, isMore }: Task, payload: unknown): Promise<void> {
  for (;;) {
    const answer = await runAsSystem(service, operation, inputOf(payload))
    if (!isMore?.(answer as never)) return
  }
}

/** Runs one of the service's own operations. */
export async function runAsSystem(service: Service, operation: Operation, input: object = {}): Promise<unknown> {
  const { answer } = await execute(service, operation, {
    caller: { kind: 'system', name: operation.name },
    input,
    selection: new Map(),
    refusedAs: null,
  })
  return answer
}

/** The input of a job: what the schedule says of itself is none. */
function inputOf(payload: unknown): object {
  const { _cron: _schedule, ...input } = (payload ?? {}) as Readonly<Record<string, unknown>>
  return input
}
