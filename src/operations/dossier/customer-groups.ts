import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { checkVersion } from '../platform/versions.ts'
import { requireOrder, requirePast } from '../../core/kernel/periods.ts'
import { z } from 'zod'
import { changedFields } from '../../core/kernel/changes.ts'
import {
  type GroupKind,
  groupKinds,
  groupStatuses,
  requireGroupKind,
  requireHead,
  requireMember,
  requireNotHead,
} from '../../core/dossier/customer-groups.ts'
import { otherCustomerNotFound, requireOpenRecord } from '../../core/dossier/record-rules.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { day, remark } from '../../core/kernel/scalars.ts'
import { requireActive } from '../../core/dossier/relationships.ts'
import { endMember, endMembers, groupState, insertMember, membersOf } from '../../db/dossier/customer-groups.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { findOwned, insertOwned, updateOwned } from '../../db/platform/owned-rows.ts'
import { customerGroup as table, customerGroupMember as memberTable } from '../../db/dossier/schema/people.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'
import { dossierQueries } from './under-customer.ts'

const view = viewNamed('CustomerGroup')
const memberView = viewNamed('CustomerGroupMember')
const domain = 'Party Reference Data Directory'

const head = id.meta({ description: 'The head of the group.' })
const name = remark(100).meta({ description: 'Name of the group.' })
const endedOn = day
  .optional()
  .meta({ description: 'First day on which it no longer applies, not in the future; today by default.' })

export const [customerGroup, customerGroups] = dossierQueries({
  view: 'CustomerGroup',
  domain,
  one: {
    name: 'customerGroup',
    summary: 'A household or group, with its members and their total value',
    description:
      'Found under the customer who is its head. The total covers members in your scope; the number of excluded members is given.',
  },
  many: {
    name: 'customerGroups',
    summary: 'Households and groups headed by a customer, including ended ones',
    description: 'Newest first.',
  },
  filters: {
    kind: z.enum(groupKinds).optional().meta({ description: 'Of this kind.' }),
    status: z.enum(groupStatuses).optional().meta({ description: 'Active, or ended.' }),
  },
})

export const [groupMembership, groupMemberships] = dossierQueries({
  view: 'GroupMembership',
  domain,
  one: {
    name: 'groupMembership',
    summary: 'One membership of a customer in a household or group',
    description: 'With the group, which is null if its head is out of your scope.',
  },
  many: {
    name: 'groupMemberships',
    summary: 'Households and groups of a customer, current and former',
    description: 'Latest joined first. A head is a member too.',
  },
  filters: {
    kind: z.enum(groupKinds).optional().meta({ description: 'Of this kind.' }),
    status: z.enum(groupStatuses).optional().meta({ description: 'Active, or ended.' }),
  },
})

function refuseDuplicate(error: unknown): never {
  if (/^(customer_group|group_membership)_/.test(brokenConstraint(error) ?? ''))
    throw new DomainError('conflict', 'This customer is already a member, or already in a household.')
  throw error
}

export const createCustomerGroup = viewOperation(view, {
  kind: 'command',
  name: 'createCustomerGroup',
  summary: 'Create a household or group',
  description:
    'The customer is its head and first member. A customer is in at most one household; groups of one kind cannot be nested. A household consists of individuals and sole traders.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: head, kind: z.enum(groupKinds).meta({ description: 'Kind.' }), name }),
  errors: ['not_found', 'conflict'],
  async run(context, { customerId, kind, name: called }) {
    const { db, now, today, newId } = context
    const customer = (await lockCustomerReferences(db, [customerId])).get(customerId)
    if (!customer) throw notFound('customer')
    requireOpenRecord(customer.status, 'customerId')
    requireGroupKind(kind, customer.kind, 'customerId')
    requireHead(kind, await groupState(db, kind, customerId, null))
    const groupId = newId()
    const { institutionPath } = customer
    const group = {
      customerId,
      id: groupId,
      institutionPath,
      kind,
      name: called,
      status: 'active',
      createdAt: now,
      updatedAt: now,
    }
    await insertOwned(db, table, group).catch(refuseDuplicate)
    await insertMember(db, { id: newId(), groupId, kind, head: customer, member: customer, joinedOn: today, now }).catch(
      refuseDuplicate,
    )
    context.record({
      event: 'customer_group.created',
      subjectType: 'customer_group',
      subjectId: groupId,
      customerId,
      changed: ['kind', 'name'],
    })
    return answerOne(context, view, ofCustomer(customerId, groupId))
  },
})

