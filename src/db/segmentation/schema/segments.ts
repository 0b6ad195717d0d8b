import { boolean, date, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

const instant = (name: string) => timestamp(name, { withTimezone: true })

export const segment = pgTable('segment', {
  id: uuid().primaryKey(),
  number: integer().notNull().default(0),
  code: text().notNull(),
  name: text().notNull(),
  description: text(),
  kind: text().notNull(),
  state: text().notNull(),
  ruleVersion: integer('rule_version'),
  createdBy: text('created_by').notNull(),
  version: integer().notNull().default(1),
  createdAt: instant('created_at').notNull(),
  updatedAt: instant('updated_at').notNull(),
  activatedAt: instant('activated_at'),
  retiredAt: instant('retired_at'),
})

export const segmentVersion = pgTable(
  'segment_version',
  {
    segmentId: uuid('segment_id').notNull(),
    ruleVersion: integer('rule_version').notNull(),
    rule: jsonb().notNull(),
    reason: text(),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.segmentId, table.ruleVersion] })],
)

export const segmentMembership = pgTable(
  'segment_membership',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    segmentId: uuid('segment_id').notNull(),
    enteredOn: date('entered_on', { mode: 'string' }).notNull(),
    enteredAt: instant('entered_at').notNull(),
    enteredVersion: integer('entered_version'),
    enteredFacts: jsonb('entered_facts').notNull().default({}),
    leftOn: date('left_on', { mode: 'string' }),
    leftAt: instant('left_at'),
    leftVersion: integer('left_version'),
    leftFacts: jsonb('left_facts'),
    leftReason: text('left_reason'),
    enteredBy: text('entered_by'),
    leftBy: text('left_by'),
    reconstructed: boolean().notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const customerCondition = pgTable(
  'customer_condition',
  {
    customerId: uuid('customer_id').notNull(),
    condition: text().notNull(),
    institutionPath: text('institution_path').notNull(),
    since: date({ mode: 'string' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.condition] })],
)

export const segmentMonth = pgTable(
  'segment_month',
  {
    segmentId: uuid('segment_id').notNull(),
    monthEnd: date('month_end', { mode: 'string' }).notNull(),
    determined: integer().notNull(),
    undetermined: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.segmentId, table.monthEnd] })],
)
