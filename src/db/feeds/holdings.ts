import { resolveHolding } from '../../core/feeds/holding-rules.ts'
import { customerNameOf, unknownName } from '../../core/kernel/references.ts'
import { lockFeedsShared } from '../platform/feed-turns.ts'
import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { HoldingRow } from '../../core/feeds/rows.ts'
import { type ProductFamily } from '../../core/organisation/products.ts'
import { refreshAssets } from '../dossier/assets.ts'
import type { Db } from '../platform/database.ts'
import { applyPoints, moveHoldings, pointDays, pointKey, readPoints } from './balance-points.ts'
import { applyInRounds, firstOfEach, type Incoming, keyOf, type Outcomes } from '../../core/kernel/feed-batch.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'
import { type Decided, decide, type Resolved, settle, withBalance } from '../../core/feeds/holding-decisions.ts'
import { findCustomerIds, lockCustomerReferences } from '../dossier/references.ts'
import { claimNames, confirmHoldings, readNameHolders, writeHoldings } from './stored-holdings.ts'

/**
 * Applies holdings. A balance is a change point on its day (the day of `asOf` where the row names none), and the holding stands at its
 * newest one; a row that is superseded brings none. The owner's assets follow balances, product and closing. Owner and currency stay for
 * good. A recommender may work anywhere in the bank, since recommending gives no right.
 */
export const applyHoldings: ApplyFeed<HoldingRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, async (incoming, outcomes) => {
    await lockFeedsShared(db, 'exchangeRates', 'products')
    const { first, later } = firstOfEach(incoming, ({ row }) => keyOf(row.source, row.externalId))
    const resolved = await resolve(db, [...first.values()], context, outcomes)
    const lost = await applyResolved(db, resolved, context, outcomes)
    // Their names were taken meanwhile: now it shows by whom.
    if (lost.length > 0) await applyResolved(db, lost, context, outcomes)
    return later
  })

/** Resolves what the rows refer to and locks their customers. Refuses rows whose references stand for nothing, and balances that cannot be. */
async function resolve(
  db: Db,
  received: readonly Incoming<HoldingRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Resolved[]> {
  const [customerIds, products, recommenders] = await Promise.all([
    findCustomerIds(
      db,
      received.map(({ row }) => customerNameOf(row)),
    ),
    byName<{ id: string; family: ProductFamily }>(
      db,
      sql`select code as name, id, family from product where code = any (${distinct(received.map(({ row }) => row.productCode))}::text[])`,
    ),
    byName<{ id: string }>(
      db,
      sql`select number as name, id from staff where number = any (${distinct(received.map(({ row }) => row.recommendedBy))}::text[])`,
    ),
  ])
  const customers = await lockCustomerReferences(db, customerIds.values())
  return received.flatMap((incoming) => {
    const { line, row } = incoming
    const name = customerNameOf(row)
    const customer = customers.get(customerIds.get(keyOf(name.source, name.externalId)) ?? '')
    const product = products.get(row.productCode)
    const recommendedBy = row.recommendedBy === undefined ? undefined : recommenders.get(row.recommendedBy)?.id
    const resolved = customer
      ? resolveHolding(incoming, { customer, product, recommendedBy }, context)
      : unknownName('customerExternalId', 'customer', name)
    if ('line' in resolved) return [resolved]
    outcomes.refuse(line, resolved)
    return []
  })
}

async function byName<T extends object>(db: Db, query: ReturnType<typeof sql>): Promise<ReadonlyMap<string, T>> {
  const rows = await db.rows<T & { name: string }>(query)
  return new Map(rows.map((row) => [row.name, row]))
}

const distinct = (names: readonly (string | undefined)[]) => sql.param([...new Set(names.filter((name) => name !== undefined))])

/** Writes holdings and their change points. Answers the rows of new holdings whose names others took at the same moment. */
async function applyResolved(
  db: Db,
  rows: readonly Resolved[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Resolved[]> {
  const holders = await readNameHolders(
    db,
    rows.map(({ row }) => row),
  )
  const fresh: Decided[] = []
  const known: Decided[] = []
  for (const one of rows) {
    const decided = decide(one, holders.get(keyOf(one.row.source, one.row.externalId)), context, outcomes)
    if (decided) (decided.before ? known : fresh).push(decided)
  }
  const claimed =
    fresh.length > 0
      ? await claimNames(
          db,
          fresh.map(({ after }) => after),
        )
      : new Set()
  const accepted = [...fresh.filter(({ id }) => claimed.has(id)), ...known]
  const points = accepted.flatMap(({ point }) => point ?? [])
  const stored = await readPoints(
    db,
    known.flatMap(({ point }) => point?.row ?? []),
  )
  const todayAt = await pointDays(
    db,
    points.map(({ row }) => row.day),
    context,
  )
  await writeChanges(db, accepted, todayAt, context)
  const applied = await applyPoints(db, points, stored)
  const knownIds = new Set(known.map(({ id }) => id))
  const moved = await moveHoldings(
    db,
    applied.written.filter(({ holdingId }) => knownIds.has(holdingId)),
    todayAt,
  )

  const writtenKeys = new Set(applied.written.map(pointKey))
  for (const one of accepted) settle(one, one.point !== undefined && writtenKeys.has(pointKey(one.point.row)), outcomes)
  const recounted = accepted.filter(({ before, after, point }) =>
    before ? before.status !== after.status || before.productId !== after.productId : point !== undefined,
  )
  await refreshAssets(
    db,
    [...new Set([...moved, ...recounted.map(({ after }) => after.customerId)])],
    context.baseCurrency,
    context.today,
  )
  return fresh.filter(({ id }) => !claimed.has(id)).map(({ incoming }) => incoming)
}

async function writeChanges(
  db: Db,
  decided: readonly Decided[],
  todayAt: (institutionPath: string) => Day,
  { now }: FeedContext,
): Promise<void> {
  const written = decided.filter(({ changed }) => changed).map((one) => withBalance(one, todayAt))
  const confirmed = decided.flatMap(({ changed, confirms, after: { customerId, id, asOf } }) =>
    !changed && confirms ? [{ customerId, id, asOf }] : [],
  )
  await Promise.all([
    written.length > 0 && writeHoldings(db, written, now),
    confirmed.length > 0 && confirmHoldings(db, confirmed),
  ])
}
