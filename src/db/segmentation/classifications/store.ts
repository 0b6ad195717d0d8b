import { wholeRule } from '../segments/rules.ts'
import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import {
  classificationKinds,
  type ClassificationKind,
  type ClassificationPolicy,
  type ClassificationRule,
  defaultClassification,
  type KeptKind,
  keptKinds,
} from '../../../core/segmentation/classifications.ts'
import { defaultRelationScores, type RelationScorePolicy, type ScoreParts } from '../../../core/segmentation/relation-scores.ts'
import type { Db } from '../../platform/database.ts'
import type { StoredSegment } from '../segments/store.ts'
import type { Classification } from './evaluate.ts'

export interface StoredPolicy {
  readonly kind: ClassificationKind
  readonly policyVersion: number
  readonly effectiveOn: Day
  readonly rules: readonly ClassificationRule[]
  readonly defaultValue: string | null
  readonly reason: string
}

const columns = sql.raw(
  `kind, policy_version as "policyVersion", effective_on::text as "effectiveOn", rules, default_value as "defaultValue", reason`,
)

/** The policies of all kinds that hold on a day, the defaults among them. */
export async function readPoliciesOn(db: Db, day: Day): Promise<readonly ClassificationPolicy[]> {
  const stored = await db.rows<StoredPolicy>(sql`
    select distinct on (kind) ${columns} from classification_policy where effective_on <= ${day}::date and kind <> 'relation_scores' order by kind, effective_on desc`)
  return classificationKinds.map((kind) => {
    const own = stored.find((one) => one.kind === kind)
    return own ? inForce(own) : defaultClassification(kind)
  })
}

export function inForce({ kind, policyVersion, effectiveOn, rules, defaultValue }: StoredPolicy): ClassificationPolicy {
  return { kind, policyVersion, effectiveOn, source: 'bank', rules, defaultValue }
}

/** Every version that a bank has set, of some or all kinds, the latest first. */
export function listPolicies(db: Db, kind: ClassificationKind | undefined): Promise<readonly StoredPolicy[]> {
  return db.rows(sql`
    select ${columns} from classification_policy where kind <> 'relation_scores' and (${kind ?? null}::text is null or kind = ${kind ?? null}) order by kind, policy_version desc`)
}

/** Adds a version. Of two at once the second breaks `classification_policy_pkey`; two from one day `classification_policy_kind_effective_on_key`. */
export async function insertPolicy(
  db: Db,
  policy: Omit<StoredPolicy, 'kind' | 'rules'> & {
    readonly kind: ClassificationKind | 'relation_scores'
    readonly rules: readonly ClassificationRule[] | ScoreParts
    readonly setBy: string | null
    readonly now: Date
  },
): Promise<void> {
  await db.rows(sql`
    insert into classification_policy (kind, policy_version, effective_on, rules, default_value, reason, set_by, set_at)
    values (${policy.kind}, ${policy.policyVersion}::int, ${policy.effectiveOn}::date, ${JSON.stringify(policy.rules)}::jsonb, ${policy.defaultValue}, ${policy.reason},
      ${policy.setBy}::uuid, ${policy.now.toISOString()}::timestamptz)`)
}

/** The policies that refreshes apply, their rules whole. */
export function classificationsOf(
  policies: readonly ClassificationPolicy[],
  segments: readonly StoredSegment[],
): readonly Classification[] {
  return policies.flatMap(({ kind, policyVersion, rules, defaultValue }) =>
    isKept(kind)
      ? [
          {
            kind,
            policyVersion,
            defaultValue,
            rules: rules.map(({ value, rule }) => ({ value, rule: wholeRule(rule, segments) })),
          },
        ]
      : [],
  )
}

const isKept = (kind: ClassificationKind): kind is KeptKind => keptKinds.includes(kind as KeptKind)

/** By which parts scores are told on a day. */
export async function readScorePolicyOn(db: Db, day: Day): Promise<RelationScorePolicy> {
  const [row] = await db.rows<{ policyVersion: number; effectiveOn: Day; parts: ScoreParts }>(sql`
    select policy_version as "policyVersion", effective_on::text as "effectiveOn", rules as parts from classification_policy
    where kind = 'relation_scores' and effective_on <= ${day}::date order by effective_on desc limit 1`)
  return row ? { ...row, source: 'bank' } : defaultRelationScores
}

/** The latest version of any kind; 0 where a bank has set none. */
export async function latestVersion(db: Db, kind: ClassificationKind | 'relation_scores'): Promise<number> {
  const [row] = await db.rows<{ version: number }>(
    sql`select coalesce(max(policy_version), 0)::int as version from classification_policy where kind = ${kind}`,
  )
  return row!.version
}
