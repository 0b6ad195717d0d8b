import type { FactName } from '../../../core/segmentation/facts.ts'
import type { ClassificationKind } from '../../../core/segmentation/classifications.ts'
import { classificationFacts } from '../../../core/segmentation/classifications.ts'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import type { Rule } from '../../../core/segmentation/rules/rule.ts'
import { factColumn, factExpression } from '../facts/columns.ts'
import { decisionFacts } from '../segments/explanation.ts'
import { conditionOf } from '../facts/rules.ts'
import type { Bind } from '../../platform/views/view.ts'

/** A policy as a scan of the facts applies it: its rules whole, the segments that they name inlined. */
export interface Classification {
  readonly kind: keyof typeof classificationFacts
  readonly policyVersion: number
  readonly rules: readonly { readonly value: string; readonly rule: Rule }[]
  readonly defaultValue: string | null
}

/** What a customer of whom the bank has closed the record is, by any policy. */
const ofClosed: Readonly<Partial<Record<ClassificationKind, string>>> = { lifecycle_stage: 'ended' }

/** What the first rule that is met says, over the row `f` of facts. */
export function classificationExpression(
  { kind, rules, defaultValue }: Classification,
  context: RuleContext,
  bind: Bind,
): { readonly column: string; readonly expression: string } {
  const decided = rules.map(({ value, rule }) => `when ${conditionOf(rule, context, bind)} then ${bind(value)}::text`)
  const otherwise = defaultValue === null ? '' : ` else ${bind(defaultValue)}::text`
  const active = decided.length === 0 ? `${bind(defaultValue)}::text` : `case ${decided.join(' ')}${otherwise} end`
  const closed = ofClosed[kind]
  return {
    column: factColumn(classificationFacts[kind]),
    expression: `case when f.status = 'active' then ${active}${closed ? ` when f.status = 'closed' then '${closed}'` : ''} end`,
  }
}

/** Closed customers who have not been told to be so yet, over the row `f`. */
export function closedUnreported(classifications: readonly Classification[]): readonly string[] {
  return classifications.flatMap(({ kind }) => {
    const closed = ofClosed[kind]
    return closed ? [`(f.status = 'closed' and f.${factColumn(classificationFacts[kind])} is distinct from '${closed}')`] : []
  })
}

export const classifiedColumns = 'kind, was, becomes, policy_version, rule_index, facts'

/** For `values`: kind, value before and after, version, the rule that decided and the facts that the policy asks for; `c` is a changed row, `f` its row of facts. */
export function classificationChange({ kind, policyVersion, rules }: Classification, context: RuleContext, bind: Bind): string {
  const column = factColumn(classificationFacts[kind])
  const index = (of: readonly number[]): string => {
    const met = of.map((place) => `when ${conditionOf(rules[place]!.rule, context, bind)} then ${place}`)
    return met.length === 0 ? 'null::int' : `case ${met.join(' ')} end`
  }
  const places = rules.map((_rule, place) => place)
  const closed = ofClosed[kind]
  const ofClosing = closed
    ? ` when f.status = 'closed' then ${index(places.filter((place) => rules[place]!.value === closed))}`
    : ''
  const decided = `case when f.status = 'active' then ${index(places)}${ofClosing} end`
  const asked = decisionFacts({ any: rules.map(({ rule }) => rule) }, context, bind)
  return `('${kind}', c."${column} before", c."${column} after", ${policyVersion}, ${decided}, ${asked})`
}

/** Scores by recency, frequency and monetary value: fifths of all active customers, by the cuts that the last full refresh worked out. Missing where there are none. */
export function quintiles(context: RuleContext, bind: Bind): readonly { readonly column: string; readonly expression: string }[] {
  const fifths = [20, 40, 60, 80]
  const score = (name: FactName, fact: FactName, best: 'highest' | 'lowest') => {
    const cuts = fifths.map((percentile) => context.cut(fact, undefined, percentile))
    if (cuts.includes(undefined)) return []
    const value = factExpression(fact, 'f', `date '${context.today}'`)
    const type = fact === 'monetary' ? 'bigint' : 'double precision'
    const points = (place: number): number => (best === 'highest' ? place + 1 : 5 - place)
    const steps = cuts.map((cut, place) => `when ${value} <= ${bind(cut)}::${type} then ${points(place)}`)
    return [
      {
        column: factColumn(name),
        expression: `case when f.status = 'active' and ${value} is not null then (case ${steps.join(' ')} else ${points(4)} end)::double precision end`,
      },
    ]
  }
  return [
    ...score('recencyScore', 'recency', 'lowest'),
    ...score('frequencyScore', 'frequency', 'highest'),
    ...score('monetaryScore', 'monetary', 'highest'),
  ]
}
