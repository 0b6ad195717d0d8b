import { type DomainError, refuseField } from '../kernel/errors.ts'
import type { ProductFamily } from '../organisation/products.ts'
import { companySituations, type CompanySituation, type IncomeBand } from './profiles.ts'

export const lifeStages = ['starter', 'mid_life_high_income', 'retired'] as const

export type LifeStage = (typeof lifeStages)[number]

/** What is decided: the life stage of a person, of whom one holds at most, and the situations of a business, of which several hold at once. */
export const lifeStageSubjects = ['life_stage', 'situation'] as const

export type LifeStageSubject = (typeof lifeStageSubjects)[number]

export const lifeStageCodes = [...lifeStages, ...companySituations] as const

export type AnyLifeStage = LifeStage | CompanySituation

/** Something to offer: what bankers call it, and which of the bank's products it is found among. */
export interface Offer {
  readonly name: string
  readonly family: ProductFamily
  /** Of these products those up to this risk level only. */
  readonly maxRiskLevel?: number | undefined
}

/** Who is in a stage; all of its conditions hold. A situation that bankers name holds without any. */
export interface LifeStageRule {
  readonly stage: AnyLifeStage
  /** In full years. */
  readonly ageFrom?: number | undefined
  readonly ageBelow?: number | undefined
  readonly incomeFrom?: IncomeBand | undefined
  /** Where no situation is named: since the founding day fewer months have passed. */
  readonly foundedWithinMonths?: number | undefined
  readonly offers: readonly Offer[]
}

export interface LifeStagePolicy {
  readonly subject: LifeStageSubject
  readonly version: number
  readonly source: string
  readonly rules: readonly LifeStageRule[]
}

// Stages and what they suggest: practice of Chinese banks. The limits of age, income and founding day have no source and are ours; ages keep to the bands of practice.
const defaultRules: Readonly<Record<LifeStageSubject, readonly LifeStageRule[]>> = {
  life_stage: [
    {
      stage: 'starter',
      ageFrom: 18,
      ageBelow: 30,
      offers: [
        { name: 'flexible saving', family: 'deposit' },
        { name: 'low-risk products', family: 'wealth', maxRiskLevel: 2 },
        { name: 'consumer credit', family: 'loan' },
      ],
    },
    {
      stage: 'mid_life_high_income',
      ageFrom: 30,
      ageBelow: 60,
      incomeFrom: 'high',
      offers: [
        { name: 'stocks', family: 'securities' },
        { name: 'funds', family: 'fund' },
        { name: 'bonds', family: 'securities' },
        { name: 'insurance', family: 'insurance' },
      ],
    },
    {
      stage: 'retired',
      ageFrom: 60,
      offers: [
        { name: 'treasury bonds', family: 'securities', maxRiskLevel: 1 },
        { name: 'time deposits', family: 'deposit' },
      ],
    },
  ],
  situation: [
    { stage: 'opening', foundedWithinMonths: 12, offers: [{ name: 'guaranteed small loans', family: 'loan' }] },
    {
      stage: 'distribution_growth',
      offers: [
        { name: 'retailer card service', family: 'card' },
        { name: 'leasing', family: 'other' },
      ],
    },
    { stage: 'production_growth', offers: [{ name: 'equipment loans', family: 'loan' }] },
    {
      stage: 'product_renewal',
      offers: [
        { name: 'advice', family: 'other' },
        { name: 'equipment loans', family: 'loan' },
      ],
    },
    {
      stage: 'export',
      offers: [
        { name: 'export finance', family: 'loan' },
        { name: 'letters of credit', family: 'settlement' },
      ],
    },
    {
      stage: 'employees',
      offers: [
        { name: 'insurance', family: 'insurance' },
        { name: 'pension', family: 'insurance' },
      ],
    },
    {
      stage: 'acquisition',
      offers: [
        { name: 'financial advice', family: 'other' },
        { name: 'equity finance', family: 'other' },
      ],
    },
  ],
}

/** What holds where a bank has configured nothing. */
export function defaultLifeStagePolicy(subject: LifeStageSubject): LifeStagePolicy {
  return { subject, version: 0, source: 'industry practice; limits are product defaults', rules: defaultRules[subject] }
}

/** Why these are no rules of the subject, or undefined. */
export function lifeStageRulesRefusal(subject: LifeStageSubject, rules: readonly LifeStageRule[]): DomainError | undefined {
  const refuse = (place: number, field: string, rule: string, message: string) =>
    refuseField('invalid_input', `rules/${place}/${field}`, rule, message)
  for (const [place, { stage, ageFrom, ageBelow, incomeFrom, foundedWithinMonths }] of rules.entries()) {
    const ofSubject: readonly string[] = subject === 'life_stage' ? lifeStages : companySituations
    if (!ofSubject.includes(stage)) return refuse(place, 'stage', 'subject', `${stage} is not a ${subject}.`)
    if (rules.findIndex((one) => one.stage === stage) !== place)
      return refuse(place, 'stage', 'duplicate', 'A life stage can have only one rule.')
    if (subject === 'life_stage' && foundedWithinMonths !== undefined)
      return refuse(place, 'foundedWithinMonths', 'subject', 'foundedWithinMonths is not allowed for a person.')
    const ofPersons = { ageFrom, ageBelow, incomeFrom }
    const personal = Object.entries(ofPersons).find(([, value]) => value !== undefined)
    if (subject === 'situation' && personal) return refuse(place, personal[0], 'subject', 'Not allowed for a company.')
    if (ageFrom !== undefined && ageBelow !== undefined && ageBelow <= ageFrom)
      return refuse(place, 'ageBelow', 'period', 'The upper bound must be above the lower bound.')
  }
  return undefined
}
