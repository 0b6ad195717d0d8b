import { policySources } from '../../../core/kernel/policies.ts'
import { tierSchemeVersions } from '../tiers/store.ts'
import { z } from 'zod'
import { customerKinds } from '../../../core/dossier/customers.ts'
import { type FactName, facts, factNames } from '../../../core/segmentation/facts.ts'
import {
  distances,
  formatMeasured,
  graceEnds,
  isMeasure,
  type Measured,
  parseMeasured,
  rankOf,
  tierReasons,
  tierOverrideStates,
  tierSchemeStates,
  type Threshold,
} from '../../../core/segmentation/tiers.ts'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { factExpression } from '../facts/columns.ts'
import * as schema from '../schema/tiers.ts'
import { decodeInstant } from '../../platform/views/decode.ts'
import {
  column,
  type Computed,
  derivedView,
  many,
  one,
  page,
  shownInRest,
  view,
  type ViewExtension,
} from '../../platform/views/view.ts'

const threshold = z
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

const thresholds = z.array(threshold)

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

const scheme = one('TierScheme', 'The tier scheme.', {
  permission: 'segment:read',
  inRest: 'always',
  on: (parent, child) => `${child}.id = ${parent}.scheme_id`,
})
const customer = one('Customer', 'The customer.', {
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

export const customerTier = z
  .object({
    schemeId: z.uuid().meta({ description: 'The tier scheme.' }),
    scheme: z.string().meta({ description: 'Code of the scheme.' }),
    schemeName: z.string().meta({ description: 'Name of the scheme.' }),
    schemeVersion: z.int().meta({ description: 'The version that was applied.' }),
    measure: z.string().meta({ description: 'The fact that is the measure; amounts and thresholds are in its unit.' }),
    tier: z.string().nullable().meta({ description: 'Code of the customer’s tier; null below the lowest threshold.' }),
    tierName: z.string().nullable().meta({ description: 'Its name.' }),
    rank: z.int().meta({ description: 'Rank of the tier, from 1 for the lowest; 0 below the lowest threshold.' }),
    since: z.iso.date().nullable().meta({ description: 'First day in the tier.' }),
    value: z.string().nullable().meta({ description: 'Current value of the measure.' }),
    nextTier: z.string().nullable().meta({ description: 'Code of the tier at the next threshold above the measure.' }),
    toNextThreshold: z.string().nullable().meta({ description: 'Distance to that threshold.' }),
    aboveOwnThreshold: z
      .string()
      .nullable()
      .meta({ description: 'Distance of the measure above the threshold of the customer’s tier; negative below it.' }),
    belowSince: z.iso.date().nullable().meta({ description: 'First day on which the measure is below the customer’s tier.' }),
    graceEndsOn: z.iso.date().nullable().meta({ description: 'The day of the downgrade, unless the measure recovers.' }),
    overridden: z.boolean().meta({ description: 'Whether the tier was set by hand.' }),
    overrideEndsOn: z.iso.date().nullable().meta({ description: 'First day on which the override no longer applies.' }),
  })
  .meta({ id: 'CustomerTier', description: 'The tier of a customer in a tier scheme.' })

/** The measure of the scheme `s` over the row `f` of facts, as text. */
function measured(today: string): string {
  const each = factNames.filter(isMeasure).map((name) => `when '${name}' then (${factExpression(name, 'f', today)})::text`)
  return `case s.measure ${each.join(' ')} end`
}

/** The tiers of a customer as one JSON expression for `decodeTiers`. */
export function tiersOf(
  alias: string,
  bind: (value: unknown) => string,
  { baseCurrency, today }: { readonly baseCurrency: string; readonly today: string },
): string {
  const day = `${bind(today)}::date`
  return `select coalesce(json_agg(json_build_object('schemeId', s.id, 'scheme', s.code, 'schemeName', s.name, 'schemeVersion', v.scheme_version, 'measure', s.measure,
      'rank', f.tier_places[s.slot], 'since', m.began_on, 'value', ${measured(day)}, 'belowSince', f.tier_below[s.slot], 'graceDays', v.grace_days, 'overrideEndsOn', hand.ends_on,
      'thresholds', coalesce((select e -> 'thresholds' from jsonb_array_elements(v.subtrees) e join institution i on i.code = e ->> 'institutionCode'
        where f.institution_path ^@ i.path order by length(i.path) desc limit 1), v.thresholds), 'currency', ${bind(baseCurrency)}::text) order by s.slot), '[]')
    from customer_fact f cross join tier_scheme s
    join ${tierSchemeVersions} v on v.scheme_id = s.id and v.scheme_version = s.evaluated_version
    left join tier_membership m on m.customer_id = ${alias}.id and m.scheme_id = s.id and m.ended_on is null
    left join tier_override hand on hand.customer_id = ${alias}.id and hand.scheme_id = s.id and hand.state = 'active' and hand.ends_on > ${day}
    where f.customer_id = ${alias}.id and f.tier_places[s.slot] is not null`
}

interface StoredTier {
  readonly schemeId: string
  readonly scheme: string
  readonly schemeName: string
  readonly schemeVersion: number
  readonly measure: FactName
  readonly rank: number
  readonly since: string | null
  readonly value: string | null
  readonly belowSince: string | null
  readonly graceDays: number
  readonly overrideEndsOn: string | null
  readonly thresholds: readonly Threshold[]
  readonly currency: CurrencyCode
}

export function decodeTiers(value: unknown): readonly z.input<typeof customerTier>[] {
  return (value as StoredTier[]).map(({ graceDays, overrideEndsOn, thresholds: all, currency, value: text, ...one }) => {
    const lines = all.map(({ from }) => parseMeasured(from, one.measure, currency)!)
    const now = text === null ? null : facts[one.measure].type === 'money' ? BigInt(text) : Number(text)
    const { up, down } = distances(now, one.rank, lines)
    const shown = (amount: Measured | null): string | null => (amount === null ? null : formatMeasured(amount, currency))
    const own = all[one.rank - 1]
    return {
      ...one,
      tier: own?.code ?? null,
      tierName: own?.name ?? null,
      value: shown(now),
      nextTier: all[rankOf(now, lines)]?.code ?? null,
      toNextThreshold: shown(up),
      aboveOwnThreshold: shown(down),
      graceEndsOn: one.belowSince === null ? null : graceEnds(one.belowSince, graceDays),
      overridden: overrideEndsOn !== null,
      overrideEndsOn,
    }
  })
}

const tiers: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'The customer’s tier in each applicable tier scheme, with the distances to the thresholds above and below.',
  permission: 'fact:read',
  inRest: false,
  output: z.array(customerTier),
  expression: tiersOf,
  decode: decodeTiers,
}

export const tierRelations = {
  tiers,
  tierHistory: page('TierMembership', 'All tiers of the customer over time, latest start first.', {
    permission: 'fact:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    keys: tierHistoryKeys,
    direction: 'desc',
  }),
  tierOverrides: many('TierOverride', 'Tier overrides of the customer, newest first.', {
    permission: 'fact:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    orderBy: (child) => `${child}.created_at desc, ${child}.id`,
  }),
}

export const tierExtensions: readonly ViewExtension[] = [
  { name: 'Customer', fields: tierRelations },
  { name: 'CustomerOverview', fields: { tiers: shownInRest(tierRelations.tiers) } },
]
