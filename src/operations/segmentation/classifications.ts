import { prepareCuts, readRule, ruleInput } from './rules.ts'
import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import {
  classificationKinds,
  classificationProblems,
  type ClassificationPolicy,
  defaultClassification,
} from '../../core/segmentation/classifications.ts'
import { DomainError } from '../../core/kernel/errors.ts'
import { line } from '../../core/kernel/scalars.ts'
import { partsOf } from '../../core/segmentation/rules/rule.ts'
import { requireBeginning } from '../../core/segmentation/tiers.ts'
import {
  inForce,
  insertPolicy,
  latestVersion,
  listPolicies,
  readPoliciesOn,
} from '../../db/segmentation/classifications/store.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { queueForDefinition } from '../../db/segmentation/refresh/runs.ts'
import { requireKeepable, requireRefreshable } from '../../db/segmentation/refresh/estimates.ts'
import { lockDefinitions, readSegments } from '../../db/segmentation/segments/store.ts'
import { checkVersion } from '../platform/feed-writes.ts'
import { type Context, operation } from '../platform/operation.ts'
import { daySchema } from '../platform/scalars.ts'

const domain = 'Customer Product and Service Eligibility'
const MOST_RULES = 20

const kind = z.enum(classificationKinds).meta({ description: 'What is classified.' })
const confidence = z.number().min(0).max(1)

export const policyVersionSeen = z
  .int()
  .min(0)
  .max(2_147_483_647)
  .optional()
  .meta({ description: 'The latest version that you saw; 0 where the bank has set none.' })

const policySchema = z
  .object({
    kind,
    version: z.int().meta({ description: 'Counts versions; 0 for the default. Each stays.' }),
    effectiveOn: z.iso.date().nullable().meta({ description: 'First day on which it decides; null for the default.' }),
    source: z.enum(['ours', 'bank']).meta({ description: 'Our own choice, or the bank itself.' }),
    rules: z
      .array(
        z
          .object({
            value: z.string().meta({ description: 'What it says of those who meet it.' }),
            rule: z.record(z.string(), z.unknown()).meta({ description: 'A rule over facts.' }),
            confidence: z.number().nullable().meta({ description: 'How sure it is, 0 to 1, where it infers.' }),
          })
          .meta({ id: 'ClassificationRule', description: 'A rule of a policy.' }),
      )
      .meta({ description: 'In this order: the first that is met decides.' }),
    defaultValue: z.string().nullable().meta({ description: 'What is said of whom no rule is met; null for nothing.' }),
    reason: z.string().nullable().meta({ description: 'Why it was changed.' }),
  })
  .meta({ id: 'ClassificationPolicy', description: 'By which rules customers are classified, from a day on.' })

function shown(
  { kind: of, policyVersion, effectiveOn, source, rules, defaultValue }: ClassificationPolicy,
  reason: string | null,
): z.input<typeof policySchema> {
  return {
    kind: of,
    version: policyVersion,
    effectiveOn,
    source,
    rules: rules.map(({ value, rule, confidence: sure }) => ({
      value,
      rule: rule as Record<string, unknown>,
      confidence: sure ?? null,
    })),
    defaultValue,
    reason,
  }
}

export const classificationPolicies = operation({
  kind: 'query',
  name: 'classificationPolicies',
  summary: 'By which rules customers are classified',
  description:
    'Every version of every kind, the latest first: the one that began last decides. Version 0 is the default, which holds until the first version of the bank begins.',
  permission: 'segment:read',
  domain,
  input: z.strictObject({ kind: kind.optional() }),
  output: z
    .object({ policies: z.array(policySchema).meta({ description: 'By kind, the latest first.' }) })
    .meta({ id: 'ClassificationPolicies', description: 'The policies of classifications.' }),
  async run({ db }, { kind: wanted }) {
    const stored = await listPolicies(db, wanted)
    const kinds = wanted === undefined ? classificationKinds : [wanted]
    return {
      policies: kinds.flatMap((one) => [
        ...stored.filter((policy) => policy.kind === one).map((policy) => shown(inForce(policy), policy.reason)),
        shown(defaultClassification(one), null),
      ]),
    }
  },
})

export function refuseTakenPolicy(error: unknown): never {
  const constraint = brokenConstraint(error)
  if (constraint === 'classification_policy_pkey')
    throw new DomainError('version_conflict', 'Somebody else has just set this policy.')
  if (constraint === 'classification_policy_kind_effective_on_key')
    throw new DomainError('period_overlap', 'Two versions cannot begin on one day.', [
      { pointer: '/effectiveOn', rule: 'effective_on', message: 'A version begins on this day already.' },
    ])
  throw error
}

