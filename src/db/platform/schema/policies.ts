import { date, integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

export const policyVersion = pgTable(
  'policy_version',
  {
    kind: text().notNull(),
    key: text().notNull(),
    version: integer().notNull(),
    effectiveOn: date('effective_on', { mode: 'string' }).notNull(),
    definition: jsonb().notNull(),
    source: text().notNull(),
    reason: text(),
    setBy: text('set_by').notNull(),
    setAt: timestamp('set_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.key, table.version] })],
)
