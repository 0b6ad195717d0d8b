import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { checkVersion } from '../platform/versions.ts'
import { requirePast } from '../../core/kernel/periods.ts'
import { z } from 'zod'
import { otherCustomerNotFound, requireOpenRecord } from '../../core/dossier/record-rules.ts'
import { notFound, refuseField } from '../../core/kernel/errors.ts'
import { day, distinct, singleLine, remark } from '../../core/kernel/scalars.ts'
import {
  counterpartLevels,
  keyPersonRoles,
  keyPersonStatuses,
  requireBirthday,
  requireBusiness,
  requirePerson,
} from '../../core/dossier/key-people.ts'
import { normaliseEmail, normalisePhone } from '../../core/kernel/phones.ts'
import { requireActive } from '../../core/dossier/relationships.ts'
import { foldName } from '../../core/kernel/text.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { hasRecordElsewhere, sealKeyPersonContact } from '../../db/dossier/key-people.ts'
import { staffExists } from '../../db/organisation/institutions.ts'
import { findOwned, insertOwned, updateOwned } from '../../db/platform/owned-rows.ts'
import { keyPerson as table, sharedKeyPerson as sharedTable } from '../../db/dossier/schema/people.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id, noteText } from '../platform/scalars.ts'
import { dossierQueries } from './under-customer.ts'

const view = viewNamed('KeyPerson')
const sharedView = viewNamed('SharedKeyPerson')
const domain = 'Party Reference Data Directory'

const role = z.enum(keyPersonRoles).meta({ description: 'Role in the company’s decisions.' })

const position = {
  title: remark(100).optional().meta({ description: 'Job title there.' }),
  counterpartStaffId: id.optional().meta({ description: 'The staff member who holds the relation with them.' }),
  counterpartLevel: z
    .enum(counterpartLevels)
    .optional()
    .meta({ description: 'Level of the bank at which the relation is held.' }),
}

const texts = (description: string) => distinct(remark(100), 20).optional().meta({ description })

const particulars = {
  ...position,
  phone: singleLine(40).optional().meta({ description: 'Phone; Chinese if it has no country code. Stored encrypted.' }),
  email: singleLine(254).optional().meta({ description: 'E-mail address. Stored encrypted.' }),
  birthMonth: z.int().min(1).max(12).optional().meta({ description: 'Month of the birthday.' }),
  birthDay: z.int().min(1).max(31).optional().meta({ description: 'Day of the birthday.' }),
  birthYear: z.int().min(1800).max(9999).optional().meta({ description: 'Year of birth, if known.' }),
  career: noteText.optional().meta({ description: 'Previous career.' }),
  offices: texts('Offices held elsewhere.'),
  honours: texts('Honours received.'),
  interests: texts('Interests.'),
  personCustomerId: id.optional().meta({ description: 'Their own customer record, if they are a customer too.' }),
}

const name = singleLine(100).meta({ description: 'Name of the person.' })
const endedOn = day
  .optional()
  .meta({ description: 'First day on which it no longer applies, not in the future; today by default.' })

export const [keyPerson, keyPeople] = dossierQueries({
  view: 'KeyPerson',
  domain,
  one: {
    name: 'keyPerson',
    summary: 'One key person of a company or sole trader',
    description: 'With the staff member who holds the relation, and the person’s own customer record if in your scope.',
  },
  many: {
    name: 'keyPeople',
    summary: 'Key people of a company or sole trader, including former ones',
    description: 'Latest recorded first. Key people whose record belongs to another company are shared key people.',
  },
  filters: {
    role: z.enum(keyPersonRoles).optional().meta({ description: 'In this role.' }),
    status: z.enum(keyPersonStatuses).optional().meta({ description: 'Current, or former.' }),
  },
})

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

interface Particulars {
  readonly name?: string | undefined
  readonly phone?: string | undefined
  readonly email?: string | undefined
  readonly counterpartStaffId?: string | undefined
  readonly personCustomerId?: string | undefined
}

/** The business under which something is written, held, with the person's own record where one is named. */
async function lockBusiness({ db }: Context, customerId: string, personCustomerId: string | undefined) {
  const locked = await lockCustomerReferences(db, [customerId, ...(personCustomerId === undefined ? [] : [personCustomerId])])
  const customer = locked.get(customerId)
  if (!customer) throw notFound('customer')
  if (personCustomerId !== undefined) {
    const person = locked.get(personCustomerId)
    if (!person) throw otherCustomerNotFound('personCustomerId')
    requirePerson(person.kind, 'personCustomerId')
  }
  return customer
}

