import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { checkVersion } from '../platform/versions.ts'
import { requireOrder, requirePast } from '../../core/kernel/periods.ts'
import { z } from 'zod'
import { changedFields } from '../../core/kernel/changes.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import { otherCustomerNotFound } from '../../core/dossier/record-rules.ts'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { day } from '../../core/kernel/scalars.ts'
import {
  companyOf,
  inverseOf,
  hierarchyOf,
  type RelationshipKind,
  relationshipKinds,
  relationshipStatuses,
  requireActive,
  requireFit,
  requireRoom,
  requireSharesWithin100,
  requireTerms,
  requireDifferentCustomers,
} from '../../core/dossier/relationships.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { findOwned } from '../../db/platform/owned-rows.ts'
import {
  insertRelationship,
  lockCustomerPair,
  sharesOfOthers,
  activeRelationships,
  lockHierarchy,
  updateRelationship,
} from '../../db/dossier/relationships.ts'
import { relationship as table } from '../../db/dossier/schema/people.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id, noteText, shareText } from '../platform/scalars.ts'
import { dossierQueries } from './under-customer.ts'

const view = viewNamed('Relationship')
const domain = 'Party Reference Data Directory'

const terms = {
  share: shareText
    .optional()
    .meta({ description: 'Share of the company in percent, with at most 4 decimals.', examples: ['33.3333'] }),
  since: day.optional().meta({ description: 'First day, not in the future.' }),
  thankedOn: day.optional().meta({ description: 'Day on which the referrer was thanked.' }),
  note: noteText.optional().meta({ description: 'Note. Shown under both customers.' }),
}

export const [relationship, relationships] = dossierQueries({
  view: 'Relationship',
  domain,
  one: {
    name: 'relationship',
    summary: 'One relationship of a customer',
    description: 'With the other customer, which is null if out of your scope.',
  },
  many: {
    name: 'relationships',
    summary: 'Relationships of a customer, including ended ones',
    description: 'Latest recorded first. The other customer is null if out of your scope.',
  },
  filters: {
    kind: z.enum(relationshipKinds).optional().meta({ description: 'Of this kind.' }),
    status: z.enum(relationshipStatuses).optional().meta({ description: 'Active, or ended.' }),
  },
})

export const createRelationship = viewOperation(view, {
  kind: 'command',
  name: 'createRelationship',
  summary: 'Record a relationship between two customers',
  description:
    'Recorded under both customers, under the other one as its inverse: the parent of one has them as a child. Both must be in your scope. Refused with oneself, between kinds of customers that cannot have this relationship, if it already exists, for a second spouse, if the shares of a company exceed 100 %, and if a customer would become its own ancestor or owner.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    relatedCustomerId: id.meta({ description: 'The other customer.' }),
    kind: z.enum(relationshipKinds).meta({ description: 'Role of the other customer for this one.' }),
    ...terms,
  }),
  errors: ['not_found', 'conflict', 'cycle', 'outside_period'],
  async run(context, { customerId, relatedCustomerId, kind, ...terms }) {
    const { db, now, today, newId } = context
    requireDifferentCustomers(customerId, relatedCustomerId)
    requireTerms(kind, terms, today)
    const line = hierarchyOf(kind, customerId, relatedCustomerId)
    if (line) await lockHierarchy(db, line.kind)
    const { customer, other } = await lockCustomerPair(db, customerId, relatedCustomerId)
    if (!customer) throw notFound('customer')
    if (!other) throw otherCustomerNotFound('relatedCustomerId')
    requireFit(kind, customer, other)
    requireRoom(kind, terms.share, await activeRelationships(db, kind, customerId, relatedCustomerId, line))
    const relationshipId = newId()
    await insertRelationship(
      db,
      [
        { customerId, institutionPath: customer.institutionPath, relatedCustomerId, kind },
        {
          customerId: relatedCustomerId,
          institutionPath: other.institutionPath,
          relatedCustomerId: customerId,
          kind: inverseOf(kind),
        },
      ],
      { id: relationshipId, ...terms, status: 'active', createdAt: now, updatedAt: now },
    ).catch(refuseSecond)
    recordBoth(
      context,
      'created',
      relationshipId,
      [customerId, relatedCustomerId],
      ['kind', 'relatedCustomerId', ...Object.keys(terms)],
    )
    return answerOne(context, view, ofCustomer(customerId, relationshipId))
  },
})

