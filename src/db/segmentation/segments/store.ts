import { sql } from 'drizzle-orm'
import type { Rule } from '../../../core/segmentation/rules/rule.ts'
import type { SegmentKind, SegmentState } from '../../../core/segmentation/segments.ts'
import type { Db } from '../../platform/database.ts'
import { takeLock } from '../../platform/locks.ts'

/** A segment as it stands, with the rule that holds. */
export interface StoredSegment {
  readonly id: string
  readonly number: number
  readonly code: string
  readonly name: string
  readonly kind: SegmentKind
  readonly state: SegmentState
  readonly ruleVersion: number | null
  readonly rule: Rule | null
  readonly version: number
}

const columns = sql.raw(`s.id, s.number, s.code, s.name, s.kind, s.state, s.rule_version as "ruleVersion", v.rule, s.version`)
const from = sql.raw('segment s left join segment_version v on v.segment_id = s.id and v.rule_version = s.rule_version')

/** All segments, retired ones too: there are some hundreds at most. */
export async function readSegments(db: Db): Promise<readonly StoredSegment[]> {
  return db.rows(sql`select ${columns} from ${from} order by s.number`)
}

export async function findSegment(db: Db, id: string): Promise<StoredSegment | undefined> {
  const [row] = await db.rows<StoredSegment>(sql`select ${columns} from ${from} where s.id = ${id}::uuid`)
  return row
}

/** The same, held until the transaction ends. */
export async function lockSegment(db: Db, id: string): Promise<StoredSegment | undefined> {
  const [row] = await db.rows<StoredSegment>(sql`select ${columns} from ${from} where s.id = ${id}::uuid for update of s`)
  return row
}

/** Lets definitions of segments change one after the other: a rule names other segments, whose rules must not change meanwhile. */
export async function lockDefinitions(db: Db): Promise<void> {
  await takeLock(db, 'segmentDefinitions')
}

export interface NewSegment {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly description: string | null
  readonly kind: SegmentKind
  readonly createdBy: string
  readonly now: Date
}

export async function insertSegment(db: Db, { id, code, name, description, kind, createdBy, now }: NewSegment): Promise<void> {
  const at = now.toISOString()
  await db.rows(sql`
    insert into segment (id, code, name, description, kind, state, rule_version, created_by, created_at, updated_at)
    values (${id}::uuid, ${code}, ${name}, ${description}, ${kind}, 'draft', ${kind === 'dynamic' ? 1 : null}::int, ${createdBy}, ${at}::timestamptz, ${at}::timestamptz)`)
}

export interface NewVersion {
  readonly segmentId: string
  readonly ruleVersion: number
  readonly rule: Rule
  readonly reason: string | null
  readonly createdBy: string
  readonly now: Date
}

export async function insertVersion(db: Db, { segmentId, ruleVersion, rule, reason, createdBy, now }: NewVersion): Promise<void> {
  await db.rows(sql`
    insert into segment_version (segment_id, rule_version, rule, reason, created_by, created_at)
    values (${segmentId}::uuid, ${ruleVersion}::int, ${JSON.stringify(rule)}::jsonb, ${reason}, ${createdBy}, ${now.toISOString()}::timestamptz)`)
}

export interface SegmentChange {
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly ruleVersion?: number | undefined
  readonly state?: SegmentState | undefined
}

/** Writes what has changed of a segment. */
export async function updateSegment(
  db: Db,
  id: string,
  { name, description, ruleVersion, state }: SegmentChange,
  now: Date,
): Promise<void> {
  const at = now.toISOString()
  await db.rows(sql`
    update segment set name = coalesce(${name ?? null}, name), description = coalesce(${description ?? null}, description), rule_version = coalesce(${ruleVersion ?? null}::int, rule_version),
      state = coalesce(${state ?? null}, state), activated_at = case when ${state ?? null}::text = 'active' then ${at}::timestamptz else activated_at end,
      retired_at = case when ${state ?? null}::text = 'retired' then ${at}::timestamptz else retired_at end, version = version + 1, updated_at = ${at}::timestamptz
    where id = ${id}::uuid`)
}
