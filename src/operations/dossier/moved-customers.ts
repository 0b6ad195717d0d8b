import { z } from 'zod'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { confirmManager } from '../../db/dossier/moved-customers.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { withId } from '../../db/platform/views/conditions.ts'
import { viewNamed } from '../../db/views.ts'
import { viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

const customerView = viewNamed('Customer')

export const confirmRelationshipManager = viewOperation(customerView, {
  kind: 'command',
  name: 'confirmRelationshipManager',
  summary: 'Confirm the manager of a customer who moved to another branch',
  description:
    'Resolves the waiting item `manager_elsewhere`: the relationship manager continues from the other branch. To change the manager, use `assignCustomer`.',
  permission: 'assignment:write',
  domain: 'Customer Relationship Management',
  input: z.strictObject({ customerId: id }),
  errors: ['not_found', 'conflict'],
  async run(context, { customerId }) {
    const { db, record } = context
    if (!(await lockCustomerReferences(db, [customerId])).has(customerId)) throw notFound('customer')
    if (!(await confirmManager(db, customerId)))
      throw new DomainError('conflict', 'Nothing is to be confirmed: the customer has not moved, or has no relationship manager.')
    record({
      event: 'relationship_manager.confirmed',
      subjectType: 'customer',
      subjectId: customerId,
      customerId,
      changed: ['movedAt'],
    })
    return answerOne(context, customerView, withId(customerId))
  },
})

export const movedCustomerOperations = [confirmRelationshipManager]
