import { everything, withId } from '../../db/platform/views/conditions.ts'
import { timelineFrom } from '../../db/dossier/timeline.ts'
import { z } from 'zod'
import { notFound } from '../../core/kernel/errors.ts'
import { timelineKindNames, timelineKinds } from '../../core/dossier/timeline.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { readableKinds, timelineOrder } from '../../db/dossier/timeline.ts'
import { viewNamed } from '../../db/views.ts'
import { pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage, readerOf } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

const entryView = viewNamed('TimelineEntry')

const overviewView = viewNamed('CustomerOverview')
const domain = 'Customer Relationship Management'

export const customerOverview = viewOperation(overviewView, {
  kind: 'query',
  name: 'customerOverview',
  summary: 'A customer at a glance: the 360-degree view',
  description:
    'Profile, life stages, tiers, classifications and segments, assigned staff, holdings by family, assets at the last 24 month-ends, key dates of the next 30 days, key people, relationships, consents, dossier records, dossier quality and the newest timeline entries, in one answer. Parts that you may not read are null.',
  permission: 'customer:read',
  domain,
  input: z.strictObject({ customerId: id }),
  errors: ['not_found'],
  run: (context, { customerId }) => answerOne(context, overviewView, withId(customerId)),
})

export const customerTimeline = pageOperation(entryView, {
  kind: 'query',
  name: 'customerTimeline',
  summary: 'Timeline of a customer',
  description:
    'Movements, holdings opened, matured and closed, assignments, consents, relationships, groups and key people, dossier records, life events, counter notes, segments and tiers, and changes of the dossier, merged, newest first. Kinds that you may not read are omitted; requesting one of them is refused. Future days are not included.',
  permission: 'customer:read',
  domain,
  input: z.strictObject({
    customerId: id,
    kinds: z.array(z.enum(timelineKindNames)).min(1).max(50).optional().meta({ description: 'Only entries of these kinds.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found'],
  alsoNeeds: ({ kinds = [] }) => [...new Set(kinds.map((kind) => timelineKinds[kind]))],
  run(context, { customerId, kinds = readableKinds(context.permits), limit, cursor, includeTotal }) {
    const { settings } = readerOf(context)
    const after = cursor === undefined ? undefined : context.cursors.open(timelineOrder.name, cursor)
    return answerPage(context, entryView, {
      limit,
      cursor,
      includeTotal,
      order: timelineOrder,
      from: timelineFrom({ customerId, kinds, limit: limit + 1, after }, settings),
      countedFrom: timelineFrom({ customerId, kinds }, settings),
      where: everything,
      async orRefuse() {
        if (!(await seesCustomer(context.db, customerId))) throw notFound('customer')
      },
    })
  },
})

export const timelineOperations = [customerOverview, customerTimeline]
