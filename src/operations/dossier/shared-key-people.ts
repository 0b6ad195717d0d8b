import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { changedFields } from '../../core/kernel/changes.ts'
import { z } from 'zod'
import { requireStaffMember } from '../organisation/references.ts'
import { otherCustomerNotFound, requireOpenRecord } from '../../core/dossier/record-rules.ts'
import { notFound, refuseField } from '../../core/kernel/errors.ts'
import { keyPersonRoles, keyPersonStatuses, requireBusiness } from '../../core/dossier/key-people.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { findOwned, insertOwned, updateOwned } from '../../db/platform/owned-rows.ts'
import { keyPerson as table, sharedKeyPerson as sharedTable } from '../../db/dossier/schema/people.ts'
import { viewNamed } from '../../db/views.ts'
import { viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'
import { domain, endRole, lockUnder, position, refuseSecond, role } from './company-roles.ts'
import { dossierQueries } from './under-customer.ts'

const sharedView = viewNamed('SharedKeyPerson')
const refuseSharedTwice = refuseSecond('keyPersonId', 'This person is already a key person of the company.')

export const [sharedKeyPerson, sharedKeyPeople] = dossierQueries({
  view: 'SharedKeyPerson',
  domain,
  one: {
    name: 'sharedKeyPerson',
    summary: 'Role at this company of a key person whose record belongs to another company',
    description: 'With the record itself, which is null if the other company is out of your scope.',
  },
  many: {
    name: 'sharedKeyPeople',
    summary: 'Key people of a company whose records belong to other companies',
    description: 'Latest recorded first.',
  },
  filters: {
    role: z.enum(keyPersonRoles).optional().meta({ description: 'In this role.' }),
    status: z.enum(keyPersonStatuses).optional().meta({ description: 'Current, or former.' }),
  },
})

export const createSharedKeyPerson = viewOperation(sharedView, {
  kind: 'command',
  name: 'createSharedKeyPerson',
  summary: 'Share a key person with another company',
  description:
    'There is still one record, under the company where it was created; this company adds the role here. Both must be in your scope.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id.meta({ description: 'The other company.' }),
    keyPersonCustomerId: id.meta({ description: 'The company to which the record belongs.' }),
    keyPersonId: id.meta({ description: 'The record.' }),
    role,
    ...position,
  }),
  errors: ['not_found', 'conflict', 'unknown_reference'],
  async run(context, { customerId, keyPersonCustomerId, keyPersonId, ...given }) {
    const { db, now, newId } = context
    if (customerId === keyPersonCustomerId)
      throw refuseField('invalid_input', 'keyPersonCustomerId', 'self', 'The record already belongs to this company.')
    const locked = await lockCustomerReferences(db, [customerId, keyPersonCustomerId])
    const customer = locked.get(customerId)
    if (!customer) throw notFound('customer')
    requireOpenRecord(customer.status, 'customerId')
    requireBusiness(customer.kind, 'customerId')
    if (!locked.has(keyPersonCustomerId)) throw otherCustomerNotFound('keyPersonCustomerId')
    if (!(await findOwned(db, table, { customerId: keyPersonCustomerId, id: keyPersonId })))
      throw refuseField('not_found', 'keyPersonId', 'not_found', 'This company has no such key person.')
    await requireStaffMember(context.db, 'counterpartStaffId', given.counterpartStaffId)
    const sharedId = newId()
    await insertOwned(db, sharedTable, {
      customerId,
      id: sharedId,
      institutionPath: customer.institutionPath,
      keyPersonCustomerId,
      keyPersonId,
      ...given,
      status: 'active',
      createdAt: now,
      updatedAt: now,
    }).catch(refuseSharedTwice)
    const changed = ['keyPersonCustomerId', 'keyPersonId', ...Object.keys(given)]
    context.record({
      event: 'shared_key_person.created',
      subjectType: 'shared_key_person',
      subjectId: sharedId,
      customerId,
      changed,
    })
    return answerOne(context, sharedView, ofCustomer(customerId, sharedId))
  },
})

export const correctSharedKeyPerson = viewOperation(sharedView, {
  kind: 'command',
  name: 'correctSharedKeyPerson',
  summary: 'Correct the role of a shared key person at this company',
  description: 'Changes the given fields and leaves the others. Requires the version that was read.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: id, sharedKeyPersonId: id, role: role.optional(), ...position, expectedVersion }),
  errors: ['not_found', 'unknown_reference', 'already_closed'],
  concurrency: 'required',
  async run(context, { customerId, sharedKeyPersonId, expectedVersion: expected, ...given }) {
    const { db, now } = context
    const address = { customerId, id: sharedKeyPersonId }
    const before = await lockUnder(context, sharedTable, address, 'shared key person', { expected })
    await requireStaffMember(context.db, 'counterpartStaffId', given.counterpartStaffId)
    await updateOwned(db, sharedTable, address, { ...given, updatedAt: now })
    const changed = changedFields(before, given)
    context.record({
      event: 'shared_key_person.updated',
      subjectType: 'shared_key_person',
      subjectId: sharedKeyPersonId,
      customerId,
      changed,
    })
    return answerOne(context, sharedView, ofCustomer(customerId, sharedKeyPersonId))
  },
})

export const endSharedKeyPerson = endRole({
  view: sharedView,
  table: sharedTable,
  save: (db, address, values) => updateOwned(db, sharedTable, address, values),
  subject: 'shared_key_person',
  noun: 'shared key person',
  summary: 'End a shared key person’s role at this company',
  description: 'The record under its own company does not change.',
})

export const sharedKeyPersonOperations = [
  sharedKeyPerson,
  sharedKeyPeople,
  createSharedKeyPerson,
  correctSharedKeyPerson,
  endSharedKeyPerson,
]
