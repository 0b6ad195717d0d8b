import { sql } from 'drizzle-orm'
import type { CustomerKind } from '../../core/dossier/customers.ts'
import { holdsChinese, nameKeys, type Pinyin, soundOf } from '../../core/dossier/name-keys.ts'
import { foldName } from '../../core/kernel/text.ts'
import type { Db } from '../platform/database.ts'

/** A customer whose name is to be found by its pinyin. */
export interface NamedCustomer {
  readonly customerId: string
  readonly kind: CustomerKind
  readonly name: string
  readonly institutionPath: string
}

let loading: Promise<Pinyin> | undefined

/** The dictionary takes more memory than the rest of a request: it is loaded with the first Chinese name that is written or sought. */
export function loadPinyin(): Promise<Pinyin> {
  return (loading ??= import('../../core/dossier/pinyin.ts').then(({ dictionary }) => dictionary))
}

/** The sound of a folded term; empty for one that is not Chinese. */
export async function soundOfTerm(folded: string): Promise<string> {
  return holdsChinese(folded) ? soundOf(folded, await loadPinyin()) : ''
}

/** Writes the keys of these customers' names; `known`: they may have had others, which go. */
export async function writeNameKeys(db: Db, customers: readonly NamedCustomer[], known: boolean): Promise<void> {
  const chinese = customers.filter(({ name }) => holdsChinese(name))
  if (known && customers.length > 0) {
    const ids = customers.map(({ customerId }) => customerId)
    await db.rows(sql`delete from name_key where customer_id = any (${sql.param(ids)}::uuid[])`)
  }
  if (chinese.length === 0) return
  const pinyin = await loadPinyin()
  const rows = chinese.flatMap(({ customerId, kind, name, institutionPath }) =>
    nameKeys(name, kind, pinyin).map((key, place) => ({ customerId, reading: place + 1, institutionPath, ...key })),
  )
  await db.rows(sql`
    insert into name_key (customer_id, reading, institution_path, pinyin, initials)
    select "customerId", reading, "institutionPath", pinyin, initials
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ("customerId" uuid, reading int, "institutionPath" text, pinyin text, initials text)`)
}

/** Whose names of old are worked out again: those of customers, with their keys, then those of key people. */
export type NamePart = 'customer' | 'key_person'

export interface NameProgress {
  readonly part: NamePart
  /** The customer up to whom the names of the part are done. */
  readonly afterId: string
}

/** How far the names of old are worked out, held until the transaction ends. Undefined once all are, or while somebody else is at it. */
export async function lockNameKeyProgress(db: Db): Promise<NameProgress | undefined> {
  const [row] = await db.rows<NameProgress>(sql`select part, after_id as "afterId" from name_key_progress for update skip locked`)
  return row
}

/** The next customers in the order of their ids, their names held until the transaction ends. */
export async function lockNamesAfter(db: Db, afterId: string, limit: number): Promise<NamedCustomer[]> {
  return db.rows<NamedCustomer>(sql`
    select id as "customerId", kind, name, institution_path as "institutionPath" from customer
    where id > ${afterId}::uuid order by id limit ${limit}::int for no key update`)
}

/** Writes the folded names of customers that fold otherwise than when they were written. */
export async function refoldNames(db: Db, customers: readonly NamedCustomer[]): Promise<void> {
  const rows = JSON.stringify(customers.map(({ customerId, name }) => ({ customerId, folded: foldName(name) })))
  await db.rows(sql`
    update customer t set name_folded = r.folded
    from json_to_recordset(${rows}::json) as r ("customerId" uuid, folded text)
    where t.id = r."customerId" and t.name_folded <> r.folded`)
}

/** The same for the key people of the next customers who have some. Answers the last of these customers, undefined where there is none. */
export async function refoldKeyPeople(db: Db, afterId: string, limit: number): Promise<string | undefined> {
  const people = await db.rows<{ customerId: string; id: string; name: string }>(sql`
    select customer_id as "customerId", id, name from key_person
    where customer_id in (select distinct customer_id from key_person where customer_id > ${afterId}::uuid order by 1 limit ${limit}::int)
    order by customer_id for no key update`)
  const rows = JSON.stringify(people.map(({ customerId, id, name }) => ({ customerId, id, folded: foldName(name) })))
  await db.rows(sql`
    update key_person t set name_folded = r.folded
    from json_to_recordset(${rows}::json) as r ("customerId" uuid, id uuid, folded text)
    where t.customer_id = r."customerId" and t.id = r.id and t.name_folded <> r.folded`)
  return people.at(-1)?.customerId
}

export async function saveNameKeyProgress(db: Db, { part, afterId }: NameProgress): Promise<void> {
  await db.rows(sql`update name_key_progress set part = ${part}, after_id = ${afterId}::uuid`)
}

export async function endNameKeyProgress(db: Db): Promise<void> {
  await db.rows(sql`delete from name_key_progress`)
}
