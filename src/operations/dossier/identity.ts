import { ownedWithinReach } from '../../db/dossier/reach.ts'
import { z } from 'zod'
import { callerOf } from '../../core/kernel/actors.ts'
import { addressPurposes, contactKinds, contactPurposes } from '../../core/dossier/customers.ts'
import { DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { judgeDocument } from '../../core/dossier/document-checks.ts'
import { country as countryCode, distinct, line } from '../../core/kernel/scalars.ts'
import { documentTypes } from '../../core/kernel/identity-numbers.ts'
import {
  addressFields,
  documentPurposes,
  normaliseContact,
  requireAddress,
  requireAgreement,
  requireDiffering,
  requireOpenDossier,
  requireRoom,
  requireVerifiable,
  type RevealableField,
  revealableFields,
  revealPurposes,
  seenAt,
  type ValueTable,
} from '../../core/dossier/identity.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import { requireWithinLimit } from '../../core/dossier/recognition.ts'
import { countCall } from '../../db/platform/call-counts.ts'
import type { Db } from '../../db/platform/database.ts'
import type { StoredCustomer } from '../../db/dossier/customer-records.ts'
import {
  type AddressRecord,
  type ClearAddress,
  type ContactRecord,
  deleteValue,
  type DocumentRecord,
  isHashOf,
  isLineOf,
  listAddresses,
  listContacts,
  listDocuments,
  lockCustomer,
  markDifferences,
  openKey,
  readClearValue,
  readWholeValue,
  saveAddress,
  saveContact,
  saveDismissed,
  saveDocument,
  saveDocumentTerms,
  savePurpose,
  saveVerified,
  subjectOf,
} from '../../db/dossier/identity.ts'
import { accessReasonContext } from '../../db/dossier/accesses.ts'
import { fieldContext } from '../../db/platform/vault.ts'
import { viewNamed } from '../../db/views.ts'
import type { Bind } from '../../db/platform/views/view.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage, orderBy } from '../platform/reading.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'

const documentView = viewNamed('IdentityDocument')
const contactView = viewNamed('ContactPoint')
const addressView = viewNamed('Address')
const domain = 'Party Reference Data Directory'

const permission = 'customer:write'
/** What is written is answered, masked: whoever writes must be one who may read it. */
const alsoNeeds = (): readonly Permission[] => [permission, 'identity:read']

const number = line(64)
const documentPurpose = z.enum(documentPurposes).meta({ description: 'What it is kept for.' })
const ofCustomer =
  (customerId: string, rowId: string) =>
  (row: string, bind: Bind): string =>
    `${row}.customer_id = ${bind(customerId)}::uuid and ${row}.id = ${bind(rowId)}::uuid`

async function openDossier({ db }: Context, customerId: string): Promise<StoredCustomer> {
  const customer = await lockCustomer(db, customerId)
  if (!customer) throw notFound('customer')
  requireOpenDossier(customer.status)
  return customer
}

/** The one of these that is meant, in the version that was seen. */
function theOne<T extends { readonly id: string; readonly version: number }>(
  stored: readonly T[],
  rowId: string,
  expected: number | undefined,
  called: string,
): T {
  const found = stored.find((one) => one.id === rowId)
  if (!found) throw notFound(called)
  if (expected !== undefined && expected !== found.version)
    throw new DomainError(
      'version_conflict',
      `It has changed since you saw it: its version is ${found.version}, not ${expected}.`,
    )
  return found
}

function requireNewDocument(
  { vault }: Context,
  stored: readonly DocumentRecord[],
  { type, country, number: text }: { readonly type: string; readonly country: string; readonly number: string },
): void {
  const same = stored.some(
    (one) => one.type === type && one.country === country && isHashOf(vault, 'document', text, one.numberHash),
  )
  if (same) throw refuseField('already_exists', 'number', 'already_exists', 'The customer has this document already.')
}

function requireNewContact(
  { vault }: Context,
  stored: readonly ContactRecord[],
  { kind, purpose, value }: { readonly kind: 'phone' | 'email'; readonly purpose: string; readonly value: string },
): void {
  const same = stored.some((one) => one.kind === kind && one.purpose === purpose && isHashOf(vault, kind, value, one.valueHash))
  if (same)
    throw refuseField(
      'already_exists',
      'value',
      'already_exists',
      'The customer has this contact point for this purpose already.',
    )
}

export const addIdentityDocument = viewOperation(documentView, {
  kind: 'command',
  name: 'addIdentityDocument',
  summary: 'Add an identity document of a customer',
  description:
    'A customer may have several of one type, such as two passports. A person’s entry that fails its checks, or disagrees with birth date or sex of the profile, is refused; what a machine sends is kept, marked unverified and listed for clarification.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerId: id,
    type: z.enum(documentTypes).meta({ description: 'Kind of document.' }),
    country: countryCode.default('CN').meta({ description: 'ISO 3166-1 code of the issuer.' }),
    number: number.meta({ description: 'Its number. Stored encrypted.', examples: ['E12345678'] }),
    validUntil: daySchema.optional().meta({ description: 'Last day on which it is valid.' }),
    purpose: documentPurpose.optional(),
  }),
  errors: ['not_found', 'identity_mismatch', 'already_exists', 'conflict'],
  async run(context, { customerId, type, country, number: text, validUntil, purpose }) {
    const { db, vault, now, today, actor, newId } = context
    const customer = await openDossier(context, customerId)
    const stored = await listDocuments(db, customerId)
    const judged = judgeDocument(type, country, text, customer, today)
    requireAgreement(judged, customer, actor.kind === 'staff')
    requireNewDocument(context, stored, { type, country, number: judged.number })
    requireRoom(stored.length)
    const documentId = newId()
    await saveDocument(db, { customer, vault, now }, documentId, {
      type,
      country,
      validUntil: validUntil ?? null,
      purpose: purpose ?? null,
      verifiedAt: seenAt(judged, actor.kind === 'staff', now),
      judged,
    })
    await markDifferences(db, 'identity_document', [customerId])
    context.record({
      event: 'identity_document.created',
      subjectType: 'identity_document',
      subjectId: documentId,
      customerId,
      changed: [
        'type',
        'country',
        'number',
        ...(validUntil === undefined ? [] : ['validUntil']),
        ...(purpose === undefined ? [] : ['purpose']),
      ],
    })
    return answerOne(context, documentView, ofCustomer(customerId, documentId))
  },
})

