import type { Config, KeyRings } from './config.ts'
import { agreeOnBank, type BankDifference } from '../db/platform/bank-setting.ts'

/** How the settings differ from those that the bank's data were written with, each problem starting with the setting's name. */
export interface Agreement {
  readonly empty: boolean
  readonly problems: readonly string[]
}

/** Compares the settings with the bank in the database, and has it remember those that it did not know. */
export async function agreeOnSettings(config: Config, ownerUrl: string, keys: KeyRings): Promise<Agreement> {
  const { empty, differences } = await agreeOnBank(ownerUrl, { baseCurrency: config.baseCurrency, ...keys }, new Date())
  return { empty, problems: differences.map((difference) => problemOf(difference, config)) }
}

function problemOf(difference: BankDifference, { baseCurrency, keys }: Config): string {
  if (difference.kind === 'base_currency')
    return `BASE_CURRENCY must stay ${difference.stored}, in which the amounts of this bank are kept; it is ${baseCurrency} now.`
  const { id, ring } = difference
  const name = ring === 'master' ? 'MASTER_KEYS' : 'INDEX_KEYS'
  const place = keys === 'development' ? `${name} is not set, and keys.json in DATA_DIR` : name
  return difference.kind === 'missing_key'
    ? `${place} must hold the key "${id}", which data of this bank were written with.`
    : `${place} must hold the key "${id}" that data of this bank were written with; it is another key of the same id now.`
}
