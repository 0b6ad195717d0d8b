import type { Combination } from '../../../core/segmentation/analyses/overlap.ts'
import type { Db } from '../../platform/database.ts'
import { ownedRows, type Within } from '../facts/population.ts'

/** Counts the customers of each exact combination of segments that occurs, by the numbers of the segments, in one scan. */
export async function countCombinations(db: Db, segments: readonly number[], within: Within): Promise<readonly Combination[]> {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const bits = segments.map((number, place) => `case when ${bind(number)}::int = any (f.segments) then ${1 << place} else 0 end`)
  const { from, where } = ownedRows('customer_fact', 'f', within, bind)
  const text = `
    select mask, count(*)::int as customers, coalesce(sum(aum), 0)::text as aum from (
      select ${bits.join(' + ')} as mask, f.aum from ${from}
      where ${[`f.status = 'active'`, `f.segments && ${bind(segments)}::int[]`, ...where].join(' and ')}
    ) f group by mask order by mask`
  const rows = await db.rows<{ mask: number; customers: number; aum: string }>({ text, values, prepared: false })
  return rows.map(({ aum, ...one }) => ({ ...one, aum: BigInt(aum) }))
}
