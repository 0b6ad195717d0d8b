import { textsEqual, all } from '../../db/platform/views/conditions.ts'
import { isConflicting } from '../../db/dossier/identity.ts'
import { ownedInReach } from '../../db/dossier/reach.ts'
import { z } from 'zod'
import { contactKinds, contactPurposes } from '../../core/dossier/customers.ts'
import { singleLine } from '../../core/kernel/scalars.ts'
import { normaliseContact } from '../../core/dossier/identity.ts'
import { readClearValue, saveContact, savePurpose } from '../../db/dossier/identity.ts'
import { type ContactRecord, isHashOf, listContacts } from '../../db/dossier/identity-records.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { expectedVersion, id } from '../platform/scalars.ts'
import {
  addValue,
  byPlace,
  correctValue,
  domain,
  reviewDescription,
  valueCommands,
  type ValueKind,
  writing,
} from './customer-values.ts'

const contacts: ValueKind<ContactRecord> = {
  view: viewNamed('ContactPoint'),
  table: 'contact_point',
  noun: 'contact point',
  called: 'a phone or e-mail address',
  list: listContacts,
  duplicate: { field: 'value', message: 'The customer already has this contact point for this purpose.' },
  removal:
    'It is deleted, and the customer can no longer be found by it; the audit log records that it existed. Returns what it was. A source that sends it again restores it.',
  verification: 'Records that it was proven to be the customer’s, as of now. A new value must be verified again.',
}

const contactFields = {
  purpose: z.enum(contactPurposes).meta({ description: 'Purpose.' }),
  value: singleLine(254).meta({
    description: 'A phone number in any usual format, or an e-mail address. Stored encrypted.',
    examples: ['13912345678'],
  }),
}

/** Whether a stored contact point is this one. */
const isContact =
  ({ vault }: Context, kind: 'phone' | 'email', purpose: string, value: string) =>
  (one: ContactRecord): boolean =>
    one.kind === kind && one.purpose === purpose && isHashOf(vault, kind, value, one.valueHash)

export const addContactPoint = viewOperation(contacts.view, {
  ...writing,
  name: 'addContactPoint',
  summary: 'Add a phone or e-mail address of a customer',
  description:
    'A customer may have several of one kind and purpose, such as two mobile phones. Phones are stored in E.164; without a country code they are Chinese.',
  input: z.strictObject({
    customerId: id,
    kind: z.enum(contactKinds).meta({ description: 'Phone or e-mail.' }),
    ...contactFields,
  }),
  errors: ['not_found', 'already_exists', 'conflict'],
  run: (context, { customerId, kind, purpose, value: text }) =>
    addValue(context, contacts, customerId, (customer) => {
      const { db, vault, now } = context
      const contact = { kind, purpose, value: normaliseContact(kind, text) }
      return {
        after: contact,
        isSame: isContact(context, kind, purpose, contact.value),
        save: (rowId) => saveContact(db, { customer, vault, now }, rowId, contact),
        affectsConflicts: false,
      }
    }),
})

export const correctContactPoint = viewOperation(contacts.view, {
  ...writing,
  name: 'correctContactPoint',
  summary: 'Correct a phone or e-mail address of a customer',
  description:
    'Changes the given fields. A new value must be verified again. A corrected contact point is maintained here: values its source sends later are stored as conflicts and do not overwrite it.',
  input: z.strictObject({
    customerId: id,
    contactPointId: id,
    purpose: contactFields.purpose.optional(),
    value: contactFields.value.optional(),
    expectedVersion,
  }),
  errors: ['not_found', 'already_exists', 'conflict'],
  concurrency: 'required',
  run: (context, { customerId, contactPointId: rowId, expectedVersion: expected, purpose: toPurpose, value: text }) =>
    correctValue(context, contacts, { customerId, rowId, expected }, async (customer, before) => {
      const { db, vault, now } = context
      const { kind } = before
      const purpose = toPurpose ?? before.purpose
      const valueBefore = (await readClearValue(db, vault, customerId, 'contact_value', rowId))!
      const value = text === undefined ? valueBefore : normaliseContact(kind, text)
      const isNew = value !== valueBefore
      return {
        before: { ...before, value: valueBefore },
        after: { purpose, value, verifiedAt: isNew ? null : before.verifiedAt },
        isSame: isContact(context, kind, purpose, value),
        save: () =>
          isNew
            ? saveContact(db, { customer, vault, now }, rowId, { kind, purpose, value })
            : savePurpose(db, 'contact_point', customerId, rowId, purpose, now),
        affectsConflicts: true,
      }
    }),
})

export const { remove: removeContactPoint, verify: verifyContactPoint, dismiss: dismissContactPoint } = valueCommands(contacts)

export const contactPointsToReview = pageOperation(contacts.view, {
  kind: 'query',
  name: 'contactPointsToReview',
  summary: 'Phones and e-mail addresses from feeds that conflict with verified ones',
  description: reviewDescription,
  permission: 'identity:read',
  domain,
  input: z.strictObject({
    kind: z.enum(contactKinds).optional().meta({ description: 'Phones or e-mail addresses only.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { kind, ...page }) =>
    answerPage(context, contacts.view, {
      ...page,
      order: byPlace,
      planned: 'each_time',
      where: all(isConflicting, ownedInReach(context.scope), textsEqual({ kind })),
    }),
})

export const contactPointOperations = [
  addContactPoint,
  correctContactPoint,
  removeContactPoint,
  verifyContactPoint,
  dismissContactPoint,
  contactPointsToReview,
]
