import { date, integer, numeric, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea } from '../../platform/schema/bytes.ts'

export const relationship = pgTable(
  'relationship',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    relatedCustomerId: uuid('related_customer_id').notNull(),
    kind: text().notNull(),
    share: numeric({ precision: 7, scale: 4 }),
    since: date({ mode: 'string' }),
    note: text(),
    thankedOn: date('thanked_on', { mode: 'string' }),
    status: text().notNull(),
    endedOn: date('ended_on', { mode: 'string' }),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const keyPerson = pgTable(
  'key_person',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    name: text().notNull(),
    nameFolded: text('name_folded').notNull(),
    role: text().notNull(),
    title: text(),
    phoneEncrypted: bytea('phone_encrypted'),
    phoneMasked: text('phone_masked'),
    emailEncrypted: bytea('email_encrypted'),
    emailMasked: text('email_masked'),
    birthMonth: integer('birth_month'),
    birthDay: integer('birth_day'),
    birthYear: integer('birth_year'),
    career: text(),
    offices: text().array().notNull().default([]),
    honours: text().array().notNull().default([]),
    interests: text().array().notNull().default([]),
    counterpartStaffId: uuid('counterpart_staff_id'),
    counterpartLevel: text('counterpart_level'),
    personCustomerId: uuid('person_customer_id'),
    status: text().notNull(),
    endedOn: date('ended_on', { mode: 'string' }),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const sharedKeyPerson = pgTable(
  'shared_key_person',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    keyPersonCustomerId: uuid('key_person_customer_id').notNull(),
    keyPersonId: uuid('key_person_id').notNull(),
    role: text().notNull(),
    title: text(),
    counterpartStaffId: uuid('counterpart_staff_id'),
    counterpartLevel: text('counterpart_level'),
    status: text().notNull(),
    endedOn: date('ended_on', { mode: 'string' }),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const customerGroup = pgTable(
  'customer_group',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    kind: text().notNull(),
    name: text().notNull(),
    status: text().notNull(),
    endedOn: date('ended_on', { mode: 'string' }),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const customerGroupMember = pgTable(
  'customer_group_member',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    groupId: uuid('group_id').notNull(),
    memberCustomerId: uuid('member_customer_id').notNull(),
    status: text().notNull(),
    joinedOn: date('joined_on', { mode: 'string' }).notNull(),
    endedOn: date('ended_on', { mode: 'string' }),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const groupMembership = pgTable(
  'group_membership',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    headCustomerId: uuid('head_customer_id').notNull(),
    groupId: uuid('group_id').notNull(),
    kind: text().notNull(),
    status: text().notNull(),
    joinedOn: date('joined_on', { mode: 'string' }).notNull(),
    endedOn: date('ended_on', { mode: 'string' }),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)
