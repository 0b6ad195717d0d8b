import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { formatMinor } from '../../../core/kernel/money.ts'

/** PostgreSQL writes instants in JSON with an offset and microseconds; the API with `Z` and milliseconds. */
export function decodeInstant(value: unknown): unknown {
  return value === null ? null : new Date(value as string).toISOString()
}

/** `[minor units as text, currency]` → `{ amount, currency }`; null where either is missing. */
export function decodeMoney(value: unknown): unknown {
  const [amount, currency] = value as [string | null, string | null]
  return amount === null || currency === null ? null : { amount: formatMinor(amount, currency as CurrencyCode), currency }
}