export const correctIdentityDocument = viewOperation(documentView, {
  kind: 'command',
  name: 'correctIdentityDocument',
  summary: 'Correct an identity document of a customer',
  description:
    'Changes what is given. A number or country is checked as a new one is; with it the document is kept here: what its source sends later stands beside it and does not overwrite it.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerId: id,
    identityDocumentId: id,
    country: countryCode.optional().meta({ description: 'ISO 3166-1 code of the issuer.' }),
    number: number.optional().meta({ description: 'Its number. Stored encrypted.' }),
    validUntil: daySchema.optional().meta({ description: 'Last day on which it is valid.' }),
    purpose: documentPurpose.optional(),
    expectedVersion,
  }),
  errors: ['not_found', 'identity_mismatch', 'already_exists', 'conflict'],
  concurrency: 'required',
  async run(context, { customerId, identityDocumentId, expectedVersion: expected, ...said }) {
    const { db, vault, now, today, actor } = context
    const customer = await openDossier(context, customerId)
    const stored = await listDocuments(db, customerId)
    const before = theOne(stored, identityDocumentId, expected, 'identity document')
    const terms = { validUntil: said.validUntil ?? before.validUntil, purpose: said.purpose ?? before.purpose }
    if (said.number !== undefined || said.country !== undefined) {
      const country = said.country ?? before.country
      const text = said.number ?? (await clearNumber(context, customerId, before))
      const judged = judgeDocument(before.type, country, text, customer, today)
      requireAgreement(judged, customer, actor.kind === 'staff')
      const others = stored.filter((one) => one !== before)
      requireNewDocument(context, others, { type: before.type, country, number: judged.number })
      const verifiedAt = seenAt(judged, actor.kind === 'staff', now)
      await saveDocument(db, { customer, vault, now }, before.id, { type: before.type, country, ...terms, verifiedAt, judged })
      await markDifferences(db, 'identity_document', [customerId])
    } else await saveDocumentTerms(db, customerId, before.id, terms)
    context.record({
      event: 'identity_document.updated',
      subjectType: 'identity_document',
      subjectId: before.id,
      customerId,
      changed: Object.keys(said).filter((name) => said[name as keyof typeof said] !== undefined),
    })
    return answerOne(context, documentView, ofCustomer(customerId, before.id))
  },
})

