import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { checkDocumentAgainstProfile } from '../../src/core/dossier/document-checks.ts'
import { normaliseEmail, normalisePhone } from '../../src/core/kernel/phones.ts'
import type { CustomerKind } from '../../src/core/dossier/customers.ts'
import { nameKeys } from '../../src/core/dossier/name-keys.ts'
import { dictionary } from '../../src/core/dossier/pinyin.ts'
import { foldName } from '../../src/core/kernel/text.ts'
import { migrate } from '../../src/db/platform/migrate.ts'
import { fieldContext, openVault } from '../../src/db/platform/vault.ts'
import { type DemoBank, type DemoCounts, isEmpty, loadDemoBank } from '../../src/demo/load-demo-bank.ts'
import { demoClients } from '../../src/demo/organisation.ts'
import { wellKnownStaff } from '../../src/demo/staff.ts'
import { openTestDatabase, type TestDatabase } from '../setup/database.ts'

const today = '2026-11-22'
const now = new Date('2026-11-22T02:00:00Z')
const key = (id: string) => ({ id, key: randomBytes(32) })
const vault = openVault({ master: [key('m1')], index: [key('i1')] })
const bank = (ownerUrl: string, changes: Partial<DemoBank> = {}): DemoBank => ({
  ownerUrl,
  vault,
  customers: 2000,
  today,
  now,
  baseCurrency: 'CNY',
  ...changes,
})

/** What two loads must not have in common. */
const random = ['wrapped_key', 'number_encrypted', 'value_encrypted', 'line_encrypted', 'counterparty_encrypted']

let database: TestDatabase
let owner: pg.Client
let counts: DemoCounts
let definitionsBefore: unknown

beforeAll(async () => {
  database = await openTestDatabase()
  owner = await connect(database.ownerUrl)
  definitionsBefore = await definitions(owner)
  counts = await loadDemoBank(bank(database.ownerUrl))
})

afterAll(async () => {
  await owner?.end()
  await database?.close()
})

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`set app.scope = '/'`)
  return client
}

async function rows<T extends object>(sql: string, client = owner): Promise<T[]> {
  return (await client.query<T>(sql)).rows
}

async function value(sql: string, client = owner): Promise<unknown> {
  const [row] = await rows<object>(sql, client)
  return Object.values(row ?? {})[0]
}

const number = async (sql: string): Promise<number> => Number(await value(sql))

/** Constraints and indexes of all tables, as they are defined. */
async function definitions(client: pg.Client): Promise<unknown> {
  return rows(
    `select conrelid::regclass::text as "table", conname as name, pg_get_constraintdef(oid) as definition, convalidated as valid from pg_constraint where connamespace = 'public'::regnamespace
    union all select tablename, indexname, indexdef, true from pg_indexes where schemaname = 'public'
    union all select relname, 'row security', relrowsecurity::text || relforcerowsecurity::text, true from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
    order by 1, 2, 3`,
    client,
  )
}

/** A digest of each table's rows without what is random by nature. */
async function digests(client: pg.Client): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = {}
  for (const table of Object.keys(counts)) {
    result[table] = await value(
      `select md5(string_agg(row, e'\\n' order by row)) from (select (to_jsonb(t) - '{${random.join(',')}}'::text[])::text as row from ${table} t) r`,
      client,
    )
  }
  return result
}

