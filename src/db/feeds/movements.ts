import { movementAmountRefusal, ofAnotherHolding } from '../../core/feeds/holding-references.ts'
import { type HoldingReference, otherCurrency } from '../../core/feeds/holding-references.ts'
import { unknownName } from '../../core/kernel/references.ts'
import { refusedFlowDay } from '../../core/kernel/feed-days.ts'
import type { MovementRow } from '../../core/feeds/rows.ts'
import { parseAmount } from '../../core/kernel/money.ts'
import { type Db, sendAlong } from '../platform/database.ts'
import type { CustomerKey } from '../platform/vault.ts'
import {
  applyInRounds,
  countingRow,
  firstOfEach,
  hasChanged,
  type Incoming,
  keyOf,
  type Outcomes,
} from '../../core/kernel/feed-batch.ts'
import { counterpartyIndexes, sealCounterparty } from './counterparties.ts'
import { openCustomerKeys } from '../dossier/customer-keys.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'
import { lockHoldings } from './holding-references.ts'
import {
  confirmMovements,
  type Movement,
  movementKey,
  readMovementOf,
  readMovements,
  type StoredMovement,
  type WrittenMovement,
  writeMovements,
} from './stored-movements.ts'

interface Resolved extends Incoming<MovementRow> {
  readonly holding: HoldingReference
  /** Minor units as a whole number in text. */
  readonly amount: string
}

const compared = [
  'direction',
  'amount',
  'bookedOn',
  'channel',
  'purpose',
  'status',
] as const satisfies readonly (keyof Movement)[]

/**
 * Applies movements. The counterparty is encrypted under its customer's key, who gets one where there is none yet; beside it stand a
 * masked form and a keyed hash. A movement stays with its holding for good; `voided` takes it back.
 */
export const applyMovements: ApplyFeed<MovementRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  received: readonly Incoming<MovementRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<MovementRow>[]> {
  const [only, ...more] = received
  const [{ holdings }, storedOne] = await Promise.all([
    lockHoldings(
      db,
      received.map(({ row }) => ({ source: row.source, externalId: row.holdingExternalId })),
    ),
    only && more.length === 0 ? readMovementOf(db, only.row) : undefined,
  ])
  const resolved = received.flatMap((incoming): Resolved[] => {
    const { line, row } = incoming
    const name = { source: row.source, externalId: row.holdingExternalId }
    const holding = holdings.get(keyOf(name.source, name.externalId))
    const amount = holding && parseAmount(row.amount, holding.currency)
    const refused = !holding
      ? unknownName('holdingExternalId', 'holding', name)
      : (otherCurrency(row.currency, name, holding) ?? movementAmountRefusal(row.amount, holding.currency))
    if (refused) outcomes.refuse(line, refused)
    if (refused || !holding) return []
    return [{ ...incoming, holding, amount: `${amount}` }]
  })
  const stored =
    storedOne ??
    (await readMovements(
      db,
      resolved.map(({ row, holding }) => ({ customerId: holding.customerId, source: row.source, externalId: row.externalId })),
    ))

  const sealing: { readonly movement: Omit<WrittenMovement, 'counterparty'>; readonly counterparty: string | undefined }[] = []
  const confirmed: object[] = []
  const { first, later } = firstOfEach(resolved, ({ row, holding }) => movementKey({ customerId: holding.customerId, ...row }))
  for (const [key, one] of first) {
    const before = stored.get(key)
    const refused =
      before && one.holding.id !== before.holdingId
        ? ofAnotherHolding(one.row)
        : // What is booked can be taken back, whatever its day.
          one.row.bookedOn !== before?.bookedOn && refusedFlowDay(one.row.bookedOn, 'bookedOn', context.today)
    if (refused) {
      outcomes.refuse(one.line, refused)
      continue
    }
    const { customerId } = one.holding
    const id = before?.id ?? context.newId()
    const counting = countingRow(one, before?.asOf.toISOString())
    if (!counting) {
      outcomes.settle(one.line, 'superseded', id, customerId)
      continue
    }
    const { line, row, asOf, dated, holding } = counting
    const after = movementAfter(counting, id, before)
    const counterparty =
      row.counterparty !== undefined && !isSame(row.counterparty, before, context) ? row.counterparty : undefined
    const changed = !before || counterparty !== undefined || hasChanged(after, before, compared)
    if (changed) sealing.push({ movement: { ...after, institutionPath: holding.institutionPath, asOf }, counterparty })
    else if (dated && asOf > before.asOf.toISOString()) confirmed.push({ customerId, id, asOf })
    outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', id, customerId)
  }

  const named = sealing.flatMap(({ movement, counterparty }) => (counterparty === undefined ? [] : [movement.customerId]))
  const keys: ReadonlyMap<string, CustomerKey> =
    named.length > 0 ? await openCustomerKeys(db, [...new Set(named)], context.vault) : new Map()
  const written = sealing.map(({ movement, counterparty }): WrittenMovement => {
    const sealed =
      counterparty === undefined
        ? undefined
        : sealCounterparty(context.vault, keys.get(movement.customerId)!, movement.id, counterparty)
    return { ...movement, counterparty: sealed ?? stored.get(movementKey(movement))?.counterparty }
  })
  if (written.length > 0) sendAlong(writeMovements(db, written, context.now))
  if (confirmed.length > 0) sendAlong(confirmMovements(db, confirmed))
  return later
}

function movementAfter({ row, holding, amount }: Resolved, id: string, before: StoredMovement | undefined): Movement {
  return {
    id,
    customerId: holding.customerId,
    holdingId: holding.id,
    source: row.source,
    externalId: row.externalId,
    direction: row.direction,
    amount,
    currency: holding.currency,
    bookedOn: row.bookedOn,
    channel: row.channel ?? before?.channel ?? 'other',
    purpose: row.purpose ?? before?.purpose ?? 'unknown',
    status: row.status ?? before?.status ?? 'booked',
  }
}

/** Whether the counterparty is the one that is stored, by the hash under the key with which that one was made. */
function isSame(counterparty: string, before: StoredMovement | undefined, { vault }: FeedContext): boolean {
  const known = before?.counterparty
  return (
    known !== undefined &&
    counterpartyIndexes(vault, counterparty).some(
      ({ keyId, hash }) => keyId === known.keyId && hash.toString('hex') === known.hash,
    )
  )
}
