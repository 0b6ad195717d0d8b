import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { facts, type FactName } from '../../../core/segmentation/facts.ts'
import { type Measured, parseMeasured, type Threshold } from '../../../core/segmentation/tiers.ts'
import { factColumn, factExpression, factSqlTypes } from '../facts/columns.ts'
import type { Bind } from '../../platform/views/view.ts'
import type { StoredScheme } from './store.ts'

/** What a scan of the facts does about a scheme. */
export interface TierPlan {
  readonly scheme: StoredScheme
  readonly lines: readonly Measured[]
  /** By paths, the longest first. */
  readonly subtrees: readonly { readonly path: string; readonly lines: readonly Measured[] }[]
  /** The version by which rows stand, where it is another one. */
  readonly before: StoredScheme | undefined
  /** A retired scheme: everybody leaves. */
  readonly leaves: boolean
}

/** The lines of thresholds as they are compared. */
export function thresholdsOf(thresholds: readonly Threshold[], measure: FactName, currency: CurrencyCode): readonly Measured[] {
  return thresholds.map(({ from }) => parseMeasured(from, measure, currency)!)
}

interface Schemes {
  /** The schemes with the versions that are to hold. */
  readonly wanted: readonly StoredScheme[]
  /** With those by which rows stand. */
  readonly evaluated: readonly StoredScheme[]
  readonly paths: ReadonlyMap<string, string>
  readonly currency: CurrencyCode
}

/** What is to be done about each scheme. */
export function planTiers({ wanted, evaluated, paths, currency }: Schemes): readonly TierPlan[] {
  const current = new Map(evaluated.map((scheme) => [scheme.id, scheme]))
  return wanted.flatMap((scheme) => {
    const before = current.get(scheme.id)
    const leaves = scheme.state === 'retired'
    if (leaves && !before) return []
    const subtrees = scheme.subtrees
      .flatMap(({ institutionCode, thresholds }) => {
        const path = paths.get(institutionCode)
        return path === undefined ? [] : [{ path, lines: thresholdsOf(thresholds, scheme.measure, currency) }]
      })
      .toSorted((one, other) => other.path.length - one.path.length)
    return [
      {
        scheme,
        lines: thresholdsOf(scheme.thresholds, scheme.measure, currency),
        subtrees,
        before: before && before.schemeVersion !== scheme.schemeVersion ? before : undefined,
        leaves,
      },
    ]
  })
}

const codesOf = ({ thresholds }: StoredScheme): readonly string[] => thresholds.map(({ code }) => code)

/** The parts of a scan that tell tiers: over the row `f` of facts, over rows `s` of what the part before selects, and over rows `c` of what comes of it. */
export interface TierSql {
  readonly join: string
  readonly read: readonly string[]
  readonly move: readonly string[]
  /** What has changed of a row, by its own columns: places and days, which are cheaper to compare than arrays. */
  readonly changed: readonly string[]
  /** Columns that are stored on the row of facts. */
  readonly assign: readonly { readonly column: string; readonly expression: string }[]
  /** For `values`: scheme, version, tier before and after, place, reason and the facts that decided; `c` is a changed row, `f` its row of facts. */
  readonly moves: readonly string[]
}

export const movesColumns = 'scheme_id, scheme_version, was, becomes, place, reason, facts'

interface Settings {
  readonly bind: Bind
  /** An expression for the day. */
  readonly today: string
  /** Whether anybody’s tier is set by hand. */
  readonly overrides: boolean
  /** The condition that a row `o` is of those who are looked at. */
  readonly among: string
}

/** As `nextStanding` of core has it. */
export function tierSql(plans: readonly TierPlan[], { bind, today, overrides, among }: Settings): TierSql {
  if (plans.length === 0) return { join: '', read: [], move: [], changed: [], assign: [], moves: [] }
  const codes = new Map(plans.map(({ scheme }) => [scheme.slot, `${bind(codesOf(scheme))}::text[]`]))
  const slots = Array.from({ length: Math.max(...plans.map(({ scheme }) => scheme.slot)) }, (_, index) => index + 1)
  const bySlot = new Map(plans.map((plan) => [plan.scheme.slot, plan]))
  const below = (slot: number): string =>
    `case when c.set_${slot} is null and c.place_${slot} > c.fit_${slot} then coalesce(c.since_${slot}, ${today}) end`
  const array = (type: string, element: (slot: number) => string): string =>
    `case when c.counts then array[${slots.map((slot) => (bySlot.has(slot) ? element(slot) : 'null')).join(', ')}]::${type}[] end`
  const named = plans.map(({ scheme }) => {
    const { slot, code } = scheme
    return `(${bind(codesOf(scheme).map((one) => `${code}:${one}`))}::text[])[c.place_${slot}]`
  })
  return {
    join: overrides ? overridesJoin(plans, codes, today, among) : '',
    read: [...plans.flatMap((plan) => readOf(plan, bind, today, overrides)), 'f.tiers is not null as counted'],
    move: plans.map((plan) => moveOf(plan, bind, today)),
    changed: [
      'c.counted <> c.counts',
      ...plans.flatMap(({ scheme: { slot }, before }) => [
        `c.place_${slot} is distinct from c.raw_${slot}`,
        `(${below(slot)}) is distinct from c.since_${slot}`,
        // Another version may call the same place otherwise.
        ...(before ? [`c.raw_${slot} is not null`] : []),
      ]),
    ],
    assign: [
      { column: 'tier_places', expression: array('int', (slot) => `c.place_${slot}`) },
      { column: 'tier_below', expression: array('date', below) },
      { column: 'tiers', expression: `case when c.counts then array_remove(array[${named.join(', ')}], null) end` },
    ],
    moves: plans.map((plan) => changeOf(plan, codes.get(plan.scheme.slot)!, bind)),
  }
}

