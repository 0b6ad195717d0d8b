import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { DocumentType } from '../../core/kernel/identity-numbers.ts'
import type { CustomerRecord } from '../../core/dossier/customer-changes.ts'
import type { Db } from '../platform/database.ts'
import type { PolicyWinner } from '../../core/dossier/profiles.ts'
import { policiesOn } from '../platform/policies.ts'

/** What a feed writes of the table `customer`, in JSON types. */
export type StoredCustomer = CustomerRecord & {
  readonly source: string
  readonly wrappedKey: Buffer | null
  readonly masterKeyId: string | null
  readonly asOf: Date
}

/** Reads the customers within the caller's scope and holds their rows, in the order of their ids, until the transaction ends. */
export async function lockCustomerRecords(db: Db, ids: readonly string[]): Promise<StoredCustomer[]> {
  return db.rows<StoredCustomer>(sql`
    select id, kind, status, core_number as "coreNumber", source, name, gender, birth_date as "birthDate", founded_on as "foundedOn", industry, country,
      preferred_language as "preferredLanguage", customer_since as "customerSince", closed_on as "closedOn", institution_id as "institutionId",
      institution_path as "institutionPath", wrapped_key as "wrappedKey", master_key_id as "masterKeyId", as_of as "asOf"
    from customer where id = any (${sql.param(ids)}::uuid[]) order by id for no key update`)
}

export interface StoredDocument {
  readonly customerId: string
  readonly id: string
  readonly source: string
  readonly type: DocumentType
  readonly country: string
  readonly numberEncrypted: Buffer
  readonly numberMasked: string
  readonly numberHash: Buffer
  readonly indexKeyId: string
  readonly validUntil: Day | null
  readonly verified: boolean
  readonly unverifiedReason: string | null
  readonly verifiedAt: Date | null
  readonly asOf: Date
  /** By itself and not with a row of the customer. */
  readonly added: boolean
  readonly conflicting: boolean
  /** What a feed said otherwise and somebody has dismissed, encrypted. */
  readonly dismissedValue: Buffer | null
}

export interface StoredContact {
  readonly customerId: string
  readonly id: string
  readonly source: string
  readonly kind: 'phone' | 'email'
  /** Its place in the field of its source, which may hold several. */
  readonly slot: number
  readonly valueHash: Buffer
  readonly indexKeyId: string
  readonly verifiedAt: Date | null
  readonly added: boolean
  readonly conflicting: boolean
  readonly dismissedValue: Buffer | null
}

export interface StoredAddress {
  readonly customerId: string
  readonly id: string
  readonly source: string
  readonly country: string | null
  readonly region: string | null
  readonly city: string | null
  readonly postalCode: string | null
  readonly lineEncrypted: Buffer | null
  readonly lineHash: Buffer | null
  readonly indexKeyId: string | null
  readonly verifiedAt: Date | null
  readonly added: boolean
  readonly conflicting: boolean
  readonly dismissedValue: Buffer | null
}

/** All documents, primary contact points and primary addresses of the customers, and of which the bank lets feeds win. */
export async function readCustomerValues(
  db: Db,
  ids: readonly string[],
  today: Day,
): Promise<{
  readonly documents: readonly StoredDocument[]
  readonly contacts: readonly StoredContact[]
  readonly addresses: readonly StoredAddress[]
  readonly overridden: ReadonlySet<string>
}> {
  if (ids.length === 0) return { documents: [], contacts: [], addresses: [], overridden: new Set() }
  const ofCustomers = sql`customer_id = any (${sql.param(ids)}::uuid[])`
  const [documents, contacts, addresses, policies] = await Promise.all([
    db.rows<StoredDocument>(sql`
      select customer_id as "customerId", id, source, type, country, number_encrypted as "numberEncrypted", number_masked as "numberMasked", number_hash as "numberHash",
        index_key_id as "indexKeyId", valid_until as "validUntil", verified, unverified_reason as "unverifiedReason", verified_at as "verifiedAt", as_of as "asOf", added,
        conflicting, dismissed_value as "dismissedValue"
      from identity_document where ${ofCustomers}`),
    db.rows<StoredContact>(sql`
      select customer_id as "customerId", id, source, kind, slot, value_hash as "valueHash", index_key_id as "indexKeyId", verified_at as "verifiedAt", added, conflicting,
        dismissed_value as "dismissedValue"
      from contact_point where ${ofCustomers} and purpose = 'primary'`),
    db.rows<StoredAddress>(sql`
      select customer_id as "customerId", id, source, country, region, city, postal_code as "postalCode", line_encrypted as "lineEncrypted", line_hash as "lineHash",
        index_key_id as "indexKeyId", verified_at as "verifiedAt", added, conflicting, dismissed_value as "dismissedValue"
      from address where ${ofCustomers} and purpose = 'primary'`),
    policiesOn<{ readonly winner: PolicyWinner }>(db, 'profile', today),
  ])
  const overridden = new Set(policies.flatMap(({ key, definition }) => (definition.winner === 'feed' ? [key] : [])))
  return { documents, contacts, addresses, overridden }
}

