import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'

/** Every table whose rows belong to a customer and carry the customer's path. A test compares the list with the catalogue. */
export const customerOwnedTables = [
  'customer_external_id',
  'identity_document',
  'contact_point',
  'address',
  'assignment',
  'team_member',
  'holding',
  'holding_party',
  'party_holding',
  'balance',
  'activity',
  'movement',
  'name_key',
  'key_date',
  'consent_event',
  'contact_preference',
  'counter_note',
  'relationship',
  'key_person',
  'shared_key_person',
  'customer_group',
  'customer_group_member',
  'group_membership',
  'need',
  'outside_holding',
  'credit_standing',
  'suitability_assessment',
  'life_event',
  'privilege_grant',
  'customer_fact',
  'customer_fact_month',
  'customer_fact_stale',
  'segment_membership',
  'customer_condition',
  'tier_membership',
  'tier_override',
  'approval_request',
  'classification_period',
  'relationship_preference',
  'customer_profile',
  'field_source',
  'profile_conflict',
  'key_figure',
] as const

/** Carries all that belongs to customers along to their new place in the tree. The rows of `customer` themselves are written before. */
export async function moveCustomerRows(db: Db, moves: readonly { readonly id: string; readonly path: string }[]): Promise<void> {
  const updates = customerOwnedTables.map(
    (table) =>
      `${table}_moved as (update ${table} t set institution_path = m.path from moved m where t.customer_id = m.id and t.institution_path <> m.path)`,
  )
  await db.rows(sql`
    with moved as materialized (select * from json_to_recordset(${JSON.stringify(moves)}::json) as r (id uuid, path text)), ${sql.raw(updates.join(', '))}
    select`)
}
