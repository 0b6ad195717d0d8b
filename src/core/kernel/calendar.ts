import chineseDays from 'chinese-days/dist/chinese-days.json' with { type: 'json' }

/** A calendar day as `YYYY-MM-DD`, years 1800 to 9999; such strings compare in date order. */
export type Day = string

/** Countries whose public holidays the service knows; `none` has Monday to Friday only. */
export const calendarCountries = ['CN', 'none'] as const
export type CalendarCountry = (typeof calendarCountries)[number]

/** Where an institution's day begins and which days it works. An override of the bank beats the country's calendar. */
export interface Calendar {
  readonly timeZone: string
  readonly country: CalendarCountry
  readonly overrides: ReadonlyMap<Day, 'working' | 'holiday'>
}

/** A day that arithmetic leads to lies outside 1800 to 9999. */
export class DayRangeError extends RangeError {
  override readonly name = 'DayRangeError'
}

const millisecondsPerDay = 86_400_000
const firstEpochDay = Date.UTC(1800, 0, 1) / millisecondsPerDay
const lastEpochDay = Date.UTC(9999, 11, 31) / millisecondsPerDay
const mostWorkingDays = 10_000

// Arrangements of the State Council, by epoch day: public holidays do not work, weekend days worked in exchange do.
const chineseArrangements: ReadonlyMap<number, boolean> = new Map([
  ...Object.keys(chineseDays.holidays).map((day) => [toEpochDay(day), false] as const),
  ...Object.keys(chineseDays.workdays).map((day) => [toEpochDay(day), true] as const),
])
const [firstChineseYear, lastChineseYear] = [Math.min, Math.max].map((bound) =>
  fromEpochDay(bound(...chineseArrangements.keys())).slice(0, 4),
) as [string, string]

const formatters = new Map<string, Intl.DateTimeFormat>()

const SECOND_MS = 1_000
/** The day of the last second that was asked for, by time zone: no day begins within a second. */
const lastDays = new Map<string, { readonly second: number; readonly day: Day }>()

/** Reads a real date `YYYY-MM-DD` between 1800-01-01 and 9999-12-31; `undefined` for anything else, `2026-02-30` included. */
export function parseDay(text: string): Day | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined
  const epochDay = Date.parse(`${text}T00:00:00Z`) / millisecondsPerDay
  if (!(epochDay >= firstEpochDay && epochDay <= lastEpochDay)) return undefined
  return fromEpochDay(epochDay) === text ? text : undefined
}

/** The day on which an instant falls in an IANA time zone. Throws a RangeError for an unknown zone. */
export function dayOf(instant: Date, timeZone: string): Day {
  const second = Math.floor(instant.getTime() / SECOND_MS)
  const known = lastDays.get(timeZone)
  if (known?.second === second) return known.day
  const day = formatDay(instant, timeZone)
  lastDays.set(timeZone, { second, day })
  return day
}

function formatDay(instant: Date, timeZone: string): Day {
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    // Swedish writes dates as ISO 8601 does.
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formatters.set(timeZone, formatter)
  }
  return formatter.format(instant)
}

/** The first instant of a day in an IANA time zone: midnight, or the end of the gap where a clock change swallows midnight. */
export function startOfDay(day: Day, timeZone: string): Date {
  return new Date(Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds)
}

/** The day `days` calendar days later (earlier when negative). Throws a RangeError outside 1800 to 9999. */
export function addDays(day: Day, days: number): Day {
  return fromEpochDay(toEpochDay(day) + days)
}

/** Calendar days from one day to another; negative when `to` is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return toEpochDay(to) - toEpochDay(from)
}

/** The same day of the month `months` later (earlier when negative), or that month's last day: 31 January + 1 is 28 or 29 February. */
export function addMonths(day: Day, months: number): Day {
  const end = endOfMonth(day, months)
  return day.slice(8) < end.slice(8) ? `${end.slice(0, 8)}${day.slice(8)}` : end
}

/** The last day of the month a day lies in. */
export function monthEnd(day: Day): Day {
  return endOfMonth(day, 0)
}

/** The `count` latest month-ends that are not after a day, in date order. */
export function monthEndsUpTo(day: Day, count: number): readonly Day[] {
  const latest = monthEnd(day) === day ? 0 : -1
  return Array.from({ length: count }, (_, index) => endOfMonth(day, latest + index + 1 - count))
}

/**
 * The last day for which a country's holidays are known (chinese-days ships the arrangements from 2004 to the last one published; the
 * State Council publishes a year's around November before it); `undefined` where a country needs no such knowledge. On later days only the holidays hold
 * that need no notice; those before 2004 count as Monday to Friday. That makes a deadline earlier and never later than the arrangements would.
 */
export function calendarKnownThrough(country: CalendarCountry): Day | undefined {
  return country === 'CN' ? `${lastChineseYear}-12-31` : undefined
}

