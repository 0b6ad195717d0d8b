import { z } from 'zod'
import { callerOf } from '../../core/kernel/actors.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { requireNotFinal } from '../../core/kernel/state-machine.ts'
import { segmentMachine } from '../../core/segmentation/segments.ts'
import { changeMembers, membersOrder, membersWhere } from '../../db/segmentation/segments/members.ts'
import { findSegment, lockSegment } from '../../db/segmentation/segments/store.ts'
import { viewNamed } from '../../db/views.ts'
import { operation, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { daySchema, id } from '../platform/scalars.ts'

const membershipView = viewNamed('SegmentMembership')
const domain = 'Customer Product and Service Eligibility'

const segmentId = id.meta({ description: 'The segment.' })

const MAX_LISTED = 10_000
const customerIds = z.array(id).max(MAX_LISTED).default([])

export const setSegmentMembers = operation({
  kind: 'command',
  name: 'setSegmentMembers',
  summary: 'Add customers to a static segment, or remove them',
  description: `Up to ${MAX_LISTED} each at once, all or none. Adding a member or removing a non-member changes nothing.`,
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    segmentId,
    add: customerIds.meta({ description: 'Customers to add.' }),
    remove: customerIds.meta({ description: 'Customers to remove.' }),
  }),
  output: z
    .object({
      segmentId: z.uuid().meta({ description: 'The segment.' }),
      added: z.int().meta({ description: 'Number of customers added.' }),
      removed: z.int().meta({ description: 'Number of customers removed.' }),
    })
    .meta({ id: 'SegmentMembersChange', description: 'Changes of the members of a static segment.' }),
  errors: ['not_found', 'already_closed', 'conflict', 'unknown_reference'],
  async run(context, { segmentId: wanted, add, remove }) {
    const { db, now, today, actor } = context
    const found = await lockSegment(db, wanted)
    if (!found) throw notFound('segment')
    requireNotFinal(segmentMachine, found.state)
    if (found.kind === 'dynamic') throw new DomainError('conflict', 'The members of a dynamic segment are set by its rule.')
    if (found.state === 'draft') throw new DomainError('conflict', 'A draft has no members: activate the segment first.')
    const both = add.find((one) => remove.includes(one))
    if (both !== undefined)
      throw new DomainError('invalid_input', 'At least one customer to add or remove is required.', [
        { pointer: `/remove/${remove.indexOf(both)}`, rule: 'distinct', message: 'This customer is also to be added.' },
      ])
    const { unknown, added, removed } = await changeMembers(db, found, { add, remove, by: callerOf(actor), now, today })
    if (unknown.length > 0)
      throw new DomainError(
        'unknown_reference',
        'Some of them are not active customers with facts.',
        unknown.slice(0, 20).map((one) => ({
          pointer: `/add/${add.indexOf(one)}`,
          rule: 'unknown_reference',
          message: 'There is no such active customer, or their facts are not computed yet.',
        })),
      )
    context.record({
      event: 'segment.members_set',
      subjectType: 'segment',
      subjectId: wanted,
      path: '/',
      details: { added, removed },
    })
    return { segmentId: wanted, added, removed }
  },
})

export const segmentMembers = pageOperation(membershipView, {
  kind: 'query',
  name: 'segmentMembers',
  summary: 'Members of a segment, now or on a day',
  description: 'Members in your scope, by institution.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({
    segmentId,
    on: daySchema.optional().meta({ description: 'Members on this day; current members by default.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { segmentId: wanted, on, ...page }) =>
    answerPage(context, membershipView, {
      ...page,
      order: membersOrder,
      planned: 'each_time',
      where: (row, bind) => membersWhere({ segmentId: wanted, on, reach: context.scope }, row, bind),
      async orRefuse() {
        if (!(await findSegment(context.db, wanted))) throw notFound('segment')
      },
    }),
})

export const segmentMemberOperations = [setSegmentMembers, segmentMembers]
