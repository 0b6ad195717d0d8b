import { sql } from 'drizzle-orm'
import { bigint, boolean, date, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { bytea } from '../../platform/schema/bytes.ts'

export const holding = pgTable(
  'holding',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    source: text().notNull(),
    externalId: text('external_id').notNull(),
    accountNumber: text('account_number').notNull(),
    productId: uuid('product_id').notNull(),
    currency: text().notNull(),
    balance: bigint({ mode: 'bigint' }).notNull().default(0n),
    balanceOn: date('balance_on', { mode: 'string' }),
    nextBalanceOn: date('next_balance_on', { mode: 'string' }),
    openedOn: date('opened_on', { mode: 'string' }),
    maturesOn: date('matures_on', { mode: 'string' }),
    autoRenewal: boolean('auto_renewal'),
    status: text().notNull(),
    closedOn: date('closed_on', { mode: 'string' }),
    edition: text(),
    origin: text(),
    recommendedBy: uuid('recommended_by'),
    activatedOn: date('activated_on', { mode: 'string' }),
    lastUsedOn: date('last_used_on', { mode: 'string' }),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const holdingParty = pgTable(
  'holding_party',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    holdingId: uuid('holding_id').notNull(),
    partyCustomerId: uuid('party_customer_id').notNull(),
    role: text().notNull(),
    status: text().notNull(),
    source: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const partyHolding = pgTable(
  'party_holding',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    holdingCustomerId: uuid('holding_customer_id').notNull(),
    holdingId: uuid('holding_id').notNull(),
    role: text().notNull(),
    status: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const balance = pgTable(
  'balance',
  {
    customerId: uuid('customer_id').notNull(),
    holdingId: uuid('holding_id').notNull(),
    day: date({ mode: 'string' }).notNull(),
    institutionPath: text('institution_path').notNull(),
    amount: bigint({ mode: 'bigint' }).notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.holdingId, table.day] })],
)

export const activity = pgTable(
  'activity',
  {
    customerId: uuid('customer_id').notNull(),
    month: date({ mode: 'string' }).notNull(),
    channel: text().notNull(),
    type: text().notNull(),
    purpose: text().notNull(),
    direction: text().notNull(),
    currency: text().notNull(),
    counterpartyHash: bytea('counterparty_hash')
      .notNull()
      .default(sql`'\x'::bytea`),
    institutionPath: text('institution_path').notNull(),
    count: integer().notNull(),
    amount: bigint({ mode: 'bigint' }).notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [
    primaryKey({
      columns: [
        table.customerId,
        table.month,
        table.channel,
        table.type,
        table.purpose,
        table.direction,
        table.currency,
        table.counterpartyHash,
      ],
    }),
  ],
)

export const movement = pgTable(
  'movement',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    holdingId: uuid('holding_id').notNull(),
    source: text().notNull(),
    externalId: text('external_id').notNull(),
    direction: text().notNull(),
    amount: bigint({ mode: 'bigint' }).notNull(),
    currency: text().notNull(),
    bookedOn: date('booked_on', { mode: 'string' }).notNull(),
    channel: text().notNull(),
    purpose: text().notNull(),
    counterpartyEncrypted: bytea('counterparty_encrypted'),
    counterpartyMasked: text('counterparty_masked'),
    counterpartyHash: bytea('counterparty_hash'),
    indexKeyId: text('index_key_id'),
    status: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)
