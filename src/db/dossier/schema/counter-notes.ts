import { sql } from 'drizzle-orm'
import { pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const counterNote = pgTable(
  'counter_note',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    kind: text().notNull(),
    note: text().notNull(),
    finderId: uuid('finder_id').notNull(),
    relationshipManagerId: uuid('relationship_manager_id'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    acknowledgedAt: timestamp('acknowledged_at', { withTimezone: true }),
    acknowledgedBy: uuid('acknowledged_by'),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const callCount = pgTable(
  'call_count',
  {
    caller: text().notNull(),
    kind: text().notNull(),
    recent: timestamp({ withTimezone: true })
      .array()
      .notNull()
      .default(sql`'{}'::timestamptz[]`),
  },
  (table) => [primaryKey({ columns: [table.caller, table.kind] })],
)