export const reviseClassificationPolicy = operation({
  kind: 'command',
  name: 'reviseClassificationPolicy',
  summary: 'Say by which rules customers are classified',
  description:
    'All rules of a kind in the order in which they are tried, and what is said of whom none is met. Adds a version, which decides for everybody at once when its day has come: that night, or within about a minute where it is today; the earlier ones stay, and each period names its own.',
  permission: 'segment:write',
  domain,
  input: z.strictObject({
    kind,
    rules: z
      .array(
        z
          .strictObject({
            value: z.string().min(1).max(40).meta({ description: 'What it says of those who meet it.' }),
            rule: ruleInput,
            confidence: confidence.optional().meta({ description: 'How sure it is, 0 to 1, where it infers.' }),
          })
          .meta({ id: 'ClassificationRuleInput', description: 'A rule of a policy.' }),
      )
      .min(1)
      .max(MOST_RULES)
      .meta({
        description: 'The first that is met decides.',
        examples: [[{ value: 'dormant', rule: { fact: 'recency', gt: 180 } }]],
      }),
    defaultValue: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .meta({ description: 'What is said of whom none is met; nothing where it is missing.' }),
    effectiveOn: daySchema.optional().meta({ description: 'First day on which it decides; today where it is missing.' }),
    reason: line(300).meta({ description: 'Why.', examples: ['半年无交易即视为睡眠户'] }),
    expectedVersion: policyVersionSeen,
  }),
  output: policySchema,
  errors: ['period_overlap', 'version_conflict', 'query_too_complex'],
  concurrency: 'optional',
  async run(context, { kind: of, rules: sent, defaultValue, effectiveOn, reason, expectedVersion: expected }) {
    const { db, now, today, actor } = context
    const begins = effectiveOn ?? today
    const version = await latestVersion(db, of)
    checkVersion(expected, version)
    await lockDefinitions(db)
    const policy: ClassificationPolicy = {
      kind: of,
      policyVersion: version + 1,
      effectiveOn: begins,
      source: 'bank',
      rules: await readRules(context, sent),
      defaultValue: defaultValue ?? null,
    }
    const problems = [...classificationProblems(policy), ...watchingProblems(policy)]
    if (problems.length > 0) throw new DomainError('invalid_input', 'The policy is not valid.', problems)
    requireBeginning(begins, today, [])
    const segments = await readSegments(db)
    for (const [index, { rule }] of policy.rules.entries())
      await requireKeepable(db, wholeRule(rule, segments), `rules/${index}/rule`)
    const beside = (await readPoliciesOn(db, begins)).filter((one) => one.kind !== of)
    await requireRefreshable(db, segments, [...beside, policy], 'rules')
    for (const { rule } of policy.rules) await prepareCuts(context, wholeRule(rule, segments))
    const setBy = actor.kind === 'staff' ? actor.id : null
    await insertPolicy(db, { ...policy, effectiveOn: begins, reason, setBy, now }).catch(refuseTakenPolicy)
    if (begins <= today) await queueForDefinition(db, 'evaluation', context)
    context.record({
      event: 'classification_policy.revised',
      subjectType: 'classification_policy',
      subjectId: of,
      changed: ['rules', 'defaultValue', 'effectiveOn', 'reason'],
      path: '/',
    })
    return shown(policy, reason)
  },
})

async function readRules(
  context: Context,
  sent: readonly { readonly value: string; readonly rule: unknown; readonly confidence?: number | undefined }[],
): Promise<ClassificationPolicy['rules']> {
  const segments = await readSegments(context.db)
  const rules: ClassificationPolicy['rules'][number][] = []
  for (const [index, { value, rule, confidence: sure }] of sent.entries())
    rules.push({
      value,
      rule: await readRule(context, rule, segments, undefined, `/rules/${index}/rule`),
      ...(sure !== undefined && { confidence: sure }),
    })
  return rules
}

/** What is inferred when somebody asks is not watched over time. */
function watchingProblems({ kind: of, rules }: ClassificationPolicy) {
  if (of !== 'relationship_preference') return []
  return rules.flatMap(({ rule }, index) =>
    partsOf(rule).some((part) => 'hasBeen' in part)
      ? [
          {
            pointer: `/rules/${index}/rule`,
            rule: 'watched',
            message: 'What is inferred asks for nothing that has been for days.',
          },
        ]
      : [],
  )
}

export const classificationPolicyOperations = [classificationPolicies, reviseClassificationPolicy]
