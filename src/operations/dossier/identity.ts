import { textsEqual, flagsEqual, all, ofCustomer, orderBy } from '../../db/platform/views/conditions.ts'
import { isToReview, isConflicting } from '../../db/dossier/identity.ts'
import { ownedInReach } from '../../db/dossier/reach.ts'
import { z } from 'zod'
import { checkVersion } from '../platform/versions.ts'
import { callerOf } from '../../core/kernel/actors.ts'
import { addressPurposes, contactKinds, contactPurposes } from '../../core/dossier/customers.ts'
import { DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { checkDocumentAgainstProfile } from '../../core/dossier/document-checks.ts'
import { country as countryCode, distinct, singleLine } from '../../core/kernel/scalars.ts'
import { documentTypes } from '../../core/kernel/identity-numbers.ts'
import {
  addressFields,
  documentPurposes,
  normaliseContact,
  requireAddress,
  requireNoConflict,
  requireConflicting,
  requireOpenDossier,
  requireBelowLimit,
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
  markConflicts,
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
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'

const documentView = viewNamed('IdentityDocument')
const contactView = viewNamed('ContactPoint')
const addressView = viewNamed('Address')
const domain = 'Party Reference Data Directory'

const permission = 'customer:write'
/** What is written is answered, masked: whoever writes must be one who may read it. */
const alsoNeeds = (): readonly Permission[] => [permission, 'identity:read']

const number = singleLine(64)
const documentPurpose = z.enum(documentPurposes).meta({ description: 'Purpose for which it is stored.' })

async function openDossier({ db }: Context, customerId: string): Promise<StoredCustomer> {
  const customer = await lockCustomer(db, customerId)
  if (!customer) throw notFound('customer')
  requireOpenDossier(customer.status)
  return customer
}

/** The one of these that is meant, in the version that was seen. */
function requireVersioned<T extends { readonly id: string; readonly version: number }>(
  stored: readonly T[],
  rowId: string,
  expected: number | undefined,
  called: string,
): T {
  const found = stored.find((one) => one.id === rowId)
  if (!found) throw notFound(called)
  checkVersion(expected, found.version)
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
  if (same) throw refuseField('already_exists', 'number', 'already_exists', 'The customer already has this document.')
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
      'The customer already has this contact point for this purpose.',
    )
}

export const addIdentityDocument = viewOperation(documentView, {
  kind: 'command',
  name: 'addIdentityDocument',
  summary: 'Add an identity document of a customer',
  description:
    'A customer may have several of one type, such as two passports. An entry by a person that fails its checks, or conflicts with birth date or gender of the profile, is refused; one sent by a machine is stored, marked unverified and listed for review.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerId: id,
    type: z.enum(documentTypes).meta({ description: 'Kind of document.' }),
    country: countryCode.default('CN').meta({ description: 'ISO 3166-1 code of the issuer.' }),
    number: number.meta({ description: 'The number. Stored encrypted.', examples: ['E12345678'] }),
    validUntil: daySchema.optional().meta({ description: 'Last day on which it is valid.' }),
    purpose: documentPurpose.optional(),
  }),
  errors: ['not_found', 'identity_mismatch', 'already_exists', 'conflict'],
  async run(context, { customerId, type, country, number: text, validUntil, purpose }) {
    const { db, vault, now, today, actor, newId } = context
    const customer = await openDossier(context, customerId)
    const stored = await listDocuments(db, customerId)
    const judged = checkDocumentAgainstProfile(type, country, text, customer, today)
    requireNoConflict(judged, customer, actor.kind === 'staff')
    requireNewDocument(context, stored, { type, country, number: judged.number })
    requireBelowLimit(stored.length)
    const documentId = newId()
    await saveDocument(db, { customer, vault, now }, documentId, {
      type,
      country,
      validUntil: validUntil ?? null,
      purpose: purpose ?? null,
      verifiedAt: seenAt(judged, actor.kind === 'staff', now),
      judged,
    })
    await markConflicts(db, 'identity_document', [customerId])
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
    'Changes the given fields. A number or country is checked like a new one; after that the document is maintained here: values its source sends later are stored as conflicts and do not overwrite it.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerId: id,
    identityDocumentId: id,
    country: countryCode.optional().meta({ description: 'ISO 3166-1 code of the issuer.' }),
    number: number.optional().meta({ description: 'The number. Stored encrypted.' }),
    validUntil: daySchema.optional().meta({ description: 'Last day on which it is valid.' }),
    purpose: documentPurpose.optional(),
    expectedVersion,
  }),
  errors: ['not_found', 'identity_mismatch', 'already_exists', 'conflict'],
  concurrency: 'required',
  async run(context, { customerId, identityDocumentId, expectedVersion: expected, ...given }) {
    const { db, vault, now, today, actor } = context
    const customer = await openDossier(context, customerId)
    const stored = await listDocuments(db, customerId)
    const before = requireVersioned(stored, identityDocumentId, expected, 'identity document')
    const terms = { validUntil: given.validUntil ?? before.validUntil, purpose: given.purpose ?? before.purpose }
    if (given.number !== undefined || given.country !== undefined) {
      const country = given.country ?? before.country
      const text = given.number ?? (await clearNumber(context, customerId, before))
      const judged = checkDocumentAgainstProfile(before.type, country, text, customer, today)
      requireNoConflict(judged, customer, actor.kind === 'staff')
      const others = stored.filter((one) => one !== before)
      requireNewDocument(context, others, { type: before.type, country, number: judged.number })
      const verifiedAt = seenAt(judged, actor.kind === 'staff', now)
      await saveDocument(db, { customer, vault, now }, before.id, { type: before.type, country, ...terms, verifiedAt, judged })
      await markConflicts(db, 'identity_document', [customerId])
    } else await saveDocumentTerms(db, customerId, before.id, terms)
    context.record({
      event: 'identity_document.updated',
      subjectType: 'identity_document',
      subjectId: before.id,
      customerId,
      changed: Object.keys(given).filter((name) => given[name as keyof typeof given] !== undefined),
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
    'It is deleted, and the customer can no longer be found by its number; the audit log records that it existed. Returns what it was. A source that sends it again restores it.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, identityDocumentId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, identityDocumentId, expectedVersion: expected }) {
    await openDossier(context, customerId)
    requireVersioned(await listDocuments(context.db, customerId), identityDocumentId, expected, 'identity document')
    const was = await answerOne(context, documentView, ofCustomer(customerId, identityDocumentId))
    await deleteValue(context.db, 'identity_document', customerId, identityDocumentId)
    await markConflicts(context.db, 'identity_document', [customerId])
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
  summary: 'Verify an identity document',
  description:
    'Records that a staff member saw it and that it is the customer’s, as of now; also for types whose numbers cannot be checked. Refused for one that breaks a rule or conflicts with the profile. A new number must be verified again.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, identityDocumentId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, identityDocumentId, expectedVersion: expected }) {
    const { db, now } = context
    await openDossier(context, customerId)
    requireVerifiable(requireVersioned(await listDocuments(db, customerId), identityDocumentId, expected, 'identity document'))
    await saveVerified(db, 'identity_document', customerId, identityDocumentId, now)
    await markConflicts(db, 'identity_document', [customerId])
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
  purpose: z.enum(contactPurposes).meta({ description: 'Purpose.' }),
  value: singleLine(254).meta({
    description: 'A phone number in any usual format, or an e-mail address. Stored encrypted.',
    examples: ['13912345678'],
  }),
}

export const addContactPoint = viewOperation(contactView, {
  kind: 'command',
  name: 'addContactPoint',
  summary: 'Add a phone or e-mail address of a customer',
  description:
    'A customer may have several of one kind and purpose, such as two mobile phones. Phones are stored in E.164; without a country code they are Chinese.',
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
    requireBelowLimit(stored.length)
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
  summary: 'Correct a phone or e-mail address of a customer',
  description:
    'Changes the given fields. A new value must be verified again. A corrected contact point is maintained here: values its source sends later are stored as conflicts and do not overwrite it.',
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
    const before = requireVersioned(stored, contactPointId, expected, 'contact point')
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
    await markConflicts(db, 'contact_point', [customerId])
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
  summary: 'Remove a phone or e-mail address of a customer',
  description:
    'It is deleted, and the customer can no longer be found by it; the audit log records that it existed. Returns what it was. A source that sends it again restores it.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, contactPointId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, contactPointId, expectedVersion: expected }) {
    await openDossier(context, customerId)
    requireVersioned(await listContacts(context.db, customerId), contactPointId, expected, 'contact point')
    const was = await answerOne(context, contactView, ofCustomer(customerId, contactPointId))
    await deleteValue(context.db, 'contact_point', customerId, contactPointId)
    await markConflicts(context.db, 'contact_point', [customerId])
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
  summary: 'Verify a phone or e-mail address',
  description: 'Records that it was proven to be the customer’s, as of now. A new value must be verified again.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, contactPointId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, contactPointId, expectedVersion: expected }) {
    const { db, now } = context
    await openDossier(context, customerId)
    requireVersioned(await listContacts(db, customerId), contactPointId, expected, 'contact point')
    await saveVerified(db, 'contact_point', customerId, contactPointId, now)
    await markConflicts(db, 'contact_point', [customerId])
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
  region: singleLine(100)
    .optional()
    .meta({ description: 'Province or state.', examples: ['广东省'] }),
  city: singleLine(100)
    .optional()
    .meta({ description: 'City.', examples: ['深圳市'] }),
  postalCode: singleLine(20)
    .optional()
    .meta({ description: 'Postal code.', examples: ['518000'] }),
  line: singleLine(300).optional().meta({ description: 'District, street and house. Stored encrypted.' }),
}
const addressPurpose = z.enum(addressPurposes).meta({ description: 'Purpose.' })

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
  if (same) throw new DomainError('already_exists', 'The customer already has this address for this purpose.')
}

export const addAddress = viewOperation(addressView, {
  kind: 'command',
  name: 'addAddress',
  summary: 'Add a postal address of a customer',
  description: 'At least one part is required. A customer may have several for one purpose. `line` is stored encrypted.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, purpose: addressPurpose, ...addressParts }),
  errors: ['not_found', 'already_exists', 'conflict'],
  async run(context, { customerId, purpose, ...given }) {
    const { db, vault, now, newId } = context
    const customer = await openDossier(context, customerId)
    const stored = await listAddresses(db, customerId)
    const address = addressAfter(undefined, null, given, [])
    requireNewAddress(context, stored, purpose, address)
    requireBelowLimit(stored.length)
    const addressId = newId()
    await saveAddress(db, { customer, vault, now }, addressId, purpose, address)
    context.record({
      event: 'address.created',
      subjectType: 'address',
      subjectId: addressId,
      customerId,
      changed: ['purpose', ...addressFields.filter((field) => given[field] !== undefined)],
    })
    return answerOne(context, addressView, ofCustomer(customerId, addressId))
  },
})

type AddressInput = { readonly [F in keyof ClearAddress]?: string | undefined }

/** An address after that is said. Throws `invalid_input` where nothing is left of it, or a part is set and cleared at once. */
function addressAfter(
  before: AddressRecord | undefined,
  lineBefore: string | null,
  given: AddressInput,
  clearFields: readonly (keyof ClearAddress)[],
): ClearAddress {
  const twice = clearFields.find((field) => given[field] !== undefined)
  if (twice !== undefined)
    throw refuseField('invalid_input', 'clearFields', 'contradiction', `${twice} must not be both set and cleared.`)
  const part = (field: keyof ClearAddress, was: string | null): string | null =>
    clearFields.includes(field) ? null : (given[field] ?? was)
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
    'Changes the given parts; `clearFields` names the parts to clear. A changed address must be verified again. A corrected address is maintained here: values its source sends later are stored as conflicts and do not overwrite it.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerId: id,
    addressId: id,
    purpose: addressPurpose.optional(),
    ...addressParts,
    clearFields: distinct(z.enum(addressFields), addressFields.length).default([]).meta({ description: 'Parts to clear.' }),
    expectedVersion,
  }),
  errors: ['not_found', 'already_exists', 'conflict'],
  concurrency: 'required',
  async run(context, { customerId, addressId, expectedVersion: expected, purpose: toPurpose, clearFields, ...given }) {
    const { db, vault, now } = context
    const customer = await openDossier(context, customerId)
    const stored = await listAddresses(db, customerId)
    const before = requireVersioned(stored, addressId, expected, 'address')
    const purpose = toPurpose ?? before.purpose
    const lineBefore = (await readClearValue(db, vault, customerId, 'address_line', before.id)) ?? null
    const after = addressAfter(before, lineBefore, given, clearFields)
    const others = stored.filter((one) => one !== before)
    requireNewAddress(context, others, purpose, after)
    const was = { ...before, line: lineBefore }
    const changesAddress = addressFields.some((field) => after[field] !== was[field])
    await (changesAddress
      ? saveAddress(db, { customer, vault, now }, before.id, purpose, after)
      : savePurpose(db, 'address', customerId, before.id, purpose, now))
    await markConflicts(db, 'address', [customerId])
    context.record({
      event: 'address.updated',
      subjectType: 'address',
      subjectId: before.id,
      customerId,
      changed: [
        ...(toPurpose === undefined ? [] : ['purpose']),
        ...addressFields.filter((field) => given[field] !== undefined || clearFields.includes(field)),
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
    'It is deleted; the audit log records that it existed. Returns what it was. A source that sends it again restores it.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, addressId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, addressId, expectedVersion: expected }) {
    await openDossier(context, customerId)
    requireVersioned(await listAddresses(context.db, customerId), addressId, expected, 'address')
    const was = await answerOne(context, addressView, ofCustomer(customerId, addressId))
    await deleteValue(context.db, 'address', customerId, addressId)
    await markConflicts(context.db, 'address', [customerId])
    context.record({ event: 'address.removed', subjectType: 'address', subjectId: addressId, customerId })
    return was
  },
})

export const verifyAddress = viewOperation(addressView, {
  kind: 'command',
  name: 'verifyAddress',
  summary: 'Verify a postal address',
  description: 'Records that it was proven to be the customer’s, as of now. A changed address must be verified again.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, addressId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, addressId, expectedVersion: expected }) {
    const { db, now } = context
    await openDossier(context, customerId)
    requireVersioned(await listAddresses(db, customerId), addressId, expected, 'address')
    await saveVerified(db, 'address', customerId, addressId, now)
    await markConflicts(db, 'address', [customerId])
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

/** The dossier, and in it what conflicts now: a verification may have lapsed since. */
async function openDifferences(context: Context, table: ValueTable, customerId: string): Promise<void> {
  await openDossier(context, customerId)
  await markConflicts(context.db, table, [customerId])
}

/** Takes away what a feed says otherwise than somebody has verified, and minds it. */
async function dismiss(
  context: Context,
  table: ValueTable,
  customerId: string,
  value: { readonly id: string; readonly conflicting: boolean },
): Promise<void> {
  const { db, vault } = context
  requireConflicting(value)
  await saveDismissed(db, vault, table, customerId, value.id, await readWholeValue(db, vault, table, customerId, value.id))
  await deleteValue(db, table, customerId, value.id)
  context.record({ event: `${table}.dismissed`, subjectType: table, subjectId: value.id, customerId })
}

const dismissal =
  'It is deleted, and appears again only if that source sends another value. Returns what it was. Refused for anything but a feed value that conflicts with a verified one.'

export const dismissIdentityDocument = viewOperation(documentView, {
  kind: 'command',
  name: 'dismissIdentityDocument',
  summary: 'Dismiss an identity document from a feed that conflicts with a verified one',
  description: dismissal,
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, identityDocumentId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, identityDocumentId, expectedVersion: expected }) {
    await openDifferences(context, 'identity_document', customerId)
    const found = requireVersioned(await listDocuments(context.db, customerId), identityDocumentId, expected, 'identity document')
    const was = await answerOne(context, documentView, ofCustomer(customerId, identityDocumentId))
    await dismiss(context, 'identity_document', customerId, found)
    return was
  },
})

export const dismissContactPoint = viewOperation(contactView, {
  kind: 'command',
  name: 'dismissContactPoint',
  summary: 'Dismiss a phone or e-mail address from a feed that conflicts with a verified one',
  description: dismissal,
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, contactPointId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, contactPointId, expectedVersion: expected }) {
    await openDifferences(context, 'contact_point', customerId)
    const found = requireVersioned(await listContacts(context.db, customerId), contactPointId, expected, 'contact point')
    const was = await answerOne(context, contactView, ofCustomer(customerId, contactPointId))
    await dismiss(context, 'contact_point', customerId, found)
    return was
  },
})

