import { inlineSegments, type Rule, type SegmentMeaning } from '../../../core/segmentation/rules/rule.ts'
import type { StoredSegment } from './store.ts'

/** What a segment stands for in the rules of others. */
export function meaningOf({ kind, rule, number }: Pick<StoredSegment, 'kind' | 'rule' | 'number'>): SegmentMeaning {
  return kind === 'dynamic' ? { rule: rule! } : { number }
}

/** A rule with the rules of its segments, as they stand, in their places. */
export function wholeRule(rule: Rule, segments: readonly StoredSegment[]): Rule {
  const byId = new Map(segments.map((one) => [one.id, one]))
  return inlineSegments(rule, (id) => meaningOf(byId.get(id)!))
}
