import { z } from 'zod'
import { startOfDay } from '../../core/kernel/calendar.ts'
import { refreshAssetsOfCurrencies } from '../../db/dossier/assets.ts'
import { listCurrenciesDue } from '../../db/feeds/rates.ts'
import { operation } from '../platform/operation.ts'

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
