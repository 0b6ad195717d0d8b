import { sql } from 'drizzle-orm'
import { type Day, dayOf } from '../../core/calendar.ts'
import type { FeedRefusal } from '../../core/feeds/feed.ts'
import type { HoldingRow } from '../../core/feeds/rows.ts'
import { isCurrency, parseAmount } from '../../core/money.ts'
import { refreshAssets } from '../assets.ts'
import type { Db } from '../database.ts'
import { applyPoints, type BalancePoint, moveHoldings, pointKey, readPoints, refusedDay } from './balance-points.ts'
import { collapse, collectOutcomes, differs, groupBy, type Incoming, keyOf, type Outcomes, receive, refusal, settleOthers } from './batch.ts'
import type { ApplyFeed, FeedContext } from './feed.ts'
import { amountMisfit, customerNameOf, unknownName } from './holding-references.ts'
import { type CustomerReference, findCustomerIds, lockCustomerReferences } from './references.ts'
import { claimNames, confirmHoldings, type Holding, type NameHolder, readNameHolders, type StoredHolding, writeHoldings, type WrittenHolding } from './stored-holdings.ts'

/** A row whose references stand for something within the caller's scope. */
interface Resolved extends Incoming<HoldingRow> {
  readonly customer: CustomerReference
  readonly productId: string
  readonly recommendedBy: string | undefined
  readonly balance: { readonly day: Day; readonly amount: string } | undefined
}

const compared = [
  'accountNumber',
  'productId',
  'openedOn',
  'maturesOn',
  'autoRenewal',
  'status',
  'closedOn',
  'edition',
  'origin',
  'recommendedBy',
  'activatedOn',
  'lastUsedOn',
] as const satisfies readonly (keyof Holding)[]

/**
 * Applies holdings. A balance is a change point on its day (the day of `asOf` where the row names none), and the holding stands at its
 * newest one; a row that is superseded brings none. The owner's assets follow balances, product and closing. Owner and currency stay for
 * good. A recommender may work anywhere in the bank, since recommending gives no right.
 */
export const applyHoldings: ApplyFeed<HoldingRow> = async (db, rows, context) => {
  const outcomes = collectOutcomes(rows)
  const resolved = await resolve(db, receive(rows, context.now, outcomes), context, outcomes)
  const lost = await applyResolved(db, resolved, context, outcomes)
  // Their names were taken meanwhile: now it shows by whom.
  if (lost.length > 0) await applyResolved(db, lost, context, outcomes)
  return outcomes.list()
}

/** Resolves what the rows refer to and locks their customers. Refuses rows whose references stand for nothing, and balances that cannot be. */
async function resolve(db: Db, received: readonly Incoming<HoldingRow>[], context: FeedContext, outcomes: Outcomes): Promise<readonly Resolved[]> {
  const [customerIds, products, recommenders] = await Promise.all([
    findCustomerIds(db, received.map(({ row }) => customerNameOf(row))),
    idsBy(db, sql`select code as name, id from product where code = any (${distinct(received.map(({ row }) => row.productCode))}::text[])`),
    idsBy(db, sql`select number as name, id from staff where number = any (${distinct(received.map(({ row }) => row.recommendedBy))}::text[])`),
  ])
  const customers = await lockCustomerReferences(db, customerIds.values())
  return received.flatMap((incoming) => {
    const { line, row, asOf } = incoming
    const name = customerNameOf(row)
    const customer = customers.get(customerIds.get(keyOf(name.source, name.externalId)) ?? '')
    const productId = products.get(row.productCode)
    const recommendedBy = row.recommendedBy === undefined ? undefined : recommenders.get(row.recommendedBy)
    const balance = balanceOf(row, asOf, context)
    if (!customer) outcomes.refuse(line, unknownName('customerExternalId', 'customer', name))
    else if (productId === undefined) outcomes.refuse(line, refusal('productCode', 'unknown_reference', `There is no product "${row.productCode}".`))
    else if (row.recommendedBy !== undefined && recommendedBy === undefined) {
      outcomes.refuse(line, refusal('recommendedBy', 'unknown_reference', `There is no staff member "${row.recommendedBy}".`))
    } else if (balance && 'code' in balance) outcomes.refuse(line, balance)
    else return [{ ...incoming, customer, productId, recommendedBy, balance }]
    return []
  })
}

async function idsBy(db: Db, query: ReturnType<typeof sql>): Promise<ReadonlyMap<string, string>> {
  const rows = await db.rows<{ name: string; id: string }>(query)
  return new Map(rows.map(({ name, id }) => [name, id]))
}

