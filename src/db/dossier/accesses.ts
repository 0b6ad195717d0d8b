import type { Conditions } from '../platform/views/conditions.ts'
import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'
import { openKey } from './identity.ts'
import { fieldContext, type Vault } from '../platform/vault.ts'

/** Names the place of the reason that somebody gave for looking at a value. */
export function accessReasonContext(accessId: string): string {
  return fieldContext('audit_entry', 'reason', accessId)
}

/** The reason that stands with an access to a customer in scope; null where none was given, undefined where there is no such access. */
export async function readAccessReason(
  db: Db,
  vault: Vault,
  customerId: string,
  entryId: string,
): Promise<string | null | undefined> {
  const [entry] = await db.rows<{ details: { readonly accessId?: string; readonly reason?: string } }>(sql`
    select e.details from audit_entry e join customer c on c.id = e.customer_id
    where e.customer_id = ${customerId}::uuid and e.id = ${entryId}::uuid and e.details ->> 'access' is not null`)
  if (!entry) return undefined
  const { accessId, reason } = entry.details
  if (accessId === undefined || reason === undefined) return null
  return vault.decrypt(await openKey(db, vault, customerId), Buffer.from(reason, 'base64'), accessReasonContext(accessId))
}

/** Entries of the audit log that say what of a customer was seen: of this kind, or of any. */
export function isAccess(kind: string | undefined): Conditions {
  return (row, bind) => [
    kind === undefined ? `${row}.details ->> 'access' is not null` : `${row}.details ->> 'access' = ${bind(kind)}::text`,
  ]
}
