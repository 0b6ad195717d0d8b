import { z } from 'zod'
import { incomeBands } from '../../core/dossier/profiles.ts'
import {
  defaultLifeStagePolicy,
  type LifeStageRule,
  lifeStageRulesRefusal,
  lifeStageCodes,
  type LifeStageSubject,
  lifeStageSubjects,
} from '../../core/dossier/life-stage-policies.ts'
import { singleLine } from '../../core/kernel/scalars.ts'
import { productFamilies } from '../../core/organisation/products.ts'
import { policyOperations } from '../platform/policies.ts'

const offer = z
  .strictObject({
    name: singleLine(100).meta({ description: 'Name used by bankers.' }),
    family: z.enum(productFamilies).meta({ description: 'Product family.' }),
    maxRiskLevel: z.int().min(1).max(5).optional().meta({ description: 'Only its products up to this risk level.' }),
  })
  .meta({ id: 'LifeStageRuleOfferInput', description: 'An offer that a rule suggests.' })

const rule = z
  .strictObject({
    stage: z.enum(lifeStageCodes).meta({ description: 'The life stage.' }),
    ageFrom: z.int().min(0).max(150).optional().meta({ description: 'From this age, in full years.' }),
    ageBelow: z.int().min(1).max(150).optional().meta({ description: 'Below this age.' }),
    incomeFrom: z.enum(incomeBands).optional().meta({ description: 'From this income band.' }),
    foundedWithinMonths: z
      .int()
      .min(1)
      .max(600)
      .optional()
      .meta({ description: 'If no situation is declared: founded less than this many months ago.' }),
    offers: z.array(offer).max(20).meta({ description: 'Suggestions.' }),
  })
  .meta({
    id: 'LifeStageRuleInput',
    description: 'Conditions of a life stage, which must all be true, and its suggestions.',
    examples: [{ stage: 'starter', ageFrom: 18, ageBelow: 30, offers: [] }],
  })

const shownRules = z
  .array(
    z
      .object({
        stage: z.enum(lifeStageCodes).meta({ description: 'The life stage.' }),
        ageFrom: z.int().nullable().meta({ description: 'From this age, in full years.' }),
        ageBelow: z.int().nullable().meta({ description: 'Below this age.' }),
        incomeFrom: z.enum(incomeBands).nullable().meta({ description: 'From this income band.' }),
        foundedWithinMonths: z
          .int()
          .nullable()
          .meta({ description: 'If no situation is declared: founded less than this many months ago.' }),
        offers: z
          .array(
            z
              .object({
                name: z.string().meta({ description: 'Name used by bankers.' }),
                family: z.enum(productFamilies).meta({ description: 'Product family.' }),
                maxRiskLevel: z.int().nullable().meta({ description: 'Only its products up to this risk level.' }),
              })
              .meta({ id: 'LifeStageRuleOffer', description: 'An offer that a rule suggests.' }),
          )
          .meta({ description: 'Suggestions.' }),
      })
      .meta({ id: 'LifeStageRule', description: 'Conditions of a life stage, and its suggestions.' }),
  )
  .meta({ description: 'In this order; of the life stages of persons the first that applies is taken.' })

export const [lifeStagePolicies, reviseLifeStagePolicy] = policyOperations<{ readonly rules: readonly LifeStageRule[] }>({
  kind: 'life_stage',
  type: 'LifeStagePolicy',
  called: 'the rules by which life stages are decided',
  domain: 'Customer Relationship Management',
  keyed: {
    field: 'subject',
    keys: lifeStageSubjects,
    schema: z
      .enum(lifeStageSubjects)
      .meta({ description: 'Subject: the life stage of a person or the situation of a business.' }),
  },
  list: {
    name: 'lifeStagePolicies',
    summary: 'Life stage policies',
    description: 'The rules for the life stage of people and the situation of businesses. All versions.',
    permission: 'organisation:read',
  },
  revise: {
    name: 'reviseLifeStagePolicy',
    summary: 'Set the rules that decide life stages',
    description:
      'All rules of a subject, in the order in which they are evaluated. Adds a version; earlier versions are stored, and each decision names its own.',
    permission: 'policy:write',
    reasonExample: 'The statutory retirement age rises from 2025.',
  },
  input: { rules: z.array(rule).min(1).max(20).meta({ description: 'All rules.' }) },
  output: { rules: shownRules },
  defaults: (subject) => ({
    definition: { rules: defaultLifeStagePolicy(subject as LifeStageSubject).rules },
    source: 'industry_practice',
  }),
  sameDay: 'replaces',
  read(_context, subject, input) {
    const rules = input['rules'] as readonly LifeStageRule[]
    const refusal = lifeStageRulesRefusal(subject as LifeStageSubject, rules)
    if (refusal) throw refusal
    return { rules }
  },
  show: ({ rules }) => ({
    rules: rules.map(({ stage, ageFrom, ageBelow, incomeFrom, foundedWithinMonths, offers }) => ({
      stage,
      ageFrom: ageFrom ?? null,
      ageBelow: ageBelow ?? null,
      incomeFrom: incomeFrom ?? null,
      foundedWithinMonths: foundedWithinMonths ?? null,
      offers: offers.map(({ name, family, maxRiskLevel }) => ({ name, family, maxRiskLevel: maxRiskLevel ?? null })),
    })),
  }),
})
