import type { FeedCustomerRow } from '../../core/dossier/customer-rows.ts'
import type { DocumentCheck } from '../../core/dossier/document-checks.ts'
import type { ValuePolicy, ValueTable } from '../../core/dossier/identity.ts'
import { hidden, maskDocumentNumber, maskEmail, maskPhone } from '../../core/kernel/masking.ts'
import { searchedAs } from '../../core/kernel/phones.ts'
import { type BlindIndex, type BlindIndexKind, type CustomerKey, fieldContext, type Vault } from '../platform/vault.ts'
import type { StoredAddress, StoredContact, StoredDocument } from './customer-records.ts'
import { type Placed, placeFor } from '../../core/dossier/value-placement.ts'
import type { ValueWrites } from './write-values.ts'

/** A customer for whom values are sealed. The key is opened only where something is to be sealed. */
export interface Owner {
  readonly id: string
  readonly institutionPath: string
  readonly source: string
  readonly asOf: string
  readonly key: () => CustomerKey
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

function sentBy({ enteredAt, overridden }: Sealing, { source }: Owner, policy: ValuePolicy) {
  return { source, policy, fromPerson: enteredAt !== undefined, overridden, fails: false, passes: () => false }
}

const named = ({ customerId, id }: Placed): object => ({ customerId, targetId: id })

/**
 * Prepares the document of a row. `stored` are those of its type. A number that is stored already keeps its ciphertext. Tells whether anything changed, and which
 * document of the source stays beside that of the row, whose number fails where that one `passes`.
 */
export function sealDocument(
  sealing: Sealing,
  owner: Owner,
  row: FeedCustomerRow,
  judged: DocumentCheck,
  stored: readonly StoredDocument[],
  passes: (document: StoredDocument) => boolean,
): { readonly changed: boolean; readonly beside?: StoredDocument | undefined } {
  const { vault, newId, writes, enteredAt } = sealing
  const country = row.documentCountry ?? 'CN'
  const index = vault.blindIndex('document', judged.number)
  const { place, withdrawn } = placeFor(stored, {
    ...sentBy(sealing, owner, 'identity_document'),
    fails: judged.reason !== null,
    passes,
    isSame: (one) => isOf(vault, 'document', judged.number, index, one.numberHash, one.indexKeyId),
    wasDismissed: (one) => dismissedOf(sealing, owner, 'identity_document', one) === judged.number,
  })
  writes.withdrawn.documents.push(...withdrawn.map(named))
  const left = withdrawn.length > 0
  const beside = stored.find((one) => isOfRow(one, row) && one !== place?.before)
  if (!place) return { changed: left, beside }
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
  if (!changed) return { changed: left, beside }
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
  return { changed: true, beside }
}

/** Whether a document is the one that the row repeats. */
export function isOfRow({ source, type, added }: StoredDocument, row: FeedCustomerRow): boolean {
  return !added && source === row.source && type === row.documentType
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

/** Prepares the phones of a row, each in its place. What the source sent in places that the row no longer has is withdrawn. Tells whether anything changed. */
export function sealPhones(sealing: Sealing, owner: Owner, phones: readonly string[], stored: readonly StoredContact[]): boolean {
  const gone = stored.filter(
    ({ source, slot, verifiedAt }) => source === owner.source && slot > phones.length && verifiedAt === null,
  )
  sealing.writes.withdrawn.contacts.push(...gone.map(named))
  const sealed = phones.map((phone, index) => sealContact(sealing, owner, 'phone', phone, index + 1, stored))
  return gone.length > 0 || sealed.includes(true)
}

/** Prepares a phone or an e-mail address. `stored` are the primary ones of its kind, `slot` its place in the field. Tells whether anything changed. */
export function sealContact(
  sealing: Sealing,
  owner: Owner,
  kind: 'phone' | 'email',
  value: string,
  slot: number,
  stored: readonly StoredContact[],
): boolean {
  const { vault, newId, writes } = sealing
  const index = vault.blindIndex(kind, value)
  const isSame = (one: StoredContact): boolean => isOf(vault, kind, value, index, one.valueHash, one.indexKeyId)
  const { place, withdrawn } = placeFor(
    stored.filter((one) => one.slot === slot),
    {
      ...sentBy(sealing, owner, kind),
      isSame,
      wasDismissed: (one) => dismissedOf(sealing, owner, 'contact_point', one) === value,
    },
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
    slot,
    kind,
    encrypted: vault.encrypt(owner.key(), value, fieldContext('contact_point', 'value', id)).toString('hex'),
    masked: kind === 'phone' ? maskPhone(value) : maskEmail(value),
    hash: index.hash.toString('hex'),
    indexKeyId: index.keyId,
  })
  for (const one of searchedAs(kind, value)) writes.indexed.push(indexOf(owner, id, kind, vault.blindIndex(kind, one)))
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

/**
 * Prepares the address of a row. That of a feed is a whole: parts that it leaves out are empty, or one address would be made of two. Of a person's row they stay.
 * `stored` are the primary ones. Tells whether anything changed.
 */
export function sealAddress(sealing: Sealing, owner: Owner, row: FeedCustomerRow, stored: readonly StoredAddress[]): boolean {
  const { vault, newId, writes, enteredAt } = sealing
  const given = {
    country: row.addressCountry,
    region: row.addressRegion,
    city: row.addressCity,
    postalCode: row.addressPostalCode,
    line: row.addressLine,
  }
  const isWhole = enteredAt === undefined
  const agreesWith = (parts: AddressParts): boolean =>
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
    return agreesWith(parts) && (given.line === undefined || given.line === line)
  }
  const hasMore = (one: StoredAddress): boolean =>
    addressParts.some((part) => given[part] === undefined && one[part] !== null) ||
    (given.line === undefined && one.lineHash !== null)
  // Beside what a person has verified, what a feed leaves out says nothing.
  const isSame = (one: StoredAddress): boolean =>
    agreesWith(one) && hasLine(one) && !(isWhole && one.verifiedAt === null && hasMore(one))
  const { place, withdrawn } = placeFor(stored, { ...sentBy(sealing, owner, 'address'), isSame, wasDismissed })
  writes.withdrawn.addresses.push(...withdrawn.map(named))
  if (!place) return withdrawn.length > 0
  const { before, added, conflicting } = place
  if (before && isSame(before) && before.conflicting === conflicting) return withdrawn.length > 0
  // What a person leaves out stays.
  const base = isWhole ? undefined : (before ?? stored.find((one) => !one.added && one.source === owner.source))
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
