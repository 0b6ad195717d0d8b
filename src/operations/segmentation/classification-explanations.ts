import { meaningOf } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import { classificationKinds, defaultClassification } from '../../core/segmentation/classifications.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { explainRule } from '../../core/segmentation/rules/explain.ts'
import { readClassificationStanding } from '../../db/segmentation/classifications/explanation.ts'
import { knownNow, knownThen, readDefinitions } from '../../db/segmentation/segments/explanation.ts'
import { explainedFields, shownRule } from './explained-rules.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const explainedRule = z
  .object({
    ruleIndex: z.int().meta({ description: 'Its place in the policy, from 0: the first that is met decides.' }),
    value: z.string().meta({ description: 'What it says where it is met.' }),
    decides: z.boolean().meta({ description: 'Whether it is the first that is met.' }),
    ...explainedFields,
  })
  .meta({ id: 'ExplainedClassificationRule', description: 'A rule of a policy, with what it answers for a customer.' })

const explanationSchema = z
  .object({
    customerId: z.uuid().meta({ description: 'The customer.' }),
    kind: z.enum(classificationKinds).meta({ description: 'What is classified.' }),
    periodId: z.uuid().nullable().meta({ description: 'The period that is explained, or the one that lasts.' }),
    past: z.boolean().meta({ description: 'Whether it is explained as it was when the period began, or as it stands now.' }),
    active: z.boolean().meta({ description: 'Whether the record is active: others are classified by no rule.' }),
    value: z
      .string()
      .nullable()
      .meta({ description: 'As what the customer is classified in that period; null where there is none.' }),
    answer: z.string().nullable().meta({ description: 'What these rules say of these facts; null where they say nothing.' }),
    policyVersion: z.int().meta({ description: 'The version of the policy; 0 for the default.' }),
    defaultValue: z.string().nullable().meta({ description: 'What holds where no rule is met.' }),
    decidedAt: z.iso.datetime().nullable().meta({ description: 'When the period began.' }),
    asOf: z.iso.date().meta({ description: 'The day whose facts are explained.' }),
    rules: z.array(explainedRule).meta({ description: 'All rules of the policy, in their order.' }),
  })
  .meta({ id: 'ClassificationExplanation', description: 'Why a customer is classified as something.' })

export const classificationExplanation = operation({
  kind: 'query',
  name: 'classificationExplanation',
  summary: 'Why a customer is classified as something',
  description:
    'Every rule of the policy with the value and the answer of each condition and what would turn it: now, by the policy that holds today, or as it was when a period began, with the version and the facts of that day.',
  permission: 'fact:read',
  domain: 'Customer Product and Service Eligibility',
  input: z.strictObject({
    customerId: id,
    kind: z.enum(classificationKinds).meta({ description: 'What is classified.' }),
    periodId: z
      .guid()
      .optional()
      .meta({ description: 'A period of `classificationHistory`: how it was decided. Without it, how it stands now.' }),
  }),
  output: explanationSchema,
  errors: ['not_found'],
  async run({ db, today, bank: { baseCurrency } }, { customerId, kind, periodId }) {
    const standing = await readClassificationStanding(db, { customerId, kind, periodId, today })
    if (!standing) throw notFound('customer')
    const { period, stored, active } = standing
    if (periodId !== undefined && period === null) throw notFound('period')
    const past = periodId === undefined ? null : period
    if (!past && stored === null) throw notFound('facts of the customer')
    const { policyVersion, rules, defaultValue } = standing.policy ?? defaultClassification(kind)
    const definitions = await readDefinitions(db, { segmentId: null, ruleVersion: null, at: past?.beganAt ?? null })
    const asked = { customerId, today: past?.beganOn ?? today, baseCurrency }
    const known = past ? knownThen(past.facts, asked) : knownNow(standing, definitions, asked)
    const byId = new Map(definitions.segments.map((one) => [one.id, one]))
    const explained = rules.map(({ rule }) =>
      explainRule(rule, known.subject, known.context, (inner) => meaningOf(byId.get(inner)!)),
    )
    const decides = explained.findIndex(({ result }) => result === true)
    return {
      customerId,
      kind,
      periodId: period?.id ?? null,
      past: past !== null,
      active,
      value: period?.value ?? null,
      answer: rules[decides]?.value ?? defaultValue,
      policyVersion,
      defaultValue,
      decidedAt: period && new Date(period.beganAt).toISOString(),
      asOf: asked.today,
      rules: rules.map(({ value }, ruleIndex) => ({
        ruleIndex,
        value,
        decides: ruleIndex === decides,
        ...shownRule(explained[ruleIndex], baseCurrency as CurrencyCode),
      })),
    }
  },
})

export const classificationExplanationOperations = [classificationExplanation]
