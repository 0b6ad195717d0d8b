import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  cohortsOf,
  measuredOn,
  periodsAfter,
  periodsBetween,
  startOfPeriod,
} from '../../../src/core/segmentation/analyses/cohorts.ts'
import {
  matrixFacts,
  type MigrationMove,
  orderedMoves,
  migrationStatuses,
  stayedShareOf,
} from '../../../src/core/segmentation/analyses/migration.ts'
import { overlapOf, placesOf } from '../../../src/core/segmentation/analyses/overlap.ts'
import { profileOf } from '../../../src/core/segmentation/analyses/profile.ts'
import { average, percentage, points, ratesOf } from '../../../src/core/segmentation/analyses/profile-rates.ts'
import { checkRule } from '../../../src/core/segmentation/rules/check.ts'
import { evaluateRule } from '../../../src/core/segmentation/rules/evaluate.ts'
import { type FactName, type FactValue, facts } from '../../../src/core/segmentation/facts.ts'
import { elapsedOn } from '../../../src/core/segmentation/elapsed.ts'
import { addDays } from '../../../src/core/kernel/calendar.ts'

const today = '2026-11-22'
const channels = ['E1', 'E2', 'E3']
const schemes = [{ code: 'assets', kinds: ['individual'], tiers: ['silver', 'gold'] }] as const
const groups = profileOf(channels, schemes)
const context = { today, baseCurrency: 'CNY', cut: () => undefined } as const

const day = fc.integer({ min: 0, max: 46_000 }).map((days) => addDays('1901-01-01', days))
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null })
const customer: fc.Arbitrary<Partial<Record<FactName, FactValue>>> = fc.record({
  kind: fc.constantFrom('individual', 'sole_trader', 'company'),
  gender: maybe(fc.constantFrom('male', 'female')),
  birthDate: maybe(day),
  customerSince: maybe(day),
  aum: fc.bigInt({ min: -10n, max: 2_000_000_000n }),
  familiesHeld: fc.subarray(['deposit', 'loan', 'payroll', 'e_channel']),
  families: fc.integer({ min: 0, max: 12 }),
  tiers: fc.constantFrom([], ['assets:silver'], ['assets:gold', 'other:silver']),
  lifecycleStage: maybe(fc.constantFrom('exploration', 'growth', 'maturity', 'decline', 'ended')),
  companySize: maybe(fc.constantFrom('micro', 'small', 'medium', 'large')),
  receivesSalary: fc.boolean(),
  eChannels: fc.subarray(channels),
  eChannelSignUps: fc.integer({ min: 0, max: 9 }),
  eChannelLastUsedOn: maybe(day),
  eChannelEditions: fc.subarray(['query', 'professional']),
  eChannelOrigins: fc.subarray(['customer_initiated', 'recommended']),
})
const subject = (one: Partial<Record<FactName, FactValue>>) => ({
  fact: (name: FactName) => one[name] ?? null,
  since: () => null,
  listed: () => false,
  chance: () => 0,
})

