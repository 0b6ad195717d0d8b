import { sql } from 'drizzle-orm'
import type { Day } from '../../core/calendar.ts'
import { type FactName, facts } from '../../core/facts.ts'
import type { Db } from '../database.ts'
import { factExpression } from './columns.ts'

/** Facts by whose hundredths every bank is divided. */
const always: readonly FactName[] = ['recency', 'frequency', 'monetary']

export interface Cut {
  /** Of the institution whose subtree is divided; `/` for the bank. */
  readonly path: string
  readonly fact: FactName
}

export interface StoredCut extends Cut {
  /** The least value, then those that 1 to 100 hundredths of the customers with a value do not exceed, as decimal texts. */
  readonly cuts: readonly string[]
  readonly asOf: Day
}

/** Facts that can be divided into hundredths. */
export function hasHundredths(name: FactName): boolean {
  return facts[name].type === 'number' || facts[name].type === 'money'
}

/** Works out what divides the active customers, for all subtrees and facts that were asked for before, and for those that every bank is divided by. */
export async function refreshCuts(db: Db, today: Day): Promise<void> {
  const known = await db.rows<Cut>(
    sql`select path, fact from fact_cut where not (path = '/' and fact = any (${sql.param(always)}::text[])) order by path, fact`,
  )
  for (const cut of [...always.map((fact) => ({ path: '/', fact })), ...known]) await workOutCut(db, cut, today)
}

/** Works out one of them now. Nothing is stored where no customer has a value. */
export async function workOutCut(db: Db, { path, fact }: Cut, today: Day): Promise<void> {
  const value = sql.raw(factExpression(fact, 'f', `date '${today}'`))
  // A double becomes a numeric of 15 digits only: those who stand on the line itself would fall off it. Its text is exact.
  const exactly = sql.raw('array(select one::text::numeric from unnest(c.cuts) with ordinality as u (one, place) order by place)')
  await db.rows(sql`
    insert into fact_cut (path, fact, as_of, cuts, customers)
    select ${path}, ${fact}, ${today}::date, ${exactly}, c.customers
    from (
      select percentile_disc(array(select g / 100.0::double precision from generate_series(0, 100) g)) within group (order by ${value}) as cuts, count(${value})::int as customers
      from customer_fact f where f.status = 'active' and f.institution_path ^@ ${path}::text
    ) c where c.customers > 0
    on conflict (path, fact) do update set as_of = excluded.as_of, cuts = excluded.cuts, customers = excluded.customers`)
}

/** The cuts that stand. */
export async function readCuts(db: Db): Promise<readonly StoredCut[]> {
  return db.rows(sql`select path, fact, cuts::text[] as cuts, as_of::text as "asOf" from fact_cut order by path, fact`)
}
