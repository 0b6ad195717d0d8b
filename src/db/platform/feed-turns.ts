import type { Db } from './database.ts'
import { shareLocks, takeLock } from './locks.ts'

type ReferenceFeed = 'organisation' | 'products' | 'exchangeRates'

/** Reference data is written rarely and by few: its feeds take turns, so that what they read stays true until they commit. */
export const lockFeed = (db: Db, feed: ReferenceFeed): Promise<void> => takeLock(db, feed)

/**
 * Keeps this reference data as it is until the transaction ends, side by side with others who hold it. Whoever makes or opens a holding
 * values it by rates and products, and a rate that changes meanwhile would not find its holder; whoever makes a customer relies on the
 * institution, and one that closes meanwhile would not see the customer.
 */
export const lockFeedsShared = (db: Db, ...feeds: readonly ReferenceFeed[]): Promise<void> => shareLocks(db, feeds)
