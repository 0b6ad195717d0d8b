import { all, ofCustomer } from '../../db/platform/views/conditions.ts'
import { isAccess } from '../../db/dossier/accesses.ts'
import { writtenWithin } from '../../db/platform/audit.ts'
import { z } from 'zod'
import { accessKinds } from '../../core/kernel/accesses.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { readAccessReason } from '../../db/dossier/accesses.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { viewNamed } from '../../db/views.ts'
import { latestEntryFirst, logDay } from '../platform/audit.ts'
import { operation, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

export const customerAccesses = pageOperation(viewNamed('CustomerAccess'), {
  kind: 'query',
  name: 'customerAccesses',
  summary: 'Accesses to protected data of a customer, newest first',
  description:
    'Reads of documents, contact points and addresses, revealed values, recognitions at the counter, and exports that included the customer. Each is in the audit log before it is answered.',
  permission: 'audit:read',
  domain: 'Internal Audit',
  input: z.strictObject({
    customerId: id,
    access: z.enum(accessKinds).optional().meta({ description: 'This kind of access only.' }),
    from: logDay.optional().meta({ description: 'From this day (UTC).' }),
    to: logDay.optional().meta({ description: 'Until this day (UTC).' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found'],
  lane: 'pool',
  run: (context, { customerId, access, from, to, ...page }) =>
    answerPage(context, viewNamed('CustomerAccess'), {
      ...page,
      order: latestEntryFirst,
      where: all(ofCustomer(customerId), isAccess(access), writtenWithin({ from, to })),
      async orRefuse() {
        if (!(await seesCustomer(context.db, customerId))) throw notFound('customer')
      },
    }),
})

export const customerAccessReason = operation({
  kind: 'query',
  name: 'customerAccessReason',
  summary: 'The stated reason for revealing a value',
  description: 'As entered. Null for accesses that need no reason.',
  permission: 'audit:read',
  domain: 'Internal Audit',
  input: z.strictObject({ customerId: id, accessId: id.meta({ description: 'ID of the access.' }) }),
  output: z
    .object({
      customerId: id,
      accessId: id.meta({ description: 'ID of the access.' }),
      reason: z.string().nullable().meta({ description: 'The reason as entered.' }),
    })
    .meta({ id: 'CustomerAccessReason', description: 'The reason a value was revealed.' }),
  errors: ['not_found'],
  lane: 'pool',
  async run({ db, vault }, { customerId, accessId }) {
    const reason = await readAccessReason(db, vault, customerId, accessId)
    if (reason === undefined) throw notFound('access')
    return { customerId, accessId, reason }
  },
})

export const accessOperations = [customerAccesses, customerAccessReason]
