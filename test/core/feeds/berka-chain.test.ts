import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { balanceAt, type Booking, chainAccount, chainDay, monthEnds, rounding } from '../../../examples/berka/chain.ts'
import { monthsLater } from '../../../examples/berka/convert.ts'
import { parseTable } from '../../../examples/berka/files.ts'
import { readingOf } from '../../../examples/berka/mapping.ts'

const booking = (change: number, balance: number, day = '1996-12-31'): Booking => ({
  day,
  change: BigInt(change),
  balance: BigInt(balance),
})
const balances = (bookings: readonly Booking[]): number[] => bookings.map((one) => Number(one.balance))

describe('chaining the bookings of a day', () => {
  const day = [booking(500, 1500), booking(-2000, -500), booking(100, -400), booking(400, 0)]

  test('finds their order from the balance of the day before, whatever the order of the rows', () => {
    for (const shuffled of [day, day.toReversed(), [day[2]!, day[0]!, day[3]!, day[1]!]])
      expect(balances(chainDay(1000n, shuffled))).toEqual([1500, -500, -400, 0])
  })

  test('finds the order of every shuffled day', () => {
    const change = fc.integer({ min: -1_000_000, max: 1_000_000 }).filter((amount) => Math.abs(amount) > Number(rounding))
    const shuffledDay = fc
      .tuple(fc.integer({ min: -500_000, max: 500_000 }), fc.array(change, { minLength: 1, maxLength: 8 }))
      .chain(([opening, changes]) => {
        let at = opening
        const bookings = changes.map((amount) => booking(amount, (at += amount)))
        return fc.shuffledSubarray(bookings, { minLength: bookings.length }).map((shuffled) => ({ opening, end: at, shuffled }))
      })
    fc.assert(
      fc.property(shuffledDay, ({ opening, end, shuffled }) => {
        const order = chainDay(BigInt(opening), shuffled)
        expect(new Set(order)).toEqual(new Set(shuffled))
        expect(Number(order.at(-1)!.balance)).toBe(end)
        let before = BigInt(opening)
        for (const one of order) {
          const missed = before + one.change - one.balance
          expect(missed <= rounding && missed >= -rounding).toBe(true)
          before = one.balance
        }
      }),
    )
  })

  test('goes through days that come back to a balance they had', () => {
    const order = chainDay(0n, [booking(-700, 0), booking(300, 300), booking(-300, 0), booking(700, 700)])
    expect(balances(order).at(-1)).toBe(0)
    expect(balances(order).toSorted((a, b) => a - b)).toEqual([0, 0, 300, 700])
  })

  test('tells equal rows apart and ends with many of them', () => {
    const deposits = Array.from({ length: 16 }, (_, index) => booking(1000, 1000 * (index + 1)))
    expect(balances(chainDay(0n, deposits.toReversed())).at(-1)).toBe(16_000)
  })

  test('allows the tenth by which the bank rounded, and no more', () => {
    expect(balances(chainDay(6_284_650n, [booking(-1460, 6_315_350), booking(32_170, 6_316_810)]))).toEqual([
      6_316_810, 6_315_350,
    ])
    expect(() => chainDay(6_284_650n, [booking(32_170, 6_316_809)])).toThrow('do not follow')
  })

  test('takes the order that misses least where rounding allows several', () => {
    expect(balances(chainDay(0n, [booking(-10, 0), booking(10, 10)]))).toEqual([10, 0])
  })

  test('refuses equally good orders with different ends', () => {
    expect(() => chainDay(0n, [booking(0, 5), booking(0, -5)])).toThrow('different ends')
  })

  test('refuses what does not follow, and more rows than it can look through', () => {
    expect(() => chainDay(0n, [booking(100, 100), booking(100, 400)])).toThrow('do not follow')
    expect(() =>
      chainDay(
        0n,
        Array.from({ length: 17 }, () => booking(0, 0)),
      ),
    ).toThrow('17 bookings')
  })
})

describe('chaining an account', () => {
  test('gives the end of each day in the order of days, below zero too', () => {
    const bookings = [
      booking(-500, -200, '1998-02-03'),
      booking(150, -50, '1998-02-03'),
      booking(-100, 300, '1998-01-31'),
      booking(400, 400, '1998-01-31'),
    ]
    expect(chainAccount(bookings)).toEqual([
      { day: '1998-01-31', balance: 300n },
      { day: '1998-02-03', balance: -50n },
    ])
  })

  test('names the day that does not follow', () => {
    expect(() => chainAccount([booking(100, 100, '1998-01-31'), booking(100, 300, '1998-02-01')])).toThrow(
      '1998-02-01: the balances do not follow',
    )
  })

  test('carries the last balance to the ends of the months after it', () => {
    const ends = chainAccount([booking(400, 400, '1995-11-30'), booking(-50, 350, '1996-01-01')])
    expect(monthEnds('1995-11-30', '1996-02-01').map((day) => [day, balanceAt(ends, day)])).toEqual([
      ['1995-11-30', 400n],
      ['1995-12-31', 400n],
      ['1996-01-31', 350n],
      ['1996-02-29', 350n],
    ])
    expect(balanceAt(ends, '1995-11-29')).toBeUndefined()
  })
})

describe('reading the files', () => {
  test('takes both kinds of separator, quotes and empty fields', () => {
    expect(parseTable('"id","name"\n1,"a, ""b"""\n', ',')).toEqual([{ id: '1', name: 'a, "b"' }])
    expect(parseTable('id;name;account\r\n1; ;\r\n', ';')).toEqual([{ id: '1', name: ' ', account: '' }])
    expect(() => parseTable('id;name\n1\n', ';')).toThrow('line 2 has 1 fields, the header 2')
  })

  test('refuses transactions of a kind that has no reading', () => {
    expect(readingOf({ id: '1', operation: '', symbol: 'interest credited' })).toEqual({
      channel: 'other',
      type: 'interest',
      purpose: 'interest',
    })
    expect(() => readingOf({ id: '7', operation: 'barter', symbol: '' })).toThrow('transaction 7 is of an unknown kind')
  })

  test('ends a loan on the last day of a shorter month', () => {
    expect(monthsLater('1996-01-31', 1)).toBe('1996-02-29')
    expect(monthsLater('1997-12-31', 12)).toBe('1998-12-31')
  })
})