async function clearNumber({ db, vault }: Context, customerId: string, { id: rowId, numberEncrypted }: DocumentRecord) {
  return vault.decrypt(await openKey(db, vault, customerId), numberEncrypted, fieldContext('identity_document', 'number', rowId))
}

export const removeIdentityDocument = viewOperation(documentView, {
  kind: 'command',
  name: 'removeIdentityDocument',
  summary: 'Remove an identity document of a customer',
  description:
    'It is gone, and the customer is found by its number no more; the audit log keeps that there was one. Answers what it was. A source that sends it again brings it back.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, identityDocumentId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, identityDocumentId, expectedVersion: expected }) {
    await openDossier(context, customerId)
    theOne(await listDocuments(context.db, customerId), identityDocumentId, expected, 'identity document')
    const was = await answerOne(context, documentView, ofCustomer(customerId, identityDocumentId))
    await deleteValue(context.db, 'identity_document', customerId, identityDocumentId)
    await markDifferences(context.db, 'identity_document', [customerId])
    context.record({
      event: 'identity_document.removed',
      subjectType: 'identity_document',
      subjectId: identityDocumentId,
      customerId,
    })
    return was
  },
})

export const verifyIdentityDocument = viewOperation(documentView, {
  kind: 'command',
  name: 'verifyIdentityDocument',
  summary: 'Note that somebody saw an identity document and that it is the customer’s',
  description:
    'As of now; also of a type whose numbers cannot be checked. Refused for one that breaks a rule or disagrees with the profile. A new number has yet to be seen again.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, identityDocumentId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, identityDocumentId, expectedVersion: expected }) {
    const { db, now } = context
    await openDossier(context, customerId)
    requireVerifiable(theOne(await listDocuments(db, customerId), identityDocumentId, expected, 'identity document'))
    await saveVerified(db, 'identity_document', customerId, identityDocumentId, now)
    await markDifferences(db, 'identity_document', [customerId])
    context.record({
      event: 'identity_document.verified',
      subjectType: 'identity_document',
      subjectId: identityDocumentId,
      customerId,
      changed: ['verifiedAt'],
    })
    return answerOne(context, documentView, ofCustomer(customerId, identityDocumentId))
  },
})

const contactFields = {
  purpose: z.enum(contactPurposes).meta({ description: 'What it is for.' }),
  value: line(254).meta({
    description: 'A phone in any usual spelling, or an e-mail address. Stored encrypted.',
    examples: ['13912345678'],
  }),
}

export const addContactPoint = viewOperation(contactView, {
  kind: 'command',
  name: 'addContactPoint',
  summary: 'Add a phone or an e-mail address of a customer',
  description:
    'A customer may have several of one kind and purpose, such as two mobile phones. Phones are stored in E.164; without a country code they belong to China.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerId: id,
    kind: z.enum(contactKinds).meta({ description: 'Phone or e-mail.' }),
    ...contactFields,
  }),
  errors: ['not_found', 'already_exists', 'conflict'],
  async run(context, { customerId, kind, purpose, value: text }) {
    const { db, vault, now, newId } = context
    const value = normaliseContact(kind, text)
    const customer = await openDossier(context, customerId)
    const stored = await listContacts(db, customerId)
    requireNewContact(context, stored, { kind, purpose, value })
    requireRoom(stored.length)
    const contactId = newId()
    await saveContact(db, { customer, vault, now }, contactId, { kind, purpose, value })
    context.record({
      event: 'contact_point.created',
      subjectType: 'contact_point',
      subjectId: contactId,
      customerId,
      changed: ['kind', 'purpose', 'value'],
    })
    return answerOne(context, contactView, ofCustomer(customerId, contactId))
  },
})

