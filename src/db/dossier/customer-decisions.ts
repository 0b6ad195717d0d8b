import { failedIdentity } from '../../core/dossier/document-checks.ts'
import type { InstitutionReference } from '../../core/organisation/references.ts'
import type { FeedCustomerRow } from '../../core/dossier/customer-rows.ts'
import { addDays, type Day } from '../../core/kernel/calendar.ts'
import { checkDocumentAgainstProfile, type DocumentCheck, unverifiedMessage } from '../../core/dossier/document-checks.ts'
import type { FeedRefusal, FeedWarning } from '../../core/kernel/feed.ts'
import { emptyProfile, profileAfter, profileRefusal } from '../../core/dossier/profiles.ts'
import { changedFields } from '../../core/kernel/changes.ts'
import { foldName } from '../../core/kernel/text.ts'
import type { Db } from '../platform/database.ts'
import { incrementDirectoryVersion } from '../platform/directory.ts'
import { markConflicts } from './identity.ts'
import { type NamedCustomer, writeNameKeys } from './name-keys.ts'
import { endAssignmentsOf, refreshRelationshipManagers } from './due-assignments.ts'
import { type CustomerKey, fieldContext } from '../platform/vault.ts'
import { groupBy, type Incoming, keyOf, type Outcomes } from '../../core/kernel/feed-batch.ts'
import { type Confirmed, confirmRows } from '../platform/feed-confirmations.ts'
import {
  comparedFields,
  customerAfter,
  customerRefusal,
  isClosing,
  profileOf,
  type CustomerRecord,
  type ReadyCustomerRow,
} from '../../core/dossier/customer-changes.ts'
import {
  countOpenHoldings,
  insertCustomerNames,
  insertCustomers,
  lockCustomerRecords,
  readCustomerValues,
  type StoredAddress,
  type StoredContact,
  type StoredCustomer,
  type StoredDocument,
  updateCustomers,
} from './customer-records.ts'
import { moveCustomers } from './moved-customers.ts'
import { isOfRow, type Owner, recheckDocument, sealAddress, sealContact, sealDocument, sealPhones } from './customer-values.ts'
import { noValueWrites, overwrittenIn, type ValueWrites, writeValues } from './write-values.ts'
import { decideProfile, type Dossier, profileValuesIn, type Profiles, readProfiles, mergeFeedRow } from './customer-profiles.ts'
import { writeProfiles } from './write-profiles.ts'
import { todayByInstitution } from '../organisation/institution-days.ts'
import type { CustomerFeedContext } from './customer-feed-context.ts'

/** What is stored about the customers of a batch, and what is to be written. */
export interface Dossiers {
  /** By id; of each one row is decided. */
  readonly customers: Map<string, StoredCustomer>
  /** By customer, whichever source they come from. */
  readonly documents: ReadonlyMap<string, readonly StoredDocument[]>
  /** By `keyOf(customer, kind)`, whichever source they come from. */
  readonly contacts: ReadonlyMap<string, readonly StoredContact[]>
  /** By customer, the primary ones, whichever source they come from. */
  readonly addresses: ReadonlyMap<string, readonly StoredAddress[]>
  /** Of which of these values the bank lets feeds win. */
  readonly overridden: ReadonlySet<string>
  /** Of those whom a person closes, how many they have, by id. */
  readonly openHoldings: ReadonlyMap<string, number>
  readonly created: object[]
  readonly updated: Map<string, object>
  readonly confirmed: Map<string, Confirmed>
  /** Whose name or kind is another than before, by id: the keys of their names follow. */
  readonly named: Map<string, NamedCustomer>
  /** With their paths: their assignments end. */
  readonly closed: Map<string, string>
  readonly moved: Map<string, { readonly id: string; readonly path: string }>
  /** Whose kind changed, and with it the business line whose assignee is their relationship manager. */
  readonly rekinded: Set<string>
  readonly values: ValueWrites
  readonly profiles: Profiles
}

/** Locks the customers and reads what was said about them before, and what those whom a person closes still hold. */
export async function openDossiers(db: Db, ids: readonly string[], closing: readonly string[], today: Day): Promise<Dossiers> {
  const customers = new Map((ids.length > 0 ? await lockCustomerRecords(db, ids) : []).map((one) => [one.id, one]))
  const [{ documents, contacts, addresses, overridden }, openHoldings, profiles] = await Promise.all([
    readCustomerValues(db, [...customers.keys()], today),
    countOpenHoldings(db, closing),
    readProfiles(db, [...customers.keys()], today),
  ])
  return {
    customers,
    documents: groupBy(documents, ({ customerId }) => customerId),
    contacts: groupBy(contacts, ({ customerId, kind }) => keyOf(customerId, kind)),
    addresses: groupBy(addresses, ({ customerId }) => customerId),
    overridden,
    openHoldings,
    created: [],
    updated: new Map(),
    confirmed: new Map(),
    named: new Map(),
    closed: new Map(),
    moved: new Map(),
    rekinded: new Set(),
    values: noValueWrites(),
    profiles,
  }
}

