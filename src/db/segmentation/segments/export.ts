import type { Day } from '../../../core/kernel/calendar.ts'
import type { FactName, FactValue } from '../../../core/segmentation/facts.ts'
import { ownedRows, type Within } from '../facts/population.ts'
import type { Db } from '../../platform/database.ts'
import { factExpression } from '../facts/columns.ts'
import { keysetCondition } from '../../platform/views/keys.ts'

/** A member of a segment with the facts that were asked for, in their order; amounts in minor units. */
export interface ExportedMember {
  readonly customerId: string
  readonly coreNumber: string | null
  readonly name: string
  readonly enteredOn: Day
  readonly values: readonly FactValue[]
  /** Where it stands in the order. */
  readonly place: readonly [institutionPath: string, customerId: string]
}

interface Portion {
  readonly segmentId: string
  readonly facts: readonly FactName[]
  readonly today: Day
  readonly within: Within
  readonly after: ExportedMember['place'] | undefined
  readonly limit: number
}

/** The next of those who are in a segment, by institution and id. */
export async function listMembersWithFacts(
  db: Db,
  { segmentId, facts: names, today, within, after, limit }: Portion,
): Promise<readonly ExportedMember[]> {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const keys = [
    { expression: 'm.institution_path', cast: 'text' },
    { expression: 'm.customer_id', cast: 'uuid' },
  ]
  const { where } = ownedRows('segment_membership', 'm', within, bind)
  const conditions = [
    `m.segment_id = ${bind(segmentId)}::uuid`,
    'm.left_on is null',
    // Whoever has closed or died since the last refresh is written to no more.
    `c.status = 'active'`,
    `not exists (select from customer_profile p where p.customer_id = c.id and p.deceased_on is not null)`,
    ...where,
    ...(after === undefined ? [] : [keysetCondition(keys, 'asc', after, bind)]),
  ]
  const columns = names.map((name, index) => `, ${factExpression(name, 'f', `date '${today}'`)} as "f${index}"`)
  const text = `
    select m.customer_id, m.institution_path, m.entered_on, c.core_number, c.name${columns.join('')}
    from segment_membership m join customer c on c.id = m.customer_id left join customer_fact f on f.customer_id = m.customer_id
    where ${conditions.join(' and ')} order by m.institution_path, m.customer_id limit ${bind(limit)}`
  const rows = await db.rows<Record<string, unknown>>({ text, values, prepared: false })
  return rows.map((row) => ({
    customerId: row['customer_id'] as string,
    coreNumber: row['core_number'] as string | null,
    name: row['name'] as string,
    enteredOn: row['entered_on'] as Day,
    values: names.map((_, index) => (row[`f${index}`] ?? null) as FactValue),
    place: [row['institution_path'] as string, row['customer_id'] as string],
  }))
}
