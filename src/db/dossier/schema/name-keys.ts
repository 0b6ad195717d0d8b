import { boolean, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'

export const nameKey = pgTable(
  'name_key',
  {
    customerId: uuid('customer_id').notNull(),
    reading: integer().notNull(),
    institutionPath: text('institution_path').notNull(),
    pinyin: text().notNull(),
    initials: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.reading] })],
)

export const nameKeyProgress = pgTable('name_key_progress', {
  onlyRow: boolean('only_row').primaryKey().default(true),
  afterId: uuid('after_id').notNull(),
  part: text().notNull().default('customer'),
})
