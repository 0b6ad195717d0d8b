import {
  bigint,
  boolean,
  date,
  doublePrecision,
  integer,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { facts, storedFacts } from '../../../core/segmentation/facts.ts'
import { factColumn } from '../facts/columns.ts'

const instant = (name: string) => timestamp(name, { withTimezone: true })

/** A column for each fact that is stored. */
function factColumns() {
  const typed = {
    number: (column: string) => doublePrecision(column),
    money: (column: string) => bigint(column, { mode: 'bigint' }),
    day: (column: string) => date(column, { mode: 'string' }),
    boolean: (column: string) => boolean(column),
    enum: (column: string) => text(column),
    set: (column: string) => text(column).array(),
  }
  return Object.fromEntries(storedFacts.map((name) => [name, typed[facts[name].type](factColumn(name))]))
}

export const customerFact = pgTable('customer_fact', {
  customerId: uuid('customer_id').primaryKey(),
  institutionPath: text('institution_path').notNull(),
  asOf: date('as_of', { mode: 'string' }).notNull(),
  refreshedAt: instant('refreshed_at').notNull(),
  ...factColumns(),
  segments: integer().array().notNull().default([]),
  tierPlaces: integer('tier_places').array(),
  tierBelow: date('tier_below', { mode: 'string' }).array(),
})

export const customerFactMonth = pgTable(
  'customer_fact_month',
  {
    customerId: uuid('customer_id').notNull(),
    monthEnd: date('month_end', { mode: 'string' }).notNull(),
    institutionPath: text('institution_path').notNull(),
    ...factColumns(),
    reconstructed: boolean().notNull().default(false),
    balancesFrom: date('balances_from', { mode: 'string' }),
    openingsKnown: boolean('openings_known'),
    tierPlaces: integer('tier_places').array(),
    tierBelow: date('tier_below', { mode: 'string' }).array(),
    segments: integer().array(),
    undetermined: text().array(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.monthEnd] })],
)

export const customerFactStale = pgTable('customer_fact_stale', {
  customerId: uuid('customer_id').primaryKey(),
  institutionPath: text('institution_path').notNull(),
  since: instant('since').notNull(),
})

export const factPercentile = pgTable(
  'fact_cut',
  {
    path: text().notNull(),
    fact: text().notNull(),
    asOf: date('as_of', { mode: 'string' }).notNull(),
    cuts: numeric().array().notNull(),
    customers: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.path, table.fact] })],
)

export const refreshRun = pgTable('refresh_run', {
  id: uuid().primaryKey(),
  institutionPath: text('institution_path').notNull(),
  kind: text().notNull(),
  reason: text().notNull(),
  state: text().notNull(),
  requestedBy: text('requested_by').notNull(),
  requestedAt: instant('requested_at').notNull(),
  startedAt: instant('started_at'),
  finishedAt: instant('finished_at'),
  asOf: date('as_of', { mode: 'string' }),
  step: text(),
  monthEnd: date('month_end', { mode: 'string' }),
  activityFrom: date('activity_from', { mode: 'string' }),
  movementsFrom: date('movements_from', { mode: 'string' }),
  position: uuid(),
  customersDone: bigint('customers_done', { mode: 'bigint' }).notNull().default(0n),
  customersTotal: bigint('customers_total', { mode: 'bigint' }),
  entered: bigint({ mode: 'bigint' }).notNull().default(0n),
  leftCount: bigint('left_count', { mode: 'bigint' }).notNull().default(0n),
  error: text(),
})
