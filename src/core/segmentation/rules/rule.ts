import type { FactName } from '../facts.ts'

/** A day, or one that moves with today: so many days, months or years from it, or the last day of the month so many months from it. */
export type RuleDay =
  | string
  | { readonly days: number }
  | { readonly months: number }
  | { readonly years: number }
  | { readonly monthEnd: number }

/** Numbers as such, amounts as decimal texts in the base currency, days, truths, and the values of enums and sets. */
export type RuleValue = number | string | boolean | RuleDay

export const comparisons = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const
export type Comparison = (typeof comparisons)[number]
export const operators = [...comparisons, 'between', 'in', 'overlaps', 'exists'] as const
export type Operator = (typeof operators)[number]

export type All = { readonly all: readonly Rule[] }
export type Any = { readonly any: readonly Rule[] }
export type Not = { readonly not: Rule }
/** One operator, and what the fact is compared with. */
export type FactCondition = { readonly fact: FactName } & { readonly [operator in Operator]?: RuleValue | readonly RuleValue[] }
/** Where a fact stands among the active customers of the bank, or of a subtree by its institution’s code, in percentiles. */
export type PercentileCondition = {
  readonly fact: FactName
  readonly percentile: { readonly institution?: string } & { readonly [operator in 'lt' | 'lte' | 'gt' | 'gte']?: number } & {
    readonly between?: readonly [number, number]
  }
}
/** A rule that has held for the customer without a break for so many days. */
export type HasBeen = { readonly hasBeen: Rule; readonly days: number }
export type InSegment = { readonly segment: string }
/** A random share of customers, the same as long as the seed is: from the first bound on, below the second. */
export type Bucket = { readonly bucket: { readonly seed: string; readonly from: number; readonly to: number } }
/** Membership of a segment by list, as inlining leaves it. No rule that is sent holds one. */
export type Listed = { readonly listed: number }

/** A rule over the facts of a customer. */
export type Rule = All | Any | Not | FactCondition | PercentileCondition | HasBeen | InSegment | Bucket | Listed

/** Limits of a rule, its segments inlined. */
export const MAX_DEPTH = 8
export const MAX_CONDITIONS = 100
export const MAX_VALUES = 1_000
export const MAX_TEXT_LENGTH = 200
export const MAX_RELATIVE_DAYS = 36_500
/** Over how many days something may be watched. */
export const MAX_DURATION_DAYS = 3_650

/** The rules directly below one. */
export function below(rule: Rule): readonly Rule[] {
  if ('all' in rule) return rule.all
  if ('any' in rule) return rule.any
  if ('not' in rule) return [rule.not]
  if ('hasBeen' in rule) return [rule.hasBeen]
  return []
}

/** A rule with each part replaced, from the inside. */
export function mapRule(rule: Rule, replace: (rule: Rule) => Rule): Rule {
  if ('all' in rule) return replace({ all: rule.all.map((one) => mapRule(one, replace)) })
  if ('any' in rule) return replace({ any: rule.any.map((one) => mapRule(one, replace)) })
  if ('not' in rule) return replace({ not: mapRule(rule.not, replace) })
  if ('hasBeen' in rule) return replace({ hasBeen: mapRule(rule.hasBeen, replace), days: rule.days })
  return replace(rule)
}

/** A rule and all its parts. */
export function partsOf(rule: Rule): readonly Rule[] {
  return [rule, ...below(rule).flatMap(partsOf)]
}

/** The facts that a rule asks for, each once. */
export function usedFacts(rule: Rule): readonly FactName[] {
  return [...new Set(partsOf(rule).flatMap((part) => ('fact' in part ? [part.fact] : [])))]
}

/** The ids of the segments that a rule names. */
export function usedSegments(rule: Rule): readonly string[] {
  return [...new Set(partsOf(rule).flatMap((part) => ('segment' in part ? [part.segment] : [])))]
}

/** Whether a rule names a segment, or one whose rule does. */
export function dependsOn(rule: Rule, segmentId: string, meaning: (segmentId: string) => SegmentMeaning): boolean {
  return usedSegments(rule).some((used) => {
    if (used === segmentId) return true
    const found = meaning(used)
    return 'rule' in found && dependsOn(found.rule, segmentId, meaning)
  })
}

/** The facts and subtrees whose percentiles a rule asks for; no code stands for the bank. */
export function usedPercentiles(rule: Rule): readonly { readonly fact: FactName; readonly institution: string | undefined }[] {
  return partsOf(rule).flatMap((part) =>
    'percentile' in part ? [{ fact: part.fact, institution: part.percentile.institution }] : [],
  )
}

/** The conditions that a rule watches over time. */
export function durationConditions(rule: Rule): readonly Rule[] {
  return partsOf(rule).flatMap((part) => ('hasBeen' in part ? [part.hasBeen] : []))
}

/** One text for all spellings of a rule that say the same in the same order. */
export function canonicalRule(rule: Rule): string {
  return JSON.stringify(rule, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  )
}

/** What a segment stands for in a rule. */
export type SegmentMeaning = { readonly rule: Rule } | { readonly number: number }

/** The rule with the rules of its segments in their places. `meaning` answers what is known to be there: checked rules name no other segments. */
export function inlineSegments(rule: Rule, meaning: (segmentId: string) => SegmentMeaning): Rule {
  return mapRule(rule, (part) => {
    if (!('segment' in part)) return part
    const found = meaning(part.segment)
    return 'rule' in found ? inlineSegments(found.rule, meaning) : { listed: found.number }
  })
}
