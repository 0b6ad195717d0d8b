import type { Day } from '../kernel/calendar.ts'
import { amountProblem, type CurrencyCode } from '../kernel/money.ts'
import { type FeedRefusal, refusal } from '../kernel/feed.ts'
import type { ExternalReference } from '../kernel/references.ts'

/** A holding to which a row refers. */
export interface HoldingReference {
  readonly id: string
  readonly customerId: string
  /** The owner's, which every row of the holding carries. */
  readonly institutionPath: string
  /** Never changes. */
  readonly currency: CurrencyCode
  /** Day of its newest change point. */
  readonly balanceOn: Day | null
}

/** What a row that names its holding refers to. */
export function holdingNameOf(row: {
  readonly source: string
  readonly holdingSource?: string | undefined
  readonly holdingExternalId: string
}): ExternalReference {
  return { source: row.holdingSource ?? row.source, externalId: row.holdingExternalId }
}

/** The refusal of an amount that a row's own schema cannot check, since only the holding tells the currency. */
export function amountRefusal(field: 'amount' | 'balance'): FeedRefusal {
  return refusal(field, 'invalid_input', 'The amount does not fit its currency: too many decimals, or too large.')
}

/** Why a row's currency does not go with its holding, if it does not. */
export function otherCurrency(
  currency: string | undefined,
  name: ExternalReference,
  holding: HoldingReference,
): FeedRefusal | undefined {
  if (currency === undefined || currency === holding.currency) return undefined
  return refusal('currency', 'conflict', `The holding "${name.externalId}" of source "${name.source}" is in ${holding.currency}.`)
}

/** The refusal of a holding's owner as a further party. */
export function ownerIsParty(): FeedRefusal {
  return refusal('customerExternalId', 'conflict', 'The owner of a holding cannot be a further party.')
}

/** The refusal of a movement that is to change its holding. */
export function ofAnotherHolding({ source, externalId }: ExternalReference): FeedRefusal {
  return refusal(
    'holdingExternalId',
    'conflict',
    `The movement "${externalId}" of source "${source}" belongs to another holding.`,
  )
}

/** Why a movement cannot be of this amount, or undefined. */
export function movementAmountRefusal(amount: string, currency: CurrencyCode): FeedRefusal | undefined {
  const problem = amountProblem(amount, currency)
  return problem === undefined ? undefined : refusal('amount', 'invalid_input', problem)
}

/** The refusal of a rate of the bank's own currency. */
export function baseCurrencyRefusal(currency: string): FeedRefusal {
  return refusal('currency', 'invalid_input', `${currency} is the base currency: its rate is 1.`)
}