const distinct = (names: readonly (string | undefined)[]) => sql.param([...new Set(names.filter((name) => name !== undefined))])

function balanceOf(row: HoldingRow, asOf: string, context: FeedContext): { day: Day; amount: string } | FeedRefusal | undefined {
  if (row.balance === undefined) return undefined
  const day = row.balanceOn ?? dayOf(new Date(asOf), context.calendar.timeZone)
  const amount = isCurrency(row.currency) ? parseAmount(row.balance, row.currency) : undefined
  if (amount === undefined) return refusal('balance', 'invalid_input', amountMisfit)
  return refusedDay(day, 'balanceOn', context.today) ?? { day, amount: `${amount}` }
}

/** Writes holdings and their change points. Answers the rows of new holdings whose names others took at the same moment. */
async function applyResolved(db: Db, rows: readonly Resolved[], context: FeedContext, outcomes: Outcomes): Promise<readonly Resolved[]> {
  const holders = await readNameHolders(db, rows.map(({ row }) => row))
  const fresh: Decided[] = []
  const known: Decided[] = []
  for (const [key, group] of groupBy(rows, ({ row }) => keyOf(row.source, row.externalId))) {
    const decided = decide(group, holders.get(key), context, outcomes)
    if (decided) (decided.before ? known : fresh).push(decided)
  }
  const claimed = fresh.length > 0 ? await claimNames(db, fresh.map(({ after }) => after)) : new Set()
  const kept = [...fresh.filter(({ id }) => claimed.has(id)), ...known]
  const points = kept.flatMap(({ points }) => points)
  const stored = await readPoints(db, known.flatMap(({ points }) => points.map(({ row }) => row)))
  await writeChanges(db, kept, context)
  const applied = await applyPoints(db, points, stored)
  const knownIds = new Set(known.map(({ id }) => id))
  const moved = await moveHoldings(db, applied.written.filter(({ holdingId }) => knownIds.has(holdingId)))

  const writtenKeys = new Set(applied.written.map(pointKey))
  for (const one of kept) settle(one, one.points.some(({ row }) => writtenKeys.has(pointKey(row))), outcomes)
  const recounted = kept.filter(({ before, after, points }) =>
    before ? before.status !== after.status || before.productId !== after.productId : points.length > 0,
  )
  await refreshAssets(db, [...new Set([...moved, ...recounted.map(({ after }) => after.customerId)])], context.baseCurrency, context.today)
  return fresh.filter(({ id }) => !claimed.has(id)).flatMap(({ rows }) => rows)
}

/** What is to become of one holding. */
interface Decided {
  readonly id: string
  readonly rows: readonly Resolved[]
  readonly before: StoredHolding | undefined
  readonly after: Holding & { readonly institutionPath: string; readonly asOf: string }
  readonly changed: boolean
  /** Whether the winner names its instant and says again what is stored. */
  readonly confirms: boolean
  readonly collapsed: ReturnType<typeof collapse<HoldingRow>>
  readonly points: readonly Incoming<BalancePoint>[]
}

/** Decides on the rows for one holding, in the order of their lines. Undefined where all is settled without a write. */
function decide(rows: readonly Resolved[], holder: NameHolder | undefined, context: FeedContext, outcomes: Outcomes): Decided | undefined {
  const [first] = rows
  const before = holder?.holding
  const owner = holder?.customerId ?? first!.customer.id
  const currency = before?.currency ?? first!.row.currency
  const fitting = rows.filter(({ line, row, customer }) => {
    const name = `The holding "${row.externalId}" of source "${row.source}"`
    if (customer.id !== owner || (holder && !before)) outcomes.refuse(line, refusal('customerExternalId', 'conflict', `${name} belongs to another customer.`))
    else if (row.currency !== currency) outcomes.refuse(line, refusal('currency', 'conflict', `${name} is kept in ${currency}.`))
    return !outcomes.refused(line)
  })
  const [any] = fitting
  if (!any) return undefined
  const id = before?.id ?? context.newId()
  const storedAsOf = before?.asOf.toISOString()
  const collapsed = collapse(fitting, storedAsOf, 'merge')
  const winner = collapsed.winner as Resolved | undefined
  if (!winner) {
    settleOthers(outcomes, collapsed, id, owner)
    return undefined
  }
  const counting = countingRows(fitting, storedAsOf)
  const recommendedBy = counting.findLast((one) => one.recommendedBy !== undefined)?.recommendedBy
  const own = holdingAfter(winner.row, { id, customerId: owner, productId: winner.productId, recommendedBy }, before, context.today)
  const refused = refusedPeriod(own)
  if (refused) {
    outcomes.refuse(winner.line, refused)
    settleOthers(outcomes, collapsed, id, owner)
    return undefined
  }
  const institutionPath = any.customer.institutionPath
  const points = counting.flatMap(({ line, asOf, dated, balance }) =>
    balance ? [{ line, asOf, dated, row: { customerId: owner, holdingId: id, institutionPath, ...balance } }] : [],
  )
  return {
    id,
    rows: fitting,
    before,
    after: { ...own, institutionPath, asOf: winner.asOf },
    changed: !before || differs(own, before, compared),
    confirms: before !== undefined && winner.dated && winner.asOf > storedAsOf!,
    collapsed,
    points,
  }
}

