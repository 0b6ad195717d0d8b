import { requireOrder, requirePast } from '../kernel/periods.ts'
import { addMonths, type Day } from '../kernel/calendar.ts'
import type { CurrencyCode } from '../kernel/currencies.ts'
import { DomainError, refuseField } from '../kernel/errors.ts'
import { amountProblem, parseAmount } from '../kernel/money.ts'

/** How the bank knows what it notes: stated by the customer, seen, from a paper, from what is public, from somebody else, from a system. */
export const recordSources = ['customer', 'observed', 'document', 'public', 'third_party', 'system'] as const

export const needKinds = [
  'home',
  'car',
  'education',
  'retirement',
  'insurance',
  'tax',
  'estate',
  'working_capital',
  'other',
] as const
export const needStatuses = ['open', 'met', 'dropped'] as const

export const outsideHoldingKinds = ['assets', 'loan', 'product'] as const
export const recordStatuses = ['active', 'ended'] as const

export const ratingOrigins = ['internal', 'external'] as const
export const ratingOutlooks = ['positive', 'stable', 'negative', 'developing'] as const

/** Refuses what has ended or is settled already. Throws `already_closed`. */
export function requireOpen(status: string): void {
  if (status !== 'open' && status !== 'active') throw new DomainError('already_closed', `Already ${status}.`)
}

type Values = Readonly<Record<string, unknown>>

/**
 * The amounts of these names in minor units of the currency that is said with them. Amounts and their currency are said together, and with
 * another currency than before all of them again. Only those of `signed` may be negative. Throws `invalid_input`.
 */
export function amountsOf(
  names: readonly string[],
  values: Values,
  before: Values = {},
  signed: readonly string[] = [],
): Readonly<Record<string, bigint>> {
  const given = names.filter((name) => values[name] !== undefined)
  const currency = values['currency'] as CurrencyCode | undefined
  if (currency === undefined) {
    if (given.length > 0) throw refuseField('invalid_input', 'currency', 'required', 'An amount requires a currency.')
    return {}
  }
  if (given.length === 0) throw refuseField('invalid_input', names[0]!, 'required', 'A currency requires an amount.')
  const left = names.find((name) => before[name] != null && values[name] === undefined)
  if (left !== undefined && before['currency'] !== currency)
    throw refuseField('invalid_input', left, 'required', 'To change the currency, give all amounts again.')
  return Object.fromEntries(
    given.map((name) => {
      const text = String(values[name])
      const amount = parseAmount(text, currency)
      if (amount === undefined) throw refuseField('invalid_input', name, 'amount', amountProblem(text, currency)!)
      if (amount < 0n && !signed.includes(name))
        throw refuseField('invalid_input', name, 'amount', 'The amount must not be negative.')
      return [name, amount]
    }),
  )
}

interface Need {
  readonly notedOn: Day
  readonly horizonOn?: Day | null | undefined
}

export function checkNeed({ notedOn, horizonOn }: Need): void {
  requireOrder(notedOn, horizonOn, 'horizonOn')
}

interface CreditStanding {
  readonly origin: (typeof ratingOrigins)[number]
  readonly agency?: string | null | undefined
  readonly ratedOn: Day
  readonly granted?: unknown
  readonly used?: unknown
}

/** An outside rating names who gave it, an own one nobody; what is used of a line takes a line. */
export function checkCreditStanding({ origin, agency, ratedOn, granted, used }: CreditStanding, today: Day): void {
  requirePast(ratedOn, today, 'ratedOn')
  if (origin === 'external' && agency == null)
    throw refuseField('invalid_input', 'agency', 'required', 'An external rating requires its agency.')
  if (origin === 'internal' && agency != null)
    throw refuseField('invalid_input', 'agency', 'internal_rating', 'An internal rating must have no agency.')
  if (used != null && granted == null)
    throw refuseField('invalid_input', 'granted', 'required', 'A used amount requires a credit line.')
}

interface KeyFigure {
  readonly year: number
  readonly revenue?: unknown
  readonly totalAssets?: unknown
  readonly netProfit?: unknown
  readonly debtRatio?: unknown
}

/** Figures are of a year that has begun, and there is at least one. */
export function checkKeyFigure({ year, revenue, totalAssets, netProfit, debtRatio }: KeyFigure, today: Day): void {
  if (year > Number(today.slice(0, 4)))
    throw refuseField('outside_period', 'year', 'future', 'The year must not be in the future.')
  if (revenue == null && totalAssets == null && netProfit == null && debtRatio == null)
    throw refuseField('invalid_input', 'revenue', 'required', 'At least one figure is required.')
}

interface SuitabilityAssessment {
  readonly assessedOn: Day
  readonly expiresOn: Day
}

/** How long an assessment holds where nothing is given: a year, as banks in China practise it (from memory, to be confirmed by the bank). */
export function defaultExpiry(assessedOn: Day): Day {
  return addMonths(assessedOn, 12)
}

export function checkSuitabilityAssessment({ assessedOn, expiresOn }: SuitabilityAssessment, today: Day): void {
  requirePast(assessedOn, today, 'assessedOn')
  if (expiresOn <= assessedOn)
    throw refuseField('invalid_input', 'expiresOn', 'period', 'An assessment must expire after the day of the assessment.')
}

/** What may be offered on the ground of an assessment. */
export interface Suitability {
  readonly valid: boolean
  /** The highest risk level of products that fit; null where the assessment is no ground for any. */
  readonly highestLevel: number | null
  readonly reason: 'assessed' | 'first_time_buyer' | 'expired' | 'ended'
}

/** First-time buyers of wealth products are offered the lowest level only; an assessment that has expired or was replaced fits nothing. */
export function suitabilityOf(
  {
    level,
    expiresOn,
    firstTimeBuyer,
    status,
  }: { readonly level: number; readonly expiresOn: Day; readonly firstTimeBuyer: boolean; readonly status: string },
  today: Day,
): Suitability {
  if (status !== 'active') return { valid: false, highestLevel: null, reason: 'ended' }
  if (expiresOn <= today) return { valid: false, highestLevel: null, reason: 'expired' }
  return firstTimeBuyer
    ? { valid: true, highestLevel: 1, reason: 'first_time_buyer' }
    : { valid: true, highestLevel: level, reason: 'assessed' }
}

interface PrivilegeGrant {
  readonly startsOn: Day
  readonly endsOn?: Day | null | undefined
}

export function checkPrivilegeGrant({ startsOn, endsOn }: PrivilegeGrant): void {
  requireOrder(startsOn, endsOn, 'endsOn')
}

/** Refuses the use of a privilege on a day on which it does not hold: `[startsOn, endsOn)`. Throws `outside_period`. */
export function requireInForce({ startsOn, endsOn }: PrivilegeGrant, day: Day): void {
  if (day < startsOn || (endsOn != null && day >= endsOn))
    throw new DomainError('outside_period', 'The privilege is not valid on this day.')
}
