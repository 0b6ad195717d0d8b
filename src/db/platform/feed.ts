import type { FeedOutcome, FeedRow } from '../../core/kernel/feed.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { ProfileField, ProfileSaid, VerificationMethod } from '../../core/dossier/profiles.ts'
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
  /** True where the row comes from a person (single write), whose failing identity numbers are refused; a feed's are kept, marked unverified. */
  readonly fromPerson: boolean
  /** The person who writes, who may not change their own rights. */
  readonly ownStaffId?: string | undefined
  /** Set where the row is a revision of a customer's profile. */
  readonly revision?: ProfileRevision | undefined
}

/** What a revision of a profile says beside its row. Unlike a correction it holds for its fields only: a feed's older row still brings the others. */
export interface ProfileRevision {
  /** Fields that it is about; what else the row says is what is stored. */
  readonly said: readonly ProfileField[]
  readonly emptied: readonly ProfileField[]
  /** What no feed says. */
  readonly banker: ProfileSaid
  /** How the person made sure of what they say, where they did. */
  readonly verification?: VerificationMethod | undefined
  /** Where the values come from, where that is not the caller. */
  readonly origin?: { readonly source: string; readonly asOf: string } | undefined
}

/**
 * Applies one batch of valid rows of one entity with a fixed number of statements, in the caller's transaction and scope, and tells for
 * every row what became of it, in the order given. References that do not exist or lie outside the scope refuse the row by name.
 */
export type ApplyFeed<T> = (db: Db, rows: readonly FeedRow<T>[], context: FeedContext) => Promise<readonly FeedOutcome[]>