/** Who is a customer too has one record in the bank, as far as the caller sees. */
async function requireOneRecord({ db }: Context, personCustomerId: string | undefined, besideId?: string): Promise<void> {
  if (personCustomerId !== undefined && (await hasRecordElsewhere(db, personCustomerId, besideId)))
    throw refuseField(
      'conflict',
      'personCustomerId',
      'duplicate_person',
      'There is already a record of this person: share that one.',
    )
}

async function requireStaff({ db }: Context, staffId: string | undefined): Promise<void> {
  if (staffId !== undefined && !(await staffExists(db, staffId)))
    throw refuseField('unknown_reference', 'counterpartStaffId', 'unknown_reference', 'There is no such staff member.')
}

/** What is said of a person as it is stored: names folded, phone and e-mail normalised and sealed. */
async function storedForm({ db, vault }: Context, customerId: string, personId: string, { phone, email, ...given }: Particulars) {
  const contact = {
    phone: normalised('phone', phone, normalisePhone, 'Must be a valid phone number of a known numbering plan.'),
    email: normalised('email', email, normaliseEmail, 'Must be an e-mail address.'),
  }
  return {
    ...given,
    ...(given.name !== undefined && { nameFolded: foldName(given.name) }),
    ...(await sealKeyPersonContact(db, vault, customerId, personId, contact)),
  }
}

function normalised(
  field: string,
  text: string | undefined,
  normalise: (text: string) => string | undefined,
  message: string,
): string | undefined {
  if (text === undefined) return undefined
  const value = normalise(text)
  if (value === undefined) throw refuseField('invalid_input', field, field, message)
  return value
}

function refuseSecond(field: string, message: string) {
  return (error: unknown): never => {
    if (brokenConstraint(error)?.includes('key_person_')) throw refuseField('conflict', field, 'duplicate', message)
    throw error
  }
}

const refuseSamePerson = refuseSecond('personCustomerId', 'This customer is already a key person of the company.')
const refuseSharedTwice = refuseSecond('keyPersonId', 'This person is already a key person of the company.')

export const createKeyPerson = viewOperation(view, {
  kind: 'command',
  name: 'createKeyPerson',
  summary: 'Record a key person of a company or sole trader',
  description:
    'Phone and e-mail address are stored encrypted and shown masked. A person who serves several companies has one record, under the first company: share it with the others. A person who is a customer too is linked to their own record, which must be in your scope.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: id, name, role, ...particulars }),
  errors: ['not_found', 'conflict', 'unknown_reference', 'outside_period'],
  async run(context, { customerId, ...given }) {
    const { db, now, today, newId } = context
    requireBirthday(given, today)
    const customer = await lockBusiness(context, customerId, given.personCustomerId)
    requireOpenRecord(customer.status, 'customerId')
    requireBusiness(customer.kind, 'customerId')
    await requireStaff(context, given.counterpartStaffId)
    await requireOneRecord(context, given.personCustomerId)
    const personId = newId()
    await insertOwned(db, table, {
      customerId,
      id: personId,
      institutionPath: customer.institutionPath,
      ...(await storedForm(context, customerId, personId, given)),
      status: 'active',
      createdAt: now,
      updatedAt: now,
    }).catch(refuseSamePerson)
    context.record({
      event: 'key_person.created',
      subjectType: 'key_person',
      subjectId: personId,
      customerId,
      changed: Object.keys(given),
    })
    return answerOne(context, view, ofCustomer(customerId, personId))
  },
})

/** Reads something and holds the customer it belongs to. */
async function lockUnder<T extends typeof table | typeof sharedTable>(
  context: Context,
  stored: T,
  address: { readonly customerId: string; readonly id: string },
  what: string,
  { expected, personCustomerId }: { readonly expected: number | undefined; readonly personCustomerId?: string | undefined },
): Promise<T['$inferSelect']> {
  await lockBusiness(context, address.customerId, personCustomerId)
  const found = await findOwned(context.db, stored, address)
  if (!found) throw notFound(what)
  checkVersion(expected, found.version)
  requireActive(found.status)
  return found
}

