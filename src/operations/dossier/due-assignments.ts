import { z } from 'zod'
import { dayOf } from '../../core/kernel/calendar.ts'
import { applyDueAssignments } from '../../db/dossier/due-assignments.ts'
import { listTimeZones } from '../../db/organisation/institutions.ts'
import { operation } from '../platform/operation.ts'

/** The worker runs it again while something was left. */
const MAX_BATCH_SIZE = 5_000

export const advanceAssignments = operation({
  kind: 'command',
  name: 'advanceAssignments',
  summary: 'Start and end assignments and team memberships at their institution’s midnight',
  description:
    'Planned ones whose day has come become current, current ones whose end has come are ended, and the portfolios are updated.',
  permission: 'system:run',
  domain: 'Customer Relationship Management',
  input: z.strictObject({}),
  output: z.object({ applied: z.int() }),
  transport: 'internal',
  async run({ db, now, bank }) {
    const zones = await listTimeZones(db, bank.timeZone)
    let applied = 0
    for (const { timeZone, paths } of zones)
      applied += await applyDueAssignments(db, paths, { today: dayOf(now, timeZone), now }, MAX_BATCH_SIZE)
    return { applied }
  },
})
