import type { Conditions } from '../platform/views/conditions.ts'
import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import type { DocumentCheck } from '../../core/dossier/document-checks.ts'
import type { DocumentType } from '../../core/kernel/identity-numbers.ts'
import type { AddressField, DocumentPurpose, RevealableField, ValueTable } from '../../core/dossier/identity.ts'
import { hidden, maskDocumentNumber, maskEmail, maskPhone } from '../../core/kernel/masking.ts'
import { searchedAs } from '../../core/kernel/phones.ts'
import type { Db } from '../platform/database.ts'
import { lockCustomerRecords, type StoredCustomer } from './customer-records.ts'
import { openCustomerKeys } from './customer-keys.ts'
import { addressText, hashedLine } from './customer-values.ts'
import { type SealedValue, sealedValues } from './sealed-values.ts'
import { type CustomerKey, fieldContext, type Vault } from '../platform/vault.ts'
import { type DocumentRecord, listAddresses } from './identity-records.ts'

/** Reads a customer in scope and holds the row, so that what belongs to the customer changes in one order. */
export async function lockCustomer(db: Db, customerId: string): Promise<StoredCustomer | undefined> {
  const [customer] = await lockCustomerRecords(db, [customerId])
  return customer
}

/** Where something is written: the customer, the instant, and what seals it. */
export interface Sealer {
  readonly customer: Pick<StoredCustomer, 'id' | 'institutionPath'>
  readonly vault: Vault
  readonly now: Date
}

/** The key of a customer in scope. */
export async function openKey(db: Db, vault: Vault, customerId: string): Promise<CustomerKey> {
  return (await openCustomerKeys(db, [customerId], vault)).get(customerId)!
}

/** Writes a document that was entered here and not with a row of its source: a new one or a correction. */
export async function saveDocument(
  db: Db,
  sealer: Sealer,
  id: string,
  document: {
    readonly type: DocumentType
    readonly country: string
    readonly validUntil: Day | null
    readonly purpose: DocumentPurpose | null
    readonly verifiedAt: Date | null
    readonly judged: DocumentCheck
  },
): Promise<void> {
  const { customer, vault, now } = sealer
  const { type, country, validUntil, purpose, verifiedAt, judged } = document
  const key = await openKey(db, vault, customer.id)
  const index = vault.blindIndex('document', judged.number)
  const encrypted = vault.encrypt(key, judged.number, fieldContext('identity_document', 'number', id))
  await Promise.all([
    db.rows(sql`
      insert into identity_document as t (customer_id, id, institution_path, type, country, number_encrypted, number_masked, number_hash, index_key_id, valid_until,
        verified, unverified_reason, source, as_of, added, purpose, verified_at)
      values (${customer.id}::uuid, ${id}::uuid, ${customer.institutionPath}, ${type}, ${country}, ${encrypted}, ${maskDocumentNumber(judged.number)}, ${index.hash},
        ${index.keyId}, ${validUntil}::date, ${judged.verified}, ${judged.reason}, ${ownSource}, ${now.toISOString()}::timestamptz, true,
        ${purpose}::text, ${verifiedAt?.toISOString() ?? null}::timestamptz)
      on conflict (customer_id, id) do update set country = excluded.country, number_encrypted = excluded.number_encrypted, number_masked = excluded.number_masked,
        number_hash = excluded.number_hash, index_key_id = excluded.index_key_id, valid_until = excluded.valid_until, verified = excluded.verified,
        unverified_reason = excluded.unverified_reason, source = excluded.source, as_of = excluded.as_of, added = true, purpose = excluded.purpose, verified_at = excluded.verified_at,
        version = t.version + 1`),
    indexValues(db, customer.id, id, 'document', [index]),
  ])
}

