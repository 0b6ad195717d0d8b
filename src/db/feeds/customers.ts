import { identityRefusal, judgeDocument } from '../../core/feeds/identity.ts'
import type { CustomerRow } from '../../core/feeds/rows.ts'
import { foldName } from '../../core/text.ts'
import { raiseDirectoryVersion } from '../directory.ts'
import { type CustomerKey, fieldContext } from '../vault.ts'
import {
  type Collapsed,
  collapse,
  collectOutcomes,
  differs,
  groupBy,
  type Incoming,
  keyOf,
  receive,
  settleOthers,
  unknownReference,
} from './batch.ts'
import { type Confirmed, confirmRows } from './confirm.ts'
import { comparedFields, customerAfter, customerRefusal, profileOf, withContactsNormalised } from './customer-changes.ts'
import {
  claimCustomerNames,
  type CustomerRecord,
  insertCustomerNames,
  insertCustomers,
  lockCustomerRecords,
  readCustomerValues,
  seesPortfolioOnly,
  type StoredCustomer,
  type StoredDocument,
  updateCustomers,
} from './customer-records.ts'
import { moveCustomerRows } from './customer-tables.ts'
import {
  noValueWrites,
  type Owner,
  rejudgeDocument,
  sealAddress,
  sealContact,
  sealDocument,
  writeValues,
} from './customer-values.ts'
import type { ApplyFeed } from './feed.ts'
import { findCustomerIds, type InstitutionReference, resolveInstitutions } from './references.ts'

/** All rows for one customer, under the name that its source gives it. */
interface Group {
  readonly key: string
  readonly rows: readonly Incoming<CustomerRow>[]
}

/**
 * Applies customers with their document, primary phone, e-mail and address. What core banking owns is as its rows say; fields that a row
 * leaves out stay, and a value that is stored already keeps its ciphertext. A changed institution moves all that belongs to the customer.
 *
 * Two imports of the same customers wait for each other: names are claimed in their order, rows locked in the order of their ids, and
 * the directory is raised last.
 */
