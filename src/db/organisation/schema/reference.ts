import type { Role } from '../../../core/kernel/permissions.ts'
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'

export const directoryVersion = pgTable('directory_version', {
  onlyRow: boolean('only_row').primaryKey().default(true),
  version: bigint({ mode: 'bigint' }).notNull(),
})

export const bankSetting = pgTable('bank_setting', {
  onlyRow: boolean('only_row').primaryKey().default(true),
  baseCurrency: text('base_currency').notNull(),
  masterKeys: jsonb('master_keys')
    .notNull()
    .default(sql`'{}'::jsonb`),
  indexKeys: jsonb('index_keys')
    .notNull()
    .default(sql`'{}'::jsonb`),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
})

export const institution = pgTable('institution', {
  id: uuid().primaryKey(),
  code: text().notNull(),
  source: text().notNull(),
  externalId: text('external_id').notNull(),
  name: text().notNull(),
  kind: text().notNull(),
  status: text().notNull(),
  parentId: uuid('parent_id'),
  path: text().notNull(),
  latitude: doublePrecision(),
  longitude: doublePrecision(),
  areaCode: text('area_code'),
  timeZone: text('time_zone'),
  calendar: text(),
  asOf: timestamp('as_of', { withTimezone: true }).notNull(),
  version: integer().notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
})

export const staff = pgTable('staff', {
  id: uuid().primaryKey(),
  number: text().notNull(),
  source: text().notNull(),
  externalId: text('external_id').notNull(),
  name: text().notNull(),
  institutionId: uuid('institution_id').notNull(),
  institutionPath: text('institution_path').notNull(),
  roles: text().array().$type<Role[]>().notNull(),
  status: text().$type<'active' | 'inactive'>().notNull(),
  industries: text().array().notNull().default([]),
  areas: text().array().notNull().default([]),
  customerCapacity: integer('customer_capacity'),
  dailyCapacity: integer('daily_capacity'),
  activeFrom: date('active_from', { mode: 'string' }),
  activeUntil: date('active_until', { mode: 'string' }),
  asOf: timestamp('as_of', { withTimezone: true }).notNull(),
  version: integer().notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  productFamilies: text('product_families').array().notNull().default([]),
})

export const client = pgTable('client', {
  id: uuid().primaryKey(),
  clientId: text('client_id').notNull(),
  name: text().notNull(),
  institutionId: uuid('institution_id').notNull(),
  institutionPath: text('institution_path').notNull(),
  scopes: text().array().notNull(),
  status: text().notNull(),
  version: integer().notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
})

export const delegation = pgTable('delegation', {
  id: uuid().primaryKey(),
  staffId: uuid('staff_id').notNull(),
  deputyId: uuid('deputy_id').notNull(),
  startsOn: date('starts_on', { mode: 'string' }).notNull(),
  endsOn: date('ends_on', { mode: 'string' }).notNull(),
  reason: text().notNull(),
  status: text().notNull(),
  version: integer().notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  revokedOn: date('revoked_on', { mode: 'string' }),
})

export const product = pgTable('product', {
  id: uuid().primaryKey(),
  code: text().notNull(),
  source: text().notNull(),
  externalId: text('external_id').notNull(),
  name: text().notNull(),
  family: text().notNull(),
  category: text().notNull(),
  lifecycle: text().notNull(),
  status: text().notNull(),
  riskLevel: integer('risk_level'),
  termMonths: integer('term_months'),
  currency: text(),
  annualYield: numeric('annual_yield', { precision: 9, scale: 6 }),
  annualMargin: numeric('annual_margin', { precision: 9, scale: 6 }),
  asOf: timestamp('as_of', { withTimezone: true }).notNull(),
  version: integer().notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
})

export const exchangeRate = pgTable(
  'exchange_rate',
  {
    currency: text().notNull(),
    day: date({ mode: 'string' }).notNull(),
    rate: numeric({ precision: 24, scale: 10 }).notNull(),
    source: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.currency, table.day] })],
)

export const calendarDay = pgTable(
  'calendar_day',
  {
    calendar: text().notNull(),
    day: date({ mode: 'string' }).notNull(),
    kind: text().notNull(),
    name: text(),
    version: integer().notNull().default(1),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.calendar, table.day] })],
)
