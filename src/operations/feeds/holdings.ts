import { idsEqual, ofCustomer, orderBy } from '../../db/platform/views/conditions.ts'
import { findHoldingByExternalId, seesHolding } from '../../db/feeds/holding-names.ts'
import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { viewNamed } from '../../db/views.ts'
import { pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { externalIdText, id, sourceName } from '../platform/scalars.ts'
import { pageUnder } from '../dossier/under-customer.ts'

const holdingView = viewNamed('Holding')
const domain = 'Customer Position'

export const holding = viewOperation(holdingView, {
  kind: 'query',
  name: 'holding',
  summary: 'One holding of a customer',
  description: 'With its product, parties and balance.',
  permission: 'holding:read',
  domain,
  input: z.strictObject({ customerId: id, holdingId: id }),
  errors: ['not_found'],
  run: (context, { customerId, holdingId }) => answerOne(context, holdingView, ofCustomer(customerId, holdingId)),
})

export const holdingByExternalId = viewOperation(holdingView, {
  kind: 'query',
  name: 'holdingByExternalId',
  summary: 'The holding with this external ID in a source system',
  description: 'Searches the whole bank, and answers only if the holding’s customer is in your scope.',
  permission: 'holding:read',
  domain,
  input: z.strictObject({ source: sourceName, externalId: externalIdText }),
  errors: ['not_found'],
  async run(context, { source, externalId }) {
    const found = await findHoldingByExternalId(context.db, source, externalId)
    if (!found) throw notFound('holding')
    return answerOne(context, holdingView, ofCustomer(found.customerId, found.holdingId))
  },
})

export const holdings = pageOperation(holdingView, {
  kind: 'query',
  name: 'holdings',
  summary: 'Holdings of a customer',
  description: 'Ordered by account number.',
  permission: 'holding:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) =>
    pageUnder(
      context,
      holdingView,
      orderBy('account_number', 'asc', [
        ['account_number', 'text'],
        ['id', 'uuid'],
      ]),
      input,
    ),
})

export const balances = pageOperation(viewNamed('Balance'), {
  kind: 'query',
  name: 'balances',
  summary: 'Change points of a holding’s balance',
  description: 'Newest first. A balance applies from its day until the next one.',
  permission: 'holding:read',
  domain,
  input: z.strictObject({ customerId: id, holdingId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { customerId, holdingId, ...page }) =>
    answerPage(context, viewNamed('Balance'), {
      ...page,
      order: orderBy('day', 'desc', [['day', 'date']]),
      where: idsEqual({ customer_id: customerId, holding_id: holdingId }),
      async orRefuse() {
        if (!(await seesHolding(context.db, customerId, holdingId))) throw notFound('holding')
      },
    }),
})

export const activity = pageOperation(viewNamed('Activity'), {
  kind: 'query',
  name: 'activity',
  summary: 'Activity of a customer by month, channel, type and purpose',
  description: 'Newest month first.',
  permission: 'activity:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) =>
    pageUnder(
      context,
      viewNamed('Activity'),
      orderBy('month', 'desc', [
        ['month', 'date'],
        ['channel', 'text'],
        ['type', 'text'],
        ['purpose', 'text'],
        ['direction', 'text'],
        ['currency', 'text'],
        ['counterparty_hash', 'bytea'],
      ]),
      input,
    ),
})

export const movements = pageOperation(viewNamed('Movement'), {
  kind: 'query',
  name: 'movements',
  summary: 'Movements of a customer',
  description: 'Newest first.',
  permission: 'activity:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) =>
    pageUnder(
      context,
      viewNamed('Movement'),
      orderBy('booked_on', 'desc', [
        ['booked_on', 'date'],
        ['id', 'uuid'],
      ]),
      input,
    ),
})

export const holdingOperations = [holding, holdingByExternalId, holdings, balances, activity, movements]
