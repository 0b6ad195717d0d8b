import { ofCustomer } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import { requireStaffMember } from '../organisation/references.ts'
import { requireOpenRecord } from '../../core/dossier/record-rules.ts'
import { refuseField } from '../../core/kernel/errors.ts'
import { distinct, singleLine, remark } from '../../core/kernel/scalars.ts'
import { keyPersonRoles, keyPersonStatuses, requireBirthday, requireBusiness } from '../../core/dossier/key-people.ts'
import { normaliseContact } from '../../core/dossier/identity.ts'
import { readClearValue } from '../../db/dossier/identity.ts'
import { changedFields } from '../../core/kernel/changes.ts'
import { foldName } from '../../core/kernel/text.ts'
import { hasRecordElsewhere, sealKeyPersonContact } from '../../db/dossier/key-people.ts'
import { insertOwned, updateOwned } from '../../db/platform/owned-rows.ts'
import { keyPerson as table } from '../../db/dossier/schema/people.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id, noteText } from '../platform/scalars.ts'
import { domain, endRole, lockBusiness, lockUnder, position, refuseSecond, role, type RowAddress } from './company-roles.ts'
import { dossierQueries } from './under-customer.ts'

const view = viewNamed('KeyPerson')
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

interface Particulars {
  readonly name?: string | undefined
  readonly phone?: string | undefined
  readonly email?: string | undefined
  readonly counterpartStaffId?: string | undefined
  readonly personCustomerId?: string | undefined
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

/** The particulars as they are stored: names folded, phone and e-mail normalised and encrypted. */
async function storedForm({ db, vault }: Context, customerId: string, personId: string, whole: Particulars) {
  const { phone: _phone, email: _email, ...given } = whole
  return {
    ...given,
    ...(given.name !== undefined && { nameFolded: foldName(given.name) }),
    ...(await sealKeyPersonContact(db, vault, customerId, personId, normalisedContact(whole))),
  }
}

/** Phone and e-mail as they are stored, of those that are given. Throws `invalid_input`. */
function normalisedContact({ phone, email }: Particulars) {
  return {
    ...(phone !== undefined && { phone: normaliseContact('phone', phone, 'phone') }),
    ...(email !== undefined && { email: normaliseContact('email', email, 'email') }),
  }
}

/** Phone and e-mail as they are stored now, of those that are given. */
async function clearContact({ db, vault }: Context, { customerId, id: personId }: RowAddress, { phone, email }: Particulars) {
  return {
    ...(phone !== undefined && { phone: await readClearValue(db, vault, customerId, 'key_person_phone', personId) }),
    ...(email !== undefined && { email: await readClearValue(db, vault, customerId, 'key_person_email', personId) }),
  }
}

const refuseSamePerson = refuseSecond('personCustomerId', 'This customer is already a key person of the company.')

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
    await requireStaffMember(context.db, 'counterpartStaffId', given.counterpartStaffId)
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
    await requireStaffMember(context.db, 'counterpartStaffId', given.counterpartStaffId)
    await requireOneRecord(context, personCustomerId, keyPersonId)
    const before = { ...stored, ...(await clearContact(context, address, given)) }
    await updateOwned(db, table, address, {
      ...(await storedForm(context, customerId, keyPersonId, given)),
      updatedAt: now,
    }).catch(refuseSamePerson)
    context.record({
      event: 'key_person.updated',
      subjectType: 'key_person',
      subjectId: keyPersonId,
      customerId,
      changed: changedFields(before, { ...given, ...normalisedContact(given) }),
    })
    return answerOne(context, view, ofCustomer(customerId, keyPersonId))
  },
})

/** The parts of a birthday that are said. */
function birthdayOf(given: { readonly [part in 'birthMonth' | 'birthDay' | 'birthYear']?: number | null | undefined }) {
  const parts = { birthMonth: given.birthMonth, birthDay: given.birthDay, birthYear: given.birthYear }
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value != null))
}

export const endKeyPerson = endRole({
  view,
  table,
  save: (db, address, values) => updateOwned(db, table, address, values),
  subject: 'key_person',
  noun: 'key person',
  summary: 'End a key person’s role at a company',
  description: 'The record stays, also for the companies that share it.',
})

export const keyPersonOperations = [keyPerson, keyPeople, createKeyPerson, correctKeyPerson, endKeyPerson]