export const correctKeyPerson = viewOperation(view, {
  kind: 'command',
  name: 'correctKeyPerson',
  summary: 'Correct a key person',
  description:
    'Changes the given fields and leaves the others, for every company that shares the record. Requires the version that was read.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    keyPersonId: id,
    name: name.optional(),
    role: role.optional(),
    ...particulars,
    expectedVersion,
  }),
  errors: ['not_found', 'conflict', 'unknown_reference', 'outside_period', 'already_closed'],
  concurrency: 'required',
  async run(context, { customerId, keyPersonId, expectedVersion: expected, ...given }) {
    const { db, now, today } = context
    const address = { customerId, id: keyPersonId }
    const { personCustomerId } = given
    const stored = await lockUnder(context, table, address, 'key person', { expected, personCustomerId })
    requireBirthday({ ...birthdayOf(stored), ...birthdayOf(given) }, today)
    await requireStaff(context, given.counterpartStaffId)
    await requireOneRecord(context, personCustomerId, keyPersonId)
    const changed = await storedForm(context, customerId, keyPersonId, given)
    await updateOwned(db, table, address, { ...changed, updatedAt: now }).catch(refuseSamePerson)
    context.record({
      event: 'key_person.updated',
      subjectType: 'key_person',
      subjectId: keyPersonId,
      customerId,
      changed: Object.keys(given),
    })
    return answerOne(context, view, ofCustomer(customerId, keyPersonId))
  },
})

/** The parts of a birthday that are said. */
function birthdayOf(given: { readonly [part in 'birthMonth' | 'birthDay' | 'birthYear']?: number | null | undefined }) {
  const parts = { birthMonth: given.birthMonth, birthDay: given.birthDay, birthYear: given.birthYear }
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value != null))
}

export const endKeyPerson = viewOperation(view, {
  kind: 'command',
  name: 'endKeyPerson',
  summary: 'End a key person’s role at a company',
  description: 'The record stays, also for the companies that share it.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: id, keyPersonId: id, endedOn, expectedVersion }),
  errors: ['not_found', 'already_closed', 'outside_period'],
  concurrency: 'optional',
  async run(context, { customerId, keyPersonId, endedOn: on, expectedVersion: expected }) {
    const { db, now, today } = context
    const address = { customerId, id: keyPersonId }
    await lockUnder(context, table, address, 'key person', { expected })
    requirePast(on, today, 'endedOn')
    await updateOwned(db, table, address, { status: 'ended', endedOn: on ?? today, updatedAt: now })
    context.record({
      event: 'key_person.ended',
      subjectType: 'key_person',
      subjectId: keyPersonId,
      customerId,
      changed: ['status', 'endedOn'],
    })
    return answerOne(context, view, ofCustomer(customerId, keyPersonId))
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
    await requireStaff(context, given.counterpartStaffId)
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
    await lockUnder(context, sharedTable, address, 'shared key person', { expected })
    await requireStaff(context, given.counterpartStaffId)
    await updateOwned(db, sharedTable, address, { ...given, updatedAt: now })
    const changed = Object.keys(given)
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

export const endSharedKeyPerson = viewOperation(sharedView, {
  kind: 'command',
  name: 'endSharedKeyPerson',
  summary: 'End a shared key person’s role at this company',
  description: 'The record under its own company does not change.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: id, sharedKeyPersonId: id, endedOn, expectedVersion }),
  errors: ['not_found', 'already_closed', 'outside_period'],
  concurrency: 'optional',
  async run(context, { customerId, sharedKeyPersonId, endedOn: on, expectedVersion: expected }) {
    const { db, now, today } = context
    const address = { customerId, id: sharedKeyPersonId }
    await lockUnder(context, sharedTable, address, 'shared key person', { expected })
    requirePast(on, today, 'endedOn')
    await updateOwned(db, sharedTable, address, { status: 'ended', endedOn: on ?? today, updatedAt: now })
    const changed = ['status', 'endedOn']
    context.record({
      event: 'shared_key_person.ended',
      subjectType: 'shared_key_person',
      subjectId: sharedKeyPersonId,
      customerId,
      changed,
    })
    return answerOne(context, sharedView, ofCustomer(customerId, sharedKeyPersonId))
  },
})

export const keyPersonOperations = [
  keyPerson,
  keyPeople,
  createKeyPerson,
  correctKeyPerson,
  endKeyPerson,
  sharedKeyPerson,
  sharedKeyPeople,
  createSharedKeyPerson,
  correctSharedKeyPerson,
  endSharedKeyPerson,
]
