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
  placeOf,
  tierReasons,
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
    code: z.string().meta({ description: 'Short name of the tier that begins here.' }),
    name: z.string().meta({ description: 'Name of the tier.' }),
    from: z.string().meta({ description: 'The line, a decimal in the unit of the measure.' }),
    near: z.string().nullable().meta({ description: 'How far below the line customers are near it.' }),
    unsettled: z.string().nullable().meta({ description: 'How far above the line customers are not settled.' }),
  })
  .meta({ id: 'Threshold', description: 'A line of a scheme and the tier that begins there.' })

const thresholds = z.array(threshold)

const versions: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'All versions, the one that begins last first. By which one it is decided on a day: the one that began last.',
  permission: 'segment:read',
  inRest: true,
  output: z.array(
    z
      .object({
        schemeVersion: z.int().meta({ description: 'Counts the versions.' }),
        effectiveOn: z.iso.date().meta({ description: 'First day on which it decides.' }),
        graceDays: z.int().meta({ description: 'Days for which a measure may lie below the tier that is held.' }),
        source: z.enum(policySources).meta({ description: 'Published practice, our own choice, or the bank itself.' }),
        reason: z.string().nullable().meta({ description: 'Why, and what of it has another source.' }),
        setBy: z.string().meta({ description: 'Who wrote it.' }),
        setAt: z.iso.datetime().meta({ description: 'When it was written.' }),
        thresholds: thresholds.meta({ description: 'The tiers, the lowest first.' }),
        subtrees: z
          .array(
            z
              .object({
                institutionCode: z.string().meta({ description: 'The institution for which they hold, with all below it.' }),
                thresholds: thresholds.meta({ description: 'The same tiers with other lines.' }),
              })
              .meta({ id: 'SubtreeThresholds', description: 'Other lines for an institution and all below it.' }),
          )
          .meta({ description: 'Lines that hold in parts of the bank; of several the nearest.' }),
      })
      .meta({ id: 'TierSchemeVersion', description: 'A scheme of tiers as it was written. Never changed.' }),
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

const complete = (one: Threshold) => ({ ...one, near: one.near ?? null, unsettled: one.unsettled ?? null })

const tierScheme = view('TierScheme', 'Tiers of some kinds of customers by a measure.', schema.tierScheme, {
  id: column('uuid', 'Id of the scheme.'),
  code: column('text', 'Short name, unique in the bank.'),
  name: column('text', 'Name of the scheme.'),
  kinds: column('texts', 'The kinds of customers that it is for.', { values: customerKinds }),
  measure: column('text', 'The fact by which tiers are told.'),
  state: column('text', 'Whether it is in use.', { values: tierSchemeStates }),
  evaluatedVersion: column(
    'integer',
    'The version by which customers hold their tiers now; none before the first full refresh.',
    {
      nullable: true,
    },
  ),
  createdBy: column('text', 'Who made it.'),
  createdAt: column('instant', 'When it was made.'),
  updatedAt: column('instant', 'When it last changed.'),
  retiredAt: column('instant', 'When it was retired.', { nullable: true }),
  version: column('integer', 'Counts changes; named by If-Match and expectedVersion.'),
  versions,
})

const scheme = one('TierScheme', 'The scheme.', {
  permission: 'segment:read',
  inRest: 'always',
  on: (parent, child) => `${child}.id = ${parent}.scheme_id`,
})
const customer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  inRest: 'always',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

const tierMembership = view('TierMembership', 'A stay of a customer in a tier.', schema.tierMembership, {
  id: column('uuid', 'Id of the stay.'),
  customerId: column('uuid', 'The customer.'),
  schemeId: column('uuid', 'The scheme.'),
  tier: column('text', 'Code of the tier.'),
  beganOn: column('day', 'First day in it.'),
  beganAt: column('instant', 'When the customer came to it.'),
  beganReason: column('text', 'Why.', { values: tierReasons }),
  beganVersion: column('integer', 'The version of the scheme that decided.'),
  endedOn: column('day', 'First day in it no more; null as long as the stay lasts.', { nullable: true }),
  endedAt: column('instant', 'When it ended.', { nullable: true }),
  endedReason: column('text', 'Why it ended.', { nullable: true, values: tierReasons }),
  endedVersion: column('integer', 'The version of the scheme that ended it.', { nullable: true }),
  scheme,
  customer,
})

const tierOverride = view('TierOverride', 'A tier that somebody set by hand, for a time.', schema.tierOverride, {
  id: column('uuid', 'Id of the override.'),
  customerId: column('uuid', 'The customer.'),
  schemeId: column('uuid', 'The scheme.'),
  tier: column('text', 'Code of the tier.'),
  reason: column('text', 'Why.'),
  startsOn: column('day', 'First day.'),
  endsOn: column('day', 'First day on which it holds no more.'),
  state: column('text', 'Whether it holds.', { values: ['active', 'ended'] }),
  createdAt: column('instant', 'When it was set.'),
  updatedAt: column('instant', 'When it last changed.'),
  version: column('integer', 'Counts changes; named by If-Match and expectedVersion.'),
  requestedBy: one('Staff', 'Who asked for it.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.requested_by`,
  }),
  approver: one('Staff', 'Who approved it.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.approver_id`,
  }),
  scheme,
  customer,
})

const inUnit = 'a decimal in the unit of the measure'

