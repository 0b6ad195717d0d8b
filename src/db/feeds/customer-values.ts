import { sql } from 'drizzle-orm'
import type { JudgedDocument } from '../../core/feeds/identity.ts'
import type { CustomerRow } from '../../core/feeds/rows.ts'
import { maskDocumentNumber, maskEmail, maskPhone } from '../../core/masking.ts'
import type { Db } from '../database.ts'
import { type BlindIndex, type BlindIndexKind, type CustomerKey, fieldContext, type Vault } from '../vault.ts'
import type { StoredAddress, StoredContact, StoredDocument } from './customer-records.ts'

/** A customer for whom values are sealed. The key is opened only where something is to be sealed. */
export interface Owner {
  readonly id: string
  readonly institutionPath: string
  readonly source: string
  readonly asOf: string
  readonly key: () => CustomerKey
}

/** What is to be written beside the customers, in JSON types; bytes as hex. */
export interface ValueWrites {
  readonly documents: object[]
  readonly contacts: object[]
  readonly addresses: object[]
  readonly indexed: object[]
  /** What a source said beside something verified, and says no more. */
  readonly withdrawn: { readonly documents: object[]; readonly contacts: object[] }
}

export function noValueWrites(): ValueWrites {
  return { documents: [], contacts: [], addresses: [], indexed: [], withdrawn: { documents: [], contacts: [] } }
}

interface Sealing {
  readonly vault: Vault
  readonly newId: () => string
  readonly writes: ValueWrites
  /** When a person enters it; undefined where a machine sends it. */
  readonly enteredAt: Date | undefined
}

/** Whether a stored hash is of this value, under whichever key it was made. */
function isOf(
  vault: Vault,
  kind: BlindIndexKind,
  value: string,
  current: BlindIndex,
  hash: Buffer | null,
  keyId: string | null,
): boolean {
  if (!hash || keyId === null) return false
  if (keyId === current.keyId) return current.hash.equals(hash)
  return vault.blindIndexes(kind, value).some((index) => index.keyId === keyId && index.hash.equals(hash))
}

interface Placed {
  readonly id: string
  readonly customerId: string
  readonly source: string
  readonly verifiedAt: Date | null
  readonly added: boolean
}

/**
 * Which of the values of a kind a row is about. What a person has verified is never overwritten by a machine: another value stands beside it, unverified and
 * one for each source, until that source comes round. Undefined where nothing is to be written.
 */
function placeFor<T extends Placed>(
  { enteredAt }: Sealing,
  { source }: Owner,
  stored: readonly T[],
  isSame: (one: T) => boolean,
): { readonly before: T | undefined; readonly added: boolean; readonly withdrawn: readonly T[] } | undefined {
  const mine = stored.find((one) => !one.added && one.source === source)
  if (!mine || mine.verifiedAt === null || enteredAt !== undefined) return { before: mine, added: false, withdrawn: [] }
  const beside = stored.filter((one) => one.added && one.source === source && one.verifiedAt === null)
  if (isSame(mine)) return { before: mine, added: false, withdrawn: beside }
  return stored.some(isSame) ? undefined : { before: beside[0], added: true, withdrawn: beside.slice(1) }
}

const named = ({ customerId, id }: Placed): object => ({ customerId, targetId: id })

/** Prepares the document of a row. `stored` are those of its type. A number that is stored already keeps its ciphertext. Tells whether anything changed. */
export function sealDocument(
  sealing: Sealing,
  owner: Owner,
  row: CustomerRow,
  judged: JudgedDocument,
  stored: readonly StoredDocument[],
): boolean {
  const { vault, newId, writes, enteredAt } = sealing
  const country = row.documentCountry ?? 'CN'
  const index = vault.blindIndex('document', judged.number)
  const place = placeFor(sealing, owner, stored, (one) =>
    isOf(vault, 'document', judged.number, index, one.numberHash, one.indexKeyId),
  )
  if (!place) return false
  const { before, added } = place
  writes.withdrawn.documents.push(...place.withdrawn.map(named))
  const sameNumber = before !== undefined && isOf(vault, 'document', judged.number, index, before.numberHash, before.indexKeyId)
  // A new number is a new document, which the day of the old one says nothing about.
  const validUntil = row.documentValidUntil ?? (sameNumber ? before.validUntil : null)
  const changed =
    !sameNumber ||
    before.country !== country ||
    before.validUntil !== validUntil ||
    before.verified !== judged.verified ||
    before.unverifiedReason !== judged.reason
  if (!changed) return place.withdrawn.length > 0
  const known = sameNumber ? before.verifiedAt : null
  const id = before?.id ?? newId()
  writes.documents.push({
    ...placeOf(owner, id),
    added,
    type: row.documentType,
    country,
    encrypted: (sameNumber
      ? before.numberEncrypted
      : vault.encrypt(owner.key(), judged.number, fieldContext('identity_document', 'number', id))
    ).toString('hex'),
    masked: sameNumber ? before.numberMasked : maskDocumentNumber(judged.number),
    hash: (sameNumber ? before.numberHash : index.hash).toString('hex'),
    indexKeyId: sameNumber ? before.indexKeyId : index.keyId,
    validUntil,
    verified: judged.verified,
    unverifiedReason: judged.reason,
    verifiedAt: judged.reason === null ? (known ?? (judged.verified ? enteredAt : undefined))?.toISOString() : null,
  })
  if (!sameNumber) writes.indexed.push(indexOf(owner, id, 'document', index))
  return true
}

