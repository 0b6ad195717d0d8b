import type { FeedOutcome, FeedRow } from '../../core/kernel/feed.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Db } from './database.ts'
import type { Vault } from './vault.ts'

/** What applying rows needs besides the database. */
export interface FeedContext {
  /** The instant of the request: `asOf` of rows that carry none, and what is written as created and updated. */
  readonly now: Date
  /** Today in the bank's time zone. */
  readonly today: Day
  readonly newId: () => string
  readonly vault: Vault
  readonly baseCurrency: string
  /** Of institutions that name none, nor any above them. */
  readonly bankTimeZone: string
  /** Of the sender's institution. */
  readonly timeZone: string
  /** True where the row comes from a person (single write), whose failing identity numbers are refused; a feed's are stored, marked unverified. */
  readonly fromPerson: boolean
  /** The person who writes, who may not change their own rights. */
  readonly ownStaffId?: string | undefined
}

/**
 * Applies one batch of valid rows of one entity with a fixed number of statements, in the caller's transaction and scope, and tells for
 * every row what became of it, in the order given. References that do not exist or lie outside the scope refuse the row by name.
 */
export type ApplyFeed<T, C extends FeedContext = FeedContext> = (
  db: Db,
  rows: readonly FeedRow<T>[],
  context: C,
) => Promise<readonly FeedOutcome[]>