describe('the demo bank', () => {
  test('is the same in every load of a seed and day, and another with another seed', async () => {
    const other = await openTestDatabase()
    const client = await connect(other.ownerUrl)
    try {
      const first = await digests(owner)
      await loadDemoBank(bank(other.ownerUrl, { seed: 2, customers: 300 }))
      const second = await digests(client)
      expect(Object.keys(second).filter((table) => second[table] !== null && second[table] === first[table])).toEqual([])
      await loadDemoBank(bank(other.ownerUrl, { replace: true }))
      expect(await digests(client)).toEqual(first)
      const wrappedKey = 'select wrapped_key from customer order by id limit 1'
      expect(await value(wrappedKey, client)).not.toEqual(await value(wrappedKey))
    } finally {
      await client.end()
      await other.close()
    }
  })

  test('leaves keys, indexes, references and row security as they were', async () => {
    expect(await definitions(owner)).toEqual(definitionsBefore)
  })

  test('has the customers that were asked for, of all kinds, and what they hold and do', async () => {
    expect(counts).toMatchObject({ customer: 2000, institution: 41, staff: 300, customer_external_id: 2000, client: 2 })
    for (const [table, count] of Object.entries(counts)) expect(await number(`select count(*) from ${table}`), table).toBe(count)
    const share = (condition: string) => number(`select avg((${condition})::int) from customer`)
    expect(await share(`kind = 'individual'`)).toBeCloseTo(0.86, 1)
    expect(await share(`kind = 'company'`)).toBeCloseTo(0.08, 1)
    expect(await share(`status = 'closed'`)).toBeGreaterThan(0.015)
    expect(await share(`status = 'prospect'`)).toBeGreaterThan(0.01)
    expect(await share(`relationship_manager_id is not null`)).toBeCloseTo(0.35, 1)
    expect(counts.holding / counts.customer).toBeCloseTo(3.4, 0)
    expect(counts.balance / counts.customer).toBeLessThan(25)
    expect(counts.activity / counts.customer).toBeLessThan(20)
    expect(counts.movement / counts.customer).toBeLessThan(1)
    expect(await number(`select count(distinct family) from product`)).toBe(13)
    expect(await number(`select count(distinct p.family) from holding h join product p on p.id = h.product_id`)).toBe(13)
    expect(await number(`select avg((currency <> 'CNY')::int) from holding`)).toBeCloseTo(0.04, 1)
  })

  test('keeps about four fifths of its assets with a fifth of its customers', async () => {
    const share = await number(
      'select sum(aum) filter (where place <= n * 0.2) / sum(aum) from (select aum, row_number() over (order by aum desc) as place, count(*) over () as n from customer) c',
    )
    expect(share).toBeGreaterThan(0.75)
    expect(share).toBeLessThan(0.85)
  })

  test('folds names as the service does', async () => {
    const names = await rows<{ name: string; name_folded: string }>('select name, name_folded from customer')
    expect(names.filter(({ name, name_folded }) => foldName(name) !== name_folded)).toEqual([])
    expect(names.filter(({ name }) => /^[A-Z][a-z]+ [A-Z][a-z]+$/.test(name)).length).toBeGreaterThan(40)
  })

  test('has the keys of names that the service makes', async () => {
    const customers = await rows<{
      name: string
      kind: CustomerKind
      path: string
      keys: object[] | null
      paths: string[] | null
    }>(`
      select c.name, c.kind, c.institution_path as path, k.keys, k.paths from customer c
      left join (
        select customer_id, json_agg(json_build_object('pinyin', pinyin, 'initials', initials) order by reading) as keys, array_agg(distinct institution_path) as paths
        from name_key group by 1
      ) k on k.customer_id = c.id`)
    for (const { name, kind, path, keys, paths } of customers) {
      expect(keys ?? [], name).toEqual(nameKeys(name, kind, dictionary))
      expect(paths ?? [path]).toEqual([path])
    }
    expect(counts.name_key).toBeGreaterThan(1_900)
  })

  test('sums assets as the feeds do', async () => {
    const wrong = await rows(`
      with rate as (select distinct on (currency) currency, rate from exchange_rate where day <= '${today}' order by currency, day desc)
      select c.id, c.aum, sum(convert_amount(h.balance, h.currency, 'CNY', r.rate)) filter (where h.status <> 'closed' and p.family in ('deposit', 'wealth', 'fund', 'insurance')) as sum
      from customer c
      left join holding h on h.customer_id = c.id left join product p on p.id = h.product_id left join rate r on r.currency = h.currency
      group by c.id
      having c.aum <> coalesce(sum(convert_amount(h.balance, h.currency, 'CNY', r.rate)) filter (where h.status <> 'closed' and p.family in ('deposit', 'wealth', 'fund', 'insurance')), 0)`)
    expect(wrong).toEqual([])
  })

  test('ends the balances of a holding at what the holding says, and has none of the future', async () => {
    const newest = `select distinct on (customer_id, holding_id) customer_id, holding_id, day, amount from balance order by customer_id, holding_id, day desc`
    expect(
      await number(`select count(*) from holding h full join (${newest}) b on b.customer_id = h.customer_id and b.holding_id = h.id
        where (h.balance_on is not null or b.day is not null) and (h.balance, h.balance_on) is distinct from (b.amount, b.day)`),
    ).toBe(0)
    expect(await number(`select count(*) from balance where day > '${today}'`)).toBe(0)
    expect(await number(`select count(*) from balance b join holding h on h.id = b.holding_id where b.day < h.opened_on`)).toBe(0)
    expect(
      await number("select count(distinct day) from balance where day = (date_trunc('month', day + 1) - interval '1 day')"),
    ).toBeGreaterThanOrEqual(24)
  })

  test('has days that make sense', async () => {
    const none = async (sql: string) => expect(await number(`select count(*) from ${sql}`), sql).toBe(0)
    await none(
      `holding where opened_on > '${today}' or matures_on < opened_on or closed_on < opened_on or closed_on > '${today}' or (status = 'closed') <> (closed_on is not null)`,
    )
    await none(`holding where activated_on < opened_on or last_used_on < activated_on or last_used_on > '${today}'`)
    await none(
      `customer where customer_since > '${today}' or closed_on < customer_since or closed_on > '${today}' or (status = 'closed') <> (closed_on is not null) or birth_date > customer_since`,
    )
    await none(
      `customer where (status = 'prospect') <> (core_number is null) or (kind = 'company') <> (birth_date is null) or (kind = 'individual') <> (founded_on is null)`,
    )
    await none(`movement where booked_on > '${today}' or amount < 5000000`)
    await none(
      `holding h join customer c on c.id = h.customer_id where c.status = 'prospect' or h.opened_on < c.customer_since or (c.status = 'closed' and h.status <> 'closed')`,
    )
  })

  test('has maturities around today', async () => {
    const termed = `holding h join product p on p.id = h.product_id where h.status <> 'closed' and p.family in ('deposit', 'wealth') and h.matures_on is not null`
    expect(
      await number(`select count(*) from ${termed} and h.matures_on not between date '${today}' - 30 and date '${today}' + 720`),
    ).toBe(0)
    expect(await number(`select avg((h.matures_on - date '${today}' between 0 and 90)::int) from ${termed}`)).toBeGreaterThan(0.2)
    expect(await number(`select count(*) from ${termed} and h.matures_on < '${today}'`)).toBeGreaterThan(5)
  })

  test('writes every holding under its customer’s path, and joint accounts on both sides', async () => {
    for (const table of [
      'holding',
      'balance',
      'activity',
      'movement',
      'assignment',
      'identity_document',
      'contact_point',
      'address',
      'customer_external_id',
      'holding_party',
      'party_holding',
    ]) {
      expect(
        await number(
          `select count(*) from ${table} t join customer c on c.id = t.customer_id where c.institution_path <> t.institution_path`,
        ),
        table,
      ).toBe(0)
    }
    expect(await number(`select count(*) from holding_party where role = 'joint_owner'`)).toBeGreaterThan(20)
    expect(
      await number(`select count(*) from holding_party p full join party_holding o on o.id = p.id and o.customer_id = p.party_customer_id and o.holding_customer_id = p.customer_id and o.holding_id = p.holding_id
        where p.role is distinct from o.role`),
    ).toBe(0)
  })

  test('registers every name and index', async () => {
    expect(
      await number(
        `select count(*) from customer_external_id x join external_id e on e.external_id = x.external_id and e.source = 'core' and e.entity = 'customer' and e.target_id = x.customer_id`,
      ),
    ).toBe(2000)
    expect(
      await number(
        `select count(*) from holding h join external_id e on e.external_id = h.external_id and e.source = 'core' and e.entity = 'holding' and e.target_id = h.id and e.customer_id = h.customer_id`,
      ),
    ).toBe(counts.holding)
    expect(
      await number(
        `select count(*) from blind_index b join identity_document d on d.customer_id = b.customer_id and d.id = b.target_id and d.number_hash = b.hash and b.kind = 'document'`,
      ),
    ).toBe(2000)
    expect(
      await number(
        `select count(*) from blind_index b join contact_point d on d.customer_id = b.customer_id and d.id = b.target_id and d.value_hash = b.hash and b.kind = d.kind`,
      ),
    ).toBe(counts.contact_point)
  })
})

