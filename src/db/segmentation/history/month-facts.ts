import type { Day } from '../../../core/kernel/calendar.ts'
import { type FeedsSince, type KnownWhere, knownWhere } from '../../../core/segmentation/history.ts'
import type { Db } from '../../platform/database.ts'
import { sql } from 'drizzle-orm'
import { factColumn } from '../facts/columns.ts'
import { refreshedFacts } from '../facts/expressions.ts'
import { factsOf, type Settings, type Slice } from '../facts/rebuild.ts'

/** The oldest rows of what tells of the past. */
export interface Oldest extends FeedsSince {
  /** Of all. */
  readonly day: Day | null
}

/** Since when feeds have told what happened. Reads all of it, once for a whole history. */
export async function readOldest(db: Db): Promise<Oldest> {
  const [row] = await db.rows<Oldest>(sql`
    select o.activity::text as activity, o.movements::text as movements, least(o.activity, o.movements, o.balances)::text as day
    from (select (select min(month) from activity) as activity, (select min(booked_on) from movement) as movements, (select min(day) from balance) as balances) o`)
  return row!
}

/** The condition that facts are known, over a row whose columns have these names. */
export function knownCondition(
  { balancesFrom, openings, transaction }: KnownWhere,
  row: Readonly<Record<'balancesFrom' | 'openings' | 'transactedOn', string>>,
): string | undefined {
  const conditions = [
    ...(balancesFrom === undefined ? [] : [`coalesce(${row.balancesFrom} <= date '${balancesFrom}', true)`]),
    ...(openings ? [`coalesce(${row.openings}, true)`] : []),
    ...(transaction ? [`${row.transactedOn} is not null`] : []),
  ]
  return conditions.length === 0 ? undefined : conditions.join(' and ')
}

/**
 * Works out the facts of a slice as of a month-end long past, by the rates of today's value policy, and stores them where nothing was recorded then. What cannot be
 * known of the day is null. `over`: when the day ended. Answers how many customers were written.
 */
export async function reconstructMonthEnd(
  db: Db,
  slice: Slice,
  settings: Settings & { readonly over: Date; readonly feeds: FeedsSince },
): Promise<number> {
  const { today: day, over, feeds } = settings
  const { bind, values, parts, rows, expressionOf } = factsOf(db, slice, settings, 'past')
  const known = {
    balancesFrom: 'known.balances_from',
    openings: 'known.openings',
    transactedOn: expressionOf('lastTransactionOn'),
  }
  const value = (name: (typeof refreshedFacts)[number]): string => {
    const where = knownWhere([name], day, feeds)
    // Its parameters are given all the same.
    if (!where) return `case when false then ${expressionOf(name)} end`
    // What it was then: whoever has left since had not.
    if (name === 'status') return `case when c.closed_on > p.today then 'active' else ${expressionOf(name)} end`
    const condition = knownCondition(where, known)
    return condition === undefined ? expressionOf(name) : `case when ${condition} then ${expressionOf(name)} end`
  }
  const columns = refreshedFacts.map(factColumn)
  const text = `${parts}
    , written as (
      insert into customer_fact_month (customer_id, month_end, institution_path, reconstructed, balances_from, openings_known, ${columns.join(', ')})
      select c.id, p.today, c.institution_path, true, known.balances_from, coalesce(known.openings, true), ${refreshedFacts.map(value).join(', ')}
      ${rows}
      where c.status in ('active', 'closed', 'prospect') and (c.status <> 'closed' or c.closed_on is not null)
        and coalesce(c.customer_since <= p.today, coalesce(known.first_on <= p.today, false) or c.created_at < ${bind(over.toISOString())}::timestamptz)
      on conflict (customer_id, month_end) do update set institution_path = excluded.institution_path, balances_from = excluded.balances_from, openings_known = excluded.openings_known,
        ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}
        where customer_fact_month.reconstructed
      returning 1
    ) select count(*)::int as written from written`
  const [row] = await db.rows<{ written: number }>({ text, values, prepared: false })
  return row!.written
}
