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
  knownNow,
  knownThen,
  readDefinitions,
  readStanding,
  type Standing,
} from '../../db/segmentation/segments/explanation.ts'
import type { StoredSegment } from '../../db/segmentation/segments/store.ts'
import { explainedFields, shownRule } from './explained-rules.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const explanationSchema = z
  .object({
    customerId: z.uuid().meta({ description: 'The customer.' }),
    segmentId: z.uuid().meta({ description: 'The segment.' }),
    segmentKind: z.enum(segmentKinds).meta({ description: 'By a rule, or by a list.' }),
    decision: z.enum(decisions).nullable().meta({ description: 'The decision that is explained; null where it is now.' }),
    membershipId: z.uuid().nullable().meta({ description: 'The stay that is explained, or the one that lasts.' }),
    member: z.boolean().meta({ description: 'Whether the customer is in the segment, as the last refresh left it.' }),
    active: z.boolean().meta({ description: 'Whether the record is active: others are in no segment, whatever a rule says.' }),
    ruleVersion: z.int().nullable().meta({ description: 'The version of the rule; null for a segment by list.' }),
    asOf: z.iso.date().meta({ description: 'The day that relative days count from.' }),
    decidedAt: z.iso.datetime().nullable().meta({ description: 'When the decision was taken.' }),
    decidedBy: z.string().nullable().meta({ description: 'Who put the customer on the list, or took them off.' }),
    leftReason: z.enum(leavingReasons).nullable().meta({ description: 'Why the stay ended.' }),
    ...explainedFields,
  })
  .meta({ id: 'MembershipExplanation', description: 'Why a customer is in a segment, or is not.' })

export const membershipExplanation = operation({
  kind: 'query',
  name: 'membershipExplanation',
  summary: 'Why a customer is in a segment, or is not',
  description:
    'The rule with the value and the answer of each condition, how far it is from turning, and the fewest that would turn the whole: now, or as it was when the customer entered or left, with the version and the facts of that day.',
  permission: 'fact:read',
  domain: 'Customer Product and Service Eligibility',
  input: z.strictObject({
    customerId: id,
    segmentId: id.meta({ description: 'The segment.' }),
    membershipId: z.guid().optional().meta({ description: 'A stay of the customer in it; the latest one where it is missing.' }),
    decision: z.enum(decisions).optional().meta({
      description:
        'Which decision of the stay: that the customer entered, which is meant where only a stay is named, or left. Without both it is explained how it stands now.',
    }),
  }),
  output: explanationSchema,
  errors: ['not_found'],
  async run({ db, today, bank: { baseCurrency } }, { customerId, segmentId, membershipId, decision: named }) {
    const decision = named ?? (membershipId === undefined ? undefined : 'entered')
    const standing = await readStanding(db, { customerId, segmentId, stayId: membershipId, decision })
    if (!standing) throw notFound('customer')
    const past = pastOf(standing, decision)
    const definitions = await readDefinitions(db, {
      segmentId,
      ruleVersion: past?.ruleVersion ?? null,
      at: past?.decidedAt ?? null,
    })
    const segment = definitions.segments.find((one) => one.id === segmentId)
    if (!segment) throw notFound('segment')
    if (standing.stay === null && decision !== undefined) throw notFound('stay in the segment')
    if (!past && standing.stored === null && segment.kind === 'dynamic') throw notFound('facts of the customer')
    const asked = { customerId, today: past?.on ?? today, baseCurrency }
    const known = past ? knownThen(past.facts, asked) : knownNow(standing, definitions, asked)
    const byId = new Map(definitions.segments.map((one) => [one.id, one]))
    // Who left with the end of the segment was judged by no rule.
    const rule = past?.reason === 'retired' ? null : segment.rule
    const explained = rule ? explainRule(rule, known.subject, known.context, (inner) => meaningOf(byId.get(inner)!)) : undefined
    return {
      customerId,
      segmentId,
      ...stayShown(segment, standing, past),
      decision: decision ?? null,
      active: standing.active,
      asOf: asked.today,
      ...shownRule(explained, baseCurrency as CurrencyCode),
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

function pastOf({ stay }: Standing, decision: Decision | undefined): Past | undefined {
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
function stayShown({ kind, ruleVersion, number }: StoredSegment, { stay, segments }: Standing, past: Past | undefined) {
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
