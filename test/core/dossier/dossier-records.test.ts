import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  amountsOf,
  checkCreditStanding,
  checkKeyFigure,
  checkNeed,
  checkPrivilegeGrant,
  checkSuitabilityAssessment,
  requireInForce,
  requireOpen,
  suitabilityOf,
  defaultExpiry,
} from '../../../src/core/dossier/dossier-records.ts'
import { addDays } from '../../../src/core/kernel/calendar.ts'
import { formatAmount } from '../../../src/core/kernel/money.ts'
import { refusal } from '../refusals.ts'

const today = '2026-11-22'
const day = fc.integer({ min: -1000, max: 1000 }).map((days) => addDays(today, days))

describe('amounts of a note', () => {
  test('are those that were said, in minor units', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), (minor) => {
        expect(amountsOf(['amount'], { amount: formatAmount(minor, 'CNY'), currency: 'CNY' })).toEqual({ amount: minor })
      }),
    )
    expect(amountsOf(['granted', 'used'], { granted: '100', currency: 'JPY' })).toEqual({ granted: 100n })
    expect(amountsOf(['amount'], {})).toEqual({})
  })

  test.for([
    [{ amount: '1.00' }, '/currency'],
    [{ currency: 'CNY' }, '/amount'],
    [{ amount: '1.005', currency: 'CNY' }, '/amount'],
    [{ amount: '-1.00', currency: 'CNY' }, '/amount'],
    [{ amount: '1', currency: 'USD' }, '/used'],
  ] as const)('%j is refused at %s', ([said, pointer]) => {
    const before = { amount: 5n, used: 3n, currency: 'CNY' }
    expect(refusal(() => amountsOf(['amount', 'used'], said, before))?.slice(0, 2)).toEqual(['invalid_input', pointer])
  })

  test('may change with their currency when all are said anew', () => {
    const before = { amount: 5n, used: 3n, currency: 'CNY' }
    expect(amountsOf(['amount', 'used'], { amount: '1', used: '2', currency: 'JPY' }, before)).toEqual({ amount: 1n, used: 2n })
    expect(amountsOf(['amount', 'used'], { amount: '1', currency: 'CNY' }, before)).toEqual({ amount: 100n })
  })
})

describe('key figures of a year', () => {
  test('may tell of a loss, where all other amounts are not negative', () => {
    const said = { revenue: '5', netProfit: '-3', currency: 'CNY' }
    expect(amountsOf(['revenue', 'netProfit'], said, {}, ['netProfit'])).toEqual({ revenue: 500n, netProfit: -300n })
    expect(refusal(() => amountsOf(['revenue'], { revenue: '-5', currency: 'CNY' }, {}, ['netProfit']))?.[1]).toBe('/revenue')
  })

  test('are of a year that has begun, and at least one', () => {
    expect(refusal(() => checkKeyFigure({ year: 2026, debtRatio: '50' }, today))).toBeUndefined()
    expect(refusal(() => checkKeyFigure({ year: 2027, debtRatio: '50' }, today))?.slice(0, 2)).toEqual([
      'outside_period',
      '/year',
    ])
    expect(refusal(() => checkKeyFigure({ year: 2025 }, today))?.slice(0, 2)).toEqual(['invalid_input', '/revenue'])
  })
})

describe('suitability', () => {
  const assessment = { level: 4, expiresOn: '2027-01-01', firstTimeBuyer: false, status: 'active' }

  test('is the assessed level as long as it holds, the lowest for a first-time buyer, none afterwards', () => {
    expect(suitabilityOf(assessment, today)).toEqual({ valid: true, highestLevel: 4, reason: 'assessed' })
    expect(suitabilityOf({ ...assessment, firstTimeBuyer: true }, today)).toEqual({
      valid: true,
      highestLevel: 1,
      reason: 'first_time_buyer',
    })
    expect(suitabilityOf({ ...assessment, expiresOn: today }, today)).toEqual({
      valid: false,
      highestLevel: null,
      reason: 'expired',
    })
    expect(suitabilityOf({ ...assessment, status: 'ended' }, today)).toEqual({
      valid: false,
      highestLevel: null,
      reason: 'ended',
    })
  })

  test('never lets more through than was assessed, and nothing without a valid assessment', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        day,
        fc.boolean(),
        fc.constantFrom('active', 'ended'),
        (level, expiresOn, firstTimeBuyer, status) => {
          const { valid, highestLevel } = suitabilityOf({ level, expiresOn, firstTimeBuyer, status }, today)
          expect(valid).toBe(status === 'active' && expiresOn > today)
          expect(valid ? highestLevel! <= level && highestLevel! >= 1 : highestLevel === null).toBe(true)
        },
      ),
    )
  })

  test('lasts a year, ends after it began and was not assessed in days to come', () => {
    expect([defaultExpiry('2026-11-22'), defaultExpiry('2024-02-29')]).toEqual(['2027-11-22', '2025-02-28'])
    const told = (assessedOn: string, expiresOn: string) =>
      refusal(() => checkSuitabilityAssessment({ assessedOn, expiresOn }, today))
    expect(told('2026-11-23', '2027-11-23')?.slice(0, 2)).toEqual(['outside_period', '/assessedOn'])
    expect(told('2026-11-22', '2026-11-22')).toEqual(['invalid_input', '/expiresOn', 'period'])
    expect(told('2026-11-22', '2026-11-23')).toBeUndefined()
  })
})

describe('a note', () => {
  test('of a rating names the agency of an outside one, and a line where something is used of it', () => {
    const own = { origin: 'internal', ratedOn: today } as const
    const told = (said: object) => refusal(() => checkCreditStanding({ ...own, ...said }, today))?.slice(0, 2)
    expect(told({})).toBeUndefined()
    expect(told({ origin: 'external' })).toEqual(['invalid_input', '/agency'])
    expect(told({ origin: 'external', agency: '联合资信' })).toBeUndefined()
    expect(told({ agency: '联合资信' })).toEqual(['invalid_input', '/agency'])
    expect(told({ used: '1' })).toEqual(['invalid_input', '/granted'])
    expect(told({ ratedOn: '2026-11-23' })).toEqual(['outside_period', '/ratedOn'])
  })

  test('of a need looks ahead', () => {
    expect(refusal(() => checkNeed({ notedOn: today, horizonOn: '2026-11-21' }))).toEqual([
      'invalid_input',
      '/horizonOn',
      'period',
    ])
    expect(refusal(() => checkNeed({ notedOn: today, horizonOn: null }))).toBeUndefined()
  })

  test('of a privilege is used while it holds only', () => {
    fc.assert(
      fc.property(day, day, day, (startsOn, endsOn, on) => {
        const used = refusal(() => requireInForce({ startsOn, endsOn }, on)) === undefined
        expect(used).toBe(on >= startsOn && on < endsOn)
        expect(refusal(() => requireInForce({ startsOn }, on)) === undefined).toBe(on >= startsOn)
        expect(refusal(() => checkPrivilegeGrant({ startsOn, endsOn })) === undefined).toBe(endsOn >= startsOn)
      }),
    )
  })

  test('that is settled stays as it is', () => {
    expect(['open', 'active', 'met', 'dropped', 'ended'].map((status) => refusal(() => requireOpen(status))?.[0])).toEqual([
      undefined,
      undefined,
      'already_closed',
      'already_closed',
      'already_closed',
    ])
  })
})
