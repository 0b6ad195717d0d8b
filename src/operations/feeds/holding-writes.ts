import { idsEqual, textsEqual, daysEqual, all } from '../../db/platform/views/conditions.ts'
import { withCounterparty } from '../../db/feeds/activity.ts'
import { findHoldingByExternalId } from '../../db/feeds/holding-names.ts'
import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { applyActivity } from '../../db/feeds/activity.ts'
import { applyBalances } from '../../db/feeds/balances.ts'
import { counterpartyIndexes } from '../../db/feeds/counterparties.ts'
import { applyExchangeRates } from '../../db/feeds/exchange-rates.ts'
import { applyHoldingParties } from '../../db/feeds/holding-parties.ts'
import { applyHoldings } from '../../db/feeds/holdings.ts'
import { applyMovements } from '../../db/feeds/movements.ts'
import { findCustomerName } from '../../db/dossier/stored-rows.ts'
import { findHoldingName, storedHoldings, storedMovements } from '../../db/feeds/stored-rows.ts'
import {
  activityRow,
  balanceRow,
  holdingPartyRow,
  holdingRow,
  movementRow,
  holdingTexts,
  movementTexts,
  holdingPartyTexts,
  balanceTexts,
  activityTexts,
} from '../../core/feeds/holding-rows.ts'
import { exchangeRateRow } from '../../core/feeds/product-rows.ts'
import { viewNamed } from '../../db/views.ts'
import { viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { daySchema, id } from '../platform/scalars.ts'
import {
  byId,
  changeOperation,
  correctOperation,
  createOperation,
  feedErrors,
  type RowWrites,
  type SingleWrites,
  upsertOperation,
  writeRow,
} from '../platform/feed-writes.ts'

const domain = 'Customer Position'

const holdings: SingleWrites<typeof holdingRow> = {
  noun: 'Holding',
  subject: 'holding',
  texts: holdingTexts,
  called: 'a holding',
  permission: 'holding:write',
  domain,
  apply: applyHoldings,
  row: holdingRow,
  stored: storedHoldings,
}
const movements: SingleWrites<typeof movementRow> = {
  noun: 'Movement',
  subject: 'movement',
  texts: movementTexts,
  called: 'a movement',
  permission: 'holding:write',
  domain,
  apply: applyMovements,
  row: movementRow,
  stored: storedMovements,
}
const parties: RowWrites<typeof holdingPartyRow> = {
  noun: 'HoldingParty',
  subject: 'holding_party',
  texts: holdingPartyTexts,
  permission: 'holding:write',
  apply: applyHoldingParties,
  row: holdingPartyRow,
}
const balances: RowWrites<typeof balanceRow> = {
  noun: 'Balance',
  subject: 'balance',
  texts: balanceTexts,
  permission: 'holding:write',
  apply: applyBalances,
  row: balanceRow,
}
const activity: RowWrites<typeof activityRow> = {
  noun: 'Activity',
  subject: 'activity',
  texts: activityTexts,
  permission: 'holding:write',
  apply: applyActivity,
  row: activityRow,
}
const rates: RowWrites<typeof exchangeRateRow> = {
  noun: 'ExchangeRate',
  subject: 'exchange_rate',
  texts: {},
  permission: 'rate:write',
  apply: applyExchangeRates,
  row: exchangeRateRow,
}

const {
  source: _s1,
  externalId: _e1,
  asOf: _a1,
  customerSource: _c1,
  customerExternalId: _x1,
  ...holdingFields
} = holdingRow.shape
const { source: _s2, externalId: _e2, asOf: _a2, holdingExternalId: _h2, ...movementFields } = movementRow.shape
const { currency: _u1, ...correctableHoldingFields } = holdingFields

export const upsertHolding = upsertOperation(holdings)
export const createHolding = createOperation(
  holdings,
  { customerId: id, ...holdingFields },
  async ({ db }, { customerId, ...fields }) => {
    const name = await findCustomerName(db, String(customerId))
    if (!name) throw notFound('customer')
    return { ...name, ...fields }
  },
)
export const correctHolding = correctOperation(holdings, correctableHoldingFields)
export const closeHolding = changeOperation(holdings, {
  name: 'closeHolding',
  summary: 'Close a holding',
  description: 'It stays in the customer’s history and no longer counts.',
  concurrency: 'optional',
  final: true,
  shape: { closedOn: daySchema.optional().meta({ description: 'Day of closing; today by default.' }) },
  change: ({ closedOn }, { today }) => ({ status: 'closed', closedOn: closedOn ?? today }),
})

export const upsertMovement = upsertOperation(movements)
export const createMovement = createOperation(
  movements,
  {
    customerId: id,
    holdingId: id,
    ...movementFields,
    source: movementRow.shape.source.optional(),
    externalId: movementRow.shape.externalId.optional(),
  },
  async ({ db }, { customerId, holdingId, ...fields }) => {
    const name = await findHoldingName(db, String(customerId), String(holdingId))
    if (!name) throw notFound('holding')
    return { ...name, ...fields, source: name.source }
  },
)
export const correctMovement = correctOperation(movements, movementFields)
export const voidMovement = changeOperation(movements, {
  name: 'voidMovement',
  summary: 'Void a movement',
  description: 'The movement stays and is marked as voided.',
  concurrency: 'optional',
  final: true,
  shape: {},
  change: () => ({ status: 'voided' }),
})

export const upsertHoldingParty = viewOperation(viewNamed('HoldingParty'), {
  kind: 'command',
  name: 'upsertHoldingParty',
  summary: 'Create, update or end a holding party',
  description: 'The same row as in an import. The party can see the holding; it counts for its owner only.',
  permission: parties.permission,
  domain,
  input: z.strictObject(holdingPartyRow.shape),
  errors: feedErrors,
  async run(context, row) {
    return answerOne(context, viewNamed('HoldingParty'), byId(await writeRow(context, parties, row), 'HoldingParty'))
  },
})

export const upsertBalance = viewOperation(viewNamed('Balance'), {
  kind: 'command',
  name: 'upsertBalance',
  summary: 'Set the balance of a holding from a day on',
  description: 'The same row as in an import. The newest balance becomes the current balance of the holding.',
  permission: balances.permission,
  domain,
  input: z.strictObject(balanceRow.shape),
  errors: feedErrors,
  async run(context, row) {
    await writeRow(context, balances, row)
    const holding = await findHoldingByExternalId(context.db, row.source, row.holdingExternalId)
    if (!holding) throw notFound('holding')
    return answerOne(
      context,
      viewNamed('Balance'),
      all(idsEqual({ customer_id: holding.customerId, holding_id: holding.holdingId }), daysEqual({ day: row.day })),
    )
  },
})

export const upsertActivity = viewOperation(viewNamed('Activity'), {
  kind: 'command',
  name: 'upsertActivity',
  summary: 'Set the activity of a customer in a month',
  description:
    'The same row as in an import: transactions of one month with the same channel, type, purpose, direction, currency and counterparty, counted and summed.',
  permission: activity.permission,
  domain,
  input: z.strictObject(activityRow.shape),
  errors: feedErrors,
  async run(context, row) {
    const { customerId } = await writeRow(context, activity, row)
    const hashes =
      row.counterparty === undefined
        ? [Buffer.alloc(0)]
        : counterpartyIndexes(context.vault, row.counterparty).map(({ hash }) => hash)
    return answerOne(
      context,
      viewNamed('Activity'),
      all(
        idsEqual({ customer_id: customerId }),
        daysEqual({ month: `${row.month}-01` }),
        textsEqual({
          channel: row.channel,
          type: row.type,
          purpose: row.purpose ?? 'unknown',
          direction: row.direction ?? 'none',
          currency: row.currency,
        }),
        withCounterparty(hashes),
      ),
    )
  },
})

export const upsertExchangeRate = viewOperation(viewNamed('ExchangeRate'), {
  kind: 'command',
  name: 'upsertExchangeRate',
  summary: 'Set an exchange rate effective from a date',
  description: 'The same row as in an import. The assets of customers who hold the currency are updated.',
  permission: rates.permission,
  domain: 'Market Data Administration',
  input: z.strictObject(exchangeRateRow.shape),
  errors: feedErrors,
  async run(context, row) {
    await writeRow(context, rates, row)
    return answerOne(context, viewNamed('ExchangeRate'), all(textsEqual({ currency: row.currency }), daysEqual({ day: row.day })))
  },
})

export const holdingWrites = [
  upsertHolding,
  createHolding,
  correctHolding,
  closeHolding,
  upsertMovement,
  createMovement,
  correctMovement,
  voidMovement,
  upsertHoldingParty,
  upsertBalance,
  upsertActivity,
  upsertExchangeRate,
]
