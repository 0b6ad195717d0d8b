import { consentDecisions, consentEvidences, consentPurposes, contactChannels } from '../../../core/dossier/consents.ts'
import * as schema from '../schema/consents.ts'
import { column, many, one, view } from '../../platform/views/view.ts'

const customerId = column('uuid', 'The customer it belongs to.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

/** Whether an event is the newest of its customer for its channel and purpose: what holds now. */
export function isCurrentConsent(event: string): string {
  return `not exists (select from consent_event newer where newer.customer_id = ${event}.customer_id and newer.channel = ${event}.channel
    and newer.purpose = ${event}.purpose and (newer.given_at, newer.id) > (${event}.given_at, ${event}.id))`
}

export function consentKeys(event: string): readonly { readonly expression: string; readonly cast: string }[] {
  return [
    { expression: `${event}.given_at`, cast: 'timestamptz' },
    { expression: `${event}.id`, cast: 'uuid' },
  ]
}

const consentEvent = view(
  'ConsentEvent',
  'A consent given or withdrawn for a channel and a purpose, with its evidence. Immutable: a newer one supersedes it.',
  schema.consentEvent,
  {
    id: column('uuid', 'ID of the event.'),
    customerId,
    channel: column('text', 'Channel.', { values: contactChannels }),
    purpose: column('text', 'Purpose.', { values: consentPurposes }),
    decision: column('text', 'What the customer decided.', { values: consentDecisions }),
    evidence: column('text', 'Evidence.', { values: consentEvidences }),
    evidenceReference: column('text', 'Reference to the evidence; null for a withdrawal without evidence.', { nullable: true }),
    givenAt: column('instant', 'When the customer decided.'),
    recordedAt: column('instant', 'When it was recorded.'),
    recordedBy: column('text', 'Who recorded it: kind and staff number or client ID.'),
    source: column('text', 'The source system.'),
    customer: toCustomer,
  },
)

const contactPreference = view('ContactPreference', 'Contact preferences of a customer.', schema.contactPreference, {
  customerId,
  preferredChannels: column('texts', 'Preferred channels, most preferred first.', { values: contactChannels }),
  hoursFrom: column('text', 'Start of the preferred hours, local time HH:MM.', { nullable: true }),
  hoursUntil: column('text', 'End of the preferred hours, local time HH:MM.', { nullable: true }),
  maxPerMonth: column('integer', 'Maximum number of contacts a month; null if not stated.', { nullable: true }),
  topics: column('texts', 'Topics of interest.'),
  doNotContact: column('boolean', 'Whether the customer asked not to be contacted. Important messages are sent anyway.'),
  doNotContactReason: column('text', 'The reason, if the customer gave one.', { nullable: true }),
  doNotContactUntil: column('day', 'Last day on which it applies; null if open-ended.', { nullable: true }),
  source: column('text', 'The source system.'),
  createdAt: column('instant', 'When the preference was first recorded.'),
  updatedAt: column('instant', 'When it last changed.'),
  version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
  customer: toCustomer,
})

export const consentViews = [consentEvent, contactPreference]

/** The consents of a customer that hold now. */
export const currentConsents = many(
  'ConsentEvent',
  'Current consents of the customer: the newest decision for each channel and purpose.',
  {
    permission: 'dossier:read',
    inRest: 'single',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${isCurrentConsent(child)}`,
    orderBy: (child) => `${child}.channel, ${child}.purpose`,
  },
)

/** How a customer wishes to be contacted. */
export const contactPreferenceOfCustomer = one(
  'ContactPreference',
  'Contact preference of the customer; null if none was recorded.',
  {
    nullable: true,
    permission: 'dossier:read',
    inRest: 'single',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
  },
)
