import { sql } from 'drizzle-orm'
import type { Scope } from '../../core/kernel/actors.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { KeyDate, KeyDateKind, NamedKeyDate, Occurrence, UpcomingWindow } from '../../core/dossier/key-dates.ts'
import type { Db } from '../platform/database.ts'
import { plainRows } from '../platform/plain-rows.ts'
import { keyDate } from './schema/key-dates.ts'
import type { Bind } from '../platform/views/view.ts'
import { type Order, inSubtree, keysetCondition } from '../platform/views/keys.ts'

export interface StoredKeyDate extends NamedKeyDate {
  readonly note: string | null
  readonly status: 'active' | 'ended'
  readonly version: number
}

/** Reads a key date of a customer within scope and holds it. */
export async function lockKeyDate(db: Db, customerId: string, id: string): Promise<StoredKeyDate | undefined> {
  const [row] = await plainRows(
    db,
    keyDate,
    ['kind', 'name', 'calendar', 'month', 'day', 'leapMonth', 'year', 'recurrence', 'note', 'status', 'version'],
    sql`join customer c on c.id = t.customer_id where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
  )
  return row
}

export interface KeyDateToWrite extends NamedKeyDate {
  readonly customerId: string
  readonly id: string
  readonly note: string | null
  readonly next: readonly Occurrence[]
  readonly now: Date
}

export async function insertKeyDate(db: Db, keyDate: KeyDateToWrite & { readonly source: string }): Promise<void> {
  const { customerId, id, kind, name, calendar, month, day, leapMonth, year, recurrence, note, next, source } = keyDate
  const [first, second] = next
  const at = keyDate.now.toISOString()
  await db.rows(sql`
    insert into key_date (customer_id, id, institution_path, kind, name, calendar, month, day, leap_month, year, recurrence, note, status,
      next_on, next_years, following_on, following_years, source, created_at, updated_at)
    select c.id, ${id}::uuid, c.institution_path, ${kind}::text, ${name}::text, ${calendar}::text, ${month}::int, ${day}::int, ${leapMonth}::boolean, ${year}::int, ${recurrence}::text,
      ${note}::text, 'active', ${first?.on ?? null}::date, ${first?.years ?? null}::int, ${second?.on ?? null}::date, ${second?.years ?? null}::int, ${source}::text,
      ${at}::timestamptz, ${at}::timestamptz
    from customer c where c.id = ${customerId}::uuid`)
}

export async function updateKeyDate(db: Db, keyDate: KeyDateToWrite): Promise<void> {
  const { customerId, id, name, calendar, month, day, leapMonth, year, recurrence, note, next, now } = keyDate
  const [first, second] = next
  await db.rows(sql`
    update key_date set name = ${name}, calendar = ${calendar}, month = ${month}, day = ${day}, leap_month = ${leapMonth}, year = ${year}, recurrence = ${recurrence}, note = ${note},
      next_on = ${first?.on ?? null}::date, next_years = ${first?.years ?? null}::int, following_on = ${second?.on ?? null}::date, following_years = ${second?.years ?? null}::int,
      version = version + 1, updated_at = ${now.toISOString()}::timestamptz
    where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

export async function endKeyDate(db: Db, customerId: string, id: string, now: Date): Promise<void> {
  await db.rows(sql`
    update key_date set status = 'ended', next_on = null, next_years = null, following_on = null, following_years = null, version = version + 1, updated_at = ${now.toISOString()}::timestamptz
    where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

export interface PassedKeyDate extends KeyDate {
  readonly customerId: string
  readonly id: string
  readonly version: number
}

/** Active key dates whose next day lies before a day, at most so many, the longest passed first. */
export async function listPassedKeyDates(db: Db, before: Day, limit: number): Promise<readonly PassedKeyDate[]> {
  return db.rows(sql`
    select customer_id as "customerId", id, version, calendar, month, day, leap_month as "leapMonth", year, recurrence
    from key_date where next_on < ${before}::date order by next_on limit ${limit}::int`)
}

/** Moves key dates on to their next days, in one statement. One that was corrected meanwhile is left as it is. Leaves `version` alone. */
export async function moveKeyDatesOn(
  db: Db,
  moved: readonly {
    readonly customerId: string
    readonly id: string
    readonly version: number
    readonly next: readonly Occurrence[]
  }[],
): Promise<void> {
  const rows = moved.map(({ customerId, id, version, next: [first, second] }) => ({
    customerId,
    id,
    version,
    nextOn: first?.on ?? null,
    nextYears: first?.years ?? null,
    followingOn: second?.on ?? null,
    followingYears: second?.years ?? null,
  }))
  await db.rows(sql`
    update key_date k set next_on = r."nextOn", next_years = r."nextYears", following_on = r."followingOn", following_years = r."followingYears"
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ("customerId" uuid, id uuid, version int, "nextOn" date, "nextYears" int, "followingOn" date, "followingYears" int)
    where k.customer_id = r."customerId" and k.id = r.id and k.version = r.version and k.status = 'active'`)
}

/** By day, then by customer; a customer's own dates of one day by their ids. */
export const upcomingOrder: Order = {
  name: 'upcoming',
  direction: 'asc',
  keys: (row) => [
    { expression: `${row}.on_day`, cast: 'date' },
    { expression: `${row}.customer_id`, cast: 'uuid' },
    { expression: `${row}.id`, cast: 'uuid' },
  ],
}

export interface UpcomingFilter extends UpcomingWindow {
  /** Whose customers: what the policies decide row by row, said so that an index can serve it. */
  readonly reach: Pick<Scope, 'prefixes' | 'portfolio'>
  /** An expression for the id of the one customer who is meant. */
  readonly customerId?: string | undefined
  /** Path of the institution whose subtree is meant. */
  readonly subtree?: string | undefined
  readonly relationshipManagerId?: string | undefined
  readonly kinds: readonly KeyDateKind[]
  /** By what the day at an institution is known. */
  readonly at: { readonly now: Date; readonly bankTimeZone: string }
  /** Rows that the page needs, and the keys behind which it begins; all where it is counted. */
  readonly page?: { readonly limit: number; readonly after: readonly string[] | undefined }
}

interface Part {
  readonly select: string
  readonly customerId: string
  readonly id: string
}

/**
 * Key dates that fall on certain days, as a `from` item: those taken down, by either of the two days that are known of each, and the
 * birth dates and founding days of profiles that no key date stands for. Each part asks an index for one day after the other, since equality on
 * the day and a range of paths together name exactly the rows that are wanted, and stops with the page.
 */
export function upcomingFrom(filter: UpcomingFilter): (row: string, bind: Bind) => string {
  return (row, bind) => `${upcomingRows(filter, bind)} ${row}`
}

/** The same without an alias. */
export function upcomingRows(filter: UpcomingFilter, bind: Bind): string {
  const owner = 'o_owner'
  const parts = [
    takenDown(filter, 'next', owner, bind),
    takenDown(filter, 'following', owner, bind),
    ...ofProfiles(filter, owner, bind),
  ]
  return `(${parts.map((part) => `(${part.select}${endOf(filter, part, bind)})`).join(' union all ')})`
}

function takenDown(filter: UpcomingFilter, which: 'next' | 'following', owner: string, bind: Bind): Part {
  const days = bind([...new Set(filter.days.map(({ day }) => day))])
  const conditions = [
    `k.kind = any (${bind(filter.kinds)}::text[])`,
    ...withinReach(filter, 'k', owner, bind),
    ...onLocalDays(filter, 'k', bind),
  ]
  const select = `
    select k.customer_id, k.id, w.day as on_day, k.kind, k.name, k.calendar, k.${which}_years as years
    from (select u.day from unnest(${days}::date[]) u (day) order by u.day) w
    join key_date k on k.${which}_on = w.day
    join customer ${owner} on ${owner}.id = k.customer_id
    where ${conditions.join(' and ')}`
  return { select, customerId: 'k.customer_id', id: 'k.id' }
}

/** Of persons the birthday, of companies the founding day. Their rows bear the customer's id as their own. */
function ofProfiles(filter: UpcomingFilter, owner: string, bind: Bind): Part[] {
  const [birthdays, foundings] = [filter.kinds.includes('birthday'), filter.kinds.includes('founding_day')]
  if (!birthdays && !foundings) return []
  const kind = `(case when ${owner}.kind = 'company' then 'founding_day' else 'birthday' end)`
  const [days, monthDays] = [bind(filter.days.map(({ day }) => day)), bind(filter.days.map(({ monthDay }) => monthDay))]
  const conditions = [
    ...(birthdays && foundings ? [] : [`${owner}.kind ${foundings ? '=' : '<>'} 'company'`]),
    ...withinReach(filter, owner, owner, bind),
    ...onLocalDays(filter, owner, bind),
    // Whoever celebrates by the lunar calendar does so by that alone; another day by ours may be the one that has been corrected since.
    `not exists (select from key_date k where k.customer_id = ${owner}.id and k.kind = ${kind} and k.status = 'active'
      and (k.calendar = 'lunar' or k.month * 100 + k.day = ${owner}.anniversary))`,
  ]
  const select = `
    select ${owner}.id as customer_id, ${owner}.id, w.day as on_day, ${kind} as kind, null::text as name, 'gregorian' as calendar,
      (extract(year from w.day) - extract(year from case when ${owner}.kind = 'company' then ${owner}.founded_on else ${owner}.birth_date end))::int as years
    from (select u.day, u.month_day from unnest(${days}::date[], ${monthDays}::int[]) u (day, month_day) order by u.day) w
    join customer ${owner} on ${owner}.anniversary = w.month_day
    where ${conditions.join(' and ')}`
  return [{ select, customerId: `${owner}.id`, id: `${owner}.id` }]
}

/** Prospects and customers within reach, but nobody who has died. `placed` is the row that the index is on, whose path is asked. */
function withinReach(
  { reach: { prefixes, portfolio }, customerId, subtree, relationshipManagerId }: UpcomingFilter,
  placed: string,
  owner: string,
  bind: Bind,
): string[] {
  const [prefix, ...more] = prefixes
  const within = subtree ?? (portfolio.length === 0 && more.length === 0 && prefix !== '/' ? prefix : undefined)
  return [
    `${owner}.status in ('prospect', 'active')`,
    ...(customerId === undefined ? [] : [`${owner}.id = ${customerId}`]),
    `not exists (select from customer_profile f where f.customer_id = ${owner}.id and f.deceased_on is not null)`,
    ...(within === undefined ? [] : [inSubtree(`${placed}.institution_path`, within, bind)]),
    ...(relationshipManagerId === undefined ? [] : [`${owner}.relationship_manager_id = ${bind(relationshipManagerId)}::uuid`]),
    ...(portfolio.length === 0 ? [] : [`${owner}.id in (select customer_id from portfolio_customers())`]),
  ]
}

/** Where it is not one day everywhere: a day near either end of the window counts where it lies within the one of the customer's institution. */
function onLocalDays({ certain, ahead, at }: UpcomingFilter, placed: string, bind: Bind): string[] {
  if (!certain) return []
  const zone = `coalesce((select z.time_zone from institution z where z.time_zone is not null and starts_with(${placed}.institution_path, z.path)
      order by length(z.path) desc limit 1), ${bind(at.bankTimeZone)}::text)`
  const local = `(${bind(at.now.toISOString())}::timestamptz at time zone ${zone})::date`
  return [
    `(w.day between ${bind(certain.from)}::date and ${bind(certain.to)}::date or w.day - ${local} between 0 and ${bind(ahead)}::int)`,
  ]
}

/** No part reads more rows than the page may need of it. */
function endOf({ page }: UpcomingFilter, { customerId, id }: Part, bind: Bind): string {
  if (!page) return ''
  const keys = [
    { expression: 'w.day', cast: 'date' },
    { expression: customerId, cast: 'uuid' },
    { expression: id, cast: 'uuid' },
  ]
  const beyond = page.after === undefined ? '' : ` and ${keysetCondition(keys, 'asc', page.after, bind)}`
  return `${beyond} order by ${keys.map(({ expression }) => expression).join(', ')} limit ${bind(page.limit + 1)}::int`
}