/** Decides what the row makes of its customer, who is new where none is stored. Answers why it is refused, before anything is decided. */
export function decideCustomer(
  dossiers: Dossiers,
  { line, row, asOf, dated }: Incoming<ReadyCustomerRow>,
  id: string,
  institution: InstitutionReference,
  context: CustomerFeedContext,
  outcomes: Outcomes,
): FeedRefusal | undefined {
  const before = dossiers.customers.get(id)
  const stored = before && { record: before, profile: dossiers.profiles.byCustomer.get(id) ?? emptyProfile }
  const wanted = dossierAfter(row, id, stored, institution, context)
  const speaking = { row, asOf }
  const { after: dossier, different } = stored
    ? mergeFeedRow(dossiers.profiles, stored, wanted, speaking, context)
    : { after: wanted, different: [] }
  const after = dossier.record
  const made = before ? undefined : context.vault.newCustomerKey(id)
  const owner: Owner = {
    id,
    institutionPath: after.institutionPath,
    source: row.source,
    asOf,
    key: made ? () => made.key : keyOfCustomer(before!, context),
  }
  const refused =
    before &&
    (customerRefusal(row, before, after, institution, context, dossiers.openHoldings.get(id)) ??
      profileRefusal(dossier.profile, after) ??
      storedIdentityRefusal(dossiers, row, owner, before, after, context))
  if (refused) return refused

  const values = decideValues(dossiers, row, owner, before, after, context, (warning) => outcomes.warn(line, warning))
  decideProfile(dossiers.profiles, { ...speaking, before: stored, wanted, after: dossier, different }, context)
  const revised = context.revision?.verification !== undefined
  const fields = [
    ...comparedFields.filter((field) => before?.[field] !== after[field]),
    ...changedFields(stored?.profile ?? emptyProfile, dossier.profile),
    ...values,
  ]
  const changed = !before || fields.length > 0 || revised
  // A revision holds for its fields, whose own instants are stored: what feeds said of the others stays as old as it is.
  const heldAt = before && context.revision ? before.asOf.toISOString() : asOf
  const record = changed && { ...after, nameFolded: foldName(after.name), asOf: heldAt }
  if (!before || before.name !== after.name || before.kind !== after.kind)
    dossiers.named.set(id, { customerId: id, kind: after.kind, name: after.name, institutionPath: after.institutionPath })
  if (made) {
    dossiers.created.push({
      ...record,
      source: row.source,
      externalId: row.externalId,
      wrappedKey: made.wrapped.toString('hex'),
      masterKeyId: made.masterKeyId,
    })
  } else if (record) dossiers.updated.set(id, record)
  else if (dated && heldAt > before!.asOf.toISOString()) dossiers.confirmed.set(id, { id, asOf })
  if (before) {
    if (before.institutionPath !== after.institutionPath) dossiers.moved.set(id, { id, path: after.institutionPath })
    if (before.kind !== after.kind) dossiers.rekinded.add(id)
    if (isClosing(before, after)) dossiers.closed.set(id, after.institutionPath)
  }
  outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', id, id, before && changed ? fields : undefined)
  return undefined
}

/** Record and profile after a row, as it wants them. */
export function dossierAfter(
  row: FeedCustomerRow,
  id: string,
  before: { readonly record: StoredCustomer; readonly profile: Dossier['profile'] } | undefined,
  institution: InstitutionReference,
  context: CustomerFeedContext,
): Dossier {
  const record = customerAfter(row, id, before?.record, institution, context)
  const values = profileValuesIn(row)
  const profile = before?.profile ?? emptyProfile
  if (!context.revision) return { record, profile: profileAfter(profile, values, [], row.kind) }
  const { clearFields, banker } = context.revision
  return {
    record: { ...record, ...Object.fromEntries(clearFields.flatMap((field) => (field in record ? [[field, null]] : []))) },
    profile: profileAfter(profile, { ...values, ...banker }, clearFields, row.kind),
  }
}

