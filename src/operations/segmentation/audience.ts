import { readRule, ruleInput } from './rules.ts'
import type { Audience } from '../../db/segmentation/segments/audience.ts'
import { wholeRule } from '../../db/segmentation/segments/rules.ts'
import { refuseField } from '../../core/kernel/errors.ts'
import { requireAffordableStatement } from '../../db/segmentation/refresh/estimates.ts'
import { readRuleContext } from '../../db/segmentation/facts/rules.ts'
import { readSegments } from '../../db/segmentation/segments/store.ts'
import type { Context } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

/** What lists of customers take besides: whatever facts say of them. */
export const audienceInput = {
  segmentId: id.optional().meta({ description: 'Members of this segment, as of the last refresh.' }),
  rule: ruleInput.optional().meta({
    description:
      'Customers who meet this rule over facts; see docs/rules.md. Over REST in a body only: rules may contain personal data.',
  }),
}

interface AudienceInput {
  readonly segmentId?: string | undefined
  readonly rule?: Record<string, unknown> | undefined
}

export function isByFacts({ segmentId, rule }: AudienceInput): boolean {
  return segmentId !== undefined || rule !== undefined
}

/** The customers that the input asks for, checked. Throws `unknown_reference`, `invalid_input` with every problem of the rule, and `query_too_complex`. */
export async function audienceOf(context: Context, { segmentId, rule: sent }: AudienceInput): Promise<Audience | undefined> {
  if (segmentId === undefined && sent === undefined) return undefined
  const { db, today, bank, scope } = context
  const segments = await readSegments(db)
  const segment = segments.find((one) => one.id === segmentId)
  if (segmentId !== undefined && !segment)
    throw refuseField('unknown_reference', 'segmentId', 'unknown_reference', 'There is no such segment.')
  const rule = sent && wholeRule(await readRule(context, sent, segments), segments)
  const ruleContext = await readRuleContext(db, today, bank.baseCurrency)
  if (rule) await requireAffordableStatement(db, rule, ruleContext, scope)
  return { segmentNumber: segment?.number, rule, context: ruleContext }
}
