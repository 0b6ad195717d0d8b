import type { Day } from '../kernel/calendar.ts'
import { type FeedRefusal, refusal } from '../kernel/feed.ts'
import type { HoldingRow } from './rows.ts'
import { hasEditions, type ProductFamily } from '../organisation/products.ts'
import { collapse, hasChanged, type Incoming, keyOf, type Outcomes, completeOutcomes } from '../kernel/feed-batch.ts'
import type { CustomerReference } from '../dossier/references.ts'
import type { BalancePoint, Holding, NameHolder, StoredHolding, WrittenHolding } from './holding-records.ts'

/** A row whose references stand for something within the caller's scope. */
export interface Resolved extends Incoming<HoldingRow> {
  readonly customer: CustomerReference
  readonly product: { readonly id: string; readonly family: ProductFamily }
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

/** What is to become of one holding. */
export interface Decided {
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
export function decide(
  rows: readonly Resolved[],
  holder: NameHolder | undefined,
  context: { readonly today: Day; readonly newId: () => string },
  outcomes: Outcomes,
): Decided | undefined {
  const [first] = rows
  const before = holder?.holding
  const owner = holder?.customerId ?? first!.customer.id
  const currency = before?.currency ?? first!.row.currency
  const fitting = rows.filter(({ line, row, customer }) => {
    const name = `The holding "${row.externalId}" of source "${row.source}"`
    if (customer.id !== owner || (holder && !before))
      outcomes.refuse(line, refusal('customerExternalId', 'conflict', `${name} belongs to another customer.`))
    else if (row.currency !== currency) outcomes.refuse(line, refusal('currency', 'conflict', `${name} is in ${currency}.`))
    return !outcomes.refused(line)
  })
  const [any] = fitting
  if (!any) return undefined
  const id = before?.id ?? context.newId()
  const storedAsOf = before?.asOf.toISOString()
  const collapsed = collapse(fitting, storedAsOf, 'merge')
  const winner = collapsed.winner as Resolved | undefined
  if (!winner) {
    completeOutcomes(outcomes, collapsed, id, owner)
    return undefined
  }
  const counting = countingRows(fitting, storedAsOf)
  const recommendedBy = counting.findLast((one) => one.recommendedBy !== undefined)?.recommendedBy
  const own = holdingAfter(winner.row, { id, customerId: owner, product: winner.product, recommendedBy }, before, context.today)
  const refused = refusedPeriod(own) ?? (before ? undefined : refusedOwner(winner, own))
  if (refused) {
    outcomes.refuse(winner.line, refused)
    completeOutcomes(outcomes, collapsed, id, owner)
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
    changed: !before || hasChanged(own, before, compared),
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

type Fixed = Pick<Holding, 'id' | 'customerId'> & Pick<Resolved, 'product' | 'recommendedBy'>

/** What the holding is after the row; fields that the row leaves out stay, and an edition goes with its e-channel. */
function holdingAfter(
  row: HoldingRow,
  { id, customerId, product, recommendedBy }: Fixed,
  before: Holding | undefined,
  today: Day,
): Holding {
  const status = row.status ?? before?.status ?? 'active'
  return {
    id,
    customerId,
    productId: product.id,
    source: row.source,
    externalId: row.externalId,
    accountNumber: row.accountNumber ?? before?.accountNumber ?? row.externalId,
    currency: row.currency,
    openedOn: row.openedOn ?? before?.openedOn ?? null,
    maturesOn: row.maturesOn ?? before?.maturesOn ?? null,
    autoRenewal: row.autoRenewal ?? before?.autoRenewal ?? null,
    status,
    closedOn: status === 'closed' ? (row.closedOn ?? before?.closedOn ?? today) : null,
    edition: hasEditions(product.family) ? (row.edition ?? before?.edition ?? null) : null,
    origin: row.origin ?? before?.origin ?? null,
    recommendedBy: recommendedBy ?? before?.recommendedBy ?? null,
    activatedOn: row.activatedOn ?? before?.activatedOn ?? null,
    lastUsedOn: row.lastUsedOn ?? before?.lastUsedOn ?? null,
  }
}

/** Whoever has left the bank opens nothing new. A product off the market may have holdings: those that a bank brings along were opened before. */
function refusedOwner({ row, customer }: Resolved, { status }: Holding): FeedRefusal | undefined {
  return customer.status === 'closed' && status !== 'closed'
    ? refusal('customerExternalId', 'conflict', `The customer "${row.customerExternalId}" is closed.`)
    : undefined
}

/** The row's days together with those that are stored must make sense. */
function refusedPeriod({ openedOn, maturesOn, closedOn }: Holding): FeedRefusal | undefined {
  if (openedOn === null) return undefined
  if (maturesOn !== null && maturesOn < openedOn)
    return refusal('maturesOn', 'invalid_input', 'maturesOn must not be before openedOn.')
  if (closedOn !== null && closedOn < openedOn)
    return refusal('closedOn', 'invalid_input', 'closedOn must not be before openedOn.')
  return undefined
}

/** A new holding begins at the newest of its points, so that it need not be moved there. */
export function withBalance({ after, before, points }: Decided): WrittenHolding {
  const later = (one: Incoming<BalancePoint>, other: Incoming<BalancePoint>) =>
    keyOf(one.row.day, one.asOf) > keyOf(other.row.day, other.asOf)
  const newest = before
    ? undefined
    : points.reduce<Incoming<BalancePoint> | undefined>((best, point) => (best && later(best, point) ? best : point), undefined)
  return { ...after, balance: newest?.row.amount ?? '0', balanceOn: newest?.row.day ?? null }
}

/** Tells what became of the rows for one holding once it is written. */
export function settle({ id, before, after, changed, collapsed }: Decided, pointsWritten: boolean, outcomes: Outcomes): void {
  const outcome = !before ? 'created' : changed || pointsWritten ? 'updated' : 'unchanged'
  outcomes.settle(collapsed.winner!.line, outcome, id, after.customerId)
  completeOutcomes(outcomes, collapsed, id, after.customerId)
}