function overridesJoin(plans: readonly TierPlan[], codes: ReadonlyMap<number, string>, today: string, among: string): string {
  const each = plans.flatMap(({ scheme: { id, slot } }) => [
    `max(array_position(${codes.get(slot)}, o.tier)) filter (where o.scheme_id = '${id}' and o.ends_on > ${today}) as set_${slot}`,
    `bool_or(o.scheme_id = '${id}' and o.ends_on <= ${today}) as released_${slot}`,
  ])
  return ` left join (select o.customer_id, ${each.join(', ')} from tier_override o where o.state = 'active'${among} group by o.customer_id) o on o.customer_id = f.customer_id`
}

/** Columns over the row `f` of facts, by the slot of a scheme: the place that it has, that which it means now, since when it is below, that which fits, and that which was set or released by hand. */
export function readOf(
  { scheme, lines, subtrees, before, leaves }: TierPlan,
  bind: Bind,
  today: string,
  overrides: boolean,
): readonly string[] {
  const { slot, measure, kinds } = scheme
  const fit = (): string => {
    const type = factSqlTypes[facts[measure].type]
    const bound = (values: readonly Measured[]): string => `${bind(values.map(String))}::${type}[]`
    const elsewhere = subtrees.map(({ path, lines: own }) => `when f.institution_path ^@ ${bind(path)}::text then ${bound(own)}`)
    const all = elsewhere.length === 0 ? bound(lines) : `case ${elsewhere.join(' ')} else ${bound(lines)} end`
    return `case when f.status = 'active' and f.kind = any (${bind(kinds)}::text[]) then coalesce(width_bucket(${factExpression(measure, 'f', today)}, ${all}), 0) end`
  }
  const map = before && bind([0, ...codesOf(before).map((code) => placeIn(scheme, code))])
  return [
    `f.tier_places[${slot}] as raw_${slot}`,
    `${map ? `(${map}::int[])[f.tier_places[${slot}] + 1]` : `f.tier_places[${slot}]`} as held_${slot}`,
    `f.tier_below[${slot}] as since_${slot}`,
    `${leaves ? 'null::int' : fit()} as fit_${slot}`,
    `${overrides ? `o.set_${slot}` : 'null::int'} as set_${slot}`,
    `${overrides ? `o.released_${slot}` : 'false'} as released_${slot}`,
  ]
}

function placeIn(scheme: StoredScheme, code: string): number | null {
  const index = codesOf(scheme).indexOf(code)
  return index < 0 ? null : index + 1
}

/** The place that follows, over a row `s` of those columns. */
export function moveOf({ scheme: { slot, graceDays } }: TierPlan, bind: Bind, today: string): string {
  return `case when s.fit_${slot} is null then null when s.set_${slot} is not null then s.set_${slot}
    when s.held_${slot} is null or s.released_${slot} is true or s.fit_${slot} >= s.held_${slot} then s.fit_${slot}
    when coalesce(s.since_${slot}, ${today}) <= ${today} - ${bind(graceDays)}::int then s.fit_${slot} else s.held_${slot} end as place_${slot}`
}

function changeOf({ scheme, before, leaves }: TierPlan, codes: string, bind: Bind): string {
  const { id, slot, schemeVersion, measure } = scheme
  const was = `(${before ? `${bind(codesOf(before))}::text[]` : codes})[c.raw_${slot}]`
  const stored = 'since' in facts[measure] ? (facts[measure].since.fact as FactName) : measure
  const reason = `case when c.place_${slot} is null then '${leaves ? 'scheme' : 'left'}' when c.set_${slot} is not null or c.released_${slot} is true then 'override'
    when ${was} is null then 'entered'${before ? ` else 'scheme'` : ` when c.place_${slot} > c.held_${slot} then 'upgraded' else 'downgraded'`} end`
  const asked = `jsonb_build_object('${stored}', f.${factColumn(stored)}${facts[stored].type === 'money' ? '::text' : ''}, 'kind', f.kind)`
  return `('${id}'::uuid, ${schemeVersion}, ${was}, (${codes})[c.place_${slot}], c.place_${slot}, ${reason},
    ${asked} || case when c.since_${slot} is null then '{}'::jsonb else jsonb_build_object('belowSince', c.since_${slot}) end)`
}
