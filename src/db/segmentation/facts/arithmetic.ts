import { type Day, monthEndsUpTo } from '../../../core/kernel/calendar.ts'
import { MONTHS } from './expressions.ts'

/**
 * The regression slope through equally distant points is a weighted sum of them. A balance holds from one change to the next, so its part in that sum is the
 * amount times the weights of the month-ends between, which the running sums tell. They are twice the distances from the middle, whole numbers; the sum is
 * divided by `WEIGHTS_SPREAD` in the end.
 */
export function monthWeights(today: Day, bind: (value: unknown) => string): { readonly ends: string; readonly weights: string } {
  const running = [0]
  for (const weight of monthlyWeights) running.push(running.at(-1)! + weight)
  return { ends: `${bind(monthEndsUpTo(today, MONTHS))}::date[]`, weights: `${bind(running)}::int[]` }
}

const monthlyWeights = Array.from({ length: MONTHS }, (_, index) => 2 * (index + 1) - (MONTHS + 1))
const WEIGHTS_SPREAD = monthlyWeights.reduce((sum, weight) => sum + weight ** 2, 0) / 2

/** Amounts up to which their products with days and month weights fit into a bigint, and with days and margins in millionths. */
const WHOLE_TIMES_DAYS = '9000000000000000'
const WHOLE_TIMES_MARGIN = '20000000000'

/**
 * The exact sum of amounts `v` times a whole number. Products that fit into a bigint are added as such, which is cheap; only others need decimals.
 */
function exactSum(factor: string, condition: string, most: string, amount: (value: string) => string): string {
  const small = `v between -${most} and ${most}`
  return `coalesce(sum(${amount('v')} * ${factor}) filter (where ${condition} and ${small}), 0) + coalesce(sum(${amount('v::numeric')} * ${factor}) filter (where ${condition} and not (${small})), 0)`
}

/** The days of the last so many, up to `span.today`, on which an amount lasted from `day` until `until`. */
const daysWithin = (days: number): string => `greatest(0, until - greatest(day, span.today - ${days - 1}))`

const asIs = (amount: string): string => amount

/** The average of the amounts that count, by the days of the last so many. */
export const average = (days: number): string => `(${exactSum(daysWithin(days), 'counts', WHOLE_TIMES_DAYS, asIs)}) / ${days}`

/** The regression slope of the amounts that count, a month. */
export function slope(): string {
  const weightBefore = (day: string): string => `p.weights[1 + width_bucket(${day} - 1, p.ends)]`
  const weight = `(${weightBefore('until')} - ${weightBefore('day')})`
  return `(${exactSum(weight, 'counts', WHOLE_TIMES_DAYS, asIs)}) / ${WEIGHTS_SPREAD}`
}

/** Average absolute amounts of a year times margins, which are in millionths; those above 1 are none that a bigint need hold. */
export function profit(): string {
  const factor = `margin * ${daysWithin(365)}`
  const absolute = (amount: string): string => `abs(${amount})`
  const wide = `coalesce(sum(abs(v::numeric) * ${factor}) filter (where abs(margin) > 1000000), 0)`
  return `(${exactSum(factor, 'abs(margin) <= 1000000', WHOLE_TIMES_MARGIN, absolute)} + ${wide}) / 365000000`
}

/** An amount in minor units of the base currency, at the rate of a row; null without one. */
export const inBase = (amount: string, row: string, rate: string): string =>
  `amount_in_base(${amount}, ${row}.currency, p.base, ${rate}.rate)`
