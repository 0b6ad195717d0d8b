import { z } from 'zod'
import { customerKinds, genders } from '../../../core/dossier/customers.ts'
import {
  companySituations,
  companySizes,
  profileConflictStatuses,
  feedFieldCodes,
  feedFields,
  fieldCode,
  incomeBands,
  type ProfileField,
  profileFieldCodes,
  profileFields,
  recordFields,
  riskAppetites,
  verificationMethods,
} from '../../../core/dossier/profiles.ts'
import { customer as customerTable } from '../schema/customers.ts'
import { profileConflict } from '../schema/profiles.ts'
import { decodeInstant } from '../../platform/views/decode.ts'
import { column, type Computed, many, one, view } from '../../platform/views/view.ts'

/** The alias under which the profile of a customer is joined. */
const joined = (alias: string) => `${alias}_profile`
const beside = (name: string) => ({ nullable: true, expression: (alias: string) => `${joined(alias)}.${name}` })
const list = (name: string) => ({ expression: (alias: string) => `coalesce(${joined(alias)}.${name}, '{}')` })

const isList: ReadonlySet<string> = new Set(['interests', 'situations'])

/** Whether a field has a value, by the aliases of customer and profile. */
function isSet(field: ProfileField, alias: string): string {
  const owner = (recordFields as readonly string[]).includes(field) ? alias : joined(alias)
  return isList.has(field) ? `cardinality(${owner}.${fieldCode(field)}) > 0` : `${owner}.${fieldCode(field)} is not null`
}

const person = z
  .object({
    id: z.uuid().meta({ description: 'ID of the staff member.' }),
    number: z.string().meta({ description: 'Staff number.' }),
    name: z.string().meta({ description: 'Name.' }),
  })
  .meta({ id: 'StaffName', description: 'A staff member by name.' })

const fieldSources: Computed = {
  kind: 'computed',
  nullable: false,
  description:
    'For each field that has a value, and each that a person cleared: which source last set it and when, and whether a person verified it.',
  permission: 'dossier:read',
  inRest: true,
  output: z.array(
    z
      .object({
        field: z.enum(profileFieldCodes).meta({ description: 'The field.' }),
        source: z.string().meta({ description: 'The system that last set it; `guanxi` for values entered by people here.' }),
        asOf: z.iso.datetime().meta({
          description:
            'When the value was true in that source; for values that came with the record, when the record was created.',
        }),
        setBy: person.nullable().meta({ description: 'The staff member who set it, if any.' }),
        verifiedAt: z.iso.datetime().nullable().meta({ description: 'When a person last verified it.' }),
        verifiedBy: person.nullable().meta({ description: 'Who verified it.' }),
        verification: z.enum(verificationMethods).nullable().meta({ description: 'How it was verified.' }),
      })
      .meta({ id: 'FieldSource', description: 'Source of the value of a field.' }),
  ),
  expression: (alias) => {
    const values = profileFields.map(
      (field, place) => `('${fieldCode(field)}', coalesce(${isSet(field, alias)}, false), ${place})`,
    )
    const name = (staff: string) =>
      `case when ${staff}.id is not null then json_build_array(${staff}.id, ${staff}.number, ${staff}.name) end`
    return `select coalesce(json_agg(json_build_array(f.field, coalesce(s.source, ${alias}.source), coalesce(s.as_of, ${alias}.created_at), ${name('setter')}, s.verified_at,
        ${name('verifier')}, s.verification) order by f.place), '[]')
      from (values ${values.join(', ')}) f (field, given, place)
      left join field_source s on s.customer_id = ${alias}.id and s.field = f.field
      left join staff setter on setter.id = s.set_by
      left join staff verifier on verifier.id = s.verified_by
      where f.given or s.field is not null`
  },
  decode: (value) =>
    (value as [string, string, string, unknown, string | null, unknown, string | null][]).map(
      ([field, source, asOf, setBy, verifiedAt, verifiedBy, verification]) => ({
        field,
        source,
        asOf: decodeInstant(asOf),
        setBy: named(setBy),
        verifiedAt: decodeInstant(verifiedAt),
        verifiedBy: named(verifiedBy),
        verification,
      }),
    ),
}

function named(value: unknown): object | null {
  if (value === null) return null
  const [id, number, name] = value as readonly string[]
  return { id, number, name }
}

