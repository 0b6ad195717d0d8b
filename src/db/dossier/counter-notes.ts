import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'
import { plainRows, type PlainRow } from '../platform/plain-rows.ts'
import { counterNote } from './schema/counter-notes.ts'
import type { Conditions } from '../platform/views/conditions.ts'

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

type Acknowledgement = PlainRow<typeof counterNote, 'acknowledgedAt' | 'acknowledgedBy'>

/** Who acknowledged a note of a customer in scope, and when; the note is held. Undefined where there is no such note. */
export async function lockCounterNote(db: Db, customerId: string, id: string): Promise<Acknowledgement | undefined> {
  const [row] = await plainRows(
    db,
    counterNote,
    ['acknowledgedAt', 'acknowledgedBy'],
    sql`join customer c on c.id = t.customer_id where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
  )
  return row
}

export async function updateCounterNote(
  db: Db,
  { customerId, id }: { readonly customerId: string; readonly id: string },
  { acknowledgedAt, acknowledgedBy }: Acknowledgement,
): Promise<void> {
  await db.rows(sql`
    update counter_note set acknowledged_at = ${acknowledgedAt?.toISOString() ?? null}::timestamptz, acknowledged_by = ${acknowledgedBy}::uuid
    where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

/** Whether somebody acknowledged it, where that is asked. */
export function isAcknowledged(wanted: boolean | undefined): Conditions {
  return (row) => (wanted === undefined ? [] : [`${row}.acknowledged_at is ${wanted ? 'not ' : ''}null`])
}
