import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'

export interface CounterNote {
  readonly id: string
  readonly customerId: string
  readonly kind: string
  readonly text: string
  readonly finderId: string
  readonly now: Date
}

/** Leaves a note with whoever keeps the customer now, and answers them. Undefined where there is no such customer. */
export async function insertCounterNote(
  db: Db,
  { id, customerId, kind, text, finderId, now }: CounterNote,
): Promise<
  { readonly managerId: string | null; readonly managerNumber: string | null; readonly managerName: string | null } | undefined
> {
  const [left] = await db.rows<{ managerId: string | null; managerNumber: string | null; managerName: string | null }>(sql`
    with note as (
      insert into counter_note (customer_id, id, institution_path, kind, note, finder_id, relationship_manager_id, created_at)
      select c.id, ${id}::uuid, c.institution_path, ${kind}::text, ${text}::text, ${finderId}::uuid, c.relationship_manager_id, ${now.toISOString()}::timestamptz
      from customer c where c.id = ${customerId}::uuid and c.status in ('prospect', 'active', 'closed')
      returning relationship_manager_id
    )
    select n.relationship_manager_id as "managerId", s.number as "managerNumber", s.name as "managerName"
    from note n left join staff s on s.id = n.relationship_manager_id`)
  return left
}
