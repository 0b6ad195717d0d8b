import { sql } from 'drizzle-orm'
import { addDays, type Day } from '../../core/kernel/calendar.ts'
import { todayByInstitution } from '../organisation/institution-days.ts'
import type { Db } from '../platform/database.ts'
import type { FeedContext } from '../platform/feed.ts'
import type { BalancePoint } from '../../core/feeds/holding-records.ts'
import { countingRow, type Incoming, keyOf } from '../../core/kernel/feed-batch.ts'

/** What is stored under the key of a point. */
export interface StoredPoint {
  readonly amount: string
  readonly asOf: string
}

export interface AppliedPoints {
  readonly outcomes: ReadonlyMap<number, 'created' | 'updated' | 'unchanged' | 'superseded'>
  /** Points that were made or changed, for `moveHoldings`. */
  readonly written: readonly BalancePoint[]
}

export function pointKey({ holdingId, day }: { readonly holdingId: string; readonly day: Day }): string {
  return keyOf(holdingId, day)
}

/** Points that are stored under these keys, by `pointKey`. Their customers must be locked. */
export async function readPoints(
  db: Db,
  keys: readonly Pick<BalancePoint, 'customerId' | 'holdingId' | 'day'>[],
): Promise<ReadonlyMap<string, StoredPoint>> {
  if (keys.length === 0) return new Map()
  const sought = keys.map(({ customerId, holdingId, day }) => ({ customerId, holdingId, day }))
  const rows = await db.rows<{ holdingId: string; day: Day; amount: bigint; asOf: Date }>(sql`
    select b.holding_id as "holdingId", b.day, b.amount, b.as_of as "asOf"
    from json_to_recordset(${JSON.stringify(sought)}::json) as r ("customerId" uuid, "holdingId" uuid, day date)
    join balance b on b.customer_id = r."customerId" and b.holding_id = r."holdingId" and b.day = r.day`)
  return new Map(rows.map((row) => [pointKey(row), { amount: `${row.amount}`, asOf: row.asOf.toISOString() }]))
}

/** Writes the points that say something new, of which there is one for each holding and day. Their customers must be locked since before `stored` was read. */
export async function applyPoints(
  db: Db,
  points: readonly Incoming<BalancePoint>[],
  stored: ReadonlyMap<string, StoredPoint>,
): Promise<AppliedPoints> {
  const outcomes = new Map<number, 'created' | 'updated' | 'unchanged' | 'superseded'>()
  const written: (BalancePoint & { readonly asOf: string })[] = []
  const confirmed: object[] = []
  for (const point of points) {
    const before = stored.get(pointKey(point.row))
    const counting = countingRow(point, before?.asOf)
    if (!counting) {
      outcomes.set(point.line, 'superseded')
      continue
    }
    const { line, row, asOf, dated } = counting
    if (before?.amount !== row.amount) written.push({ ...row, asOf })
    else if (dated && asOf > before.asOf) confirmed.push({ ...row, asOf })
    outcomes.set(line, !before ? 'created' : before.amount !== row.amount ? 'updated' : 'unchanged')
  }
  await Promise.all([written.length > 0 && writePoints(db, written), confirmed.length > 0 && confirmPoints(db, confirmed)])
  return { outcomes, written }
}

async function writePoints(db: Db, points: readonly object[]): Promise<void> {
  await db.rows(sql`
    insert into balance as t (customer_id, holding_id, day, institution_path, amount, as_of)
    select "customerId", "holdingId", day, "institutionPath", amount, "asOf"
    from json_to_recordset(${JSON.stringify(points)}::json)
      as r ("customerId" uuid, "holdingId" uuid, day date, "institutionPath" text, amount bigint, "asOf" timestamptz)
    order by 1, 2, 3
    on conflict (customer_id, holding_id, day) do update set amount = excluded.amount, as_of = excluded.as_of, version = t.version + 1
    where excluded.as_of >= t.as_of and t.amount is distinct from excluded.amount`)
}

/** Notes that rows repeated later what is stored: an older one that differs must not follow them. Counts as no change. */
async function confirmPoints(db: Db, points: readonly object[]): Promise<void> {
  await db.rows(sql`
    update balance t set as_of = r."asOf"
    from json_to_recordset(${JSON.stringify(points)}::json) as r ("customerId" uuid, "holdingId" uuid, day date, "asOf" timestamptz)
    where t.customer_id = r."customerId" and t.holding_id = r."holdingId" and t.day = r.day and t.as_of < r."asOf"`)
}

/** Today at an institution, for points of these days: one of a day before yesterday has current everywhere, and nobody need be asked. */
export async function pointDays(
  db: Db,
  days: readonly Day[],
  { now, today, bankTimeZone }: FeedContext,
): Promise<(institutionPath: string) => Day> {
  const recent = addDays(today, -1)
  return days.some((day) => day >= recent) ? todayByInstitution(db, now, bankTimeZone) : () => today
}

/**
 * Moves holdings to the newest of the points just written whose day has current, where that is their newest of all, and answers whose holdings moved.
 * Points of days to come are noted: `applyDueBalances` moves the holdings. A holding always stands at its newest change point that has current and its
 * customer is locked, so that what is stored need not be read again. Its `version` and `updated_at` count changes of its own data and stay: balances
 * move every night.
 */
export async function moveHoldings(
  db: Db,
  written: readonly BalancePoint[],
  todayAt: (institutionPath: string) => Day,
): Promise<readonly string[]> {
  const isAhead = ({ day, institutionPath }: BalancePoint): boolean => day > todayAt(institutionPath)
  await noteBalancesAhead(db, written.filter(isAhead))
  const current = written.filter((point) => !isAhead(point))
  if (current.length === 0) return []
  const latest = new Map<string, BalancePoint>()
  for (const point of current) {
    const known = latest.get(point.holdingId)
    if (!known || known.day < point.day) latest.set(point.holdingId, point)
  }
  const points = Array.from(latest.values(), ({ customerId, holdingId, day, amount }) => ({ customerId, holdingId, day, amount }))
  const rows = await db.rows<{ customerId: string }>(sql`
    update holding t set balance = r.amount, balance_on = r.day
    from json_to_recordset(${JSON.stringify(points)}::json) as r ("customerId" uuid, "holdingId" uuid, day date, amount bigint)
    where t.customer_id = r."customerId" and t.id = r."holdingId" and (t.balance_on is null or t.balance_on <= r.day)
      and (t.balance, t.balance_on) is distinct from (r.amount, r.day)
    returning t.customer_id as "customerId"`)
  return [...new Set(rows.map(({ customerId }) => customerId))]
}

/** Notes of the holdings of these points on which day the next one begins. */
async function noteBalancesAhead(db: Db, points: readonly BalancePoint[]): Promise<void> {
  if (points.length === 0) return
  const rows = points.map(({ customerId, holdingId, day }) => ({ customerId, holdingId, day }))
  await db.rows(sql`
    update holding t set next_balance_on = least(t.next_balance_on, r.day)
    from (
      select "customerId", "holdingId", min(day) as day
      from json_to_recordset(${JSON.stringify(rows)}::json) as a ("customerId" uuid, "holdingId" uuid, day date) group by 1, 2
    ) r
    where t.customer_id = r."customerId" and t.id = r."holdingId" and (t.next_balance_on is null or t.next_balance_on > r.day)`)
}
