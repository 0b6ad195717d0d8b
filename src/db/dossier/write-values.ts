import { sql } from 'drizzle-orm'
import type { ValueTable } from '../../core/dossier/identity.ts'
import type { Db } from '../platform/database.ts'

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
        insert into contact_point as t (customer_id, id, institution_path, kind, slot, purpose, value_encrypted, value_masked, value_hash, index_key_id, source, as_of, added, conflicting)
        select "customerId", id, "institutionPath", kind, slot, 'primary', decode(encrypted, 'hex'), masked, decode(hash, 'hex'), "indexKeyId", source, "asOf", added, conflicting
        from ${recordset(contacts, 'added boolean, conflicting boolean, kind text, slot smallint')}
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
