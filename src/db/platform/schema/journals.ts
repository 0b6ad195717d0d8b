import { sql } from 'drizzle-orm'
import { bigint, boolean, date, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid, smallint } from 'drizzle-orm/pg-core'
import { bytea } from './bytes.ts'

export const auditEntry = pgTable('audit_entry', {
  id: uuid().primaryKey(),
  at: timestamp({ withTimezone: true }).notNull(),
  institutionPath: text('institution_path').notNull(),
  actorKind: text('actor_kind').notNull(),
  actorId: text('actor_id').notNull(),
  operation: text().notNull(),
  customerId: uuid('customer_id'),
  customerPath: text('customer_path'),
  subjectType: text('subject_type'),
  subjectId: text('subject_id'),
  changed: text().array().notNull().default([]),
  details: jsonb()
    .notNull()
    .default(sql`'{}'::jsonb`),
  requestId: text('request_id'),
})

export const auditLink = pgTable('audit_link', {
  entryId: uuid('entry_id').primaryKey(),
  chainPath: text('chain_path').notNull(),
  chainDay: date('chain_day', { mode: 'string' }).notNull(),
  position: bigint({ mode: 'bigint' }).notNull(),
  hash: bytea().notNull(),
})

export const auditWatermark = pgTable('audit_watermark', {
  onlyRow: boolean('only_row').primaryKey().default(true),
  sealedUntil: timestamp('sealed_until', { withTimezone: true }).notNull(),
})

export const outboxEvent = pgTable('outbox_event', {
  id: uuid().primaryKey(),
  sequence: bigint({ mode: 'bigint' })
    .notNull()
    .default(sql`nextval('outbox_sequence'::regclass)`),
  type: text().notNull(),
  occurredAt: timestamp('occurred_at', { withTimezone: true }).notNull(),
  institutionPath: text('institution_path').notNull(),
  customerId: uuid('customer_id'),
  subjectType: text('subject_type'),
  subjectId: text('subject_id'),
  changed: text().array().notNull().default([]),
  payload: jsonb()
    .notNull()
    .default(sql`'{}'::jsonb`),
})

export const idempotency = pgTable(
  'idempotency',
  {
    caller: text().notNull(),
    operation: text().notNull(),
    key: text().notNull(),
    fingerprint: bytea().notNull(),
    answerEncrypted: bytea('answer_encrypted'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.caller, table.operation, table.key] })],
)

export const importRun = pgTable('import_run', {
  id: uuid().primaryKey(),
  entity: text().notNull(),
  format: text().notNull(),
  caller: text().notNull(),
  institutionPath: text('institution_path').notNull(),
  status: text().notNull(),
  cancelRequested: boolean('cancel_requested').notNull().default(false),
  attempt: integer().notNull().default(1),
  header: text().array(),
  rowsRead: bigint('rows_read', { mode: 'bigint' }).notNull().default(0n),
  rowsCreated: bigint('rows_created', { mode: 'bigint' }).notNull().default(0n),
  rowsUpdated: bigint('rows_updated', { mode: 'bigint' }).notNull().default(0n),
  rowsUnchanged: bigint('rows_unchanged', { mode: 'bigint' }).notNull().default(0n),
  rowsSuperseded: bigint('rows_superseded', { mode: 'bigint' }).notNull().default(0n),
  rowsRejected: bigint('rows_rejected', { mode: 'bigint' }).notNull().default(0n),
  rowsWithWarnings: bigint('rows_with_warnings', { mode: 'bigint' }).notNull().default(0n),
  committedLine: bigint('committed_line', { mode: 'bigint' }).notNull().default(0n),
  failureCode: text('failure_code'),
  failureMessage: text('failure_message'),
  startedAt: timestamp('started_at', { withTimezone: true }).notNull(),
  heartbeatAt: timestamp('heartbeat_at', { withTimezone: true }).notNull(),
  finishedAt: timestamp('finished_at', { withTimezone: true }),
})

export const importReject = pgTable(
  'import_reject',
  {
    importId: uuid('import_id').notNull(),
    line: bigint({ mode: 'bigint' }).notNull(),
    field: text(),
    code: text().notNull(),
    message: text().notNull(),
    rawEncrypted: bytea('raw_encrypted').notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    warning: smallint().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.importId, table.line, table.warning] })],
)

export const migration = pgTable('migration', {
  name: text().primaryKey(),
  checksum: text().notNull(),
  ranAt: timestamp('ran_at', { withTimezone: true })
    .notNull()
    .default(sql`now()`),
})
