import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDays,
  addMonths,
  addWorkingDays,
  type Calendar,
  calendarKnownThrough,
  dayOf,
  daysBetween,
  isArranged,
  isWorkingDay,
  monthEnd,
  monthEndsUpTo,
  nextWorkingDay,
  parseDay,
  startOfDay,
} from '../../../src/core/kernel/calendar.ts'

const china: Calendar = { timeZone: 'Asia/Shanghai', country: 'CN', overrides: new Map() }
const plain: Calendar = { timeZone: 'UTC', country: 'none', overrides: new Map() }
const day = fc.integer({ min: 0, max: 150_000 }).map((days) => addDays('1900-01-01', days))
const recentDay = fc.integer({ min: 0, max: 9_000 }).map((days) => addDays('2004-01-01', days))
const calendar = fc
  .record({
    country: fc.constantFrom('CN' as const, 'none' as const),
    overrides: fc.array(fc.tuple(recentDay, fc.constantFrom('working' as const, 'holiday' as const)), { maxLength: 50 }),
  })
  .map(({ country, overrides }): Calendar => ({ timeZone: 'UTC', country, overrides: new Map(overrides) }))

describe('a day', () => {
  test.each(['1800-01-01', '2024-02-29', '2026-12-31', '9999-12-31'])('may be %s', (text) => {
    expect(parseDay(text)).toBe(text)
  })

  test.each([
    '1799-12-31',
    '2026-02-29',
    '2026-02-30',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    '2026-01-01T00:00',
    ' 2026-01-01',
    '2026-01-01\n',
    '10000-01-01',
    '٢٠٢٦-٠١-٠١',
    '',
  ])('is not %j', (text) => {
    expect(parseDay(text)).toBeUndefined()
  })

  test('is the one that the clock on the wall of the institution shows', () => {
    const instant = new Date('2026-11-22T16:00:00Z')
    expect(dayOf(instant, 'Asia/Shanghai')).toBe('2026-11-23')
    expect(dayOf(new Date('2026-11-22T15:59:59.999Z'), 'Asia/Shanghai')).toBe('2026-11-22')
    expect(dayOf(instant, 'America/New_York')).toBe('2026-11-22')
    expect(() => dayOf(instant, 'Asia/Atlantis')).toThrow(RangeError)
  })

  test.each([
    ['2026-11-22', 'Asia/Shanghai', '2026-11-21T16:00:00.000Z'],
    ['2026-11-22', 'Asia/Kathmandu', '2026-11-21T18:15:00.000Z'],
    // Clocks went from 23:59:59 to 01:00.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    // The 30th did not exist in Samoa.
    ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  ])('%s starts in %s at %s', (text, timeZone, start) => {
    expect(startOfDay(text, timeZone).toISOString()).toBe(start)
  })

  test('starts at the first instant that falls on it, in every time zone', () => {
    const timeZone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))
    const modern = fc.integer({ min: 0, max: 25_000 }).map((days) => addDays('1971-01-01', days))
    fc.assert(
      fc.property(modern, timeZone, (text, zone) => {
        fc.pre(!isSkipped(text, zone))
        const start = startOfDay(text, zone)
        expect(dayOf(start, zone)).toBe(text)
        expect(dayOf(new Date(start.getTime() - 1), zone) < text).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('counting days', () => {
  test('crosses months, years and leap days', () => {
    expect(addDays('2024-02-28', 2)).toBe('2024-03-01')
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31')
    expect(daysBetween('2024-01-01', '2025-01-01')).toBe(366)
    expect(daysBetween('2026-03-01', '2026-02-28')).toBe(-1)
  })

  test('is undone by counting back, and the days between are those added', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: -30_000, max: 30_000 }), (from, days) => {
        const to = addDays(from, days)
        expect(addDays(to, -days)).toBe(from)
        expect(daysBetween(from, to)).toBe(days)
        expect(parseDay(to)).toBe(to)
        expect(Math.sign(days)).toBe(from < to ? 1 : from > to ? -1 : 0)
      }),
    )
  })

  test('stops at the years 1800 and 9999', () => {
    expect(() => addDays('9999-12-31', 1)).toThrow(RangeError)
    expect(() => addDays('1800-01-01', -1)).toThrow(RangeError)
    expect(() => addMonths('9999-12-01', 1)).toThrow(RangeError)
    expect(() => addDays('tomorrow', 1)).toThrow(RangeError)
  })
})

describe('months', () => {
  test('end on their last day', () => {
    expect(['2024-02-01', '2026-02-28', '2026-12-31', '2026-11-05'].map(monthEnd)).toEqual([
      '2024-02-29',
      '2026-02-28',
      '2026-12-31',
      '2026-11-30',
    ])
  })

  test('are added to the same day of the month, or to the last one', () => {
    expect(addMonths('2026-01-31', 1)).toBe('2026-02-28')
    expect(addMonths('2024-03-31', -1)).toBe('2024-02-29')
    expect(addMonths('2026-11-22', 14)).toBe('2028-01-22')
  })

  test('are added as the calendar of the runtime adds them', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: -1000, max: 1000 }), (from, months) => {
        const expected = Temporal.PlainDate.from(from).add({ months })
        expect(addMonths(from, months)).toBe(expected.toString())
        expect(monthEnd(from)).toBe(Temporal.PlainDate.from(from).with({ day: 31 }).toString())
      }),
    )
  })

  test('give their ends in order, the one today included', () => {
    expect(monthEndsUpTo('2024-04-29', 3)).toEqual(['2024-01-31', '2024-02-29', '2024-03-31'])
    expect(monthEndsUpTo('2024-02-29', 2)).toEqual(['2024-01-31', '2024-02-29'])
    expect(monthEndsUpTo('2024-02-29', 0)).toEqual([])
  })
})

