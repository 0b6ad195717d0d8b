import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import { dayOf } from '../../core/kernel/calendar.ts'
import {
  classificationKinds,
  type ClassificationPolicy,
  classify,
  defaultClassification,
  keptKinds,
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
import { ofCustomer, pageUnder } from '../dossier/under-customer.ts'

const domain = 'Customer Product and Service Eligibility'
const periodView = viewNamed('ClassificationPeriod')
const preferenceView = viewNamed('RelationshipPreference')

const grounds = ['rule', 'default', 'declared', 'inferred', 'none'] as const

const classification = z
  .object({
    kind: z.enum(classificationKinds).meta({ description: 'What is classified.' }),
    value: z.string().nullable().meta({ description: 'As what; null where nothing is said.' }),
    ground: z.enum(grounds).meta({
      description:
        'Whether a rule of the policy decided, its default, a declaration, or what was inferred; `none` where nothing is said.',
    }),
    policyVersion: z.int().nullable().meta({ description: 'The version of the policy that decided; 0 for the default.' }),
    ruleIndex: z.int().nullable().meta({ description: 'Which of its rules decided, from 0.' }),
    rule: z.record(z.string(), z.unknown()).nullable().meta({ description: 'That rule.' }),
    since: z.iso.date().nullable().meta({ description: 'First day; null of what is inferred when you ask.' }),
    confidence: z.number().nullable().meta({ description: 'How sure it is, 0 to 1: 1 of what was declared.' }),
  })
  .meta({ id: 'Classification', description: 'What a customer is classified as, and why.' })
type Shown = z.input<typeof classification>

export const customerClassification = operation({
  kind: 'query',
  name: 'customerClassification',
  summary: 'What a customer is classified as, and why',
  description:
    'Lifecycle stage, activity, product preference and marketing grade as the last refresh decided, each with the version of the policy, the rule that decided and since when; the relationship preference as declared, else as inferred now from the facts.',
  permission: 'fact:read',
  alsoNeeds: () => ['fact:read', 'dossier:read'],
  domain,
  lane: 'pool',
  input: z.strictObject({ customerId: id }),
  output: z
    .object({
      customerId: z.uuid().meta({ description: 'The customer.' }),
      classifications: z.array(classification).meta({ description: 'One of each kind.' }),
    })
    .meta({ id: 'CustomerClassification', description: 'The classifications of a customer.' }),
  errors: ['not_found'],
  async run(context, { customerId }) {
    const { db, today } = context
    const found = await findClassification(db, customerId)
    if (!found) throw notFound('customer')
    const [policies, versions] = [await readPoliciesOn(db, today), await listPolicies(db)]
    const kept = keptKinds.map((kind): Shown => {
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
        ground: ruleIndex === null ? 'default' : 'rule',
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
          ...kept,
          {
            ...nothing('relationship_preference'),
            value: declared.preference,
            ground: 'declared' as const,
            since: dayOf(declared.declaredAt, context.bank.timeZone),
            confidence: 1,
          },
        ],
      }
    const policy = policies.find(({ kind }) => kind === 'relationship_preference')!
    return { customerId, classifications: [...kept, await inferred(context, customerId, policy, found.segments)] }
  },
})

function nothing(kind: Shown['kind']): Shown {
  return { kind, value: null, ground: 'none', policyVersion: null, ruleIndex: null, rule: null, since: null, confidence: null }
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
    fact: factIn(facts),
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
    ground: rule ? 'inferred' : 'default',
    policyVersion: policy.policyVersion,
    ruleIndex: decided.ruleIndex,
    rule: (rule?.rule ?? null) as Record<string, unknown> | null,
    since: null,
    confidence: rule?.confidence ?? null,
  }
}

/** The facts of a customer by their names. */
export const factIn =
  ({ values }: CustomerFacts) =>
  (name: FactName): FactValue =>
    values.get(name) ?? null

export const classificationHistory = pageOperation(periodView, {
  kind: 'query',
  name: 'classificationHistory',
  summary: 'How a customer is and was classified',
  description: 'Each period with the version of the policy and the rule that decided, the latest begun first.',
  permission: 'fact:read',
  domain,
  input: z.strictObject({
    customerId: id,
    kind: z.enum(keptKinds).optional().meta({ description: 'Of this kind.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { kind, ...input }) =>
    pageUnder(context, periodView, { name: 'begun', direction: 'desc', keys: periodKeys }, input, (row, bind) =>
      kind === undefined ? [] : [`${row}.kind = ${bind(kind)}::text`],
    ),
})

export const relationshipPreferences = pageOperation(preferenceView, {
  kind: 'query',
  name: 'relationshipPreferences',
  summary: 'What was declared to drive a customer',
  description: 'By whom and when, the latest first; that one holds.',
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
  summary: 'Say what drives a customer’s choice of a bank',
  description:
    'Relationship, quality, price or credit. What was said before stays as history; what is declared counts before what is inferred.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    preference: z.enum(relationPreferences).meta({ description: 'What drives the customer.' }),
    note: remark(300)
      .optional()
      .meta({ description: 'What shows it.', examples: ['每次都问利率'] }),
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
