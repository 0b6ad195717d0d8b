import type { CustomerStatus } from './customers.ts'
import { DomainError, refuseField } from '../kernel/errors.ts'
import { identityRefusal, type DocumentCheck, type Profile } from './document-checks.ts'
import { normaliseEmail, normalisePhone } from '../kernel/phones.ts'

/** What is stored encrypted and can be revealed, one value at a time. */
export const revealableFields = [
  'document_number',
  'contact_value',
  'address_line',
  'movement_counterparty',
  'key_person_phone',
  'key_person_email',
] as const
export type RevealableField = (typeof revealableFields)[number]

/** Where documents, contact points and addresses are stored. */
export type ValueTable = 'identity_document' | 'contact_point' | 'address'

/** Values of a customer, beside the fields of the profile, of which a bank may say that feeds win. */
export const valuePolicies = ['identity_document', 'phone', 'email', 'address'] as const
export type ValuePolicy = (typeof valuePolicies)[number]

/** The parts of an address. */
export const addressFields = ['country', 'region', 'city', 'postalCode', 'line'] as const
export type AddressField = (typeof addressFields)[number]

/** The purpose of a document. Ours to choose. */
export const documentPurposes = ['identification', 'account_opening', 'credit', 'tax', 'authority', 'other'] as const
export type DocumentPurpose = (typeof documentPurposes)[number]

/** Why somebody may ask for a clear value. */
export const revealPurposes = [
  'customer_request',
  'contact',
  'identification',
  'complaint',
  'investigation',
  'correction',
] as const

/** Documents, and contact points, of one customer: lists that front ends show whole. Ours to choose. */
const MAX_PER_CUSTOMER = 50

/** Throws `conflict` for a customer whose dossier takes nothing more: another one goes on, or nothing may be recorded. */
export function requireOpenDossier(status: CustomerStatus): void {
  if (status === 'merged' || status === 'erased') throw new DomainError('conflict', `The customer has been ${status}.`)
}

/** Throws `conflict` where there are as many already as one customer may have. */
export function requireBelowLimit(stored: number): void {
  if (stored >= MAX_PER_CUSTOMER)
    throw new DomainError('conflict', `A customer can have at most ${MAX_PER_CUSTOMER} of these: remove those no longer in use.`)
}

/** A person's document must pass its checks and agree with the profile; what a machine sends is stored, marked unverified. Names the field and both values masked. */
export function requireNoConflict(judged: DocumentCheck, profile: Profile, fromPerson: boolean): void {
  if (!fromPerson || judged.reason === null) return
  const { code, field, message } = identityRefusal({ number: judged.number, reason: judged.reason }, profile)
  throw refuseField(code, field === 'documentCountry' ? 'country' : 'number', judged.reason, message)
}

/** A phone in E.164 or an e-mail address in the form that is stored. Throws `invalid_input`. */
export function normaliseContact(kind: 'phone' | 'email', text: string, field = 'value'): string {
  const value = kind === 'phone' ? normalisePhone(text) : normaliseEmail(text)
  if (value !== undefined) return value
  throw kind === 'phone'
    ? refuseField('invalid_input', field, 'phone', 'Must be a valid phone number of a known numbering plan.')
    : refuseField('invalid_input', field, 'email', 'Must be an e-mail address.')
}

/** When a document counts as seen to be the customer's: as a person enters it and its number passes. What a machine sends has yet to be seen. */
export function seenAt({ verified }: Pick<DocumentCheck, 'verified'>, fromPerson: boolean, now: Date): Date | null {
  return verified && fromPerson ? now : null
}

/** Throws `conflict` for a document whose number breaks a rule or disagrees with the profile: what is wrong is corrected, not confirmed. */
export function requireVerifiable({ unverifiedReason }: { readonly unverifiedReason: string | null }): void {
  if (unverifiedReason !== null)
    throw refuseField(
      'conflict',
      'identityDocumentId',
      unverifiedReason,
      'The number breaks a rule or conflicts with the profile: correct or remove it.',
    )
}

/** Throws `conflict` for what no feed says beside a verified value: it is corrected or removed, not dismissed. */
export function requireConflicting({ conflicting }: { readonly conflicting: boolean }): void {
  if (!conflicting)
    throw new DomainError(
      'conflict',
      'Only a feed value that conflicts with a verified one can be dismissed: correct or remove this one.',
    )
}

/** Throws `invalid_input` for an address without any part. */
export function requireAddress(parts: { readonly [F in AddressField]: string | null }): void {
  if (addressFields.every((field) => parts[field] === null))
    throw refuseField('invalid_input', '', 'required', 'At least one part of the address is required.')
}
