import type { CustomerKind } from '../core/dossier/customers.ts'
import { maskDocumentNumber, maskEmail, maskPhone } from '../core/kernel/masking.ts'
import { sealCounterparty } from '../db/feeds/counterparties.ts'
import { type CustomerKey, fieldContext, type Vault } from '../db/platform/vault.ts'
import { type Draws, digits, numberBelow, siblingId } from './draws.ts'
import { copyLine, copyLines, madeAddressLine, madeDocument, madeEmail, madePhone, type Person } from './identity.ts'
import { emailNameOf } from './names.ts'
import { insert, type Loading } from './loading.ts'
import { stageNameKeys } from './name-keys.ts'
import type { DemoOrganisation } from './organisation.ts'
import { cities } from './places.ts'

const batch = 2000

interface Staged extends Person {
  readonly n: number
  readonly kind: CustomerKind
  readonly id: string
  readonly name: string
  readonly place: number
  /** Ids of the movements whose counterparty is known. */
  readonly movements: readonly string[] | null
}

/**
 * Makes each customer's key and all that is encrypted with it, batch by batch: documents, phones, e-mail addresses and addresses into
 * `demo_sealed`, counterparties of movements into `demo_counterparty`. Stages the keys of their names besides.
 */
export async function stageSealed(
  loading: Loading,
  organisation: DemoOrganisation,
  vault: Vault,
  customers: number,
): Promise<void> {
  const { client, progress } = loading
  await client.query(`
    create temp table demo_sealed (n bigint, wrapped_key bytea, master_key_id text, index_key_id text,
      document_id uuid, document_type text, document_country text, document_encrypted bytea, document_masked text, document_hash bytea, valid_until date, verified boolean,
      phone_id uuid, phone_encrypted bytea, phone_masked text, phone_hash bytea, email_id uuid, email_encrypted bytea, email_masked text, email_hash bytea,
      address_id uuid, region text, city text, postal_code text, line_encrypted bytea, line_hash bytea) on commit drop`)
  await client.query(
    'create temp table demo_counterparty (id uuid, encrypted bytea, masked text, hash bytea, index_key_id text) on commit drop',
  )
  await client.query(`
    declare demo_people no scroll cursor for
    select c.n::int as n, c.id, c.name, c.kind, c.gender, c.birth_date::text as "birthDate", c.nationality, c.place, c.city, m.ids as movements
    from demo_customer c
    left join (select n, array_agg(id::text order by external_id) as ids from demo_movement group by n) m on m.n = c.n
    order by c.n`)
  const fetch = () => {
    const fetching = client.query<Staged>(`fetch ${batch} from demo_people`)
    // Where encrypting fails first, nobody waits for it any more.
    fetching.catch(() => {})
    return fetching
  }
  const seal = sealer(loading, organisation, vault)
  const nameKeyLines = await stageNameKeys(client)
  let coming = fetch()
  for (let done = 0; ;) {
    const { rows } = await coming
    if (rows.length === 0) break
    // The next rows are read while these are encrypted.
    coming = fetch()
    let sealed = ''
    let counterparties = ''
    let nameKeys = ''
    for (const row of rows) {
      const lines = seal(row)
      sealed += lines.sealed
      counterparties += lines.counterparties
      nameKeys += nameKeyLines(row)
    }
    await copyLines(client, 'demo_sealed', sealed)
    await copyLines(client, 'demo_name_key', nameKeys)
    if (counterparties !== '') await copyLines(client, 'demo_counterparty', counterparties)
    const before = done
    done += rows.length
    if (Math.floor(done / 100_000) > Math.floor(before / 100_000)) progress(`sealed ${done} of ${customers} customers`)
  }
  await client.query('close demo_people')
  await client.query('analyze demo_sealed')
  await client.query('analyze demo_counterparty')
}

