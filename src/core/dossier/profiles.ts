import type { CurrencyCode } from '../kernel/currencies.ts'
import type { Day } from '../kernel/calendar.ts'
import type { CustomerKind } from './customers.ts'
import { type DomainError, refuseField } from '../kernel/errors.ts'
import type { FeedRefusal } from '../kernel/feed.ts'
import { formatAmount } from '../kernel/money.ts'

/**
 * What a person has a year, in the base currency: `from` included. In rising order. No law and no practice names such bands for a bank's customers:
 * the limits are ours to choose.
 */
export const incomeBands = ['low', 'lower_middle', 'middle', 'upper_middle', 'high', 'very_high'] as const
export type IncomeBand = (typeof incomeBands)[number]
export const incomeBandFrom: Readonly<Record<IncomeBand, number>> = {
  low: 0,
  lower_middle: 50_000,
  middle: 100_000,
  upper_middle: 200_000,
  high: 500_000,
  very_high: 1_000_000,
}

/** The risk that a customer says to like; what may be offered is decided by an assessment of suitability. */
export const riskAppetites = ['conservative', 'moderate', 'balanced', 'growth', 'aggressive'] as const

/**
 * The four sizes of the classification of enterprises by the ministry (MIIT, 工信部联企业〔2011〕300号). Which one a company is of depends on its industry, staff and
 * turnover; whoever sends it has judged that, and it is not worked out here.
 */
export const companySizes = ['micro', 'small', 'medium', 'large'] as const

/** What a company is about (`defaults.md`, practice); several at once. */
export const companySituations = [
  'opening',
  'distribution_growth',
  'production_growth',
  'product_renewal',
  'export',
  'employees',
  'acquisition',
] as const
export type CompanySituation = (typeof companySituations)[number]

/** How a person made sure that a field is right. */
export const verificationMethods = ['document_seen', 'customer_asked', 'register_consulted', 'visit', 'other'] as const
export type VerificationMethod = (typeof verificationMethods)[number]

/** Fields of the record itself, which feeds bring as well as people. */
export const recordFields = [
  'name',
  'gender',
  'birthDate',
  'foundedOn',
  'industry',
  'country',
  'preferredLanguage',
  'customerSince',
] as const

/** Further fields that both feeds and people set. */
export const sharedProfileFields = [
  'occupation',
  'incomeBand',
  'deceasedOn',
  'companySize',
  'registeredCapital',
  'merchantSince',
  'merchantUntil',
  'merchantCategoryCode',
] as const

/** Fields that no core-banking system has. */
export const bankerFields = ['riskAppetite', 'interests', 'familyNotes', 'situations', 'creditWilling'] as const

export const profileFields = [...recordFields, ...sharedProfileFields, ...bankerFields] as const
export type ProfileField = (typeof profileFields)[number]
/** Fields that a feed may want otherwise than a person. */
export const feedFields = [...recordFields, ...sharedProfileFields] as const
export type FeedField = (typeof feedFields)[number]

/** How a field is called where names of fields are values. */
export function fieldCode(field: ProfileField): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const byCode = new Map(profileFields.map((field) => [fieldCode(field), field]))

/** The field of a code. Throws for what is none. */
export function fieldOfCode(code: string): ProfileField {
  const field = byCode.get(code)
  if (!field) throw new Error(`There is no field ${code}.`)
  return field
}

type Codes = [string, ...string[]]
export const profileFieldCodes = profileFields.map(fieldCode) as Codes
export const feedFieldCodes = feedFields.map(fieldCode) as Codes
/** Fields that can be cleared: all that need not be there. */
export const clearableFieldCodes = profileFields.filter((field) => field !== 'name').map(fieldCode) as Codes

/** What is stored beside the record. Capital as `1000000.00 CNY`. */
export interface Profile {
  readonly occupation: string | null
  readonly incomeBand: string | null
  readonly deceasedOn: Day | null
  readonly companySize: string | null
  readonly registeredCapital: string | null
  readonly merchantSince: Day | null
  readonly merchantUntil: Day | null
  readonly merchantCategoryCode: string | null
  readonly riskAppetite: string | null
  readonly interests: readonly string[]
  readonly familyNotes: string | null
  readonly situations: readonly string[]
  readonly creditWilling: boolean | null
}

export const emptyProfile: Profile = {
  occupation: null,
  incomeBand: null,
  deceasedOn: null,
  companySize: null,
  registeredCapital: null,
  merchantSince: null,
  merchantUntil: null,
  merchantCategoryCode: null,
  riskAppetite: null,
  interests: [],
  familyNotes: null,
  situations: [],
  creditWilling: null,
}

const ofPersons: readonly (keyof Profile)[] = [
  'occupation',
  'incomeBand',
  'deceasedOn',
  'riskAppetite',
  'interests',
  'familyNotes',
]
const ofBusinesses: readonly (keyof Profile)[] = [
  'companySize',
  'registeredCapital',
  'merchantSince',
  'merchantUntil',
  'merchantCategoryCode',
  'situations',
]

