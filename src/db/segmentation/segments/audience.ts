import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import type { Rule } from '../../../core/segmentation/rules/rule.ts'
import type { Bind } from '../../platform/views/view.ts'
import { conditionOf } from '../facts/rules.ts'

/** What facts must say of the customers of a list. */
export interface Audience {
  /** Of the segment in which they are, as the last refresh left it. */
  readonly segmentNumber: number | undefined
  /** Whole: its segments are inlined. */
  readonly rule: Rule | undefined
  readonly context: RuleContext
}

/** Joins the facts of each customer, as the row `f`. Who has none yet is on no such list. */
export const joinFacts = (row: string): string => `join customer_fact f on f.customer_id = ${row}.id`

/** What the facts so joined must say. */
export function audienceConditions({ segmentNumber, rule, context }: Audience, bind: Bind): readonly string[] {
  return [
    ...(segmentNumber === undefined ? [] : [`${bind(segmentNumber)}::int = any (f.segments)`]),
    ...(rule === undefined ? [] : [conditionOf(rule, context, bind)]),
  ]
}