/** Writes all that was decided, one statement for each table. */
export async function writeDossiers(
  db: Db,
  { created, updated, confirmed, named, closed, moved, rekinded, values, overridden, profiles }: Dossiers,
  { now, bankTimeZone, fromPerson }: CustomerFeedContext,
): Promise<void> {
  if (created.length > 0) await Promise.all([insertCustomers(db, created, now), insertCustomerNames(db, created, now)])
  if (updated.size > 0) await updateCustomers(db, [...updated.values()], now)
  await writeNameKeys(db, [...named.values()], updated.size > 0)
  await confirmRows(db, 'customer', [...confirmed.values()])
  await Promise.all([writeValues(db, values), writeProfiles(db, profiles, now)])
  if (fromPerson || overridden.size > 0)
    await Promise.all(overwrittenIn(values).map(([table, ids]) => markConflicts(db, table, ids)))
  await refreshRelationshipManagers(db, [...rekinded])
  if (closed.size > 0) {
    const todayAt = await todayByInstitution(db, now, bankTimeZone)
    const endings = Array.from(closed, ([customerId, path]) => ({ customerId, endsOn: addDays(todayAt(path), 1) }))
    await endAssignmentsOf(db, endings, now)
  }
  if (moved.size === 0) return
  await moveCustomers(db, [...moved.values()], now)
  // Assigned staff read along the paths of their customers.
  await incrementDirectoryVersion(db)
}

function decideValues(
  dossiers: Dossiers,
  row: ReadyCustomerRow,
  owner: Owner,
  before: StoredCustomer | undefined,
  after: CustomerRecord,
  context: CustomerFeedContext,
  warn: (warning: FeedWarning) => void,
): readonly string[] {
  const enteredAt = context.fromPerson ? context.now : undefined
  const sealing = {
    vault: context.vault,
    newId: context.newId,
    writes: dossiers.values,
    overridden: dossiers.overridden,
    enteredAt,
  }
  const stored = dossiers.documents.get(owner.id) ?? []
  const changed = new Set<string>()
  const noteIf = (field: string, did: boolean): void => void (did && changed.add(field))
  const moved = before !== undefined && profileChanged(before, after)
  const judge = (document: StoredDocument): DocumentCheck => judgeStored(document, owner, after, context)
  if (moved)
    for (const document of stored)
      if (!isOfRow(document, row)) noteIf('documents', recheckDocument(sealing, owner, document, judge(document)))
  if (row.documentType !== undefined) {
    const judged = checkDocumentAgainstProfile(
      row.documentType,
      row.documentCountry ?? 'CN',
      row.documentNumber!,
      profileOf(after),
      context.today,
    )
    const passes = (document: StoredDocument): boolean => (moved ? judge(document).verified : document.verified)
    const ofType = stored.filter(({ type }) => type === row.documentType)
    const sealed = sealDocument(sealing, owner, row, judged, ofType, passes)
    noteIf('documentNumber', sealed.changed)
    if (moved && sealed.beside) noteIf('documents', recheckDocument(sealing, owner, sealed.beside, judge(sealed.beside)))
    if (enteredAt === undefined && judged.reason !== null)
      warn({ field: 'documentNumber', code: judged.reason, message: unverifiedMessage(judged.reason) })
  }
  const contacts = (kind: 'phone' | 'email'): readonly StoredContact[] => dossiers.contacts.get(keyOf(owner.id, kind)) ?? []
  if (row.email !== undefined) noteIf('email', sealContact(sealing, owner, 'email', row.email, 1, contacts('email')))
  if (row.phones !== undefined) noteIf('phone', sealPhones(sealing, owner, row.phones, contacts('phone')))
  if (namesAddress(row)) noteIf('address', sealAddress(sealing, owner, row, dossiers.addresses.get(owner.id) ?? []))
  return [...changed]
}

/** A person may not give a birth date or sex that a stored document contradicts either. */
function storedIdentityRefusal(
  dossiers: Dossiers,
  row: FeedCustomerRow,
  owner: Owner,
  before: StoredCustomer,
  after: CustomerRecord,
  context: CustomerFeedContext,
): FeedRefusal | undefined {
  if (!context.fromPerson || !profileChanged(before, after)) return undefined
  for (const document of dossiers.documents.get(owner.id) ?? []) {
    if (isOfRow(document, row) || !document.verified) continue
    const refused = failedIdentity(judgeStored(document, owner, after, context), profileOf(after))
    if (refused) return refused
  }
  return undefined
}

function judgeStored(
  document: StoredDocument,
  owner: Owner,
  after: CustomerRecord,
  { vault, today }: CustomerFeedContext,
): DocumentCheck {
  const number = vault.decrypt(owner.key(), document.numberEncrypted, fieldContext('identity_document', 'number', document.id))
  return checkDocumentAgainstProfile(document.type, document.country, number, profileOf(after), today)
}

function keyOfCustomer({ id, wrappedKey, masterKeyId }: StoredCustomer, { vault }: CustomerFeedContext): () => CustomerKey {
  let key: CustomerKey | undefined
  return () => (key ??= vault.unwrap(id, wrappedKey!, masterKeyId!))
}

function profileChanged(before: CustomerRecord, after: CustomerRecord): boolean {
  return before.birthDate !== after.birthDate || before.gender !== after.gender
}

function namesAddress(row: FeedCustomerRow): boolean {
  return [row.addressCountry, row.addressRegion, row.addressCity, row.addressPostalCode, row.addressLine].some(
    (part) => part !== undefined,
  )
}
