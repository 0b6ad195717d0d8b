import { textsEqual, all, withId, oneOf, holds, under, orderBy } from '../../db/platform/views/conditions.ts'
import { subtreePath } from './references.ts'
import { z } from 'zod'
import { institutionKinds, institutionStatuses, staffStatuses } from '../../core/organisation/institutions.ts'
import { roles } from '../../core/kernel/permissions.ts'
import { viewNamed } from '../../db/views.ts'
import { pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

const institutionView = viewNamed('Institution')
const staffView = viewNamed('Staff')

export const institution = viewOperation(institutionView, {
  kind: 'query',
  name: 'institution',
  summary: 'One institution',
  description: 'Every caller who may read the organisation can read every institution of the bank.',
  permission: 'organisation:read',
  domain: 'Organization Directory',
  input: z.strictObject({ institutionId: id }),
  errors: ['not_found'],
  run: (context, { institutionId }) => answerOne(context, institutionView, withId(institutionId)),
})

export const institutions = pageOperation(institutionView, {
  kind: 'query',
  name: 'institutions',
  summary: 'Institutions by subtree, kind and status',
  description: 'Ordered by code.',
  permission: 'organisation:read',
  domain: 'Organization Directory',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'This institution and all below it.' }),
    code: z.string().min(1).max(64).optional().meta({ description: 'With this code.' }),
    kind: z.array(z.enum(institutionKinds)).min(1).max(4).optional().meta({ description: 'Of these kinds.' }),
    status: z.enum(institutionStatuses).optional().meta({ description: 'With this status.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  async run(context, { institutionId, code, kind, status, ...page }) {
    const path = await subtreePath(context.db, institutionId)
    return answerPage(context, institutionView, {
      ...page,
      order: orderBy('code', 'asc', [
        ['code', 'text'],
        ['id', 'uuid'],
      ]),
      where: all(under('path', path), textsEqual({ code, status }), oneOf('kind', kind)),
    })
  },
})

export const staffMember = viewOperation(staffView, {
  kind: 'query',
  name: 'staffMember',
  summary: 'One staff member',
  description: 'With roles, home institution and the periods in which colleagues cover them.',
  permission: 'organisation:read',
  domain: 'Employee Data Management',
  input: z.strictObject({ staffId: id }),
  errors: ['not_found'],
  run: (context, { staffId }) => answerOne(context, staffView, withId(staffId)),
})

export const staffMembers = pageOperation(staffView, {
  kind: 'query',
  name: 'staffMembers',
  summary: 'Staff by institution, role and status',
  description: 'Ordered by staff number.',
  permission: 'organisation:read',
  domain: 'Employee Data Management',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'Of this institution and all below it.' }),
    number: z.string().min(1).max(64).optional().meta({ description: 'With this number.' }),
    role: z.enum(roles).optional().meta({ description: 'With this role.' }),
    status: z.enum(staffStatuses).optional().meta({ description: 'With this status.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  async run(context, { institutionId, number, role, status, ...page }) {
    const path = await subtreePath(context.db, institutionId)
    return answerPage(context, staffView, {
      ...page,
      order: orderBy('number', 'asc', [
        ['number', 'text'],
        ['id', 'uuid'],
      ]),
      where: all(under('institution_path', path), textsEqual({ number, status }), holds('roles', role)),
    })
  },
})

export const organisationOperations = [institution, institutions, staffMember, staffMembers]
