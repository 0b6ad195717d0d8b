import { Logger, type Runner, run } from 'graphile-worker'
import type { Pool } from 'pg'
import { sealAudit } from '../operations/audit.ts'
import { execute, type Service } from '../operations/execute.ts'
import { applyAssignments, keepHouse } from '../operations/jobs.ts'
import type { Operation } from '../operations/operation.ts'

/** What runs on a schedule: the operation and its times, as in cron. A run that was missed is made up for once. */
const schedule: readonly { readonly operation: Operation; readonly times: string }[] = [
  { operation: sealAudit, times: '* * * * *' },
  { operation: applyAssignments, times: '* * * * *' },
  { operation: keepHouse, times: '17 * * * *' },
]

/** Runs the scheduled operations as the system, from a queue in the same database; several workers share the work. */
export async function startWorker(service: Service, pool: Pool, log: (level: string, message: string) => void): Promise<Runner> {
  return run({
    pgPool: pool,
    concurrency: 2,
    noHandleSignals: true,
    logger: new Logger(() => (level, message) => log(level, message)),
    crontab: schedule.map(({ operation, times }) => `${times} ${operation.name} ?max=1&jobKey=${operation.name}`).join('\n'),
    taskList: Object.fromEntries(
      schedule.map(({ operation }) => [operation.name, async () => void (await runAsSystem(service, operation))]),
    ),
  })
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
