import type { CustomerRow } from '../../core/dossier/customer-rows.ts'
import { sql } from 'drizzle-orm'
import type { DocumentCheck } from '../../core/dossier/document-checks.ts'
import type { ValuePolicy, ValueTable } from '../../core/dossier/identity.ts'
import { hidden, maskDocumentNumber, maskEmail, maskPhone } from '../../core/kernel/masking.ts'
import type { Db } from '../platform/database.ts'
import { type BlindIndex, type BlindIndexKind, type CustomerKey, fieldContext, type Vault } from '../platform/vault.ts'
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
  readonly withdrawn: { readonly documents: object[]; readonly contacts: object[]; readonly addresses: object[] }
}

export function noValueWrites(): ValueWrites {
  return { documents: [], contacts: [], addresses: [], indexed: [], withdrawn: { documents: [], contacts: [], addresses: [] } }
}

interface Sealing {
  readonly vault: Vault
  readonly newId: () => string
  readonly writes: ValueWrites
  /** When a person enters it; undefined where a machine sends it. */
  readonly enteredAt: Date | undefined
  /** Of which values the bank lets feeds win. */
  readonly overridden: ReadonlySet<string>
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
  readonly conflicting: boolean
}

interface Placement<T> {
  /** Where the row's value goes; undefined where nothing is to be written. */
  readonly place?: { readonly before: T | undefined; readonly added: boolean; readonly conflicting: boolean }
  /** What the source said before and says no more. */
  readonly withdrawn: readonly T[]
}

/**
 * Which of the values of a kind a row is about. What a person has verified is never overwritten by a machine: another value stands beside it, one for each source,
 * until that source comes round or a person settles it. What a person has dismissed does not come up again. A policy may let feeds win.
 */
function placeFor<T extends Placed>(
  { enteredAt, overridden }: Sealing,
  { source }: Owner,
  policy: ValuePolicy,
  stored: readonly T[],
  isSame: (one: T) => boolean,
  dismissed: (one: T) => boolean,
): Placement<T> {
  const mine = stored.find((one) => !one.added && one.source === source)
  const ofSource = stored.filter((one) => one.source === source && one.verifiedAt === null)
  const verified = stored.filter((one) => one.verifiedAt !== null)
  if (enteredAt !== undefined) return { place: { before: mine, added: false, conflicting: false }, withdrawn: [] }
  if (verified.length === 0 || overridden.has(policy))
    return { place: { before: mine, added: false, conflicting: false }, withdrawn: ofSource.filter((one) => one !== mine) }
  const same = verified.find(isSame)
  if (same) {
    const place = same.source === source ? { before: same, added: same.added, conflicting: false } : undefined
    return { ...(place && { place }), withdrawn: ofSource }
  }
  if (verified.some(dismissed)) return { withdrawn: ofSource }
  const before = ofSource.find((one) => one === mine) ?? ofSource[0]
  const added = before ? before.added : mine !== undefined
  return { place: { before, added, conflicting: true }, withdrawn: ofSource.filter((one) => one !== before) }
}

/** What this source said beside a verified value and somebody has dismissed, in clear. */
function dismissedOf(
  { vault }: Sealing,
  owner: Owner,
  table: ValueTable,
  { id, dismissedValue }: { readonly id: string; readonly dismissedValue: Buffer | null },
): string | undefined {
  if (!dismissedValue) return undefined
  const bySource: Readonly<Record<string, string>> = JSON.parse(
    vault.decrypt(owner.key(), dismissedValue, fieldContext(table, 'dismissed_value', id)),
  )
  return bySource[owner.source]
}

const named = ({ customerId, id }: Placed): object => ({ customerId, targetId: id })

