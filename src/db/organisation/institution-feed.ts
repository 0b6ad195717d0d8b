import { lockFeed } from '../platform/feed-turns.ts'
import { unknownReference } from '../../core/kernel/feed.ts'
import type { InstitutionRow } from '../../core/organisation/organisation-rows.ts'
import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'
import { incrementDirectoryVersion } from '../platform/directory.ts'
import {
  applyInRounds,
  countingRow,
  hasChanged,
  type Incoming,
  keyOf,
  type Outcomes,
  untilTouched,
} from '../../core/kernel/feed-batch.ts'
import { type Confirmed, confirmRows } from '../platform/feed-confirmations.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'
import { changesPlace, type Place, type Placement } from '../../core/organisation/institution-tree.ts'
import { placeRows } from './institution-tree.ts'
import { inScope } from '../platform/scope.ts'

interface Stored extends Placement {
  readonly source: string
  readonly externalId: string
  readonly name: string
  readonly latitude: number | null
  readonly longitude: number | null
  readonly areaCode: string | null
  readonly timeZone: string | null
  readonly calendar: string | null
  readonly asOf: Date
}

type Written = Omit<Stored, 'asOf' | 'inScope' | 'parentCode' | 'path'>

const compared = [
  'code',
  'name',
  'kind',
  'status',
  'latitude',
  'longitude',
  'areaCode',
  'timeZone',
  'calendar',
] as const satisfies readonly (keyof Written)[]

/**
 * Applies institutions, whose parents must come before them. What is stored keeps its parent: a path of short ids is where every row
 * of the bank belongs. Refuses a second head office, levels that do not descend, codes of others, and closing what is in use.
 */
export const applyInstitutions: ApplyFeed<InstitutionRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  incoming: readonly Incoming<InstitutionRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<InstitutionRow>[]> {
  const locked = lockFeed(db, 'organisation')
  const [, stored] = await Promise.all([
    locked,
    readInstitutions(
      db,
      incoming.map(({ row }) => row),
    ),
  ])
  const storedByKey = new Map(stored.institutions.map((one) => [keyOf(one.source, one.externalId), one]))
  const storedOf = (row: InstitutionRow): Stored | undefined => storedByKey.get(keyOf(row.source, row.externalId))
  const placeOf = ({ line, row }: Incoming<InstitutionRow>): Place => {
    const before = storedOf(row)
    return {
      line,
      before,
      code: row.code ?? before?.code ?? row.externalId,
      kind: row.kind,
      status: row.status ?? before?.status ?? 'active',
      parentCode: row.parentCode,
    }
  }
  const { first, later } = untilTouched(
    incoming,
    (one) => [`name ${keyOf(one.row.source, one.row.externalId)}`, `code ${placeOf(one).code}`],
    (one) => changesPlace(placeOf(one)),
  )
  const counting = first.flatMap((one) => {
    const before = storedOf(one.row)
    if (before && !before.inScope) {
      outcomes.refuse(one.line, unknownReference('externalId', 'institution', one.row.externalId))
      return []
    }
    const counted = countingRow(one, before?.asOf.toISOString())
    if (!counted) outcomes.settle(one.line, 'superseded', before!.id)
    return counted ? [counted] : []
  })

  const placed = await placeRows(db, counting.map(placeOf), stored, context.newId, outcomes)
  const created: (Written & { readonly path: string; readonly asOf: string })[] = []
  const updated: (Written & { readonly asOf: string })[] = []
  const confirmed: Confirmed[] = []
  for (const { line, row, asOf, dated } of counting) {
    const place = placed.get(line)
    if (!place) continue
    const before = storedOf(row)
    const after: Written = {
      id: place.id,
      source: row.source,
      externalId: row.externalId,
      parentId: place.parentId,
      code: place.code,
      kind: place.kind,
      status: place.status,
      name: row.name,
      latitude: row.latitude ?? before?.latitude ?? null,
      longitude: row.longitude ?? before?.longitude ?? null,
      areaCode: row.areaCode ?? before?.areaCode ?? null,
      timeZone: row.timeZone ?? before?.timeZone ?? null,
      calendar: row.calendar ?? before?.calendar ?? null,
    }
    const changed = !before || hasChanged<Written>(after, before, compared)
    if (!before) created.push({ ...after, path: place.path, asOf })
    else if (changed) updated.push({ ...after, asOf })
    else if (dated && asOf > before.asOf.toISOString()) confirmed.push({ id: before.id, asOf })
    outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', place.id)
  }

  await confirmRows(db, 'institution', confirmed)
  if (updated.length > 0) await updateInstitutions(db, updated, context.now)
  if (created.length > 0) await insertInstitutions(db, created, context.now)
  if (created.length + updated.length > 0) await incrementDirectoryVersion(db)
  return later
}

/** Those that the rows name as themselves, as holders of their codes, or as parents; whether there is a root, and whether the caller may make one. */
async function readInstitutions(
  db: Db,
  rows: readonly InstitutionRow[],
): Promise<{ readonly institutions: readonly Stored[]; readonly hasRoot: boolean; readonly mayPlantRoot: boolean }> {
  const names = rows.map(({ source, externalId }) => ({ source, externalId }))
  const codes = [
    ...new Set(
      rows.flatMap(({ code, externalId, parentCode }) => [code ?? externalId, ...(parentCode === undefined ? [] : [parentCode])]),
    ),
  ]
  const found = db.rows<Stored>(sql`
    select i.id, i.code, i.source, i.external_id as "externalId", i.name, i.kind, i.status, i.parent_id as "parentId", p.code as "parentCode",
      p.kind as "parentKind", i.path, i.latitude, i.longitude, i.area_code as "areaCode", i.time_zone as "timeZone", i.calendar, i.as_of as "asOf", ${inScope('i.path')} as "inScope"
    from institution i left join institution p on p.id = i.parent_id
    where i.id in (
      select x.id from institution x where x.code = any (${sql.param(codes)}::text[])
      union
      select x.id from json_to_recordset(${JSON.stringify(names)}::json) as r (source text, "externalId" text)
      join institution x on x.source = r.source and x.external_id = r."externalId")`)
  const root = db.rows<{ has: boolean; may: boolean }>(sql`
    select exists (select from institution where parent_id is null) as has,
      current_setting('app.scope', true) = '/' as may`)
  const [institutions, [tree]] = await Promise.all([found, root])
  return { institutions, hasRoot: tree!.has, mayPlantRoot: tree!.may }
}

const columns = sql.raw(
  `(id uuid, code text, source text, "externalId" text, name text, kind text, status text, "parentId" uuid, path text, latitude float8, longitude float8, "areaCode" text, "timeZone" text, calendar text, "asOf" timestamptz)`,
)

async function insertInstitutions(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    insert into institution (id, code, source, external_id, name, kind, status, parent_id, path, latitude, longitude, area_code, time_zone, calendar, as_of, created_at, updated_at)
    select id, code, source, "externalId", name, kind, status, "parentId", path, latitude, longitude, "areaCode", "timeZone", calendar, "asOf", ${now}::timestamptz, ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ${columns}`)
}

async function updateInstitutions(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    update institution t set code = r.code, name = r.name, kind = r.kind, status = r.status, latitude = r.latitude, longitude = r.longitude,
      area_code = r."areaCode", time_zone = r."timeZone", calendar = r.calendar, as_of = r."asOf", version = t.version + 1, updated_at = ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ${columns}
    where t.id = r.id`)
}
