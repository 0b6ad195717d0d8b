import { z } from 'zod'
import type { Day } from '../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { explainRule } from '../../core/segmentation/rules/explain.ts'
import { tierReasons, type TierReason, tierRule } from '../../core/segmentation/tiers.ts'
import { graceEnds } from '../../core/segmentation/tier-states.ts'
import { type DecisionFacts, stateNow, stateThen } from '../../db/segmentation/segments/explanation.ts'
import {
  readTierExplanationState,
  type TierDecision,
  tierDecisions,
  type TierPeriod,
} from '../../db/segmentation/tiers/explanation.ts'
import { explainedFields, ruleAnswer } from './explained-rules.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const explainedTier = z
  .object({
    tier: z.string().meta({ description: 'Code of the tier.' }),
    name: z.string().meta({ description: 'Its name.' }),
    from: z.string().meta({ description: 'Its threshold, in the unit of the measure.' }),
    held: z.boolean().meta({ description: 'Whether it is the tier of the explained period, or the current one.' }),
    measured: z.boolean().meta({ description: 'Whether it is the tier by the measure alone.' }),
    ...explainedFields,
  })
  .meta({ id: 'ExplainedTier', description: 'The threshold of a tier as a rule, with its result for a customer.' })

const explanationSchema = z
  .object({
    customerId: z.uuid().meta({ description: 'The customer.' }),
    schemeId: z.uuid().meta({ description: 'The tier scheme.' }),
    schemeVersion: z.int().meta({ description: 'The version of the scheme with these thresholds.' }),
    measure: z.string().meta({ description: 'The fact that is the measure.' }),
    decision: z.enum(tierDecisions).nullable().meta({ description: 'The explained decision; null for the current state.' }),
    membershipId: z.uuid().nullable().meta({ description: 'The explained membership, or the current one.' }),
    active: z.boolean().meta({ description: 'Whether the record is active: other records have no tier.' }),
    applies: z.boolean().meta({ description: 'Whether the scheme applies to this kind of customer.' }),
    tier: z
      .string()
      .nullable()
      .meta({ description: 'The tier of the explained period, or the current one; null below the lowest threshold.' }),
    reason: z.enum(tierReasons).nullable().meta({ description: 'Why the period started or ended; null without a period.' }),
    decidedAt: z.iso.datetime().nullable().meta({ description: 'When the decision was made.' }),
    asOf: z.iso.date().meta({ description: 'The day of the explained facts.' }),
    belowSince: z.iso.date().nullable().meta({ description: 'Since when the measure was below the threshold of the tier.' }),
    graceDays: z.int().meta({ description: 'Grace period in days before a downgrade.' }),
    graceEndsOn: z.iso.date().nullable().meta({ description: 'The day of the downgrade, unless the measure recovers.' }),
    overrideEndsOn: z.iso.date().nullable().meta({
      description: 'If the tier was set by hand: first day on which the override no longer applies. Current state only.',
    }),
    tiers: z.array(explainedTier).meta({ description: 'All tiers of the scheme, lowest first.' }),
  })
  .meta({ id: 'TierExplanation', description: 'Explanation of why a customer has, or does not have, a tier.' })

export const tierExplanation = operation({
  kind: 'query',
  name: 'tierExplanation',
  summary: 'Explanation of why a customer has, or does not have, a tier',
  description:
    'The threshold of each tier as a rule, with the customer’s value, the result and what would change it, with grace period and override: now, or as of the start or end of a tier membership, with the version and facts of that day.',
  permission: 'fact:read',
  domain: 'Customer Product and Service Eligibility',
  input: z.strictObject({
    customerId: id,
    schemeId: id.meta({ description: 'The tier scheme.' }),
    membershipId: z
      .guid()
      .optional()
      .meta({ description: 'A membership of the customer in one of its tiers; the latest by default.' }),
    decision: z.enum(tierDecisions).optional().meta({
      description:
        'Which decision of the membership: `began`, the default if a membership is given, or `ended`. Without both the current state is explained.',
    }),
  }),
  output: explanationSchema,
  errors: ['not_found'],
  async run({ db, today, bank: { baseCurrency } }, { customerId, schemeId, membershipId, decision: named }) {
    const decision = named ?? (membershipId === undefined ? undefined : 'began')
    const state = await readTierExplanationState(db, { customerId, schemeId, stayId: membershipId, decision, today })
    if (!state) throw notFound('customer')
    const { stay, stored, active } = state
    if (decision !== undefined && stay === null) throw notFound('membership in a tier of the scheme')
    if (!state.scheme) throw notFound('tier scheme')
    const { thresholds, kinds, measure, schemeVersion, graceDays } = state.scheme
    const past = stay !== null && decision !== undefined ? pastOf(stay, decision) : undefined
    if (!past && stored === null) throw notFound('facts of the customer')
    const asked = { customerId, today: past?.on ?? today, baseCurrency }
    const known = past ? stateThen(past.facts, asked) : stateNow(state, { segments: [], cuts: [], institutions: [] }, asked)
    const explained = thresholds.map((one) => explainRule(tierRule(kinds, measure, one), known.subject, known.context))
    const place = past ? thresholds.findIndex(({ code }) => code === stay!.tier) + 1 : (state.place ?? 0)
    const fit = explained.findLastIndex(({ result }) => result === true) + 1
    const lasting = stay !== null && stay.endedOn === null ? stay : null
    const belowSince = past ? ((past.facts['belowSince'] ?? null) as Day | null) : state.belowSince
    return {
      customerId,
      schemeId,
      schemeVersion,
      measure,
      decision: decision ?? null,
      membershipId: (past ? stay : lasting)?.id ?? null,
      active,
      applies: kinds.some((kind) => kind === known.subject.fact('kind')),
      tier: past ? stay!.tier : (thresholds[place - 1]?.code ?? null),
      reason: past ? past.reason : (lasting?.beganReason ?? null),
      decidedAt: instant(past ? past.at : lasting?.beganAt),
      asOf: asked.today,
      belowSince,
      graceDays,
      graceEndsOn: belowSince === null ? null : graceEnds(belowSince, graceDays),
      overrideEndsOn: past ? null : state.overrideEndsOn,
      tiers: thresholds.map(({ code, name, from }, index) => ({
        tier: code,
        name,
        from,
        held: index + 1 === place,
        measured: index + 1 === fit,
        ...ruleAnswer(explained[index], baseCurrency as CurrencyCode),
      })),
    }
  },
})

interface Past {
  readonly on: Day
  readonly at: string
  readonly reason: TierReason
  readonly facts: DecisionFacts
}

function pastOf(stay: TierPeriod, decision: TierDecision): Past {
  return decision === 'began'
    ? { on: stay.beganOn, at: stay.beganAt, reason: stay.beganReason, facts: stay.beganFacts }
    : { on: stay.endedOn!, at: stay.endedAt!, reason: stay.endedReason!, facts: stay.endedFacts ?? {} }
}

const instant = (at: string | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

export const tierExplanationOperations = [tierExplanation]