export const correctContactPoint = viewOperation(contactView, {
  kind: 'command',
  name: 'correctContactPoint',
  summary: 'Correct a phone or an e-mail address of a customer',
  description:
    'Changes what is given. A new value has yet to be verified. What is corrected is kept here: what its source sends later stands beside it and does not overwrite it.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerId: id,
    contactPointId: id,
    purpose: contactFields.purpose.optional(),
    value: contactFields.value.optional(),
    expectedVersion,
  }),
  errors: ['not_found', 'already_exists', 'conflict'],
  concurrency: 'required',
  async run(context, { customerId, contactPointId, expectedVersion: expected, purpose: toPurpose, value: text }) {
    const { db, vault, now } = context
    const customer = await openDossier(context, customerId)
    const stored = await listContacts(db, customerId)
    const before = theOne(stored, contactPointId, expected, 'contact point')
    const purpose = toPurpose ?? before.purpose
    const value =
      text === undefined
        ? await readClearValue(db, vault, customerId, 'contact_value', before.id)
        : normaliseContact(before.kind, text)
    const others = stored.filter((one) => one !== before)
    requireNewContact(context, others, { kind: before.kind, purpose, value: value! })
    const changesValue = text !== undefined && !isHashOf(vault, before.kind, value!, before.valueHash)
    await (changesValue
      ? saveContact(db, { customer, vault, now }, before.id, { kind: before.kind, purpose, value: value! })
      : savePurpose(db, 'contact_point', customerId, before.id, purpose, now))
    await markDifferences(db, 'contact_point', [customerId])
    context.record({
      event: 'contact_point.updated',
      subjectType: 'contact_point',
      subjectId: before.id,
      customerId,
      changed: [...(toPurpose === undefined ? [] : ['purpose']), ...(text === undefined ? [] : ['value'])],
    })
    return answerOne(context, contactView, ofCustomer(customerId, before.id))
  },
})

export const removeContactPoint = viewOperation(contactView, {
  kind: 'command',
  name: 'removeContactPoint',
  summary: 'Remove a phone or an e-mail address of a customer',
  description:
    'It is gone, and the customer is found by it no more; the audit log keeps that there was one. Answers what it was. A source that sends it again brings it back.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, contactPointId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, contactPointId, expectedVersion: expected }) {
    await openDossier(context, customerId)
    theOne(await listContacts(context.db, customerId), contactPointId, expected, 'contact point')
    const was = await answerOne(context, contactView, ofCustomer(customerId, contactPointId))
    await deleteValue(context.db, 'contact_point', customerId, contactPointId)
    await markDifferences(context.db, 'contact_point', [customerId])
    context.record({
      event: 'contact_point.removed',
      subjectType: 'contact_point',
      subjectId: contactPointId,
      customerId,
    })
    return was
  },
})

export const verifyContactPoint = viewOperation(contactView, {
  kind: 'command',
  name: 'verifyContactPoint',
  summary: 'Note that a phone or an e-mail address was proven to be the customer’s',
  description: 'As of now. A new value of it has yet to be verified again.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, contactPointId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, contactPointId, expectedVersion: expected }) {
    const { db, now } = context
    await openDossier(context, customerId)
    theOne(await listContacts(db, customerId), contactPointId, expected, 'contact point')
    await saveVerified(db, 'contact_point', customerId, contactPointId, now)
    await markDifferences(db, 'contact_point', [customerId])
    context.record({
      event: 'contact_point.verified',
      subjectType: 'contact_point',
      subjectId: contactPointId,
      customerId,
      changed: ['verifiedAt'],
    })
    return answerOne(context, contactView, ofCustomer(customerId, contactPointId))
  },
})

