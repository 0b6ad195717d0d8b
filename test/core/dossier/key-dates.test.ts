import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays, daysBetween } from '../../../src/core/kernel/calendar.ts'
import type { DomainError } from '../../../src/core/kernel/errors.ts'
import {
  anniversaryDays,
  type KeyDate,
  keyDateOwnerRefusal,
  keyDateRefusal,
  type NamedKeyDate,
  nextOccurrences,
  occurrenceIn,
} from '../../../src/core/dossier/key-dates.ts'

const today = '2026-11-22'
const date = (changes: Partial<NamedKeyDate>): NamedKeyDate => ({
  kind: 'birthday',
  name: null,
  calendar: 'gregorian',
  month: 8,
  day: 15,
  leapMonth: false,
  year: null,
  recurrence: 'yearly',
  ...changes,
})
const lunar = (month: number, day: number, changes: Partial<NamedKeyDate> = {}) =>
  date({ calendar: 'lunar', month, day, ...changes })

function refusal(keyDate: NamedKeyDate): string | undefined {
  const error: DomainError | undefined = keyDateRefusal(keyDate, today)
  const [problem] = error?.problems ?? []
  return problem && `${error!.code} ${problem.pointer} ${problem.rule}`
}

const anyDate: fc.Arbitrary<KeyDate> = fc
  .record({
    calendar: fc.constantFrom('gregorian' as const, 'lunar' as const),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 31 }),
    leapMonth: fc.boolean(),
    year: fc.option(fc.integer({ min: 1930, max: 2026 })),
    recurrence: fc.constantFrom('yearly' as const, 'once' as const),
  })
  .filter((one) => keyDateRefusal(date({ ...one, kind: 'custom', name: 'x' }), today) === undefined)
const anyDay = fc.integer({ min: 0, max: 40_000 }).map((days) => addDays('1990-01-01', days))

