import { requireEffectiveOn } from '../../../src/core/kernel/policies.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays, type Day } from '../../../src/core/kernel/calendar.ts'
import { distances, thresholdDistance, tierProblems } from '../../../src/core/segmentation/tiers.ts'
import { graceEnds, graceLeft, nextTierState, rankOf, type TierState } from '../../../src/core/segmentation/tier-states.ts'
import { requireOverridePeriod } from '../../../src/core/segmentation/tier-overrides.ts'
import { refusal } from '../refusals.ts'

const today = '2026-11-22'
const good = {
  graceDays: 90,
  thresholds: [
    { code: 'c', name: 'C', from: '1000', upgradeMargin: '100', atRiskMargin: '50' },
    { code: 'b', name: 'B', from: '2000.00', upgradeMargin: '1000' },
    { code: 'a', name: 'A', from: '5000.50', atRiskMargin: '10' },
  ],
  subtrees: [],
}
const checking = {
  kinds: ['individual'] as const,
  measure: 'aum',
  currency: 'CNY' as const,
  institution: (code: string) => code === 'B1',
}
const faults = (change: object = {}, other: object = {}): string[] =>
  tierProblems({ ...good, ...change }, { ...checking, ...other }).map(({ pointer, rule }) => `${pointer} ${rule}`)
const lines = (...from: (string | [string, object])[]) =>
  from.map((one, index) => ({
    code: `t${index}`,
    name: `T${index}`,
    ...(typeof one === 'string' ? { from: one } : { from: one[0], ...one[1] }),
  }))

describe('a scheme of tiers', () => {
  test('is good with ascending lines and bands that reach no other line', () => {
    expect(faults()).toEqual([])
    expect(faults({ subtrees: [{ institutionCode: 'B1', thresholds: good.thresholds }] })).toEqual([])
    expect(faults({ thresholds: lines('1', '2.5', '3') }, { measure: 'tenure' })).toEqual([])
  })

  test('is refused with every problem named by field and rule', () => {
    expect(faults({}, { kinds: [] })).toEqual(['/kinds empty'])
    expect(faults({}, { kinds: ['company', 'company'] })).toEqual(['/kinds distinct'])
    expect(faults({}, { measure: 'gender' })).toEqual(['/measure unknown_measure'])
    expect(faults({}, { measure: 'nothing' })).toEqual(['/measure unknown_measure'])
    expect(faults({ graceDays: -1 })).toEqual(['/graceDays range'])
    expect(faults({ thresholds: [] })).toEqual(['/thresholds empty'])
    expect(faults({ thresholds: lines(...Array.from({ length: 21 }, (_, index) => `${index}`)) })).toEqual([
      '/thresholds too_many',
    ])
    expect(faults({ thresholds: lines('2', '1') })).toEqual(['/thresholds/1/from order'])
    expect(faults({ thresholds: lines('2', '2.00') })).toEqual(['/thresholds/1/from order'])
    expect(faults({ thresholds: lines('1.001') })).toEqual(['/thresholds/0/from amount'])
    expect(faults({ thresholds: lines('1', 'x') })).toEqual(['/thresholds/1/from amount'])
    expect(faults({ thresholds: lines(['1', { upgradeMargin: '0' }]) })).toEqual(['/thresholds/0/upgradeMargin range'])
    expect(faults({ thresholds: lines('10', ['20', { upgradeMargin: '10.01' }]) })).toEqual([
      '/thresholds/1/upgradeMargin margin',
    ])
    expect(faults({ thresholds: lines(['10', { atRiskMargin: '10.01' }], '20') })).toEqual(['/thresholds/0/atRiskMargin margin'])
    expect(faults({ thresholds: [...lines('1'), { code: 't0', name: 'again', from: '2' }] })).toEqual([
      '/thresholds/1/code duplicate',
    ])
    expect(faults({ subtrees: [{ institutionCode: 'X', thresholds: good.thresholds }] })).toEqual([
      '/subtrees/0/institutionCode unknown_institution',
    ])
    expect(faults({ subtrees: [{ institutionCode: 'B1', thresholds: good.thresholds.toReversed() }] })).toContain(
      '/subtrees/0/thresholds tiers',
    )
    expect(
      faults({
        subtrees: [
          { institutionCode: 'B1', thresholds: good.thresholds },
          { institutionCode: 'B1', thresholds: good.thresholds },
        ],
      }),
    ).toEqual(['/subtrees/1/institutionCode duplicate'])
  })

  test('has versions that begin today or later, no two on one day', () => {
    expect(refusal(() => requireEffectiveOn(today, today, []))).toBeUndefined()
    expect(refusal(() => requireEffectiveOn('2026-11-21', today, []))).toEqual(['outside_period', '/effectiveOn', 'effective_on'])
    expect(refusal(() => requireEffectiveOn('2026-12-01', today, ['2026-12-01']))).toEqual([
      'period_overlap',
      '/effectiveOn',
      'effective_on',
    ])
  })
})

