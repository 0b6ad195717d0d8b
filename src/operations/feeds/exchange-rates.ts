import { z } from 'zod'
import { startOfDay } from '../../core/kernel/calendar.ts'
import { refreshAssetsOfCurrencies } from '../../db/dossier/assets.ts'
import { listCurrenciesDue } from '../../db/feeds/due-currencies.ts'
import { operation } from '../platform/operation.ts'

export const applyRates = operation({
  kind: 'command',
  name: 'applyRates',
  summary: 'Apply exchange rates that were sent in advance from their day',
  description:
    'A rate updates the assets of those who hold the currency when it is sent; a rate for a future day does when that day comes.',
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