const customerProfile = view(
  'CustomerProfile',
  'The profile of a customer: fields from the record, from feeds and from bankers, each with its source.',
  customerTable,
  {
    customerId: column('uuid', 'The customer.', { expression: (alias) => `${alias}.id` }),
    kind: column('text', 'Kind of customer.', { values: customerKinds }),
    name: column('text', 'Name of the person or company.'),
    gender: column('text', 'Gender of a person.', { nullable: true, values: genders }),
    birthDate: column('day', 'Birth date of a person.', { nullable: true }),
    deceasedOn: column('day', 'Day of death; the customer is not contacted from then on.', beside('deceased_on')),
    foundedOn: column('day', 'Founding day of a company or business.', { nullable: true }),
    industry: column('text', 'GB/T 4754 code.', { nullable: true }),
    country: column('text', 'ISO 3166-1 code of residence.', { nullable: true }),
    preferredLanguage: column('text', 'BCP 47 tag.', { nullable: true }),
    customerSince: column('day', 'First day as a customer.', { nullable: true }),
    occupation: column('text', 'Occupation of a person.', beside('occupation')),
    incomeBand: column('text', 'Annual income of a person, as a band.', { ...beside('income_band'), values: incomeBands }),
    riskAppetite: column('text', 'Risk appetite stated by the customer.', {
      ...beside('risk_appetite'),
      values: riskAppetites,
    }),
    interests: column('texts', 'Interests of a person.', list('interests')),
    familyNotes: column('text', 'Notes about the family.', beside('family_notes')),
    companySize: column('text', 'Size by the classification of the ministry.', {
      ...beside('company_size'),
      values: companySizes,
    }),
    registeredCapital: {
      kind: 'money',
      nullable: true,
      description: 'Registered capital.',
      amount: (alias) => `${joined(alias)}.registered_capital`,
      currency: (alias) => `${joined(alias)}.registered_capital_currency`,
    },
    situations: column('texts', 'Current business situations, as declared by bankers.', {
      ...list('situations'),
      values: companySituations,
    }),
    merchantSince: column('day', 'First day as a merchant; null if not a merchant.', beside('merchant_since')),
    merchantUntil: column('day', 'Last day as a merchant.', beside('merchant_until')),
    merchantCategoryCode: column('text', 'ISO 18245 code of the merchant’s business.', beside('merchant_category_code')),
    creditWilling: column(
      'boolean',
      'Whether the customer is willing to take a credit line; null if unknown.',
      beside('credit_willing'),
    ),
    updatedAt: column('instant', 'When the dossier last changed.'),
    version: column('integer', 'The version of the customer; changes of the profile increase it.'),
    fieldSources,
    conflicts: many('ProfileConflict', 'Open conflicts: values that feeds sent and that conflict with values set by people.', {
      permission: 'dossier:read',
      inRest: 'single',
      on: (parent, child) => `${child}.customer_id = ${parent}.id and ${child}.status = 'open'`,
      orderBy: (child) => `${child}.field, ${child}.source`,
    }),
    customer: one('Customer', 'The customer.', {
      permission: 'customer:read',
      on: (parent, child) => `${child}.id = ${parent}.id`,
    }),
  },
  (alias) => `left join customer_profile ${joined(alias)} on ${joined(alias)}.customer_id = ${alias}.id`,
)

/** The value of the field of a conflict that is stored, as text. */
function storedValue(alias: string): string {
  const capital = `round(v_profile.registered_capital::numeric / 10::numeric ^ currency_exponent(v_profile.registered_capital_currency),
    currency_exponent(v_profile.registered_capital_currency))::text || ' ' || v_profile.registered_capital_currency`
  const cases = feedFields.map((field) => {
    const owner = (recordFields as readonly string[]).includes(field) ? 'v' : 'v_profile'
    return `when '${fieldCode(field)}' then ${field === 'registeredCapital' ? capital : `${owner}.${fieldCode(field)}::text`}`
  })
  return `(select case ${alias}.field ${cases.join(' ')} end from customer v left join customer_profile v_profile on v_profile.customer_id = v.id where v.id = ${alias}.customer_id)`
}

const conflict = view(
  'ProfileConflict',
  'A value that a feed sent and that conflicts with a value verified by a person.',
  profileConflict,
  {
    id: column('uuid', 'ID of the conflict.'),
    customerId: column('uuid', 'The customer it belongs to.'),
    field: column('text', 'The field.', { values: feedFieldCodes }),
    value: column('text', 'The stored value; null if the field is empty.', { nullable: true, expression: storedValue }),
    valueSent: column('text', 'The value that the feed sent.'),
    source: column('text', 'The source system.'),
    asOf: column('instant', 'When it was true in the source system.'),
    policyVersion: column('integer', 'Version of the policy that protected the stored value; 0 for the default.'),
    status: column('text', 'Status.', { values: profileConflictStatuses }),
    detectedAt: column('instant', 'When the conflict was detected.'),
    decidedAt: column('instant', 'When it was decided or withdrawn.', { nullable: true }),
    version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
    decidedBy: one('Staff', 'Who decided it; null if it is open or was withdrawn by the feed.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.decided_by`,
    }),
    customer: one('Customer', 'The customer.', {
      permission: 'customer:read',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
  },
)

export const profileViews = [customerProfile, conflict]

/** The field of a customer that leads to the profile. */
export const profileRelations = {
  profile: one('CustomerProfile', 'The profile of the customer, each field with its source.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.id = ${parent}.id`,
  }),
}
