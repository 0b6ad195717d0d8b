import { policySources } from '../../../core/kernel/policies.ts'
import { tierSchemeVersions } from '../tiers/store.ts'
import { z } from 'zod'
import { customerKinds } from '../../../core/dossier/customers.ts'
import { tierReasons, tierSchemeStates, type Threshold } from '../../../core/segmentation/tiers.ts'
import { tierOverrideStates } from '../../../core/segmentation/tier-overrides.ts'
import * as schema from '../schema/tiers.ts'
import { decodeInstant } from '../../platform/views/decode.ts'
import { column, type Computed, derivedView, one, view } from '../../platform/views/view.ts'

export const threshold = z
  .object({
    code: z.string().meta({ description: 'Code of the tier that starts here.' }),
    name: z.string().meta({ description: 'Name of the tier.' }),
    from: z.string().meta({ description: 'The threshold, a decimal in the unit of the measure.' }),
    upgradeMargin: z.string().nullable().meta({ description: 'How far below the threshold customers are upgrade candidates.' }),
    atRiskMargin: z
      .string()
      .nullable()
      .meta({ description: 'How far above the threshold customers are at risk of a downgrade.' }),
  })
  .meta({ id: 'Threshold', description: 'A threshold of a scheme and the tier that starts there.' })

export const thresholds = z.array(threshold)

const versions: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'All versions, latest start first. On a given day the version that took effect last applies.',
  permission: 'segment:read',
  inRest: true,
  output: z.array(
    z
      .object({
        schemeVersion: z.int().meta({ description: 'Version of the scheme.' }),
        effectiveOn: z.iso.date().meta({ description: 'First day on which it applies.' }),
        graceDays: z
          .int()
          .meta({ description: 'Grace period: days for which the measure may be below the tier before a downgrade.' }),
        source: z
          .enum(policySources)
          .meta({ description: 'Published practice, the default of the product, or the bank itself.' }),
        reason: z.string().nullable().meta({ description: 'Reason, and which parts have another source.' }),
        setBy: z.string().meta({ description: 'Who created it.' }),
        setAt: z.iso.datetime().meta({ description: 'When it was created.' }),
        thresholds: thresholds.meta({ description: 'The tiers, lowest first.' }),
        subtrees: z
          .array(
            z
              .object({
                institutionCode: z.string().meta({ description: 'The institution to which they apply, with all below it.' }),
                thresholds: thresholds.meta({ description: 'The same tiers with other thresholds.' }),
              })
              .meta({ id: 'SubtreeThresholds', description: 'Other thresholds for an institution and all below it.' }),
          )
          .meta({ description: 'Thresholds for parts of the bank; the nearest institution applies.' }),
      })
      .meta({ id: 'TierSchemeVersion', description: 'A version of a tier scheme. Immutable.' }),
  ),
  expression: (
    alias,
  ) => `select coalesce(json_agg(json_build_object('schemeVersion', v.scheme_version, 'effectiveOn', v.effective_on, 'graceDays', v.grace_days,
      'source', v.source, 'reason', v.reason, 'setBy', v.set_by, 'setAt', v.set_at, 'thresholds', v.thresholds, 'subtrees', v.subtrees) order by v.effective_on desc), '[]')
    from ${tierSchemeVersions} v where v.scheme_id = ${alias}.id`,
  decode: (value) =>
    (value as { setAt: string; thresholds: Threshold[]; subtrees: { thresholds: Threshold[] }[] }[]).map((one) => ({
      ...one,
      setAt: decodeInstant(one.setAt),
      thresholds: one.thresholds.map(complete),
      subtrees: one.subtrees.map((subtree) => ({ ...subtree, thresholds: subtree.thresholds.map(complete) })),
    })),
}

const complete = (one: Threshold) => ({
  ...one,
  upgradeMargin: one.upgradeMargin ?? null,
  atRiskMargin: one.atRiskMargin ?? null,
})

const tierScheme = view('TierScheme', 'Tiers for some kinds of customers by a measure.', schema.tierScheme, {
  id: column('uuid', 'ID of the scheme.'),
  code: column('text', 'Short name, unique in the bank.'),
  name: column('text', 'Name of the scheme.'),
  kinds: column('texts', 'The kinds of customers to which it applies.', { values: customerKinds }),
  measure: column('text', 'The fact that is the measure.'),
  state: column('text', 'Whether it is in use.', { values: tierSchemeStates }),
  evaluatedVersion: column('integer', 'The version by which current tiers were evaluated; none before the first full refresh.', {
    nullable: true,
  }),
  createdBy: column('text', 'Who created it.'),
  createdAt: column('instant', 'When it was created.'),
  updatedAt: column('instant', 'When it last changed.'),
  retiredAt: column('instant', 'When it was retired.', { nullable: true }),
  version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
  versions,
})