/** Prepares the document of a row. `stored` are those of its type. A number that is stored already keeps its ciphertext. Tells whether anything changed. */
export function sealDocument(
  sealing: Sealing,
  owner: Owner,
  row: CustomerRow,
  judged: DocumentCheck,
  stored: readonly StoredDocument[],
): boolean {
  const { vault, newId, writes, enteredAt } = sealing
  const country = row.documentCountry ?? 'CN'
  const index = vault.blindIndex('document', judged.number)
  const { place, withdrawn } = placeFor(
    sealing,
    owner,
    'identity_document',
    stored,
    (one) => isOf(vault, 'document', judged.number, index, one.numberHash, one.indexKeyId),
    (one) => dismissedOf(sealing, owner, 'identity_document', one) === judged.number,
  )
  writes.withdrawn.documents.push(...withdrawn.map(named))
  if (!place) return withdrawn.length > 0
  const { before, added, conflicting } = place
  const sameNumber = before !== undefined && isOf(vault, 'document', judged.number, index, before.numberHash, before.indexKeyId)
  // A new number is a new document, which the day of the old one says nothing about.
  const validUntil = row.documentValidUntil ?? (sameNumber ? before.validUntil : null)
  const changed =
    !sameNumber ||
    before.country !== country ||
    before.validUntil !== validUntil ||
    before.verified !== judged.verified ||
    before.unverifiedReason !== judged.reason ||
    before.conflicting !== conflicting
  if (!changed) return withdrawn.length > 0
  const known = sameNumber ? before.verifiedAt : null
  const id = before?.id ?? newId()
  writes.documents.push({
    ...placeOf(owner, id),
    added,
    conflicting,
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
export function recheckDocument({ writes }: Sealing, owner: Owner, before: StoredDocument, judged: DocumentCheck): boolean {
  if (before.verified === judged.verified && before.unverifiedReason === judged.reason) return false
  writes.documents.push({
    ...placeOf(owner, before.id),
    // The judgement changes and not what its source said.
    asOf: before.asOf.toISOString(),
    added: before.added,
    conflicting: before.conflicting,
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
  const { place, withdrawn } = placeFor(
    sealing,
    owner,
    kind,
    stored,
    isSame,
    (one) => dismissedOf(sealing, owner, 'contact_point', one) === value,
  )
  writes.withdrawn.contacts.push(...withdrawn.map(named))
  if (!place) return withdrawn.length > 0
  const { before, added, conflicting } = place
  if (before && isSame(before) && before.conflicting === conflicting) return withdrawn.length > 0
  const id = before?.id ?? newId()
  writes.contacts.push({
    ...placeOf(owner, id),
    added,
    conflicting,
    kind,
    encrypted: vault.encrypt(owner.key(), value, fieldContext('contact_point', 'value', id)).toString('hex'),
    masked: kind === 'phone' ? maskPhone(value) : maskEmail(value),
    hash: index.hash.toString('hex'),
    indexKeyId: index.keyId,
  })
  writes.indexed.push(indexOf(owner, id, kind, index))
  return true
}

/** The parts of an address that stand in clear. */
export interface AddressParts {
  readonly country: string | null
  readonly region: string | null
  readonly city: string | null
  readonly postalCode: string | null
}

const addressParts = ['country', 'region', 'city', 'postalCode'] as const

/** A whole address as one text: what is encrypted of one that was dismissed. */
export function addressText({ country, region, city, postalCode }: AddressParts, line: string | null): string {
  return JSON.stringify({ country, region, city, postalCode, line })
}

/** Prepares the address of a row; parts that the row leaves out stay. `stored` are the primary ones. Tells whether anything changed. */
export function sealAddress(sealing: Sealing, owner: Owner, row: CustomerRow, stored: readonly StoredAddress[]): boolean {
  const { vault, newId, writes } = sealing
  const given = {
    country: row.addressCountry,
    region: row.addressRegion,
    city: row.addressCity,
    postalCode: row.addressPostalCode,
    line: row.addressLine,
  }
  const hasParts = (parts: AddressParts): boolean =>
    addressParts.every((part) => given[part] === undefined || given[part] === parts[part])
  const hasLine = ({ id, lineHash, indexKeyId }: StoredAddress): boolean => {
    if (given.line === undefined) return true
    const text = hashedLine(id, given.line)
    return isOf(vault, 'address', text, vault.blindIndex('address', text), lineHash, indexKeyId)
  }
  const wasDismissed = (one: StoredAddress): boolean => {
    const text = dismissedOf(sealing, owner, 'address', one)
    if (text === undefined) return false
    const { line, ...parts }: AddressParts & { line: string | null } = JSON.parse(text)
    return hasParts(parts) && (given.line === undefined || given.line === line)
  }
  const isSame = (one: StoredAddress): boolean => hasParts(one) && hasLine(one)
  const { place, withdrawn } = placeFor(sealing, owner, 'address', stored, isSame, wasDismissed)
  writes.withdrawn.addresses.push(...withdrawn.map(named))
  if (!place) return withdrawn.length > 0
  const { before, added, conflicting } = place
  if (before && isSame(before) && before.conflicting === conflicting) return withdrawn.length > 0
  // What stands beside a verified address is that address with what the row says otherwise.
  const base = before ?? stored.find((one) => !one.added && one.source === owner.source)
  const id = before?.id ?? newId()
  const parts = Object.fromEntries(addressParts.map((part) => [part, given[part] ?? base?.[part] ?? null]))
  writes.addresses.push({ ...placeOf(owner, id), added, conflicting, ...parts, ...lineOf(sealing, owner, id, base, given.line) })
  return true
}

/** Hashed to be compared with itself only: bound to the row, so that equal addresses of two customers look different. */
export function hashedLine(addressId: string, line: string): string {
  return `${addressId}\0${line}`
}

function lineOf(
  { vault }: Sealing,
  owner: Owner,
  id: string,
  base: StoredAddress | undefined,
  given: string | undefined,
): object {
  const sealed = base?.lineEncrypted
  if (given === undefined && !sealed) return { masked: null }
  if (given === undefined && base?.id === id)
    return {
      encrypted: sealed!.toString('hex'),
      hash: base.lineHash?.toString('hex'),
      indexKeyId: base.indexKeyId,
      masked: hidden,
    }
  const line = given ?? vault.decrypt(owner.key(), sealed!, fieldContext('address', 'line', base!.id))
  const { hash, keyId } = vault.blindIndex('address', hashedLine(id, line))
  const encrypted = vault.encrypt(owner.key(), line, fieldContext('address', 'line', id)).toString('hex')
  return { encrypted, hash: hash.toString('hex'), indexKeyId: keyId, masked: hidden }
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

/** The tables in which what is verified may have been overwritten, and whose customers. */
export function overwrittenIn({
  documents,
  contacts,
  addresses,
}: ValueWrites): readonly (readonly [ValueTable, readonly string[]])[] {
  const ofAll = (rows: readonly object[]) => [
    ...new Set((rows as readonly { customerId: string }[]).map((row) => row.customerId)),
  ]
  return (
    [
      ['identity_document', ofAll(documents)],
      ['contact_point', ofAll(contacts)],
      ['address', ofAll(addresses)],
    ] as const
  ).filter(([, ids]) => ids.length > 0)
}

/** Writes what was prepared, one statement for each table. The customers are there and locked. */
export async function writeValues(db: Db, { documents, contacts, addresses, indexed, withdrawn }: ValueWrites): Promise<void> {
  const written: Promise<unknown>[] = []
  for (const [table, rows] of [
    ['identity_document', withdrawn.documents],
    ['contact_point', withdrawn.contacts],
    ['address', withdrawn.addresses],
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
          unverified_reason, verified_at, source, as_of, added, conflicting)
        select "customerId", id, "institutionPath", type, country, decode(encrypted, 'hex'), masked, decode(hash, 'hex'), "indexKeyId", "validUntil", verified,
          "unverifiedReason", "verifiedAt", source, "asOf", added, conflicting
        from ${recordset(documents, 'added boolean, conflicting boolean, type text, country text, "validUntil" date, verified boolean, "unverifiedReason" text, "verifiedAt" timestamptz')}
        on conflict (customer_id, id) do update set country = excluded.country, number_encrypted = excluded.number_encrypted, number_masked = excluded.number_masked,
          number_hash = excluded.number_hash, index_key_id = excluded.index_key_id, valid_until = excluded.valid_until, verified = excluded.verified,
          unverified_reason = excluded.unverified_reason, verified_at = excluded.verified_at, as_of = excluded.as_of, conflicting = excluded.conflicting,
          version = t.version + 1`),
    )
  }
  if (contacts.length > 0) {
    written.push(
      db.rows(sql`
        insert into contact_point as t (customer_id, id, institution_path, kind, purpose, value_encrypted, value_masked, value_hash, index_key_id, source, as_of, added, conflicting)
        select "customerId", id, "institutionPath", kind, 'primary', decode(encrypted, 'hex'), masked, decode(hash, 'hex'), "indexKeyId", source, "asOf", added, conflicting
        from ${recordset(contacts, 'added boolean, conflicting boolean, kind text')}
        on conflict (customer_id, id) do update set value_encrypted = excluded.value_encrypted, value_masked = excluded.value_masked, value_hash = excluded.value_hash,
          index_key_id = excluded.index_key_id, verified_at = null, as_of = excluded.as_of, conflicting = excluded.conflicting, version = t.version + 1`),
    )
  }
  if (addresses.length > 0) {
    written.push(
      db.rows(sql`
        insert into address as t (customer_id, id, institution_path, purpose, country, region, city, postal_code, line_encrypted, line_masked, line_hash, index_key_id, source, as_of,
          added, conflicting)
        select "customerId", id, "institutionPath", 'primary', country, region, city, "postalCode", decode(encrypted, 'hex'), masked, decode(hash, 'hex'), "indexKeyId", source, "asOf",
          added, conflicting
        from ${recordset(addresses, 'added boolean, conflicting boolean, country text, region text, city text, "postalCode" text')}
        on conflict (customer_id, id) do update set country = excluded.country, region = excluded.region, city = excluded.city, postal_code = excluded.postal_code,
          line_encrypted = excluded.line_encrypted, line_masked = excluded.line_masked, line_hash = excluded.line_hash, index_key_id = excluded.index_key_id,
          verified_at = null, as_of = excluded.as_of, conflicting = excluded.conflicting, version = t.version + 1`),
    )
  }
  if (indexed.length > 0) written.push(db.rows(sql`select index_values(${JSON.stringify(indexed)}::json)`))
  await Promise.all(written)
}