export const applyCustomers: ApplyFeed<CustomerRow> = async (db, rows, context) => {
  const outcomes = collectOutcomes(rows)
  const received = receive(rows, context.now, outcomes)
  const [institutions, known, portfolioOnly] = await Promise.all([
    resolveInstitutions(
      db,
      received.map(({ row }) => row.institutionCode),
    ),
    findCustomerIds(
      db,
      received.map(({ row }) => row),
    ),
    seesPortfolioOnly(db),
  ])
  const incoming = received.flatMap((one) => {
    const ready = institutions.has(one.row.institutionCode)
      ? withContactsNormalised(one, context.today)
      : unknownReference('institutionCode', 'institution', one.row.institutionCode)
    if ('line' in ready) return [ready]
    outcomes.refuse(one.line, ready)
    return []
  })
  const groups = [...groupBy(incoming, ({ row }) => keyOf(row.source, row.externalId))].map(([key, group]): Group => ({
    key,
    rows: group,
  }))

  // A name that is claimed stays: whatever may refuse a new customer is asked before.
  const candidates = new Map<string, string>()
  const fresh = new Map<string, Collapsed<CustomerRow>>()
  for (const { key, rows: group } of groups) {
    if (known.has(key)) continue
    const collapsed = collapse(group, undefined, 'merge')
    const { line, row } = collapsed.winner!
    const institution = institutions.get(row.institutionCode)!
    const refused = portfolioOnly
      ? unknownReference('externalId', 'customer', row.externalId)
      : customerRefusal(row, undefined, customerAfter(row, '', undefined, institution), institution, context)
    if (refused) {
      outcomes.refuse(line, refused)
      settleOthers(outcomes, collapsed, undefined)
    } else {
      candidates.set(key, context.newId())
      fresh.set(key, collapsed)
    }
  }
  const claims = [...fresh].map(([key, { winner }]) => ({
    source: winner!.row.source,
    externalId: winner!.row.externalId,
    customerId: candidates.get(key)!,
  }))
  const holders = claims.length > 0 ? await claimCustomerNames(db, claims) : []
  const idOf = new Map([...known, ...holders.map((one) => [keyOf(one.source, one.externalId), one.customerId] as const)])
  const existing = groups.flatMap(({ key }) => (idOf.has(key) && idOf.get(key) !== candidates.get(key) ? [idOf.get(key)!] : []))
  const stored = new Map((existing.length > 0 ? await lockCustomerRecords(db, existing) : []).map((one) => [one.id, one]))
  const values = await readCustomerValues(db, [...stored.keys()], [...new Set(incoming.map(({ row }) => row.source))])
  const documents = groupBy(values.documents, ({ customerId, source }) => keyOf(customerId, source))
  const contacts = new Map(values.contacts.map((one) => [keyOf(one.customerId, one.source, one.kind), one]))
  const addresses = new Map(values.addresses.map((one) => [keyOf(one.customerId, one.source), one]))

  const created: object[] = []
  // By customer: two sources may speak of the same one in one batch.
  const updated = new Map<string, object>()
  const confirmed = new Map<string, Confirmed>()
  const moved = new Map<string, { readonly id: string; readonly path: string }>()
  const writes = noValueWrites()
  const sealing = { vault: context.vault, newId: context.newId, writes }

  for (const { key, rows: group } of groups) {
    const id = idOf.get(key)
    if (id === undefined) continue
    const before = stored.get(id)
    if (!before && id !== candidates.get(key)) {
      for (const { line, row } of group) outcomes.refuse(line, unknownReference('externalId', 'customer', row.externalId))
      continue
    }
    const collapsed = before ? collapse(group, before.asOf.toISOString(), 'merge') : fresh.get(key)!
    const { winner } = collapsed
    if (winner) applyWinner(winner, id, before)
    settleOthers(outcomes, collapsed, id, id)
  }

  function applyWinner({ line, row, asOf, dated }: Incoming<CustomerRow>, id: string, before: StoredCustomer | undefined): void {
    const institution: InstitutionReference = institutions.get(row.institutionCode)!
    const after = customerAfter(row, id, before, institution)
    const refused =
      before && (customerRefusal(row, before, after, institution, context) ?? storedIdentityRefusal(row, before, after))
    if (refused) return outcomes.refuse(line, refused)
    const made = before ? undefined : context.vault.newCustomerKey(id)
    const owner: Owner = {
      id,
      institutionPath: after.institutionPath,
      source: row.source,
      asOf,
      key: made ? () => made.key : keyOfCustomer(before!),
    }
    const valuesChanged = applyValues(row, owner, before, after)
    const record = { ...after, asOf }
    const changed = !before || valuesChanged || differs<CustomerRecord>(after, before, comparedFields)
    if (made) {
      created.push({
        ...record,
        nameFolded: foldName(after.name),
        source: row.source,
        externalId: row.externalId,
        wrappedKey: made.wrapped.toString('hex'),
        masterKeyId: made.masterKeyId,
      })
    } else if (changed) updated.set(id, { ...record, nameFolded: foldName(after.name) })
    else if (dated && asOf > before!.asOf.toISOString()) confirmed.set(id, { id, asOf })
    if (before && before.institutionPath !== after.institutionPath) moved.set(id, { id, path: after.institutionPath })
    if (before) stored.set(id, { ...before, ...after, asOf: new Date(asOf) })
    outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', id, id)
  }

  function applyValues(row: CustomerRow, owner: Owner, before: StoredCustomer | undefined, after: CustomerRecord): boolean {
    const place = keyOf(owner.id, row.source)
    let changed = false
    for (const document of documents.get(place) ?? []) {
      if (document.type === row.documentType || !before || !profileChanged(before, after)) continue
      changed = rejudgeDocument(sealing, owner, document, judgeStored(document, owner.key, after)) || changed
    }
    if (row.documentType !== undefined) {
      const mine = documents.get(place)?.find(({ type }) => type === row.documentType)
      const judged = judgeDocument(
        row.documentType,
        row.documentCountry ?? 'CN',
        row.documentNumber!,
        profileOf(after),
        context.today,
      )
      changed = sealDocument(sealing, owner, row, judged, mine) || changed
    }
    for (const kind of ['phone', 'email'] as const) {
      const value = row[kind]
      if (value !== undefined)
        changed = sealContact(sealing, owner, kind, value, contacts.get(keyOf(owner.id, row.source, kind))) || changed
    }
    if (namesAddress(row)) changed = sealAddress(sealing, owner, row, addresses.get(place)) || changed
    return changed
  }

  /** A person may not give a birth date or sex that a stored document contradicts either. */
  function storedIdentityRefusal(row: CustomerRow, before: StoredCustomer, after: CustomerRecord) {
    if (!context.fromPerson || !profileChanged(before, after)) return undefined
    for (const document of documents.get(keyOf(before.id, row.source)) ?? []) {
      if (document.type === row.documentType || !document.verified) continue
      const { number, reason } = judgeStored(document, keyOfCustomer(before), after)
      if (reason !== null) return identityRefusal({ number, reason })
    }
    return undefined
  }

  function judgeStored(document: StoredDocument, key: () => CustomerKey, after: CustomerRecord) {
    const number = context.vault.decrypt(
      key(),
      document.numberEncrypted,
      fieldContext('identity_document', 'number', document.id),
    )
    return judgeDocument(document.type, document.country, number, profileOf(after), context.today)
  }

  function keyOfCustomer({ id, wrappedKey, masterKeyId }: StoredCustomer): () => CustomerKey {
    let key: CustomerKey | undefined
    return () => (key ??= context.vault.unwrap(id, wrappedKey!, masterKeyId!))
  }

  if (created.length > 0)
    await Promise.all([insertCustomers(db, created, context.now), insertCustomerNames(db, created, context.now)])
  if (updated.size > 0) await updateCustomers(db, [...updated.values()], context.now)
  await confirmRows(db, 'customer', [...confirmed.values()])
  await writeValues(db, writes)
  if (moved.size > 0) await moveCustomerRows(db, [...moved.values()])
  // Whoever keeps a customer reads along the paths of the customers kept.
  if (moved.size > 0) await raiseDirectoryVersion(db)
  return outcomes.list()
}

function profileChanged(before: CustomerRecord, after: CustomerRecord): boolean {
  return before.birthDate !== after.birthDate || before.gender !== after.gender
}

function namesAddress(row: CustomerRow): boolean {
  return [row.addressCountry, row.addressRegion, row.addressCity, row.addressPostalCode, row.addressLine].some(
    (part) => part !== undefined,
  )
}
