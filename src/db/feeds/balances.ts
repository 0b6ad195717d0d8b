import type { BalanceRow } from '../../core/feeds/rows.ts'
import { parseAmount } from '../../core/money.ts'
import { refreshAssets } from '../assets.ts'
import { applyPoints, type BalancePoint, moveHoldings, readPoints, refusedDay } from './balance-points.ts'
import { collectOutcomes, type Incoming, keyOf, receive, refusal } from './batch.ts'
import type { ApplyFeed } from './feed.ts'
import { amountMisfit, findHoldings, otherCurrency, unknownName } from './holding-references.ts'
import { lockCustomerReferences } from './references.ts'

/**
 * Applies change points of balances. The holding stands at its newest one, and its owner's assets follow. The id of an outcome is the
 * holding's: a change point has none. Refuses days before 1900 and after tomorrow, and what the holding's currency cannot express.
 */
export const applyBalances: ApplyFeed<BalanceRow> = async (db, rows, context) => {
  const outcomes = collectOutcomes(rows)
  const received = receive(rows, context.now, outcomes)
  const holdings = await findHoldings(
    db,
    received.map(({ row }) => ({ source: row.source, externalId: row.holdingExternalId })),
  )
  const found = received.flatMap((incoming) => {
    const { line, row } = incoming
    const name = { source: row.source, externalId: row.holdingExternalId }
    const holding = holdings.get(keyOf(name.source, name.externalId))
    if (!holding) outcomes.refuse(line, unknownName('holdingExternalId', 'holding', name))
    return holding ? [{ incoming, name, holding }] : []
  })
  const [customers, stored] = await Promise.all([
    lockCustomerReferences(
      db,
      found.map(({ holding }) => holding.customerId),
    ),
    readPoints(
      db,
      found.map(({ incoming, holding }) => ({ customerId: holding.customerId, holdingId: holding.id, day: incoming.row.day })),
    ),
  ])

  const points = found.flatMap(({ incoming, name, holding }): Incoming<BalancePoint>[] => {
    const { row, ...receipt } = incoming
    const customer = customers.get(holding.customerId)
    const amount = parseAmount(row.amount, holding.currency)
    const refused = !customer
      ? unknownName('holdingExternalId', 'holding', name)
      : (refusedDay(row.day, 'day', context.today) ??
        otherCurrency(row.currency, name, holding) ??
        (amount === undefined ? refusal('amount', 'invalid_input', amountMisfit) : undefined))
    if (refused) outcomes.refuse(receipt.line, refused)
    if (refused || !customer) return []
    const { id: holdingId, customerId } = holding
    return [
      {
        ...receipt,
        row: { customerId, holdingId, institutionPath: customer.institutionPath, day: row.day, amount: `${amount}` },
      },
    ]
  })
  const applied = await applyPoints(db, points, stored)
  for (const { line, row } of points) outcomes.settle(line, applied.outcomes.get(line)!, row.holdingId, row.customerId)
  const moved = await moveHoldings(db, applied.written)
  await refreshAssets(db, moved, context.baseCurrency, context.today)
  return outcomes.list()
}
