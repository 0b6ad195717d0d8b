import { withId } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { findCustomerByExternalId } from '../../db/dossier/customers.ts'
import { viewNamed } from '../../db/views.ts'
import { viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { externalIdText, id, sourceName } from '../platform/scalars.ts'

const customerView = viewNamed('Customer')
const domain = 'Party Reference Data Directory'

export const customer = viewOperation(customerView, {
  kind: 'query',
  name: 'customer',
  summary: 'A customer with all related data',
  description: 'The customer with institution and relationship manager, holdings, and assets now and by month.',
  permission: 'customer:read',
  domain,
  input: z.strictObject({ customerId: id }),
  errors: ['not_found'],
  run: (context, { customerId }) => answerOne(context, customerView, withId(customerId)),
})

export const customerByExternalId = viewOperation(customerView, {
  kind: 'query',
  name: 'customerByExternalId',
  summary: 'The customer with this external ID in a source system',
  description: 'Searches the whole bank, and answers only if the customer is in your scope.',
  permission: 'customer:read',
  domain,
  input: z.strictObject({ source: sourceName, externalId: externalIdText }),
  errors: ['not_found'],
  async run(context, { source, externalId }) {
    const customerId = await findCustomerByExternalId(context.db, source, externalId)
    if (!customerId) throw notFound('customer')
    return answerOne(context, customerView, withId(customerId))
  },
})

export const customerOperations = [customer, customerByExternalId]
