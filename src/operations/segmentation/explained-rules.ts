import { z } from 'zod'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { factNames, facts, type FactValue } from '../../core/segmentation/facts.ts'
import { factTypes } from '../../core/segmentation/fact-types.ts'
import { formatAmount } from '../../core/kernel/money.ts'
import { type Explained, type ExplainedCondition } from '../../core/segmentation/rules/explain.ts'
import { type Change } from '../../core/segmentation/rules/nearest-change.ts'
import { type Step, stepsToReverse } from '../../core/segmentation/rules/steps.ts'
import { operators } from '../../core/segmentation/rules/rule.ts'
import { moneySchema } from '../platform/rest-schema.ts'

const valueSchema = z
  .object({
    number: z.number().nullable().meta({ description: 'A number, or a number of days.' }),
    money: moneySchema.nullable().meta({ description: 'An amount in the base currency.' }),
    day: z.iso.date().nullable().meta({ description: 'A day.' }),
    boolean: z.boolean().nullable().meta({ description: 'A boolean.' }),
    text: z.string().nullable().meta({ description: 'A value of an enum or a set.' }),
    texts: z.array(z.string()).nullable().meta({ description: 'All values of a set.' }),
  })
  .meta({ id: 'RuleValue', description: 'A value used in a rule: exactly one of these.' })

const changeKinds = [
  'move',
  'become',
  'become_other',
  'add',
  'remove',
  'gain',
  'lose',
  'wait',
  'end',
  'list',
  'unlist',
] as const satisfies readonly Change['kind'][]

const changeSchema = z
  .object({
    kind: z.enum(changeKinds).meta({
      description:
        'The value moves by an amount; becomes one of others, or any other; a set gains a value, or loses all of these; a missing value appears, or a value is removed; time passes; an uninterrupted duration ends; a customer is added to a list, or removed.',
    }),
    by: valueSchema.nullable().meta({ description: 'How far a number, an amount or a day (in days) must move, signed.' }),
    to: z
      .array(valueSchema)
      .meta({ description: 'Target of the move; the values to become, or to differ from; what a set gains one of, or loses.' }),
    beyond: z.enum(['above', 'below']).nullable().meta({ description: 'The value must be just beyond the bound on this side.' }),
    dueOn: z.iso.date().nullable().meta({ description: 'The day on which the calendar alone causes the change.' }),
    days: z.int().nullable().meta({ description: 'Days that must pass.' }),
  })
  .meta({ id: 'RuleChange', description: 'A change of one fact of a customer.' })

const conditionForms = ['fact', 'has_been', 'bucket', 'listed'] as const

const pointer = z.string().meta({ description: 'Location: a JSON Pointer into the rule with its segments inlined.' })
const result = z.boolean().nullable().meta({ description: 'Result; null if a value is missing.' })

const conditionSchema = z
  .object({
    pointer,
    form: z.enum(conditionForms).meta({ description: 'Form of the condition.' }),
    segmentId: z.uuid().nullable().meta({ description: 'The segment to whose rule it belongs, if the rule names one.' }),
    result,
    fact: z.enum(factNames).nullable().meta({ description: 'The fact compared.' }),
    type: z.enum(factTypes).nullable().meta({ description: 'Type of its values.' }),
    operator: z.enum(operators).nullable().meta({ description: 'Operator.' }),
    value: valueSchema.nullable().meta({ description: 'The customer’s value; null if missing.' }),
    comparedWith: z
      .array(valueSchema)
      .meta({ description: 'Values compared with: the dates of relative days, the values of percentiles.' }),
    percentiles: z.array(z.int()).nullable().meta({ description: 'The percentiles of these values.' }),
    percentileInstitution: z
      .string()
      .nullable()
      .meta({ description: 'The institution in whose subtree the percentiles are computed.' }),
    days: z.int().nullable().meta({ description: 'Number of days for which it must have been true.' }),
    since: z.iso.date().nullable().meta({ description: 'Since when it has been true.' }),
    change: changeSchema.nullable().meta({
      description: 'The change that would reverse this condition; null if none would.',
    }),
  })
  .meta({ id: 'ExplainedCondition', description: 'A condition of a rule, with its result for a customer and the reason.' })

const stepSchema = z
  .object({
    pointer,
    goal: z.boolean().meta({ description: 'The required result of the condition.' }),
    change: changeSchema.meta({ description: 'The change that achieves it.' }),
  })
  .meta({ id: 'ExplanationStep', description: 'A condition whose result must change.' })

/** What both APIs show of an explained rule. */
export const explainedFields = {
  result: z.boolean().nullable().meta({
    description: 'Result of the rule for these facts; null if unknown, or if there is no rule.',
  }),
  tree: z.record(z.string(), z.unknown()).nullable().meta({
    description:
      'The rule as a tree: each part with form, pointer and result, groups with their parts, conditions as in `conditions`. Null if there is no rule, or no facts were stored.',
  }),
  conditions: z.array(conditionSchema).meta({ description: 'All conditions of the rule, in order.' }),
  steps: z.array(stepSchema).nullable().meta({
    description: 'The fewest conditions whose results must change to reverse the overall result; null if nothing would.',
  }),
}

