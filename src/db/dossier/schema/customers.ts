import type { CustomerKind, CustomerStatus } from '../../../core/dossier/customers.ts'
import { sql } from 'drizzle-orm'
import { bigint, boolean, date, integer, pgTable, primaryKey, smallint, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea } from '../../platform/schema/bytes.ts'
import type { AddressPurpose, ContactKind, ContactPurpose } from '../../../core/dossier/customers.ts'
import type { DocumentPurpose } from '../../../core/dossier/identity.ts'
import type { DocumentType } from '../../../core/kernel/identity-numbers.ts'

export const customer = pgTable('customer', {
  id: uuid().primaryKey(),
  kind: text().$type<CustomerKind>().notNull(),
  status: text().$type<CustomerStatus>().notNull(),
  coreNumber: text('core_number'),
  source: text().notNull(),
  name: text().notNull(),
  nameFolded: text('name_folded').notNull(),
  gender: text(),
  birthDate: date('birth_date', { mode: 'string' }),
  foundedOn: date('founded_on', { mode: 'string' }),
  industry: text(),
  country: text(),
  preferredLanguage: text('preferred_language'),
  customerSince: date('customer_since', { mode: 'string' }),
  closedOn: date('closed_on', { mode: 'string' }),
  institutionId: uuid('institution_id').notNull(),
  institutionPath: text('institution_path').notNull(),
  relationshipManagerId: uuid('relationship_manager_id'),
  movedAt: timestamp('moved_at', { withTimezone: true }),
  visibleTo: uuid('visible_to').array().notNull().default([]),
  aum: bigint({ mode: 'bigint' }).notNull().default(0n),
  wrappedKey: bytea('wrapped_key'),
  masterKeyId: text('master_key_id'),
  asOf: timestamp('as_of', { withTimezone: true }).notNull(),
  version: integer().notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  /** Month × 100 + day of birth or founding. */
  anniversary: integer().generatedAlwaysAs(sql`computed by the database`),
})

export const customerExternalId = pgTable(
  'customer_external_id',
  {
    customerId: uuid('customer_id').notNull(),
    source: text().notNull(),
    externalId: text('external_id').notNull(),
    institutionPath: text('institution_path').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.source] })],
)

export const identityDocument = pgTable(
  'identity_document',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    type: text().$type<DocumentType>().notNull(),
    country: text().notNull(),
    numberEncrypted: bytea('number_encrypted').notNull(),
    numberMasked: text('number_masked').notNull(),
    numberHash: bytea('number_hash').notNull(),
    indexKeyId: text('index_key_id').notNull(),
    validUntil: date('valid_until', { mode: 'string' }),
    verified: boolean().notNull(),
    unverifiedReason: text('unverified_reason'),
    source: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
    added: boolean().notNull().default(false),
    purpose: text().$type<DocumentPurpose>(),
    verifiedAt: timestamp('verified_at', { withTimezone: true }),
    conflicting: boolean().notNull().default(false),
    dismissedValue: bytea('dismissed_value'),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const contactPoint = pgTable(
  'contact_point',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    kind: text().$type<ContactKind>().notNull(),
    purpose: text().$type<ContactPurpose>().notNull(),
    valueEncrypted: bytea('value_encrypted').notNull(),
    valueMasked: text('value_masked').notNull(),
    valueHash: bytea('value_hash').notNull(),
    indexKeyId: text('index_key_id').notNull(),
    verifiedAt: timestamp('verified_at', { withTimezone: true }),
    source: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
    added: boolean().notNull().default(false),
    conflicting: boolean().notNull().default(false),
    dismissedValue: bytea('dismissed_value'),
    slot: smallint().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const address = pgTable(
  'address',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    purpose: text().$type<AddressPurpose>().notNull(),
    country: text(),
    region: text(),
    city: text(),
    postalCode: text('postal_code'),
    lineEncrypted: bytea('line_encrypted'),
    lineMasked: text('line_masked'),
    lineHash: bytea('line_hash'),
    indexKeyId: text('index_key_id'),
    source: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
    added: boolean().notNull().default(false),
    verifiedAt: timestamp('verified_at', { withTimezone: true }),
    conflicting: boolean().notNull().default(false),
    dismissedValue: bytea('dismissed_value'),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const assignment = pgTable(
  'assignment',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    source: text().notNull(),
    externalId: text('external_id').notNull(),
    staffId: uuid('staff_id').notNull(),
    businessLine: text('business_line').notNull(),
    startsOn: date('starts_on', { mode: 'string' }).notNull(),
    endsOn: date('ends_on', { mode: 'string' }),
    state: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
    reason: text(),
    overCapacityReason: text('over_capacity_reason'),
    assignedBy: uuid('assigned_by'),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const externalId = pgTable(
  'external_id',
  {
    externalId: text('external_id').notNull(),
    source: text().notNull(),
    entity: text().notNull(),
    customerId: uuid('customer_id').notNull(),
    targetId: uuid('target_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.externalId, table.source, table.entity] })],
)

export const blindIndex = pgTable(
  'blind_index',
  {
    hash: bytea().notNull(),
    customerId: uuid('customer_id').notNull(),
    targetId: uuid('target_id').notNull(),
    kind: text().notNull(),
    keyId: text('key_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.hash, table.customerId, table.targetId] })],
)
