import { bigint, boolean, date, integer, numeric, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** What all notes have: each row is one version of a note, and stays. */
const noted = () => ({
  customerId: uuid('customer_id').notNull(),
  id: uuid().notNull(),
  version: integer().notNull(),
  institutionPath: text('institution_path').notNull(),
  status: text().notNull(),
  source: text().notNull(),
  notedOn: date('noted_on', { mode: 'string' }).notNull(),
  note: text(),
  recordedBy: uuid('recorded_by'),
  recordedAt: timestamp('recorded_at', { withTimezone: true }).notNull(),
  supersededAt: timestamp('superseded_at', { withTimezone: true }),
})

export const need = pgTable(
  'need',
  {
    ...noted(),
    kind: text().notNull(),
    amount: bigint({ mode: 'bigint' }),
    currency: text(),
    horizonOn: date('horizon_on', { mode: 'string' }),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id, table.version] })],
)

export const outsideHolding = pgTable(
  'outside_holding',
  {
    ...noted(),
    bankName: text('bank_name').notNull(),
    kind: text().notNull(),
    productName: text('product_name'),
    amount: bigint({ mode: 'bigint' }).notNull(),
    currency: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id, table.version] })],
)

export const creditStanding = pgTable(
  'credit_standing',
  {
    ...noted(),
    origin: text().notNull(),
    agency: text(),
    rating: text().notNull(),
    outlook: text(),
    ratedOn: date('rated_on', { mode: 'string' }).notNull(),
    granted: bigint({ mode: 'bigint' }),
    used: bigint({ mode: 'bigint' }),
    currency: text(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id, table.version] })],
)

export const suitabilityAssessment = pgTable(
  'suitability_assessment',
  {
    ...noted(),
    score: integer().notNull(),
    level: integer().notNull(),
    questionnaireVersion: text('questionnaire_version').notNull(),
    assessedOn: date('assessed_on', { mode: 'string' }).notNull(),
    expiresOn: date('expires_on', { mode: 'string' }).notNull(),
    firstTimeBuyer: boolean('first_time_buyer').notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id, table.version] })],
)

export const lifeEvent = pgTable(
  'life_event',
  {
    ...noted(),
    title: text().notNull(),
    happenedOn: date('happened_on', { mode: 'string' }).notNull(),
    keyPersonId: uuid('key_person_id'),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id, table.version] })],
)

export const privilegeGrant = pgTable(
  'privilege_grant',
  {
    ...noted(),
    privilege: text().notNull(),
    startsOn: date('starts_on', { mode: 'string' }).notNull(),
    endsOn: date('ends_on', { mode: 'string' }),
    cost: bigint({ mode: 'bigint' }),
    currency: text(),
    usedCount: integer('used_count').notNull(),
    lastUsedOn: date('last_used_on', { mode: 'string' }),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id, table.version] })],
)

export const keyFigure = pgTable(
  'key_figure',
  {
    ...noted(),
    year: integer().notNull(),
    revenue: bigint({ mode: 'bigint' }),
    totalAssets: bigint('total_assets', { mode: 'bigint' }),
    netProfit: bigint('net_profit', { mode: 'bigint' }),
    currency: text(),
    debtRatio: numeric('debt_ratio', { precision: 7, scale: 4 }),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id, table.version] })],
)
