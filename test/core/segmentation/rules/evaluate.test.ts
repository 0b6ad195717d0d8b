import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays } from '../../../../src/core/kernel/calendar.ts'
import { type FactName, type FactValue } from '../../../../src/core/segmentation/facts.ts'
import { elapsedOn, latestDaySince } from '../../../../src/core/segmentation/elapsed.ts'
import { evaluateRule, type Subject, type Truth } from '../../../../src/core/segmentation/rules/evaluate.ts'
import { ruleDay } from '../../../../src/core/segmentation/rules/resolve.ts'
import { canonicalRule, inlineSegments, type Rule, type RuleDay } from '../../../../src/core/segmentation/rules/rule.ts'
import { rule, ruleContext, subject, today } from './arbitraries.ts'

const customer = (values: Readonly<Partial<Record<FactName, FactValue>>>, more: Partial<Subject> = {}): Subject => ({
  fact: (name) => values[name] ?? null,
  since: () => null,
  listed: () => false,
  chance: () => 50,
  ...more,
})
const ask = (one: object, values: Readonly<Partial<Record<FactName, FactValue>>> = {}, more: Partial<Subject> = {}): Truth =>
  evaluateRule(one as Rule, customer(values, more), ruleContext)

const truths: readonly Truth[] = [true, false, null]
/** A condition of each truth, where `products` is 1 and `families` is missing. */
const saying = (truth: Truth): object => (truth === null ? { fact: 'families', eq: 1 } : { fact: 'products', eq: truth ? 1 : 2 })

describe('three-valued logic', () => {
  const and = (one: Truth, other: Truth): Truth =>
    one === false || other === false ? false : one === null || other === null ? null : true
  const or = (one: Truth, other: Truth): Truth =>
    one === true || other === true ? true : one === null || other === null ? null : false

  test.each(truths.flatMap((one) => truths.map((other) => [one, other] as const)))('of %s and %s', (one, other) => {
    expect(ask({ all: [saying(one), saying(other)] }, { products: 1 })).toBe(and(one, other))
    expect(ask({ any: [saying(one), saying(other)] }, { products: 1 })).toBe(or(one, other))
  })

  test.each(truths)('of not %s', (one) => {
    expect(ask({ not: saying(one) }, { products: 1 })).toBe(one === null ? null : !one)
  })

  test('lets a missing fact satisfy only exists: false', () => {
    for (const [fact, given] of [
      ['aum', '1.00'],
      ['age', 1],
      ['birthDate', '2000-01-01'],
      ['receivesSalary', true],
      ['gender', 'male'],
    ] as const)
      for (const operator of ['eq', 'ne']) {
        expect(ask({ fact, [operator]: given })).toBe(null)
        expect(ask({ not: { fact, [operator]: given } })).toBe(null)
      }
    expect(ask({ fact: 'age', in: [1] })).toBe(null)
    expect(ask({ fact: 'age', between: [0, 200] })).toBe(null)
    expect(ask({ fact: 'needs', overlaps: ['car'] })).toBe(null)
    expect(ask({ fact: 'aum', percentile: { gte: 0 } })).toBe(null)
    expect(ask({ fact: 'aum', exists: false })).toBe(true)
    expect(ask({ fact: 'aum', exists: true })).toBe(false)
  })

  test('keeps the laws of De Morgan, whatever the rules and the customer', () => {
    fc.assert(
      fc.property(rule, rule, subject, (one, other, somebody) => {
        const say = (part: object): Truth => evaluateRule(part as Rule, somebody, ruleContext)
        expect(say({ not: { all: [one, other] } })).toBe(say({ any: [{ not: one }, { not: other }] }))
        expect(say({ not: { not: one } })).toBe(say(one))
        expect(say({ all: [one, other] })).toBe(say({ all: [other, one] }))
      }),
    )
  })
})