describe('a working day', () => {
  test.each([
    ['2026-02-16', false, 'a Monday of the Spring Festival'],
    ['2026-02-14', true, 'a Saturday worked in exchange'],
    ['2026-10-10', true, 'a Saturday worked after National Day'],
    ['2026-11-22', false, 'an ordinary Sunday'],
    ['2026-11-23', true, 'an ordinary Monday'],
    ['2003-10-01', true, 'a Wednesday before the known years'],
  ])('%s is %s: %s', (text, works) => {
    expect(isWorkingDay(text, china)).toBe(works)
  })

  test('follows the bank where the bank says otherwise', () => {
    const overrides = new Map([
      ['2026-02-16', 'working'],
      ['2026-02-14', 'holiday'],
    ] as const)
    expect(isWorkingDay('2026-02-16', { ...china, overrides })).toBe(true)
    expect(isWorkingDay('2026-02-14', { ...china, overrides })).toBe(false)
  })

  test('is Monday to Friday without a country, before 1970 too', () => {
    expect(['2026-02-16', '2026-02-14', '1969-12-31', '1969-12-28'].map((text) => isWorkingDay(text, plain))).toEqual([
      true,
      false,
      true,
      false,
    ])
  })

  test('is known for whole years', () => {
    const known = calendarKnownThrough('CN') as string
    expect(known >= '2026-12-31').toBe(true)
    expect(known.endsWith('-12-31')).toBe(true)
    expect(calendarKnownThrough('none')).toBeUndefined()
  })

  // By the almanac: 2030 and 2031 are not arranged, whatever the package has learnt meanwhile.
  test.each([
    [2030, ['01-01', '02-02', '02-03', '02-04', '02-05', '04-05', '05-01', '05-02', '06-05', '09-12', '10-01', '10-02', '10-03']],
    [2031, ['01-01', '01-22', '01-23', '01-24', '01-25', '04-05', '05-01', '05-02', '06-24', '10-01', '10-02', '10-03']],
  ])('has the holidays of %i that need no notice before there is one, and weekends', (year, holidays) => {
    const days = Array.from({ length: 365 }, (_, index) => addDays(`${year}-01-01`, index))
    const off = days.filter((text) => !isWorkingDay(text, china) && isWorkingDay(text, plain)).map((text) => text.slice(5))
    const onWeekdays = holidays.filter((text) => isWorkingDay(`${year}-${text}`, plain))
    expect(off).toEqual(onWeekdays)
    expect(days.some((text) => isArranged(text, china))).toBe(false)
    expect(days.every((text) => isArranged(text, plain))).toBe(true)
  })

  test('is arranged where the State Council has, or the bank', () => {
    expect(['2026-02-16', '2004-01-01', '2003-12-31', '2030-01-02'].map((text) => isArranged(text, china))).toEqual([
      true,
      true,
      false,
      false,
    ])
    const overrides = new Map([['2030-01-02', 'holiday' as const]])
    expect([isArranged('2030-01-02', { ...china, overrides }), isWorkingDay('2030-01-02', { ...china, overrides })]).toEqual([
      true,
      false,
    ])
  })
})

describe('adding working days', () => {
  test('steps over holidays and counts make-up days', () => {
    // 13 February 2026 is a Friday; the 14th is worked, the holidays last from the 15th to the 23rd.
    expect(addWorkingDays('2026-02-13', 1, china)).toBe('2026-02-14')
    expect(addWorkingDays('2026-02-13', 2, china)).toBe('2026-02-24')
    expect(addWorkingDays('2026-02-24', -2, china)).toBe('2026-02-13')
    expect(addWorkingDays('2026-11-22', 0, china)).toBe('2026-11-22')
    expect(nextWorkingDay('2026-02-15', china)).toBe('2026-02-24')
    expect(nextWorkingDay('2026-02-24', china)).toBe('2026-02-24')
  })

  test('is bounded', () => {
    expect(addWorkingDays('2026-01-01', 10_000, plain)).toBe('2064-05-01')
    expect(() => addWorkingDays('2026-01-01', 10_001, plain)).toThrow(RangeError)
    expect(() => addWorkingDays('2026-01-01', 1.5, plain)).toThrow(RangeError)
  })

  test('lands on the working day with exactly that many in between', () => {
    fc.assert(
      fc.property(recentDay, fc.integer({ min: 1, max: 60 }), calendar, (from, count, days) => {
        const to = addWorkingDays(from, count, days)
        const passed = Array.from({ length: daysBetween(from, to) }, (_, index) => addDays(from, index + 1))
        expect(isWorkingDay(to, days)).toBe(true)
        expect(passed.filter((text) => isWorkingDay(text, days))).toHaveLength(count)
      }),
    )
  })

  test('never lands earlier for a later start or a higher count', () => {
    fc.assert(
      fc.property(recentDay, fc.nat(40), fc.integer({ min: -60, max: 60 }), calendar, (from, later, count, days) => {
        expect(addWorkingDays(addDays(from, later), count, days) >= addWorkingDays(from, count, days)).toBe(true)
        expect(addWorkingDays(from, count + 1, days) >= addWorkingDays(from, count, days)).toBe(true)
      }),
    )
  })

  test('is undone by going back from a working day', () => {
    fc.assert(
      fc.property(recentDay, fc.integer({ min: -60, max: 60 }), calendar, (text, count, days) => {
        const from = nextWorkingDay(text, days)
        expect(addWorkingDays(addWorkingDays(from, count, days), -count, days)).toBe(from)
      }),
    )
  })
})

function isSkipped(text: string, timeZone: string): boolean {
  return Temporal.PlainDate.from(text).toZonedDateTime(timeZone).toPlainDate().toString() !== text
}
