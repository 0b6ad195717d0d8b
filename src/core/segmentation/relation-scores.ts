import { type CurrencyCode, currencyExponent } from '../kernel/currencies.ts'
import type { InputProblem } from '../kernel/errors.ts'
import { type FactName, facts, type FactValue, isFact } from './facts.ts'

export const relationScoreKinds = ['satisfaction', 'loyalty', 'contribution', 'dependence'] as const
export type RelationScoreKind = (typeof relationScoreKinds)[number]

/**
 * A part of a score. Its points run from 0 to 100, evenly between two values of the fact; a truth is worth all or nothing; of a `percentile` the points are where the
 * customer stands among all active customers.
 */
export interface ScorePart {
  readonly fact: FactName
  readonly weight: number
  readonly by: 'scale' | 'boolean' | 'percentile'
  /** Of a scale: the value that is worth nothing, and the one that is worth all. Amounts in units of the base currency. */
  readonly zeroAt?: number | undefined
  readonly fullAt?: number | undefined
}

export type ScoreParts = Readonly<Record<RelationScoreKind, readonly ScorePart[]>>

const scale = (fact: FactName, weight: number, zeroAt: number, fullAt: number): ScorePart => ({
  fact,
  weight,
  by: 'scale',
  zeroAt,
  fullAt,
})

// The four scores: practice of Chinese banks. Parts, weights and scales have no source and are ours.
export const defaultScoreParts: ScoreParts = {
  satisfaction: [
    scale('lastCsat', 30, 1, 5),
    scale('lastNps', 30, 0, 10),
    scale('openComplaints', 15, 2, 0),
    scale('complaints365', 15, 5, 0),
    scale('commitmentFulfilmentRate', 10, 50, 100),
  ],
  loyalty: [
    scale('tenure', 30, 0, 120),
    scale('families', 20, 0, 5),
    scale('aumChange365', 20, -50, 50),
    scale('recency', 15, 365, 0),
    { fact: 'receivesSalary', weight: 15, by: 'boolean' },
  ],
  contribution: [{ fact: 'profit', weight: 70, by: 'percentile' }, scale('monetaryScore', 30, 1, 5)],
  dependence: [
    scale('products', 30, 0, 6),
    { fact: 'receivesSalary', weight: 25, by: 'boolean' },
    scale('eChannelSubstitution', 20, 0, 100),
    scale('transactionsPerMonth', 25, 0, 20),
  ],
}

/** What is wrong with the parts of scores; nothing where they are good. */
export function scoreProblems(
  parts: Readonly<Record<RelationScoreKind, readonly (Omit<ScorePart, 'fact'> & { readonly fact: string })[]>>,
): readonly InputProblem[] {
  return relationScoreKinds.flatMap((kind) => {
    const list = parts[kind]
    const sum = list.reduce((total, { weight }) => total + weight, 0)
    return [
      ...(sum === 100
        ? []
        : [{ pointer: `/${kind}`, rule: 'weights', message: `The weights add up to ${sum}; they must add up to 100.` }]),
      ...list.flatMap(({ fact, by, zeroAt, fullAt }, index) => {
        const problem = (field: string, rule: string, message: string) => [
          { pointer: `/${kind}/${index}/${field}`, rule, message },
        ]
        if (!isFact(fact)) return problem('fact', 'unknown_fact', `There is no fact ${fact}.`)
        const ordered = facts[fact].type === 'number' || facts[fact].type === 'money'
        if (by === 'boolean' ? facts[fact].type !== 'boolean' : !ordered)
          return problem('by', 'type', `${fact} has the type ${facts[fact].type}, which cannot be used here.`)
        const scaled = zeroAt !== undefined && fullAt !== undefined && zeroAt !== fullAt
        if ((by === 'scale') !== scaled)
          return problem(
            'fullAt',
            'scale',
            'zeroAt and fullAt are required for a scale, and must differ; they are not allowed otherwise.',
          )
        return []
      }),
    ]
  })
}

export interface ScoredPart extends ScorePart {
  /** The value of the fact in its unit; null where it is missing. */
  readonly value: FactValue
  /** 0 to 100; null where the fact is missing, which leaves the part out of the score. */
  readonly points: number | null
}

export interface RelationScore {
  readonly score: number | null
  /** How much of the weights rests on facts that are there, in percent. */
  readonly known: number
  readonly parts: readonly ScoredPart[]
}

/** A score from its parts: the average of the points that are known, by weight. `percentile` tells where a value stands among all customers; undefined where that is not worked out. */
export function scoreOf(
  parts: readonly ScorePart[],
  value: (fact: FactName) => FactValue,
  percentile: (fact: FactName, value: FactValue) => number | undefined,
  currency: CurrencyCode,
): RelationScore {
  const scored = parts.map((part): ScoredPart => {
    const found = value(part.fact)
    return { ...part, value: found, points: found === null ? null : pointsOf(part, found, percentile, currency) }
  })
  const counted = scored.filter(({ points }) => points !== null)
  const known = counted.reduce((sum, { weight }) => sum + weight, 0)
  const sum = counted.reduce((total, { weight, points }) => total + weight * points!, 0)
  return { score: known === 0 ? null : Math.round((10 * sum) / known) / 10, known, parts: scored }
}

function pointsOf(
  { fact, by, zeroAt, fullAt }: ScorePart,
  value: FactValue,
  percentile: (fact: FactName, value: FactValue) => number | undefined,
  currency: CurrencyCode,
): number | null {
  if (by === 'boolean') return value === true ? 100 : 0
  if (by === 'percentile') return percentile(fact, value) ?? null
  const number = typeof value === 'bigint' ? Number(value) / 10 ** currencyExponent(currency) : Number(value)
  const share = (number - zeroAt!) / (fullAt! - zeroAt!)
  return Math.round(1000 * Math.min(1, Math.max(0, share))) / 10
}
