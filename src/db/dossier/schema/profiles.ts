import { bigint, boolean, date, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

const instant = (name: string) => timestamp(name, { withTimezone: true })
const day = (name: string) => date(name, { mode: 'string' })

export const customerProfile = pgTable('customer_profile', {
  customerId: uuid('customer_id').primaryKey(),
  institutionPath: text('institution_path').notNull(),
  occupation: text(),
  incomeBand: text('income_band'),
  deceasedOn: day('deceased_on'),
  companySize: text('company_size'),
  registeredCapital: bigint('registered_capital', { mode: 'bigint' }),
  registeredCapitalCurrency: text('registered_capital_currency'),
  merchantSince: day('merchant_since'),
  merchantUntil: day('merchant_until'),
  merchantCategoryCode: text('merchant_category_code'),
  riskAppetite: text('risk_appetite'),
  interests: text().array().notNull().default([]),
  familyNotes: text('family_notes'),
  situations: text().array().notNull().default([]),
  creditWilling: boolean('credit_willing'),
  updatedAt: instant('updated_at').notNull(),
})

export const fieldSource = pgTable(
  'field_source',
  {
    customerId: uuid('customer_id').notNull(),
    field: text().notNull(),
    institutionPath: text('institution_path').notNull(),
    source: text().notNull(),
    asOf: instant('as_of').notNull(),
    setBy: uuid('set_by'),
    verifiedAt: instant('verified_at'),
    verifiedBy: uuid('verified_by'),
    verification: text(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.field] })],
)

export const profileConflict = pgTable(
  'profile_conflict',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    field: text().notNull(),
    source: text().notNull(),
    valueSent: text('value_sent').notNull(),
    asOf: instant('as_of').notNull(),
    policyVersion: integer('policy_version').notNull(),
    status: text().notNull(),
    detectedAt: instant('detected_at').notNull(),
    decidedAt: instant('decided_at'),
    decidedBy: uuid('decided_by'),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)
