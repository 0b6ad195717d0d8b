import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { PolicyVersion } from '../../core/kernel/policies.ts'
import type { Db } from './database.ts'

/** The kinds of policies, as their rows name them. */
export type PolicyKind = 'tier_scheme' | 'classification' | 'relation_score' | 'value' | 'profile' | 'life_stage' | 'placeholder'

/** A version that the bank, or a migration, has written. */
export interface StoredPolicyVersion<D> extends PolicyVersion<D> {
  readonly effectiveOn: Day
  readonly setBy: string
  readonly setAt: Date
}

const columns = sql.raw(
  `p.key, p.version, p.effective_on::text as "effectiveOn", p.definition, p.source, p.reason, p.set_by as "setBy", p.set_at as "setAt"`,
)

/** All versions of a kind of policy, or of one of them, those that begin last first. */
export function listPolicyVersions<D>(db: Db, kind: PolicyKind, key?: string): Promise<readonly StoredPolicyVersion<D>[]> {
  return db.rows(sql`
    select ${columns} from policy_version p where p.kind = ${kind} and (${key ?? null}::text is null or p.key = ${key ?? null})
    order by p.key, p.effective_on desc, p.version desc`)
}

/** The versions that decide on a day, one for each policy of the kind that has begun: of those that have begun the one that began last, of these the latest written. */
export function policiesOn<D>(db: Db, kind: PolicyKind, day: Day): Promise<readonly StoredPolicyVersion<D>[]> {
  return db.rows(sql`
    select distinct on (p.key) ${columns} from policy_version p where p.kind = ${kind} and p.effective_on <= ${day}::date
    order by p.key, p.effective_on desc, p.version desc`)
}

/** The version of one policy that decides on a day; undefined where none has begun. */
export async function policyOn<D>(db: Db, kind: PolicyKind, key: string, day: Day): Promise<StoredPolicyVersion<D> | undefined> {
  const [row] = await db.rows<StoredPolicyVersion<D>>(sql`
    select ${columns} from policy_version p where p.kind = ${kind} and p.key = ${key} and p.effective_on <= ${day}::date
    order by p.effective_on desc, p.version desc limit 1`)
  return row
}

/** Adds a version. Of two at once the second breaks `policy_version_pkey`. */
export async function insertPolicyVersion(
  db: Db,
  kind: PolicyKind,
  { key, version, effectiveOn, definition, source, reason, setBy, setAt }: StoredPolicyVersion<unknown>,
): Promise<void> {
  await db.rows(sql`
    insert into policy_version (kind, key, version, effective_on, definition, source, reason, set_by, set_at)
    values (${kind}, ${key}, ${version}::int, ${effectiveOn}::date, ${JSON.stringify(definition)}::jsonb, ${source}, ${reason}, ${setBy}, ${setAt.toISOString()}::timestamptz)`)
}
