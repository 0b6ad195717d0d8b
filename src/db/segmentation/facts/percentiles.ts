import { type SQL, sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { FactName } from '../../../core/segmentation/facts.ts'
import type { Db } from '../../platform/database.ts'
import { factExpression } from './columns.ts'

/** Facts by whose hundredths every bank is divided. */
const always: readonly FactName[] = ['recency', 'frequency', 'monetary']

export interface Percentile {
  /** Of the institution whose subtree is divided; `/` for the bank. */
  readonly path: string
  readonly fact: FactName
}

export interface StoredPercentile extends Percentile {
  /** The least value, then those that 1 to 100 hundredths of the customers with a value do not exceed, as decimal texts. */
  readonly cuts: readonly string[]
  readonly asOf: Day
}

/** Works out what divides the active customers, for all subtrees and facts that were asked for before, and for those that every bank is divided by. */
export async function refreshPercentiles(db: Db, today: Day): Promise<void> {
  const known = await db.rows<Percentile>(
    sql`select path, fact from fact_cut where not (path = '/' and fact = any (${sql.param(always)}::text[])) order by path, fact`,
  )
  for (const cut of [...always.map((fact) => ({ path: '/', fact })), ...known]) await computePercentile(db, cut, today)
}

/** Works out one of them now and keeps it. Nothing is stored where no customer has a value. */
export async function computePercentile(db: Db, cut: Percentile, today: Day): Promise<void> {
  await db.rows(sql`
    insert into fact_cut (path, fact, as_of, cuts, customers)
    select ${cut.path}, ${cut.fact}, ${today}::date, c.cuts, c.customers from (${dividing(cut, today)}) c
    on conflict (path, fact) do update set as_of = excluded.as_of, cuts = excluded.cuts, customers = excluded.customers`)
}

/** What would divide the active customers whom the transaction may see; undefined where none has a value. */
export async function readPercentile(db: Db, cut: Percentile, today: Day): Promise<StoredPercentile | undefined> {
  return read(db, cut, today, dividing(cut, today))
}

/** What divided those of a month-end by the facts that are stored of it, for what rules ask and for what every bank is divided by. */
export async function readPercentilesOfMonth(
  db: Db,
  asked: readonly Percentile[],
  monthEnd: Day,
): Promise<readonly StoredPercentile[]> {
  const wanted = new Map(
    [...always.map((fact) => ({ path: '/', fact })), ...asked].map((cut) => [`${cut.path} ${cut.fact}`, cut]),
  )
  const found: StoredPercentile[] = []
  for (const cut of wanted.values()) {
    const one = await read(
      db,
      cut,
      monthEnd,
      dividing(cut, monthEnd, sql`customer_fact_month f where f.month_end = ${monthEnd}::date and`),
    )
    if (one) found.push(one)
  }
  return found
}

async function read(db: Db, cut: Percentile, today: Day, divided: SQL): Promise<StoredPercentile | undefined> {
  const [row] = await db.rows<Pick<StoredPercentile, 'cuts'>>(sql`select c.cuts::text[] as cuts from (${divided}) c`)
  return row && { ...cut, ...row, asOf: today }
}

function dividing({ path, fact }: Percentile, today: Day, rows: SQL = sql`customer_fact f where`): SQL {
  const value = sql.raw(factExpression(fact, 'f', `date '${today}'`))
  // A double becomes a numeric of 15 digits only: those who stand on the line itself would fall off it. Its text is exact.
  return sql`
    select array(select one::text::numeric from unnest(c.cuts) with ordinality as u (one, place) order by place) as cuts, c.customers
    from (
      select percentile_disc(array(select g / 100.0::double precision from generate_series(0, 100) g)) within group (order by ${value}) as cuts, count(${value})::int as customers
      from ${rows} f.status = 'active' and f.institution_path ^@ ${path}::text
    ) c where c.customers > 0`
}

/** The cuts that stand. */
export async function readPercentiles(db: Db): Promise<readonly StoredPercentile[]> {
  return db.rows(sql`select path, fact, cuts::text[] as cuts, as_of::text as "asOf" from fact_cut order by path, fact`)
}