const addressParts = {
  country: countryCode.optional().meta({ description: 'ISO 3166-1 code.' }),
  region: line(100)
    .optional()
    .meta({ description: 'Province or state.', examples: ['广东省'] }),
  city: line(100)
    .optional()
    .meta({ description: 'City.', examples: ['深圳市'] }),
  postalCode: line(20)
    .optional()
    .meta({ description: 'Postal code.', examples: ['518000'] }),
  line: line(300).optional().meta({ description: 'District, street and house. Stored encrypted.' }),
}
const addressPurpose = z.enum(addressPurposes).meta({ description: 'What it is for.' })

function requireNewAddress(
  { vault }: Context,
  stored: readonly AddressRecord[],
  purpose: string,
  { line: text, ...parts }: ClearAddress,
): void {
  const clear = Object.keys(parts) as (keyof typeof parts)[]
  const same = stored.some(
    (one) => one.purpose === purpose && clear.every((part) => one[part] === parts[part]) && isLineOf(vault, one, text),
  )
  if (same) throw new DomainError('already_exists', 'The customer has this address for this purpose already.')
}

export const addAddress = viewOperation(addressView, {
  kind: 'command',
  name: 'addAddress',
  summary: 'Add a postal address of a customer',
  description:
    'At least one of its parts is given. A customer may have several of one purpose. What stands in `line` is stored encrypted.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, purpose: addressPurpose, ...addressParts }),
  errors: ['not_found', 'already_exists', 'conflict'],
  async run(context, { customerId, purpose, ...said }) {
    const { db, vault, now, newId } = context
    const customer = await openDossier(context, customerId)
    const stored = await listAddresses(db, customerId)
    const address = addressAfter(undefined, null, said, [])
    requireNewAddress(context, stored, purpose, address)
    requireRoom(stored.length)
    const addressId = newId()
    await saveAddress(db, { customer, vault, now }, addressId, purpose, address)
    context.record({
      event: 'address.created',
      subjectType: 'address',
      subjectId: addressId,
      customerId,
      changed: ['purpose', ...addressFields.filter((field) => said[field] !== undefined)],
    })
    return answerOne(context, addressView, ofCustomer(customerId, addressId))
  },
})

type SaidAddress = { readonly [F in keyof ClearAddress]?: string | undefined }

/** An address after that is said. Throws `invalid_input` where nothing is left of it, or a part is set and emptied at once. */
function addressAfter(
  before: AddressRecord | undefined,
  lineBefore: string | null,
  said: SaidAddress,
  emptied: readonly (keyof ClearAddress)[],
): ClearAddress {
  const twice = emptied.find((field) => said[field] !== undefined)
  if (twice !== undefined) throw refuseField('invalid_input', 'emptied', 'contradiction', `${twice} is set and emptied at once.`)
  const part = (field: keyof ClearAddress, was: string | null): string | null =>
    emptied.includes(field) ? null : (said[field] ?? was)
  const address = {
    country: part('country', before?.country ?? null),
    region: part('region', before?.region ?? null),
    city: part('city', before?.city ?? null),
    postalCode: part('postalCode', before?.postalCode ?? null),
    line: part('line', lineBefore),
  }
  requireAddress(address)
  return address
}

export const correctAddress = viewOperation(addressView, {
  kind: 'command',
  name: 'correctAddress',
  summary: 'Correct a postal address of a customer',
  description:
    'Changes the parts that are given; `emptied` names those that it has not. A changed address has yet to be verified. What is corrected is kept here: what its source sends later stands beside it and does not overwrite it.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerId: id,
    addressId: id,
    purpose: addressPurpose.optional(),
    ...addressParts,
    emptied: distinct(z.enum(addressFields), addressFields.length).default([]).meta({ description: 'Parts that it has not.' }),
    expectedVersion,
  }),
  errors: ['not_found', 'already_exists', 'conflict'],
  concurrency: 'required',
  async run(context, { customerId, addressId, expectedVersion: expected, purpose: toPurpose, emptied, ...said }) {
    const { db, vault, now } = context
    const customer = await openDossier(context, customerId)
    const stored = await listAddresses(db, customerId)
    const before = theOne(stored, addressId, expected, 'address')
    const purpose = toPurpose ?? before.purpose
    const lineBefore = (await readClearValue(db, vault, customerId, 'address_line', before.id)) ?? null
    const after = addressAfter(before, lineBefore, said, emptied)
    const others = stored.filter((one) => one !== before)
    requireNewAddress(context, others, purpose, after)
    const was = { ...before, line: lineBefore }
    const changesAddress = addressFields.some((field) => after[field] !== was[field])
    await (changesAddress
      ? saveAddress(db, { customer, vault, now }, before.id, purpose, after)
      : savePurpose(db, 'address', customerId, before.id, purpose, now))
    await markDifferences(db, 'address', [customerId])
    context.record({
      event: 'address.updated',
      subjectType: 'address',
      subjectId: before.id,
      customerId,
      changed: [
        ...(toPurpose === undefined ? [] : ['purpose']),
        ...addressFields.filter((field) => said[field] !== undefined || emptied.includes(field)),
      ],
    })
    return answerOne(context, addressView, ofCustomer(customerId, before.id))
  },
})

