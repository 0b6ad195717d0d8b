import { withId } from '../../db/platform/views/conditions.ts'
import { checkVersion } from '../platform/versions.ts'
import { requirePast } from '../../core/kernel/periods.ts'
import { z } from 'zod'
import type { CustomerKind, CustomerStatus } from '../../core/dossier/customers.ts'
import { requireOpenRecord } from '../../core/dossier/record-rules.ts'
import { type DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { customerRow } from '../../core/dossier/customer-rows.ts'
import { distinct, remark } from '../../core/kernel/scalars.ts'
import {
  companySituations,
  clearableFieldCodes,
  fieldOfCode,
  type ProfileField,
  profileFieldCodes,
  type ProfileValues,
  refuseFieldOfKind,
  riskAppetites,
  verificationMethods,
} from '../../core/dossier/profiles.ts'
import { applyCustomers } from '../../db/dossier/customer-feed.ts'
import type { ProfileRevision } from '../../db/dossier/customer-feed-context.ts'
import { storedCustomers } from '../../db/dossier/stored-rows.ts'
import type { StoredRow } from '../../db/platform/stored-rows.ts'
import { viewNamed } from '../../db/views.ts'
import { feedContext, feedErrors, outcomeOf } from '../platform/feed-writes.ts'
import { invalidInput, problemsOf } from '../platform/input.ts'
import { type Context, viewOperation } from '../platform/operation.ts'
import { answerOne } from '../platform/reading.ts'
import { expectedVersion, id, noteText } from '../platform/scalars.ts'

const profileView = viewNamed('CustomerProfile')

const domain = 'Party Reference Data Directory'

export const customerProfile = viewOperation(profileView, {
  kind: 'query',
  name: 'customerProfile',
  summary: 'The profile of a customer, with the source of each field',
  description:
    'The fields of the record, from feeds and from bankers; for each the source that last set it, when, and whether a person verified it.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id }),
  errors: ['not_found'],
  run: (context, { customerId }) => answerOne(context, profileView, withId(customerId)),
})

const row = customerRow.shape

const fromFeed = {
  name: row.name.optional().meta({ ...row.name.meta() }),
  gender: row.gender,
  birthDate: row.birthDate,
  foundedOn: row.foundedOn,
  industry: row.industry,
  country: row.country,
  preferredLanguage: row.preferredLanguage,
  customerSince: row.customerSince,
  occupation: row.occupation,
  incomeBand: row.incomeBand,
  deceasedOn: row.deceasedOn,
  companySize: row.companySize,
  registeredCapital: row.registeredCapital,
  registeredCapitalCurrency: row.registeredCapitalCurrency,
  merchantSince: row.merchantSince,
  merchantUntil: row.merchantUntil,
  merchantCategoryCode: row.merchantCategoryCode,
}

const banker = {
  riskAppetite: z.enum(riskAppetites).optional().meta({ description: 'Risk appetite stated by the customer.' }),
  interests: distinct(remark(60), 30).optional().meta({ description: 'All interests of a person.' }),
  familyNotes: noteText.optional().meta({ description: 'Notes about the family.' }),
  situations: distinct(z.enum(companySituations), companySituations.length)
    .optional()
    .meta({ description: 'All current situations of the company; several are possible.' }),
  creditWilling: z.boolean().optional().meta({ description: 'Whether the customer is willing to take a credit line.' }),
}

export const verification = z.enum(verificationMethods).meta({ description: 'How the person verified it.' })

export type Values = Readonly<Record<string, unknown>>

/** Holds a customer as a row of core banking that says what is stored. Throws `not_found`, `version_conflict` and `conflict`. */
export async function lockCustomer({ db }: Context, customerId: string, expected?: number): Promise<StoredRow> {
  const stored = await storedCustomers.lockRow(db, { id: customerId })
  if (!stored) throw notFound('customer')
  checkVersion(expected, stored.version)
  requireOpenRecord(stored.status as CustomerStatus, 'customerId')
  return stored
}

export function requirePerson({ actor }: Context, field: string): void {
  if (actor.kind !== 'staff') throw refuseField('conflict', field, 'person', 'Only a person can verify a value.')
}

/** Sets fields of a customer who is held, by the same rules as a row of a feed. Tells of it where something changed. */
export async function revise(
  context: Context,
  customerId: string,
  stored: StoredRow,
  values: Values,
  revision: Omit<ProfileRevision, 'banker' | 'fields'> & { readonly verified?: readonly ProfileField[] },
  event: 'profile.revised' | 'profile.verified',
): Promise<void> {
  const { db, today } = context
  const { verified = [], clearFields } = revision
  const kind = stored.row['kind'] as CustomerKind
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  const fields = given.map(([name]) => name).filter((name): name is ProfileField => name !== 'registeredCapitalCurrency')
  for (const field of fields) throwIf(refuseFieldOfKind(field, field, kind))
  for (const field of clearFields) {
    throwIf(refuseFieldOfKind('clearFields', field, kind))
    if (fields.includes(field))
      throw refuseField('invalid_input', 'clearFields', 'contradiction', `${field} must not be both set and cleared.`)
  }
  for (const field of verified) throwIf(refuseFieldOfKind('fields', field, kind))
  requirePast(values['deceasedOn'] as string | undefined, today, 'deceasedOn')
  const parsed = customerRow.safeParse({ ...stored.row, ...Object.fromEntries(given.filter(([name]) => name in fromFeed)) })
  if (!parsed.success) throw invalidInput(parsed.error.issues.flatMap(problemsOf))
  const banked = Object.fromEntries(given.filter(([name]) => name in banker)) as ProfileValues
  const outcome = outcomeOf(
    await applyCustomers(db, [{ line: 1, row: parsed.data }], {
      ...feedContext(context),
      revision: { ...revision, fields: [...fields, ...verified], banker: banked },
    }),
  )
  if (outcome.outcome === 'unchanged') return
  const changed = [...fields, ...clearFields, ...verified]
  context.record({ event, subjectType: 'customer_profile', subjectId: customerId, customerId, changed })
}

function throwIf(refusal: DomainError | undefined): void {
  if (refusal) throw refusal
}

export const writeErrors = [...feedErrors, 'not_found'] as const

export const reviseProfile = viewOperation(profileView, {
  kind: 'command',
  name: 'reviseProfile',
  summary: 'Update the profile of a customer',
  description:
    'Changes the given fields and leaves the others; lists are replaced as a whole. With `verification` the fields count as verified, so that feeds no longer overwrite them. Requires the customer version that was read.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    ...fromFeed,
    ...banker,
    clearFields: distinct(z.enum(clearableFieldCodes), clearableFieldCodes.length)
      .optional()
      .meta({ description: 'Fields to clear.' }),
    verification: verification.optional(),
    expectedVersion,
  }),
  errors: writeErrors,
  concurrency: 'required',
  async run(context, { customerId, expectedVersion: expected, clearFields = [], verification: how, ...values }) {
    const stored = await lockCustomer(context, customerId, expected)
    if (how !== undefined) requirePerson(context, 'verification')
    if (Object.values(values).every((value) => value === undefined) && clearFields.length === 0)
      throw refuseField('invalid_input', '', 'required', 'At least one field must be set or cleared.')
    const revision = { clearFields: clearFields.map(fieldOfCode), verification: how }
    await revise(context, customerId, stored, values, revision, 'profile.revised')
    return answerOne(context, profileView, withId(customerId))
  },
})

export const verifyProfileFields = viewOperation(profileView, {
  kind: 'command',
  name: 'verifyProfileFields',
  summary: 'Verify fields of a profile',
  description:
    'A person has verified them: by a document, by asking, in a register or on a visit. From then on feeds do not overwrite them, unless the policy of the field says so; conflicting feed values are listed for review. An empty field counts as verified to be empty.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    fields: distinct(z.enum(profileFieldCodes), profileFieldCodes.length).min(1).meta({ description: 'The fields to verify.' }),
    verification,
    expectedVersion,
  }),
  errors: writeErrors,
  concurrency: 'optional',
  async run(context, { customerId, fields, verification: how, expectedVersion: expected }) {
    const stored = await lockCustomer(context, customerId, expected)
    requirePerson(context, 'verification')
    const revision = { clearFields: [], verification: how, verified: fields.map(fieldOfCode) }
    await revise(context, customerId, stored, {}, revision, 'profile.verified')
    return answerOne(context, profileView, withId(customerId))
  },
})

export const profileOperations = [customerProfile, reviseProfile, verifyProfileFields]
