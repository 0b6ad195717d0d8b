import { sql } from 'drizzle-orm'
import { staff } from './schema/reference.ts'
import { plainRows } from '../platform/plain-rows.ts'
import type { InstitutionReference, StaffReference } from '../../core/organisation/references.ts'
import type { Db } from '../platform/database.ts'
import { inScope } from '../platform/scope.ts'

/** Institutions within the caller's scope, by code. */
export async function resolveInstitutions(db: Db, codes: Iterable<string>): Promise<ReadonlyMap<string, InstitutionReference>> {
  const rows = await db.rows<InstitutionReference>(
    sql`select i.id, i.code, i.path, i.status, (select a.area_code from institution a where i.path ^@ a.path and a.area_code is not null order by length(a.path) desc limit 1) as "areaCode"
      from institution i where i.code = any (${sql.param([...new Set(codes)])}::text[]) and ${inScope('i.path')}`,
  )
  return new Map(rows.map((row) => [row.code, row]))
}

/** Staff within the caller's scope, by number. */
export async function resolveStaff(db: Db, numbers: Iterable<string>): Promise<ReadonlyMap<string, StaffReference>> {
  const rows = await plainRows(
    db,
    staff,
    ['id', 'number', 'roles', 'status', 'activeFrom', 'activeUntil', 'customerCapacity'],
    sql`where t.number = any (${sql.param([...new Set(numbers)])}::text[]) and ${inScope('t.institution_path')}`,
  )
  return new Map(rows.map((row) => [row.number, row]))
}