describe('a boundary', () => {
  test.each<[string, object, Partial<Record<FactName, FactValue>>, Truth]>([
    ['between includes both ends: low', { fact: 'aum', between: ['1.00', '2.00'] }, { aum: 100n }, true],
    ['between includes both ends: high', { fact: 'aum', between: ['1.00', '2.00'] }, { aum: 200n }, true],
    ['beyond between', { fact: 'aum', between: ['1.00', '2.00'] }, { aum: 201n }, false],
    ['equal bounds', { fact: 'age', between: [18, 18] }, { age: 18 }, true],
    ['gt leaves its line out', { fact: 'aum', gt: '1.00' }, { aum: 100n }, false],
    ['gte has its line in', { fact: 'aum', gte: '1.00' }, { aum: 100n }, true],
    ['a negative zero', { fact: 'aumChange90', eq: 0 }, { aumChange90: -0 }, true],
    ['beyond 2^53', { fact: 'aum', gt: '90071992547409.92' }, { aum: 2n ** 53n + 1n }, true],
    ['an empty set overlaps nothing', { fact: 'needs', overlaps: ['car'] }, { needs: [] }, false],
    ['an empty set exists', { fact: 'needs', exists: true }, { needs: [] }, true],
    ['percentile 0 is the least value', { fact: 'aum', percentile: { gte: 0 } }, { aum: -500_000n }, true],
    ['percentile 100 is the greatest', { fact: 'aum', percentile: { lte: 100 } }, { aum: 500_000n }, true],
    ['a percentile that is not known', { fact: 'products', percentile: { gte: 0 } }, { products: 1 }, null],
    [
      'a percentile within a subtree that is not known',
      { fact: 'aum', percentile: { institution: 'B2', gte: 0 } },
      { aum: 1n },
      null,
    ],
  ])('%s', (_what, one, values, wanted) => {
    expect(ask(one, values)).toBe(wanted)
  })

  test.each<[string, string, number]>([
    ['2000-11-23', '2026-11-22', 25],
    ['2000-11-22', '2026-11-22', 26],
    ['2000-02-29', '2025-02-28', 24],
    ['2000-02-29', '2025-03-01', 25],
    ['2000-02-29', '2024-02-29', 24],
  ])('of age: born on %s, on %s %d years old', (born, on, years) => {
    expect(elapsedOn(born, on, 'years')).toBe(years)
  })

  test.each<[string, string, number]>([
    ['2026-01-31', '2026-02-28', 0],
    ['2026-01-31', '2026-03-01', 1],
    ['2026-01-28', '2026-02-28', 1],
    ['2025-12-31', '2026-12-30', 11],
  ])('of months since %s, on %s: %d', (since, on, months) => {
    expect(elapsedOn(since, on, 'months')).toBe(months)
  })

  test.each<[RuleDay, string]>([
    [{ days: 0 }, '2024-03-31'],
    [{ days: -31 }, '2024-02-29'],
    [{ months: -1 }, '2024-02-29'],
    [{ months: 1 }, '2024-04-30'],
    [{ years: -1 }, '2023-03-31'],
    [{ monthEnd: 0 }, '2024-03-31'],
    [{ monthEnd: -1 }, '2024-02-29'],
    [{ monthEnd: -13 }, '2023-02-28'],
    ['2024-02-29', '2024-02-29'],
  ])('of the day %j from 2024-03-31: %s', (day, wanted) => {
    expect(ruleDay(day, '2024-03-31')).toBe(wanted)
  })

  test('of what has gone by lies between the latest day that reaches it and the next', () => {
    const elapsed = fc.constantFrom('years' as const, 'months' as const, 'days' as const)
    const on = fc.constantFrom('2024-02-29', '2026-02-28', '2026-12-31', '2026-03-01', today)
    fc.assert(
      fc.property(elapsed, on, fc.integer({ min: -30, max: 1_000 }), (unit, day, count) => {
        const latest = latestDaySince(count, day, unit)
        if (latest === null) return
        expect(elapsedOn(latest, day, unit)).toBeGreaterThanOrEqual(count)
        expect(elapsedOn(addDays(latest, 1), day, unit)).toBeLessThan(count)
      }),
    )
    expect(latestDaySince(227, today, 'years')).toBe(null)
    expect(latestDaySince(-1e300, today, 'days')).toBe('9999-12-31')
  })

  test('of days until: today counts, yesterday is gone', () => {
    expect(elapsedOn(today, today, 'days_until')).toBe(0)
    expect(elapsedOn(addDays(today, -1), today, 'days_until')).toBe(null)
  })

  test('of what has been: on the day itself', () => {
    const been = { hasBeen: { fact: 'aum', exists: true }, days: 30 }
    expect(ask(been, {}, { since: () => addDays(today, -30) })).toBe(true)
    expect(ask(been, {}, { since: () => addDays(today, -29) })).toBe(false)
    expect(ask(been, {}, { since: () => null })).toBe(false)
    expect(ask(been, {}, { since: () => undefined })).toBe(null)
  })

  test('of a bucket: from is in, to is not, and buckets that meet hold everybody once', () => {
    const bucket = (from: number, to: number) => ({ bucket: { seed: 's', from, to } })
    expect(ask(bucket(50, 60), {}, { chance: () => 50 })).toBe(true)
    expect(ask(bucket(40, 50), {}, { chance: () => 50 })).toBe(false)
    fc.assert(
      fc.property(fc.double({ min: 0, max: 99.999999, noNaN: true }), (chance) => {
        const tenths = Array.from({ length: 10 }, (_, tenth) =>
          ask(bucket(tenth * 10, tenth * 10 + 10), {}, { chance: () => chance }),
        )
        expect(tenths.filter(Boolean)).toHaveLength(1)
      }),
    )
  })
})

describe('one text of a rule', () => {
  test('does not depend on the order of keys, but on what is said', () => {
    expect(canonicalRule({ fact: 'aum', gte: '1' })).toBe(canonicalRule({ gte: '1', fact: 'aum' }))
    expect(canonicalRule({ all: [{ fact: 'aum', gte: '1' }] })).not.toBe(canonicalRule({ all: [{ fact: 'aum', gte: '2' }] }))
  })

  test('of inlined segments holds their rules, and lists by their numbers', () => {
    const meaning = (id: string) => (id === 'a' ? { rule: { not: { segment: 'b' } } as Rule } : { number: 4 })
    expect(inlineSegments({ any: [{ segment: 'a' }, { segment: 'b' }] }, meaning)).toEqual({
      any: [{ not: { listed: 4 } }, { listed: 4 }],
    })
  })
})