/** Reads a group that lasts and holds its head and these others. Throws `not_found`, `version_conflict`, `already_closed`. */
async function lockGroup({ db }: Context, headId: string, groupId: string, others: readonly string[], expected?: number) {
  const customers = await lockCustomerReferences(db, [headId, ...others])
  const group = customers.has(headId) ? await findOwned(db, table, { customerId: headId, id: groupId }) : undefined
  if (!group) throw notFound('customer group')
  checkVersion(expected, group.version)
  requireActive(group.status)
  return { group, kind: group.kind as GroupKind, customers }
}

export const correctCustomerGroup = viewOperation(view, {
  kind: 'command',
  name: 'correctCustomerGroup',
  summary: 'Rename a household or group',
  description: 'Requires the version that was read.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: head, customerGroupId: id, name, expectedVersion }),
  errors: ['not_found', 'already_closed'],
  concurrency: 'required',
  async run(context, { customerId, customerGroupId, name: called, expectedVersion: expected }) {
    const { group } = await lockGroup(context, customerId, customerGroupId, [], expected)
    await updateOwned(context.db, table, { customerId, id: customerGroupId }, { name: called, updatedAt: context.now })
    context.record({
      event: 'customer_group.updated',
      subjectType: 'customer_group',
      subjectId: customerGroupId,
      customerId,
      changed: changedFields(group, { name: called }),
    })
    return answerOne(context, view, ofCustomer(customerId, customerGroupId))
  },
})

/** One entry and one event under the head and one under the member. */
function recordMember(
  { record }: Context,
  what: 'added' | 'removed',
  subjectId: string,
  customerIds: readonly string[],
  changed: readonly string[],
) {
  for (const customerId of new Set(customerIds))
    record({ event: `customer_group_member.${what}`, subjectType: 'customer_group_member', subjectId, customerId, changed })
}

export const addGroupMember = viewOperation(memberView, {
  kind: 'command',
  name: 'addGroupMember',
  summary: 'Add a customer to a household or group',
  description:
    'Recorded under the head and under the member, who must both be in your scope. Refused for a customer who is already a member, heads a group of the same kind, or is already in a household.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: head,
    customerGroupId: id,
    memberCustomerId: id.meta({ description: 'The new member.' }),
    joinedOn: day.optional().meta({ description: 'First day, not in the future; today by default.' }),
  }),
  errors: ['not_found', 'already_closed', 'conflict', 'outside_period'],
  async run(context, { customerId, customerGroupId, memberCustomerId, joinedOn }) {
    const { db, now, today, newId } = context
    requirePast(joinedOn, today, 'joinedOn')
    const { kind, customers } = await lockGroup(context, customerId, customerGroupId, [memberCustomerId])
    const member = customers.get(memberCustomerId)
    if (!member) throw otherCustomerNotFound('memberCustomerId')
    requireOpenRecord(member.status, 'memberCustomerId')
    requireGroupKind(kind, member.kind, 'memberCustomerId')
    const members = await membersOf(db, customerId, customerGroupId)
    requireMember(kind, await groupState(db, kind, memberCustomerId, customerGroupId), members.length)
    const memberId = newId()
    const place = { head: customers.get(customerId)!, member }
    await insertMember(db, { id: memberId, groupId: customerGroupId, kind, ...place, joinedOn: joinedOn ?? today, now }).catch(
      refuseDuplicate,
    )
    recordMember(context, 'added', memberId, [customerId, memberCustomerId], ['memberCustomerId', 'joinedOn'])
    return answerOne(context, memberView, ofCustomer(customerId, memberId))
  },
})

