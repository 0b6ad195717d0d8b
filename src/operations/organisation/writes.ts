import { feedRows } from '../../core/feeds/rows.ts'
import { applyInstitutions } from '../../db/organisation/institution-feed.ts'
import { applyProducts } from '../../db/feeds/products.ts'
import { applyStaff } from '../../db/organisation/staff-feed.ts'
import {
  changeOperation,
  correctOperation,
  createOperation,
  required,
  type SingleWrites,
  upsertOperation,
} from '../platform/feed-writes.ts'

const institutions: SingleWrites<'institutions'> = {
  entity: 'institutions',
  noun: 'Institution',
  called: 'an institution',
  permission: 'organisation:write',
  domain: 'Organization Directory',
  apply: applyInstitutions,
}
const staff: SingleWrites<'staff'> = {
  entity: 'staff',
  noun: 'Staff',
  called: 'a staff member',
  permission: 'organisation:write',
  domain: 'Employee Data Management',
  apply: applyStaff,
}
const products: SingleWrites<'products'> = {
  entity: 'products',
  noun: 'Product',
  called: 'a product',
  permission: 'product:write',
  domain: 'Product Directory',
  apply: applyProducts,
}

const { source: _s1, externalId: _e1, asOf: _a1, ...institutionFields } = feedRows.institutions.shape
const { source: _s2, externalId: _e2, asOf: _a2, ...staffFields } = feedRows.staff.shape
const { source: _s3, externalId: _e3, asOf: _a3, ...productFields } = feedRows.products.shape

export const upsertInstitution = upsertOperation(institutions)
export const createInstitution = createOperation(institutions, {
  ...institutionFields,
  code: required(feedRows.institutions.shape.code),
})
export const correctInstitution = correctOperation(institutions, institutionFields)
export const closeInstitution = changeOperation(institutions, {
  name: 'closeInstitution',
  summary: 'Close an institution',
  description: 'Refused while it has open institutions below it, staff or customers.',
  concurrency: 'optional',
  final: true,
  shape: {},
  change: () => ({ status: 'closed' }),
})

export const upsertStaff = upsertOperation(staff)
export const createStaff = createOperation(staff, { ...staffFields, number: required(feedRows.staff.shape.number) })
export const correctStaff = correctOperation(staff, staffFields)
export const deactivateStaff = changeOperation(staff, {
  name: 'deactivateStaff',
  summary: 'End a staff member’s access',
  description: 'From the next request on their tokens are refused.',
  concurrency: 'optional',
  final: true,
  shape: {},
  change: () => ({ status: 'inactive' }),
})

export const upsertProduct = upsertOperation(products)
export const createProduct = createOperation(products, { ...productFields, code: required(feedRows.products.shape.code) })
export const correctProduct = correctOperation(products, productFields)
export const closeProduct = changeOperation(products, {
  name: 'closeProduct',
  summary: 'Take a product off the market',
  description: 'Holdings of it stay as they are.',
  concurrency: 'optional',
  final: true,
  shape: {},
  change: () => ({ status: 'closed' }),
})

export const organisationWrites = [
  upsertInstitution,
  createInstitution,
  correctInstitution,
  closeInstitution,
  upsertStaff,
  createStaff,
  correctStaff,
  deactivateStaff,
  upsertProduct,
  createProduct,
  correctProduct,
  closeProduct,
]
