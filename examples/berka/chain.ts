import type { Day } from '../../src/core/kernel/calendar.ts'

/** A booking: what it added to the account (negative: took from it) and what the account stood at afterwards, in hellers. */
export interface Booking {
  readonly day: Day
  readonly change: bigint
  readonly balance: bigint
}

/** What an account stood at when a day ended, in hellers. */
export interface DayEnd {
  readonly day: Day
  readonly balance: bigint
}

/**
 * How far a printed balance may be from the one before it and the amount: 0.10. The bank kept more decimals of interest than it printed, so
 * that balances, which are whole tenths, jump by one of them now and then.
 */
export const rounding = 10n

/** No day of the set has more than 7; the search doubles with every one. */
const mostBookings = 16

/**
 * The ends of the days of one account, found by chaining from an opening balance: bookings of one day have no time, but in one order each
 * balance follows from the one before. Throws an `Error` that names the day on which there is no such order, or no single end.
 */
export function chainAccount(bookings: readonly Booking[], opening = 0n): readonly DayEnd[] {
  const byDay = new Map<Day, Booking[]>()
  for (const booking of bookings) {
    const sameDay = byDay.get(booking.day)
    if (sameDay) sameDay.push(booking)
    else byDay.set(booking.day, [booking])
  }
  let before = opening
  return [...byDay.keys()].sort().map((day) => {
    try {
      before = chainDay(before, byDay.get(day)!).at(-1)!.balance
    } catch (error) {
      throw new Error(`${day}: ${(error as Error).message}`, { cause: error })
    }
    return { day, balance: before }
  })
}

/** An order of some bookings of a day: the last one, the way to it, and by how much its balances miss in all. */
interface Way {
  readonly used: number
  readonly last: Booking
  readonly earlier: Way | undefined
  readonly missed: bigint
}

/**
 * The bookings of one day in the order in which each balance is the one before it and the amount, up to `rounding`; of several such orders one
 * that misses least in all. Every set of bookings with each possible last one is looked at once at most. Throws where there is no order, or
 * where equally good ones end differently.
 */
export function chainDay<B extends Booking>(before: bigint, bookings: readonly B[]): readonly B[] {
  if (bookings.length > mostBookings) throw new Error(`${bookings.length} bookings are more than can be put in order.`)
  let ways: readonly Way[] = follow(undefined, before, bookings)
  for (let length = 1; length < bookings.length; length++)
    ways = best(ways.flatMap((way) => follow(way, way.last.balance, bookings)))
  const least = ways.reduce<bigint | undefined>(
    (sum, { missed }) => (sum === undefined || missed < sum ? missed : sum),
    undefined,
  )
  const [way, ...others] = ways.filter(({ missed }) => missed === least)
  if (!way) throw new Error('the balances do not follow from one another in any order.')
  if (others.some(({ last }) => last.balance !== way.last.balance))
    throw new Error('the balances follow from one another in several orders with different ends.')
  const order: B[] = []
  for (let at: Way | undefined = way; at; at = at.earlier) order.unshift(at.last as B)
  return order
}

/** A way, made longer by each of the bookings that may come next. */
function follow(way: Way | undefined, balance: bigint, bookings: readonly Booking[]): Way[] {
  const used = way?.used ?? 0
  return bookings.flatMap((last, index) => {
    const bit = 1 << index
    const miss = balance + last.change - last.balance
    const missed = miss < 0n ? -miss : miss
    return used & bit || missed > rounding ? [] : [{ used: used | bit, last, earlier: way, missed: (way?.missed ?? 0n) + missed }]
  })
}

/** Of ways over the same bookings that end with the same balance the one that misses least. */
function best(ways: readonly Way[]): readonly Way[] {
  const kept = new Map<string, Way>()
  for (const way of ways) {
    const key = `${way.used} ${way.last.balance}`
    const known = kept.get(key)
    if (!known || way.missed < known.missed) kept.set(key, way)
  }
  return [...kept.values()]
}

/** What an account stood at when a day ended; undefined before its first booking. `ends` in the order of days. */
export function balanceAt(ends: readonly DayEnd[], day: Day): bigint | undefined {
  return ends.findLast((end) => end.day <= day)?.balance
}

/** Last days of the months from that of one day to that of another. */
export function monthEnds(from: Day, to: Day): readonly Day[] {
  const days: Day[] = []
  const last = monthNumber(to)
  for (let month = monthNumber(from); month <= last; month++)
    days.push(new Date(Date.UTC(Math.floor(month / 12), (month % 12) + 1, 0)).toISOString().slice(0, 10))
  return days
}

const monthNumber = (day: Day): number => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1
