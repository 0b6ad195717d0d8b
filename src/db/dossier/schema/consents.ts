import { boolean, date, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { ContactChannel } from '../../../core/dossier/consents.ts'

export const consentEvent = pgTable(
  'consent_event',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    channel: text().notNull(),
    purpose: text().notNull(),
    decision: text().notNull(),
    evidence: text().notNull(),
    evidenceReference: text('evidence_reference'),
    givenAt: timestamp('given_at', { withTimezone: true }).notNull(),
    recordedAt: timestamp('recorded_at', { withTimezone: true }).notNull(),
    recordedBy: text('recorded_by').notNull(),
    source: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const contactPreference = pgTable('contact_preference', {
  customerId: uuid('customer_id').primaryKey(),
  institutionPath: text('institution_path').notNull(),
  preferredChannels: text('preferred_channels').$type<ContactChannel>().array().notNull(),
  hoursFrom: text('hours_from'),
  hoursUntil: text('hours_until'),
  maxPerMonth: integer('max_per_month'),
  topics: text().array().notNull(),
  doNotContact: boolean('do_not_contact').notNull(),
  doNotContactReason: text('do_not_contact_reason'),
  doNotContactUntil: date('do_not_contact_until', { mode: 'string' }),
  source: text().notNull(),
  version: integer().notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
})

export const quietHours = pgTable('quiet_hours', {
  institutionId: uuid('institution_id').primaryKey(),
  startsAt: text('starts_at').notNull(),
  endsAt: text('ends_at').notNull(),
  source: text().notNull(),
  version: integer().notNull().default(1),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
})
