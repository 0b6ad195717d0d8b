import type { Move } from '../../core/analyses/migration.ts'
import type { Day } from '../../core/calendar.ts'
import type { FactName } from '../../core/facts.ts'
import type { Db } from '../database.ts'
import { factColumn } from '../facts/columns.ts'
import { ownedRows, type Within } from './population.ts'

/** What customers stand at: the value of a fact, or the first of several segments in which they are. */
export type StateOf = { readonly fact: FactName } | { readonly segmentIds: readonly string[] }

/** Counts who stood where at a month-end and stands where at another one or now, in one statement. Without `to` it is now. */
export async function countMoves(
  db: Db,
  stateOf: StateOf,
  { from, to, within }: { readonly from: Day; readonly to: Day | undefined; readonly within: Within },
): Promise<readonly Move[]> {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const end = (day: Day | undefined): string => {
    const rows = ownedRows(day === undefined ? 'customer_fact' : 'customer_fact_month', 'f', within, bind)
    const on = day === undefined ? undefined : `${bind(day)}::date`
    const where = [...(on === undefined ? [] : [`f.month_end = ${on}`]), `f.status = 'active'`, ...rows.where].join(' and ')
    const columns = `f.customer_id, coalesce(f.aum, 0) as aum`
    if ('fact' in stateOf) return `select ${columns}, f.${factColumn(stateOf.fact)} as state from ${rows.from} where ${where}`
    const ids = `${bind(stateOf.segmentIds)}::uuid[]`
    const stays = ownedRows('segment_membership', 'm', within, bind)
    const lasting =
      on === undefined ? ['m.left_on is null'] : [`m.entered_on <= ${on}`, `(m.left_on is null or m.left_on > ${on})`]
    return `select ${columns}, (${ids})[s.place]::text as state from ${rows.from} left join (
        select m.customer_id, min(array_position(${ids}, m.segment_id)) as place from ${stays.from}
        where ${[`m.segment_id = any (${ids})`, ...lasting, ...stays.where].join(' and ')} group by m.customer_id
      ) s on s.customer_id = f.customer_id where ${where}`
  }
  const standing = (row: string, absent: string): string =>
    `case when ${row}.customer_id is null then '${absent}' when ${row}.state is null then 'none' else 'in' end`
  const text = `
    select ${standing('b', 'not_yet')} as "fromStanding", b.state as "from", ${standing('a', 'gone')} as "toStanding", a.state as "to",
      count(*)::int as customers, coalesce(sum(b.aum), 0)::text as "aumBefore", coalesce(sum(a.aum), 0)::text as "aumAfter"
    from (${end(from)}) b full join (${end(to)}) a on a.customer_id = b.customer_id
    group by 1, 2, 3, 4`
  const rows = await db.rows<Omit<Move, 'aumBefore' | 'aumAfter'> & { aumBefore: string; aumAfter: string }>({
    text,
    values,
    prepared: false,
  })
  return rows.map(({ aumBefore, aumAfter, ...move }) => ({ ...move, aumBefore: BigInt(aumBefore), aumAfter: BigInt(aumAfter) }))
}
