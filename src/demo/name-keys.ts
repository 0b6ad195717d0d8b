import type { Client } from 'pg'
import type { CustomerKind } from '../core/dossier/customers.ts'
import { nameKeys } from '../core/dossier/name-keys.ts'
import { loadPinyin } from '../db/dossier/name-keys.ts'
import { copyLine } from './identity.ts'
import { insert, type Loading } from './loading.ts'

/** Makes the temporary table `demo_name_key`; answers what writes its lines for a customer. */
export async function stageNameKeys(
  client: Client,
): Promise<(customer: { readonly n: number; readonly name: string; readonly kind: CustomerKind }) => string> {
  await client.query('create temp table demo_name_key (n bigint, reading int, pinyin text, initials text) on commit drop')
  const dictionary = await loadPinyin()
  return ({ n, name, kind }) =>
    nameKeys(name, kind, dictionary)
      .map(({ pinyin, initials }, place) => copyLine([n, place + 1, pinyin, initials]))
      .join('')
}

/** Writes what customers are found by who are sought by pinyin. */
export async function loadNameKeys(loading: Loading): Promise<void> {
  await insert(
    loading,
    `insert into name_key (customer_id, reading, institution_path, pinyin, initials)
    select c.id, k.reading, c.path, k.pinyin, k.initials from demo_name_key k join demo_customer c on c.n = k.n order by k.n, k.reading`,
  )
}
