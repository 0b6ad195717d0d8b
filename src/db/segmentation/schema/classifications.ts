import { date, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

const instant = (name: string) => timestamp(name, { withTimezone: true })
const day = (name: string) => date(name, { mode: 'string' })

export const classificationPeriod = pgTable(
  'classification_period',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    kind: text().notNull(),
    value: text().notNull(),
    policyVersion: integer('policy_version').notNull(),
    ruleIndex: integer('rule_index'),
    facts: jsonb().notNull().default({}),
    beganOn: day('began_on').notNull(),
    beganAt: instant('began_at').notNull(),
    endedOn: day('ended_on'),
    endedAt: instant('ended_at'),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const relationshipPreference = pgTable(
  'relationship_preference',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    preference: text().notNull(),
    note: text(),
    declaredBy: uuid('declared_by'),
    declaredAt: instant('declared_at').notNull(),
    supersededAt: instant('superseded_at'),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)
