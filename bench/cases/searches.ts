import { fieldContext, openVault } from '../../src/db/platform/vault.ts'
import { developmentKeys } from '../../src/start/development-keys.ts'
import type { Bank } from '../bank.ts'
import { type Bench, nth, post } from '../bench.ts'
import { measure, ratio, type Side } from '../measure.ts'
import { atMost, type Line } from '../report.ts'
import { drawSample } from '../sample.ts'
import { readByIdOf } from './reads.ts'

const MOST_TERMS = 300

/** Searches by the manager of a branch, against the read of one customer by id. */
export async function search(bench: Bench): Promise<Line[]> {
  const { bank } = bench
  const { manager, customers } = await drawSample(bank)
  const token = await bank.token({ sub: manager })
  const read = await readByIdOf(bench, bank)
  const asking = (name: string, terms: readonly object[]): Side => ({
    ...read,
    name,
    request: (turn) => post('/v1/customers/search', nth(terms, turn), token),
  })
  const names = asking('search by name', await nameTerms(bank, customers))
  const keys = asking('search by pinyin', await pinyinTerms(bank, customers))
  const phones = asking('search by phone', await secrets(bank, customers, 'phone'))
  const documents = asking('search by ID', await secrets(bank, customers, 'documentNumber'))
  const rounds = await measure([read, names, keys, phones, documents], bench.measuring)
  return [
    { case: 'search by name: CPU to read by id', value: ratio(rounds, names, read, 'cpu'), unit: '×', bound: atMost(15) },
    { case: 'search by pinyin: CPU to read by id', value: ratio(rounds, keys, read, 'cpu'), unit: '×', bound: atMost(15) },
    { case: 'search by phone: CPU to read by id', value: ratio(rounds, phones, read, 'cpu'), unit: '×', bound: atMost(3) },
    { case: 'search by ID: CPU to read by id', value: ratio(rounds, documents, read, 'cpu'), unit: '×', bound: atMost(3) },
  ]
}

/** Recognitions at the counter, audited and counted, against the read of one customer by id. */
export async function recognise(bench: Bench): Promise<Line[]> {
  const { bank } = bench
  const { manager, customers } = await drawSample(bank)
  const token = await bank.token({ sub: manager })
  const read = await readByIdOf(bench, bank)
  const asking = (name: string, inputs: readonly object[]): Side => ({
    ...read,
    name,
    request: (turn) => post('/v1/recognitions', nth(inputs, turn), token),
  })
  const { rows } = await bank.client.query<{ number: string }>(
    'select core_number as number from customer where id = any ($1) and core_number is not null order by id limit $2',
    [customers, MOST_TERMS],
  )
  const sides = [
    asking('recognise by number', rows),
    asking('recognise by phone', await secrets(bank, customers, 'phone')),
    asking('recognise by ID', await secrets(bank, customers, 'documentNumber')),
  ]
  const rounds = await measure([read, ...sides], bench.measuring)
  return sides.map((side) => ({
    case: `${side.name}: CPU to read by id`,
    value: ratio(rounds, side, read, 'cpu'),
    unit: '×',
    bound: atMost(3),
  }))
}

/** What a counter types: half of the time a whole name, else its first two letters, or a part of a company's name. */
async function nameTerms({ client }: Bank, customers: readonly string[]): Promise<object[]> {
  const { rows } = await client.query<{ name: string; kind: string }>(
    'select name, kind from customer where id = any ($1) order by md5(id::text || $2) limit $3',
    [customers, 'names', MOST_TERMS],
  )
  return rows.map(({ name, kind }, index) => {
    if (index % 2 === 0) return { name }
    return { name: kind === 'company' && name.length > 5 ? name.slice(2, 6) : name.slice(0, 2) }
  })
}

/** What a Latin keyboard types: a third of the time the whole pinyin of a name, else its initials, or how it begins. */
async function pinyinTerms({ client }: Bank, customers: readonly string[]): Promise<object[]> {
  const { rows } = await client.query<{ pinyin: string; initials: string }>(
    'select pinyin, initials from name_key where customer_id = any ($1) and reading = 1 order by md5(customer_id::text || $2) limit $3',
    [customers, 'pinyin', MOST_TERMS],
  )
  return rows.map(({ pinyin, initials }, index) => ({ name: [pinyin, initials, pinyin.slice(0, 6)][index % 3] }))
}

/** Phones or numbers of identity documents of customers, as their owners would say them. */
async function secrets(bank: Bank, customers: readonly string[], what: 'phone' | 'documentNumber'): Promise<object[]> {
  const table = what === 'phone' ? 'contact_point' : 'identity_document'
  const [encrypted, condition] =
    what === 'phone' ? ['value_encrypted', `t.kind = 'phone'`] : ['number_encrypted', `t.type = 'resident_id'`]
  const { rows } = await bank.client.query<{ id: string; customer: string; wrapped: Buffer; master: string; value: Buffer }>(
    `select t.id, c.id as customer, c.wrapped_key as wrapped, c.master_key_id as master, t.${encrypted} as value
    from ${table} t join customer c on c.id = t.customer_id where c.id = any ($1) and ${condition} order by t.id limit $2`,
    [customers, MOST_TERMS],
  )
  const vault = openVault(await developmentKeys(bank.folder))
  const column = what === 'phone' ? 'value' : 'number'
  return rows.map(({ id, customer, wrapped, master, value }) => ({
    [what]: vault.decrypt(vault.unwrap(customer, wrapped, master), value, fieldContext(table, column, id)),
  }))
}
