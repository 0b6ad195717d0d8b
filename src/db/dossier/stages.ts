import { sql } from 'drizzle-orm'
import type { StageDecision, StageRule, StageSubject } from '../../core/dossier/stages.ts'
import type { Db } from '../platform/database.ts'
import { decodeStages, stageFacts } from './views/stages.ts'
import type { Bind } from '../platform/views/view.ts'

export interface StoredStagePolicy {
  readonly subject: StageSubject
  readonly version: number
  readonly rules: readonly StageRule[]
  readonly reason: string
  readonly setAt: Date
}

/** The policies that hold, of the subjects of which the bank has said something. */
export function listStagePolicies(db: Db): Promise<StoredStagePolicy[]> {
  return db.rows(sql`
    select distinct on (subject) subject, version, rules, reason, set_at as "setAt" from stage_policy order by subject, version desc`)
}

/** Adds the next version of a policy. Of two at once the second finds the key taken: `stage_policy_pkey`. */
export async function insertStagePolicy(db: Db, policy: StoredStagePolicy & { readonly setBy: string | null }): Promise<void> {
  const { subject, version, rules, reason, setAt, setBy } = policy
  await db.rows(sql`
    insert into stage_policy (subject, version, rules, reason, set_by, set_at)
    values (${subject}, ${version}::int, ${JSON.stringify(rules)}::jsonb, ${reason}, ${setBy}::uuid, ${setAt.toISOString()}::timestamptz)`)
}

/** The stages of a customer, in one statement. Undefined for one whom the caller may not see. */
export async function findStages(db: Db, customerId: string, today: string): Promise<readonly StageDecision[] | undefined> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const facts = stageFacts('c', bind, today)
  const [row] = await db.rows<{ v: unknown }>({
    text: `select (${facts}) as v from customer c where c.id = ${bind(customerId)}::uuid`,
    values,
  })
  return row && decodeStages(row.v)
}
