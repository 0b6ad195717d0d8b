import { expect, test } from 'vitest'
import { lossOf, savingsOfMoving } from '../../../src/core/segmentation/value.ts'

test('moving saves what channels cost more than mobile banking, and nothing where they cost less', () => {
  const channelCost = { counter: 800, phone: 300, mobile: 10, wechat: 10, online: 5, other: 900 }
  expect([...savingsOfMoving({ channelCost })]).toEqual([
    ['counter', 790],
    ['phone', 290],
  ])
  expect([...savingsOfMoving({ channelCost: { tv: 30 } })]).toEqual([['tv', 30]])
})

test('a loss has the cause that its way out would mend', () => {
  const value = { income: 100n, variableCost: 400n, saving: 300, aum: 0n }
  expect(lossOf(value)).toEqual({ reason: 'channel', remedy: 'channel', amount: 300n })
  expect(lossOf({ ...value, saving: 299 })).toEqual({ reason: 'idle', remedy: 'exit', amount: 300n })
  expect(lossOf({ ...value, saving: 299, aum: 1n })).toEqual({ reason: 'margin', remedy: 'fee', amount: 300n })
  expect(lossOf({ ...value, income: 400n })).toBeUndefined()
})
