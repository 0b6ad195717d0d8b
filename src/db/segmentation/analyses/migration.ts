import type { Cell, MigrationMove, MigrationStatus } from '../../../core/segmentation/analyses/migration.ts'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { FactName } from '../../../core/segmentation/facts.ts'
import { classificationFacts } from '../../../core/segmentation/classifications.ts'
import { isKnownOfPast } from '../../../core/segmentation/history.ts'
import type { StoredScheme } from '../tiers/store.ts'
import type { Db } from '../../platform/database.ts'
import { factColumn } from '../facts/columns.ts'
import type { Bind } from '../../platform/views/view.ts'
import { ownedRows, unconvertedOf, type Within } from '../facts/population.ts'

/** What customers stand at: the value of a fact, the tier of a scheme, or the first of several segments in which they are. */
export type StateOf =
  | { readonly fact: FactName }
  | { readonly scheme: Pick<StoredScheme, 'code' | 'slot' | 'kinds'> }
  | { readonly segmentIds: readonly string[]; readonly numbers: readonly number[] }

const storedClassificationFacts: readonly FactName[] = Object.values(classificationFacts)

interface Ends {
  readonly from: Day
  /** Now where it is missing. */
  readonly to: Day | undefined
  readonly within: Within
}

/** Who stood where at the end of a month or stands where now, as `customer_id, aum, unconverted_currencies, state, untold, reconstructed`. */
function statusAt(stateOf: StateOf, day: Day | undefined, within: Within, bind: Bind): string {
  const rows = ownedRows(day === undefined ? 'customer_fact' : 'customer_fact_month', 'f', within, bind)
  const on = day === undefined ? undefined : `${bind(day)}::date`
  const where = [...(on === undefined ? [] : [`f.month_end = ${on}`]), `f.status = 'active'`, ...rows.where].join(' and ')
  const untold = (condition: () => string): string =>
    day === undefined ? 'false' : `(f.reconstructed and coalesce(${condition()}, true))`
  const columns = `f.customer_id, coalesce(f.aum, 0) as aum, f.unconverted_currencies, ${day === undefined ? 'false' : 'f.reconstructed'} as reconstructed`
  if ('fact' in stateOf) {
    const { fact } = stateOf
    const unknown = (): string =>
      storedClassificationFacts.includes(fact) ? `${bind(fact)}::text = any (f.undetermined)` : String(!isKnownOfPast(fact))
    return `select ${columns}, f.${factColumn(fact)} as state, ${untold(unknown)} as untold from ${rows.from} where ${where}`
  }
  if ('scheme' in stateOf) {
    const { code, slot, kinds } = stateOf.scheme
    const unknown = (): string => `(f.kind = any (${bind(kinds)}::text[]) and f.tier_places[${slot}] is null)`
    const prefix = `${bind(`${code}:`)}::text`
    const held = `(select substr(t, length(${prefix}) + 1) from unnest(f.tiers) t where t ^@ ${prefix} limit 1)`
    return `select ${columns}, ${held} as state, ${untold(unknown)} as untold from ${rows.from} where ${where}`
  }
  const unknown = (): string => `(s.place is null and f.undetermined && ${bind(stateOf.numbers.map(String))}::text[])`
  const ids = `${bind(stateOf.segmentIds)}::uuid[]`
  const stays = ownedRows('segment_membership', 'm', within, bind)
  const lasting = on === undefined ? ['m.left_on is null'] : [`m.entered_on <= ${on}`, `(m.left_on is null or m.left_on > ${on})`]
  return `select ${columns}, (${ids})[s.place]::text as state, ${untold(unknown)} as untold from ${rows.from} left join (
      select m.customer_id, min(array_position(${ids}, m.segment_id)) as place from ${stays.from}
      where ${[`m.segment_id = any (${ids})`, ...lasting, ...stays.where].join(' and ')} group by m.customer_id
    ) s on s.customer_id = f.customer_id where ${where}`
}

const bothEnds = (stateOf: StateOf, { from, to, within }: Ends, bind: Bind): string =>
  `(${statusAt(stateOf, from, within, bind)}) b full join (${statusAt(stateOf, to, within, bind)}) a on a.customer_id = b.customer_id`

const status = (row: string, absent: MigrationStatus): string =>
  `case when ${row}.customer_id is null then '${absent}' when ${row}.untold then 'undetermined' when ${row}.state is null then 'no_state' else 'in_state' end`

/** Counts who stood where at a month-end and stands where at another one or now, in one statement. */
export async function countMoves(db: Db, stateOf: StateOf, ends: Ends): Promise<readonly MigrationMove[]> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const text = `
    select ${status('b', 'not_yet_customer')} as "fromStatus", b.state as "from", ${status('a', 'left_bank')} as "toStatus", a.state as "to",
      count(*)::int as customers, coalesce(sum(b.aum), 0)::text as "aumBefore", coalesce(sum(a.aum), 0)::text as "aumAfter",
      ${unconvertedOf('b')} as "unconvertedBefore", ${unconvertedOf('a')} as "unconvertedAfter",
      coalesce(bool_or(b.reconstructed), false) as "reconstructedFrom", coalesce(bool_or(a.reconstructed), false) as "reconstructedTo"
    from ${bothEnds(stateOf, ends, bind)}
    group by 1, 2, 3, 4`
  const rows = await db.rows<Omit<MigrationMove, 'aumBefore' | 'aumAfter'> & { aumBefore: string; aumAfter: string }>({
    text,
    values,
    prepared: false,
  })
  return rows.map(({ aumBefore, aumAfter, ...move }) => ({ ...move, aumBefore: BigInt(aumBefore), aumAfter: BigInt(aumAfter) }))
}

/** The condition that a row of `customer` is counted in a cell of the matrix. */
export function inCell(row: string, stateOf: StateOf, ends: Ends, cell: Cell, bind: Bind): string {
  const at = (end: 'b' | 'a', absent: MigrationStatus, { status: wanted, state }: Cell['from']): readonly string[] => [
    `${status(end, absent)} = ${bind(wanted)}::text`,
    ...(state === undefined ? [] : [`${end}.state = ${bind(state)}::text`]),
  ]
  const moved = bothEnds(stateOf, ends, bind)
  return `${row}.id in (select coalesce(b.customer_id, a.customer_id) from ${moved} where ${[...at('b', 'not_yet_customer', cell.from), ...at('a', 'left_bank', cell.to)].join(' and ')})`
}
