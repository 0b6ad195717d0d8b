import {
  activityStates,
  type FactName,
  lifecycleStages,
  marketingGrades,
  productPreferences,
  relationPreferences,
} from './facts.ts'
import type { InputProblem } from '../kernel/errors.ts'
import type { Rule } from './rules/rule.ts'

export const classificationKinds = [
  'lifecycle_stage',
  'activity',
  'product_preference',
  'marketing_grade',
  'relationship_preference',
] as const
export type ClassificationKind = (typeof classificationKinds)[number]

/** The facts that refreshes keep of classifications. A relationship preference is inferred when somebody asks. */
export const classificationFacts = {
  lifecycle_stage: 'lifecycleStage',
  activity: 'activity',
  product_preference: 'productPreference',
  marketing_grade: 'marketingGrade',
} as const satisfies Readonly<Partial<Record<ClassificationKind, FactName>>>
export type StoredClassificationKind = keyof typeof classificationFacts
export const storedClassificationKinds = Object.keys(classificationFacts) as [
  StoredClassificationKind,
  ...StoredClassificationKind[],
]

export const classificationValues: Readonly<Record<ClassificationKind, readonly string[]>> = {
  lifecycle_stage: lifecycleStages,
  activity: activityStates,
  product_preference: productPreferences,
  marketing_grade: marketingGrades,
  relationship_preference: relationPreferences,
}

/** A rule of a policy; the first that is met decides. */
export interface ClassificationRule {
  readonly value: string
  readonly rule: Rule
  /** How sure an inferred preference is, 0 to 1. */
  readonly confidence?: number | undefined
}

/** What a version of a policy of classifications says. */
export interface ClassificationDefinition {
  readonly rules: readonly ClassificationRule[]
  readonly defaultValue: string | null
}

export interface ClassificationPolicy extends ClassificationDefinition {
  readonly kind: ClassificationKind
  /** 0 for the default. */
  readonly policyVersion: number
}

const DORMANT_DAYS = 365
const POTENTIAL_DAYS = 90

// The kinds of values: practice of Chinese banks. All limits have no source and are ours.
const defaults: Readonly<Record<ClassificationKind, ClassificationDefinition>> = {
  lifecycle_stage: {
    rules: [
      { value: 'ended', rule: { fact: 'status', eq: 'closed' } },
      {
        value: 'decline',
        rule: {
          any: [
            { fact: 'recency', gt: DORMANT_DAYS },
            {
              all: [
                { fact: 'tenure', gte: 12 },
                { fact: 'aumChange90', lte: -30 },
              ],
            },
          ],
        },
      },
      { value: 'exploration', rule: { fact: 'tenure', lt: 12 } },
      {
        value: 'growth',
        rule: {
          any: [
            { fact: 'aumChange90', gte: 20 },
            {
              all: [
                { fact: 'tenure', lt: 36 },
                { fact: 'products', lt: 3 },
              ],
            },
          ],
        },
      },
    ],
    defaultValue: 'maturity',
  },
  activity: {
    rules: [
      {
        value: 'dormant',
        rule: {
          any: [
            { fact: 'recency', gt: DORMANT_DAYS },
            {
              all: [
                { fact: 'recency', exists: false },
                { fact: 'tenure', gte: 12 },
              ],
            },
          ],
        },
      },
      {
        value: 'active',
        rule: {
          any: [
            {
              all: [
                { fact: 'recency', lte: POTENTIAL_DAYS },
                { fact: 'frequency', gte: 12 },
              ],
            },
            { fact: 'families', gte: 3 },
          ],
        },
      },
    ],
    defaultValue: 'potential',
  },
  product_preference: {
    rules: [
      { value: 'deposit_led', rule: { fact: 'depositShare', gte: 60 } },
      { value: 'loan_led', rule: { fact: 'loanShare', gte: 60 } },
      { value: 'fee_led', rule: { fact: 'feeShare', gte: 60 } },
      {
        value: 'balanced',
        rule: {
          any: [
            { fact: 'depositShare', exists: true },
            { fact: 'loanShare', exists: true },
            { fact: 'feeShare', exists: true },
          ],
        },
      },
    ],
    defaultValue: null,
  },
  marketing_grade: {
    rules: [
      // Practice: the fifth of customers who bring four fifths of the profit.
      {
        value: 'key',
        rule: {
          any: [
            {
              all: [
                { fact: 'profit', percentile: { gte: 80 } },
                { fact: 'profit', gt: '0' },
              ],
            },
            { fact: 'aum', gte: '1000000' },
          ],
        },
      },
      {
        value: 'exit',
        rule: {
          all: [
            { fact: 'profit', lte: '0' },
            { fact: 'aum', lt: '100' },
            { fact: 'tenure', gte: 24 },
            {
              any: [
                { fact: 'recency', gt: DORMANT_DAYS },
                { fact: 'recency', exists: false },
              ],
            },
          ],
        },
      },
    ],
    defaultValue: 'standard',
  },
  relationship_preference: {
    rules: [
      { value: 'credit', confidence: 0.6, rule: { fact: 'loanShare', gte: 60 } },
      { value: 'quality', confidence: 0.5, rule: { fact: 'complaints365', gte: 2 } },
      {
        value: 'relationship',
        confidence: 0.6,
        rule: {
          all: [{ fact: 'tenure', gte: 60 }, { fact: 'families', gte: 3 }, { not: { fact: 'eChannelSubstitution', gt: 80 } }],
        },
      },
      {
        value: 'price',
        confidence: 0.4,
        rule: {
          any: [
            { fact: 'outflowRatio30', gte: 3 },
            { fact: 'aumFallFromPeak60', gte: 50 },
          ],
        },
      },
    ],
    defaultValue: null,
  },
}

/** What holds where a bank has configured nothing. */
export function defaultClassification(kind: ClassificationKind): ClassificationPolicy {
  return { kind, policyVersion: 0, ...defaults[kind] }
}

/** What is wrong with a policy besides its rules; nothing where it is good. */
export function classificationProblems({
  kind,
  rules,
  defaultValue,
}: Pick<ClassificationPolicy, 'kind' | 'defaultValue'> & {
  readonly rules: readonly { readonly value: string; readonly confidence?: number | undefined }[]
}): readonly InputProblem[] {
  const values = classificationValues[kind]
  const message = `${kind} must be one of ${values.join(', ')}.`
  const inferred = kind === 'relationship_preference'
  return [
    ...rules.flatMap(({ value, confidence }, index) => [
      ...(values.includes(value) ? [] : [{ pointer: `/rules/${index}/value`, rule: 'unknown_value', message }]),
      ...(inferred === (confidence !== undefined)
        ? []
        : [
            {
              pointer: `/rules/${index}/confidence`,
              rule: 'confidence',
              message: inferred ? 'An inferred value requires a confidence.' : 'Only an inferred value can have a confidence.',
            },
          ]),
    ]),
    ...(defaultValue === null || values.includes(defaultValue)
      ? []
      : [{ pointer: '/defaultValue', rule: 'unknown_value', message }]),
  ]
}

/** What the first rule that is met says of a customer, and which one that is: none where the default decides. */
export function classify(
  { rules, defaultValue }: ClassificationDefinition,
  meets: (rule: Rule) => boolean | null,
): { readonly value: string; readonly ruleIndex: number | null } | null {
  const ruleIndex = rules.findIndex(({ rule }) => meets(rule) === true)
  if (ruleIndex >= 0) return { value: rules[ruleIndex]!.value, ruleIndex }
  return defaultValue === null ? null : { value: defaultValue, ruleIndex: null }
}
