import { z } from 'zod'
import { dayOf, startOfDay } from '../../core/kernel/calendar.ts'
import { refreshAssetsOfCurrencies } from '../../db/dossier/assets.ts'
import { listCurrenciesDue } from '../../db/feeds/rates.ts'
import { applyDueOwnership } from '../../db/dossier/assignment-effects.ts'
import { forgetExpiredAnswers } from '../../db/platform/idempotency.ts'
import { forgetExpiredRejects } from '../../db/feeds/imports.ts'
import { listTimeZones } from '../../db/organisation/institutions.ts'
import { operation } from '../platform/operation.ts'

/** The worker runs it again while something was left. */
const MOST_AT_ONCE = 5_000

export const advanceAssignments = operation({
  kind: 'command',
  name: 'advanceAssignments',
  summary: 'Let assignments and places in teams begin and end at their institution’s midnight',
  description: 'Planned ones whose day has come become current, current ones whose end has come end, and the portfolios follow.',
  permission: 'system:run',
  domain: 'Customer Relationship Management',
  input: z.strictObject({}),
  output: z.object({ applied: z.int() }),
  transport: 'internal',
  async run({ db, now, bank }) {
    const zones = await listTimeZones(db, bank.timeZone)
    let applied = 0
    for (const { timeZone, paths } of zones)
      applied += await applyDueOwnership(db, paths, { today: dayOf(now, timeZone), now }, MOST_AT_ONCE)
    return { applied }
  },
})

export const applyRates = operation({
  kind: 'command',
  name: 'applyRates',
  summary: 'Let exchange rates that were known beforehand count from their day on',
  description:
    'The assets of those who hold a currency follow a rate when it is sent; one sent for a day to come, when that day has come.',
  permission: 'system:run',
  domain: 'Market Data Administration',
  input: z.strictObject({}),
  output: z.object({ currencies: z.int() }),
  transport: 'internal',
  async run({ db, today, bank }) {
    const currencies = await listCurrenciesDue(db, today, startOfDay(today, bank.timeZone))
    await refreshAssetsOfCurrencies(db, currencies, bank.baseCurrency, today)
    return { currencies: currencies.length }
  },
})

export const keepHouse = operation({
  kind: 'command',
  name: 'keepHouse',
  summary: 'Forget what has expired',
  description: 'Removes stored answers of idempotency keys and rejected rows of imports past their time.',
  permission: 'system:run',
  domain: 'System Administration',
  input: z.strictObject({}),
  output: z.object({}),
  transport: 'internal',
  async run({ db, now }) {
    await forgetExpiredAnswers(db, now)
    await forgetExpiredRejects(db, now)
    return {}
  },
})

export const jobOperations = [advanceAssignments, applyRates, keepHouse]