function refuseSecond(error: unknown): never {
  if (brokenConstraint(error)?.startsWith('relationship_'))
    throw new DomainError('conflict', 'This relationship between the two customers already exists.')
  throw error
}

/** One entry and one event under each of the two. */
function recordBoth(
  { record }: Context,
  what: 'created' | 'updated' | 'ended',
  subjectId: string,
  customerIds: readonly string[],
  changed: readonly string[],
): void {
  for (const customerId of customerIds)
    record({ event: `relationship.${what}`, subjectType: 'relationship', subjectId, customerId, changed })
}

/** Reads a relationship and holds both its customers, who must both be in scope: what binds two is changed by those who see both. */
async function lockRelationship({ db }: Context, customerId: string, relationshipId: string, expected: number | undefined) {
  const found = await findOwned(db, table, { customerId, id: relationshipId })
  if (!found) throw notFound('relationship')
  const { customer, other } = await lockCustomerPair(db, customerId, found.relatedCustomerId)
  const stored = customer && (await findOwned(db, table, { customerId, id: relationshipId }))
  if (!stored) throw notFound('relationship')
  if (!other) throw otherCustomerNotFound('relationshipId')
  checkVersion(expected, stored.version)
  requireActive(stored.status)
  return { ...stored, kind: stored.kind as RelationshipKind, sides: [customerId, stored.relatedCustomerId] }
}

export const correctRelationship = viewOperation(view, {
  kind: 'command',
  name: 'correctRelationship',
  summary: 'Correct the share, first day or note of a relationship, or record that a referrer was thanked',
  description:
    'Changes the given fields, under both customers, who must both be in your scope. Requires the version that was read. The customers and the kind cannot change: end it and create another.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: id, relationshipId: id, ...terms, expectedVersion }),
  errors: ['not_found', 'already_closed', 'conflict', 'outside_period'],
  concurrency: 'required',
  async run(context, { customerId, relationshipId, expectedVersion: expected, ...terms }) {
    const { db, now, today } = context
    const stored = await lockRelationship(context, customerId, relationshipId, expected)
    const { kind, relatedCustomerId, sides } = stored
    requireTerms(kind, terms, today)
    const company = companyOf(kind, customerId, relatedCustomerId)
    if (company !== undefined && terms.share !== undefined)
      requireSharesWithin100(terms.share, await sharesOfOthers(db, company, relationshipId))
    await updateRelationship(db, relationshipId, sides, { ...terms, updatedAt: now })
    recordBoth(context, 'updated', relationshipId, sides, changedFields(stored, terms))
    return answerOne(context, view, ofCustomer(customerId, relationshipId))
  },
})

export const endRelationship = viewOperation(view, {
  kind: 'command',
  name: 'endRelationship',
  summary: 'End a relationship',
  description: 'It stays readable under both customers, who must both be in your scope.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    relationshipId: id,
    endedOn: day
      .optional()
      .meta({ description: 'First day on which it no longer applies, not in the future; today by default.' }),
    expectedVersion,
  }),
  errors: ['not_found', 'already_closed', 'outside_period'],
  concurrency: 'optional',
  async run(context, { customerId, relationshipId, endedOn, expectedVersion: expected }) {
    const { db, now, today } = context
    const stored = await lockRelationship(context, customerId, relationshipId, expected)
    const { since, sides } = stored
    const last: Day = endedOn ?? today
    requirePast(last, today, 'endedOn')
    requireOrder(since, last, 'endedOn')
    const ended = { status: 'ended', endedOn: last } as const
    await updateRelationship(db, relationshipId, sides, { ...ended, updatedAt: now })
    recordBoth(context, 'ended', relationshipId, sides, changedFields(stored, ended))
    return answerOne(context, view, ofCustomer(customerId, relationshipId))
  },
})

export const relationshipOperations = [relationship, relationships, createRelationship, correctRelationship, endRelationship]
