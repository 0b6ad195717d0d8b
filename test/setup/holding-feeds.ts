import type { FeedEntity } from '../../src/core/feeds/imports.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FeedOutcome } from '../../src/core/kernel/feed.ts'
import { type FeedRowOf, feedRows } from '../../src/core/feeds/rows.ts'
import type { Db } from '../../src/db/platform/database.ts'
import { applyActivity } from '../../src/db/feeds/activity.ts'
import { applyBalances } from '../../src/db/feeds/balances.ts'
import type { ApplyFeed } from '../../src/db/platform/feed.ts'
import { applyHoldingParties } from '../../src/db/feeds/holding-parties.ts'
import { applyHoldings } from '../../src/db/feeds/holdings.ts'
import { applyMovements } from '../../src/db/feeds/movements.ts'
import { type FeedBank, openFeedBank, type Sending } from './feeds.ts'

const feeds = {
  holdings: applyHoldings,
  holdingParties: applyHoldingParties,
  balances: applyBalances,
  activity: applyActivity,
  movements: applyMovements,
}
type Fed = keyof typeof feeds

/** A bank with two branches, B1 (customers C1 and C2) and B2 (customer C3), products of several families, and a dollar at 7. */
export interface HoldingBank extends FeedBank {
  readonly paths: Readonly<Record<'HO' | 'B1' | 'B2', string>>
  /** Sends rows as core banking does: through the schema, then through the feed, in one transaction. */
  feed<E extends Fed>(
    entity: E,
    rows: readonly Omit<FeedRowOf<E>, 'source'>[],
    sending?: Sending,
  ): Promise<readonly FeedOutcome[]>
  /** The only row of a query, as the owner of the tables. */
  row<T extends object>(query: string, values?: unknown[]): Promise<T>
  /** All rows of these tables, to compare before and after. */
  everything(...tables: readonly string[]): Promise<readonly object[]>
  /** Runs imports truly at once: all customers are held until each of them waits for one. */
  together<T>(...imports: readonly (() => Promise<T>)[]): Promise<readonly T[]>
  /** Assets of a customer, in fen. */
  aum(customer: string): Promise<number>
}

export async function openHoldingBank(): Promise<HoldingBank> {
  const bank = await openFeedBank()
  const { database, owner, context } = bank
  await bank.send('institutions', [
    { externalId: 'HO', name: '总行', kind: 'head_office' },
    { externalId: 'B1', name: '深圳分行', kind: 'branch', parentCode: 'HO' },
    { externalId: 'B2', name: '广州分行', kind: 'branch', parentCode: 'HO' },
  ])
  await bank.send('staff', [{ externalId: '10233', name: '李雷', institutionCode: 'B2', roles: ['teller'] }])
  const product = { category: 'deposit', lifecycle: 'growth' } as const
  await bank.send('products', [
    { ...product, externalId: 'DEP', name: '活期', family: 'deposit' },
    { ...product, externalId: 'FUND', name: '基金', family: 'fund' },
    { ...product, externalId: 'LOAN', name: '贷款', family: 'loan', category: 'loan' },
    { ...product, externalId: 'OLD', name: '旧产品', family: 'deposit', status: 'closed' },
  ])
  await bank.send('exchangeRates', [{ currency: 'USD', day: '2026-01-01', rate: '7' }])
  await bank.send('customers', [
    { externalId: 'C1', kind: 'individual', name: '王小明', institutionCode: 'B1' },
    { externalId: 'C2', kind: 'individual', name: '李雷', institutionCode: 'B1' },
    { externalId: 'C3', kind: 'company', name: '韩梅梅公司', institutionCode: 'B2' },
  ])
  const { rows: places } = await owner.query<{ code: string; path: string }>('select code, path from institution')
  const row = async <T extends object>(query: string, values: unknown[] = []): Promise<T> =>
    (await owner.query<T>(query, values)).rows[0]!
  return {
    ...bank,
    paths: Object.fromEntries(places.map(({ code, path }) => [code, path])) as HoldingBank['paths'],
    row,
    feed(entity, rows, { scope = '/', portfolio = [], context: changed = {}, onStatement } = {}) {
      const lines = rows.map((one, index) => ({
        line: index + 1,
        row: feedRows[entity as FeedEntity].parse({ source: 'core', ...one }),
      }))
      const apply = feeds[entity] as unknown as ApplyFeed<unknown>
      return database.transaction({ prefixes: [scope], portfolio, caller: 'client:test' }, (db) => {
        const counted: Db = { rows: (query) => (onStatement?.(), db.rows(query)) }
        return apply(counted, lines, { ...context, ...changed })
      })
    },
    async everything(...tables) {
      const each = tables.map((table) => `select '${table}' as "table", to_json(t)::text as row from ${table} t`)
      return (await owner.query<object>(`${each.join(' union all ')} order by 1, 2`)).rows
    },
    async together(...imports) {
      await owner.query('begin')
      await owner.query('select from customer for update')
      const running = Promise.all(imports.map((one) => one()))
      const waiting = `select count(distinct l.pid)::int as pids from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where not l.granted and a.datname = current_database()`
      for (let tries = 0; tries < 200; tries++) {
        await owner.query('select pg_stat_clear_snapshot()')
        if ((await row<{ pids: number }>(waiting)).pids === imports.length) break
        await sleep(10)
      }
      await owner.query('commit')
      return running
    },
    async aum(customer) {
      return Number(
        (
          await row<{ aum: string }>(
            'select c.aum from customer c join customer_external_id e on e.customer_id = c.id where e.external_id = $1',
            [customer],
          )
        ).aum,
      )
    },
  }
}
