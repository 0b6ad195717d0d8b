import { tierSchemeVersions } from '../tiers/store.ts'
import { z } from 'zod'
import { type FactName, facts, factNames } from '../../../core/segmentation/facts.ts'
import {
  distances,
  formatMeasured,
  isMeasure,
  type Measured,
  parseMeasured,
  type Threshold,
} from '../../../core/segmentation/tiers.ts'
import { graceEnds, rankOf } from '../../../core/segmentation/tier-states.ts'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { factExpression } from '../facts/columns.ts'
import { type Computed, many, page, shownInRest, type ViewExtension } from '../../platform/views/view.ts'
import { tierHistoryKeys } from './tiers.ts'

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

export const tiers: Computed = {
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
