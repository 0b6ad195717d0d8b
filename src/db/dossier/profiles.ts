import { sql } from 'drizzle-orm'
import type { PolicyWinner } from '../../core/dossier/profiles.ts'
import type { Db } from '../platform/database.ts'

export interface StoredPolicy {
  readonly field: string
  readonly winner: PolicyWinner
  readonly version: number
  readonly reason: string
  readonly setAt: Date
}

/** The policies that hold, of the fields of which the bank has said something. */
export function listProfilePolicies(db: Db): Promise<StoredPolicy[]> {
  return db.rows(sql`
    select distinct on (field) field, winner, version, reason, set_at as "setAt" from profile_policy order by field, version desc`)
}

/** Adds the next version of a field's policy. Of two at once the second finds the key taken: `profile_policy_pkey`. */
export async function insertProfilePolicy(db: Db, policy: StoredPolicy & { readonly setBy: string | null }): Promise<void> {
  const { field, winner, version, reason, setAt, setBy } = policy
  await db.rows(sql`
    insert into profile_policy (field, version, winner, reason, set_by, set_at)
    values (${field}, ${version}::int, ${winner}, ${reason}, ${setBy}::uuid, ${setAt.toISOString()}::timestamptz)`)
}