export const removeAddress = viewOperation(addressView, {
  kind: 'command',
  name: 'removeAddress',
  summary: 'Remove a postal address of a customer',
  description:
    'It is gone; the audit log keeps that there was one. Answers what it was. A source that sends it again brings it back.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, addressId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, addressId, expectedVersion: expected }) {
    await openDossier(context, customerId)
    theOne(await listAddresses(context.db, customerId), addressId, expected, 'address')
    const was = await answerOne(context, addressView, ofCustomer(customerId, addressId))
    await deleteValue(context.db, 'address', customerId, addressId)
    await markDifferences(context.db, 'address', [customerId])
    context.record({ event: 'address.removed', subjectType: 'address', subjectId: addressId, customerId })
    return was
  },
})

export const verifyAddress = viewOperation(addressView, {
  kind: 'command',
  name: 'verifyAddress',
  summary: 'Note that a postal address was proven to be the customer’s',
  description: 'As of now. A changed address has yet to be verified again.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, addressId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, addressId, expectedVersion: expected }) {
    const { db, now } = context
    await openDossier(context, customerId)
    theOne(await listAddresses(db, customerId), addressId, expected, 'address')
    await saveVerified(db, 'address', customerId, addressId, now)
    await markDifferences(db, 'address', [customerId])
    context.record({
      event: 'address.verified',
      subjectType: 'address',
      subjectId: addressId,
      customerId,
      changed: ['verifiedAt'],
    })
    return answerOne(context, addressView, ofCustomer(customerId, addressId))
  },
})

/** The dossier, and in it what differs now: a verification may have lapsed since. */
async function openDifferences(context: Context, table: ValueTable, customerId: string): Promise<void> {
  await openDossier(context, customerId)
  await markDifferences(context.db, table, [customerId])
}

/** Takes away what a feed says otherwise than somebody has verified, and minds it. */
async function dismiss(
  context: Context,
  table: ValueTable,
  customerId: string,
  value: { readonly id: string; readonly differs: boolean },
): Promise<void> {
  const { db, vault } = context
  requireDiffering(value)
  await saveDismissed(db, vault, table, customerId, value.id, await readWholeValue(db, vault, table, customerId, value.id))
  await deleteValue(db, table, customerId, value.id)
  context.record({ event: `${table}.dismissed`, subjectType: table, subjectId: value.id, customerId })
}

const dismissal =
  'It is gone, and comes up again only when that source sends another value. Answers what it was. Refused for anything else than what a feed says otherwise than somebody has verified.'

export const dismissIdentityDocument = viewOperation(documentView, {
  kind: 'command',
  name: 'dismissIdentityDocument',
  summary: 'Dismiss the identity document that a feed says beside a verified one',
  description: dismissal,
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, identityDocumentId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, identityDocumentId, expectedVersion: expected }) {
    await openDifferences(context, 'identity_document', customerId)
    const found = theOne(await listDocuments(context.db, customerId), identityDocumentId, expected, 'identity document')
    const was = await answerOne(context, documentView, ofCustomer(customerId, identityDocumentId))
    await dismiss(context, 'identity_document', customerId, found)
    return was
  },
})

