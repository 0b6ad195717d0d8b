import { meaningOf } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import { classificationKinds, defaultClassification } from '../../core/segmentation/classifications.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { explainRule } from '../../core/segmentation/rules/explain.ts'
import { readClassificationState } from '../../db/segmentation/classifications/explanation.ts'
import { stateNow, stateThen, readDefinitions } from '../../db/segmentation/segments/explanation.ts'
import { explainedFields, ruleAnswer } from './explained-rules.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const explainedRule = z
  .object({
    ruleIndex: z.int().meta({ description: 'Index of the rule in the policy, from 0: the first rule that is met applies.' }),
    value: z.string().meta({ description: 'Value assigned if the rule is met.' }),
    decides: z.boolean().meta({ description: 'Whether it is the first rule that is met.' }),
    ...explainedFields,
  })
  .meta({ id: 'ExplainedClassificationRule', description: 'A rule of a policy, with its result for a customer.' })

const explanationSchema = z
  .object({
    customerId: z.uuid().meta({ description: 'The customer.' }),
    kind: z.enum(classificationKinds).meta({ description: 'Kind of classification.' }),
    periodId: z.uuid().nullable().meta({ description: 'The explained period, or the current one.' }),
    historical: z.boolean().meta({ description: 'Whether it is explained as of the start of the period, or as of now.' }),
    active: z.boolean().meta({ description: 'Whether the record is active: only active records are classified by rules.' }),
    value: z.string().nullable().meta({ description: 'Value in that period; null if there is none.' }),
    result: z.string().nullable().meta({ description: 'Result of these rules for these facts; null if there is none.' }),
    policyVersion: z.int().meta({ description: 'The version of the policy; 0 for the default.' }),
    defaultValue: z.string().nullable().meta({ description: 'Value if no rule is met.' }),
    decidedAt: z.iso.datetime().nullable().meta({ description: 'When the period started.' }),
    asOf: z.iso.date().meta({ description: 'The day of the explained facts.' }),
    rules: z.array(explainedRule).meta({ description: 'All rules of the policy, in order.' }),
  })
  .meta({ id: 'ClassificationExplanation', description: 'Explanation of a classification of a customer.' })

export const classificationExplanation = operation({
  kind: 'query',
  name: 'classificationExplanation',
  summary: 'Explanation of a classification of a customer',
  description:
    'Every rule of the policy with the value and result of each condition and what would change it: now, by the current policy, or as of the start of a period, with the version and facts of that day.',
  permission: 'fact:read',
  domain: 'Customer Product and Service Eligibility',
  input: z.strictObject({
    customerId: id,
    kind: z.enum(classificationKinds).meta({ description: 'Kind of classification.' }),
    periodId: z
      .guid()
      .optional()
      .meta({ description: 'A period of `classificationHistory`, to explain that decision. Without it, the current state.' }),
  }),
  output: explanationSchema,
  errors: ['not_found'],
  async run({ db, today, bank: { baseCurrency } }, { customerId, kind, periodId }) {
    const state = await readClassificationState(db, { customerId, kind, periodId, today })
    if (!state) throw notFound('customer')
    const { period, stored, active } = state
    if (periodId !== undefined && period === null) throw notFound('period')
    const past = periodId === undefined ? null : period
    if (!past && stored === null) throw notFound('facts of the customer')
    const { policyVersion, rules, defaultValue } = state.policy ?? defaultClassification(kind)
    const definitions = await readDefinitions(db, { segmentId: null, ruleVersion: null, at: past?.beganAt ?? null })
    const asked = { customerId, today: past?.beganOn ?? today, baseCurrency }
    const known = past ? stateThen(past.facts, asked) : stateNow(state, definitions, asked)
    const byId = new Map(definitions.segments.map((one) => [one.id, one]))
    const explained = rules.map(({ rule }) =>
      explainRule(rule, known.subject, known.context, (inner) => meaningOf(byId.get(inner)!)),
    )
    const decides = explained.findIndex(({ result }) => result === true)
    return {
      customerId,
      kind,
      periodId: period?.id ?? null,
      historical: past !== null,
      active,
      value: period?.value ?? null,
      result: rules[decides]?.value ?? defaultValue,
      policyVersion,
      defaultValue,
      decidedAt: period && new Date(period.beganAt).toISOString(),
      asOf: asked.today,
      rules: rules.map(({ value }, ruleIndex) => ({
        ruleIndex,
        value,
        decides: ruleIndex === decides,
        ...ruleAnswer(explained[ruleIndex], baseCurrency as CurrencyCode),
      })),
    }
  },
})

export const classificationExplanationOperations = [classificationExplanation]
