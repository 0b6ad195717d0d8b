import type { Day } from '../kernel/calendar.ts'
import type { HoldingRow } from './rows.ts'

/** A holding's own data, as a feed sends them; the balance follows its change points. */
export interface Holding {
  readonly id: string
  readonly customerId: string
  readonly source: string
  readonly externalId: string
  readonly accountNumber: string
  readonly productId: string
  readonly currency: string
  readonly openedOn: Day | null
  readonly maturesOn: Day | null
  readonly autoRenewal: boolean | null
  readonly status: NonNullable<HoldingRow['status']>
  readonly closedOn: Day | null
  readonly edition: NonNullable<HoldingRow['edition']> | null
  readonly origin: NonNullable<HoldingRow['origin']> | null
  readonly recommendedBy: string | null
  readonly activatedOn: Day | null
  readonly lastUsedOn: Day | null
}

export type StoredHolding = Holding & { readonly asOf: Date }

/** Who has a name: a holding, or someone's whom the caller may not see. */
export interface NameHolder {
  readonly customerId: string
  readonly holding: StoredHolding | undefined
}

/** A holding with the balance at which it stands, as it is written. */
export type WrittenHolding = Holding & {
  readonly institutionPath: string
  readonly balance: string
  readonly balanceOn: Day | null
  /** The day of a change point that lies ahead. */
  readonly nextBalanceOn: Day | null
  readonly asOf: string
}

/** A change point of a balance: from this day on the holding stood at this amount. */
export interface BalancePoint {
  readonly customerId: string
  readonly holdingId: string
  readonly institutionPath: string
  readonly day: Day
  /** Minor units of the holding's currency, as a whole number in text. */
  readonly amount: string
}
