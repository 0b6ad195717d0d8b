import { sql } from 'drizzle-orm'
import type { CustomerKind } from '../../core/dossier/customers.ts'
import { holdsChinese, nameKeys, type Pinyin, soundOf } from '../../core/dossier/name-keys.ts'
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

/** The id up to which customers of old have their keys, held until the transaction ends. Undefined once all have, or while somebody else is at it. */
export async function lockNameKeyProgress(db: Db): Promise<string | undefined> {
  const [row] = await db.rows<{ afterId: string }>(
    sql`select after_id as "afterId" from name_key_progress for update skip locked`,
  )
  return row?.afterId
}

/** The next customers in the order of their ids, their names held until the transaction ends. */
export async function lockNamesAfter(db: Db, afterId: string, limit: number): Promise<NamedCustomer[]> {
  return db.rows<NamedCustomer>(sql`
    select id as "customerId", kind, name, institution_path as "institutionPath" from customer
    where id > ${afterId}::uuid order by id limit ${limit}::int for no key update`)
}

export async function saveNameKeyProgress(db: Db, afterId: string): Promise<void> {
  await db.rows(sql`update name_key_progress set after_id = ${afterId}::uuid`)
}

export async function endNameKeyProgress(db: Db): Promise<void> {
  await db.rows(sql`delete from name_key_progress`)
}
