import { addMonths, type Day } from '../kernel/calendar.ts'
import type { CustomerKind } from './customers.ts'
import { suitabilityOf } from './dossier-records.ts'
import type { ProductFamily } from '../organisation/products.ts'
import { type CompanySituation, type IncomeBand, incomeBands } from './profiles.ts'
import type { LifeStageSubject, AnyLifeStage, Offer, LifeStageRule, LifeStagePolicy } from './life-stage-policies.ts'

export interface LifeStageFacts {
  readonly kind: CustomerKind
  readonly birthDate: Day | null
  readonly deceasedOn: Day | null
  readonly foundedOn: Day | null
  readonly incomeBand: IncomeBand | null
  readonly situations: readonly CompanySituation[]
  readonly today: Day
}

/** One of the bank's products that is on sale. */
export interface ProductOnSale {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly family: ProductFamily
  readonly riskLevel: number | null
}

export interface Assessment {
  readonly level: number
  readonly expiresOn: Day
  readonly firstTimeBuyer: boolean
  readonly status: string
}

export const exclusionReasons = ['not_assessed', 'assessment_expired', 'too_risky'] as const

interface Named {
  readonly id: string
  readonly code: string
  readonly name: string
}

export interface SuggestedOffer {
  readonly name: string
  readonly family: ProductFamily
  readonly products: readonly Named[]
  /** Products that would go with it and do not fit the customer, each with why. */
  readonly excluded: readonly (Named & { readonly reason: (typeof exclusionReasons)[number] })[]
}

export const lifeStageBases = ['rule', 'declared', 'no_rule', 'birth_date_unknown', 'deceased', 'nothing_declared'] as const

/** A stage, or that there is none, with what decided on it. */
export interface LifeStageDecision {
  readonly subject: LifeStageSubject
  readonly stage: AnyLifeStage | null
  readonly basis: (typeof lifeStageBases)[number]
  readonly policyVersion: number
  readonly policySource: string
  /** What the decision looked at, by the names of the profile. */
  readonly facts: readonly { readonly field: string; readonly value: string | null }[]
  readonly offers: readonly SuggestedOffer[]
}

/** Full years on a day. Born on 29 February, somebody is a year older on 1 March in common years. */
export function ageOn(birthDate: Day, today: Day): number {
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4))
  return today.slice(5) < birthDate.slice(5) ? years - 1 : years
}

/** The life stage of a person and the situations of a business, each with its basis and what it suggests. A sole trader has both. */
export function lifeStagesOf(
  facts: LifeStageFacts,
  policies: Readonly<Record<LifeStageSubject, LifeStagePolicy>>,
  products: readonly ProductOnSale[],
  assessment: Assessment | null,
): readonly LifeStageDecision[] {
  const offersOf = (rule: LifeStageRule) => rule.offers.map((offer) => suggested(offer, products, assessment, facts.today))
  return [
    ...(facts.kind === 'company' ? [] : [lifeStageOf(facts, policies.life_stage, offersOf)]),
    ...(facts.kind === 'individual' ? [] : situationsOf(facts, policies.situation, offersOf)),
  ]
}

type OffersOf = (rule: LifeStageRule) => readonly SuggestedOffer[]

function lifeStageOf(facts: LifeStageFacts, { version, source, rules }: LifeStagePolicy, offersOf: OffersOf): LifeStageDecision {
  const { birthDate, incomeBand, deceasedOn, today } = facts
  const decided = {
    subject: 'life_stage' as const,
    policyVersion: version,
    policySource: source,
    facts: [
      { field: 'birth_date', value: birthDate },
      { field: 'income_band', value: incomeBand },
    ],
  }
  if (deceasedOn !== null && deceasedOn <= today) return { ...decided, stage: null, basis: 'deceased', offers: [] }
  if (birthDate === null) return { ...decided, stage: null, basis: 'birth_date_unknown', offers: [] }
  const rule = rules.find((one) => inLifeStage(one, ageOn(birthDate, today), incomeBand))
  return rule
    ? { ...decided, stage: rule.stage, basis: 'rule', offers: offersOf(rule) }
    : { ...decided, stage: null, basis: 'no_rule', offers: [] }
}

function inLifeStage(
  { ageFrom = 0, ageBelow = Infinity, incomeFrom }: LifeStageRule,
  age: number,
  income: IncomeBand | null,
): boolean {
  if (age < ageFrom || age >= ageBelow) return false
  return incomeFrom === undefined || (income !== null && incomeBands.indexOf(income) >= incomeBands.indexOf(incomeFrom))
}

function situationsOf(facts: LifeStageFacts, policy: LifeStagePolicy, offersOf: OffersOf): readonly LifeStageDecision[] {
  const { situations, foundedOn, today } = facts
  const decided = {
    subject: 'situation' as const,
    policyVersion: policy.version,
    policySource: policy.source,
    facts: [
      { field: 'situations', value: situations.length > 0 ? situations.join(' ') : null },
      { field: 'founded_on', value: foundedOn },
    ],
  }
  if (situations.length > 0)
    return situations.map((stage) => {
      const rule = policy.rules.find((one) => one.stage === stage)
      return { ...decided, stage, basis: 'declared', offers: rule ? offersOf(rule) : [] }
    })
  const rule = policy.rules.find(
    ({ foundedWithinMonths: months }) =>
      months !== undefined && foundedOn !== null && foundedOn <= today && today < addMonths(foundedOn, months),
  )
  return [
    rule
      ? { ...decided, stage: rule.stage, basis: 'rule', offers: offersOf(rule) }
      : { ...decided, stage: null, basis: 'nothing_declared', offers: [] },
  ]
}

/** Families whose products bear a risk for whoever buys them. */
const invested: ReadonlySet<ProductFamily> = new Set(['wealth', 'fund', 'insurance', 'securities', 'precious_metal'])

const MAX_PRODUCTS = 10

function suggested(
  { name, family, maxRiskLevel }: Offer,
  products: readonly ProductOnSale[],
  assessment: Assessment | null,
  today: Day,
): SuggestedOffer {
  const fitting = products
    .filter(
      (one) => one.family === family && (maxRiskLevel === undefined || (one.riskLevel !== null && one.riskLevel <= maxRiskLevel)),
    )
    .map((one) => ({ product: { id: one.id, code: one.code, name: one.name }, reason: unfitness(one, assessment, today) }))
  return {
    name,
    family,
    products: fitting.flatMap(({ product, reason }) => (reason === undefined ? [product] : [])).slice(0, MAX_PRODUCTS),
    excluded: fitting
      .flatMap(({ product, reason }) => (reason === undefined ? [] : [{ ...product, reason }]))
      .slice(0, MAX_PRODUCTS),
  }
}

/** Why a product does not fit a customer, or undefined: what bears a risk takes an assessment that holds and reaches so far. */
function unfitness(
  { family, riskLevel }: ProductOnSale,
  assessment: Assessment | null,
  today: Day,
): (typeof exclusionReasons)[number] | undefined {
  if (riskLevel === null || !invested.has(family)) return undefined
  if (!assessment) return 'not_assessed'
  const { valid, highestLevel } = suitabilityOf(assessment, today)
  if (!valid) return 'assessment_expired'
  return riskLevel > highestLevel! ? 'too_risky' : undefined
}
