/** Sums over the customers of a profile, from which its rates follow. */
export interface ProfileSums {
  readonly customers: number
  readonly eBankingCustomers: number
  readonly accounts: number
  readonly eBankingAccounts: number
  readonly signUps: number
  /** Of the last 12 full months, queries left out. */
  readonly transactions: number
  readonly electronic: number
  readonly atAtms: number
  /** Customers who had any, and the sum of their own rates in percent. */
  readonly transacting: number
  readonly ownRates: number
  readonly ownRatesWithAtm: number
}

export const profileRates = [
  'sign_ups',
  'e_banking_penetration',
  'transactions_per_month',
  'e_substitution',
  'e_substitution_with_atm',
] as const

export type ProfileRateName = (typeof profileRates)[number]

export const rateUnits = ['count', 'percent', 'per_month'] as const

export const rateDenominators = ['customer', 'e_banking_customer', 'account', 'transaction', 'transacting_customer'] as const

export interface ProfileRate {
  readonly name: ProfileRateName
  readonly unit: (typeof rateUnits)[number]
  readonly per: (typeof rateDenominators)[number]
  readonly denominator: number
  /** Null where there is nothing to divide by. */
  readonly value: number | null
}

/** Rates with what they are taken per: the same question per customer and per account has two answers. */
export function ratesOf(sums: ProfileSums): readonly ProfileRate[] {
  const rate = (
    name: ProfileRateName,
    unit: ProfileRate['unit'],
    per: ProfileRate['per'],
    numerator: number,
    denominator: number,
  ): ProfileRate => ({ name, unit, per, denominator, value: denominator === 0 ? null : rounded(numerator / denominator) })
  const { customers, eBankingCustomers, accounts, eBankingAccounts, signUps, transactions, electronic, atAtms, transacting } =
    sums
  return [
    rate('sign_ups', 'count', 'customer', signUps, customers),
    rate('sign_ups', 'count', 'e_banking_customer', signUps, eBankingCustomers),
    rate('sign_ups', 'count', 'account', signUps, accounts),
    rate('e_banking_penetration', 'percent', 'customer', 100 * eBankingCustomers, customers),
    rate('e_banking_penetration', 'percent', 'account', 100 * eBankingAccounts, accounts),
    rate('transactions_per_month', 'per_month', 'customer', transactions / 12, customers),
    rate('transactions_per_month', 'per_month', 'account', transactions / 12, accounts),
    rate('e_substitution', 'percent', 'transaction', 100 * electronic, transactions),
    rate('e_substitution', 'percent', 'transacting_customer', sums.ownRates, transacting),
    rate('e_substitution_with_atm', 'percent', 'transaction', 100 * (electronic + atAtms), transactions),
    rate('e_substitution_with_atm', 'percent', 'transacting_customer', sums.ownRatesWithAtm, transacting),
  ]
}

/** Four decimals. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4
}

/** Percent with four decimals; null where the whole is nothing. */
export function percentage(part: number | bigint, whole: number | bigint): number | null {
  return Number(whole) === 0 ? null : rounded((100 * Number(part)) / Number(whole))
}

/** How many percentage points one share lies above another. */
export function points(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : rounded(one - other)
}

/** What each has on average, in whole minor units, halves away from zero; null where there is nobody. */
export function average(sum: bigint, count: number): bigint | null {
  if (count === 0) return null
  const [amount, by] = [sum < 0n ? -sum : sum, BigInt(count)]
  const quotient = (2n * amount + by) / (2n * by)
  return sum < 0n ? -quotient : quotient
}
