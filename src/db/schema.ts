import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  date,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  type PgTable,
  uuid,
} from 'drizzle-orm/pg-core'

/** Bytes, as `Buffer`. */
const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

export const migration = pgTable('migration', {
  name: text().primaryKey(),
  checksum: text().notNull(),
  ranAt: timestamp('ran_at', { withTimezone: true })
    .notNull()
    .default(sql`now()`),
})

export const directoryVersion = pgTable('directory_version', {
  onlyRow: boolean('only_row').primaryKey().default(true),
  version: bigint({ mode: 'bigint' }).notNull(),
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
  roles: text().array().notNull(),
  status: text().notNull(),
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

export const customer = pgTable('customer', {
  id: uuid().primaryKey(),
  kind: text().notNull(),
  status: text().notNull(),
  coreNumber: text('core_number'),
  source: text().notNull(),
  name: text().notNull(),
  nameFolded: text('name_folded').notNull(),
  gender: text(),
  birthDate: date('birth_date', { mode: 'string' }),
  foundedOn: date('founded_on', { mode: 'string' }),
  industry: text(),
  country: text(),
  preferredLanguage: text('preferred_language'),
  customerSince: date('customer_since', { mode: 'string' }),
  closedOn: date('closed_on', { mode: 'string' }),
  institutionId: uuid('institution_id').notNull(),
  institutionPath: text('institution_path').notNull(),
  relationshipManagerId: uuid('relationship_manager_id'),
  visibleTo: uuid('visible_to').array().notNull().default([]),
  aum: bigint({ mode: 'bigint' }).notNull().default(0n),
  wrappedKey: bytea('wrapped_key'),
  masterKeyId: text('master_key_id'),
  asOf: timestamp('as_of', { withTimezone: true }).notNull(),
  version: integer().notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
})

export const customerExternalId = pgTable(
  'customer_external_id',
  {
    customerId: uuid('customer_id').notNull(),
    source: text().notNull(),
    externalId: text('external_id').notNull(),
    institutionPath: text('institution_path').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.source] })],
)

export const identityDocument = pgTable(
  'identity_document',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    type: text().notNull(),
    country: text().notNull(),
    numberEncrypted: bytea('number_encrypted').notNull(),
    numberMasked: text('number_masked').notNull(),
    numberHash: bytea('number_hash').notNull(),
    indexKeyId: text('index_key_id').notNull(),
    validUntil: date('valid_until', { mode: 'string' }),
    verified: boolean().notNull(),
    unverifiedReason: text('unverified_reason'),
    source: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const contactPoint = pgTable(
  'contact_point',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    kind: text().notNull(),
    purpose: text().notNull(),
    valueEncrypted: bytea('value_encrypted').notNull(),
    valueMasked: text('value_masked').notNull(),
    valueHash: bytea('value_hash').notNull(),
    indexKeyId: text('index_key_id').notNull(),
    verifiedAt: timestamp('verified_at', { withTimezone: true }),
    source: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const address = pgTable(
  'address',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    purpose: text().notNull(),
    country: text(),
    region: text(),
    city: text(),
    postalCode: text('postal_code'),
    lineEncrypted: bytea('line_encrypted'),
    lineMasked: text('line_masked'),
    lineHash: bytea('line_hash'),
    indexKeyId: text('index_key_id'),
    source: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

export const assignment = pgTable(
  'assignment',
  {
    customerId: uuid('customer_id').notNull(),
    id: uuid().notNull(),
    institutionPath: text('institution_path').notNull(),
    source: text().notNull(),
    externalId: text('external_id').notNull(),
    staffId: uuid('staff_id').notNull(),
    businessLine: text('business_line').notNull(),
    startsOn: date('starts_on', { mode: 'string' }).notNull(),
    endsOn: date('ends_on', { mode: 'string' }),
    state: text().notNull(),
    asOf: timestamp('as_of', { withTimezone: true }).notNull(),
    version: integer().notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.customerId, table.id] })],
)

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

export const externalId = pgTable(
  'external_id',
  {
    externalId: text('external_id').notNull(),
    source: text().notNull(),
    entity: text().notNull(),
    customerId: uuid('customer_id').notNull(),
    targetId: uuid('target_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.externalId, table.source, table.entity] })],
)

export const blindIndex = pgTable(
  'blind_index',
  {
    hash: bytea().notNull(),
    customerId: uuid('customer_id').notNull(),
    targetId: uuid('target_id').notNull(),
    kind: text().notNull(),
    keyId: text('key_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.hash, table.customerId, table.targetId] })],
)

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
  },
  (table) => [primaryKey({ columns: [table.importId, table.line] })],
)

/**
 * What a table holds decides on its keys, policies and grants (docs/decisions/0001-scope-and-keys.md; a test walks the catalogue):
 * `customer` the table of customers itself, `owned` what belongs to one customer, `registry` what is unique over the bank or looked up by
 * value, `journal` what is only appended to, `reference` what is small and belongs to no customer, `local` the service's own book-keeping.
 */
export type TableKind = 'customer' | 'owned' | 'registry' | 'journal' | 'reference' | 'local'

export const tables: readonly { readonly kind: TableKind; readonly table: PgTable }[] = [
  { kind: 'local', table: migration },
  { kind: 'reference', table: directoryVersion },
  { kind: 'reference', table: institution },
  { kind: 'reference', table: staff },
  { kind: 'reference', table: client },
  { kind: 'reference', table: delegation },
  { kind: 'reference', table: product },
  { kind: 'reference', table: exchangeRate },
  { kind: 'reference', table: calendarDay },
  { kind: 'customer', table: customer },
  { kind: 'owned', table: customerExternalId },
  { kind: 'owned', table: identityDocument },
  { kind: 'owned', table: contactPoint },
  { kind: 'owned', table: address },
  { kind: 'owned', table: assignment },
  { kind: 'owned', table: holding },
  { kind: 'owned', table: holdingParty },
  { kind: 'owned', table: partyHolding },
  { kind: 'owned', table: balance },
  { kind: 'owned', table: activity },
  { kind: 'owned', table: movement },
  { kind: 'registry', table: externalId },
  { kind: 'registry', table: blindIndex },
  { kind: 'journal', table: auditEntry },
  { kind: 'journal', table: auditLink },
  { kind: 'journal', table: outboxEvent },
  { kind: 'journal', table: idempotency },
  { kind: 'local', table: importRun },
  { kind: 'local', table: importReject },
]
