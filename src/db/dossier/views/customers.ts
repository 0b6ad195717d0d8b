import { assignmentStates } from '../../../core/dossier/assignments.ts'
import {
  addressPurposes,
  businessLines,
  contactKinds,
  contactPurposes,
  customerKinds,
  customerStatuses,
  genders,
} from '../../../core/dossier/customers.ts'
import { documentTypes } from '../../../core/kernel/identity-numbers.ts'
import { documentPurposes } from '../../../core/dossier/identity.ts'
import { quality, upcomingDates } from './customer-figures.ts'
import { consentKeys, currentConsents, contactPreferenceOfCustomer } from './consents.ts'
import { recordRelations } from './dossier-records.ts'
import { peopleRelations } from './people-of-customers.ts'
import { profileRelations } from './profiles.ts'
import { teamRelations } from './teams.ts'
import * as schema from '../schema/customers.ts'
import { timeline } from './timeline.ts'
import { lifeStageFields } from './life-stages.ts'
import { column, many, one, page, view } from '../../platform/views/view.ts'

const version = column('integer', 'Version of the dossier; nightly feed updates do not change it.')
const customerId = column('uuid', 'The customer it belongs to.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const customer = view(
  'Customer',
  'An individual, sole trader or company that is, or may become, a customer of the bank.',
  schema.customer,
  {
    id: column('uuid', 'ID of the customer.'),
    coreNumber: column('text', 'Number in the core-banking system; null for a prospect and for a customer created here.', {
      nullable: true,
    }),
    kind: column('text', 'Kind of customer.', { values: customerKinds }),
    status: column('text', 'Lifecycle status of the record.', { values: customerStatuses }),
    name: column('text', 'Name of the person or company.'),
    gender: column('text', 'Gender of a person.', { nullable: true, values: genders }),
    birthDate: column('day', 'Birth date of a person.', { nullable: true }),
    foundedOn: column('day', 'Founding day of a company.', { nullable: true }),
    industry: column('text', 'GB/T 4754 code.', { nullable: true }),
    country: column('text', 'ISO 3166-1 code of residence.', { nullable: true }),
    preferredLanguage: column('text', 'BCP 47 tag.', { nullable: true }),
    customerSince: column('day', 'First day as a customer.', { nullable: true }),
    closedOn: column('day', 'Day on which the relationship ended.', { nullable: true }),
    institutionPath: column('text', 'Path of the customer’s institution.'),
    asOf: column('instant', 'When the data was true in the source system.'),
    createdAt: column('instant', 'When the record was created.'),
    updatedAt: column('instant', 'When the dossier last changed.'),
    version,
    aum: {
      kind: 'money',
      nullable: false,
      description:
        'Assets under management now, in the base currency: deposits, wealth products, funds and insurance, never loans or card debt.',
      amount: (alias) => `${alias}.aum`,
      currency: (_alias, bind, { baseCurrency }) => `${bind(baseCurrency)}::text`,
    },
    institution: one('Institution', 'The customer’s institution.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.institution_id`,
    }),
    relationshipManager: one('Staff', 'The staff member assigned in the business line of the customer’s kind.', {
      nullable: true,
      permission: 'assignment:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.relationship_manager_id`,
    }),
    externalIds: many('ExternalId', 'IDs of the customer in source systems.', {
      permission: 'customer:read',
      inRest: 'single',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      orderBy: (child) => `${child}.source`,
    }),
    identityDocuments: many('IdentityDocument', 'Identity documents, numbers masked.', {
      permission: 'identity:read',
      inRest: 'single',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      orderBy: (child) => `${child}.type, ${child}.source`,
    }),
    contactPoints: many('ContactPoint', 'Phones and e-mail addresses, masked.', {
      permission: 'identity:read',
      inRest: 'single',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      orderBy: (child) => `${child}.kind, ${child}.purpose, ${child}.source`,
    }),
    addresses: many('Address', 'Addresses, their lines masked.', {
      permission: 'identity:read',
      inRest: 'single',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      orderBy: (child) => `${child}.purpose, ${child}.source`,
    }),
    assignments: many('Assignment', 'Current, past and future assignments of the customer, newest first.', {
      permission: 'assignment:read',
      inRest: 'single',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      orderBy: (child) => `${child}.starts_on desc, ${child}.id`,
    }),
    ...teamRelations,
    keyDates: many(
      'KeyDate',
      'Key dates of the customer, ended ones last. The birth date and founding day of the profile are not repeated here.',
      {
        permission: 'dossier:read',
        inRest: 'single',
        on: (parent, child) => `${child}.customer_id = ${parent}.id`,
        orderBy: (child) => `${child}.status, ${child}.next_on, ${child}.id`,
      },
    ),
    consents: currentConsents,
    consentHistory: page('ConsentEvent', 'All consents given and withdrawn, newest first.', {
      permission: 'dossier:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      keys: consentKeys,
      direction: 'desc',
    }),
    contactPreference: contactPreferenceOfCustomer,
    counterNotes: page('CounterNote', 'Counter notes about the customer, newest first.', {
      permission: 'dossier:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      keys: (child) => [
        { expression: `${child}.created_at`, cast: 'timestamptz' },
        { expression: `${child}.id`, cast: 'uuid' },
      ],
      direction: 'desc',
    }),
    ...peopleRelations,
    ...recordRelations,
    quality,
    upcomingKeyDates: upcomingDates,
    timeline,
    ...profileRelations,
    ...lifeStageFields,
    auditEntries: page('AuditEntry', 'Audit entries about the customer, newest first.', {
      permission: 'audit:read',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      keys: (child) => [
        { expression: `${child}.at`, cast: 'timestamptz' },
        { expression: `${child}.id`, cast: 'uuid' },
      ],
      direction: 'desc',
    }),
  },
)