export const dismissAddress = viewOperation(addressView, {
  kind: 'command',
  name: 'dismissAddress',
  summary: 'Dismiss a postal address from a feed that conflicts with a verified one',
  description: dismissal,
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, addressId: id, expectedVersion }),
  errors: ['not_found', 'conflict'],
  concurrency: 'optional',
  async run(context, { customerId, addressId, expectedVersion: expected }) {
    await openDifferences(context, 'address', customerId)
    const found = requireVersioned(await listAddresses(context.db, customerId), addressId, expected, 'address')
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

export const documentsToReview = pageOperation(documentView, {
  kind: 'query',
  name: 'documentsToReview',
  summary: 'Identity documents that break a rule, or conflict with the profile or a verified document',
  description:
    'Documents from feeds that could not be verified, of customers in your scope, each with its reason, and those that conflict with a verified one (`conflicting`). Ordered by institution and customer. Correct or remove what is wrong; the source sends it again until it is fixed there. Verify or dismiss conflicting ones.',
  permission: 'identity:read',
  domain,
  input: z.strictObject({
    reason: z
      .enum([
        'country',
        'format',
        'length',
        'characters',
        'region',
        'birth_date',
        'check_digit',
        'birth_date_conflict',
        'gender_conflict',
      ])
      .optional()
      .meta({ description: 'With this reason.' }),
    conflicting: z.boolean().optional().meta({ description: 'Whether a feed sent it in conflict with a verified one.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { reason, conflicting, ...page }) =>
    answerPage(context, documentView, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: all(isToReview, ownedInReach(context.scope), textsEqual({ unverified_reason: reason }), flagsEqual({ conflicting })),
    }),
})

const toReview =
  'Feed values that conflict with verified ones, of customers in your scope, one per source and kind. Ordered by institution and customer. Verify a value if it is also right, or dismiss it.'

export const contactPointsToReview = pageOperation(contactView, {
  kind: 'query',
  name: 'contactPointsToReview',
  summary: 'Phones and e-mail addresses from feeds that conflict with verified ones',
  description: toReview,
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
      where: all(isConflicting, ownedInReach(context.scope), textsEqual({ kind })),
    }),
})

export const addressesToReview = pageOperation(addressView, {
  kind: 'query',
  name: 'addressesToReview',
  summary: 'Postal addresses from feeds that conflict with verified ones',
  description: toReview,
  permission: 'identity:read',
  domain,
  input: z.strictObject({ ...pageInput }),
  errors: ['invalid_cursor'],
  run: (context, page) =>
    answerPage(context, addressView, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: all(isConflicting, ownedInReach(context.scope)),
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
  summary: 'Reveal one protected value of a customer',
  description:
    'The number of a document, a phone or e-mail address, the line of an address, the counterparty of a movement, or the phone or e-mail address of a key person. Caller, purpose and field are audited before the value is returned; the value itself is not stored, not even under an idempotency key. Limited per caller and minute (`REVEALS_PER_MINUTE`).',
  permission: 'identity:reveal',
  domain,
  transactions: 'own',
  refusals: { event: 'customer.field_revealed', subjectType: 'reveal', access: 'reveal' },
  alsoNeeds: ({ field }) => ['identity:reveal', ...seenBefore(field)],
  input: z.strictObject({
    customerId: id,
    field: z.enum(revealableFields).meta({ description: 'Field to reveal.' }),
    id: id.meta({ description: 'ID of the document, contact point, address, movement or key person.' }),
    purpose: z.enum(revealPurposes).meta({ description: 'Purpose.' }),
    reason: singleLine(500)
      .min(3)
      .meta({ description: 'Reason, as text. Stored encrypted for auditors.', examples: ['returning a call'] }),
  }),
  output: z
    .object({
      customerId: id,
      field: z.enum(revealableFields).meta({ description: 'Field that was revealed.' }),
      id: id.meta({ description: 'ID of the record that holds it.' }),
      value: z.string().meta({ description: 'The plain value. Do not store it.' }),
    })
    .meta({ id: 'RevealedField', description: 'One protected value in plain text.' }),
  errors: ['not_found'],
  async run({ inTransaction, actor, clock, limits, vault, newId }, { customerId, field, id: subjectId, purpose, reason }) {
    const reveal = await inTransaction(async ({ db, record }) => {
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
    requireWithinLimit(reveal.calls, limits.revealsPerMinute)
    if (reveal.value === undefined) throw notFound('value')
    return { customerId, field, id: subjectId, value: reveal.value }

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
  documentsToReview,
  contactPointsToReview,
  addressesToReview,
  revealCustomerField,
]
