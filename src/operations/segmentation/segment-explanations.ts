import { meaningOf } from '../../db/segmentation/segments/rules.ts'
import { z } from 'zod'
import type { Day } from '../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { explainRule } from '../../core/segmentation/rules/explain.ts'
import { type LeavingReason, leavingReasons, segmentKinds } from '../../core/segmentation/segments.ts'
import {
  type Decision,
  type DecisionFacts,
  decisions,
  stateNow,
  stateThen,
  readDefinitions,
  readMembershipState,
  type MembershipState,
} from '../../db/segmentation/segments/explanation.ts'
import type { StoredSegment } from '../../db/segmentation/segments/store.ts'
import { explainedFields, ruleAnswer } from './explained-rules.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const explanationSchema = z
  .object({
    customerId: z.uuid().meta({ description: 'The customer.' }),
    segmentId: z.uuid().meta({ description: 'The segment.' }),
    segmentKind: z.enum(segmentKinds).meta({ description: 'Dynamic (by a rule), or static (by a list).' }),
    decision: z.enum(decisions).nullable().meta({ description: 'The explained decision; null for the current state.' }),
    membershipId: z.uuid().nullable().meta({ description: 'The explained membership, or the current one.' }),
    member: z.boolean().meta({ description: 'Whether the customer is a member, as of the last refresh.' }),
    active: z
      .boolean()
      .meta({ description: 'Whether the record is active: other records are in no segment, whatever the rule.' }),
    ruleVersion: z.int().nullable().meta({ description: 'The version of the rule; null for a static segment.' }),
    asOf: z.iso.date().meta({ description: 'The day from which relative days are computed.' }),
    decidedAt: z.iso.datetime().nullable().meta({ description: 'When the decision was made.' }),
    decidedBy: z.string().nullable().meta({ description: 'Who added the customer to the list, or removed them.' }),
    leftReason: z.enum(leavingReasons).nullable().meta({ description: 'Why the membership ended.' }),
    ...explainedFields,
  })
  .meta({ id: 'MembershipExplanation', description: 'Explanation of why a customer is, or is not, in a segment.' })

export const membershipExplanation = operation({
  kind: 'query',
  name: 'membershipExplanation',
  summary: 'Explanation of why a customer is, or is not, in a segment',
  description:
    'The rule with the value and result of each condition, its distance from changing, and the fewest conditions that would change the overall result: now, or as of when the customer entered or left, with the version and facts of that day.',
  permission: 'fact:read',
  domain: 'Customer Product and Service Eligibility',
  input: z.strictObject({
    customerId: id,
    segmentId: id.meta({ description: 'The segment.' }),
    membershipId: z.guid().optional().meta({ description: 'A membership of the customer in it; the latest by default.' }),
    decision: z.enum(decisions).optional().meta({
      description:
        'Which decision of the membership: `entered`, the default if a membership is given, or `left`. Without both the current state is explained.',
    }),
  }),
  output: explanationSchema,
  errors: ['not_found'],
  async run({ db, today, bank: { baseCurrency } }, { customerId, segmentId, membershipId, decision: named }) {
    const decision = named ?? (membershipId === undefined ? undefined : 'entered')
    const state = await readMembershipState(db, { customerId, segmentId, stayId: membershipId, decision })
    if (!state) throw notFound('customer')
    const past = pastOf(state, decision)
    const definitions = await readDefinitions(db, {
      segmentId,
      ruleVersion: past?.ruleVersion ?? null,
      at: past?.decidedAt ?? null,
    })
    const segment = definitions.segments.find((one) => one.id === segmentId)
    if (!segment) throw notFound('segment')
    if (state.stay === null && decision !== undefined) throw notFound('membership in the segment')
    if (!past && state.stored === null && segment.kind === 'dynamic') throw notFound('facts of the customer')
    const asked = { customerId, today: past?.on ?? today, baseCurrency }
    const known = past ? stateThen(past.facts, asked) : stateNow(state, definitions, asked)
    const byId = new Map(definitions.segments.map((one) => [one.id, one]))
    // Who left with the end of the segment was judged by no rule.
    const rule = past?.reason === 'retired' ? null : segment.rule
    const explained = rule ? explainRule(rule, known.subject, known.context, (inner) => meaningOf(byId.get(inner)!)) : undefined
    return {
      customerId,
      segmentId,
      ...stayShown(segment, state, past),
      decision: decision ?? null,
      active: state.active,
      asOf: asked.today,
      ...ruleAnswer(explained, baseCurrency as CurrencyCode),
    }
  },
})

interface Past {
  readonly on: Day
  readonly decidedAt: string
  readonly decidedBy: string | null
  readonly ruleVersion: number | null
  readonly reason: LeavingReason | null
  readonly facts: DecisionFacts
}

function pastOf({ stay }: MembershipState, decision: Decision | undefined): Past | undefined {
  if (!stay || decision === undefined) return undefined
  return decision === 'entered'
    ? {
        on: stay.enteredOn,
        decidedAt: stay.enteredAt,
        decidedBy: stay.enteredBy,
        ruleVersion: stay.enteredVersion,
        reason: null,
        facts: stay.enteredFacts,
      }
    : {
        on: stay.leftOn!,
        decidedAt: stay.leftAt!,
        decidedBy: stay.leftBy,
        ruleVersion: stay.leftVersion,
        reason: stay.leftReason,
        facts: stay.leftFacts ?? {},
      }
}

/** What the segment and the stay say of themselves. A stay that has ended says nothing of now. */
function stayShown({ kind, ruleVersion, number }: StoredSegment, { stay, segments }: MembershipState, past: Past | undefined) {
  const decidedAt = past?.decidedAt ?? (stay?.leftOn === null ? stay.enteredAt : undefined)
  const shown = stay !== null && (past !== undefined || stay.leftOn === null) ? stay : null
  return {
    segmentKind: kind,
    membershipId: shown?.id ?? null,
    member: segments.includes(number),
    ruleVersion,
    decidedAt: decidedAt === undefined ? null : new Date(decidedAt).toISOString(),
    decidedBy: past ? past.decidedBy : (shown?.enteredBy ?? null),
    leftReason: past?.reason ?? null,
  }
}

export const explanationOperations = [membershipExplanation]
