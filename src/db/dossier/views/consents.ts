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
  'A consent given or withdrawn for a channel and a purpose, with its evidence. Never changed: another one takes its place.',
  schema.consentEvent,
  {
    id: column('uuid', 'Id of the event.'),
    customerId,
    channel: column('text', 'By which way.', { values: contactChannels }),
    purpose: column('text', 'What for.', { values: consentPurposes }),
    decision: column('text', 'What the customer decided.', { values: consentDecisions }),
    evidence: column('text', 'What shows it.', { values: consentEvidences }),
    evidenceReference: column('text', 'Where the evidence is kept; null for a withdrawal that left none.', { nullable: true }),
    givenAt: column('instant', 'When the customer decided.'),
    recordedAt: column('instant', 'When it was taken down.'),
    recordedBy: column('text', 'Who took it down: kind and staff number or client id.'),
    source: column('text', 'The system that sent it.'),
    customer: toCustomer,
  },
)

const contactPreference = view('ContactPreference', 'How a customer wishes to be contacted.', schema.contactPreference, {
  customerId,
  preferredChannels: column('texts', 'Ways that the customer likes, the dearest first.', { values: contactChannels }),
  hoursFrom: column('text', 'Local time HH:MM from which on the customer likes to be contacted.', { nullable: true }),
  hoursUntil: column('text', 'Local time HH:MM until which.', { nullable: true }),
  mostPerMonth: column('integer', 'Most contacts a month; null where nothing was said.', { nullable: true }),
  topics: column('texts', 'What the customer wants to hear of.'),
  doNotContact: column('boolean', 'Whether the customer asked not to be contacted. Important messages go out all the same.'),
  doNotContactReason: column('text', 'Why, where the customer said so.', { nullable: true }),
  doNotContactUntil: column('day', 'Last day on which it holds; null where it holds until it is taken back.', { nullable: true }),
  source: column('text', 'The system that sent it.'),
  createdAt: column('instant', 'When wishes were first taken down.'),
  updatedAt: column('instant', 'When they last changed.'),
  version: column('integer', 'Counts changes; named by If-Match and expectedVersion.'),
  customer: toCustomer,
})

export const consentViews = [consentEvent, contactPreference]

/** The consents of a customer that hold now. */
export const currentConsents = many(
  'ConsentEvent',
  'What the customer consents to now: the newest decision for each channel and purpose.',
  {
    permission: 'dossier:read',
    inRest: 'single',
    on: (parent, child) => `${child}.customer_id = ${parent}.id and ${isCurrentConsent(child)}`,
    orderBy: (child) => `${child}.channel, ${child}.purpose`,
  },
)

/** How a customer wishes to be contacted. */
export const wishedContact = one('ContactPreference', 'How the customer wishes to be contacted; null where nothing was said.', {
  nullable: true,
  permission: 'dossier:read',
  inRest: 'single',
  on: (parent, child) => `${child}.customer_id = ${parent}.id`,
})
