import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { assignmentPeriodsFrom } from '../../db/dossier/teams.ts'
import { viewNamed } from '../../db/views.ts'
import { pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import type { Order } from '../../db/platform/views/keys.ts'

const domain = 'Customer Relationship Management'

const historyView = viewNamed('AssignmentPeriod')

const newestFirst: Order = {
  name: 'newest',
  direction: 'desc',
  keys: (row) => [
    { expression: `${row}.starts_on`, cast: 'date' },
    { expression: `${row}.id`, cast: 'uuid' },
  ],
}

export const assignmentHistory = pageOperation(historyView, {
  kind: 'query',
  name: 'assignmentHistory',
  summary: 'Assignments, team memberships and covering delegations of a customer',
  description:
    'Latest start first, including planned assignments and memberships, and delegations from the day on which they apply. A delegation counts for the time in which the absent person was assigned to the customer or in the team. What was revoked before it started is omitted.',
  permission: 'assignment:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { customerId, ...page }) =>
    answerPage(context, historyView, {
      ...page,
      from: assignmentPeriodsFrom(customerId, context.today),
      order: newestFirst,
      where: () => [],
      async orRefuse() {
        if (!(await seesCustomer(context.db, customerId))) throw notFound('customer')
      },
    }),
})

export const assignmentHistoryOperations = [assignmentHistory]
