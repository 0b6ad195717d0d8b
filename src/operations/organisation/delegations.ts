import { idsEqual, textsEqual, all, withId, orderBy } from '../../db/platform/views/conditions.ts'
import { ofStaffUnder, runsOn } from '../../db/organisation/delegations.ts'
import { checkVersion } from '../platform/versions.ts'
import { subtreePath } from './references.ts'
import { z } from 'zod'
import {
  delegationEnding,
  delegationRefusal,
  delegationStatuses,
  requireActiveDelegation,
} from '../../core/organisation/delegations.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { remark } from '../../core/kernel/scalars.ts'
import {
  insertDelegation,
  listCovers,
  lockDelegates,
  lockDelegation,
  revokeDelegation as saveRevoked,
  shortenDelegation,
  lockDelegations,
} from '../../db/organisation/delegations.ts'
import { incrementDirectoryVersion } from '../../db/platform/directory.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'

const delegationView = viewNamed('Delegation')

export const delegatePortfolio = viewOperation(delegationView, {
  kind: 'command',
  name: 'delegatePortfolio',
  summary: 'Delegate a portfolio to a deputy',
  description:
    'From the first day until the day before the last given one, the deputy sees and works the portfolio itself, but not the portfolios that its relationship manager covers for others. Delegations of one person must not overlap, and no chain of delegations may lead back to the absent person.',
  permission: 'delegation:write',
  domain: 'Customer Relationship Management',
  input: z.strictObject({
    staffId: id.meta({ description: 'The absent staff member.' }),
    deputyId: id.meta({ description: 'The deputy.' }),
    startsOn: daySchema.meta({ description: 'First day.' }),
    endsOn: daySchema.meta({ description: 'First day on which it no longer applies.' }),
    reason: remark(500)
      .min(3)
      .meta({ description: 'The reason.', examples: ['annual leave'] }),
  }),
  errors: ['not_found', 'period_overlap', 'outside_period', 'conflict', 'cycle'],
  async run(context, { staffId, deputyId, startsOn, endsOn, reason }) {
    const { db, now, today, newId } = context
    await lockDelegations(db)
    const { absent, deputy } = await lockDelegates(db, staffId, deputyId)
    if (!absent || !deputy) throw notFound('staff member')
    const existing = await listCovers(db, startsOn, endsOn)
    const refusal = delegationRefusal({ absent, deputy, startsOn, endsOn, today, existing })
    if (refusal) throw refusal
    const delegationId = newId()
    await insertDelegation(db, { id: delegationId, staffId, deputyId, startsOn, endsOn, reason, now }).catch((error: unknown) => {
      if (brokenConstraint(error) === 'delegation_period_excl')
        throw new DomainError('period_overlap', 'Another deputy already covers for them in part of this period.')
      throw error
    })
    await incrementDirectoryVersion(db)
    context.record({
      event: 'delegation.created',
      subjectType: 'delegation',
      subjectId: delegationId,
      changed: ['staffId', 'deputyId', 'startsOn', 'endsOn', 'reason'],
    })
    return answerOne(context, delegationView, withId(delegationId))
  },
})

/** The delegation, held and of the version that was seen. */
async function holdDelegation({ db }: Context, delegationId: string, expected: number | undefined) {
  const delegation = await lockDelegation(db, delegationId)
  if (!delegation) throw notFound('delegation')
  checkVersion(expected, delegation.version)
  return delegation
}

export const revokeDelegation = viewOperation(delegationView, {
  kind: 'command',
  name: 'revokeDelegation',
  summary: 'Revoke a delegation immediately',
  description: 'The deputy no longer sees the portfolio from the next request.',
  permission: 'delegation:write',
  domain: 'Customer Relationship Management',
  input: z.strictObject({ delegationId: id, expectedVersion }),
  errors: ['not_found', 'already_closed'],
  concurrency: 'optional',
  async run(context, { delegationId, expectedVersion: expected }) {
    requireActiveDelegation(await holdDelegation(context, delegationId, expected), context.today)
    return revoke(context, delegationId)
  },
})

async function revoke(context: Context, delegationId: string) {
  await saveRevoked(context.db, delegationId, context.today, context.now)
  await incrementDirectoryVersion(context.db)
  context.record({ event: 'delegation.revoked', subjectType: 'delegation', subjectId: delegationId, changed: ['status'] })
  return answerOne(context, delegationView, withId(delegationId))
}

export const endDelegation = viewOperation(delegationView, {
  kind: 'command',
  name: 'endDelegation',
  summary: 'End a delegation early',
  description:
    'It applies until the day before the given one, which must be today or later; without a day, one that has started ends today. One that would apply on no day is revoked.',
  permission: 'delegation:write',
  domain: 'Customer Relationship Management',
  input: z.strictObject({
    delegationId: id,
    endsOn: daySchema.optional().meta({ description: 'First day on which it no longer applies.' }),
    expectedVersion,
  }),
  errors: ['not_found', 'already_closed', 'outside_period'],
  concurrency: 'optional',
  async run(context, { delegationId, endsOn, expectedVersion: expected }) {
    const { db, now, today } = context
    const ending = delegationEnding(await holdDelegation(context, delegationId, expected), endsOn, today)
    if ('status' in ending) return revoke(context, delegationId)
    await shortenDelegation(db, delegationId, ending.endsOn, now)
    await incrementDirectoryVersion(db)
    context.record({ event: 'delegation.updated', subjectType: 'delegation', subjectId: delegationId, changed: ['endsOn'] })
    return answerOne(context, delegationView, withId(delegationId))
  },
})

export const delegation = viewOperation(delegationView, {
  kind: 'query',
  name: 'delegation',
  summary: 'One delegation',
  description: 'With the absent staff member and the deputy.',
  permission: 'organisation:read',
  domain: 'Customer Relationship Management',
  input: z.strictObject({ delegationId: id }),
  errors: ['not_found'],
  run: (context, { delegationId }) => answerOne(context, delegationView, withId(delegationId)),
})

export const delegations = pageOperation(delegationView, {
  kind: 'query',
  name: 'delegations',
  summary: 'Delegations: current, past and future',
  description: 'Latest start first, revoked ones included.',
  permission: 'organisation:read',
  domain: 'Customer Relationship Management',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'Of staff in this institution and all below it.' }),
    staffId: id.optional().meta({ description: 'Of this absent staff member.' }),
    deputyId: id.optional().meta({ description: 'With this deputy.' }),
    status: z.enum(delegationStatuses).optional().meta({ description: 'Active, or revoked.' }),
    on: daySchema.optional().meta({ description: 'Whose period includes this day.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  async run(context, { institutionId, staffId, deputyId, status, on, ...page }) {
    const path = await subtreePath(context.db, institutionId)
    return answerPage(context, delegationView, {
      ...page,
      order: orderBy('starts_on', 'desc', [
        ['starts_on', 'date'],
        ['id', 'uuid'],
      ]),
      where: all(ofStaffUnder(path), idsEqual({ staff_id: staffId, deputy_id: deputyId }), textsEqual({ status }), runsOn(on)),
    })
  },
})

export const delegationOperations = [delegatePortfolio, endDelegation, revokeDelegation, delegation, delegations]