export const dismissContactPoint = viewOperation(contactView, {
  kind: 'command',
  name: 'dismissContactPoint',
  summary: 'Dismiss the phone or e-mail address that a feed says beside a verified one',
  description: dismissal,
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, contactPointId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, contactPointId, expectedVersion: expected }) {
    await openDifferences(context, 'contact_point', customerId)
    const found = theOne(await listContacts(context.db, customerId), contactPointId, expected, 'contact point')
    const was = await answerOne(context, contactView, ofCustomer(customerId, contactPointId))
    await dismiss(context, 'contact_point', customerId, found)
    return was
  },
})

export const dismissAddress = viewOperation(addressView, {
  kind: 'command',
  name: 'dismissAddress',
  summary: 'Dismiss the postal address that a feed says beside a verified one',
  description: dismissal,
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, addressId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, addressId, expectedVersion: expected }) {
    await openDifferences(context, 'address', customerId)
    const found = theOne(await listAddresses(context.db, customerId), addressId, expected, 'address')
    const was = await answerOne(context, addressView, ofCustomer(customerId, addressId))
    await dismiss(context, 'address', customerId, found)
    return was
  },
})

const byPlace = orderBy('place', 'asc', [
  ['institution_path', 'text'],
  ['customer_id', 'uuid'],
  ['id', 'uuid'],
])

