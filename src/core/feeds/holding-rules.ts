import { type Day, dayOf } from '../kernel/calendar.ts'
import { isCurrency } from '../kernel/currencies.ts'
import { refusedDay, refusedFutureDay } from '../kernel/feed-days.ts'
import { type FeedRefusal, refusal } from '../kernel/feed.ts'
import { parseAmount } from '../kernel/money.ts'
import { hasEditions, type ProductFamily } from '../organisation/products.ts'
import { amountRefusal } from './holding-references.ts'
import type { HoldingRow } from './rows.ts'

type Balance = { readonly day: Day; readonly amount: string } | FeedRefusal | undefined

/** The balance of a row, in minor units, and from which day on; why it cannot be; undefined where the row names none. */
export function balanceOf(row: HoldingRow, asOf: string, context: { readonly today: Day; readonly timeZone: string }): Balance {
  if (row.balance === undefined) return undefined
  const day = row.balanceOn ?? dayOf(new Date(asOf), context.timeZone)
  const amount = isCurrency(row.currency) ? parseAmount(row.balance, row.currency) : undefined
  if (amount === undefined) return amountRefusal('balance')
  return refusedDay(day, 'balanceOn', context.today) ?? { day, amount: `${amount}` }
}

interface Found {
  readonly product: { readonly family: ProductFamily } | undefined
  readonly recommendedBy: string | undefined
  readonly balance: Balance
}

/** Why a row's holding cannot be like that, with what its references stand for; or undefined. */
export function holdingRowRefusal(
  row: HoldingRow,
  { product, recommendedBy, balance }: Found,
  today: Day,
): FeedRefusal | undefined {
  if (product === undefined) return refusal('productCode', 'unknown_reference', `There is no product "${row.productCode}".`)
  if (row.recommendedBy !== undefined && recommendedBy === undefined)
    return refusal('recommendedBy', 'unknown_reference', `There is no staff member "${row.recommendedBy}".`)
  if (row.edition !== undefined && !hasEditions(product.family))
    return refusal('edition', 'invalid_input', `Only e-channels have editions: "${row.productCode}" is not an e-channel.`)
  return (
    refusedFutureDay(row, ['openedOn', 'closedOn', 'activatedOn', 'lastUsedOn'], today) ??
    (balance && 'code' in balance ? balance : undefined)
  )
}
