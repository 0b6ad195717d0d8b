import { type Member, staffRefusal } from '../../core/organisation/staff.ts'
import { lockFeed } from '../platform/feed-turns.ts'
import { resolveInstitutions } from './references.ts'
import { unknownReference } from '../../core/kernel/feed.ts'
import type { StaffRow } from '../../core/organisation/organisation-rows.ts'
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
import { inScope } from '../platform/scope.ts'

type Stored = Member & { readonly asOf: Date; readonly inScope: boolean }

const compared = [
  'number',
  'name',
  'institutionId',
  'roles',
  'status',
  'industries',
  'areas',
  'productFamilies',
  'customerCapacity',
  'dailyCapacity',
  'activeFrom',
  'activeUntil',
] as const satisfies readonly (keyof Member)[]

/** Applies staff. A member may move to another institution within the caller's scope. Refuses numbers of others and closed institutions. */
export const applyStaff: ApplyFeed<StaffRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  incoming: readonly Incoming<StaffRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<StaffRow>[]> {
  const turn = lockFeed(db, 'organisation')
  const [, stored, institutions] = await Promise.all([
    turn,
    readStaff(
      db,
      incoming.map(({ row }) => row),
    ),
    resolveInstitutions(
      db,
      incoming.map(({ row }) => row.institutionCode),
    ),
  ])
  const storedByKey = new Map(stored.map((one) => [keyOf(one.source, one.externalId), one]))
  const holderOf = new Map(stored.map((one) => [one.number, one.id]))
  const storedOf = (row: StaffRow): Stored | undefined => storedByKey.get(keyOf(row.source, row.externalId))
  const { first, later } = untilTouched(
    incoming,
    ({ row }) => {
      const before = storedOf(row)
      return [
        `name ${keyOf(row.source, row.externalId)}`,
        `number ${row.number ?? before?.number ?? row.externalId}`,
        ...(before ? [`number ${before.number}`] : []),
      ]
    },
    () => false,
  )

  const created: (Member & { readonly asOf: string })[] = []
  const updated: (Member & { readonly asOf: string })[] = []
  const confirmed: Confirmed[] = []
  for (const one of first) {
    const before = storedOf(one.row)
    const institution = institutions.get(one.row.institutionCode)
    if (!institution || (before && !before.inScope)) {
      outcomes.refuse(
        one.line,
        institution
          ? unknownReference('externalId', 'staff member', one.row.externalId)
          : unknownReference('institutionCode', 'institution', one.row.institutionCode),
      )
      continue
    }
    const id = before?.id ?? context.newId()
    const counting = countingRow(one, before?.asOf.toISOString())
    if (!counting) {
      outcomes.settle(one.line, 'superseded', id)
      continue
    }
    const { line, row, asOf, dated } = counting
    const after: Member = {
      id,
      source: row.source,
      externalId: row.externalId,
      number: row.number ?? before?.number ?? row.externalId,
      name: row.name,
      institutionId: institution.id,
      institutionPath: institution.path,
      roles: row.roles,
      status: row.status ?? before?.status ?? 'active',
      industries: row.industries ?? before?.industries ?? [],
      areas: row.areas ?? before?.areas ?? [],
      productFamilies: row.productFamilies ?? before?.productFamilies ?? [],
      customerCapacity: row.customerCapacity ?? before?.customerCapacity ?? null,
      dailyCapacity: row.dailyCapacity ?? before?.dailyCapacity ?? null,
      activeFrom: row.activeFrom ?? before?.activeFrom ?? null,
      activeUntil: row.activeUntil ?? before?.activeUntil ?? null,
    }
    const changed = !before || hasChanged(after, before, compared)
    const refused = staffRefusal(after, {
      before,
      institution,
      numberHeldBy: holderOf.get(after.number),
      ownStaffId: context.ownStaffId,
    })
    if (refused) {
      outcomes.refuse(line, refused)
      continue
    }
    if (!before) created.push({ ...after, asOf })
    else if (changed) updated.push({ ...after, asOf })
    else if (dated && asOf > before.asOf.toISOString()) confirmed.push({ id, asOf })
    outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', id)
  }

  await confirmRows(db, 'staff', confirmed)
  if (updated.length > 0) await updateStaff(db, updated, context.now)
  if (created.length > 0) await insertStaff(db, created, context.now)
  if (created.length + updated.length > 0) await incrementDirectoryVersion(db)
  return later
}

/** Those that the rows name as themselves or as holders of their numbers. */
async function readStaff(db: Db, rows: readonly StaffRow[]): Promise<Stored[]> {
  const names = rows.map(({ source, externalId, number }) => ({ source, externalId, number: number ?? externalId }))
  return db.rows<Stored>(sql`
    select s.id, s.number, s.source, s.external_id as "externalId", s.name, s.institution_id as "institutionId", s.institution_path as "institutionPath",
      s.roles, s.status, s.industries, s.areas, s.product_families as "productFamilies", s.customer_capacity as "customerCapacity", s.daily_capacity as "dailyCapacity",
      s.active_from as "activeFrom", s.active_until as "activeUntil", s.as_of as "asOf", ${inScope('s.institution_path')} as "inScope"
    from staff s
    where s.id in (
      with r as materialized (select * from json_to_recordset(${JSON.stringify(names)}::json) as r (source text, "externalId" text, number text))
      select x.id from r join staff x on x.source = r.source and x.external_id = r."externalId"
      union
      select x.id from r join staff x on x.number = r.number)`)
}

const columns =
  sql.raw(`(id uuid, number text, source text, "externalId" text, name text, "institutionId" uuid, "institutionPath" text, roles text[], status text,
  industries text[], areas text[], "productFamilies" text[], "customerCapacity" int, "dailyCapacity" int, "activeFrom" date, "activeUntil" date, "asOf" timestamptz)`)

async function insertStaff(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    insert into staff (id, number, source, external_id, name, institution_id, institution_path, roles, status, industries, areas, product_families, customer_capacity, daily_capacity,
      active_from, active_until, as_of, created_at, updated_at)
    select id, number, source, "externalId", name, "institutionId", "institutionPath", roles, status, industries, areas, "productFamilies", "customerCapacity", "dailyCapacity",
      "activeFrom", "activeUntil", "asOf", ${now}::timestamptz, ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ${columns}`)
}

async function updateStaff(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    update staff t set number = r.number, name = r.name, institution_id = r."institutionId", institution_path = r."institutionPath", roles = r.roles, status = r.status,
      industries = r.industries, areas = r.areas, product_families = r."productFamilies", customer_capacity = r."customerCapacity", daily_capacity = r."dailyCapacity",
      active_from = r."activeFrom", active_until = r."activeUntil", as_of = r."asOf", version = t.version + 1, updated_at = ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ${columns}
    where t.id = r.id`)
}
