import { requireStaffMember, subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import { readableWaitingKinds, waitingKindNames, waitingKinds } from '../../core/dossier/waiting-items.ts'
import { waitingFrom, waitingOrder } from '../../db/dossier/waiting-items.ts'
import { everything } from '../../db/platform/views/conditions.ts'
import { viewNamed } from '../../db/views.ts'
import { pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

const itemView = viewNamed('WaitingItem')

export const waitingItems = pageOperation(itemView, {
  kind: 'query',
  name: 'waitingItems',
  summary: 'Items that wait for a decision or an acknowledgement',
  description:
    'Documents, contact points and addresses to review, open profile conflicts, unacknowledged counter notes, customers whose manager remained in another branch after a move, pending requests for approval, and staff members over capacity, in your scope. Ordered by institution and customer. Kinds that you may not read are omitted; requesting one of them is refused.',
  permission: 'customer:read',
  domain: 'Customer Relationship Management',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'Of customers and staff of this institution and all below it.' }),
    staffId: id.optional().meta({
      description: 'Of the customers of this relationship manager, and whether this staff member is over capacity.',
    }),
    kinds: z
      .array(z.enum(waitingKindNames))
      .min(1)
      .max(waitingKindNames.length)
      .optional()
      .meta({ description: 'Only items of these kinds.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  alsoNeeds: ({ kinds = [] }) => [...new Set(kinds.map((kind) => waitingKinds[kind]))],
  // Staff over capacity are found by going through all.
  lane: ({ kinds, includeTotal }) => (kinds?.includes('over_capacity') === false && !includeTotal ? 'fast' : 'pool'),
  async run(context, { institutionId, staffId, kinds = readableWaitingKinds(context.permits), limit, cursor, includeTotal }) {
    const { db, scope, today, cursors } = context
    const path = await subtreePath(db, institutionId)
    await requireStaffMember(db, 'staffId', staffId)
    const after = cursor === undefined ? undefined : cursors.open(waitingOrder.name, cursor)
    const wanted = { kinds, scope, today, path, staffId }
    return answerPage(context, itemView, {
      limit,
      cursor,
      includeTotal,
      order: waitingOrder,
      planned: 'each_time',
      from: waitingFrom({ ...wanted, limit: limit + 1, after }),
      countedFrom: waitingFrom(wanted),
      where: everything,
    })
  },
})

export const waitingItemOperations = [waitingItems]