/** Writes a new judgement of a stored document whose number stays. */
export function rejudgeDocument({ writes }: Sealing, owner: Owner, before: StoredDocument, judged: JudgedDocument): boolean {
  if (before.verified === judged.verified && before.unverifiedReason === judged.reason) return false
  writes.documents.push({
    ...placeOf(owner, before.id),
    // The judgement changes and not what its source said.
    asOf: before.asOf.toISOString(),
    added: before.added,
    type: before.type,
    country: before.country,
    encrypted: before.numberEncrypted.toString('hex'),
    masked: before.numberMasked,
    hash: before.numberHash.toString('hex'),
    indexKeyId: before.indexKeyId,
    validUntil: before.validUntil,
    verified: judged.verified,
    unverifiedReason: judged.reason,
    verifiedAt: judged.reason === null ? before.verifiedAt?.toISOString() : null,
  })
  return true
}

/** Prepares a phone (E.164) or an e-mail address. `stored` are the primary ones of its kind. Tells whether anything changed. */
export function sealContact(
  sealing: Sealing,
  owner: Owner,
  kind: 'phone' | 'email',
  value: string,
  stored: readonly StoredContact[],
): boolean {
  const { vault, newId, writes } = sealing
  const index = vault.blindIndex(kind, value)
  const isSame = (one: StoredContact): boolean => isOf(vault, kind, value, index, one.valueHash, one.indexKeyId)
  const place = placeFor(sealing, owner, stored, isSame)
  if (!place) return false
  const { before, added } = place
  writes.withdrawn.contacts.push(...place.withdrawn.map(named))
  if (before && isSame(before)) return place.withdrawn.length > 0
  const id = before?.id ?? newId()
  writes.contacts.push({
    ...placeOf(owner, id),
    added,
    kind,
    encrypted: vault.encrypt(owner.key(), value, fieldContext('contact_point', 'value', id)).toString('hex'),
    masked: kind === 'phone' ? maskPhone(value) : maskEmail(value),
    hash: index.hash.toString('hex'),
    indexKeyId: index.keyId,
  })
  writes.indexed.push(indexOf(owner, id, kind, index))
  return true
}

/** Prepares the address of a row; parts that the row leaves out stay. Tells whether anything changed. */
export function sealAddress(
  { vault, newId, writes }: Sealing,
  owner: Owner,
  row: CustomerRow,
  before: StoredAddress | undefined,
): boolean {
  const id = before?.id ?? newId()
  const parts = {
    country: row.addressCountry ?? before?.country ?? null,
    region: row.addressRegion ?? before?.region ?? null,
    city: row.addressCity ?? before?.city ?? null,
    postalCode: row.addressPostalCode ?? before?.postalCode ?? null,
  }
  // Hashed to be compared with itself only: bound to the row, so that equal addresses of two customers look different.
  const hashed = `${id}\0${row.addressLine}`
  const index = vault.blindIndex('address', hashed)
  const sameLine =
    row.addressLine === undefined ||
    (before !== undefined && isOf(vault, 'address', hashed, index, before.lineHash, before.indexKeyId))
  const sameParts =
    before !== undefined && (Object.keys(parts) as (keyof typeof parts)[]).every((part) => parts[part] === before[part])
  if (sameParts && sameLine) return false
  const line = sameLine
    ? {
        encrypted: before?.lineEncrypted?.toString('hex'),
        hash: before?.lineHash?.toString('hex'),
        indexKeyId: before?.indexKeyId,
      }
    : {
        encrypted: vault.encrypt(owner.key(), row.addressLine!, fieldContext('address', 'line', id)).toString('hex'),
        hash: index.hash.toString('hex'),
        indexKeyId: index.keyId,
      }
  writes.addresses.push({ ...placeOf(owner, id), ...parts, ...line, masked: line.encrypted === undefined ? null : '***' })
  return true
}