/**
 * Whether it is settled if an institution works on a day: by an override of the bank, or since the country has arranged the year. What rests on a day that is not is provisional: a
 * notice to come may move days off and make-up days.
 */
export function isArranged(day: Day, { country, overrides }: Calendar): boolean {
  if (country !== 'CN' || overrides.has(day)) return true
  const year = day.slice(0, 4)
  return year >= firstChineseYear && year <= lastChineseYear
}

/** Tells whether an institution works on a day: the bank's override, else the country's holidays and make-up days, else Monday to Friday without the holidays that need no notice. */
export function isWorkingDay(day: Day, calendar: Calendar): boolean {
  return worksOn(toEpochDay(day), calendar)
}

/**
 * The `count`-th working day after a day (before it when negative); 0 is the day itself, working or not. The day itself is never counted.
 * Throws a RangeError beyond 10,000 working days or outside 1800 to 9999.
 */
export function addWorkingDays(day: Day, count: number, calendar: Calendar): Day {
  if (!Number.isInteger(count) || Math.abs(count) > mostWorkingDays)
    throw new RangeError(`At most ${mostWorkingDays} working days can be added.`)
  const step = Math.sign(count)
  let epochDay = toEpochDay(day)
  for (let left = Math.abs(count); left > 0;) {
    epochDay += step
    if (worksOn(epochDay, calendar)) left -= 1
  }
  return fromEpochDay(epochDay)
}

/** The day itself when it is a working day, else the first one after it. */
export function nextWorkingDay(day: Day, calendar: Calendar): Day {
  return isWorkingDay(day, calendar) ? day : addWorkingDays(day, 1, calendar)
}

function worksOn(epochDay: number, { country, overrides }: Calendar): boolean {
  const override = overrides.size > 0 ? overrides.get(fromEpochDay(epochDay)) : undefined
  if (override) return override === 'working'
  const arranged = country === 'CN' ? chineseArrangements.get(epochDay) : undefined
  if (arranged !== undefined) return arranged
  if (country === 'CN' && isFixedHoliday(epochDay)) return false
  // 1970-01-01, epoch day 0, was a Thursday.
  const weekday = (((epochDay + 4) % 7) + 7) % 7
  return weekday >= 1 && weekday <= 5
}

const fixedHolidays = new Map<number, ReadonlySet<number>>()

/** Whether a day of a year that is not arranged yet is a public holiday by law. */
function isFixedHoliday(epochDay: number): boolean {
  const year = new Date(epochDay * millisecondsPerDay).getUTCFullYear()
  if (year <= Number(lastChineseYear)) return false
  const known = fixedHolidays.get(year) ?? new Set(fixedHolidaysOf(year).map(toEpochDay))
  fixedHolidays.set(year, known)
  return known.has(epochDay)
}

/**
 * The public holidays of China that hold without a notice (《全国年节及纪念日放假办法》 as amended in 2024): 1 January, Spring Festival with its eve to the third day, Qingming, 1 and 2 May, Dragon
 * Boat, Mid-Autumn, 1 to 3 October.
 */
function fixedHolidaysOf(year: number): readonly Day[] {
  const on = (month: number, day: number): Temporal.PlainDate => Temporal.PlainDate.from({ year, month, day })
  const lunar = (monthCode: string, day: number): Temporal.PlainDate =>
    Temporal.PlainDate.from({ calendar: 'chinese', year, monthCode, day }).withCalendar('iso8601')
  const spring = lunar('M01', 1)
  return [
    on(1, 1),
    ...[-1, 0, 1, 2].map((days) => spring.add({ days })),
    ...(year < 2100 ? [on(4, qingmingOf(year))] : []),
    on(5, 1),
    on(5, 2),
    lunar('M05', 5),
    lunar('M08', 15),
    on(10, 1),
    on(10, 2),
    on(10, 3),
  ].map(String)
}

/** The day of April on which the sun is at 15° in China, by the rule of thumb for the years 2000 to 2099. */
function qingmingOf(year: number): number {
  const inCentury = year % 100
  return Math.floor(inCentury * 0.2422 + 4.81) - Math.floor(inCentury / 4)
}

function endOfMonth(day: Day, monthsLater: number): Day {
  // Day 0 of a month is the last of the month before, and months beyond 12 run on into the next years.
  const end = Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) + monthsLater, 0)
  return fromEpochDay(end / millisecondsPerDay)
}

function toEpochDay(day: Day): number {
  const epochDay = Date.parse(`${day}T00:00:00Z`) / millisecondsPerDay
  if (!Number.isInteger(epochDay)) throw new RangeError('A day must have the format YYYY-MM-DD.')
  return epochDay
}

function fromEpochDay(epochDay: number): Day {
  if (!(epochDay >= firstEpochDay && epochDay <= lastEpochDay))
    throw new DayRangeError('The day must be in the years 1800 to 9999.')
  return new Date(epochDay * millisecondsPerDay).toISOString().slice(0, 10)
}
