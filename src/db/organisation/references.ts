import { sql } from 'drizzle-orm'
import type { InstitutionReference, StaffReference } from '../../core/organisation/references.ts'
import type { Db } from '../platform/database.ts'
import { inScope } from '../platform/scope.ts'

/** Institutions within the caller's scope, by code. */
export async function resolveInstitutions(db: Db, codes: Iterable<string>): Promise<ReadonlyMap<string, InstitutionReference>> {
  const rows = await db.rows<InstitutionReference>(
    sql`select id, code, path, status from institution where code = any (${sql.param([...new Set(codes)])}::text[]) and ${inScope('path')}`,
  )
  return new Map(rows.map((row) => [row.code, row]))
}

/** Staff within the caller's scope, by number. */
export async function resolveStaff(db: Db, numbers: Iterable<string>): Promise<ReadonlyMap<string, StaffReference>> {
  const rows = await db.rows<StaffReference>(
    sql`select id, number, roles, status, active_from as "activeFrom", active_until as "activeUntil", customer_capacity as "customerCapacity" from staff where number = any (${sql.param([...new Set(numbers)])}::text[]) and ${inScope('institution_path')}`,
  )
  return new Map(rows.map((row) => [row.number, row]))
}