const standing = fc.record({
  place: fc.option(fc.nat({ max: 4 })),
  belowSince: fc.option(fc.nat({ max: 200 }).map((n) => addDays(today, -n))),
})
const moving = fc.record({
  fit: fc.nat({ max: 4 }),
  held: standing,
  override: fc.constant(null),
  released: fc.constant(false),
  graceDays: fc.nat({ max: 120 }),
  today: fc.constant(today),
})

describe('the tier that follows', () => {
  test('goes up at once, and never up without reason', () => {
    fc.assert(
      fc.property(moving, (one) => {
        const next = nextTierState(one)
        if (one.held.place === null || one.fit >= one.held.place) expect(next).toEqual({ place: one.fit, belowSince: null })
        else expect(next.place).toBeLessThanOrEqual(one.held.place)
      }),
    )
  })

  test('is the one that fits or the one that was held, and a shortfall is noted exactly while it is held', () => {
    fc.assert(
      fc.property(moving, (one) => {
        const next = nextTierState(one)
        expect([one.fit, one.held.place]).toContain(next.place)
        expect(next.belowSince !== null).toBe(next.place! > one.fit)
      }),
    )
  })

  test('goes down after the days of grace without a break, counted day by day', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 80 }), fc.nat({ max: 10 }), (fits, graceDays) => {
        let held: TierState = { place: 3, belowSince: null }
        let run = 0
        fits.forEach((fit, index) => {
          const before = held
          held = nextTierState({ fit, held, override: null, released: false, graceDays, today: addDays(today, index) })
          run = fit < before.place! ? run + 1 : 0
          if (run > graceDays) {
            expect(held.place).toBe(fit)
            run = 0
          } else expect(held.place).toBe(Math.max(fit, before.place!))
        })
      }),
    )
  })

  test('is what somebody set, and what fits once that has ended', () => {
    fc.assert(
      fc.property(moving, fc.nat({ max: 4 }), (one, override) => {
        expect(nextTierState({ ...one, override })).toEqual({ place: override, belowSince: null })
        expect(nextTierState({ ...one, released: true })).toEqual({ place: one.fit, belowSince: null })
      }),
    )
  })
})

describe('nearness to a line', () => {
  const three = [
    { from: 1000n, upgradeMargin: 100n, atRiskMargin: 200n },
    { from: 2000n, upgradeMargin: null, atRiskMargin: 100n },
    { from: 5000n, upgradeMargin: 3000n, atRiskMargin: null },
  ]

  test('counts below the next line for those who have not its tier, and above the own line', () => {
    expect(thresholdDistance(900n, 0, three, 'upgrade_candidate')).toEqual({ line: 1, distance: 100n })
    expect(thresholdDistance(899n, 0, three, 'upgrade_candidate')).toBeUndefined()
    expect(thresholdDistance(950n, 1, three, 'upgrade_candidate')).toBeUndefined()
    expect(thresholdDistance(1950n, 1, three, 'upgrade_candidate')).toBeUndefined()
    expect(thresholdDistance(2000n, 2, three, 'upgrade_candidate')).toEqual({ line: 3, distance: 3000n })
    expect(thresholdDistance(1000n, 1, three, 'at_risk')).toEqual({ line: 1, distance: 0n })
    expect(thresholdDistance(1199n, 1, three, 'at_risk')).toEqual({ line: 1, distance: 199n })
    expect(thresholdDistance(1200n, 1, three, 'at_risk')).toBeUndefined()
    expect(thresholdDistance(6000n, 3, three, 'at_risk')).toBeUndefined()
    expect(thresholdDistance(null, 0, three, 'upgrade_candidate')).toBeUndefined()
  })

  test('agrees with the distances to the next line and the own one', () => {
    expect(distances(1950n, 1, [1000n, 2000n])).toEqual({ up: 50n, down: 950n })
    expect(distances(900n, 1, [1000n, 2000n])).toEqual({ up: 100n, down: -100n })
    expect(distances(2500n, 0, [1000n, 2000n])).toEqual({ up: null, down: null })
    expect(distances(null, 1, [1000n])).toEqual({ up: null, down: null })
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 7000n }), (value) => {
        const place = rankOf(
          value,
          three.map(({ from }) => from),
        )
        const near = thresholdDistance(value, place, three, 'upgrade_candidate')
        const { up } = distances(
          value,
          place,
          three.map(({ from }) => from),
        )
        if (near) expect(near.distance).toBe(up)
      }),
    )
  })

  test('leaves so many days of grace', () => {
    const since: Day = '2026-11-01'
    expect(graceEnds(since, 90)).toBe('2027-01-30')
    expect(graceLeft(since, 90, today)).toBe(69)
    expect(graceLeft(since, 10, today)).toBe(0)
  })
})

describe('an override of a tier', () => {
  test('lasts from tomorrow to a year', () => {
    expect(refusal(() => requireOverridePeriod('2026-11-23', today))).toBeUndefined()
    expect(refusal(() => requireOverridePeriod('2027-11-22', today))).toBeUndefined()
    expect(refusal(() => requireOverridePeriod(today, today))).toEqual(['outside_period', '/endsOn', 'period'])
    expect(refusal(() => requireOverridePeriod('2027-11-23', today))).toEqual(['outside_period', '/endsOn', 'period'])
  })
})
