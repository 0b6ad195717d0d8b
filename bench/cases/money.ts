import type { CurrencyCode } from '../../src/core/kernel/currencies.ts'
import { parseAmount } from '../../src/core/kernel/money.ts'

export interface Money {
  readonly amount: string
  readonly currency: string
}

/** An amount in the minor units of its currency, as text. */
export function minorUnits({ amount, currency }: Money): string {
  return String(parseAmount(amount, currency as CurrencyCode))
}
