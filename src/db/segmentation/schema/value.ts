import { date, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core'

export const valuePolicy = pgTable('value_policy', {
  version: integer().primaryKey(),
  effectiveFrom: date('effective_from', { mode: 'string' }).notNull(),
  rates: jsonb().notNull(),
  source: text().notNull(),
  reason: text().notNull(),
  setBy: text('set_by').notNull(),
  setAt: timestamp('set_at', { withTimezone: true }).notNull(),
})
