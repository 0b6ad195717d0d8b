import { institutionRow, staffRow, institutionTexts, staffTexts } from '../../core/organisation/organisation-rows.ts'
import { storedInstitutions, storedStaff } from '../../db/organisation/stored-rows.ts'
import { applyInstitutions } from '../../db/organisation/institution-feed.ts'
import { applyStaff } from '../../db/organisation/staff-feed.ts'
import {
  changeOperation,
  correctOperation,
  createOperation,
  required,
  type SingleWrites,
  upsertOperation,
} from '../platform/feed-writes.ts'

const institutions: SingleWrites<typeof institutionRow> = {
  noun: 'Institution',
  subject: 'institution',
  texts: institutionTexts,
  called: 'an institution',
  permission: 'organisation:write',
  domain: 'Organization Directory',
  apply: applyInstitutions,
  row: institutionRow,
  stored: storedInstitutions,
}
const staff: SingleWrites<typeof staffRow> = {
  noun: 'Staff',
  subject: 'staff',
  texts: staffTexts,
  called: 'a staff member',
  permission: 'organisation:write',
  domain: 'Employee Data Management',
  apply: applyStaff,
  row: staffRow,
  stored: storedStaff,
}
const { source: _s1, externalId: _e1, asOf: _a1, ...institutionFields } = institutionRow.shape
const { source: _s2, externalId: _e2, asOf: _a2, ...staffFields } = staffRow.shape

export const upsertInstitution = upsertOperation(institutions)
export const createInstitution = createOperation(institutions, {
  ...institutionFields,
  code: required(institutionRow.shape.code),
})
export const correctInstitution = correctOperation(institutions, institutionFields)
export const closeInstitution = changeOperation(institutions, {
  name: 'closeInstitution',
  summary: 'Close an institution',
  description: 'Refused while it has open child institutions, staff or customers.',
  concurrency: 'optional',
  final: true,
  shape: {},
  change: () => ({ status: 'closed' }),
})

export const upsertStaff = upsertOperation(staff)
export const createStaff = createOperation(staff, { ...staffFields, number: required(staffRow.shape.number) })
export const correctStaff = correctOperation(staff, staffFields)
export const deactivateStaff = changeOperation(staff, {
  name: 'deactivateStaff',
  summary: 'Deactivate a staff member',
  description: 'Their tokens are refused from the next request.',
  concurrency: 'optional',
  final: true,
  shape: {},
  change: () => ({ status: 'inactive' }),
})

export const institutionWrites = [
  upsertInstitution,
  createInstitution,
  correctInstitution,
  closeInstitution,
  upsertStaff,
  createStaff,
  correctStaff,
  deactivateStaff,
]