const thresholdCustomer = derivedView('ThresholdCustomer', 'A customer who is close to a line, below or above it.', [], {
  customerId: column('uuid', 'The customer.'),
  tier: column('text', 'Code of the tier that begins at the line.'),
  heldTier: column('text', 'Code of the tier that the customer holds; null below the lowest line.', { nullable: true }),
  value: column('decimal', `The measure now, ${inUnit}.`),
  line: column('decimal', `The line, ${inUnit}.`),
  distance: column('decimal', `How far the measure is from the line, ${inUnit}.`),
  customer,
})

const atRiskCustomer = derivedView('AtRiskCustomer', 'A customer whose measure lies below the tier that is held, in grace.', [], {
  customerId: column('uuid', 'The customer.'),
  tier: column('text', 'Code of the tier that is held.'),
  fitsTier: column('text', 'Code of the tier that fits the measure; null below the lowest line.', { nullable: true }),
  value: column('decimal', `The measure now, ${inUnit}; null where it is missing.`, { nullable: true }),
  line: column('decimal', `The line of the tier that is held, ${inUnit}.`),
  shortfall: column('decimal', `How far the measure lies below it, ${inUnit}.`),
  belowSince: column('day', 'Since when.'),
  graceEndsOn: column('day', 'The day on which the tier goes down, unless the measure rises again.'),
  daysLeft: column('integer', 'Days until then.'),
  customer,
})

export const tierViews = [tierScheme, tierMembership, tierOverride, thresholdCustomer, atRiskCustomer]

export const tierHistoryKeys = (child: string) => [
  { expression: `${child}.began_at`, cast: 'timestamptz' },
  { expression: `${child}.id`, cast: 'uuid' },
]

export const customerTier = z
  .object({
    schemeId: z.uuid().meta({ description: 'The scheme.' }),
    scheme: z.string().meta({ description: 'Code of the scheme.' }),
    schemeName: z.string().meta({ description: 'Name of the scheme.' }),
    schemeVersion: z.int().meta({ description: 'The version that decided.' }),
    measure: z.string().meta({ description: 'The fact by which tiers are told; amounts and lines are in its unit.' }),
    tier: z.string().nullable().meta({ description: 'Code of the tier that is held; null below the lowest line.' }),
    tierName: z.string().nullable().meta({ description: 'Its name.' }),
    place: z.int().meta({ description: 'Counts the tiers from the lowest; 0 below the lowest line.' }),
    since: z.iso.date().nullable().meta({ description: 'First day in the tier.' }),
    value: z.string().nullable().meta({ description: 'The measure now.' }),
    nextTier: z.string().nullable().meta({ description: 'Code of the tier at the next line above the measure.' }),
    toNextLine: z.string().nullable().meta({ description: 'How far that line is.' }),
    aboveOwnLine: z
      .string()
      .nullable()
      .meta({ description: 'How far the measure lies above the line of the tier that is held; negative below it.' }),
    belowSince: z.iso.date().nullable().meta({ description: 'Since when the measure lies below the tier that is held.' }),
    graceEndsOn: z.iso
      .date()
      .nullable()
      .meta({ description: 'The day on which the tier goes down, unless the measure rises again.' }),
    overridden: z.boolean().meta({ description: 'Whether somebody set the tier by hand.' }),
    overrideEndsOn: z.iso.date().nullable().meta({ description: 'First day on which that holds no more.' }),
  })
  .meta({ id: 'CustomerTier', description: 'Where a customer stands in a scheme of tiers.' })

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
      'place', f.tier_places[s.slot], 'since', m.began_on, 'value', ${measured(day)}, 'belowSince', f.tier_below[s.slot], 'graceDays', v.grace_days, 'overrideEndsOn', hand.ends_on,
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
  readonly place: number
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
    const { up, down } = distances(now, one.place, lines)
    const shown = (amount: Measured | null): string | null => (amount === null ? null : formatMeasured(amount, currency))
    const own = all[one.place - 1]
    return {
      ...one,
      tier: own?.code ?? null,
      tierName: own?.name ?? null,
      value: shown(now),
      nextTier: all[placeOf(now, lines)]?.code ?? null,
      toNextLine: shown(up),
      aboveOwnLine: shown(down),
      graceEndsOn: one.belowSince === null ? null : graceEnds(one.belowSince, graceDays),
      overridden: overrideEndsOn !== null,
      overrideEndsOn,
    }
  })
}

const tiers: Computed = {
  kind: 'computed',
  nullable: false,
  description: 'Where the customer stands in each scheme of tiers that applies, with the way to the lines above and below.',
  permission: 'fact:read',
  inRest: false,
  output: z.array(customerTier),
  expression: tiersOf,
  decode: decodeTiers,
}

export const tierRelations = {
  tiers,
  tierHistory: page('TierMembership', 'All stays of the customer in tiers, the latest begun first.', {
    permission: 'fact:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    keys: tierHistoryKeys,
    direction: 'desc',
  }),
  tierOverrides: many('TierOverride', 'Tiers that somebody set by hand, the latest first.', {
    permission: 'fact:read',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    orderBy: (child) => `${child}.created_at desc, ${child}.id`,
  }),
}

export const tierExtensions: readonly ViewExtension[] = [
  { name: 'Customer', fields: tierRelations },
  { name: 'CustomerOverview', fields: { tiers: shownInRest(tierRelations.tiers) } },
]
