import { describe, expect, test } from 'vitest'
import { historyMonthEnds, knownWhere, neededOf } from '../../../src/core/segmentation/history.ts'

const none = { activity: null, movements: null }

describe('what is known of a day past', () => {
  test('of balances follows from the first day that a fact looks at', () => {
    const day = '2026-03-31'
    expect(knownWhere(['aum'], day, none)?.balancesFrom).toBe('2026-03-31')
    expect(knownWhere(['aumAverage30'], day, none)?.balancesFrom).toBe('2026-03-02')
    expect(knownWhere(['aumChange90'], day, none)?.balancesFrom).toBe('2025-12-31')
    expect(knownWhere(['aumSlope'], day, none)?.balancesFrom).toBe('2025-04-30')
    expect(knownWhere(['aum', 'aumChange365', 'aumPeak60'], day, none)?.balancesFrom).toBe('2025-03-31')
    expect(knownWhere(['gender', 'tenure'], day, none)).toEqual({ balancesFrom: undefined, openings: false, transaction: false })
    expect(knownWhere(['accounts'], day, none)).toMatchObject({ balancesFrom: undefined, openings: true })
  })

  test('of transactions follows from where the feed begins; one that never came lacks nothing', () => {
    const feeds = { activity: '2025-03-01', movements: '2026-01-15' }
    expect(knownWhere(['frequency'], '2026-03-31', feeds)).toBeDefined()
    expect(knownWhere(['frequency'], '2026-02-28', feeds)).toBeUndefined()
    expect(knownWhere(['frequency'], '2026-02-28', { ...feeds, activity: null })).toBeDefined()
    expect(knownWhere(['largestInflow30'], '2026-02-13', feeds)).toBeDefined()
    expect(knownWhere(['largestInflow30'], '2026-02-12', feeds)).toBeUndefined()
    expect(knownWhere(['receivesSalary'], '2026-04-30', feeds)).toBeUndefined()
    expect(knownWhere(['receivesSalary'], '2026-05-31', feeds)).toBeDefined()
    // Whoever has paid has; that others have not is known after a year.
    expect(knownWhere(['recency'], '2026-05-31', feeds)?.transaction).toBe(true)
    expect(knownWhere(['recency'], '2027-01-31', feeds)?.transaction).toBe(false)
    expect(knownWhere(['recencyScore'], '2026-05-31', feeds)?.transaction).toBe(true)
    expect(knownWhere(['frequencyScore'], '2026-02-28', feeds)).toBeUndefined()
  })

  test('is nothing of the dossier, nor of what people and time decide', () => {
    for (const name of [
      'consents',
      'incomeBand',
      'industry',
      'completeness',
      'lifetimeValue',
      'lifecycleStage',
      'nextMaturityOn',
      'lastNps',
    ] as const)
      expect(knownWhere(['aum', name], '2026-03-31', none), name).toBeUndefined()
    expect(neededOf({ all: [{ fact: 'aum', gte: '1' }, { not: { fact: 'age', lt: 18 } }] })).toEqual(['aum', 'age'])
    expect(neededOf({ any: [{ fact: 'aum', gte: '1' }, { listed: 3 }] })).toBeUndefined()
    expect(neededOf({ hasBeen: { fact: 'aum', gte: '1' }, days: 30 })).toBeUndefined()
  })

  test('begins at the end of the month of the oldest row, two years back at most, and ends before today', () => {
    expect(historyMonthEnds('2026-08-31', '2026-11-22')).toEqual(['2026-08-31', '2026-09-30', '2026-10-31'])
    expect(historyMonthEnds('2026-09-01', '2026-10-31')).toEqual(['2026-09-30'])
    expect(historyMonthEnds('2001-01-01', '2026-11-22')).toHaveLength(24)
    expect(historyMonthEnds('2026-11-03', '2026-11-22')).toEqual([])
    expect(historyMonthEnds(null, '2026-11-22')).toEqual([])
  })
})