describe('identities of the demo bank', () => {
  test('are valid, agree with the profile and open with the customer’s key', async () => {
    const documents = await rows<
      Record<string, string> & { verified: boolean; wrapped_key: Buffer; number_encrypted: Buffer; number_hash: Buffer }
    >(`
      select c.id as customer, c.wrapped_key, c.master_key_id, c.birth_date::text as birth_date, c.gender, d.id, d.type, d.country, d.number_encrypted, d.number_hash, d.verified
      from identity_document d join customer c on c.id = d.customer_id`)
    const wrong = documents.filter((document) => {
      const customerKey = vault.unwrap(document['customer']!, document.wrapped_key, document['master_key_id']!)
      const plain = vault.decrypt(
        customerKey,
        document.number_encrypted,
        fieldContext('identity_document', 'number', document['id']!),
      )
      const profile = { birthDate: document['birth_date'] ?? null, gender: document['gender'] as 'male' | 'female' | null }
      const judged = checkDocumentAgainstProfile(document['type'] as 'resident_id', document['country']!, plain, profile, today)
      return (
        judged.reason !== null ||
        judged.verified !== document.verified ||
        judged.number !== plain ||
        !vault.blindIndex('document', plain).hash.equals(document.number_hash)
      )
    })
    expect(documents).toHaveLength(2000)
    expect(wrong).toEqual([])
    expect(new Set(documents.map(({ number_hash }) => number_hash.toString('hex'))).size).toBe(2000)
  })

  test('have phones and e-mail addresses in their normal form, some shared', async () => {
    const contacts = await rows<Record<string, string> & { wrapped_key: Buffer; value_encrypted: Buffer }>(`
      select c.id as customer, c.wrapped_key, c.master_key_id, p.id, p.kind, p.value_encrypted from contact_point p join customer c on c.id = p.customer_id`)
    const plain = contacts.map((contact) => {
      const customerKey = vault.unwrap(contact['customer']!, contact.wrapped_key, contact['master_key_id']!)
      return {
        kind: contact['kind'],
        value: vault.decrypt(customerKey, contact.value_encrypted, fieldContext('contact_point', 'value', contact['id']!)),
      }
    })
    expect(
      plain.filter(({ kind, value }) => (kind === 'phone' ? normalisePhone(value) : normaliseEmail(value)) !== value),
    ).toEqual([])
    const phones = plain.filter(({ kind }) => kind === 'phone').map(({ value }) => value)
    expect(phones.length - new Set(phones).size).toBeGreaterThan(10)
  })

  test('have addresses and counterparties that open', async () => {
    const [one] = await rows<
      Record<string, string> & { wrapped_key: Buffer; line_encrypted: Buffer; counterparty_encrypted: Buffer }
    >(`
      select c.id as customer, c.wrapped_key, c.master_key_id, a.id as address, a.line_encrypted, m.id as movement, m.counterparty_encrypted
      from customer c join address a on a.customer_id = c.id join movement m on m.customer_id = c.id limit 1`)
    const customerKey = vault.unwrap(one!['customer']!, one!.wrapped_key, one!['master_key_id']!)
    expect(vault.decrypt(customerKey, one!.line_encrypted, fieldContext('address', 'line', one!['address']!))).toMatch(
      /区.+路\d+号/,
    )
    expect(
      vault.decrypt(
        customerKey,
        one!.counterparty_encrypted,
        fieldContext('movement', 'counterparty_encrypted', one!['movement']!),
      ),
    ).toMatch(/^6217\d{15}$/)
  })
})

