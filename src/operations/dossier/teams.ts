import { textsEqual, ofCustomer } from '../../db/platform/views/conditions.ts'
import { checkVersion } from '../platform/versions.ts'
import { subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import { assignmentStates, customerProblem, stateOn } from '../../core/dossier/assignments.ts'
import { dayOf } from '../../core/kernel/calendar.ts'
import { notFound, refuseField } from '../../core/kernel/errors.ts'
import { remark } from '../../core/kernel/scalars.ts'
import { endedMember, requireMember, teamDuties } from '../../core/dossier/teams.ts'
import { lockAssignableStaff } from '../../db/dossier/assignments.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { findTimeZoneOfCustomer } from '../../db/organisation/institutions.ts'
import { refreshRelationshipManagers } from '../../db/dossier/due-assignments.ts'
import { scopeCondition } from '../../db/platform/scope.ts'
import { insertMember, listMembers, suggestionsFrom, updateMember } from '../../db/dossier/teams.ts'
import { viewNamed } from '../../db/views.ts'
import { currentFirst } from '../../db/dossier/views/teams.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'
import { pageUnder } from './under-customer.ts'
import { type Order, inSubtree } from '../../db/platform/views/keys.ts'

const view = viewNamed('TeamMember')
const domain = 'Customer Relationship Management'
const duty = z.enum(teamDuties).meta({ description: 'Duty in the team.' })

export const teamMember = viewOperation(view, {
  kind: 'query',
  name: 'teamMember',
  summary: 'One member of the maintenance team of a customer',
  description: 'Current, former or planned.',
  permission: 'assignment:read',
  domain,
  input: z.strictObject({ customerId: id, teamMemberId: id }),
  errors: ['not_found'],
  run: (context, { customerId, teamMemberId }) => answerOne(context, view, ofCustomer(customerId, teamMemberId)),
})

const nowFirst: Order = {
  name: 'current_first',
  direction: 'asc',
  keys: (row) => [
    { expression: currentFirst(row), cast: 'integer' },
    { expression: `${row}.id`, cast: 'uuid' },
  ],
}

export const maintenanceTeam = pageOperation(view, {
  kind: 'query',
  name: 'maintenanceTeam',
  summary: 'The maintenance team of a customer, with its history',
  description: 'Current members first, then planned, then former and cancelled ones; each in the order in which they were added.',
  permission: 'assignment:read',
  domain,
  input: z.strictObject({
    customerId: id,
    state: z.enum(assignmentStates).optional().meta({ description: 'Current, planned or former.' }),
    duty: duty.optional(),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { state, duty: wanted, ...page }) =>
    pageUnder(context, view, nowFirst, page, textsEqual({ state, duty: wanted })),
})

/** The day it is at the institution of a customer. */
async function todayOf({ db, now, bank }: Context, customerId: string) {
  return dayOf(now, (await findTimeZoneOfCustomer(db, customerId)) ?? bank.timeZone)
}

export const addTeamMember = viewOperation(view, {
  kind: 'command',
  name: 'addTeamMember',
  summary: 'Add a member to the maintenance team of a customer',
  description:
    'From the given day they can see the customer, like the assigned staff member. One duty cannot overlap for the same person; a team has at most 20 current and planned members.',
  permission: 'assignment:write',
  domain,
  input: z.strictObject({
    customerId: id,
    staffId: id.meta({ description: 'The new member: an active staff member in your scope.' }),
    duty,
    startsOn: daySchema.optional().meta({ description: 'First day, today or later; today by default.' }),
    endsOn: daySchema.optional().meta({ description: 'First day on which it no longer applies; open-ended if omitted.' }),
    reason: remark(500)
      .min(3)
      .meta({ description: 'The reason.', examples: ['advises on funds'] }),
  }),
  errors: ['not_found', 'unknown_reference', 'conflict', 'outside_period', 'period_overlap'],
  async run(context, { customerId, staffId, duty: wanted, reason, ...days }) {
    const { db, now, newId, actor } = context
    const staff = await lockAssignableStaff(db, staffId)
    const customer = (await lockCustomerReferences(db, [customerId])).get(customerId)
    if (!customer) throw notFound('customer')
    if (!staff)
      throw refuseField('unknown_reference', 'staffId', 'unknown_reference', 'There is no such staff member in your scope.')
    const problem = customerProblem(customer.status)
    if (problem) throw refuseField('conflict', 'customerId', problem.rule, problem.message)
    const today = await todayOf(context, customerId)
    const period = { startsOn: days.startsOn ?? today, endsOn: days.endsOn ?? null }
    requireMember({ staff, duty: wanted, ...period }, await listMembers(db, customerId), today)
    const memberId = newId()
    const { institutionPath } = customer
    const state = stateOn(period, today)
    const addedBy = actor.kind === 'staff' ? actor.id : null
    await insertMember(db, {
      customerId,
      id: memberId,
      institutionPath,
      staffId,
      duty: wanted,
      ...period,
      state,
      reason,
      addedBy,
      now,
    })
    await refreshRelationshipManagers(db, [customerId])
    context.record({
      event: 'team_member.created',
      subjectType: 'team_member',
      subjectId: memberId,
      customerId,
      changed: ['staffId', 'duty', 'startsOn', ...(period.endsOn === null ? [] : ['endsOn']), 'reason'],
    })
    return answerOne(context, view, ofCustomer(customerId, memberId))
  },
})

export const endTeamMember = viewOperation(view, {
  kind: 'command',
  name: 'endTeamMember',
  summary: 'End or revoke a membership in the maintenance team',
  description:
    'It applies until the day before the given one, which must be today or later. Without a day, an assignment that has started ends today, and one that has not is revoked as if it had never existed.',
  permission: 'assignment:write',
  domain,
  input: z.strictObject({
    customerId: id,
    teamMemberId: id,
    endsOn: daySchema.optional().meta({ description: 'First day on which it no longer applies.' }),
    expectedVersion,
  }),
  errors: ['not_found', 'already_closed', 'outside_period'],
  concurrency: 'optional',
  async run(context, { customerId, teamMemberId, endsOn, expectedVersion: expected }) {
    const { db, now } = context
    await lockCustomerReferences(db, [customerId])
    const member = (await listMembers(db, customerId)).find((one) => one.id === teamMemberId)
    if (!member) throw notFound('team member')
    checkVersion(expected, member.version)
    const today = await todayOf(context, customerId)
    const after = endedMember(member, endsOn, today)
    await updateMember(db, { customerId, id: teamMemberId }, after, now)
    await refreshRelationshipManagers(db, [customerId])
    context.record({
      event: 'team_member.ended',
      subjectType: 'team_member',
      subjectId: teamMemberId,
      customerId,
      changed: [after.state === 'cancelled' ? 'state' : 'endsOn'],
    })
    return answerOne(context, view, ofCustomer(customerId, teamMemberId))
  },
})

const suggestionView = viewNamed('TeamSuggestion')
const bestFirst: Order = {
  name: 'best',
  direction: 'asc',
  keys: (row) => [
    { expression: `${row}.mismatch`, cast: 'integer' },
    { expression: `${row}_load.customers`, cast: 'integer' },
    { expression: `${row}.number`, cast: 'text' },
    { expression: `${row}.id`, cast: 'uuid' },
  ],
}

export const teamSuggestions = pageOperation(suggestionView, {
  kind: 'query',
  name: 'teamSuggestions',
  summary: 'Suggested members for the maintenance team of a customer, with reasons',
  description:
    'Active staff in your scope who know a product family of which the customer has a product well, or who serve the customer’s industry: best matches first, and among equals those with the fewest customers. The assigned staff member and existing members are excluded.',
  permission: 'assignment:write',
  domain,
  alsoNeeds: () => ['assignment:write', 'holding:read'],
  input: z.strictObject({
    customerId: id,
    institutionId: id.optional().meta({ description: 'Of this institution and all below it.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found', 'unknown_reference'],
  lane: 'pool',
  async run(context, { customerId, institutionId, ...page }) {
    const { db, today } = context
    const path = await subtreePath(db, institutionId)
    return answerPage(context, suggestionView, {
      ...page,
      from: suggestionsFrom(customerId, today),
      order: bestFirst,
      where: (row, bind) => [
        scopeCondition(`${row}.institution_path`),
        ...(path === undefined ? [] : [inSubtree(`${row}.institution_path`, path, bind)]),
      ],
      async orRefuse() {
        if (!(await seesCustomer(db, customerId))) throw notFound('customer')
      },
    })
  },
})

export const teamOperations = [teamMember, maintenanceTeam, addTeamMember, endTeamMember, teamSuggestions]
