import { type FactName, facts } from '../../../core/segmentation/facts.ts'
import { type Elapsed, type FactType } from '../../../core/segmentation/fact-types.ts'

/** The column of a stored fact. */
export function factColumn(name: FactName): string {
  return name.replaceAll(/[A-Z]|\d+$/g, (part) => `_${part.toLowerCase()}`)
}

/** The types in which facts are stored and compared. */
export const factSqlTypes: Readonly<Record<FactType, string>> = {
  number: 'double precision',
  money: 'bigint',
  day: 'date',
  boolean: 'boolean',
  enum: 'text',
  set: 'text[]',
}

/** The value of a fact on a day, over a row of `customer_fact`. `today` is an expression for the day. Null where the fact is missing. */
export function factExpression(name: FactName, row: string, today: string): string {
  const fact = facts[name]
  return 'since' in fact
    ? elapsed(`${row}.${factColumn(fact.since.fact as FactName)}`, today, fact.since.elapsed)
    : `${row}.${factColumn(name)}`
}

/** As `elapsedOn` of core has it. */
function elapsed(day: string, today: string, unit: Elapsed): string {
  switch (unit) {
    case 'years':
      return `((to_char(${today}, 'YYYYMMDD')::int - to_char(${day}, 'YYYYMMDD')::int) / 10000)::double precision`
    case 'months': {
      const months = (of: string): string => `extract(year from ${of})::int * 12 + extract(month from ${of})::int`
      return `(${months(today)} - (${months(day)}) - (extract(day from ${today}) < extract(day from ${day}))::int)::double precision`
    }
    case 'days':
      return `(${today} - ${day})::double precision`
    case 'days_until':
      return `(case when ${day} >= ${today} then ${day} - ${today} end)::double precision`
  }
}
