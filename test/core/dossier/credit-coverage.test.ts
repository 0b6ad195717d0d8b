import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coverageOf } from '../../../src/core/dossier/credit-coverage.ts'

describe('coverage', () => {
  test('is of those who are both rated and granted, and says how many are missing', () => {
    expect(coverageOf({ customers: 3, rated: 3, granted: 2, ratedAndGranted: 2 })).toMatchObject({ percent: '66.66', missing: 1 })
    expect(coverageOf({ customers: 0, rated: 0, granted: 0, ratedAndGranted: 0 })).toMatchObject({ percent: null, missing: 0 })
  })

  test('is 100.00 exactly where nobody is missing', () => {
    const count = fc.integer({ min: 1, max: 50_000_000 })
    fc.assert(
      fc.property(count, count, (one, other) => {
        const [ratedAndGranted, customers] = [Math.min(one, other), Math.max(one, other)]
        const { percent, missing } = coverageOf({ customers, rated: customers, granted: customers, ratedAndGranted })
        expect(percent === '100.00').toBe(missing === 0)
      }),
    )
  })
})