function placeOf({ id: customerId, institutionPath, source, asOf }: Owner, id: string) {
  return { customerId, id, institutionPath, source, asOf }
}

function indexOf({ id: customerId }: Owner, targetId: string, kind: 'document' | 'phone' | 'email', { keyId, hash }: BlindIndex) {
  return { customerId, targetId, kind, keyId, hash: hash.toString('hex') }
}

const common = `"customerId" uuid, id uuid, "institutionPath" text, source text, "asOf" timestamptz, encrypted text, masked text, hash text, "indexKeyId" text`
const recordset = (rows: readonly object[], columns: string) =>
  sql`json_to_recordset(${JSON.stringify(rows)}::json) as r ${sql.raw(`(${common}, ${columns})`)}`

/** Writes what was prepared, one statement for each table. The customers are there and locked. */
export async function writeValues(db: Db, { documents, contacts, addresses, indexed, withdrawn }: ValueWrites): Promise<void> {
  const written: Promise<unknown>[] = []
  for (const [table, rows] of [
    ['identity_document', withdrawn.documents],
    ['contact_point', withdrawn.contacts],
  ] as const)
    if (rows.length > 0)
      written.push(
        db.rows(sql`
          delete from ${sql.identifier(table)} t using json_to_recordset(${JSON.stringify(rows)}::json) as r ("customerId" uuid, "targetId" uuid)
          where t.customer_id = r."customerId" and t.id = r."targetId"`),
        db.rows(sql`select unindex_values(${JSON.stringify(rows)}::json)`),
      )
  if (documents.length > 0) {
    written.push(
      db.rows(sql`
        insert into identity_document as t (customer_id, id, institution_path, type, country, number_encrypted, number_masked, number_hash, index_key_id, valid_until, verified,
          unverified_reason, verified_at, source, as_of, added)
        select "customerId", id, "institutionPath", type, country, decode(encrypted, 'hex'), masked, decode(hash, 'hex'), "indexKeyId", "validUntil", verified,
          "unverifiedReason", "verifiedAt", source, "asOf", added
        from ${recordset(documents, 'added boolean, type text, country text, "validUntil" date, verified boolean, "unverifiedReason" text, "verifiedAt" timestamptz')}
        on conflict (customer_id, id) do update set country = excluded.country, number_encrypted = excluded.number_encrypted, number_masked = excluded.number_masked,
          number_hash = excluded.number_hash, index_key_id = excluded.index_key_id, valid_until = excluded.valid_until, verified = excluded.verified,
          unverified_reason = excluded.unverified_reason, verified_at = excluded.verified_at, as_of = excluded.as_of, version = t.version + 1`),
    )
  }
  if (contacts.length > 0) {
    written.push(
      db.rows(sql`
        insert into contact_point as t (customer_id, id, institution_path, kind, purpose, value_encrypted, value_masked, value_hash, index_key_id, source, as_of, added)
        select "customerId", id, "institutionPath", kind, 'primary', decode(encrypted, 'hex'), masked, decode(hash, 'hex'), "indexKeyId", source, "asOf", added
        from ${recordset(contacts, 'added boolean, kind text')}
        on conflict (customer_id, id) do update set value_encrypted = excluded.value_encrypted, value_masked = excluded.value_masked, value_hash = excluded.value_hash,
          index_key_id = excluded.index_key_id, verified_at = null, as_of = excluded.as_of, version = t.version + 1`),
    )
  }
  if (addresses.length > 0) {
    written.push(
      db.rows(sql`
        insert into address as t (customer_id, id, institution_path, purpose, country, region, city, postal_code, line_encrypted, line_masked, line_hash, index_key_id, source, as_of)
        select "customerId", id, "institutionPath", 'primary', country, region, city, "postalCode", decode(encrypted, 'hex'), masked, decode(hash, 'hex'), "indexKeyId", source, "asOf"
        from ${recordset(addresses, 'country text, region text, city text, "postalCode" text')}
        on conflict (customer_id, id) do update set country = excluded.country, region = excluded.region, city = excluded.city, postal_code = excluded.postal_code,
          line_encrypted = excluded.line_encrypted, line_masked = excluded.line_masked, line_hash = excluded.line_hash, index_key_id = excluded.index_key_id,
          as_of = excluded.as_of, version = t.version + 1`),
    )
  }
  if (indexed.length > 0) written.push(db.rows(sql`select index_values(${JSON.stringify(indexed)}::json)`))
  await Promise.all(written)
}
