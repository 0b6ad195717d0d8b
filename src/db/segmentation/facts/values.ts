import { type SQL, sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import { type FactName, facts, factNames, type FactValue, storedFacts } from '../../../core/segmentation/facts.ts'
import { elapsedOn } from '../../../core/segmentation/elapsed.ts'
import type { Db } from '../../platform/database.ts'
import { factColumn } from './columns.ts'

/** The facts of a customer as they were worked out for a day. */
export interface CustomerFacts {
  readonly asOf: Day
  /** Null for those of a month-end. */
  readonly refreshedAt: Date | null
  /** Whether those of a month-end were computed later. */
  readonly reconstructed: boolean
  readonly values: ReadonlyMap<FactName, FactValue>
}

/** The stored facts of the row `f` as a JSON object, amounts as text. */
export const storedFactsOf = (): SQL =>
  sql.raw(
    storedFacts
      .map((name) => `'${name}', ${facts[name].type === 'money' ? `f.${factColumn(name)}::text` : `f.${factColumn(name)}`}`)
      .reduce<string[][]>((parts, pair, index) => {
        if (index % 40 === 0) parts.push([])
        parts.at(-1)!.push(pair)
        return parts
      }, [])
      .map((part) => `jsonb_build_object(${part.join(', ')})`)
      .join(' || '),
  )

/** The facts that hold now of a customer whom the caller may see; undefined where none are worked out or the customer is out of scope. What moves with the calendar is of `today`. */
export async function readFacts(db: Db, customerId: string, today: Day): Promise<CustomerFacts | undefined> {
  const [row] = await db.rows<{ as_of: Day; at: Date; stored: Record<string, unknown> }>(sql`
    select f.as_of::text as as_of, f.refreshed_at as at, ${storedFactsOf()} as stored from customer c join customer_fact f on f.customer_id = c.id where c.id = ${customerId}::uuid`)
  return row && { asOf: row.as_of, refreshedAt: row.at, reconstructed: false, values: valuesOf(row.stored, today) }
}

/** The facts as a month-end had them. */
export async function readFactsOfMonth(db: Db, customerId: string, monthEnd: Day): Promise<CustomerFacts | undefined> {
  const [row] = await db.rows<{ reconstructed: boolean; stored: Record<string, unknown> }>(sql`
    select f.reconstructed, ${storedFactsOf()} as stored from customer c join customer_fact_month f on f.customer_id = c.id and f.month_end = ${monthEnd}::date where c.id = ${customerId}::uuid`)
  return row && { asOf: monthEnd, refreshedAt: null, reconstructed: row.reconstructed, values: valuesOf(row.stored, monthEnd) }
}

/** Facts from a stored row, as JSON has it with money as text: those that follow with the calendar are worked out for `today`. */
export function valuesOf(stored: Readonly<Record<string, unknown>>, today: Day): ReadonlyMap<FactName, FactValue> {
  return new Map(
    factNames.map((name) => {
      const fact = facts[name]
      if ('since' in fact) return [name, elapsedOn((stored[fact.since.fact] ?? null) as Day | null, today, fact.since.elapsed)]
      const value = (stored[name] ?? null) as FactValue
      return [name, fact.type === 'money' && value !== null ? BigInt(value as string) : value]
    }),
  )
}