describe('the organisation of the demo bank', () => {
  test('gives every active institution a manager and every role its people', async () => {
    expect(
      await rows(`select code from institution i where status = 'active'
        and not exists (select from staff s where s.institution_id = i.id and s.status = 'active' and 'branch_manager' = any (s.roles))`),
    ).toEqual([])
    expect(await rows(`select kind, count(*)::int from institution where status = 'active' group by kind order by 2`)).toEqual([
      { kind: 'head_office', count: 1 },
      { kind: 'branch', count: 5 },
      { kind: 'sub_branch', count: 12 },
      { kind: 'outlet', count: 22 },
    ])
    expect(
      await number(
        `select count(*) from institution where path !~ '^/1/([0-9]+/){0,3}$' or (kind = 'head_office') <> (path = '/1/')`,
      ),
    ).toBe(0)
    expect(await number('select count(distinct role) from staff, unnest(roles) role')).toBe(9)
  })

  test('has the staff and clients that the documentation names', async () => {
    for (const { number, role, institutionCode } of wellKnownStaff) {
      expect(
        await value(
          `select count(*)::int from staff s join institution i on i.id = s.institution_id where s.number = '${number}' and s.roles = '{${role}}' and i.code = '${institutionCode}' and s.status = 'active'`,
        ),
        number,
      ).toBe(1)
    }
    expect(await rows('select client_id from client order by client_id desc')).toEqual(
      demoClients.map(({ clientId }) => ({ client_id: clientId })),
    )
    expect(
      await number(`select count(*) from customer c join staff s on s.id = c.relationship_manager_id where s.number = 'S00010'`),
    ).toBeGreaterThan(3)
    expect(
      await value(
        `select d.number from delegation join staff a on a.id = staff_id join staff d on d.id = deputy_id where a.number = 'S00011' and '${today}' between starts_on and ends_on - 1`,
      ),
    ).toBe('S00010')
  })

  test('assigns customers to staff who may keep them, within their capacity, and shows it on the customer', async () => {
    expect(
      await number(`select count(*) from assignment a join customer c on c.id = a.customer_id left join staff s on s.id = a.staff_id and s.status = 'active' and s.roles && '{relationship_manager,teller}'
        where s.id is null or c.status = 'closed'`),
    ).toBe(0)
    expect(
      await number(`select count(*) from customer c left join lateral (
          select coalesce(array_agg(distinct staff_id order by staff_id), '{}') as staff, max(staff_id::text) filter (where (business_line = 'corporate') = (c.kind = 'company'))::uuid as manager
          from assignment where customer_id = c.id and starts_on <= '${today}' and (ends_on is null or ends_on > '${today}')
        ) a on true where (c.visible_to, c.relationship_manager_id) is distinct from (a.staff, a.manager)`),
    ).toBe(0)
    expect(
      await number(
        `select count(*) from assignment where state is distinct from case when ends_on <= '${today}' then 'ended' when starts_on > '${today}' then 'planned' else 'current' end`,
      ),
    ).toBe(0)
    expect(await number(`select count(*) from assignment where state = 'planned'`)).toBeGreaterThan(5)
    expect(
      await number(
        `select max(n::float / customer_capacity) from (select relationship_manager_id as id, count(*) as n from customer group by 1) c join staff s using (id)`,
      ),
    ).toBeLessThan(1)
  })
})

