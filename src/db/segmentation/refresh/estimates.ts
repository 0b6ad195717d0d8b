import { wholeRule } from '../segments/rules.ts'
import { ownedWithinReach } from '../../dossier/reach.ts'
import { holdsWholeBank, type Scope } from '../../../core/kernel/actors.ts'
import {
  estimatedSeconds,
  MAX_SCAN_SECONDS,
  requireAffordable,
  requirePercentile,
} from '../../../core/segmentation/rules/cost.ts'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import { type Rule, usedPercentiles } from '../../../core/segmentation/rules/rule.ts'
import { classificationsOf } from '../classifications/store.ts'
import type { Db } from '../../platform/database.ts'
import type { StoredSegment } from '../segments/store.ts'

/** Refuses a rule whose percentiles are not worked out, and one that takes too long over what is in reach. Throws `conflict` and `query_too_complex`. */
export async function requireAffordableStatement(db: Db, rule: Rule, context: RuleContext, scope: Scope): Promise<void> {
  for (const { fact, institution } of usedPercentiles(rule)) requirePercentile(fact, context.cut(fact, institution, 0))
  let seconds = estimatedSeconds([rule], await countFacts(db))
  // Those in reach are counted only where that decides.
  if (seconds > MAX_SCAN_SECONDS && !holdsWholeBank(scope)) seconds = estimatedSeconds([rule], await countWithinReach(db, scope))
  requireAffordable('scan', seconds)
}

/** Refuses to keep a rule that takes too long over the whole bank. `field` is where it was sent. Throws `query_too_complex` with the estimate. */
export async function requireAffordableSegment(db: Db, rule: Rule, field: string): Promise<void> {
  requireAffordable('scan', estimatedSeconds([rule], await countFacts(db)), field)
}

/** Refuses what would make refreshes too long, which ask the rules of all active segments and policies in one scan. Throws `query_too_complex` with the estimate. */
export async function requireAffordableRefresh(
  db: Db,
  segments: readonly StoredSegment[],
  policies: Parameters<typeof classificationsOf>[0],
  field: string,
): Promise<void> {
  const rules = [
    ...segments.flatMap(({ state, rule }) => (state === 'active' && rule !== null ? [wholeRule(rule, segments)] : [])),
    ...classificationsOf(policies, segments).flatMap((policy) => policy.rules.map(({ rule }) => rule)),
  ]
  requireAffordable('refresh', estimatedSeconds(rules, await countFacts(db)), field)
}

/** Rows of facts, about, as the planner knows them. */
async function countFacts(db: Db): Promise<number> {
  const [row] = await db.rows<{ rows: number }>({
    text: `select greatest(reltuples, 0)::float8 as rows from pg_class where oid = 'customer_fact'::regclass`,
    values: [],
    prepared: false,
  })
  return row!.rows
}

async function countWithinReach(db: Db, scope: Scope): Promise<number> {
  const values: unknown[] = []
  const reach = ['true', ...ownedWithinReach(scope, 'f', (value) => `$${values.push(value)}`)]
  const [row] = await db.rows<{ rows: number }>({
    text: `select count(*)::float8 as rows from customer_fact f where ${reach.join(' and ')}`,
    values,
    prepared: false,
  })
  return row!.rows
}
