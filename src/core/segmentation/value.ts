import type { FactName } from './facts.ts'

/** Channels and types of transactions that cost something. */
export const costChannels = ['counter', 'atm', 'pos', 'online', 'mobile', 'phone', 'wechat', 'tv', 'other'] as const
export type CostChannel = (typeof costChannels)[number]
export const costTypes = ['query', 'transfer', 'payment', 'bill', 'cash', 'interest', 'fee', 'other'] as const
export type CostType = (typeof costTypes)[number]

/** What value is worked out by. Costs are minor units of the base currency. */
export interface ValueRates {
  /** Of one transaction by a channel. */
  readonly channelCost: Readonly<Partial<Record<CostChannel, number>>>
  /** What a transaction of a type costs besides. */
  readonly typeCost: Readonly<Partial<Record<CostType, number>>>
  /** The share of a customer in what the bank costs anyway, a year, by kind. */
  readonly fixedCost: Readonly<Record<'individual' | 'sole_trader' | 'company', number>>
  /** Of customers who stay from one year to the next, 0 to below 1. */
  readonly retention: number
  /** Interest by which a year ahead counts less. */
  readonly discount: number
  /** Years that are looked ahead. */
  readonly years: number
  /** Yearly margin of assets that are won from other banks, and the chance to win them. */
  readonly outsideMargin: number
  readonly outsideChance: number
  /** Yearly margin of assets that grow. */
  readonly growthMargin: number
}

/** What one unit a year is worth over the years ahead: 1 for this year, then less by those who leave and by interest. */
export function annuity({ retention, discount, years }: Pick<ValueRates, 'retention' | 'discount' | 'years'>): number {
  let sum = 0
  for (let year = 0; year < years; year++) sum += (retention / (1 + discount)) ** year
  return sum
}

/** What a unit that is added each year is worth over the years ahead: nothing of it this year, one in the next, two in the one after. */
export function growthAnnuity({ retention, discount, years }: Pick<ValueRates, 'retention' | 'discount' | 'years'>): number {
  let sum = 0
  for (let year = 1; year < years; year++) sum += year * (retention / (1 + discount)) ** year
  return sum
}

/** Facts that lifetime value follows from, in minor units; growth of assets a month. */
export interface LifetimeInputs {
  readonly contribution: bigint
  readonly outsideAssets: bigint
  readonly aumSlope: bigint
}

/** Lifetime value in minor units, with its parts: `realised` is what the customer brings as they are, `latent` what other banks hold, `growth` what the trend of their assets adds. */
export function lifetimeValue(
  { contribution, outsideAssets, aumSlope }: LifetimeInputs,
  rates: ValueRates,
): { readonly realised: bigint; readonly latent: bigint; readonly growth: bigint; readonly total: bigint } {
  const part = (amount: number): bigint => BigInt(Math.round(amount))
  const realised = part(Number(contribution) * annuity(rates))
  const latent = part(Number(outsideAssets) * rates.outsideChance * rates.outsideMargin * annuity(rates))
  const growth = part(Number(aumSlope) * 12 * rates.growthMargin * growthAnnuity(rates))
  return { realised, latent, growth, total: realised + latent + growth }
}

export const lossReasons = ['channel', 'margin', 'idle'] as const
export const lossRemedies = ['channel', 'fee', 'exit'] as const

/** Transactions of a month by channels that mobile banking could take over, by the facts that count them. */
export const movableChannels = {
  counter: 'counterPerMonth',
  atm: 'atmPerMonth',
  pos: 'posPerMonth',
  online: 'onlinePerMonth',
  phone: 'phonePerMonth',
  wechat: 'wechatPerMonth',
  tv: 'tvPerMonth',
} as const satisfies Readonly<Partial<Record<CostChannel, FactName>>>
export type MovableChannel = keyof typeof movableChannels

/** What a transaction would cost less by mobile banking, by the channels that are dearer, in minor units. */
export function savingsOfMoving({ channelCost }: Pick<ValueRates, 'channelCost'>): ReadonlyMap<MovableChannel, number> {
  const channels = Object.keys(movableChannels) as MovableChannel[]
  const savings = channels.map((channel) => [channel, (channelCost[channel] ?? 0) - (channelCost.mobile ?? 0)] as const)
  return new Map(savings.filter(([, saving]) => saving > 0))
}

/**
 * Why a customer brings less than serving them costs, and the way out. Costly channels with enough transactions to move to cheap ones: move them. Business with the bank
 * but too thin a margin: charge for it. Hardly any business: let go. Undefined for a customer who brings at least what they cost.
 */
export function lossOf(value: {
  readonly income: bigint
  readonly variableCost: bigint
  /** By how much the transactions of a year would cost less by mobile banking. */
  readonly saving: number
  readonly aum: bigint
}):
  | { readonly reason: (typeof lossReasons)[number]; readonly remedy: (typeof lossRemedies)[number]; readonly amount: bigint }
  | undefined {
  const { income, variableCost, saving, aum } = value
  if (income >= variableCost) return undefined
  const amount = variableCost - income
  if (saving >= Number(amount)) return { reason: 'channel', remedy: 'channel', amount }
  if (aum > 0n) return { reason: 'margin', remedy: 'fee', amount }
  return { reason: 'idle', remedy: 'exit', amount }
}

/** Why rates are refused: what is outside its bounds, by field. Undefined where all are sound. */
export function ratesRefusal(rates: ValueRates): { readonly field: string; readonly message: string } | undefined {
  const share = (field: keyof ValueRates, value: number, most: number) =>
    value >= 0 && value <= most ? undefined : { field: `rates/${field}`, message: `Must be between 0 and ${most}.` }
  return (
    share('retention', rates.retention, 0.999) ??
    share('discount', rates.discount, 1) ??
    share('outsideMargin', rates.outsideMargin, 1) ??
    share('outsideChance', rates.outsideChance, 1) ??
    share('growthMargin', rates.growthMargin, 1) ??
    share('years', rates.years, 30)
  )
}
