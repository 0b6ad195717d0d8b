import type { FeedEntity } from '../../src/core/feeds/imports.ts'
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { v7 } from 'uuid'
import type { FeedOutcome } from '../../src/core/kernel/feed.ts'
import { type FeedRowOf, feedRows } from '../../src/core/feeds/rows.ts'
import { type Database, type Db, openDatabase } from '../../src/db/platform/database.ts'
import { applyAssignments } from '../../src/db/dossier/assignment-feed.ts'
import { applyCustomers } from '../../src/db/dossier/customer-feed.ts'
import { applyExchangeRates } from '../../src/db/feeds/exchange-rates.ts'
import type { ApplyFeed, FeedContext } from '../../src/db/platform/feed.ts'
import { applyInstitutions } from '../../src/db/organisation/institution-feed.ts'
import { applyProducts } from '../../src/db/feeds/products.ts'
import { applyStaff } from '../../src/db/organisation/staff-feed.ts'
import { openVault } from '../../src/db/platform/vault.ts'
import { openTestDatabase } from './database.ts'

const feeds = {
  institutions: applyInstitutions,
  staff: applyStaff,
  products: applyProducts,
  exchangeRates: applyExchangeRates,
  customers: applyCustomers,
  assignments: applyAssignments,
}
type Fed = keyof typeof feeds

export interface Sending {
  /** Path prefix of the sender; the whole bank by default. */
  readonly scope?: string
  readonly portfolio?: readonly string[]
  readonly context?: Partial<FeedContext>
  /** Sees every statement that is run. */
  readonly onStatement?: () => void
}

/** Sends rows as core banking does: through the schema, then through the feed, in one transaction. */
export interface FeedBank {
  readonly database: Database
  readonly owner: pg.Client
  readonly context: FeedContext
  send<E extends Fed>(
    entity: E,
    rows: readonly (Omit<FeedRowOf<E>, 'source'> & { readonly source?: string })[],
    sending?: Sending,
  ): Promise<readonly FeedOutcome[]>
  close(): Promise<void>
}

export const now = new Date('2026-11-22T02:00:00Z')

export async function openFeedBank(): Promise<FeedBank> {
  const { serviceUrl, ownerUrl, close } = await openTestDatabase()
  const settings = {
    url: serviceUrl,
    poolSize: 6,
    fastLaneConnections: 0,
    statementTimeoutMs: 600_000,
    fastLaneTimeoutMs: 300_000,
  }
  const database = openDatabase(settings, { warn() {} })
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  const key = (id: string) => ({ id, key: randomBytes(32) })
  const context: FeedContext = {
    now,
    today: '2026-11-22',
    newId: () => v7(),
    vault: openVault({ master: [key('m1')], index: [key('i1')] }),
    baseCurrency: 'CNY',
    bankTimeZone: 'Asia/Shanghai',
    timeZone: 'Asia/Shanghai',
    fromPerson: false,
  }
  return {
    database,
    owner,
    context,
    send(entity, rows, { scope = '/', portfolio = [], context: changed = {}, onStatement } = {}) {
      const lines = rows.map((row, index) => ({
        line: index + 1,
        row: feedRows[entity as FeedEntity].parse({ source: 'core', ...row }),
      }))
      const apply = feeds[entity] as unknown as ApplyFeed<unknown>
      return database.transaction({ prefixes: [scope], portfolio, caller: 'client:test' }, (db) => {
        const counted: Db = { rows: (query) => (onStatement?.(), db.rows(query)) }
        return apply(counted, lines, { ...context, ...changed })
      })
    },
    async close() {
      await owner.end()
      await database.close()
      await close()
    },
  }
}

/** What became of the rows, in short: the outcome with the fields that were left out, or the refused field and code. */
export function told(outcomes: readonly FeedOutcome[]): string[] {
  return outcomes.map((outcome) =>
    'refusal' in outcome
      ? `${outcome.refusal.field}: ${outcome.refusal.code}`
      : [outcome.outcome, ...(outcome.warnings ?? []).map(({ field, code }) => `${field}: ${code}`)].join(', '),
  )
}
