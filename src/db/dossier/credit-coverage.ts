import { customerConditions, type CustomerFilter } from './customer-filter.ts'
import type { Counted } from '../../core/dossier/credit-coverage.ts'
import type { Db } from '../platform/database.ts'
import type { Bind } from '../platform/views/view.ts'

export const coverageGroups = ['institution', 'relationship_manager'] as const
export type CoverageGroup = (typeof coverageGroups)[number]

export interface CoverageRow {
  /** Null for the whole, and for those whom nobody keeps. */
  readonly id: string | null
  readonly code: string | null
  readonly name: string | null
  readonly whole: boolean
  readonly all: Counted
  readonly willing: Counted
}

/** Most groups that are distinguished. */
export const MAX_GROUPS = 500

const grouped = {
  institution: { key: 'institution_id', table: 'institution', code: 'code' },
  relationship_manager: { key: 'relationship_manager_id', table: 'staff', code: 'number' },
} as const

function counts(among: string): string {
  return `json_build_object('customers', count(*) filter (where ${among}), 'rated', count(*) filter (where ${among} and j.rated),
    'granted', count(*) filter (where ${among} and j.granted), 'ratedAndGranted', count(*) filter (where ${among} and j.rated and j.granted))`
}

/**
 * Counts the active customers who meet the filter, and how many of them have a rating and a credit line that hold: all of them and, asked for, by
 * institution or relationship manager, in one pass over each table. Willing is whoever says so or, having said nothing, has an open need of
 * working capital.
 */
export async function countCreditCoverage(db: Db, filter: CustomerFilter, by: CoverageGroup | undefined): Promise<CoverageRow[]> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const conditions = [
    `c.status = 'active'`,
    `not exists (select from customer_profile d where d.customer_id = c.id and d.deceased_on is not null)`,
    ...customerConditions(filter, 'c', bind),
  ].join(' and ')
  const { key, table, code } = grouped[by ?? 'institution']
  const text = `
    with chosen as materialized (
      select c.id, c.${key} as key from customer c where ${conditions}
    ), judged as materialized (
      select c.key, s.customer_id is not null as rated, coalesce(s.granted, false) as granted, coalesce(p.credit_willing, n.customer_id is not null) as willing
      from chosen c
      left join (select s.customer_id, bool_or(s.granted is not null) as granted from chosen x join credit_standing s on s.customer_id = x.id
        where s.superseded_at is null and s.status = 'active' group by s.customer_id) s on s.customer_id = c.id
      left join (select distinct n.customer_id from chosen x join need n on n.customer_id = x.id
        where n.superseded_at is null and n.status = 'open' and n.kind = 'working_capital') n on n.customer_id = c.id
      left join customer_profile p on p.customer_id = c.id
    )
    select g.id, g.whole, g.all, g.willing, t.${code} as code, t.name
    from (
      select ${by ? 'j.key as id, grouping(j.key) = 1' : 'null::uuid as id, true'} as whole, ${counts('true')} as all, ${counts('j.willing')} as willing
      from judged j group by ${by ? 'grouping sets ((), (j.key))' : '()'}
    ) g
    left join ${table} t on t.id = g.id
    order by g.whole desc, t.${code}, g.id limit ${MAX_GROUPS + 1}`
  return db.rows<CoverageRow>({ text, values, prepared: false })
}
