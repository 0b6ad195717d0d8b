import type { Config, KeyRings } from './config.ts'
import { checkBankSettings, type BankDifference } from '../db/platform/bank-setting.ts'

/** How the settings differ from those that the bank's data were written with, each problem starting with the setting's name. */
export interface Agreement {
  readonly empty: boolean
  readonly problems: readonly string[]
}

/** Compares the settings with the bank in the database, and has it remember those that it did not know. */
export async function compareBankSettings(config: Config, ownerUrl: string, keys: KeyRings): Promise<Agreement> {
  const { empty, differences } = await checkBankSettings(ownerUrl, { baseCurrency: config.baseCurrency, ...keys }, new Date())
  return { empty, problems: differences.map((difference) => problemOf(difference, config)) }
}

function problemOf(difference: BankDifference, { baseCurrency, keys }: Config): string {
  if (difference.kind === 'base_currency')
    return `BASE_CURRENCY must remain ${difference.stored}, the currency of this bank’s stored amounts; it is now ${baseCurrency}.`
  const { id, ring } = difference
  const name = ring === 'master' ? 'MASTER_KEYS' : 'INDEX_KEYS'
  const place = keys === 'development' ? `${name} is not set, and keys.json in DATA_DIR` : name
  return difference.kind === 'missing_key'
    ? `${place} must contain the key "${id}", with which data of this bank were encrypted.`
    : `${place} must contain the key "${id}" with which data of this bank were encrypted; it now has a different key with the same ID.`
}
