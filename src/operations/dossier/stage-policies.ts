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
    name: line(100).meta({ description: 'What bankers call it.' }),
    family: z.enum(productFamilies).meta({ description: 'Product family.' }),
    riskLevelAtMost: z.int().min(1).max(5).optional().meta({ description: 'Of its products those up to this risk level only.' }),
  })
  .meta({ id: 'StageRuleOffer', description: 'Something that a rule suggests.' })

const rule = z
  .strictObject({
    stage: z.enum(stages).meta({ description: 'The stage.' }),
    ageFrom: z.int().min(0).max(150).optional().meta({ description: 'From this age on, in full years.' }),
    ageBelow: z.int().min(1).max(150).optional().meta({ description: 'Below this age.' }),
    incomeFrom: z.enum(incomeBands).optional().meta({ description: 'From this income band on.' }),
    foundedWithinMonths: z
      .int()
      .min(1)
      .max(600)
      .optional()
      .meta({ description: 'Where no situation is declared: founded fewer months ago.' }),
    offers: z.array(offer).max(20).meta({ description: 'What it suggests.' }),
  })
  .meta({
    id: 'StageRule',
    description: 'Who is in a stage, by conditions that all hold, and what that suggests.',
    examples: [{ stage: 'starter', ageFrom: 18, ageBelow: 30, offers: [] }],
  })

const shownRules = z
  .array(
    z
      .object({
        stage: z.enum(stages).meta({ description: 'The stage.' }),
        ageFrom: z.int().nullable().meta({ description: 'From this age on, in full years.' }),
        ageBelow: z.int().nullable().meta({ description: 'Below this age.' }),
        incomeFrom: z.enum(incomeBands).nullable().meta({ description: 'From this income band on.' }),
        foundedWithinMonths: z
          .int()
          .nullable()
          .meta({ description: 'Where no situation is declared: founded fewer months ago.' }),
        offers: z
          .array(
            z
              .object({
                name: z.string().meta({ description: 'What bankers call it.' }),
                family: z.enum(productFamilies).meta({ description: 'Product family.' }),
                riskLevelAtMost: z.int().nullable().meta({ description: 'Of its products those up to this risk level only.' }),
              })
              .meta({ id: 'RuledOffer', description: 'Something that a rule suggests.' }),
          )
          .meta({ description: 'What it suggests.' }),
      })
      .meta({ id: 'RuledStage', description: 'Who is in a stage, and what that suggests.' }),
  )
  .meta({ description: 'In this order; of life stages the first that holds counts.' })

export const [stagePolicies, reviseStagePolicy] = policyOperations<{ readonly rules: readonly StageRule[] }>({
  kind: 'stage',
  type: 'StagePolicy',
  called: 'the rules by which stages are decided',
  domain: 'Customer Relationship Management',
  keyed: {
    field: 'subject',
    keys: stageSubjects as unknown as [string, ...string[]],
    schema: z.enum(stageSubjects).meta({ description: 'What is decided.' }),
  },
  list: {
    name: 'stagePolicies',
    summary: 'By which rules stages are decided',
    description: 'The rules for the life stage of people and the situation of businesses. All versions.',
    permission: 'organisation:read',
  },
  revise: {
    name: 'reviseStagePolicy',
    summary: 'Say by which rules stages are decided',
    description:
      'All rules of a subject, in the order in which they are tried. Adds a version; the earlier ones stay, and each decision names its own.',
    permission: 'policy:write',
    reasonExample: 'Retirement begins later from 2025 on.',
  },
  input: { rules: z.array(rule).min(1).max(20).meta({ description: 'All of them.' }) },
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