describe('loading the demo bank', () => {
  test('is refused where there is a bank already, which stays as it is', async () => {
    expect(await isEmpty(database.ownerUrl)).toBe(false)
    await expect(loadDemoBank(bank(database.ownerUrl, { customers: 10 }))).rejects.toThrow('not empty')
    expect(await number('select count(*) from customer')).toBe(2000)
  })

  test('leaves nothing behind when it fails', async () => {
    const other = await openTestDatabase()
    const client = await connect(other.ownerUrl)
    try {
      const before = await definitions(client)
      const failing = {
        ...vault,
        newCustomerKey: () => {
          throw new Error('no key')
        },
      }
      await expect(loadDemoBank(bank(other.ownerUrl, { customers: 50, vault: failing }))).rejects.toThrow('no key')
      expect(await isEmpty(other.ownerUrl)).toBe(true)
      expect(await definitions(client)).toEqual(before)
    } finally {
      await client.end()
      await other.close()
    }
  })

  test.each(['USD', 'JPY', 'CHF', 'KWD'])('adds up in %s where that is the base currency', async (baseCurrency) => {
    const other = await openTestDatabase()
    const client = await connect(other.ownerUrl)
    try {
      await loadDemoBank(bank(other.ownerUrl, { customers: 100, baseCurrency }))
      expect(Number(await value('select sum(aum) from customer', client))).toBeGreaterThan(0)
      expect(
        await value(`select count(distinct currency)::int from exchange_rate where currency <> '${baseCurrency}'`, client),
      ).toBe(['USD', 'JPY'].includes(baseCurrency) ? 5 : 6)
    } finally {
      await client.end()
      await other.close()
    }
  })

  test('works for an owner who is no superuser', async () => {
    const { adminUrl, template } = inject('postgres')
    const name = `${template}_${randomBytes(5).toString('hex')}`
    const admin = await connect(adminUrl)
    const ownerUrl = new URL(adminUrl)
    Object.assign(ownerUrl, { pathname: `/${name}`, username: `${name}_owner`, password: 'owner' })
    try {
      await admin.query(`create role ${name}_owner login createrole password 'owner'`)
      // Another owner has made these roles on this server.
      await admin.query(`grant guanxi_service, guanxi_lookup to ${name}_owner with admin option`)
      await admin
        .query(`create database ${name} owner ${name}_owner template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'`)
        .catch(() => admin.query(`create database ${name} owner ${name}_owner`))
      await migrate({ ownerUrl: ownerUrl.href, serviceRole: { name: `${name}_service`, password: 'service' } })
      const loaded = await loadDemoBank(bank(ownerUrl.href))
      expect(loaded).toEqual(counts)
      const client = await connect(ownerUrl.href)
      const same = await digests(client)
      await client.end()
      expect(same).toEqual(await digests(owner))
    } finally {
      await admin.query(`drop database if exists ${name} with (force)`)
      await admin.query(`drop role if exists ${name}_service`)
      await admin.query(`drop role if exists ${name}_owner`)
      await admin.end()
    }
  })
})
