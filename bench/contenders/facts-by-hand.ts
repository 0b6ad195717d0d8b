import { readFileSync } from 'node:fs'
import { type Day, monthEndsUpTo } from '../../src/core/kernel/calendar.ts'

/** Rates of the bank, as its policy holds them. */
interface Rates {
  readonly channelCost: Readonly<Record<string, number>>
  readonly typeCost: Readonly<Record<string, number>>
  readonly fixedCost: Readonly<Record<string, number>>
  readonly retention: number
  readonly discount: number
  readonly years: number
  readonly outsideMargin: number
  readonly outsideChance: number
  readonly growthMargin: number
}

const MONTHS = 12

/** The statement that works out the facts of everybody at once, and its values. */
export const factsByHand = readFileSync(new URL('facts-by-hand.sql', import.meta.url), 'utf8')

export function valuesByHand(today: Day, baseCurrency: string, rates: Rates, now: string): unknown[] {
  const weights = [0]
  for (let month = 1; month <= MONTHS; month++) weights.push(weights.at(-1)! + 2 * month - (MONTHS + 1))
  const stay = rates.retention / (1 + rates.discount)
  const years = Array.from({ length: rates.years }, (_, year) => year)
  const ahead = years.reduce((sum, year) => sum + stay ** year, 0)
  const growing = years.reduce((sum, year) => sum + year * stay ** year, 0)
  return [
    today,
    baseCurrency,
    ...['counter', 'atm', 'pos', 'online', 'mobile', 'phone', 'wechat', 'tv', 'other'].map(
      (channel) => rates.channelCost[channel],
    ),
    ...['cash', 'bill'].map((type) => rates.typeCost[type]),
    monthEndsUpTo(today, MONTHS),
    weights,
    ...['individual', 'sole_trader', 'company'].map((kind) => rates.fixedCost[kind]),
    ahead,
    rates.outsideChance * rates.outsideMargin * ahead,
    12 * rates.growthMargin * growing,
    now,
  ]
}
