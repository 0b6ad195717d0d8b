import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import {
  cautionsOf,
  isInBirthdayWindow,
  recognitionOf,
  requireWithinLimit,
  suggestionOf,
} from '../../../src/core/dossier/recognition.ts'

const days = fc
  .date({ min: new Date('1930-01-01'), max: new Date('2060-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

describe('a birthday', () => {
  test.each([
    ['1990-11-22', '2026-11-22', true],
    ['1990-11-15', '2026-11-22', true],
    ['1990-11-14', '2026-11-22', false],
    ['1990-11-29', '2026-11-22', true],
    ['1990-11-30', '2026-11-22', false],
    ['1990-01-02', '2026-12-28', true],
    ['1990-12-30', '2026-01-04', true],
    ['1992-02-29', '2026-02-21', true],
    ['1992-02-29', '2026-03-07', true],
    ['1992-02-29', '2026-03-08', false],
    ['1992-02-29', '2028-03-07', true],
  ])('of %s is near on %s: %s', (birthDate, today, near) => {
    expect(isInBirthdayWindow(birthDate, null, today)).toBe(near)
  })

  test('is near on fifteen days of each year, in a row around it', () => {
    fc.assert(
      fc.property(
        days.filter((day) => !day.endsWith('02-29')),
        fc.integer({ min: 1950, max: 2100 }),
        (birthDate, year) => {
          const birthday = `${year}${birthDate.slice(4)}`
          const near = Array.from({ length: 31 }, (_, index) => index - 15).filter((distance) =>
            isInBirthdayWindow(birthDate, null, addDays(birthday, distance)),
          )
          expect(near).toEqual(Array.from({ length: 15 }, (_, index) => index - 7))
        },
      ),
    )
  })

  test('that is kept as a key date is near by its calendar, whatever the birth date says', () => {
    const moon = Temporal.PlainDate.from('2026-11-25').withCalendar('chinese')
    const lunar = { calendar: 'lunar', leapMonth: false, year: null, recurrence: 'yearly' } as const
    const kept = { ...lunar, month: Number(moon.monthCode.slice(1, 3)), day: moon.day }
    expect(isInBirthdayWindow('1990-05-05', kept, '2026-11-18')).toBe(true)
    expect(isInBirthdayWindow('1990-05-05', kept, '2026-12-02')).toBe(true)
    expect(isInBirthdayWindow('1990-05-05', kept, '2026-11-17')).toBe(false)
    expect(isInBirthdayWindow('1990-12-03', kept, '2026-12-03')).toBe(false)
  })

  test('that is not known is never near', () => {
    expect(isInBirthdayWindow(null, null, '2026-11-22')).toBe(false)
  })
})

describe('a look-up at the counter', () => {
  test('finds one, names two to five, and shows nobody beyond', () => {
    expect([0, 1, 2, 5, 6, 100].map(recognitionOf)).toEqual([
      'unknown',
      'found',
      'multiple',
      'multiple',
      'ambiguous',
      'ambiguous',
    ])
  })

  test('warns of a relation that has ended', () => {
    const of = (status: 'active' | 'closed' | 'prospect', more = {}) =>
      cautionsOf({ status, deceased: false, doNotContact: false, ...more })
    expect([of('closed'), of('active'), of('prospect')]).toEqual([['closed'], [], []])
    expect(of('active', { deceased: true, doNotContact: true })).toEqual(['deceased', 'do_not_contact'])
  })

  test('suggests the open need before what a stage suggests, and nothing to the dead or to former customers', () => {
    const stages = [{ offers: [] }, { offers: [{ name: 'treasury bonds' }, { name: 'time deposits' }] }]
    expect(suggestionOf([], 'home', stages)).toEqual({ basis: 'need', about: 'home' })
    expect(suggestionOf(['do_not_contact'], null, stages)).toEqual({ basis: 'life_stage', about: 'treasury bonds' })
    expect([
      suggestionOf([], null, []),
      suggestionOf(['closed'], 'home', stages),
      suggestionOf(['deceased'], 'home', stages),
    ]).toEqual([null, null, null])
  })

  test('is refused beyond the limit of a minute', () => {
    expect(() => requireWithinLimit(30, 30)).not.toThrow()
    expect(() => requireWithinLimit(31, 30)).toThrow(expect.objectContaining({ code: 'rate_limited' }))
  })
})
