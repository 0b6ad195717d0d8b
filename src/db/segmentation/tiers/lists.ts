import { customerConditions, type CustomerFilter } from '../../dossier/customer-filter.ts'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import { currencyExponent } from '../../../core/kernel/currencies.ts'
import { facts } from '../../../core/segmentation/facts.ts'
import { type Measured, parseMeasured, type ThresholdSide } from '../../../core/segmentation/tiers.ts'
import { factExpression, factSqlTypes } from '../facts/columns.ts'
import type { Order } from '../../platform/views/keys.ts'
import type { Bind } from '../../platform/views/view.ts'
import type { StoredScheme } from './store.ts'

export interface ListOf {
  readonly scheme: StoredScheme
  readonly paths: ReadonlyMap<string, string>
  readonly currency: CurrencyCode
  readonly today: string
  /** Code of a tier: the one at the line, or the one that is held. */
  readonly tier: string | undefined
  readonly filter: Pick<CustomerFilter, 'reach' | 'subtree' | 'relationshipManagerId'>
}

/** Sorted by the distance as it is compared, the shortest first. */
export function distanceOrder({ measure }: StoredScheme): Order {
  return {
    name: 'distance',
    direction: 'asc',
    keys: (row) => [
      { expression: `${row}.compared`, cast: factSqlTypes[facts[measure].type] },
      { expression: `${row}.customer_id`, cast: 'uuid' },
    ],
  }
}

type Bound = 'from' | 'upgradeMargin' | 'atRiskMargin'

/** The lines of a scheme, or its bands, where the row `f` of facts is. */
function byPlace({ scheme, paths, currency }: ListOf, field: Bound, bind: Bind): string {
  const { measure } = scheme
  const type = factSqlTypes[facts[measure].type]
  const bound = (thresholds: StoredScheme['thresholds']): string => {
    const values = thresholds.map((one): Measured | null => {
      const text = one[field]
      return text === undefined || text === null ? null : parseMeasured(text, measure, currency)!
    })
    return `${bind(values.map((value) => (value === null ? null : String(value))))}::${type}[]`
  }
  const elsewhere = scheme.subtrees
    .flatMap(({ institutionCode, thresholds }) => {
      const path = paths.get(institutionCode)
      return path === undefined ? [] : [{ path, thresholds }]
    })
    .toSorted((one, other) => other.path.length - one.path.length)
    .map(({ path, thresholds }) => `when f.institution_path ^@ ${bind(path)}::text then ${bound(thresholds)}`)
  return elsewhere.length === 0 ? bound(scheme.thresholds) : `case ${elsewhere.join(' ')} else ${bound(scheme.thresholds)} end`
}

/** A value as a decimal text in the unit of the measure. */
function decimal({ scheme: { measure }, currency }: ListOf, value: string): string {
  if (facts[measure].type !== 'money') return `(round((${value})::numeric, 6))::float8::text`
  const exponent = currencyExponent(currency)
  return `round((${value})::numeric / ${10 ** exponent}, ${exponent})::text`
}

const conditionsOf = ({ filter }: ListOf, bind: Bind): string =>
  [`f.status = 'active'`, ...customerConditions(filter, 'o', bind)].join(' and ')

/** Upgrade candidates below the next threshold, or customers at risk above the one that they have passed, as a `from` item. */
export function thresholdFrom(list: ListOf, side: ThresholdSide) {
  return (row: string, bind: Bind): string => {
    const { scheme, today, tier } = list
    const { slot, measure } = scheme
    const codes = `${bind(scheme.thresholds.map(({ code }) => code))}::text[]`
    const place = side === 'upgrade_candidate' ? 'b.fit + 1' : 'b.fit'
    const distance = side === 'upgrade_candidate' ? 'm.lines[l.place] - m.value' : 'm.value - m.lines[l.place]'
    return `(
      select f.customer_id, (${codes})[l.place] as tier, (${codes})[f.tier_places[${slot}]] as held_tier, d.distance as compared,
        ${decimal(list, 'm.value')} as value, ${decimal(list, 'm.lines[l.place]')} as threshold, ${decimal(list, 'd.distance')} as distance
      from customer o join customer_fact f on f.customer_id = o.id
      cross join lateral (select ${factExpression(measure, 'f', `date '${today}'`)} as value, ${byPlace(list, 'from', bind)} as lines, ${byPlace(list, side === 'upgrade_candidate' ? 'upgradeMargin' : 'atRiskMargin', bind)} as bands offset 0) m
      cross join lateral (select width_bucket(m.value, m.lines) as fit) b
      cross join lateral (select ${place} as place) l
      cross join lateral (select ${distance} as distance) d
      where ${conditionsOf(list, bind)} and f.tier_places[${slot}] is not null
        and ${side === 'upgrade_candidate' ? `f.tier_places[${slot}] <= b.fit and d.distance <= m.bands[l.place]` : 'd.distance < m.bands[l.place]'}
        ${tier === undefined ? '' : `and (${codes})[l.place] = ${bind(tier)}::text`}
    ) ${row}`
  }
}

/** Customers whose measure lies below the tier that they hold, as a `from` item. A missing measure lies below by all of the line. */
export function pendingDowngradesFrom(list: ListOf) {
  return (row: string, bind: Bind): string => {
    const { scheme, today, tier } = list
    const { slot, measure, graceDays } = scheme
    const codes = `${bind(scheme.thresholds.map(({ code }) => code))}::text[]`
    const [day, grace] = [`${bind(today)}::date`, `${bind(graceDays)}::int`]
    return `(
      select f.customer_id, (${codes})[f.tier_places[${slot}]] as tier, (${codes})[width_bucket(m.value, m.lines)] as measured_tier, d.shortfall as compared,
        ${decimal(list, 'm.value')} as value, ${decimal(list, `m.lines[f.tier_places[${slot}]]`)} as threshold, ${decimal(list, 'd.shortfall')} as shortfall,
        f.tier_below[${slot}] as below_since, f.tier_below[${slot}] + ${grace} as grace_ends_on, greatest(0, f.tier_below[${slot}] + ${grace} - ${day}) as days_left
      from customer o join customer_fact f on f.customer_id = o.id
      cross join lateral (select ${factExpression(measure, 'f', `date '${today}'`)} as value, ${byPlace(list, 'from', bind)} as lines offset 0) m
      cross join lateral (select m.lines[f.tier_places[${slot}]] - coalesce(m.value, 0) as shortfall) d
      where ${conditionsOf(list, bind)} and f.tier_below[${slot}] is not null
        ${tier === undefined ? '' : `and (${codes})[f.tier_places[${slot}]] = ${bind(tier)}::text`}
    ) ${row}`
  }
}