/** Why a field does not go with a kind of customer, or undefined. A sole trader is a person and has a business. */
export function kindProblem(field: string, kind: CustomerKind): string | undefined {
  if (kind === 'company' && (ofPersons as readonly string[]).includes(field)) return 'Not allowed for a company.'
  if (kind === 'individual' && (ofBusinesses as readonly string[]).includes(field)) return 'Not allowed for a private individual.'
  return undefined
}

/** Capital in the form in which it is compared and told. */
export function capitalText(minor: bigint, currency: CurrencyCode): string {
  return `${formatAmount(minor, currency)} ${currency}`
}

/** The values given for a profile; what is undefined stays. */
export type ProfileValues = { readonly [F in keyof Profile]?: Profile[F] | undefined }

/** The profile after that is said; what does not go with the kind goes. */
export function profileAfter(
  before: Profile,
  values: ProfileValues,
  clearFields: readonly string[],
  kind: CustomerKind,
): Profile {
  // Most rows of a feed say nothing of it, and most customers have none.
  if (before === emptyProfile && Object.values(values).every((value) => value === undefined)) return before
  const after = Object.entries({ ...before, ...defined(values) }).map(([field, value]) => [
    field,
    kindProblem(field, kind) !== undefined || clearFields.includes(field) ? emptyProfile[field as keyof Profile] : value,
  ])
  return Object.fromEntries(after)
}

function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

/** Whether two values of a field are the same; lists are sets. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other
  return one.length === other.length && one.every((entry) => other.includes(entry))
}

/** Why the profile cannot be as it would stand, or undefined. */
export function profileRefusal(
  { deceasedOn, merchantSince, merchantUntil, merchantCategoryCode }: Profile,
  { birthDate }: { readonly birthDate: Day | null },
): FeedRefusal | undefined {
  if (deceasedOn !== null && birthDate !== null && deceasedOn < birthDate)
    return { field: 'deceasedOn', code: 'invalid_input', message: 'The day of death must not be before the birth date.' }
  if (merchantSince === null && merchantUntil !== null)
    return { field: 'merchantSince', code: 'invalid_input', message: 'A merchant requires merchantSince.' }
  if (merchantSince === null && merchantCategoryCode !== null)
    return { field: 'merchantSince', code: 'invalid_input', message: 'A merchant requires merchantSince.' }
  if (merchantSince !== null && merchantUntil !== null && merchantUntil < merchantSince)
    return { field: 'merchantUntil', code: 'invalid_input', message: 'The end must not be before the start.' }
  return undefined
}

/** Where the value of a field comes from. */
export interface FieldSource {
  readonly source: string
  /** When the value held, by that source. ISO text. */
  readonly asOf: string
  /** When a person last made sure of it; null where nobody did. */
  readonly verifiedAt: string | null
}

export const policyWinners = ['person', 'feed'] as const
export type PolicyWinner = (typeof policyWinners)[number]

/** What holds for a field of which a bank has configured nothing: what a person made sure of stays. */
export const defaultWinner: PolicyWinner = 'person'

/**
 * What becomes of another value that a feed sends: `apply`; `keep` what is stored, since that held later; or keep it and note the `conflict`, since
 * a person has made sure of it, however new the feed's value is. Where the policy lets feeds win, only what held later stays.
 */
export function decideFeedValue(
  stored: FieldSource | undefined,
  asOf: string,
  winner: PolicyWinner,
): 'apply' | 'keep' | 'conflict' {
  if (!stored) return 'apply'
  if (stored.verifiedAt !== null && winner === 'person') return 'conflict'
  return stored.asOf > asOf ? 'keep' : 'apply'
}

export const profileConflictStatuses = ['open', 'accepted', 'dismissed', 'withdrawn'] as const
export type ProfileConflictStatus = (typeof profileConflictStatuses)[number]

export interface StoredConflict {
  readonly status: ProfileConflictStatus
  readonly valueSent: string | null
}

/** Whether a conflict that a feed sends again is news: one that is open or was dismissed with the same value is none, night after night. */
export function isNewConflict(stored: StoredConflict | undefined, valueSent: string): boolean {
  return !stored || stored.valueSent !== valueSent || stored.status === 'withdrawn' || stored.status === 'accepted'
}

/** Refuses to verify or empty what is not there to be. Throws `invalid_input`. */
export function refuseFieldOfKind(input: string, field: ProfileField, kind: CustomerKind): DomainError | undefined {
  const problem = kindProblem(field, kind) ?? recordKindProblem(field, kind)
  return problem === undefined ? undefined : refuseField('invalid_input', input, 'kind', `${fieldCode(field)}: ${problem}`)
}

function recordKindProblem(field: string, kind: CustomerKind): string | undefined {
  if (kind === 'company' && (field === 'gender' || field === 'birthDate')) return 'Not allowed for a company.'
  if (kind === 'individual' && field === 'foundedOn') return 'Not allowed for a private individual.'
  return undefined
}
