import { wholeRule } from '../segments/rules.ts'
import { ownedWithinReach } from '../../dossier/reach.ts'
import { holdsWholeBank, type Scope } from '../../../core/kernel/actors.ts'
import { DomainError, refuseField } from '../../../core/kernel/errors.ts'
import { estimatedSeconds } from '../../../core/segmentation/rules/cost.ts'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import { type Rule, usedPercentiles } from '../../../core/segmentation/rules/rule.ts'
import { classificationsOf } from '../classifications/store.ts'
import type { Db } from '../../platform/database.ts'
import type { StoredSegment } from '../segments/store.ts'

/** What a scan by one rule may take: less than a statement may, since estimates are estimates. */
const MAX_SECONDS = 20
/** What the scan of a refresh may take, which asks all rules at once: what it writes comes on top. */
const MAX_REFRESH_SECONDS = 200

/** Refuses a rule whose percentiles are not worked out, and one that takes too long over what is in reach. Throws `conflict` and `query_too_complex`. */
export async function requireAffordableStatement(db: Db, rule: Rule, context: RuleContext, scope: Scope): Promise<void> {
  for (const { fact, institution } of usedPercentiles(rule))
    if (context.cut(fact, institution, 0) === undefined)
      throw new DomainError(
        'conflict',
        `The percentiles of ${fact} are not computed yet: activate a segment that uses them first.`,
      )
  let seconds = estimatedSeconds([rule], await countFacts(db))
  // Those in reach are counted only where that decides.
  if (seconds > MAX_SECONDS && !holdsWholeBank(scope)) seconds = estimatedSeconds([rule], await countWithinReach(db, scope))
  if (seconds > MAX_SECONDS) throw new DomainError('query_too_complex', tooLong('This rule', seconds, MAX_SECONDS))
}

/** Refuses to keep a rule that takes too long over the whole bank. `field` is where it was sent. Throws `query_too_complex` with the estimate. */
export async function requireAffordableSegment(db: Db, rule: Rule, field: string): Promise<void> {
  const seconds = estimatedSeconds([rule], await countFacts(db))
  if (seconds > MAX_SECONDS) throw refuseField('query_too_complex', field, 'cost', tooLong('This rule', seconds, MAX_SECONDS))
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
  const seconds = estimatedSeconds(rules, await countFacts(db))
  if (seconds > MAX_REFRESH_SECONDS)
    throw refuseField(
      'query_too_complex',
      field,
      'cost',
      tooLong('Together with it, the rules of all active segments and policies', seconds, MAX_REFRESH_SECONDS),
    )
}

const tooLong = (what: string, seconds: number, most: number): string =>
  `${what} would take about ${Math.ceil(seconds)} seconds; the limit is ${most}.`

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
