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
import { consentKeys, currentConsents, wishedContact } from './consents.ts'
import { noteRelations } from './notes.ts'
import { peopleRelations } from './people-of-customers.ts'
import { profileRelations } from './profiles.ts'
import { teamRelations } from './teams.ts'
import * as schema from '../schema/customers.ts'
import { timeline } from './timeline.ts'
import { stageFields } from './stages.ts'
import { column, many, one, page, view } from '../../platform/views/view.ts'

const version = column('integer', 'Counts changes of the dossier, not of what feeds bring every night.')
const customerId = column('uuid', 'The customer it belongs to.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const customer = view('Customer', 'A person, sole trader or company that the bank deals with, or may.', schema.customer, {
  id: column('uuid', 'Id of the customer.'),
  coreNumber: column('text', 'Number in the core-banking system; null for a prospect and for whoever was made here.', {
    nullable: true,
  }),
  kind: column('text', 'What the customer is.', { values: customerKinds }),
  status: column('text', 'Where the record stands in its life.', { values: customerStatuses }),
  name: column('text', 'Name of the person or company.'),
  gender: column('text', 'Sex of a person.', { nullable: true, values: genders }),
  birthDate: column('day', 'Birth date of a person.', { nullable: true }),
  foundedOn: column('day', 'Founding day of a company.', { nullable: true }),
  industry: column('text', 'GB/T 4754 code.', { nullable: true }),
  country: column('text', 'ISO 3166-1 code of residence.', { nullable: true }),
  preferredLanguage: column('text', 'BCP 47 tag.', { nullable: true }),
  customerSince: column('day', 'First day as a customer.', { nullable: true }),
  closedOn: column('day', 'Day on which the relation ended.', { nullable: true }),
  institutionPath: column('text', 'Path of the institution that keeps the customer.'),
  asOf: column('instant', 'When what is said here held, by the system that sent it.'),
  createdAt: column('instant', 'When the record was made.'),
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
  institution: one('Institution', 'The institution that keeps the customer.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.institution_id`,
  }),
  relationshipManager: one('Staff', 'Who keeps the customer in the line of business of the customer’s kind.', {
    nullable: true,
    permission: 'assignment:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.relationship_manager_id`,
  }),
  externalIds: many('ExternalId', 'What source systems call the customer.', {
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
  contactPoints: many('ContactPoint', 'Phones and e-mails, masked.', {
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
  assignments: many('Assignment', 'Who keeps, kept and will keep the customer, the latest first.', {
    permission: 'assignment:read',
    inRest: 'single',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    orderBy: (child) => `${child}.starts_on desc, ${child}.id`,
  }),
  ...teamRelations,
  keyDates: many(
    'KeyDate',
    'Days that matter to the customer, those that have ended last. A birth date or founding day of the profile needs none.',
    {
      permission: 'dossier:read',
      inRest: 'single',
      on: (parent, child) => `${child}.customer_id = ${parent}.id`,
      orderBy: (child) => `${child}.status, ${child}.next_on, ${child}.id`,
    },
  ),
  consents: currentConsents,
  consentHistory: page('ConsentEvent', 'All that the customer has consented to and withdrawn, the latest first.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    keys: consentKeys,
    direction: 'desc',
  }),
  contactPreference: wishedContact,
  counterNotes: page('CounterNote', 'What was noticed about the customer at counters, the latest first.', {
    permission: 'dossier:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.created_at`, cast: 'timestamptz' },
      { expression: `${child}.id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
  ...peopleRelations,
  ...noteRelations,
  quality,
  upcomingKeyDates: upcomingDates,
  timeline,
  ...profileRelations,
  ...stageFields,
  auditEntries: page('AuditEntry', 'What was done to the customer, the latest first.', {
    permission: 'audit:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.at`, cast: 'timestamptz' },
      { expression: `${child}.id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
})

const externalId = view('ExternalId', 'The name of a customer in one source system.', schema.customerExternalId, {
  customerId,
  source: column('text', 'The source system.'),
  externalId: column('text', 'What it calls the customer.'),
  customer: toCustomer,
})

const identityDocument = view(
  'IdentityDocument',
  'A document that proves who a customer is. Its number is stored encrypted.',
  schema.identityDocument,
  {
    id: column('uuid', 'Id of the document.'),
    customerId,
    type: column('text', 'Kind of document.', { values: documentTypes }),
    country: column('text', 'ISO 3166-1 code of the issuer.'),
    numberMasked: column('text', 'The number with its middle hidden.'),
    validUntil: column('day', 'Last day on which it is valid.', { nullable: true }),
    verified: column('boolean', 'Whether its number passed its checks.'),
    unverifiedReason: column('text', 'The rule that the number breaks.', { nullable: true }),
    purpose: column('text', 'What it is kept for, where somebody said so.', { nullable: true, values: documentPurposes }),
    verifiedAt: column('instant', 'When a person saw that it is the customer’s, or entered it and its number passed.', {
      nullable: true,
    }),
    differs: column('boolean', 'Whether a feed says it beside what somebody has verified, and nobody has settled it yet.'),
    source: column('text', 'The system that sent it.'),
    asOf: column('instant', 'When it held, by the system that sent it.'),
    version: column('integer', 'Counts changes.'),
    customer: toCustomer,
  },
)

const contactPoint = view('ContactPoint', 'A phone or an e-mail address. Stored encrypted.', schema.contactPoint, {
  id: column('uuid', 'Id of the contact point.'),
  customerId,
  kind: column('text', 'Phone or e-mail.', { values: contactKinds }),
  purpose: column('text', 'What it is for.', { values: contactPurposes }),
  valueMasked: column('text', 'The number or address with its middle hidden.'),
  verifiedAt: column('instant', 'When it was proven to be the customer’s.', { nullable: true }),
  differs: column('boolean', 'Whether a feed says it beside what somebody has verified, and nobody has settled it yet.'),
  source: column('text', 'The system that sent it.'),
  asOf: column('instant', 'When it held, by the system that sent it.'),
  version: column('integer', 'Counts changes.'),
  customer: toCustomer,
})

const address = view('Address', 'A postal address. Street and house are stored encrypted.', schema.address, {
  id: column('uuid', 'Id of the address.'),
  customerId,
  purpose: column('text', 'What it is for.', { values: addressPurposes }),
  country: column('text', 'ISO 3166-1 code.', { nullable: true }),
  region: column('text', 'Province or state.', { nullable: true }),
  city: column('text', 'City.', { nullable: true }),
  postalCode: column('text', 'Postal code.', { nullable: true }),
  lineMasked: column('text', 'Street and house, hidden.', { nullable: true }),
  verifiedAt: column('instant', 'When it was proven to be the customer’s.', { nullable: true }),
  differs: column('boolean', 'Whether a feed says it beside what somebody has verified, and nobody has settled it yet.'),
  source: column('text', 'The system that sent it.'),
  asOf: column('instant', 'When it held, by the system that sent it.'),
  version: column('integer', 'Counts changes.'),
  customer: toCustomer,
})

const assignment = view('Assignment', 'Who keeps a customer in a line of business over a period.', schema.assignment, {
  id: column('uuid', 'Id of the assignment.'),
  customerId,
  businessLine: column('text', 'Line of business.', { values: businessLines }),
  startsOn: column('day', 'First day.'),
  endsOn: column('day', 'First day on which it holds no more; null while no end is set.', { nullable: true }),
  state: column('text', 'Whether it will hold, holds, held or was taken back.', {
    values: assignmentStates,
  }),
  reason: column('text', 'Why the customer was given to them, where somebody said so.', { nullable: true }),
  overCapacityReason: column('text', 'Why they keep more customers than they can, where the customer was one too many.', {
    nullable: true,
  }),
  source: column('text', 'The system that sent it.'),
  externalId: column('text', 'What that system calls it.'),
  asOf: column('instant', 'When it held, by the system that sent it.'),
  version: column('integer', 'Counts changes.'),
  staff: one('Staff', 'Who keeps the customer.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.staff_id`,
  }),
  assignedBy: one('Staff', 'Who gave the customer to them here; null where a feed or a machine did.', {
    nullable: true,
    permission: 'organisation:read',
    on: (parent, child) => `${child}.id = ${parent}.assigned_by`,
  }),
  customer: toCustomer,
})

export const customerViews = [customer, externalId, identityDocument, contactPoint, address, assignment]
