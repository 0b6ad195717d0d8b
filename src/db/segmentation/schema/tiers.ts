import { date, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

const instant = (name: string) => timestamp(name, { withTimezone: true })
const day = (name: string) => date(name, { mode: 'string' })

export const tierScheme = pgTable('tier_scheme', {
  id: uuid().primaryKey(),
  slot: integer().notNull().default(0),
  code: text().notNull(),
  name: text().notNull(),
  kinds: text().array().notNull(),
  measure: text().notNull(),
  state: text().notNull(),
  evaluatedVersion: integer('evaluated_version'),
  createdBy: text('created_by').notNull(),
  version: integer().notNull().default(1),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
  retiredAt: instant('retired_at'),
})

export const tierMembership = pgTable(
  'tier_membership',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    schemeId: uuid('scheme_id').notNull(),
    tier: text().notNull(),
    place: integer().notNull(),
    beganOn: day('began_on').notNull(),
    beganAt: instant('began_at').notNull(),
    beganReason: text('began_reason').notNull(),
    beganVersion: integer('began_version').notNull(),
    beganFacts: jsonb('began_facts').notNull().default({}),
    endedOn: day('ended_on'),
    endedAt: instant('ended_at'),
    endedReason: text('ended_reason'),
    endedVersion: integer('ended_version'),
    endedFacts: jsonb('ended_facts'),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const tierOverride = pgTable(
  'tier_override',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    schemeId: uuid('scheme_id').notNull(),
    tier: text().notNull(),
    reason: text().notNull(),
    requestedBy: uuid('requested_by').notNull(),
    approverId: uuid('approver_id'),
    startsOn: day('starts_on').notNull(),
    endsOn: day('ends_on').notNull(),
    state: text().notNull(),
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)
