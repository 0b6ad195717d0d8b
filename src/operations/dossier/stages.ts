import { z } from 'zod'
import { DomainError, notFound } from '../../core/kernel/errors.ts'
import { line } from '../../core/kernel/scalars.ts'
import { productFamilies } from '../../core/organisation/products.ts'
import { incomeBands } from '../../core/dossier/profiles.ts'
import { type StagePolicy, stageRulesRefusal, stages, stageSubjects } from '../../core/dossier/stages.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { findStages, insertStagePolicy, listStagePolicies } from '../../db/dossier/stages.ts'
import { policyOf, stageDecision } from '../../db/dossier/views/stages.ts'
import { checkVersion } from '../platform/feed-writes.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const domain = 'Customer Relationship Management'

export const customerStages = operation({
  kind: 'query',
  name: 'customerStages',
  summary: 'The life stage of a person and the situation of a business',
  description:
    'By published rules, each decision with the rule’s version and the values it looked at, and with what it suggests: kinds of products and the bank’s own that are on sale. What does not fit the customer’s assessment of suitability is left out, and named with why. A person has one life stage at most; a business may be in several situations; a sole trader has both.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      asOf: z.iso.date().meta({ description: 'The day for which it was decided.' }),
      stages: z.array(stageDecision).meta({ description: 'The decisions.' }),
    })
    .meta({ id: 'CustomerStages', description: 'The stages of a customer.' }),
  errors: ['not_found'],
  async run({ db, today }, { customerId }) {
    const found = await findStages(db, customerId, today)
    if (!found) throw notFound('customer')
    return { customerId, asOf: today, stages: found as z.input<typeof stageDecision>[] }
  },
})

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

const policySchema = z
  .object({
    subject: z.enum(stageSubjects).meta({ description: 'What is decided.' }),
    version: z.int().meta({ description: 'Counts versions; 0 for the default. Each stays.' }),
    source: z.string().meta({ description: 'Where the rules come from: `bank` for its own.' }),
    rules: z
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
                    riskLevelAtMost: z
                      .int()
                      .nullable()
                      .meta({ description: 'Of its products those up to this risk level only.' }),
                  })
                  .meta({ id: 'RuledOffer', description: 'Something that a rule suggests.' }),
              )
              .meta({ description: 'What it suggests.' }),
          })
          .meta({ id: 'RuledStage', description: 'Who is in a stage, and what that suggests.' }),
      )
      .meta({ description: 'In this order; of life stages the first that holds counts.' }),
  })
  .meta({ id: 'StagePolicy', description: 'The rules by which stages are decided.' })

function shown({ subject, version, source, rules }: StagePolicy): z.input<typeof policySchema> {
  return {
    subject,
    version,
    source,
    rules: rules.map(({ stage, ageFrom, ageBelow, incomeFrom, foundedWithinMonths, offers }) => ({
      stage,
      ageFrom: ageFrom ?? null,
      ageBelow: ageBelow ?? null,
      incomeFrom: incomeFrom ?? null,
      foundedWithinMonths: foundedWithinMonths ?? null,
      offers: offers.map(({ name, family, riskLevelAtMost }) => ({ name, family, riskLevelAtMost: riskLevelAtMost ?? null })),
    })),
  }
}

export const stagePolicies = operation({
  kind: 'query',
  name: 'stagePolicies',
  summary: 'By which rules stages are decided',
  description: 'The rules that hold for the life stage of people and the situation of businesses.',
  permission: 'organisation:read',
  domain,
  input: z.strictObject({}),
  output: z
    .object({ policies: z.array(policySchema).meta({ description: 'One for each subject.' }) })
    .meta({ id: 'StagePolicies', description: 'The rules of all subjects.' }),
  async run({ db }) {
    const stored = await listStagePolicies(db)
    return { policies: stageSubjects.map((subject) => shown(policyOf(stored, subject))) }
  },
})

export const setStagePolicy = operation({
  kind: 'command',
  name: 'setStagePolicy',
  summary: 'Say by which rules stages are decided',
  description:
    'All rules of a subject, in the order in which they are tried. Adds a version; the earlier ones stay, and each decision names its own.',
  permission: 'policy:write',
  domain,
  input: z.strictObject({
    subject: z.enum(stageSubjects).meta({ description: 'What is decided.' }),
    rules: z.array(rule).min(1).max(20).meta({ description: 'All of them.' }),
    reason: line(500).meta({ description: 'Why.', examples: ['Retirement begins later from 2025 on.'] }),
    expectedVersion: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .optional()
      .meta({ description: 'The version you saw; 0 for the default.' }),
  }),
  output: policySchema,
  errors: ['conflict'],
  concurrency: 'optional',
  async run({ db, now, actor, record }, { subject, rules, reason, expectedVersion: expected }) {
    const refusal = stageRulesRefusal(subject, rules)
    if (refusal) throw refusal
    const stored = (await listStagePolicies(db)).find((one) => one.subject === subject)
    checkVersion(expected, stored?.version ?? 0)
    const next = { subject, rules, reason, version: (stored?.version ?? 0) + 1, setAt: now }
    await insertStagePolicy(db, { ...next, setBy: actor.kind === 'staff' ? actor.id : null }).catch(refuseSecond)
    record({ event: 'stage_policy.set', subjectType: 'stage_policy', subjectId: subject, changed: ['rules', 'reason'] })
    return shown({ ...next, source: 'bank' })
  },
})

function refuseSecond(error: unknown): never {
  if (brokenConstraint(error) === 'stage_policy_pkey')
    throw new DomainError('version_conflict', 'Somebody else has just set this policy.')
  throw error
}

export const stageOperations = [customerStages, stagePolicies, setStagePolicy]