export const documentsToClarify = pageOperation(documentView, {
  kind: 'query',
  name: 'documentsToClarify',
  summary: 'Identity documents that break a rule, or disagree with the profile or a verified one',
  description:
    'What feeds brought and could not be verified, of the customers within your scope, each with its reason, and what they say otherwise than somebody has seen (`differs`). Ordered by institution and customer. Correct or remove what is wrong; the source sends it again until it is mended there. Verify or dismiss what differs.',
  permission: 'identity:read',
  domain,
  input: z.strictObject({
    reason: z
      .enum([
        'country',
        'form',
        'length',
        'characters',
        'region',
        'birth_date',
        'check_digit',
        'birth_date_differs',
        'gender_differs',
      ])
      .optional()
      .meta({ description: 'With this reason.' }),
    differs: z.boolean().optional().meta({ description: 'Whether a feed says it beside one that somebody has seen.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { reason, differs, ...page }) =>
    answerPage(context, documentView, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: (row, bind) => [
        `(${row}.unverified_reason is not null or ${row}.differs)`,
        ...ownedWithinReach(context.scope, row, bind),
        ...(reason === undefined ? [] : [`${row}.unverified_reason = ${bind(reason)}::text`]),
        ...(differs === undefined ? [] : [`${row}.differs = ${bind(differs)}::boolean`]),
      ],
    }),
})

const toClarify =
  'What feeds send otherwise than somebody has verified, of the customers within your scope, one for each source and kind. Ordered by institution and customer. Verify it where it is right too, or dismiss it.'

export const contactPointsToClarify = pageOperation(contactView, {
  kind: 'query',
  name: 'contactPointsToClarify',
  summary: 'Phones and e-mail addresses that feeds say otherwise than somebody has verified',
  description: toClarify,
  permission: 'identity:read',
  domain,
  input: z.strictObject({
    kind: z.enum(contactKinds).optional().meta({ description: 'Phones or e-mail addresses only.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { kind, ...page }) =>
    answerPage(context, contactView, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: (row, bind) => [
        `${row}.differs`,
        ...ownedWithinReach(context.scope, row, bind),
        ...(kind === undefined ? [] : [`${row}.kind = ${bind(kind)}::text`]),
      ],
    }),
})

export const addressesToClarify = pageOperation(addressView, {
  kind: 'query',
  name: 'addressesToClarify',
  summary: 'Postal addresses that feeds say otherwise than somebody has verified',
  description: toClarify,
  permission: 'identity:read',
  domain,
  input: z.strictObject({ ...pageInput }),
  errors: ['invalid_cursor'],
  run: (context, page) =>
    answerPage(context, addressView, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: (row, bind) => [`${row}.differs`, ...ownedWithinReach(context.scope, row, bind)],
    }),
})

/** What shows the same value masked. */
function seenBefore(field: RevealableField): readonly Permission[] {
  if (field === 'movement_counterparty') return ['activity:read']
  return field === 'key_person_phone' || field === 'key_person_email' ? ['identity:read', 'dossier:read'] : ['identity:read']
}

/** One value in clear, for one stated purpose. Repeating it changes nothing, so it takes no idempotency key and stores no answer. */
export const revealCustomerField = operation({
  kind: 'command',
  name: 'revealCustomerField',
  summary: 'Show one protected value of a customer in clear',
  description:
    'The number of a document, a phone or e-mail, the line of an address, the counterparty of a movement, or the phone or e-mail of a key person. Who asked, for what purpose and which field is audited before the value leaves; the value itself is stored nowhere, also not under an idempotency key. At most so many a minute for each caller (`REVEALS_PER_MINUTE`).',
  permission: 'identity:reveal',
  domain,
  transactions: 'own',
  refusals: { event: 'customer.field_revealed', subjectType: 'reveal', access: 'reveal' },
  alsoNeeds: ({ field }) => ['identity:reveal', ...seenBefore(field)],
  input: z.strictObject({
    customerId: id,
    field: z.enum(revealableFields).meta({ description: 'What to show.' }),
    id: id.meta({ description: 'Id of the document, contact point, address, movement or key person.' }),
    purpose: z.enum(revealPurposes).meta({ description: 'What it is needed for.' }),
    reason: line(500)
      .min(3)
      .meta({ description: 'Why, in words. Kept encrypted for auditors.', examples: ['returns a call'] }),
  }),
  output: z
    .object({
      customerId: id,
      field: z.enum(revealableFields).meta({ description: 'What is shown.' }),
      id: id.meta({ description: 'Id of the thing in which it stands.' }),
      value: z.string().meta({ description: 'The value in clear. Do not keep it.' }),
    })
    .meta({ id: 'RevealedField', description: 'One protected value in clear.' }),
  errors: ['not_found'],
  async run({ inTransaction, actor, clock, limits, vault, newId }, { customerId, field, id: subjectId, purpose, reason }) {
    const told = await inTransaction(async ({ db, record }) => {
      const calls = await countCall(db, callerOf(actor), 'reveal', clock())
      const value = calls > limits.revealsPerMinute ? undefined : await readClearValue(db, vault, customerId, field, subjectId)
      const accessId = newId()
      const outcome = value !== undefined ? 'shown' : calls > limits.revealsPerMinute ? 'rate_limited' : 'unknown'
      record({
        event: 'customer.field_revealed',
        subjectType: subjectOf(field),
        subjectId,
        published: false,
        // Who is out of reach is as if there were nobody: the entry names what was asked for and not whose it is.
        ...(value !== undefined && { customerId }),
        changed: [field],
        details: {
          access: 'reveal',
          purpose,
          outcome,
          ...(value !== undefined && { accessId, reason: await sealReason(db, customerId, accessId) }),
        },
      })
      return { calls, value }
    })
    requireWithinLimit(told.calls, limits.revealsPerMinute)
    if (told.value === undefined) throw notFound('value')
    return { customerId, field, id: subjectId, value: told.value }

    /** Under the customer's own key: entries of the log never change, so that no key of the bank may have to. */
    async function sealReason(db: Db, of: string, accessId: string): Promise<string> {
      return vault.encrypt(await openKey(db, vault, of), reason, accessReasonContext(accessId)).toString('base64')
    }
  },
})

export const identityOperations = [
  addIdentityDocument,
  correctIdentityDocument,
  removeIdentityDocument,
  verifyIdentityDocument,
  addContactPoint,
  correctContactPoint,
  removeContactPoint,
  verifyContactPoint,
  addAddress,
  correctAddress,
  removeAddress,
  verifyAddress,
  dismissIdentityDocument,
  dismissContactPoint,
  dismissAddress,
  documentsToClarify,
  contactPointsToClarify,
  addressesToClarify,
  revealCustomerField,
]
