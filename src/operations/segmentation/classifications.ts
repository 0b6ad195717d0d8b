import { z } from 'zod'
import {
  type ClassificationDefinition,
  type ClassificationKind,
  classificationKinds,
  classificationProblems,
  defaultClassification,
  type ClassificationPolicy,
} from '../../core/segmentation/classifications.ts'
import { DomainError } from '../../core/kernel/errors.ts'
import { partsOf } from '../../core/segmentation/rules/rule.ts'
import { readPoliciesOn } from '../../db/segmentation/classifications/store.ts'
import { requireAffordableSegment, requireAffordableRefresh } from '../../db/segmentation/refresh/estimates.ts'
import { queueForDefinition } from '../../db/segmentation/refresh/runs.ts'
import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { lockDefinitions, readSegments } from '../../db/segmentation/segments/store.ts'
import type { Context } from '../platform/operation.ts'
import { policyOperations } from '../platform/policies.ts'
import { preparePercentiles, readRule, ruleInput } from './rules.ts'

const MAX_RULES = 20

const sentRule = z
  .strictObject({
    value: z.string().min(1).max(40).meta({ description: 'Value assigned to customers who meet it.' }),
    rule: ruleInput,
    confidence: z.number().min(0).max(1).optional().meta({ description: 'Confidence of an inferred value, 0 to 1.' }),
  })
  .meta({ id: 'ClassificationRuleInput', description: 'A rule of a policy.' })

export const [classificationPolicies, reviseClassificationPolicy] = policyOperations<ClassificationDefinition>({
  kind: 'classification',
  type: 'ClassificationPolicy',
  called: 'the rules by which customers are classified',
  domain: 'Customer Product and Service Eligibility',
  keyed: {
    field: 'kind',
    keys: classificationKinds,
    schema: z.enum(classificationKinds).meta({ description: 'Kind of classification.' }),
  },
  list: {
    name: 'classificationPolicies',
    summary: 'Classification policies',
    description:
      'Every version of every kind: of those that have begun, the one that began last applies. Version 0 is the default, which holds until the first version of the bank begins.',
    permission: 'segment:read',
  },
  revise: {
    name: 'reviseClassificationPolicy',
    summary: 'Set the rules of a classification',
    description:
      'All rules of a kind in the order in which they are evaluated, and the value if none is met. Adds a version, which applies to all customers at once from its effective day: that night, or within about a minute if it is today; earlier versions are stored, and each period names its own.',
    permission: 'segment:write',
    errors: ['query_too_complex'],
    reasonExample: '半年无交易即视为睡眠户',
  },
  input: {
    rules: z
      .array(sentRule)
      .min(1)
      .max(MAX_RULES)
      .meta({
        description: 'The first rule that is met applies.',
        examples: [[{ value: 'dormant', rule: { fact: 'recency', gt: 180 } }]],
      }),
    defaultValue: z.string().min(1).max(40).optional().meta({ description: 'Value if no rule is met; none by default.' }),
  },
  output: {
    rules: z
      .array(
        z
          .object({
            value: z.string().meta({ description: 'Value assigned to customers who meet it.' }),
            rule: z.record(z.string(), z.unknown()).meta({ description: 'A rule over facts.' }),
            confidence: z.number().nullable().meta({ description: 'Confidence of an inferred value, 0 to 1.' }),
          })
          .meta({ id: 'ClassificationRule', description: 'A rule of a policy.' }),
      )
      .meta({ description: 'In this order: the first rule that is met applies.' }),
    defaultValue: z.string().nullable().meta({ description: 'Value if no rule is met; null for none.' }),
  },
  defaults(kind) {
    const { rules, defaultValue } = defaultClassification(kind as ClassificationKind)
    return { definition: { rules, defaultValue }, source: 'product_default' }
  },
  sameDay: 'refused',
  async read(context, key, input, effectiveOn) {
    const { db } = context
    const kind = key as ClassificationKind
    await lockDefinitions(db)
    const definition: ClassificationDefinition = {
      rules: await readRules(context, input['rules'] as Parameters<typeof readRules>[1]),
      defaultValue: (input['defaultValue'] as string | undefined) ?? null,
    }
    const problems = [...classificationProblems({ kind, ...definition }), ...watchingProblems({ kind, ...definition })]
    if (problems.length > 0) throw new DomainError('invalid_input', 'Invalid policy.', problems)
    const segments = await readSegments(db)
    for (const [index, { rule }] of definition.rules.entries())
      await requireAffordableSegment(db, wholeRule(rule, segments), `rules/${index}/rule`)
    const beside = (await readPoliciesOn(db, effectiveOn)).filter((one) => one.kind !== kind)
    await requireAffordableRefresh(db, segments, [...beside, { kind, policyVersion: 0, ...definition }], 'rules')
    for (const { rule } of definition.rules) await preparePercentiles(context, wholeRule(rule, segments))
    return definition
  },
  show: ({ rules, defaultValue }) => ({
    rules: rules.map(({ value, rule, confidence }) => ({ value, rule, confidence: confidence ?? null })),
    defaultValue,
  }),
  onEffective: (context) => queueForDefinition(context.db, 'evaluation', context),
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
function watchingProblems({ kind: of, rules }: Pick<ClassificationPolicy, 'kind' | 'rules'>) {
  if (of !== 'relationship_preference') return []
  return rules.flatMap(({ rule }, index) =>
    partsOf(rule).some((part) => 'hasBeen' in part)
      ? [
          {
            pointer: `/rules/${index}/rule`,
            rule: 'duration_not_allowed',
            message: 'A rule for an inferred value must not contain hasBeen.',
          },
        ]
      : [],
  )
}
