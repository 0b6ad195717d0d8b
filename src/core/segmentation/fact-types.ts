export const factTypes = ['number', 'money', 'day', 'boolean', 'enum', 'set'] as const

export type FactType = (typeof factTypes)[number]

/** What a fact is worked out from. */
export const factSources = [
  'profile',
  'organisation',
  'holdings',
  'balances',
  'movements',
  'activity',
  'dossier',
  'segmentation',
  'follow_up',
  'complaints',
  'surveys',
] as const

export type FactSource = (typeof factSources)[number]

/** When a fact follows what it is worked out from: with every refresh of the customer, with a full refresh, or with the calendar. `planned`: the part that feeds it has not landed. */
export const factFreshness = ['refresh', 'full_refresh', 'daily', 'planned'] as const

export type FactFreshness = (typeof factFreshness)[number]

export const factUnits = [
  'years',
  'months',
  'days',
  'percent',
  'count',
  'per_month',
  'base_currency',
  'base_currency_per_month',
  'ratio',
  'score',
] as const

export type FactUnit = (typeof factUnits)[number]

/** How a fact that moves with the calendar follows from a day that is stored: completed years or months or days since then, or days until then. */
export type Elapsed = 'years' | 'months' | 'days' | 'days_until'

export interface Fact {
  readonly type: FactType
  readonly unit?: FactUnit
  readonly description: string
  readonly source: FactSource
  readonly freshness: FactFreshness
  /** The values of an enum or set where they are known beforehand. */
  readonly values?: readonly string[]
  /** The day from which it follows, as the fact of that name holds it. */
  readonly since?: { readonly fact: string; readonly elapsed: Elapsed }
}

export const fact = (
  type: FactType,
  source: FactSource,
  description: string,
  more: Partial<Pick<Fact, 'unit' | 'values' | 'freshness' | 'since'>> = {},
): Fact => ({
  type,
  source,
  description,
  freshness: 'refresh',
  ...(type === 'money' && { unit: 'base_currency' as const }),
  ...more,
})

export const since = (day: string, elapsed: Elapsed, source: FactSource, description: string, more: Partial<Fact> = {}): Fact =>
  fact('number', source, description, {
    unit: elapsed === 'days_until' ? 'days' : elapsed,
    freshness: 'daily',
    since: { fact: day, elapsed },
    ...more,
  })

export const planned = (type: FactType, source: FactSource, description: string, more: Partial<Fact> = {}): Fact =>
  fact(type, source, description, { ...more, freshness: 'planned' })
