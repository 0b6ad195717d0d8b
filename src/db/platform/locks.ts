import { type SQL, sql } from 'drizzle-orm'
import type { Db } from './database.ts'

/** Advisory locks are shared by all who use the database: their numbers stand here, so that no two purposes meet. */
export const advisoryLocks = {
  /** One migration at a time. */
  migration: 7_236_418_853,
  /** One sealer of the audit log at a time. */
  sealing: 7_236_418_854,
  /** One load of the demo bank at a time. */
  demo: 7_236_418_855,
  /** One step of a refresh of facts at a time. */
  refresh: 7_236_418_856,
  /** One who queues a refresh at a time. */
  refreshQueue: 7_236_418_857,
  /** One who changes definitions of segments at a time. */
  segmentDefinitions: 7_236_418_858,
  /** One feed of institutions and staff at a time; held together with others by those who rely on them. */
  organisation: 7_236_418_859,
  /** The same for products. */
  products: 7_236_418_860,
  /** The same for exchange rates. */
  exchangeRates: 7_236_418_861,
  /** One who delegates a portfolio at a time. */
  delegations: 7_236_418_862,
} as const
export type AdvisoryLock = keyof typeof advisoryLocks

/** Purposes of which each text has a lock of its own. The seed of its hash keeps the texts of two purposes apart. */
const hashSeeds = { idempotencyKey: 7, newcomer: 8, relationship: 9 } as const

/** The number of the lock of a text, as an expression over what stands for the text. */
export function lockNumber(purpose: keyof typeof hashSeeds, text: string): string {
  return `hashtextextended(${text}, ${hashSeeds[purpose]})`
}

/** The number of the lock of a text. */
export function lockOfText(purpose: keyof typeof hashSeeds, text: string): SQL {
  const [before, after] = lockNumber(purpose, '?').split('?')
  return sql`${sql.raw(before!)}${text}${sql.raw(after!)}`
}

/** Waits for a lock and holds it until the transaction ends. */
export async function takeLock(db: Db, lock: AdvisoryLock | SQL): Promise<void> {
  const number = typeof lock === 'string' ? sql`${advisoryLocks[lock]}::bigint` : lock
  await db.rows(sql`select pg_advisory_xact_lock(${number})`)
}

/** Waits for locks and holds them until the transaction ends, side by side with others who hold them so. */
export async function shareLocks(db: Db, locks: readonly AdvisoryLock[]): Promise<void> {
  const numbers = locks.map((lock) => String(advisoryLocks[lock]))
  await db.rows(sql`select pg_advisory_xact_lock_shared(number) from unnest(${sql.param(numbers)}::bigint[]) as number`)
}

/** Takes a lock until the transaction ends, unless somebody else holds it. */
export async function tryLock(db: Db, lock: AdvisoryLock): Promise<boolean> {
  const [row] = await db.rows<{ held: boolean }>(sql`select pg_try_advisory_xact_lock(${advisoryLocks[lock]}::bigint) as held`)
  return row!.held
}
