import { type Day, dayOf } from '../kernel/calendar.ts'
import { isCurrency } from '../kernel/currencies.ts'
import { refusedDay, refusedFutureDay } from '../kernel/feed-days.ts'
import { type FeedRefusal, refusal } from '../kernel/feed.ts'
import { parseAmount } from '../kernel/money.ts'
import { hasEditions } from '../organisation/products.ts'
import { amountRefusal } from './holding-references.ts'
import type { Incoming } from '../kernel/feed-batch.ts'
import type { Resolved } from './holding-decisions.ts'
import type { HoldingRow } from './rows.ts'

type Balance = { readonly day: Day; readonly amount: string } | FeedRefusal | undefined

/** The balance of a row, in minor units, and from which day on; why it cannot be; undefined where the row names none. */
function balanceOf(row: HoldingRow, asOf: string, context: { readonly today: Day; readonly timeZone: string }): Balance {
  if (row.balance === undefined) return undefined
  const day = row.balanceOn ?? dayOf(new Date(asOf), context.timeZone)
  const amount = isCurrency(row.currency) ? parseAmount(row.balance, row.currency) : undefined
  if (amount === undefined) return amountRefusal('balance')
  return refusedDay(day, 'balanceOn', context.today) ?? { day, amount: `${amount}` }
}

/** What the references of a row stand for; undefined where they stand for nothing. */
interface Found extends Pick<Resolved, 'customer' | 'recommendedBy'> {
  readonly product: Resolved['product'] | undefined
}

/** The row with what it refers to and its balance, or why there cannot be such a holding. */
export function resolveHolding(
  incoming: Incoming<HoldingRow>,
  { customer, product, recommendedBy }: Found,
  context: { readonly today: Day; readonly timeZone: string },
): Resolved | FeedRefusal {
  const { row, asOf } = incoming
  if (product === undefined) return refusal('productCode', 'unknown_reference', `There is no product "${row.productCode}".`)
  if (row.recommendedBy !== undefined && recommendedBy === undefined)
    return refusal('recommendedBy', 'unknown_reference', `There is no staff member "${row.recommendedBy}".`)
  if (row.edition !== undefined && !hasEditions(product.family))
    return refusal('edition', 'invalid_input', `Only e-channels have editions: "${row.productCode}" is not an e-channel.`)
  const future = refusedFutureDay(row, ['openedOn', 'closedOn', 'activatedOn', 'lastUsedOn'], context.today)
  if (future) return future
  const balance = balanceOf(row, asOf, context)
  return balance && 'code' in balance ? balance : { ...incoming, customer, product, recommendedBy, balance }
}
