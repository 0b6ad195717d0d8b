import type { Day } from '../kernel/calendar.ts'
import { type FeedRefusal, refusal } from '../kernel/feed.ts'
import type { HoldingRow } from './rows.ts'
import { hasEditions, type ProductFamily } from '../organisation/products.ts'
import { countingRow, hasChanged, type Incoming, type Outcomes } from '../kernel/feed-batch.ts'
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
  readonly incoming: Resolved
  readonly before: StoredHolding | undefined
  readonly after: Holding & { readonly institutionPath: string; readonly asOf: string }
  readonly changed: boolean
  /** Whether the row names its instant and says again what is stored. */
  readonly confirms: boolean
  readonly point: Incoming<BalancePoint> | undefined
}

/** Decides on a row. Undefined where it is settled without a write. */
export function decide(
  incoming: Resolved,
  holder: NameHolder | undefined,
  context: { readonly today: Day; readonly newId: () => string },
  outcomes: Outcomes,
): Decided | undefined {
  const before = holder?.holding
  const { line, row, customer } = incoming
  const name = `The holding "${row.externalId}" of source "${row.source}"`
  if (holder && (customer.id !== holder.customerId || !before)) {
    outcomes.refuse(line, refusal('customerExternalId', 'conflict', `${name} belongs to another customer.`))
    return undefined
  }
  if (before && row.currency !== before.currency) {
    outcomes.refuse(line, refusal('currency', 'conflict', `${name} is in ${before.currency}.`))
    return undefined
  }
  const id = before?.id ?? context.newId()
  const storedAsOf = before?.asOf.toISOString()
  const counting = countingRow(incoming, storedAsOf)
  if (!counting) {
    outcomes.settle(line, 'superseded', id, customer.id)
    return undefined
  }
  const { asOf, dated, product, recommendedBy, balance } = counting
  const own = holdingAfter(row, { id, customerId: customer.id, product, recommendedBy }, before, context.today)
  const refused = refusedPeriod(own) ?? (before ? undefined : refusedOwner(counting, own))
  if (refused) {
    outcomes.refuse(line, refused)
    return undefined
  }
  const { institutionPath } = customer
  return {
    id,
    incoming,
    before,
    after: { ...own, institutionPath, asOf },
    changed: !before || hasChanged(own, before, compared),
    confirms: before !== undefined && dated && asOf > storedAsOf!,
    point: balance && {
      line,
      asOf,
      dated,
      row: { customerId: customer.id, holdingId: id, institutionPath, ...balance },
    },
  }
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

/** A new holding begins at its point, so that it need not be moved there, unless the point lies ahead. */
export function withBalance({ after, before, point }: Decided, todayAt: (institutionPath: string) => Day): WrittenHolding {
  const first = before ? undefined : point?.row
  if (!first) return { ...after, balance: '0', balanceOn: null, nextBalanceOn: null }
  return first.day > todayAt(first.institutionPath)
    ? { ...after, balance: '0', balanceOn: null, nextBalanceOn: first.day }
    : { ...after, balance: first.amount, balanceOn: first.day, nextBalanceOn: null }
}

/** Settles the row of a holding once it is written. */
export function settle({ id, incoming, before, after, changed }: Decided, pointWritten: boolean, outcomes: Outcomes): void {
  const outcome = !before ? 'created' : changed || pointWritten ? 'updated' : 'unchanged'
  outcomes.settle(incoming.line, outcome, id, after.customerId)
}