/** How many open holdings these customers have; whoever has none is missing. Their customers must be locked. */
export async function countOpenHoldings(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map()
  const rows = await db.rows<{ id: string; open: number }>(sql`
    select c.id, count(*)::int as open from customer c join holding h on h.customer_id = c.id
    where c.id = any (${sql.param(ids)}::uuid[]) and h.status <> 'closed' group by c.id`)
  return new Map(rows.map(({ id, open }) => [id, open]))
}

/** Takes names for new customers. Answers who holds each now: of two imports at once the first wins. */
export async function claimCustomerNames(
  db: Db,
  claims: readonly { readonly source: string; readonly externalId: string; readonly customerId: string }[],
): Promise<{ readonly source: string; readonly externalId: string; readonly customerId: string }[]> {
  const rows = claims.map((claim) => ({ ...claim, targetId: claim.customerId }))
  return db.rows(sql`
    select source, external_id as "externalId", customer_id as "customerId" from claim_external_ids('customer', ${JSON.stringify(rows)}::json)`)
}

/** Whether the caller sees single customers only, and so cannot open new ones. */
export async function seesPortfolioOnly(db: Db): Promise<boolean> {
  const [row] = await db.rows<{ only: boolean }>(
    sql`select nullif(current_setting('app.portfolio', true), '') is not null as only`,
  )
  return row!.only
}

const columns = `id uuid, kind text, status text, "coreNumber" text, source text, "externalId" text, name text, "nameFolded" text, gender text, "birthDate" date, "foundedOn" date, industry text,
  country text, "preferredLanguage" text, "customerSince" date, "closedOn" date, "institutionId" uuid, "institutionPath" text, "wrappedKey" text, "masterKeyId" text, "asOf" timestamptz`
const recordset = (rows: readonly object[]) =>
  sql`json_to_recordset(${JSON.stringify(rows)}::json) as r ${sql.raw(`(${columns})`)}`

export async function insertCustomers(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    insert into customer (id, kind, status, core_number, source, name, name_folded, gender, birth_date, founded_on, industry, country, preferred_language, customer_since,
      closed_on, institution_id, institution_path, wrapped_key, master_key_id, as_of, created_at, updated_at)
    select id, kind, status, "coreNumber", source, name, "nameFolded", gender, "birthDate", "foundedOn", industry, country, "preferredLanguage", "customerSince",
      "closedOn", "institutionId", "institutionPath", decode("wrappedKey", 'hex'), "masterKeyId", "asOf", ${now}::timestamptz, ${now}::timestamptz
    from ${recordset(rows)}`)
}

export async function insertCustomerNames(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    insert into customer_external_id (customer_id, source, external_id, institution_path, created_at)
    select id, source, "externalId", "institutionPath", ${now}::timestamptz from ${recordset(rows)}`)
}

export async function updateCustomers(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    update customer t set kind = r.kind, status = r.status, core_number = r."coreNumber", name = r.name, name_folded = r."nameFolded", gender = r.gender,
      birth_date = r."birthDate", founded_on = r."foundedOn", industry = r.industry, country = r.country, preferred_language = r."preferredLanguage",
      customer_since = r."customerSince", closed_on = r."closedOn", institution_id = r."institutionId", institution_path = r."institutionPath", as_of = r."asOf",
      version = t.version + 1, updated_at = ${now}::timestamptz
    from ${recordset(rows)}
    where t.id = r.id`)
}