describe('a key date', () => {
  test('in the Gregorian calendar falls on its day, 29 February on the 28th of common years', () => {
    expect(occurrenceIn(date({}), 2027)).toBe('2027-08-15')
    expect(occurrenceIn(date({ month: 2, day: 29 }), 2027)).toBe('2027-02-28')
    expect(occurrenceIn(date({ month: 2, day: 29 }), 2028)).toBe('2028-02-29')
  })

  test('in the lunar calendar falls on the day that the almanac says', () => {
    // Mid-autumn, New Year and Dragon Boat as the State Council names them.
    for (const [month, day, year, on] of [
      [8, 15, 2025, '2025-10-06'],
      [8, 15, 2026, '2026-09-25'],
      [1, 1, 2026, '2026-02-17'],
      [1, 1, 2027, '2027-02-06'],
      [5, 5, 2026, '2026-06-19'],
      // Months 11 and 12 lie in the next Gregorian year.
      [12, 8, 2026, '2027-01-15'],
    ] as const)
      expect(occurrenceIn(lunar(month, day), year), `${year}-${month}-${day}`).toBe(on)
  })

  test('in a leap month falls in it where the year has it, else in the ordinary month of that number', () => {
    // 2020 had a leap fourth month, 2025 a leap sixth, 2033 the disputed leap eleventh.
    expect(occurrenceIn(lunar(4, 15, { leapMonth: true }), 2020)).toBe('2020-06-06')
    expect(occurrenceIn(lunar(4, 15, { leapMonth: false }), 2020)).toBe('2020-05-07')
    expect(occurrenceIn(lunar(4, 15, { leapMonth: true }), 2026)).toBe(occurrenceIn(lunar(4, 15), 2026))
    expect(occurrenceIn(lunar(6, 1, { leapMonth: true }), 2025)).toBe('2025-07-25')
    expect(occurrenceIn(lunar(11, 1, { leapMonth: true }), 2033)).toBe('2033-12-22')
  })

  test('on the 30th of a lunar month falls on the 29th where the month has no more', () => {
    expect(occurrenceIn(lunar(1, 30), 2027)).toBe('2027-03-07')
    expect(Temporal.PlainDate.from('2027-03-07').withCalendar('chinese').day).toBe(30)
    const short = occurrenceIn(lunar(1, 30), 2033)
    expect(Temporal.PlainDate.from(short).withCalendar('chinese').day).toBe(29)
    expect(Temporal.PlainDate.from(short).add({ days: 1 }).withCalendar('chinese').day).toBe(1)
  })

  test('comes next on the first two days from a day on on which it falls, none left out', () => {
    fc.assert(
      fc.property(anyDate, anyDay, (keyDate, from) => {
        const found = nextOccurrences(keyDate, from).map(({ on }) => on)
        const first = keyDate.year ?? 1985
        const years = keyDate.recurrence === 'once' ? [keyDate.year!] : Array.from({ length: 180 }, (_, index) => first + index)
        const all = years.map((year) => occurrenceIn(keyDate, year)).filter((on) => on >= from)
        expect(found).toEqual(all.slice(0, 2))
      }),
      { numRuns: 300 },
    )
  })

  test('that is lunar falls on its own day of the lunar calendar, or for want of it on the nearest', () => {
    fc.assert(
      fc.property(anyDate, anyDay, (keyDate, from) => {
        if (keyDate.calendar === 'gregorian') return
        for (const { on } of nextOccurrences(keyDate, from)) {
          const { monthCode, day, daysInMonth } = Temporal.PlainDate.from(on).withCalendar('chinese')
          expect(Number(monthCode.slice(1, 3))).toBe(keyDate.month)
          expect(monthCode.endsWith('L') && !keyDate.leapMonth).toBe(false)
          expect(day).toBe(Math.min(keyDate.day, daysInMonth))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('falls in a year’s window on no day beyond its next two, so that two known days answer any window of 366 days', () => {
    fc.assert(
      fc.property(anyDate, anyDay, fc.integer({ min: 0, max: 340 }), (keyDate, computedOn, late) => {
        const known = nextOccurrences(keyDate, computedOn).map(({ on }) => on)
        const from = addDays(known[0] ?? computedOn, late)
        const falls = [0, 1, 2, 3]
          .flatMap((index) => nextOccurrences(keyDate, addDays(from, index * 100)).map(({ on }) => on))
          .filter((on) => daysBetween(from, on) <= 366)
        for (const on of falls) if (late > 0 || known.length > 1) expect(known, from).toContain(on)
      }),
      { numRuns: 300 },
    )
  })

  test('counts years of its own calendar, and begins with its year', () => {
    expect(nextOccurrences(date({ year: 1980 }), today)).toEqual([
      { on: '2027-08-15', years: 47 },
      { on: '2028-08-15', years: 48 },
    ])
    // The twelfth month of the lunar year 2026 lies in January 2027.
    expect(nextOccurrences(lunar(12, 8, { year: 1980 }), today)[0]).toEqual({ on: '2027-01-15', years: 46 })
    expect(nextOccurrences(date({ kind: 'wedding_day', year: 2030 }), today)[0]).toEqual({ on: '2030-08-15', years: 0 })
  })

  test('that happens once falls on its day and no more', () => {
    const once = date({ kind: 'custom', name: '开业', year: 2026, month: 11, day: 22, recurrence: 'once' })
    expect(nextOccurrences(once, today)).toEqual([{ on: today, years: 0 }])
    expect(nextOccurrences(once, '2026-11-23')).toEqual([])
  })

  test('that is impossible is refused by field and rule', () => {
    expect(refusal(date({}))).toBeUndefined()
    expect(refusal(date({ month: 2, day: 29 }))).toBeUndefined()
    expect(refusal(date({ month: 2, day: 30 }))).toBe('invalid_input /day invalid_day')
    expect(refusal(date({ month: 2, day: 29, year: 2001 }))).toBe('invalid_input /day invalid_day')
    expect(refusal(date({ month: 2, day: 29, year: 2000 }))).toBeUndefined()
    expect(refusal(lunar(8, 31))).toBe('invalid_input /day invalid_lunar_day')
    expect(refusal(lunar(8, 30))).toBeUndefined()
    // The first month of the lunar year 1901 and the third had 29 days, the second 30.
    expect(refusal(lunar(1, 30, { year: 1901 }))).toBe('invalid_input /day invalid_lunar_day')
    expect(refusal(lunar(3, 30, { year: 1901 }))).toBe('invalid_input /day invalid_lunar_day')
    expect(refusal(lunar(2, 30, { year: 1901 }))).toBeUndefined()
    expect(refusal(lunar(4, 1, { year: 2021, leapMonth: true }))).toBe('invalid_input /leapMonth no_leap_month')
    expect(refusal(lunar(4, 1, { year: 2020, leapMonth: true }))).toBeUndefined()
    expect(refusal(lunar(4, 30, { year: 2020, leapMonth: true }))).toBe('invalid_input /day invalid_lunar_day')
    expect(refusal(date({ leapMonth: true }))).toBe('invalid_input /leapMonth not_lunar')
    expect(refusal(lunar(1, 1, { year: 1900 }))).toBe('invalid_input /year range')
    expect(refusal(date({ year: 1799 }))).toBe('invalid_input /year range')
    expect(refusal(date({ year: 2027 }))).toBe('invalid_input /year future')
    expect(refusal(date({ recurrence: 'once' }))).toBe('invalid_input /year required')
    expect(refusal(date({ kind: 'custom' }))).toBe('invalid_input /name required')
    expect(refusal(date({ name: '生日' }))).toBe('invalid_input /name not_custom')
  })

  test('belongs to the kinds of customer that can have it, and to no merged or erased record', () => {
    const of = (kind: NamedKeyDate['kind'], customer: 'individual' | 'sole_trader' | 'company') =>
      keyDateOwnerRefusal(kind, { kind: customer, status: 'active' })?.problems[0]?.rule
    expect([of('birthday', 'company'), of('wedding_day', 'company'), of('founding_day', 'individual')]).toEqual(
      Array(3).fill('customer_kind'),
    )
    expect([of('birthday', 'sole_trader'), of('founding_day', 'sole_trader'), of('custom', 'company')]).toEqual(
      Array(3).fill(undefined),
    )
    for (const status of ['merged', 'erased'] as const)
      expect(keyDateOwnerRefusal('custom', { kind: 'company', status })?.code).toBe('conflict')
  })
})

describe('the anniversaries of a window', () => {
  test('are those of its days, and of 29 February where the year has none', () => {
    expect(anniversaryDays('2027-02-27', 2)).toEqual([
      { day: '2027-02-27', monthDay: 227 },
      { day: '2027-02-28', monthDay: 228 },
      { day: '2027-02-28', monthDay: 229 },
      { day: '2027-03-01', monthDay: 301 },
    ])
    expect(anniversaryDays('2028-02-28', 1).map(({ monthDay }) => monthDay)).toEqual([228, 229])
  })

  test('agree with the rule for a single date', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 1, max: 366 }), anyDate, (from, days, keyDate) => {
        if (keyDate.calendar === 'lunar' || keyDate.recurrence === 'once' || keyDate.year !== null) return
        const falls = anniversaryDays(from, days)
          .filter(({ monthDay }) => monthDay === keyDate.month * 100 + keyDate.day)
          .map(({ day }) => day)
        expect(falls).toEqual(
          nextOccurrences(keyDate, from)
            .map(({ on }) => on)
            .filter((on) => on <= addDays(from, days)),
        )
      }),
    )
  })
})
