import { currencyExponent, isCurrency, type CurrencyCode } from './currencies.ts'

export { isCurrency, type CurrencyCode }

/** An amount in minor units (fen, cents, yen) of its currency. */
export interface Money {
  readonly amount: bigint
  readonly currency: CurrencyCode
}

const rateDecimals = 10
const rateScale = 10n ** BigInt(rateDecimals)
// PostgreSQL's bigint, in which every amount is stored.
const smallest = -(2n ** 63n)
const largest = 2n ** 63n - 1n
// 19 digits of a 64-bit number, a sign, a point and room for leading zeros; longer texts are refused unread.
const longestText = 40

/**
 * Reads a decimal text such as `-1234.5` as minor units (`-123450n` in CNY). `undefined` for anything but an optional `-`, digits and an
 * optional fraction no longer than the currency's exponent (JPY takes none), and for what does not fit in signed 64 bits.
 */
export function parseAmount(decimal: string, currency: CurrencyCode): bigint | undefined {
  const minor = parseScaled(decimal, currencyExponent(currency))
  return minor !== undefined && fits(minor) ? minor : undefined
}

/** What keeps a decimal text of the form that `parseAmount` reads from being an amount of the currency; undefined where it is one. */
export function amountProblem(decimal: string, currency: CurrencyCode): string | undefined {
  if (parseAmount(decimal, currency) !== undefined) return undefined
  const exponent = currencyExponent(currency)
  const decimals = /\.(\d+)$/.exec(decimal)?.[1]?.length ?? 0
  if (decimals > exponent) return `An amount in ${currency} can have ${exponent === 0 ? 'no' : `at most ${exponent}`} decimals.`
  return `The amount is too large: the maximum is ${formatAmount(largest, currency)} ${currency}.`
}

/** Writes minor units as a decimal text with all decimals of the currency: `600000000n` CNY is `6000000.00`, `5n` JPY is `5`. */
export function formatAmount(minor: bigint, currency: CurrencyCode): string {
  return formatMinor(minor.toString(), currency)
}

/** The same for minor units that come as a whole number in text, as PostgreSQL writes a bigint. */
export function formatMinor(minor: string, currency: CurrencyCode): string {
  return formatScaled(minor, currencyExponent(currency))
}

/**
 * Reads an exchange rate as a whole number of 1e-10ths: `7.1` is `71000000000n`. `undefined` unless it is a positive decimal of at most
 * 10 decimals below 10,000,000,000 (`numeric(20, 10)` in PostgreSQL).
 */
export function parseRate(text: string): bigint | undefined {
  const rate = parseScaled(text, rateDecimals)
  return rate !== undefined && rate > 0n && rate < rateScale * rateScale ? rate : undefined
}

/** The largest amount of a currency of two decimals. */
export const amountBound = formatScaled(largest.toString(), 2)

/** Rates lie below this. */
export const rateBound = `${rateScale}`

/** Writes a rate of `parseRate` with its 10 decimals, as `numeric(20, 10)` shows it: `71000000000n` is `7.1000000000`. */
export function formatRate(rate: bigint): string {
  return formatScaled(rate.toString(), rateDecimals)
}

/**
 * Converts minor units of `from` to minor units of `to`, where one unit of `from` costs `rate` units of `to` (`rate` as of `parseRate`).
 * Exact, rounded once, half to even. `undefined` when the result does not fit in signed 64 bits.
 *
 * The same in SQL, since PostgreSQL's `round(numeric)` takes halves away from zero (`scale` is the literal 10^(exponent of `to` −
 * exponent of `from`), such as `1`, `100` or `0.01`, so that only exact multiplications happen):
 *
 *     select (round(x) - case when abs(x - trunc(x)) = 0.5 and mod(round(x), 2) <> 0 then sign(x) else 0 end)::bigint
 *       from (select amount::numeric * rate * scale as x) exact
 */
export function convert(minor: bigint, from: CurrencyCode, to: CurrencyCode, rate: bigint): bigint | undefined {
  const numerator = minor * rate * 10n ** BigInt(currencyExponent(to))
  const converted = divideHalfToEven(numerator, rateScale * 10n ** BigInt(currencyExponent(from)))
  return fits(converted) ? converted : undefined
}

function divideHalfToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const remainder = numerator % denominator
  const twice = 2n * (remainder < 0n ? -remainder : remainder)
  const roundsAway = twice > denominator || (twice === denominator && quotient % 2n !== 0n)
  if (!roundsAway) return quotient
  return numerator < 0n ? quotient - 1n : quotient + 1n
}

function parseScaled(decimal: string, exponent: number): bigint | undefined {
  if (decimal.length > longestText) return undefined
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal) ?? []
  if (whole === undefined || fraction.length > exponent) return undefined
  const magnitude = BigInt(whole + fraction.padEnd(exponent, '0'))
  return sign === '-' ? -magnitude : magnitude
}

function formatScaled(value: string, exponent: number): string {
  if (exponent === 0) return value
  const sign = value.startsWith('-') ? '-' : ''
  const digits = value.slice(sign.length).padStart(exponent + 1, '0')
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

function fits(value: bigint): boolean {
  return value >= smallest && value <= largest
}
