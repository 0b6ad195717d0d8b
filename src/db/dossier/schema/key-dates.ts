import { boolean, date, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { NamedKeyDate } from '../../../core/dossier/key-dates.ts'

export const keyDate = pgTable(
  'key_date',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    kind: text().$type<NamedKeyDate['kind']>().notNull(),
    name: text(),
    calendar: text().$type<NamedKeyDate['calendar']>().notNull(),
    month: integer().notNull(),
    day: integer().notNull(),
    leapMonth: boolean('leap_month').notNull(),
    year: integer(),
    recurrence: text().$type<NamedKeyDate['recurrence']>().notNull(),
    note: text(),
    status: text().$type<'active' | 'ended'>().notNull(),
    nextOn: date('next_on', { mode: 'string' }),
    nextYears: integer('next_years'),
    followingOn: date('following_on', { mode: 'string' }),
    followingYears: integer('following_years'),
    source: text().notNull(),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)
