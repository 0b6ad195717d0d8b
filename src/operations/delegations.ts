import { z } from 'zod'
import { delegationRefusal } from '../core/delegations.ts'
import { DomainError, notFound } from '../core/errors.ts'
import { insertDelegation, lockDelegation, lockDelegates, revokeDelegation as saveRevoked } from '../db/delegations.ts'
import { raiseDirectoryVersion } from '../db/directory.ts'
import { brokenConstraint } from '../db/failures.ts'
import { viewNamed } from '../db/views/all.ts'
import { viewOperation } from './operation.ts'
import { answerOne } from './reading.ts'
import { daySchema, expectedVersion, id } from './scalars.ts'

const delegationView = viewNamed('Delegation')

export const delegatePortfolio = viewOperation(delegationView, {
  kind: 'command',
  name: 'delegatePortfolio',
  summary: 'Let a colleague cover an absent relationship manager',
  description:
    'From the first day on until the day before the last named one the deputy sees and works the portfolio. Periods of one person do not overlap; nobody covers for somebody who covers for them.',
  permission: 'delegation:write',
  domain: 'Customer Relationship Management',
  input: z.strictObject({
    staffId: id.meta({ description: 'Who is away.' }),
    deputyId: id.meta({ description: 'Who covers.' }),
    startsOn: daySchema.meta({ description: 'First day.' }),
    endsOn: daySchema.meta({ description: 'First day on which it holds no more.' }),
    reason: z
      .string()
      .trim()
      .min(3)
      .max(500)
      .meta({ description: 'Why.', examples: ['annual leave'] }),
  }),
  errors: ['not_found', 'period_overlap', 'outside_period', 'conflict', 'cycle'],
  async run(context, { staffId, deputyId, startsOn, endsOn, reason }) {
    const { db, now, today, newId } = context
    const { absent, deputy, reverse } = await lockDelegates(db, staffId, deputyId, startsOn, endsOn)
    if (!absent || !deputy) throw notFound('staff member')
    const refusal = delegationRefusal({ absent, deputy, startsOn, endsOn, today, reverse })
    if (refusal) throw refusal
    const delegationId = newId()
    await insertDelegation(db, { id: delegationId, staffId, deputyId, startsOn, endsOn, reason, now }).catch((error: unknown) => {
      if (brokenConstraint(error) === 'delegation_period_excl')
        throw new DomainError('period_overlap', 'Somebody covers for them already in part of this period.')
      throw error
    })
    await raiseDirectoryVersion(db)
    context.record({
      event: 'delegation.created',
      subjectType: 'delegation',
      subjectId: delegationId,
      changed: ['staffId', 'deputyId', 'startsOn', 'endsOn', 'reason'],
    })
    return answerOne(context, delegationView, (row, bind) => `${row}.id = ${bind(delegationId)}::uuid`)
  },
})

export const revokeDelegation = viewOperation(delegationView, {
  kind: 'command',
  name: 'revokeDelegation',
  summary: 'Take a delegation back at once',
  description: 'The deputy no longer sees the portfolio from the next request on.',
  permission: 'delegation:write',
  domain: 'Customer Relationship Management',
  input: z.strictObject({ delegationId: id, expectedVersion }),
  errors: ['not_found', 'already_closed'],
  concurrency: 'optional',
  async run(context, { delegationId, expectedVersion: expected }) {
    const { db, now } = context
    const delegation = await lockDelegation(db, delegationId)
    if (!delegation) throw notFound('delegation')
    if (expected !== undefined && expected !== delegation.version)
      throw new DomainError('version_conflict', 'It has changed since you saw it.')
    if (delegation.status === 'revoked') throw new DomainError('already_closed', 'This delegation was taken back already.')
    await saveRevoked(db, delegationId, now)
    await raiseDirectoryVersion(db)
    context.record({ event: 'delegation.revoked', subjectType: 'delegation', subjectId: delegationId, changed: ['status'] })
    return answerOne(context, delegationView, (row, bind) => `${row}.id = ${bind(delegationId)}::uuid`)
  },
})

export const delegationOperations = [delegatePortfolio, revokeDelegation]