export const removeGroupMember = viewOperation(memberView, {
  kind: 'command',
  name: 'removeGroupMember',
  summary: 'Remove a customer from a household or group',
  description: 'The membership stays readable as ended. Head and member must both be in your scope; the head cannot be removed.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: head, customerGroupMemberId: id, endedOn, expectedVersion }),
  errors: ['not_found', 'already_closed', 'conflict', 'outside_period'],
  concurrency: 'optional',
  async run(context, { customerId, customerGroupMemberId, endedOn: on, expectedVersion: expected }) {
    const { db, now, today } = context
    const address = { customerId, id: customerGroupMemberId }
    const found = await findOwned(db, memberTable, address)
    if (!found) throw notFound('group member')
    const { memberCustomerId } = found
    const customers = await lockCustomerReferences(db, [customerId, memberCustomerId])
    const stored = customers.has(customerId) ? await findOwned(db, memberTable, address) : undefined
    if (!stored) throw notFound('group member')
    if (!customers.has(memberCustomerId)) throw otherCustomerNotFound('customerGroupMemberId')
    checkVersion(expected, stored.version)
    requireActive(stored.status)
    requireNotHead(memberCustomerId, customerId)
    const last = on ?? today
    requirePast(last, today, 'endedOn')
    requireOrder(stored.joinedOn, last, 'endedOn')
    await endMember(db, { id: customerGroupMemberId, headCustomerId: customerId, memberCustomerId }, last, now)
    recordMember(context, 'removed', customerGroupMemberId, [customerId, memberCustomerId], ['status', 'endedOn'])
    return answerOne(context, memberView, ofCustomer(customerId, customerGroupMemberId))
  },
})

export const endCustomerGroup = viewOperation(view, {
  kind: 'command',
  name: 'endCustomerGroup',
  summary: 'End a household or group',
  description: 'Ends all memberships, so all members must be in your scope. It stays readable.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: head, customerGroupId: id, endedOn, expectedVersion }),
  errors: ['not_found', 'already_closed', 'outside_period'],
  concurrency: 'optional',
  async run(context, { customerId, customerGroupId, endedOn: on, expectedVersion: expected }) {
    const { db, now, today } = context
    const last = on ?? today
    requirePast(last, today, 'endedOn')
    const memberIds = (await membersOf(db, customerId, customerGroupId)).map(({ memberCustomerId }) => memberCustomerId)
    const { customers } = await lockGroup(context, customerId, customerGroupId, memberIds, expected)
    // Whoever joined since is not locked: let the caller look again.
    const members = await membersOf(db, customerId, customerGroupId)
    if (members.some(({ memberCustomerId }) => !customers.has(memberCustomerId))) throw otherCustomerNotFound('customerGroupId')
    for (const { joinedOn } of members) requireOrder(joinedOn, last, 'endedOn')
    await endMembers(db, customerId, customerGroupId, memberIds, last, now)
    await updateOwned(db, table, { customerId, id: customerGroupId }, { status: 'ended', endedOn: last, updatedAt: now })
    context.record({
      event: 'customer_group.ended',
      subjectType: 'customer_group',
      subjectId: customerGroupId,
      customerId,
      changed: ['status', 'endedOn'],
    })
    for (const member of members) recordMember(context, 'removed', member.id, [member.memberCustomerId], ['status', 'endedOn'])
    return answerOne(context, view, ofCustomer(customerId, customerGroupId))
  },
})

export const customerGroupOperations = [
  customerGroup,
  customerGroups,
  groupMembership,
  groupMemberships,
  createCustomerGroup,
  correctCustomerGroup,
  addGroupMember,
  removeGroupMember,
  endCustomerGroup,
]
