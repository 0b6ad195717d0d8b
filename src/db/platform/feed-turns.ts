import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

type ReferenceFeed = 'organisation' | 'products' | 'exchange rates'

/** Reference data is written rarely and by few: its feeds take turns, so that what they read stays true until they commit. */
export async function lockFeed(db: Db, feed: ReferenceFeed): Promise<void> {
  await db.rows(sql`select pg_advisory_xact_lock(723641, hashtext(${feed}))`)
}

/**
 * Keeps this reference data as it is until the transaction ends, side by side with others who hold it. Whoever makes or opens a holding
 * values it by rates and products, and a rate that changes meanwhile would not find its holder; whoever makes a customer relies on the
 * institution, and one that closes meanwhile would not see the customer.
 */
export async function lockFeedsShared(db: Db, ...feeds: readonly ReferenceFeed[]): Promise<void> {
  await db.rows(sql`
    select pg_advisory_xact_lock_shared(723641, hashtext(feed)) from unnest(${sql.param(feeds)}::text[]) as feed`)
}