/** The rows that no earlier one and nothing stored supersedes. */
function countingRows(rows: readonly Resolved[], storedAsOf = ''): readonly Resolved[] {
  let newest = storedAsOf
  return rows.filter(({ asOf }) => {
    if (asOf < newest) return false
    newest = asOf
    return true
  })
}

type Fixed = Pick<Holding, 'id' | 'customerId' | 'productId'> & { readonly recommendedBy: string | undefined }

function holdingAfter(row: HoldingRow, { recommendedBy, ...fixed }: Fixed, before: Holding | undefined, today: Day): Holding {
  const status = row.status ?? before?.status ?? 'active'
  return {
    ...fixed,
    source: row.source,
    externalId: row.externalId,
    accountNumber: row.accountNumber ?? before?.accountNumber ?? row.externalId,
    currency: row.currency,
    openedOn: row.openedOn ?? before?.openedOn ?? null,
    maturesOn: row.maturesOn ?? before?.maturesOn ?? null,
    autoRenewal: row.autoRenewal ?? before?.autoRenewal ?? null,
    status,
    closedOn: status === 'closed' ? (row.closedOn ?? before?.closedOn ?? today) : null,
    edition: row.edition ?? before?.edition ?? null,
    origin: row.origin ?? before?.origin ?? null,
    recommendedBy: recommendedBy ?? before?.recommendedBy ?? null,
    activatedOn: row.activatedOn ?? before?.activatedOn ?? null,
    lastUsedOn: row.lastUsedOn ?? before?.lastUsedOn ?? null,
  }
}

/** The row's days together with those that are stored must make sense. */
function refusedPeriod({ openedOn, maturesOn, closedOn }: Holding): FeedRefusal | undefined {
  if (openedOn === null) return undefined
  if (maturesOn !== null && maturesOn < openedOn) return refusal('maturesOn', 'invalid_input', 'The maturity must not lie before the opening.')
  if (closedOn !== null && closedOn < openedOn) return refusal('closedOn', 'invalid_input', 'The closing must not lie before the opening.')
  return undefined
}

async function writeChanges(db: Db, decided: readonly Decided[], { now }: FeedContext): Promise<void> {
  const written = decided.filter(({ changed }) => changed).map(withBalance)
  const confirmed = decided.flatMap(({ changed, confirms, after: { customerId, id, asOf } }) => (!changed && confirms ? [{ customerId, id, asOf }] : []))
  await Promise.all([written.length > 0 && writeHoldings(db, written, now), confirmed.length > 0 && confirmHoldings(db, confirmed)])
}

/** A new holding begins at the newest of its points, so that it need not be moved there. */
function withBalance({ after, before, points }: Decided): WrittenHolding {
  const later = (one: Incoming<BalancePoint>, other: Incoming<BalancePoint>) => keyOf(one.row.day, one.asOf) > keyOf(other.row.day, other.asOf)
  const newest = before ? undefined : points.reduce<Incoming<BalancePoint> | undefined>((best, point) => (best && later(best, point) ? best : point), undefined)
  return { ...after, balance: newest?.row.amount ?? '0', balanceOn: newest?.row.day ?? null }
}

function settle({ id, before, after, changed, collapsed }: Decided, pointsWritten: boolean, outcomes: Outcomes): void {
  const outcome = !before ? 'created' : changed || pointsWritten ? 'updated' : 'unchanged'
  outcomes.settle(collapsed.winner!.line, outcome, id, after.customerId)
  settleOthers(outcomes, collapsed, id, after.customerId)
}
