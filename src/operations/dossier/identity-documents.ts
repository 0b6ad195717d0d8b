import { textsEqual, flagsEqual, all } from '../../db/platform/views/conditions.ts'
import { isToReview } from '../../db/dossier/identity.ts'
import { ownedInReach } from '../../db/dossier/reach.ts'
import { z } from 'zod'
import { checkDocumentAgainstProfile } from '../../core/dossier/document-checks.ts'
import { country as countryCode, singleLine } from '../../core/kernel/scalars.ts'
import { documentTypes } from '../../core/kernel/identity-numbers.ts'
import { documentPurposes, requireNoConflict, requireVerifiable, seenAt } from '../../core/dossier/identity.ts'
import { openKey, saveDocument, saveDocumentTerms } from '../../db/dossier/identity.ts'
import { type DocumentRecord, isHashOf, listDocuments } from '../../db/dossier/identity-records.ts'
import { fieldContext } from '../../db/platform/vault.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { daySchema, expectedVersion, id } from '../platform/scalars.ts'
import { addValue, byPlace, correctValue, domain, valueCommands, type ValueKind, writing } from './customer-values.ts'

const documents: ValueKind<DocumentRecord> = {
  view: viewNamed('IdentityDocument'),
  table: 'identity_document',
  noun: 'identity document',
  called: 'an identity document',
  list: listDocuments,
  duplicate: { field: 'number', message: 'The customer already has this document.' },
  removal:
    'It is deleted, and the customer can no longer be found by its number; the audit log records that it existed. Returns what it was. A source that sends it again restores it.',
  verification:
    'Records that a staff member saw it and that it is the customer’s, as of now; also for types whose numbers cannot be checked. Refused for one that breaks a rule or conflicts with the profile. A new number must be verified again.',
  requireVerifiable,
}

const number = singleLine(64)
const documentPurpose = z.enum(documentPurposes).meta({ description: 'Purpose for which it is stored.' })

/** Whether a stored document is this one. */
const isDocument =
  ({ vault }: Context, type: string, country: string, text: string) =>
  (one: DocumentRecord): boolean =>
    one.type === type && one.country === country && isHashOf(vault, 'document', text, one.numberHash)

export const addIdentityDocument = viewOperation(documents.view, {
  ...writing,
  name: 'addIdentityDocument',
  summary: 'Add an identity document of a customer',
  description:
    'A customer may have several of one type, such as two passports. An entry by a person that fails its checks, or conflicts with birth date or gender of the profile, is refused; one sent by a machine is stored, marked unverified and listed for review.',
  input: z.strictObject({
    customerId: id,
    type: z.enum(documentTypes).meta({ description: 'Kind of document.' }),
    country: countryCode.default('CN').meta({ description: 'ISO 3166-1 code of the issuer.' }),
    number: number.meta({ description: 'The number. Stored encrypted.', examples: ['E12345678'] }),
    validUntil: daySchema.optional().meta({ description: 'Last day on which it is valid.' }),
    purpose: documentPurpose.optional(),
  }),
  errors: ['not_found', 'identity_mismatch', 'already_exists', 'conflict'],
  run: (context, { customerId, type, country, number: text, validUntil = null, purpose = null }) =>
    addValue(context, documents, customerId, (customer) => {
      const { db, vault, now, today, actor } = context
      const fromPerson = actor.kind === 'staff'
      const judged = checkDocumentAgainstProfile(type, country, text, customer, today)
      requireNoConflict(judged, customer, fromPerson)
      const verifiedAt = seenAt(judged, fromPerson, now)
      const terms = { type, country, validUntil, purpose, verifiedAt }
      return {
        after: { ...terms, number: judged.number },
        isSame: isDocument(context, type, country, judged.number),
        save: (rowId) => saveDocument(db, { customer, vault, now }, rowId, { ...terms, judged }),
        affectsConflicts: true,
      }
    }),
})

export const correctIdentityDocument = viewOperation(documents.view, {
  ...writing,
  name: 'correctIdentityDocument',
  summary: 'Correct an identity document of a customer',
  description:
    'Changes the given fields. A number or country is checked like a new one; after that the document is maintained here: values its source sends later are stored as conflicts and do not overwrite it.',
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
  run: (context, { customerId, identityDocumentId: rowId, expectedVersion: expected, ...given }) =>
    correctValue(context, documents, { customerId, rowId, expected }, async (customer, before) => {
      const { db, vault, now, today, actor } = context
      const terms = { validUntil: given.validUntil ?? before.validUntil, purpose: given.purpose ?? before.purpose }
      if (given.number === undefined && given.country === undefined)
        return {
          before,
          after: terms,
          isSame: () => false,
          save: () => saveDocumentTerms(db, customerId, rowId, terms),
          affectsConflicts: false,
        }
      const { type, numberHash, country: countryBefore } = before
      const country = given.country ?? countryBefore
      const fromPerson = actor.kind === 'staff'
      const judged = checkDocumentAgainstProfile(
        type,
        country,
        given.number ?? (await clearNumber(context, customerId, before)),
        customer,
        today,
      )
      requireNoConflict(judged, customer, fromPerson)
      const whole = { type, country, ...terms, verifiedAt: seenAt(judged, fromPerson, now) }
      return {
        before: { ...before, ...(isHashOf(vault, 'document', judged.number, numberHash) && { number: judged.number }) },
        after: { ...whole, number: judged.number },
        isSame: isDocument(context, type, country, judged.number),
        save: () => saveDocument(db, { customer, vault, now }, rowId, { ...whole, judged }),
        affectsConflicts: true,
      }
    }),
})

async function clearNumber({ db, vault }: Context, customerId: string, { id: rowId, numberEncrypted }: DocumentRecord) {
  return vault.decrypt(await openKey(db, vault, customerId), numberEncrypted, fieldContext('identity_document', 'number', rowId))
}

export const {
  remove: removeIdentityDocument,
  verify: verifyIdentityDocument,
  dismiss: dismissIdentityDocument,
} = valueCommands(documents)

export const documentsToReview = pageOperation(documents.view, {
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
    answerPage(context, documents.view, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: all(isToReview, ownedInReach(context.scope), textsEqual({ unverified_reason: reason }), flagsEqual({ conflicting })),
    }),
})

export const identityDocumentOperations = [
  addIdentityDocument,
  correctIdentityDocument,
  removeIdentityDocument,
  verifyIdentityDocument,
  dismissIdentityDocument,
  documentsToReview,
]