type Shown<T extends z.ZodType> = z.input<T>

/** An explained rule as both APIs show it; nothing where there is none. */
export function ruleAnswer(explained: Explained | undefined, currency: CurrencyCode) {
  if (!explained) return { result: null, tree: null, conditions: [], steps: null }
  return {
    result: explained.result,
    tree: treeOf(explained, null, currency),
    conditions: conditionsShown(explained, null, currency),
    steps: stepsToReverse(explained)?.map((step) => shownStep(step, currency)) ?? null,
  }
}

function shownValue(value: FactValue, type: 'day' | 'other', currency: CurrencyCode): Shown<typeof valueSchema> | null {
  if (value === null) return null
  const empty = { number: null, money: null, day: null, boolean: null, text: null, texts: null }
  switch (typeof value) {
    case 'bigint':
      return { ...empty, money: { amount: formatAmount(value, currency), currency } }
    case 'number':
      return { ...empty, number: value }
    case 'boolean':
      return { ...empty, boolean: value }
    case 'string':
      return type === 'day' ? { ...empty, day: value } : { ...empty, text: value }
    default:
      return { ...empty, texts: [...value] }
  }
}

function shownChange(change: Change, type: 'day' | 'other', currency: CurrencyCode): Shown<typeof changeSchema> {
  const shown = (value: FactValue): Shown<typeof valueSchema> => shownValue(value, type, currency)!
  const empty = { kind: change.kind, by: null, to: [], beyond: null, dueOn: null, days: null }
  switch (change.kind) {
    case 'move': {
      const { by, to, beyond, dueOn } = change
      return { ...empty, by: shownValue(by, 'other', currency), to: [shown(to)], beyond, dueOn }
    }
    case 'become':
    case 'add':
      return { ...empty, to: change.oneOf.map(shown) }
    case 'become_other':
      return { ...empty, to: change.than.map(shown) }
    case 'remove':
      return { ...empty, to: change.all.map(shown) }
    case 'wait':
      return { ...empty, days: change.days, dueOn: change.until }
    default:
      return empty
  }
}

function shownStep({ pointer: at, goal, change }: Step, currency: CurrencyCode): Shown<typeof stepSchema> {
  return {
    pointer: at,
    goal,
    change: shownChange(change, change.kind === 'move' && typeof change.to === 'string' ? 'day' : 'other', currency),
  }
}

function shownCondition(
  node: ExplainedCondition,
  segmentId: string | null,
  currency: CurrencyCode,
): Shown<typeof conditionSchema> {
  const type = node.form === 'fact' ? facts[node.fact].type : null
  const kind = type === 'day' ? 'day' : 'other'
  const change = node.result === true ? node.toFail : node.toHold
  const shared = {
    pointer: node.pointer,
    segmentId,
    result: node.result,
    fact: null,
    type,
    operator: null,
    value: null,
    comparedWith: [],
    percentiles: null,
    percentileInstitution: null,
    days: null,
    since: null,
    change: change && shownChange(change, kind, currency),
  }
  const number = (value: number): Shown<typeof valueSchema> => shownValue(value, 'other', currency)!
  switch (node.form) {
    case 'fact': {
      const { fact, operator, value, operands, condition } = node
      const { institution = null, ...bounds } = 'percentile' in condition ? condition.percentile : {}
      return {
        ...shared,
        form: 'fact',
        fact,
        operator,
        value: shownValue(value, kind, currency),
        comparedWith: (operands ?? []).map((one) => shownValue(one, kind, currency)!),
        percentiles: 'percentile' in condition ? Object.values(bounds).flat() : null,
        percentileInstitution: institution,
      }
    }
    case 'hasBeen':
      return { ...shared, form: 'has_been', days: node.days, since: node.since ?? null }
    case 'bucket':
      return {
        ...shared,
        form: 'bucket',
        value: number(node.chance),
        comparedWith: [number(node.from), number(node.to)],
      }
    case 'listed':
      return { ...shared, form: 'listed' }
  }
}

const segmentBelow = ({ segment }: Explained, above: string | null): string | null => segment ?? above

function conditionsShown(node: Explained, above: string | null, currency: CurrencyCode): Shown<typeof conditionSchema>[] {
  const segmentId = segmentBelow(node, above)
  const own = 'toHold' in node ? [shownCondition(node, segmentId, currency)] : []
  return 'parts' in node ? [...own, ...node.parts.flatMap((part) => conditionsShown(part, segmentId, currency))] : own
}

function treeOf(node: Explained, above: string | null, currency: CurrencyCode): Record<string, unknown> {
  const segmentId = segmentBelow(node, above)
  const own =
    'toHold' in node
      ? shownCondition(node, segmentId, currency)
      : { form: node.form, pointer: node.pointer, segmentId, result: node.result }
  return { ...own, ...('parts' in node && { parts: node.parts.map((part) => treeOf(part, segmentId, currency)) }) }
}
