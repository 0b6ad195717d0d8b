import { refuseField } from '../../core/kernel/errors.ts'
import { findInstitutionPath, staffExists } from '../../db/organisation/institutions.ts'
import type { Db } from '../../db/platform/database.ts'

/** The path of the institution below which a caller asks, undefined where they name none. Throws `unknown_reference`. */
export async function subtreePath(db: Db, institutionId: string | undefined): Promise<string | undefined> {
  if (institutionId === undefined) return undefined
  const path = await findInstitutionPath(db, institutionId)
  if (path === undefined)
    throw refuseField('unknown_reference', 'institutionId', 'unknown_reference', 'There is no such institution.')
  return path
}

/** Throws `unknown_reference` for a staff member that is named in a field and does not exist. */
export async function requireStaffMember(db: Db, field: string, staffId: string | undefined): Promise<void> {
  if (staffId !== undefined && !(await staffExists(db, staffId)))
    throw refuseField('unknown_reference', field, 'unknown_reference', 'There is no such staff member.')
}
