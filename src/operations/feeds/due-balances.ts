import { z } from 'zod'
import { dayOf } from '../../core/kernel/calendar.ts'
import { applyDueBalances } from '../../db/feeds/due-balances.ts'
import { listTimeZones } from '../../db/organisation/institutions.ts'
import { operation } from '../platform/operation.ts'

/** The worker runs it again while something was left. */
const MAX_BATCH_SIZE = 5_000

export const applyBalancesDue = operation({
  kind: 'command',
  name: 'applyBalancesDue',
  summary: 'Apply balances that were sent in advance from their day',
  description: 'A balance of a future day moves its holding and the assets of the customer at their institution’s midnight.',
  permission: 'system:run',
  domain: 'Position Keeping',
  input: z.strictObject({}),
  output: z.object({ applied: z.int() }),
  transport: 'internal',
  async run({ db, now, today, bank }) {
    const settings = { bankToday: today, baseCurrency: bank.baseCurrency, now }
    let applied = 0
    for (const { timeZone, paths } of await listTimeZones(db, bank.timeZone))
      applied += await applyDueBalances(db, paths, { ...settings, today: dayOf(now, timeZone) }, MAX_BATCH_SIZE)
    return { applied }
  },
})
