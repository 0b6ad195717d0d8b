import type { CompletenessItem } from '../../core/dossier/completeness.ts'

const has = (table: string, customer: string, more = ''): string =>
  `exists (select from ${table} x where x.customer_id = ${customer}.id${more === '' ? '' : ` and ${more}`})`

/** Whether the dossier of a row of `customer` holds an item, as an SQL condition. */
export const isPresent: Readonly<Record<CompletenessItem, (customer: string) => string>> = {
  identity_document: (c) => has('identity_document', c, 'x.verified'),
  phone: (c) => has('contact_point', c, `x.kind = 'phone'`),
  email: (c) => has('contact_point', c, `x.kind = 'email'`),
  address: (c) => has('address', c),
  birth_date: (c) => `${c}.birth_date is not null`,
  gender: (c) => `${c}.gender is not null`,
  founded_on: (c) => `${c}.founded_on is not null`,
  industry: (c) => `${c}.industry is not null`,
  income_band: (c) => has('customer_profile', c, 'x.income_band is not null'),
  company_size: (c) => has('customer_profile', c, 'x.company_size is not null'),
  country: (c) => `${c}.country is not null`,
  relationship_manager: (c) => `${c}.relationship_manager_id is not null`,
  consent: (c) => has('consent_event', c),
  contact_preference: (c) => has('contact_preference', c),
  suitability: (c) => has('suitability_assessment', c, `x.superseded_at is null and x.status = 'active'`),
  key_person: (c) => has('key_person', c, `x.status = 'active'`),
  credit_standing: (c) => has('credit_standing', c, `x.superseded_at is null and x.status = 'active'`),
}
