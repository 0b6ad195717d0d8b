import { z } from 'zod'
import { incomeBands } from '../../core/dossier/profiles.ts'
import {
  defaultStagePolicy,
  type StageRule,
  stageRulesRefusal,
  stages,
  type StageSubject,
  stageSubjects,
} from '../../core/dossier/stages.ts'
import { line } from '../../core/kernel/scalars.ts'
import { productFamilies } from '../../core/organisation/products.ts'
import { policyOperations } from '../platform/policies.ts'

const offer = z
  .strictObject({
    name: line(100).meta({ description: 'Name used by bankers.' }),
    family: z.enum(productFamilies).meta({ description: 'Product family.' }),
    riskLevelAtMost: z.int().min(1).max(5).optional().meta({ description: 'Only its products up to this risk level.' }),
  })
  .meta({ id: 'StageRuleOffer', description: 'An offer that a rule suggests.' })

const rule = z
  .strictObject({
    stage: z.enum(stages).meta({ description: 'The life stage.' }),
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
    id: 'StageRule',
    description: 'Conditions of a life stage, which must all be true, and its suggestions.',
    examples: [{ stage: 'starter', ageFrom: 18, ageBelow: 30, offers: [] }],
  })

const shownRules = z
  .array(
    z
      .object({
        stage: z.enum(stages).meta({ description: 'The life stage.' }),
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
                riskLevelAtMost: z.int().nullable().meta({ description: 'Only its products up to this risk level.' }),
              })
              .meta({ id: 'RuledOffer', description: 'An offer that a rule suggests.' }),
          )
          .meta({ description: 'Suggestions.' }),
      })
      .meta({ id: 'RuledStage', description: 'Conditions of a life stage, and its suggestions.' }),
  )
  .meta({ description: 'In this order; of the life stages of persons the first that applies is taken.' })

export const [stagePolicies, reviseStagePolicy] = policyOperations<{ readonly rules: readonly StageRule[] }>({
  kind: 'stage',
  type: 'StagePolicy',
  called: 'the rules by which stages are decided',
  domain: 'Customer Relationship Management',
  keyed: {
    field: 'subject',
    keys: stageSubjects,
    schema: z.enum(stageSubjects).meta({ description: 'Subject: the life stage of a person or the situation of a business.' }),
  },
  list: {
    name: 'stagePolicies',
    summary: 'Life stage policies',
    description: 'The rules for the life stage of people and the situation of businesses. All versions.',
    permission: 'organisation:read',
  },
  revise: {
    name: 'reviseStagePolicy',
    summary: 'Set the rules that decide life stages',
    description:
      'All rules of a subject, in the order in which they are evaluated. Adds a version; earlier versions are stored, and each decision names its own.',
    permission: 'policy:write',
    reasonExample: 'The statutory retirement age rises from 2025.',
  },
  input: { rules: z.array(rule).min(1).max(20).meta({ description: 'All rules.' }) },
  output: { rules: shownRules },
  defaults: (subject) => ({ definition: { rules: defaultStagePolicy(subject as StageSubject).rules }, source: 'practice' }),
  sameDay: 'replaces',
  read(_context, subject, input) {
    const rules = input['rules'] as readonly StageRule[]
    const refusal = stageRulesRefusal(subject as StageSubject, rules)
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
      offers: offers.map(({ name, family, riskLevelAtMost }) => ({ name, family, riskLevelAtMost: riskLevelAtMost ?? null })),
    })),
  }),
})