describe('the groups of a profile', () => {
  test('are rules that the language takes', () => {
    for (const { name, cells } of groups)
      for (const { key, rule, denominator } of cells)
        for (const one of denominator ? [rule, denominator] : [rule])
          expect(
            checkRule(one, { baseCurrency: 'CNY', segment: () => undefined, institution: () => false }).problems,
            `${name} ${key}`,
          ).toBeUndefined()
  })

  test('put everybody of whom shares are taken into one cell where they are exclusive and whole, and nobody else into any', () => {
    const whole = [
      'age',
      'gender',
      'kind',
      'tenure',
      'families',
      'lifecycle_stage',
      'tier',
      'company_size',
      'company_assets',
      'e_breadth',
      'e_use',
    ]
    fc.assert(
      fc.property(customer, (one) => {
        const meets = (rule: Parameters<typeof evaluateRule>[0]) => evaluateRule(rule, subject(one), context) === true
        for (const { name, cells, exclusive } of groups) {
          const inside = cells.filter(({ rule }) => meets(rule))
          for (const { denominator } of inside) if (denominator) expect(meets(denominator), name).toBe(true)
          if (exclusive) expect(inside.length, name).toBeLessThanOrEqual(1)
          const counted = cells[0] && (cells[0].denominator === undefined || meets(cells[0].denominator))
          if (whole.includes(name)) expect(inside.length, name).toBe(counted ? 1 : 0)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('have the age bands of practice, by completed years', () => {
    const ages = groups.find(({ name }) => name === 'age')!.cells
    const bandOf = (birthDate: string): string | undefined =>
      ages.find(({ rule }) => evaluateRule(rule, subject({ kind: 'individual', birthDate }), context) === true)?.key
    expect(ages.map(({ key }) => key)).toEqual([
      'under_18',
      '18_to_25',
      '25_to_30',
      '30_to_40',
      '40_to_50',
      '50_to_60',
      '60_and_over',
      'unknown',
    ])
    expect(['2008-11-23', '2008-11-22', '2001-11-23', '2001-11-22', '1966-11-23', '1966-11-22'].map(bandOf)).toEqual([
      'under_18',
      '18_to_25',
      '18_to_25',
      '25_to_30',
      '50_to_60',
      '60_and_over',
    ])
    fc.assert(
      fc.property(day, day, (birthDate, on) => {
        const age = elapsedOn(birthDate, on, 'years')!
        const key = ages.find(
          ({ rule }) => evaluateRule(rule, subject({ kind: 'individual', birthDate }), { ...context, today: on }) === true,
        )!.key
        const [from, to] = key.startsWith('under')
          ? [-Infinity, 18]
          : key === '60_and_over'
            ? [60, Infinity]
            : key.split('_to_').map(Number)
        expect(age >= from! && age < to!, `${birthDate} ${on} ${age} ${key}`).toBe(true)
      }),
    )
  })

  test('tell those with several channels from those who signed up twice for one', () => {
    const { rule } = groups.find(({ name }) => name === 'several_e_channels')!.cells[0]!
    const several = (eChannels: string[]) => evaluateRule(rule, subject({ eChannels, eChannelSignUps: 2 }), context)
    expect([several(['E2']), several(['E1', 'E3']), several(['E1', 'E2', 'E3'])]).toEqual([false, true, true])
    expect(profileOf(['E1'], []).find(({ name }) => name === 'several_e_channels')!.cells).toEqual([])
  })
})

describe('figures', () => {
  test('are null where there is nothing to divide by', () => {
    expect([percentage(1, 3), percentage(0, 5), percentage(0, 0), points(33.3333, null), points(30.1, 10)]).toEqual([
      33.3333,
      0,
      null,
      null,
      20.1,
    ])
    expect([average(5n, 2), average(-5n, 2), average(10n, 3), average(0n, 0)]).toEqual([3n, -3n, 3n, null])
    const none = {
      customers: 0,
      eBankingCustomers: 0,
      accounts: 0,
      eBankingAccounts: 0,
      signUps: 0,
      transactions: 0,
      electronic: 0,
      atAtms: 0,
      transacting: 0,
      ownRates: 0,
      ownRatesWithAtm: 0,
    }
    expect(ratesOf(none).filter(({ value }) => value !== null)).toEqual([])
  })
})

describe('the overlap of segments', () => {
  test('is what sets give', () => {
    const members = fc.array(fc.subarray([0, 1, 2, 3]), { maxLength: 40 })
    fc.assert(
      fc.property(members, (all) => {
        const byMask = Map.groupBy(
          all.map((places) => places.reduce((mask, place) => mask | (1 << place), 0)).filter((mask) => mask > 0),
          (mask) => mask,
        )
        const combinations = [...byMask].map(([mask, list]) => ({ mask, customers: list.length, aum: BigInt(list.length) }))
        const { sizes, pairs } = overlapOf(4, combinations)
        for (const [place, { customers, aum }] of sizes.entries()) {
          expect(customers).toBe(all.filter((places) => places.includes(place)).length)
          expect(aum).toBe(BigInt(customers))
        }
        expect(pairs).toHaveLength(6)
        for (const { first, second, both, either, jaccard } of pairs) {
          expect(both).toBe(all.filter((places) => places.includes(first) && places.includes(second)).length)
          expect(either).toBe(all.filter((places) => places.includes(first) || places.includes(second)).length)
          expect(jaccard === null ? either : jaccard <= 1).toBe(jaccard === null ? 0 : true)
        }
      }),
    )
  })

  test('names the segments of a combination', () => {
    expect([placesOf(0b101, 3), placesOf(0, 3)]).toEqual([[0, 2], []])
  })
})

describe('a migration', () => {
  test('is between facts whose values are known', () => {
    expect(matrixFacts).toContain('lifecycleStage')
    expect(matrixFacts).not.toContain('industry')
    expect(matrixFacts.every((name) => facts[name].type === 'enum')).toBe(true)
  })

  test('stands in the order of the states, and tells who stayed', () => {
    const move = (
      fromStatus: MigrationMove['fromStatus'],
      from: string | null,
      toStatus: MigrationMove['toStatus'],
      to: string | null,
    ): MigrationMove => ({
      fromStatus,
      from,
      toStatus,
      to,
      customers: 2,
      aumBefore: 0n,
      aumAfter: 0n,
      unconvertedBefore: 0,
      unconvertedAfter: 0,
      reconstructedFrom: false,
      reconstructedTo: false,
    })
    const moves = orderedMoves(
      [
        move('not_yet_customer', null, 'in_state', 'y'),
        move('in_state', 'y', 'in_state', 'x'),
        move('in_state', 'x', 'left_bank', null),
        move('in_state', 'x', 'in_state', 'x'),
      ],
      ['x', 'y'],
    )
    expect(moves.map(({ from, to }) => [from, to])).toEqual([
      ['x', 'x'],
      ['x', null],
      ['y', 'x'],
      [null, 'y'],
    ])
    expect(stayedShareOf(moves)).toEqual({ stayed: 2, both: 4 })
    expect(migrationStatuses[0]).toBe('in_state')
  })
})

describe('cohorts', () => {
  test('begin and end with their periods', () => {
    expect([startOfPeriod('2026-05-31', 'month'), startOfPeriod('2026-05-31', 'quarter')]).toEqual(['2026-05-01', '2026-04-01'])
    expect([periodsAfter('2025-10-01', 2, 'quarter'), periodsBetween('2025-11-30', '2026-04-01', 'quarter')]).toEqual([
      '2026-04-01',
      3,
    ])
    expect(measuredOn('2026-09-01', 12, 'month', today)).toEqual(['2026-09-30', '2026-10-31'])
  })

  test('keep what came less what went, and never more than came where nobody comes back', () => {
    const loss = fc.record({ after: fc.integer({ min: 0, max: 9 }), customers: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(fc.array(loss, { maxLength: 8 }), (losses) => {
        const size = losses.reduce((sum, { customers }) => sum + customers, 3)
        const cohort = '2025-06-01'
        const [found] = cohortsOf(
          [
            { cohort, after: null, change: size, reconstructed: false },
            { cohort, after: 0, change: size, reconstructed: false },
            ...losses.map(({ after, customers }) => ({ cohort, after, change: -customers, reconstructed: false })),
          ],
          { from: cohort, cohorts: 1, periods: 9, period: 'month', today },
        )
        const retained = found!.cells.map((cell) => cell.retained)
        expect(found!.size).toBe(size)
        expect(retained.at(-1)).toBe(3)
        expect(retained.every((count, index) => count <= (retained[index - 1] ?? size))).toBe(true)
        expect(found!.cells.reduce((sum, { churned }) => sum + churned, 0)).toBe(size - 3)
      }),
    )
  })
})