const externalId = view('ExternalId', 'The ID of a customer in one source system.', schema.customerExternalId, {
  customerId,
  source: column('text', 'The source system.'),
  externalId: column('text', 'ID of the customer in that system.'),
  customer: toCustomer,
})

const identityDocument = view(
  'IdentityDocument',
  'A document that identifies a customer. Its number is stored encrypted.',
  schema.identityDocument,
  {
    id: column('uuid', 'ID of the document.'),
    customerId,
    type: column('text', 'Kind of document.', { values: documentTypes }),
    country: column('text', 'ISO 3166-1 code of the issuer.'),
    numberMasked: column('text', 'The number, masked in the middle.'),
    validUntil: column('day', 'Last day on which it is valid.', { nullable: true }),
    verified: column('boolean', 'Whether the number passed its checks.'),
    unverifiedReason: column('text', 'The rule that the number breaks.', { nullable: true }),
    purpose: column('text', 'Purpose for which it is stored, if stated.', { nullable: true, values: documentPurposes }),
    verifiedAt: column(
      'instant',
      'When a staff member verified that it belongs to the customer, or entered it and the number passed its checks.',
      {
        nullable: true,
      },
    ),
    conflicting: column('boolean', 'Whether a feed sent it in conflict with a verified value and the conflict is still open.'),
    source: column('text', 'The source system.'),
    asOf: column('instant', 'When it was true in the source system.'),
    version: column('integer', 'Version of the record.'),
    customer: toCustomer,
  },
)

const contactPoint = view('ContactPoint', 'A phone number or an e-mail address. Stored encrypted.', schema.contactPoint, {
  id: column('uuid', 'ID of the contact point.'),
  customerId,
  kind: column('text', 'Phone or e-mail.', { values: contactKinds }),
  purpose: column('text', 'Purpose.', { values: contactPurposes }),
  valueMasked: column('text', 'The number or address, masked in the middle.'),
  verifiedAt: column('instant', 'When it was verified to belong to the customer.', { nullable: true }),
  conflicting: column('boolean', 'Whether a feed sent it in conflict with a verified value and the conflict is still open.'),
  source: column('text', 'The source system.'),
  asOf: column('instant', 'When it was true in the source system.'),
  version: column('integer', 'Version of the record.'),
  customer: toCustomer,
})

const address = view('Address', 'A postal address. Street and house are stored encrypted.', schema.address, {
  id: column('uuid', 'ID of the address.'),
  customerId,
  purpose: column('text', 'Purpose.', { values: addressPurposes }),
  country: column('text', 'ISO 3166-1 code.', { nullable: true }),
  region: column('text', 'Province or state.', { nullable: true }),
  city: column('text', 'City.', { nullable: true }),
  postalCode: column('text', 'Postal code.', { nullable: true }),
  lineMasked: column('text', 'Street and house, masked.', { nullable: true }),
  verifiedAt: column('instant', 'When it was verified to belong to the customer.', { nullable: true }),
  conflicting: column('boolean', 'Whether a feed sent it in conflict with a verified value and the conflict is still open.'),
  source: column('text', 'The source system.'),
  asOf: column('instant', 'When it was true in the source system.'),
  version: column('integer', 'Version of the record.'),
  customer: toCustomer,
})

const assignment = view(
  'Assignment',
  'A staff member is responsible for a customer in a business line over a period.',
  schema.assignment,
  {
    id: column('uuid', 'ID of the assignment.'),
    customerId,
    businessLine: column('text', 'Business line.', { values: businessLines }),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it no longer applies; null if open-ended.', { nullable: true }),
    state: column('text', 'Whether it is planned, current, ended or cancelled.', {
      values: assignmentStates,
    }),
    reason: column('text', 'Reason for the assignment, if given.', { nullable: true }),
    overCapacityReason: column('text', 'Reason for exceeding the capacity of the staff member, where it was exceeded.', {
      nullable: true,
    }),
    source: column('text', 'The source system.'),
    externalId: column('text', 'External ID in the source system.'),
    asOf: column('instant', 'When it was true in the source system.'),
    version: column('integer', 'Version of the record.'),
    staff: one('Staff', 'The assigned staff member.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    assignedBy: one('Staff', 'The staff member who made the assignment; null for a feed or a machine client.', {
      nullable: true,
      permission: 'organisation:read',
      on: (parent, child) => `${child}.id = ${parent}.assigned_by`,
    }),
    customer: toCustomer,
  },
)

export const customerViews = [customer, externalId, identityDocument, contactPoint, address, assignment]
