import { createHmac } from 'node:crypto'
import { Client } from 'pg'
import { advisoryLocks } from './locks.ts'
import type { NamedKey } from './vault.ts'

/** What the data of a bank must always be served with. */
export interface BankSetting {
  readonly baseCurrency: string
  readonly master: readonly NamedKey[]
  readonly index: readonly NamedKey[]
}

export type BankDifference =
  | { readonly kind: 'base_currency'; readonly stored: string }
  /** Data refer to a key that is not there. */
  | { readonly kind: 'missing_key'; readonly ring: Ring; readonly id: string }
  /** The key of this id was another one when the data were written. */
  | { readonly kind: 'other_key'; readonly ring: Ring; readonly id: string }

export interface BankCheck {
  /** The bank holds no institution, staff member, product or customer yet. */
  readonly empty: boolean
  readonly differences: readonly BankDifference[]
}

type Ring = 'master' | 'index'
type Checks = Readonly<Record<string, string>>

interface Stored {
  readonly baseCurrency: string
  readonly checks: Readonly<Record<Ring, Checks>>
}

const rings = ['master', 'index'] as const

/** Where data name the key that they need. The leading column of an index each, which is what makes the question cheap. */
const usedIn = { master: { table: 'customer', column: 'master_key_id' }, index: { table: 'blind_index', column: 'key_id' } }

/** Whether the database holds no bank yet: no institution, staff, product or customer. */
export async function bankIsEmpty(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ empty: boolean }>(
    'select not exists (select from institution) and not exists (select from staff) and not exists (select from product) and not exists (select from customer) as empty',
  )
  return rows[0]!.empty
}

/**
 * Compares settings with what the data of the bank were written with, and remembers what is new: the base currency at the first start, each
 * key when it is first seen. Until there is a bank, its currency may still change, and until there are customers, its keys. Nothing is
 * remembered of settings that differ.
 */
export async function checkBankSettings(ownerUrl: string, setting: BankSetting, now: Date): Promise<BankCheck> {
  const client = new Client({ connectionString: ownerUrl, application_name: 'guanxi settings' })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(`set local app.scope = '/'`)
    await client.query(`select pg_advisory_xact_lock(${advisoryLocks.migration})`)
    const empty = await bankIsEmpty(client)
    const stored = await storedSetting(client)
    const used = { master: await usedKeys(client, 'master'), index: await usedKeys(client, 'index') }
    const hasCustomers = !empty && (await holdsCustomers(client))
    const checks = { master: checksOf(setting.master, 'master'), index: checksOf(setting.index, 'index') }
    const differences: BankDifference[] = []
    if (stored && !empty && stored.baseCurrency !== setting.baseCurrency)
      differences.push({ kind: 'base_currency', stored: stored.baseCurrency })
    for (const ring of rings) {
      differences.push(
        ...used[ring].filter((id) => !(id in checks[ring])).map((id) => ({ kind: 'missing_key', ring, id }) as const),
      )
      const before = (hasCustomers && stored?.checks[ring]) || {}
      for (const [id, check] of Object.entries(checks[ring]))
        if (id in before && before[id] !== check) differences.push({ kind: 'other_key', ring, id })
    }
    if (differences.length === 0) await store(client, setting.baseCurrency, checks, now)
    await client.query('commit')
    return { empty, differences }
  } finally {
    await client.end()
  }
}

async function holdsCustomers(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ holds: boolean }>('select exists (select from customer) as holds')
  return rows[0]!.holds
}

async function storedSetting(client: Client): Promise<Stored | undefined> {
  const { rows } = await client.query<Stored>(
    `select base_currency as "baseCurrency", json_build_object('master', master_keys, 'index', index_keys) as checks from bank_setting`,
  )
  return rows[0]
}

async function store(client: Client, baseCurrency: string, { master, index }: Stored['checks'], now: Date): Promise<void> {
  await client.query(
    `insert into bank_setting (base_currency, master_keys, index_keys, updated_at) values ($1, $2, $3, $4)
    on conflict (only_row) do update set base_currency = excluded.base_currency, master_keys = bank_setting.master_keys || excluded.master_keys,
      index_keys = bank_setting.index_keys || excluded.index_keys, updated_at = excluded.updated_at`,
    [baseCurrency, JSON.stringify(master), JSON.stringify(index), now],
  )
}

/** The ids of the keys that data refer to: from one to the next greater one in the index, so that the number of rows does not matter. */
async function usedKeys(client: Client, ring: Ring): Promise<readonly string[]> {
  const { table, column } = usedIn[ring]
  const ids: string[] = []
  for (;;) {
    const { rows } = await client.query<{ id: string }>(
      `select ${column} as id from ${table} where ${column} > $1 order by ${column} limit 1`,
      [ids.at(-1) ?? ''],
    )
    if (!rows[0]) return ids
    ids.push(rows[0].id)
  }
}

/** By id, a hash that only the same key makes. */
function checksOf(keys: readonly NamedKey[], ring: Ring): Checks {
  return Object.fromEntries(
    keys.map(({ id, key }) => [id, createHmac('sha256', key).update(`guanxi/key-check/${ring}`).digest('base64')]),
  )
}
