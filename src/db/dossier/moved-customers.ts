import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'
import { moveCustomerRows } from './customer-tables.ts'

/**
 * Carries all that belongs to customers along to their new place in the tree, and notes who is looked after from an institution that is neither above nor below it from
 * then on. The rows of `customer` themselves are written before.
 */
export async function moveCustomers(
  db: Db,
  moved: readonly { readonly id: string; readonly path: string }[],
  now: Date,
): Promise<void> {
  await moveCustomerRows(db, moved)
  await db.rows(sql`
    update customer c set moved_at = case when starts_with(c.institution_path, s.institution_path) or starts_with(s.institution_path, c.institution_path) then null
      else ${now.toISOString()}::timestamptz end
    from staff s where c.id = any (${sql.param(moved.map(({ id }) => id))}::uuid[]) and s.id = c.relationship_manager_id`)
}

/** Lets the manager of a customer who moved stay. Answers whether anything waited for that. */
export async function confirmManager(db: Db, customerId: string): Promise<boolean> {
  const confirmed = await db.rows(
    sql`update customer set moved_at = null where id = ${customerId}::uuid and moved_at is not null and relationship_manager_id is not null returning 1`,
  )
  return confirmed.length > 0
}