function sealer(
  { draws, today }: Loading,
  { places }: DemoOrganisation,
  vault: Vault,
): (row: Staged) => { readonly sealed: string; readonly counterparties: string } {
  return (row) => {
    const { id } = row
    const next = draws.generator('identity', row.n)
    const made = vault.newCustomerKey(id)
    const document = madeDocument(row, today, next)
    const phone = sharedPhone(row, draws)
    const email = numberBelow(next, 100) < (row.kind === 'company' ? 60 : 32) ? madeEmail(emailNameOf(row.name), next) : undefined
    const { institution } = places[row.place - 1]!
    const line = madeAddressLine(institution.district, next)
    const city = cities[row.city]!
    const [documentId, phoneId, emailId, addressId] = [
      siblingId(id, next),
      siblingId(id, next),
      siblingId(id, next),
      siblingId(id, next),
    ]
    const index = vault.blindIndex('document', document.number)
    const sealed = copyLine([
      row.n,
      made.wrapped,
      made.masterKeyId,
      index.keyId,
      documentId,
      document.type,
      document.country,
      vault.encrypt(made.key, document.number, fieldContext('identity_document', 'number', documentId)),
      maskDocumentNumber(document.number),
      index.hash,
      document.validUntil,
      document.verified,
      ...contact(vault, made.key, 'phone', phoneId, phone),
      ...contact(vault, made.key, 'email', emailId, email),
      addressId,
      city.province,
      city.city,
      city.postalCode,
      vault.encrypt(made.key, line, fieldContext('address', 'line', addressId)),
      vault.blindIndex('document', `address/${addressId}\0${line}`).hash,
    ])
    return {
      sealed,
      counterparties: (row.movements ?? [])
        .map((movement) => counterparty(vault, made.key, movement, `6217${digits(next, 15)}`))
        .join(''),
    }
  }
}

/** Some have no phone, and some of a family share one. */
function sharedPhone(row: Staged, draws: Draws): string | undefined {
  const next = draws.generator('phone', row.n)
  const chance = numberBelow(next, 1000)
  if (chance < 30) return undefined
  // The phone of the customer before, as it would be.
  if (chance < 55 && row.kind !== 'company') {
    const other = draws.generator('phone', row.n - 1)
    other()
    return madePhone({ ...row, kind: 'individual' }, other)
  }
  return madePhone(row, next)
}

function contact(vault: Vault, key: CustomerKey, kind: 'phone' | 'email', id: string, value: string | undefined) {
  if (value === undefined) return [null, null, null, null]
  const masked = kind === 'phone' ? maskPhone(value) : maskEmail(value)
  return [id, vault.encrypt(key, value, fieldContext('contact_point', 'value', id)), masked, vault.blindIndex(kind, value).hash]
}

function counterparty(vault: Vault, key: CustomerKey, movementId: string, account: string): string {
  const { encrypted, masked, hash, keyId } = sealCounterparty(vault, key, movementId, account)
  return copyLine([movementId, `\\\\x${encrypted}`, masked, `\\\\x${hash}`, keyId])
}

/** Writes documents, contact points, addresses and their blind index from what is staged. */
export async function loadIdentities(loading: Loading): Promise<void> {
  const { client, now } = loading
  const write = (into: string, what: string) =>
    insert(loading, `insert into ${into} ${what.replaceAll('$now', `${client.escapeLiteral(now.toISOString())}::timestamptz`)}`)
  const staged = 'from demo_sealed s join demo_customer c on c.n = s.n'
  await write(
    'identity_document (customer_id, id, institution_path, type, country, number_encrypted, number_masked, number_hash, index_key_id, valid_until, verified, source, as_of)',
    `select c.id, s.document_id, c.path, s.document_type, s.document_country, s.document_encrypted, s.document_masked, s.document_hash, s.index_key_id, s.valid_until, s.verified, 'core', $now ${staged}`,
  )
  for (const kind of ['phone', 'email']) {
    await write(
      'contact_point (customer_id, id, institution_path, kind, purpose, value_encrypted, value_masked, value_hash, index_key_id, source, as_of)',
      `select c.id, s.${kind}_id, c.path, '${kind}', 'primary', s.${kind}_encrypted, s.${kind}_masked, s.${kind}_hash, s.index_key_id, 'core', $now ${staged} where s.${kind}_id is not null`,
    )
  }
  await write(
    'address (customer_id, id, institution_path, purpose, country, region, city, postal_code, line_encrypted, line_masked, line_hash, index_key_id, source, as_of)',
    `select c.id, s.address_id, c.path, 'primary', 'CN', s.region, s.city, s.postal_code, s.line_encrypted, '***', s.line_hash, s.index_key_id, 'core', $now ${staged}`,
  )
  for (const kind of ['document', 'phone', 'email']) {
    await write(
      'blind_index (hash, customer_id, target_id, kind, key_id)',
      `select s.${kind}_hash, c.id, s.${kind}_id, '${kind}', s.index_key_id ${staged} where s.${kind}_id is not null`,
    )
  }
}
