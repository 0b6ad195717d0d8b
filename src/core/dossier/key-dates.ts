import { addDays, type Day, daysBetween, parseDay } from '../kernel/calendar.ts'
import type { CustomerKind, CustomerStatus } from './customers.ts'
import { type DomainError, refuseField } from '../kernel/errors.ts'

export const keyDateKinds = ['birthday', 'wedding_day', 'founding_day', 'custom'] as const
export type KeyDateKind = (typeof keyDateKinds)[number]

export const keyDateCalendars = ['gregorian', 'lunar'] as const
export type KeyDateCalendar = (typeof keyDateCalendars)[number]

export const keyDateRecurrences = ['yearly', 'once'] as const
export type KeyDateRecurrence = (typeof keyDateRecurrences)[number]

export const keyDateStatuses = ['active', 'ended'] as const

/** A day of the year in the Gregorian or the Chinese lunar calendar. `year` is a year of that calendar; a lunar one bears the number of the Gregorian year in which it begins. */
export interface KeyDate {
  readonly calendar: KeyDateCalendar
  readonly month: number
  readonly day: number
  readonly leapMonth: boolean
  readonly year: number | null
  readonly recurrence: KeyDateRecurrence
}

export interface NamedKeyDate extends KeyDate {
  readonly kind: KeyDateKind
  readonly name: string | null
}

/** A day on which a key date falls. `years` is how many years it is then, where the first year is known. */
export interface Occurrence {
  readonly on: Day
  readonly years: number | null
}

// The lunar years that the Chinese calendar is tabulated for (GB/T 33661-2017; before and after they are estimates).
const FIRST_LUNAR_YEAR = 1901
const LAST_LUNAR_YEAR = 2100
const FIRST_YEAR = 1800
const LAST_YEAR = 2200

const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/**
 * Why there is no such key date, or undefined. Impossible days are refused by name: a 30 February, a lunar day beyond the 30th and, where the year is
 * given, the 30th of a lunar month that had 29 days in it, 29 February of a common year and a leap month that the year has not.
 */
export function keyDateRefusal(keyDate: NamedKeyDate, today: Day): DomainError | undefined {
  const { kind, name, calendar, leapMonth, year, recurrence } = keyDate
  if (kind === 'custom' && name === null)
    return refuseField('invalid_input', 'name', 'required', 'A custom date requires a name.')
  if (kind !== 'custom' && name !== null)
    return refuseField('invalid_input', 'name', 'not_custom', 'Only a custom date can have a name.')
  if (calendar === 'gregorian' && leapMonth)
    return refuseField('invalid_input', 'leapMonth', 'not_lunar', 'Only the lunar calendar has leap months.')
  if (recurrence === 'once' && year === null)
    return refuseField('invalid_input', 'year', 'required', 'A one-time date requires its year.')
  const impossible = calendar === 'lunar' ? lunarRefusal(keyDate) : gregorianRefusal(keyDate)
  if (impossible) return impossible
  if (kind === 'birthday' && year !== null && occurrenceIn(keyDate, year) > today)
    return refuseField('invalid_input', 'year', 'future', 'A birthday cannot be in the future.')
  return undefined
}

function gregorianRefusal({ month, day, year }: KeyDate): DomainError | undefined {
  if (year !== null && (year < FIRST_YEAR || year > LAST_YEAR))
    return refuseField('invalid_input', 'year', 'range', `The year must be from ${FIRST_YEAR} to ${LAST_YEAR}.`)
  const most = year === null ? longestMonths[month - 1]! : Temporal.PlainYearMonth.from({ year, month }).daysInMonth
  if (day <= most) return undefined
  const where = year === null ? `Month ${month}` : `Month ${month} of ${year}`
  return refuseField('invalid_input', 'day', 'invalid_day', `${where} has ${most} days.`)
}

function lunarRefusal({ month, day, leapMonth, year }: KeyDate): DomainError | undefined {
  if (day > 30) return refuseField('invalid_input', 'day', 'invalid_lunar_day', 'A lunar month has at most 30 days.')
  if (year === null) return undefined
  if (year < FIRST_LUNAR_YEAR || year > LAST_LUNAR_YEAR)
    return refuseField(
      'invalid_input',
      'year',
      'range',
      `Lunar years are supported from ${FIRST_LUNAR_YEAR} to ${LAST_LUNAR_YEAR}.`,
    )
  if (leapMonth && leapMonthOf(year) !== month)
    return refuseField('invalid_input', 'leapMonth', 'no_leap_month', `The lunar year ${year} has no leap month ${month}.`)
  const most = lunarDay(year, month, leapMonth, 1).daysInMonth
  if (day <= most) return undefined
  const named = `${leapMonth ? 'Leap month' : 'Month'} ${month} of the lunar year ${year}`
  return refuseField('invalid_input', 'day', 'invalid_lunar_day', `${named} has ${most} days.`)
}

