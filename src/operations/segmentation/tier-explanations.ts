import { z } from 'zod'
import type { Day } from '../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../core/kernel/currencies.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { explainRule } from '../../core/segmentation/rules/explain.ts'
import { graceEnds, tierReasons, type TierReason, tierRule } from '../../core/segmentation/tiers.ts'
import { type DecisionFacts, knownNow, knownThen } from '../../db/segmentation/segments/explanation.ts'
import { readTierStanding, type TierDecision, tierDecisions, type TierStay } from '../../db/segmentation/tiers/explanation.ts'
import { explainedFields, shownRule } from './explained-rules.ts'
import { operation } from '../platform/operation.ts'
import { id } from '../platform/scalars.ts'

const explainedTier = z
  .object({
    tier: z.string().meta({ description: 'Code of the tier.' }),
    name: z.string().meta({ description: 'Its name.' }),
    from: z.string().meta({ description: 'Where it begins, in the unit of the measure.' }),
    held: z.boolean().meta({ description: 'Whether it is the tier of the stay, or the one that is held.' }),
    fits: z.boolean().meta({ description: 'Whether it is the tier that the measure alone would give.' }),
    ...explainedFields,
  })
  .meta({ id: 'ExplainedTier', description: 'The line of a tier as a rule, with what it answers for a customer.' })

const explanationSchema = z
  .object({
    customerId: z.uuid().meta({ description: 'The customer.' }),
    schemeId: z.uuid().meta({ description: 'The scheme.' }),
    schemeVersion: z.int().meta({ description: 'The version of the scheme whose lines these are.' }),
    measure: z.string().meta({ description: 'The fact by which tiers are told.' }),
    decision: z.enum(tierDecisions).nullable().meta({ description: 'The decision that is explained; null where it is now.' }),
    membershipId: z.uuid().nullable().meta({ description: 'The stay that is explained, or the one that lasts.' }),
    active: z.boolean().meta({ description: 'Whether the record is active: others hold no tier.' }),
    applies: z.boolean().meta({ description: 'Whether the scheme is for such customers.' }),
    tier: z
      .string()
      .nullable()
      .meta({ description: 'The tier of that stay, or the one that is held; null below the lowest line.' }),
    reason: z.enum(tierReasons).nullable().meta({ description: 'Why the stay began or ended; null of what holds without one.' }),
    decidedAt: z.iso.datetime().nullable().meta({ description: 'When the decision was taken.' }),
    asOf: z.iso.date().meta({ description: 'The day whose facts are explained.' }),
    belowSince: z.iso.date().nullable().meta({ description: 'Since when the measure lay below the tier that was held.' }),
    graceDays: z.int().meta({ description: 'Days that it may lie below before the tier goes down.' }),
    graceEndsOn: z.iso
      .date()
      .nullable()
      .meta({ description: 'The day on which the tier goes down, unless the measure rises again.' }),
    overrideEndsOn: z.iso
      .date()
      .nullable()
      .meta({ description: 'Somebody set the tier by hand: first day on which that holds no more. Of now only.' }),
    tiers: z.array(explainedTier).meta({ description: 'All tiers of the scheme, the lowest first.' }),
  })
  .meta({ id: 'TierExplanation', description: 'Why a customer holds a tier, or does not.' })

export const tierExplanation = operation({
  kind: 'query',
  name: 'tierExplanation',
  summary: 'Why a customer holds a tier, or does not',
  description:
    'The line of each tier as a rule, with the value of the customer, the answer and the way to turn it, beside grace and what was set by hand: now, or as it was when a stay began or ended, with the version and the facts of that day.',
  permission: 'fact:read',
  domain: 'Customer Product and Service Eligibility',
  input: z.strictObject({
    customerId: id,
    schemeId: id.meta({ description: 'The scheme.' }),
    membershipId: z
      .guid()
      .optional()
      .meta({ description: 'A stay of the customer in one of its tiers; the latest one where it is missing.' }),
    decision: z.enum(tierDecisions).optional().meta({
      description:
        'Which decision of the stay: that it began, which is meant where only a stay is named, or ended. Without both it is explained how it stands now.',
    }),
  }),
  output: explanationSchema,
  errors: ['not_found'],
  async run({ db, today, bank: { baseCurrency } }, { customerId, schemeId, membershipId, decision: named }) {
    const decision = named ?? (membershipId === undefined ? undefined : 'began')
    const standing = await readTierStanding(db, { customerId, schemeId, stayId: membershipId, decision, today })
    if (!standing) throw notFound('customer')
    const { stay, stored, active } = standing
    if (decision !== undefined && stay === null) throw notFound('stay in a tier of the scheme')
    if (!standing.scheme) throw notFound('scheme of tiers')
    const { thresholds, kinds, measure, schemeVersion, graceDays } = standing.scheme
    const past = stay !== null && decision !== undefined ? pastOf(stay, decision) : undefined
    if (!past && stored === null) throw notFound('facts of the customer')
    const asked = { customerId, today: past?.on ?? today, baseCurrency }
    const known = past ? knownThen(past.facts, asked) : knownNow(standing, { segments: [], cuts: [], institutions: [] }, asked)
    const explained = thresholds.map((one) => explainRule(tierRule(kinds, measure, one), known.subject, known.context))
    const place = past ? thresholds.findIndex(({ code }) => code === stay!.tier) + 1 : (standing.place ?? 0)
    const fit = explained.findLastIndex(({ result }) => result === true) + 1
    const lasting = stay !== null && stay.endedOn === null ? stay : null
    const belowSince = past ? ((past.facts['belowSince'] ?? null) as Day | null) : standing.belowSince
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
      overrideEndsOn: past ? null : standing.overrideEndsOn,
      tiers: thresholds.map(({ code, name, from }, index) => ({
        tier: code,
        name,
        from,
        held: index + 1 === place,
        fits: index + 1 === fit,
        ...shownRule(explained[index], baseCurrency as CurrencyCode),
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

function pastOf(stay: TierStay, decision: TierDecision): Past {
  return decision === 'began'
    ? { on: stay.beganOn, at: stay.beganAt, reason: stay.beganReason, facts: stay.beganFacts }
    : { on: stay.endedOn!, at: stay.endedAt!, reason: stay.endedReason!, facts: stay.endedFacts ?? {} }
}

const instant = (at: string | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

export const tierExplanationOperations = [tierExplanation]