export const scheme = one('TierScheme', 'The tier scheme.', {
  permission: 'segment:read',
  inRest: 'always',
  on: (parent, child) => `${child}.id = ${parent}.scheme_id`,
})

export const customer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  inRest: 'always',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const tierMembership = view('TierMembership', 'A tier of a customer over a period.', schema.tierMembership, {
  id: column('uuid', 'ID of the membership.'),
  customerId: column('uuid', 'The customer.'),
  schemeId: column('uuid', 'The tier scheme.'),
  tier: column('text', 'Code of the tier.'),
  beganOn: column('day', 'First day of the membership.'),
  beganAt: column('instant', 'When the customer entered the tier.'),
  beganReason: column('text', 'The reason.', { values: tierReasons }),
  beganVersion: column('integer', 'The version of the scheme that was applied.'),
  endedOn: column('day', 'First day on which the customer is no longer a member; null for a current membership.', {
    nullable: true,
  }),
  endedAt: column('instant', 'When it ended.', { nullable: true }),
  endedReason: column('text', 'Why it ended.', { nullable: true, values: tierReasons }),
  endedVersion: column('integer', 'The version of the scheme by which it ended.', { nullable: true }),
  scheme,
  customer,
})

const tierOverride = view('TierOverride', 'A tier set by hand, for a limited time.', schema.tierOverride, {
  id: column('uuid', 'ID of the override.'),
  customerId: column('uuid', 'The customer.'),
  schemeId: column('uuid', 'The tier scheme.'),
  tier: column('text', 'Code of the tier.'),
  reason: column('text', 'The reason.'),
  startsOn: column('day', 'First day.'),
  endsOn: column('day', 'First day on which it no longer applies.'),
  state: column('text', 'Whether it is requested, active or closed.', { values: tierOverrideStates }),
  createdAt: column('instant', 'When it was set.'),
  updatedAt: column('instant', 'When it last changed.'),
  version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
  requestedBy: one('Staff', 'Who requested it.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.requested_by`,
  }),
  approver: one('Staff', 'Who approved it; null before.', {
    nullable: true,
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.approver_id`,
  }),
  scheme,
  customer,
})

const inUnit = 'a decimal in the unit of the measure'

const thresholdCustomer = derivedView('ThresholdCustomer', 'A customer close to a threshold, below or above it.', [], {
  customerId: column('uuid', 'The customer.'),
  tier: column('text', 'Code of the tier that starts at the threshold.'),
  heldTier: column('text', 'Code of the customer’s tier; null below the lowest threshold.', { nullable: true }),
  value: column('decimal', `Current value of the measure, ${inUnit}.`),
  threshold: column('decimal', `The threshold, ${inUnit}.`),
  distance: column('decimal', `Distance of the measure from the threshold, ${inUnit}.`),
  customer,
})

const pendingDowngrade = derivedView(
  'PendingDowngrade',
  'A customer in the grace period: the measure is below the threshold of the tier.',
  [],
  {
    customerId: column('uuid', 'The customer.'),
    tier: column('text', 'Code of the customer’s tier.'),
    measuredTier: column('text', 'Code of the tier by the measure alone; null below the lowest threshold.', { nullable: true }),
    value: column('decimal', `Current value of the measure, ${inUnit}; null if missing.`, { nullable: true }),
    threshold: column('decimal', `The threshold of the customer’s tier, ${inUnit}.`),
    shortfall: column('decimal', `Distance of the measure below it, ${inUnit}.`),
    belowSince: column('day', 'First day below the threshold.'),
    graceEndsOn: column('day', 'The day of the downgrade, unless the measure recovers.'),
    daysLeft: column('integer', 'Days until then.'),
    customer,
  },
)

export const tierViews = [tierScheme, tierMembership, tierOverride, thresholdCustomer, pendingDowngrade]

export const tierHistoryKeys = (child: string) => [
  { expression: `${child}.began_at`, cast: 'timestamptz' },
  { expression: `${child}.id`, cast: 'uuid' },
]
