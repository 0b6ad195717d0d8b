import { textsEqual, ofCustomer } from '../../db/platform/views/conditions.ts'
import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import { dayOf } from '../../core/kernel/calendar.ts'
import {
  classificationKinds,
  type ClassificationPolicy,
  classify,
  defaultClassification,
  storedClassificationKinds,
} from '../../core/segmentation/classifications.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { type FactName, type FactValue, relationPreferences } from '../../core/segmentation/facts.ts'
import { remark } from '../../core/kernel/scalars.ts'
import { evaluateRule } from '../../core/segmentation/rules/evaluate.ts'
import { lockCustomers } from '../../db/dossier/assets.ts'
import { findClassification, insertPreference } from '../../db/segmentation/classifications/customers.ts'
import { listPolicies, readPoliciesOn } from '../../db/segmentation/classifications/store.ts'
import { seesCustomer } from '../../db/dossier/customers.ts'
import { type CustomerFacts, readFacts } from '../../db/segmentation/facts/values.ts'
import { chanceOf, readRuleContext } from '../../db/segmentation/facts/rules.ts'
import { readSegments } from '../../db/segmentation/segments/store.ts'
import { viewNamed } from '../../db/views.ts'
import { periodKeys, preferenceKeys } from '../../db/segmentation/views/classifications.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'
import { pageUnder } from '../dossier/under-customer.ts'

const domain = 'Customer Product and Service Eligibility'
const periodView = viewNamed('ClassificationPeriod')
const preferenceView = viewNamed('RelationshipPreference')

const bases = ['rule', 'default', 'declared', 'inferred', 'none'] as const

const classification = z
  .object({
    kind: z.enum(classificationKinds).meta({ description: 'Kind of classification.' }),
    value: z.string().nullable().meta({ description: 'Value; null if none.' }),
    basis: z.enum(bases).meta({
      description: 'Basis: a rule of the policy, its default, a declaration, or an inference; `none` if there is no value.',
    }),
    policyVersion: z.int().nullable().meta({ description: 'The version of the policy that was applied; 0 for the default.' }),
    ruleIndex: z.int().nullable().meta({ description: 'Index of the rule that was applied, from 0.' }),
    rule: z.record(z.string(), z.unknown()).nullable().meta({ description: 'The rule that was applied.' }),
    since: z.iso.date().nullable().meta({ description: 'First day; null for a value that is inferred on request.' }),
    confidence: z.number().nullable().meta({ description: 'Confidence, 0 to 1: 1 for a declared value.' }),
  })
  .meta({ id: 'Classification', description: 'The classifications of a customer, with their basis.' })
type Shown = z.input<typeof classification>

export const customerClassification = operation({
  kind: 'query',
  name: 'customerClassification',
  summary: 'Classifications of a customer, with their basis',
  description:
    'Lifecycle stage, activity, product preference and marketing grade as of the last refresh, each with the policy version, the applied rule and the start; the relationship preference as declared, or else inferred from the current facts.',
  permission: 'fact:read',
  alsoNeeds: () => ['fact:read', 'dossier:read'],
  domain,
  lane: 'pool',
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      classifications: z.array(classification).meta({ description: 'One per kind.' }),
    })
    .meta({ id: 'CustomerClassification', description: 'The classifications of a customer.' }),
  errors: ['not_found'],
  async run(context, { customerId }) {
    const { db, today } = context
    const found = await findClassification(db, customerId)
    if (!found) throw notFound('customer')
    const [policies, versions] = [await readPoliciesOn(db, today), await listPolicies(db)]
    const stored = storedClassificationKinds.map((kind): Shown => {
      const period = found.periods.find((one) => one.kind === kind)
      if (!period) return nothing(kind)
      const { value, policyVersion, ruleIndex, beganOn } = period
      const policy =
        policyVersion === 0
          ? defaultClassification(kind)
          : versions.find(({ key, version }) => key === kind && version === policyVersion)?.definition
      return {
        kind,
        value,
        basis: ruleIndex === null ? 'default' : 'rule',
        policyVersion,
        ruleIndex,
        rule: ruleIndex === null ? null : (policy?.rules[ruleIndex]?.rule ?? null),
        since: beganOn,
        confidence: null,
      }
    })
    const { declared } = found
    if (declared)
      return {
        customerId,
        classifications: [
          ...stored,
          {
            ...nothing('relationship_preference'),
            value: declared.preference,
            basis: 'declared' as const,
            since: dayOf(declared.declaredAt, context.bank.timeZone),
            confidence: 1,
          },
        ],
      }
    const policy = policies.find(({ kind }) => kind === 'relationship_preference')!
    return { customerId, classifications: [...stored, await inferred(context, customerId, policy, found.segments)] }
  },
})

