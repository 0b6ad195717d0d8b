import { idsEqual, textsEqual, all, ofCustomer, under, orderBy } from '../../db/platform/views/conditions.ts'
import { conflictsInStatus, ofRelationshipManager } from '../../db/dossier/customer-profiles.ts'
import { ownedInReach } from '../../db/dossier/reach.ts'
import { checkVersion } from '../platform/versions.ts'
import { requireStaffMember, subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { profileConflictStatuses, feedFieldCodes, fieldOfCode, type ProfileField } from '../../core/dossier/profiles.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { findOwned, updateOwned } from '../../db/platform/owned-rows.ts'
import { profileConflict } from '../../db/dossier/schema/profiles.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'
import { verification, type Values, lockCustomer, requirePerson, revise, writeErrors } from './profiles.ts'

const domain = 'Party Reference Data Directory'
const conflictView = viewNamed('ProfileConflict')

const byPlace = orderBy('place', 'asc', [
  ['institution_path', 'text'],
  ['customer_id', 'uuid'],
  ['id', 'uuid'],
])

export const profileConflicts = pageOperation(conflictView, {
  kind: 'query',
  name: 'profileConflicts',
  summary: 'Conflicting values: feeds against people',
  description:
    'Values that feeds sent for fields verified by a person, of customers in your scope, ordered by institution and customer. Open ones wait to be accepted or dismissed.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({
    customerId: id.optional().meta({ description: 'Of this customer.' }),
    institutionId: id.optional().meta({ description: 'Of customers of this institution and all below it.' }),
    relationshipManagerId: id.optional().meta({ description: 'Of customers assigned to this staff member.' }),
    field: z.enum(feedFieldCodes).optional().meta({ description: 'Of this field.' }),
    status: z.enum(profileConflictStatuses).default('open').meta({ description: 'With this status.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found', 'unknown_reference'],
  async run(context, { customerId, institutionId, relationshipManagerId, field, status, ...page }) {
    const { db, scope } = context
    const subtree = await subtreePath(context.db, institutionId)
    return answerPage(context, conflictView, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: all(
        conflictsInStatus(status),
        ownedInReach(scope),
        idsEqual({ customer_id: customerId }),
        under('institution_path', subtree),
        ofRelationshipManager(relationshipManagerId),
        textsEqual({ field }),
      ),
      async orRefuse() {
        if (customerId !== undefined && !(await seesCustomer(db, customerId))) throw notFound('customer')
        await requireStaffMember(db, 'relationshipManagerId', relationshipManagerId)
      },
    })
  },
})

const decisionInput = { customerId: id, profileConflictId: id }

/** Holds the customer and settles the conflict, which is open. Throws `not_found`, `version_conflict` and `already_closed`. */
async function decideConflict(
  context: Context,
  customerId: string,
  conflictId: string,
  status: 'accepted' | 'dismissed',
  expected: number | undefined,
) {
  const { db, now, actor, record } = context
  const stored = await lockCustomer(context, customerId)
  const found = await findOwned(db, profileConflict, { customerId, id: conflictId })
  if (!found) throw notFound('profile conflict')
  checkVersion(expected, found.version)
  if (found.status !== 'open') throw new DomainError('already_closed', `Already ${found.status}.`)
  await updateOwned(
    db,
    profileConflict,
    { customerId, id: conflictId },
    {
      status,
      decidedAt: now,
      decidedBy: actor.kind === 'staff' ? actor.id : null,
    },
  )
  record({
    event: `profile_conflict.${status}`,
    subjectType: 'profile_conflict',
    subjectId: conflictId,
    customerId,
    changed: ['status'],
  })
  return { stored, conflict: found }
}

export const acceptProfileConflict = viewOperation(conflictView, {
  kind: 'command',
  name: 'acceptProfileConflict',
  summary: 'Accept the feed value of a profile conflict',
  description:
    'The field takes the value that was sent, with its source and timestamp. It counts as verified only if `verification` is given; otherwise the feed continues to set it.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ ...decisionInput, verification: verification.optional(), expectedVersion }),
  errors: [...writeErrors, 'already_closed'],
  concurrency: 'optional',
  async run(context, { customerId, profileConflictId, verification: how, expectedVersion: expected }) {
    const { stored, conflict } = await decideConflict(context, customerId, profileConflictId, 'accepted', expected)
    requirePerson(context, 'profileConflictId')
    const origin = { source: conflict.source, asOf: new Date(conflict.asOf).toISOString() }
    const values = valuesFrom(fieldOfCode(conflict.field), conflict.valueSent)
    await revise(context, customerId, stored, values, { clearFields: [], verification: how, origin }, 'profile.revised')
    return answerOne(context, conflictView, ofCustomer(customerId, profileConflictId))
  },
})

function valuesFrom(field: ProfileField, value: string): Values {
  const [registeredCapital, registeredCapitalCurrency] = value.split(' ')
  return field === 'registeredCapital' ? { registeredCapital, registeredCapitalCurrency } : { [field]: value }
}

export const dismissProfileConflict = viewOperation(conflictView, {
  kind: 'command',
  name: 'dismissProfileConflict',
  summary: 'Keep the stored value of a profile conflict',
  description: 'The conflict appears again only if that source sends another value.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ ...decisionInput, expectedVersion }),
  errors: ['not_found', 'conflict', 'already_closed'],
  concurrency: 'optional',
  async run(context, { customerId, profileConflictId, expectedVersion: expected }) {
    await decideConflict(context, customerId, profileConflictId, 'dismissed', expected)
    return answerOne(context, conflictView, ofCustomer(customerId, profileConflictId))
  },
})

export const profileConflictOperations = [profileConflicts, acceptProfileConflict, dismissProfileConflict]
