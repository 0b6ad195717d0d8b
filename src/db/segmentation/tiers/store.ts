import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { CustomerKind } from '../../../core/dossier/customers.ts'
import type { FactName } from '../../../core/segmentation/facts.ts'
import type { SubtreeThresholds, Threshold } from '../../../core/segmentation/tiers.ts'
import type { Db } from '../../platform/database.ts'

/** The versions of all schemes, as a `from` item: what a version says, in columns. */
export const tierSchemeVersions = `(select p.key::uuid as scheme_id, p.version as scheme_version, p.effective_on, (p.definition ->> 'graceDays')::int as grace_days,
  p.definition -> 'thresholds' as thresholds, p.definition -> 'subtrees' as subtrees, p.source, p.reason, p.set_by, p.set_at from policy_version p where p.kind = 'tier_scheme')`
const versions = sql.raw(tierSchemeVersions)

/** A scheme with one of its versions. */
export interface StoredScheme {
  readonly id: string
  readonly slot: number
  readonly code: string
  readonly name: string
  readonly kinds: readonly CustomerKind[]
  readonly measure: FactName
  readonly state: 'active' | 'retired'
  /** The version by which rows of facts stand. */
  readonly evaluatedVersion: number | null
  readonly version: number
  readonly schemeVersion: number
  readonly effectiveOn: Day
  readonly graceDays: number
  readonly thresholds: readonly Threshold[]
  readonly subtrees: readonly SubtreeThresholds[]
}

const columns =
  sql.raw(`s.id, s.slot, s.code, s.name, s.kinds, s.measure, s.state, s.evaluated_version as "evaluatedVersion", s.version,
  v.scheme_version as "schemeVersion", v.effective_on::text as "effectiveOn", v.grace_days as "graceDays", v.thresholds, v.subtrees`)

/** All schemes with the versions that hold on a day. Those that begin later are left out. */
export function readSchemesOn(db: Db, day: Day): Promise<StoredScheme[]> {
  return db.rows(sql`
    select ${columns} from tier_scheme s
    join lateral (select x.* from ${versions} x where x.scheme_id = s.id and x.effective_on <= ${day}::date order by x.effective_on desc limit 1) v on true
    order by s.slot`)
}

/** All schemes that rows of facts hold tiers of, with the versions by which they do. */
export function readEvaluatedSchemes(db: Db): Promise<StoredScheme[]> {
  return db.rows(sql`
    select ${columns} from tier_scheme s join ${versions} v on v.scheme_id = s.id and v.scheme_version = s.evaluated_version order by s.slot`)
}

/** A scheme of these by which rows of facts hold tiers; undefined where there is none. */
export async function findEvaluatedScheme(db: Db, id: string): Promise<StoredScheme | undefined> {
  const [row] = await db.rows<StoredScheme>(sql`
    select ${columns} from tier_scheme s join ${versions} v on v.scheme_id = s.id and v.scheme_version = s.evaluated_version where s.id = ${id}::uuid`)
  return row
}

/** What a scheme is, without its thresholds. */
export type SchemeHead = Pick<StoredScheme, 'id' | 'code' | 'kinds' | 'measure' | 'state' | 'version'>

/** A scheme that is held until the transaction ends. */
export async function lockScheme(db: Db, id: string): Promise<SchemeHead | undefined> {
  const [row] = await db.rows<SchemeHead>(
    sql`select s.id, s.code, s.kinds, s.measure, s.state, s.version from tier_scheme s where s.id = ${id}::uuid for update`,
  )
  return row
}

export async function schemeExists(db: Db, id: string): Promise<boolean> {
  return (await db.rows(sql`select from tier_scheme where id = ${id}::uuid`)).length > 0
}

export async function countActiveSchemes(db: Db): Promise<number> {
  const [row] = await db.rows<{ n: number }>(sql`select count(*)::int as n from tier_scheme where state = 'active'`)
  return row!.n
}

export type SchemeVersion = Pick<StoredScheme, 'schemeVersion' | 'effectiveOn' | 'graceDays' | 'thresholds' | 'subtrees'>

/** All versions of a scheme, in the order in which they begin. */
export function listVersions(db: Db, schemeId: string): Promise<readonly SchemeVersion[]> {
  return db.rows(sql`
    select v.scheme_version as "schemeVersion", v.effective_on::text as "effectiveOn", v.grace_days as "graceDays", v.thresholds, v.subtrees
    from ${versions} v where v.scheme_id = ${schemeId}::uuid order by v.effective_on`)
}

export interface NewScheme extends Pick<StoredScheme, 'id' | 'code' | 'name' | 'kinds' | 'measure'> {
  readonly createdBy: string
  readonly now: Date
}

export async function insertScheme(db: Db, { id, code, name, kinds, measure, createdBy, now }: NewScheme): Promise<void> {
  const at = now.toISOString()
  await db.rows(sql`
    insert into tier_scheme (id, code, name, kinds, measure, state, created_by, created_at, updated_at)
    values (${id}::uuid, ${code}, ${name}, ${sql.param(kinds)}::text[], ${measure}, 'active', ${createdBy}, ${at}::timestamptz, ${at}::timestamptz)`)
}

/** Counts a change of a scheme. */
export async function updateScheme(
  db: Db,
  id: string,
  { name, state }: { readonly name?: string | undefined; readonly state?: StoredScheme['state'] },
  now: Date,
): Promise<void> {
  const at = now.toISOString()
  await db.rows(sql`
    update tier_scheme set name = coalesce(${name ?? null}, name), state = coalesce(${state ?? null}, state),
      retired_at = case when ${state ?? null}::text = 'retired' then ${at}::timestamptz else retired_at end, version = version + 1, updated_at = ${at}::timestamptz
    where id = ${id}::uuid`)
}

/** Notes by which versions all rows of facts stand now: null where they hold no tiers of the scheme any more. */
export async function saveEvaluated(
  db: Db,
  versions: readonly { readonly id: string; readonly evaluatedVersion: number | null }[],
): Promise<void> {
  await db.rows(sql`
    update tier_scheme s set evaluated_version = r."evaluatedVersion" from json_to_recordset(${JSON.stringify(versions)}::json) as r (id uuid, "evaluatedVersion" int)
    where s.id = r.id and s.evaluated_version is distinct from r."evaluatedVersion"`)
}

/** Ends what was set by hand and holds no more on a day, of all or of some customers. */
export async function endOverrides(db: Db, today: Day, now: Date, customerIds: readonly string[] | undefined): Promise<void> {
  const of = customerIds === undefined ? sql`` : sql` and customer_id = any (${sql.param(customerIds)}::uuid[])`
  await db.rows(sql`
    update tier_override set state = 'ended', version = version + 1, updated_at = ${now.toISOString()}::timestamptz where state = 'active' and ends_on <= ${today}::date${of}`)
}

/** Whether anything is set by hand that no refresh has ended. */
export async function hasOverrides(db: Db): Promise<boolean> {
  return (await db.rows(sql`select from tier_override where state = 'active' limit 1`)).length > 0
}