function nothing(kind: Shown['kind']): Shown {
  return { kind, value: null, basis: 'none', policyVersion: null, ruleIndex: null, rule: null, since: null, confidence: null }
}

async function inferred(
  { db, today, bank }: Context,
  customerId: string,
  policy: ClassificationPolicy,
  listed: readonly number[],
): Promise<Shown> {
  const facts = await readFacts(db, customerId, today)
  if (!facts) return nothing('relationship_preference')
  const [segments, ruleContext] = [await readSegments(db), await readRuleContext(db, today, bank.baseCurrency)]
  const subject = {
    fact: factOf(facts),
    since: () => null,
    listed: (number: number) => listed.includes(number),
    chance: (seed: string) => chanceOf(seed, customerId),
  }
  const decided = classify(policy, (rule) => evaluateRule(wholeRule(rule, segments), subject, ruleContext))
  if (!decided) return { ...nothing('relationship_preference'), policyVersion: policy.policyVersion }
  const rule = decided.ruleIndex === null ? undefined : policy.rules[decided.ruleIndex]
  return {
    kind: 'relationship_preference',
    value: decided.value,
    basis: rule ? 'inferred' : 'default',
    policyVersion: policy.policyVersion,
    ruleIndex: decided.ruleIndex,
    rule: (rule?.rule ?? null) as Record<string, unknown> | null,
    since: null,
    confidence: rule?.confidence ?? null,
  }
}

/** The facts of a customer by their names. */
export const factOf =
  ({ values }: CustomerFacts) =>
  (name: FactName): FactValue =>
    values.get(name) ?? null

export const classificationHistory = pageOperation(periodView, {
  kind: 'query',
  name: 'classificationHistory',
  summary: 'Classification history of a customer',
  description: 'Each period with the policy version and the applied rule, latest start first.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({
    customerId: id,
    kind: z.enum(storedClassificationKinds).optional().meta({ description: 'Of this kind.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { kind, ...input }) =>
    pageUnder(context, periodView, { name: 'begun', direction: 'desc', keys: periodKeys }, input, textsEqual({ kind })),
})

export const relationshipPreferences = pageOperation(preferenceView, {
  kind: 'query',
  name: 'relationshipPreferences',
  summary: 'Declared relationship preferences of a customer',
  description: 'Who declared what and when, newest first; the newest applies.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, input) =>
    pageUnder(context, preferenceView, { name: 'declared', direction: 'desc', keys: preferenceKeys }, input),
})

export const declareRelationshipPreference = viewOperation(preferenceView, {
  kind: 'command',
  name: 'declareRelationshipPreference',
  summary: 'Declare the relationship preference of a customer',
  description:
    'Relationship, quality, price or credit. Earlier declarations stay in the history; a declared preference takes precedence over an inferred one.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    preference: z.enum(relationPreferences).meta({ description: 'The relationship preference.' }),
    note: remark(300)
      .optional()
      .meta({ description: 'Note on the evidence.', examples: ['每次都问利率'] }),
  }),
  errors: ['not_found'],
  async run(context, { customerId, preference, note }) {
    const { db, now, newId, actor } = context
    await lockCustomers(db, [customerId])
    if (!(await seesCustomer(db, customerId))) throw notFound('customer')
    const declaredId = newId()
    const declaredBy = actor.kind === 'staff' ? actor.id : null
    await insertPreference(db, { id: declaredId, customerId, preference, note: note ?? null, declaredBy, now })
    context.record({
      event: 'relationship_preference.declared',
      subjectType: 'relationship_preference',
      subjectId: declaredId,
      customerId,
      changed: ['preference', ...(note === undefined ? [] : ['note'])],
    })
    return answerOne(context, preferenceView, ofCustomer(customerId, declaredId))
  },
})

export const customerClassificationOperations = [
  customerClassification,
  classificationHistory,
  relationshipPreferences,
  declareRelationshipPreference,
]