/** Changes the last day of a document and its purpose, and nothing else. */
export async function saveDocumentTerms(
  db: Db,
  customerId: string,
  id: string,
  { validUntil, purpose }: Pick<DocumentRecord, 'validUntil' | 'purpose'>,
): Promise<void> {
  await db.rows(sql`
    update identity_document set valid_until = ${validUntil}::date, purpose = ${purpose}::text, version = version + 1
    where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

/** Writes a contact point that was entered here: a new one or a correction. A new value has yet to be verified. */
export async function saveContact(
  db: Db,
  sealer: Sealer,
  id: string,
  contact: { readonly kind: 'phone' | 'email'; readonly purpose: string; readonly value: string },
): Promise<void> {
  const { customer, vault, now } = sealer
  const { kind, purpose, value } = contact
  const key = await openKey(db, vault, customer.id)
  const index = vault.blindIndex(kind, value)
  const encrypted = vault.encrypt(key, value, fieldContext('contact_point', 'value', id))
  await Promise.all([
    db.rows(sql`
      insert into contact_point as t (customer_id, id, institution_path, kind, purpose, value_encrypted, value_masked, value_hash, index_key_id, source, as_of, added)
      values (${customer.id}::uuid, ${id}::uuid, ${customer.institutionPath}, ${kind}, ${purpose}, ${encrypted}, ${kind === 'phone' ? maskPhone(value) : maskEmail(value)},
        ${index.hash}, ${index.keyId}, ${ownSource}, ${now.toISOString()}::timestamptz, true)
      on conflict (customer_id, id) do update set purpose = excluded.purpose, value_encrypted = excluded.value_encrypted, value_masked = excluded.value_masked,
        value_hash = excluded.value_hash, index_key_id = excluded.index_key_id, verified_at = null, source = excluded.source, as_of = excluded.as_of, added = true,
        version = t.version + 1`),
    indexValues(
      db,
      customer.id,
      id,
      kind,
      searchedAs(kind, value).map((one) => vault.blindIndex(kind, one)),
    ),
  ])
}

/** An address in clear. */
export type ClearAddress = { readonly [F in AddressField]: string | null }

/** Writes an address that was entered here: a new one or a correction. It has yet to be verified. */
export async function saveAddress(db: Db, sealer: Sealer, id: string, purpose: string, address: ClearAddress): Promise<void> {
  const { customer, vault, now } = sealer
  const { country, region, city, postalCode, line } = address
  const index = line === null ? undefined : vault.blindIndex('address', hashedLine(id, line))
  const encrypted =
    line === null ? null : vault.encrypt(await openKey(db, vault, customer.id), line, fieldContext('address', 'line', id))
  await db.rows(sql`
    insert into address as t (customer_id, id, institution_path, purpose, country, region, city, postal_code, line_encrypted, line_masked, line_hash, index_key_id, source,
      as_of, added)
    values (${customer.id}::uuid, ${id}::uuid, ${customer.institutionPath}, ${purpose}, ${country}::text, ${region}::text, ${city}::text, ${postalCode}::text,
      ${encrypted}::bytea, ${line === null ? null : hidden}::text, ${index?.hash ?? null}::bytea, ${index?.keyId ?? null}::text, ${ownSource},
      ${now.toISOString()}::timestamptz, true)
    on conflict (customer_id, id) do update set purpose = excluded.purpose, country = excluded.country, region = excluded.region, city = excluded.city,
      postal_code = excluded.postal_code, line_encrypted = excluded.line_encrypted, line_masked = excluded.line_masked, line_hash = excluded.line_hash,
      index_key_id = excluded.index_key_id, verified_at = null, source = excluded.source, as_of = excluded.as_of, added = true, version = t.version + 1`)
}

/** Changes the purpose of a contact point or an address; the value and when it was verified stay. */
export async function savePurpose(
  db: Db,
  table: 'contact_point' | 'address',
  customerId: string,
  id: string,
  purpose: string,
  now: Date,
): Promise<void> {
  await db.rows(sql`
    update ${sql.identifier(table)} set purpose = ${purpose}, source = ${ownSource}, as_of = ${now.toISOString()}::timestamptz, added = true, version = version + 1
    where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

/** Notes that a value was proven to be the customer's. */
export async function saveVerified(db: Db, table: ValueTable, customerId: string, id: string, now: Date): Promise<void> {
  await db.rows(sql`
    update ${sql.identifier(table)} set verified_at = ${now.toISOString()}::timestamptz, version = version + 1 where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

/** Deletes a value, with all by which it is found. */
export async function deleteValue(db: Db, table: ValueTable, customerId: string, id: string): Promise<void> {
  const removed = JSON.stringify([{ customerId, targetId: id }])
  await Promise.all([
    db.rows(sql`delete from ${sql.identifier(table)} where customer_id = ${customerId}::uuid and id = ${id}::uuid`),
    db.rows(sql`select unindex_values(${removed}::json)`),
  ])
}

/** Which values say something about the same as `t`, of those that feeds bring. */
const sameKind = {
  identity_document: sql.raw('v.type = t.type'),
  contact_point: sql.raw(`v.kind = t.kind and v.purpose = 'primary' and t.purpose = 'primary'`),
  address: sql.raw(`v.purpose = 'primary' and t.purpose = 'primary'`),
} as const satisfies Readonly<Record<ValueTable, unknown>>

/** Marks which feed values of these customers conflict with verified ones. Called where a person, or a policy, changes what is verified. */
export async function markConflicts(db: Db, table: ValueTable, customerIds: readonly string[]): Promise<void> {
  await db.rows(sql`
    update ${sql.identifier(table)} t set conflicting = not t.conflicting
    where t.customer_id = any (${sql.param(customerIds)}::uuid[]) and t.conflicting <> (t.source <> ${ownSource} and t.verified_at is null and exists (
      select from ${sql.identifier(table)} v where v.customer_id = t.customer_id and v.verified_at is not null and ${sameKind[table]}))`)
}

/** Stores the dismissed feed value, encrypted, with the verified value of the same kind: the last of each source, so that it does not come up again every night. */
export async function saveDismissed(
  db: Db,
  vault: Vault,
  table: ValueTable,
  customerId: string,
  id: string,
  text: string,
): Promise<void> {
  const name = sql.identifier(table)
  const [stored] = await db.rows<{ id: string; source: string; dismissed: Buffer | null }>(sql`
    select v.id, t.source, v.dismissed_value as dismissed
    from ${name} t join ${name} v on v.customer_id = t.customer_id and v.verified_at is not null and ${sameKind[table]}
    where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid order by v.id limit 1`)
  const key = await openKey(db, vault, customerId)
  const context = fieldContext(table, 'dismissed_value', stored!.id)
  const known: object = stored!.dismissed ? JSON.parse(vault.decrypt(key, stored!.dismissed, context)) : {}
  const sealed = vault.encrypt(key, JSON.stringify({ ...known, [stored!.source]: text }), context)
  await db.rows(sql`
    update ${name} set dismissed_value = ${sealed}::bytea where customer_id = ${customerId}::uuid and id = ${stored!.id}::uuid`)
}

/** The clear text of a stored document, contact point or address. */
export async function readWholeValue(db: Db, vault: Vault, table: ValueTable, customerId: string, id: string): Promise<string> {
  if (table === 'identity_document') return (await readClearValue(db, vault, customerId, 'document_number', id))!
  if (table === 'contact_point') return (await readClearValue(db, vault, customerId, 'contact_value', id))!
  const address = (await listAddresses(db, customerId)).find((one) => one.id === id)!
  return addressText(address, (await readClearValue(db, vault, customerId, 'address_line', id)) ?? null)
}

async function indexValues(
  db: Db,
  customerId: string,
  targetId: string,
  kind: 'document' | 'phone' | 'email',
  indexes: readonly { readonly keyId: string; readonly hash: Buffer }[],
): Promise<void> {
  const rows = JSON.stringify(
    indexes.map(({ keyId, hash }) => ({ customerId, targetId, kind, keyId, hash: hash.toString('hex') })),
  )
  await db.rows(sql`select index_values(${rows}::json)`)
}

/** Where each value stands that can be shown in clear: what is found by its hash, and what is only shown. */
const revealable: Readonly<Record<RevealableField, Pick<SealedValue, 'table' | 'encrypted' | 'context'>>> = {
  ...sealedValues,
  key_person_phone: {
    table: 'key_person',
    encrypted: 'phone_encrypted',
    context: (rowId) => fieldContext('key_person', 'phone', rowId),
  },
  key_person_email: {
    table: 'key_person',
    encrypted: 'email_encrypted',
    context: (rowId) => fieldContext('key_person', 'email', rowId),
  },
}

/** The thing in which a revealable value stands. */
export function subjectOf(field: RevealableField): string {
  return revealable[field].table
}

/** The clear value of one field of a customer in scope. Undefined where there is none. */
export async function readClearValue(
  db: Db,
  vault: Vault,
  customerId: string,
  field: RevealableField,
  id: string,
): Promise<string | undefined> {
  const { table, encrypted, context } = revealable[field]
  const [row] = await db.rows<{ sealed: Buffer; wrapped: Buffer; masterKeyId: string }>(sql`
    select t.${sql.identifier(encrypted)} as sealed, c.wrapped_key as wrapped, c.master_key_id as "masterKeyId"
    from customer c join ${sql.identifier(table)} t on t.customer_id = c.id
    where c.id = ${customerId}::uuid and t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid and t.${sql.identifier(encrypted)} is not null and c.wrapped_key is not null`)
  return row && vault.decrypt(vault.unwrap(customerId, row.wrapped, row.masterKeyId), row.sealed, context(id))
}

/** Could not be verified, or differs from what was. */
export const isToReview: Conditions = (row) => [`(${row}.unverified_reason is not null or ${row}.conflicting)`]

/** Differs from what was verified. Spelled as the index of such rows has it. */
export const isConflicting: Conditions = (row) => [`${row}.conflicting`]