/** Which kinds of customer a kind of date belongs to, and that a merged or erased record gets none. */
export function keyDateOwnerRefusal(
  kind: KeyDateKind,
  customer: { readonly kind: CustomerKind; readonly status: CustomerStatus },
): DomainError | undefined {
  if (customer.status === 'merged' || customer.status === 'erased')
    return refuseField('conflict', 'customerId', 'customer_status', `The customer's record is ${customer.status}.`)
  const personal = kind === 'birthday' || kind === 'wedding_day'
  if (personal && customer.kind === 'company')
    return refuseField('invalid_input', 'kind', 'customer_kind', 'A company has a founding day, but no birthday or wedding day.')
  if (kind === 'founding_day' && customer.kind === 'individual')
    return refuseField('invalid_input', 'kind', 'customer_kind', 'A person has no founding day.')
  return undefined
}

/**
 * The day on which a key date falls in a year of its calendar. 29 February falls on 28 February in common years; a day in a leap month falls in the
 * ordinary month of that number in years without that leap month; the 30th of a lunar month falls on the 29th where the month has no more.
 */
export function occurrenceIn({ calendar, month, day, leapMonth }: KeyDate, year: number): Day {
  if (calendar === 'gregorian') return Temporal.PlainDate.from({ year, month, day }, { overflow: 'constrain' }).toString()
  const first = lunarDay(year, month, leapMonth && leapMonthOf(year) === month, 1)
  return first
    .with({ day: Math.min(day, first.daysInMonth) })
    .withCalendar('iso8601')
    .toString()
}

/** The next two days on which a key date falls from a day on, that day included; fewer where it falls no more. */
export function nextOccurrences(keyDate: KeyDate, from: Day): readonly Occurrence[] {
  const { calendar, recurrence, year } = keyDate
  const occurrence = (of: number): Occurrence => ({ on: occurrenceIn(keyDate, of), years: year === null ? null : of - year })
  if (recurrence === 'once') return [occurrence(year!)].filter(({ on }) => on >= from)
  const current = calendar === 'lunar' ? Temporal.PlainDate.from(from).withCalendar('chinese').year : Number(from.slice(0, 4))
  const begin = Math.max(current, year ?? current)
  return [begin, begin + 1, begin + 2]
    .map(occurrence)
    .filter(({ on }) => on >= from)
    .slice(0, 2)
}

/** A day and the days of the year (month × 100 + day) whose anniversary it is. */
export interface AnniversaryDay {
  readonly day: Day
  readonly monthDay: number
}

/** The days from one on, so many more, with the anniversaries that fall on each: on 28 February of a common year those of the 29th as well. */
export function anniversaryDays(from: Day, days: number): readonly AnniversaryDay[] {
  return Array.from({ length: days + 1 }, (_, index) => addDays(from, index)).flatMap((day) => {
    const monthDay = Number(day.slice(5, 7)) * 100 + Number(day.slice(8))
    const common = parseDay(`${day.slice(0, 4)}-02-29`) === undefined
    return monthDay === 228 && common
      ? [
          { day, monthDay },
          { day, monthDay: 229 },
        ]
      : [{ day, monthDay }]
  })
}

/** Days that lists of upcoming key dates look at, where institutions may have different days. */
export interface UpcomingWindow {
  readonly days: readonly AnniversaryDay[]
  /** Days ahead of each customer's own today. */
  readonly ahead: number
  /** The days that count for everybody; those before and behind depend on the day at the customer's institution. Undefined where it is one day everywhere. */
  readonly certain: { readonly from: Day; readonly to: Day } | undefined
}

/** The next so many days of everybody. `bankDays`: the days that it is now at the institutions, the earliest first. */
export function upcomingWindow(bankDays: readonly Day[], ahead: number): UpcomingWindow {
  const [first, last] = [bankDays[0]!, bankDays.at(-1)!]
  return {
    days: anniversaryDays(first, ahead + daysBetween(first, last)),
    ahead,
    certain: first === last ? undefined : { from: last, to: addDays(first, ahead) },
  }
}

function lunarDay(year: number, month: number, leapMonth: boolean, day: number): Temporal.PlainDate {
  const monthCode = `M${String(month).padStart(2, '0')}${leapMonth ? 'L' : ''}`
  return Temporal.PlainDate.from({ calendar: 'chinese', year, monthCode, day }, { overflow: 'reject' })
}

const leapMonths = new Map<number, number | undefined>()

/** The month behind which a lunar year has its leap month, or undefined in a year of twelve months. */
function leapMonthOf(year: number): number | undefined {
  if (leapMonths.has(year)) return leapMonths.get(year)
  const first = Temporal.PlainDate.from({ calendar: 'chinese', year, monthCode: 'M01', day: 1 })
  const codes = Array.from({ length: first.monthsInYear }, (_, index) => first.with({ month: index + 1 }).monthCode)
  const leap = codes.find((code) => code.endsWith('L'))
  const month = leap === undefined ? undefined : Number(leap.slice(1, 3))
  leapMonths.set(year, month)
  return month
}
