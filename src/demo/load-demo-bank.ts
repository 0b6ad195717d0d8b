import { bankIsEmpty } from '../db/platform/bank-setting.ts'
import { advisoryLocks } from '../db/platform/locks.ts'
import { Client } from 'pg'
import type { Day } from '../core/kernel/calendar.ts'
import type { Vault } from '../db/platform/vault.ts'
import { bulkTables, withoutIndexes } from './bulk-load.ts'
import { loadConsents } from './consents.ts'
import { loadAssignments, loadCustomers, stageCustomers } from './customers.ts'
import { drawsOf } from './draws.ts'
import { loadActivity, loadBalances, loadMovements, stageMovements } from './flows.ts'
import { loadHoldings } from './holdings.ts'
import { loadKeyDates } from './key-dates.ts'
import type { Loading } from './loading.ts'
import { loadNameKeys } from './name-keys.ts'
import { loadOrganisation } from './organisation.ts'
import { loadExchangeRates, loadProducts } from './products.ts'
import { loadPeopleAndNotes } from './people.ts'
import { loadProfiles } from './profiles.ts'
import { loadIdentities, stageSealed } from './sealing.ts'

/** Where two loads take the lock that keeps them apart. */
const referenceTables = ['institution', 'staff', 'client', 'delegation', 'product', 'exchange_rate'] as const
const countedTables = [...referenceTables, ...bulkTables] as const

/** Rows written, by table. */
export type DemoCounts = Readonly<Record<(typeof countedTables)[number], number>>

export interface DemoBank {
  /** A connection of the role that owns the tables; it need be no superuser. */
  readonly ownerUrl: string
  readonly vault: Vault
  readonly customers: number
  /** Two loads with the same seed, number and day differ in ciphertexts and wrapped keys only. */
  readonly seed?: number
  readonly today: Day
  readonly now: Date
  readonly baseCurrency: string
  /** Empties the bank first, whatever it holds, in the same transaction. */
  readonly replace?: boolean
  readonly progress?: (message: string) => void
}

/** Whether the database holds no bank yet: no institution, staff, product or customer. */
export async function isEmpty(ownerUrl: string): Promise<boolean> {
  return connected(ownerUrl, bankIsEmpty)
}

/**
 * Loads the demo bank in one transaction: all of it or nothing. Throws where the database holds a bank already, unless it is to be replaced. Amounts are
 * made for CNY and converted where the bank adds up in another currency; a base currency without a plausible price counts as one CNY.
 */
export async function loadDemoBank({
  replace = false,
  seed = 1,
  progress = () => {},
  customers,
  vault,
  ...bank
}: DemoBank): Promise<DemoCounts> {
  if (!Number.isSafeInteger(customers) || customers < 1 || customers > 10_000_000)
    throw new Error('The demo bank has from 1 to 10,000,000 customers.')
  const startedAt = performance.now()
  const report = (message: string): void =>
    progress(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${message}`)
  const counts = await connected(bank.ownerUrl, async (client) => {
    await client.query(`select pg_advisory_xact_lock(${advisoryLocks.demo})`)
    if (replace) await emptyBank(client)
    else if (!(await bankIsEmpty(client))) throw new Error('The database holds a bank already: it is not empty.')
    const loading: Loading = {
      client,
      draws: drawsOf(seed),
      today: bank.today,
      now: bank.now,
      baseCurrency: bank.baseCurrency,
      progress: report,
      written: new Map(),
    }
    await loadAll(loading, vault, customers)
    report('committing')
    return Object.fromEntries(countedTables.map((table) => [table, loading.written.get(table) ?? 0])) as DemoCounts
  })
  await connected(bank.ownerUrl, (client) => client.query(`analyze ${countedTables.join(', ')}`))
  report('analysed')
  return counts
}

async function loadAll(loading: Loading, vault: Vault, customers: number): Promise<void> {
  const { client, progress } = loading
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const result = await work()
    progress(what)
    return result
  }
  await withoutIndexes(
    client,
    async () => {
      const organisation = await step('institutions and staff', () => loadOrganisation(loading))
      await step('products and exchange rates', async () => {
        await loadProducts(loading)
        await loadExchangeRates(loading)
      })
      await step('customers drawn', () => stageCustomers(loading, organisation, customers))
      await step('assignments', () => loadAssignments(loading))
      await step('holdings', () => loadHoldings(loading))
      await step('balances', () => loadBalances(loading))
      await step('activity', () => loadActivity(loading, vault))
      await step('movements drawn', () => stageMovements(loading))
      await step('sealed', () => stageSealed(loading, organisation, vault, customers))
      await step('movements', () => loadMovements(loading))
      await step('customers', () => loadCustomers(loading))
      await step('keys of names', () => loadNameKeys(loading))
      await step('documents, contacts and addresses', () => loadIdentities(loading))
      await step('profiles', () => loadProfiles(loading))
      await step('key dates and consents', async () => {
        await loadKeyDates(loading)
        await loadConsents(loading)
      })
      await step('people and notes', () => loadPeopleAndNotes(loading))
    },
    progress,
  )
  progress('keys and indexes')
}

/** Empties every table but the list of migrations, the directory's version, which only rises, the place up to which the audit log is sealed, and what migrations ship: schemes of tiers and rates. */
async function emptyBank(client: Client): Promise<void> {
  const { rows } = await client.query<{ tables: string }>(
    `select string_agg(oid::regclass::text, ', ') as tables from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname not in ('migration', 'directory_version', 'audit_watermark', 'tier_scheme', 'policy_version')`,
  )
  await client.query(`truncate ${rows[0]!.tables}`)
}

/** Runs work in one transaction that sees the whole bank, with settings for big statements. */
async function connected<T>(ownerUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: ownerUrl, application_name: 'guanxi demo' })
  await client.connect()
  try {
    await client.query(`set temp_buffers = '64MB'`)
    await client.query('begin')
    for (const setting of [
      `app.scope = '/'`,
      'synchronous_commit = off',
      'jit = off',
      `work_mem = '96MB'`,
      `maintenance_work_mem = '256MB'`,
      'statement_timeout = 0',
      'lock_timeout = 0',
    ]) {
      await client.query(`set local ${setting}`)
    }
    const result = await work(client)
    await client.query('commit')
    return result
  } finally {
    await client.end()
  }
}
