import { amountRefusal, otherCurrency } from '../../core/feeds/holding-references.ts'
import { unknownName } from '../../core/kernel/references.ts'
import type { BalancePoint } from '../../core/feeds/holding-records.ts'
import { refusedDay } from '../../core/kernel/feed-days.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { BalanceRow } from '../../core/feeds/rows.ts'
import { parseAmount } from '../../core/kernel/money.ts'
import type { Db } from '../platform/database.ts'
import { refreshAssets } from '../dossier/assets.ts'
import { applyPoints, moveHoldings, pointDays, readPoints } from './balance-points.ts'
import { applyInRounds, firstOfEach, type Incoming, keyOf, type Outcomes } from '../../core/kernel/feed-batch.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'
import { lockHoldings } from './holding-references.ts'

/**
 * Applies change points of balances. The holding stands at its newest one whose day has begun at the customer's institution, and its owner's assets follow. The id of an outcome is the
 * holding's: a change point has none. Refuses days before 1900 and after tomorrow, and what the holding's currency cannot express.
 */
export const applyBalances: ApplyFeed<BalanceRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  incoming: readonly Incoming<BalanceRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<BalanceRow>[]> {
  const { first, later } = firstOfEach(incoming, ({ row }) => keyOf(row.source, row.holdingExternalId, row.day))
  const received = [...first.values()]
  const { holdings } = await lockHoldings(
    db,
    received.map(({ row }) => ({ source: row.source, externalId: row.holdingExternalId })),
  )
  const points: Incoming<BalancePoint>[] = []
  // After its newest change point a holding has none but those of days to come.
  const possiblyStored: BalancePoint[] = []
  const newest = new Map<string, Day>()
  const todayAt = await pointDays(
    db,
    received.map(({ row }) => row.day),
    context,
  )
  for (const { row, ...receipt } of received) {
    const name = { source: row.source, externalId: row.holdingExternalId }
    const holding = holdings.get(keyOf(name.source, name.externalId))
    const amount = holding && parseAmount(row.amount, holding.currency)
    const refused = !holding
      ? unknownName('holdingExternalId', 'holding', name)
      : (refusedDay(row.day, 'day', context.today) ??
        otherCurrency(row.currency, name, holding) ??
        (amount === undefined ? amountRefusal('amount') : undefined))
    if (refused) outcomes.refuse(receipt.line, refused)
    if (refused || !holding) continue
    const { id: holdingId, customerId, institutionPath, balanceOn } = holding
    const point = { customerId, holdingId, institutionPath, day: row.day, amount: `${amount}` }
    points.push({ ...receipt, row: point })
    if (row.day > todayAt(institutionPath)) possiblyStored.push(point)
    if (balanceOn === null) continue
    newest.set(holdingId, balanceOn)
    if (row.day <= balanceOn) possiblyStored.push(point)
  }
  const stored = await readPoints(db, possiblyStored)
  const applied = await applyPoints(db, points, stored)
  for (const { line, row } of points) outcomes.settle(line, applied.outcomes.get(line)!, row.holdingId, row.customerId)
  // What lies before the newest change point of its holding moves nothing, and what lies ahead does when its day begins.
  const moved = await moveHoldings(
    db,
    applied.written.filter(({ holdingId, day }) => !(day < (newest.get(holdingId) ?? day))),
    todayAt,
  )
  await refreshAssets(db, moved, context.baseCurrency, context.today)
  return later
}
