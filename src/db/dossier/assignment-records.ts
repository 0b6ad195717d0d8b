import { sql } from 'drizzle-orm'
import type { AssignmentRecord, StoredAssignment } from '../../core/dossier/assignment-acceptance.ts'
import type { Db } from '../platform/database.ts'

/** All assignments of these customers, cancelled ones too. */
export async function readAssignments(db: Db, customerIds: readonly string[]): Promise<StoredAssignment[]> {
  if (customerIds.length === 0) return []
  return db.rows<StoredAssignment>(sql`
    select customer_id as "customerId", id, source, external_id as "externalId", staff_id as "staffId", business_line as "businessLine", starts_on as "startsOn",
      ends_on as "endsOn", state, as_of as "asOf"
    from assignment where customer_id = any (${sql.param(customerIds)}::uuid[])`)
}

const columns =
  sql.raw(`("customerId" uuid, id uuid, "institutionPath" text, source text, "externalId" text, "staffId" uuid, "businessLine" text, "startsOn" date,
  "endsOn" date, state text, "asOf" timestamptz, step int)`)

export async function updateAssignments(db: Db, rows: readonly AssignmentRecord[], now: Date): Promise<void> {
  if (rows.length === 0) return
  await db.rows(sql`
    update assignment t set staff_id = r."staffId", business_line = r."businessLine", starts_on = r."startsOn", ends_on = r."endsOn", state = r.state, as_of = r."asOf",
      version = t.version + r.step, updated_at = case r.step when 0 then t.updated_at else ${now}::timestamptz end
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ${columns}
    where t.customer_id = r."customerId" and t.id = r.id`)
}

export async function insertAssignments(db: Db, rows: readonly AssignmentRecord[], now: Date): Promise<void> {
  if (rows.length === 0) return
  await db.rows(sql`
    insert into assignment (customer_id, id, institution_path, source, external_id, staff_id, business_line, starts_on, ends_on, state, as_of, created_at, updated_at)
    select "customerId", id, "institutionPath", source, "externalId", "staffId", "businessLine", "startsOn", "endsOn", state, "asOf", ${now}::timestamptz, ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ${columns}`)
}
