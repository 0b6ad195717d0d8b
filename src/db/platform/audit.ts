import { addDays } from '../../core/kernel/calendar.ts'
import type { Conditions } from './views/conditions.ts'
import { sql } from 'drizzle-orm'
import type { ChainLink, StoredLink } from '../../core/kernel/audit-chain.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Db } from './database.ts'
import { tryLock } from './locks.ts'

/** An entry as one line of text that is the same whenever and wherever it is written. */
const canonical =
  sql.raw(`jsonb_build_array(e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.institution_path, e.actor_kind, e.actor_id, e.operation,
  e.customer_id, e.customer_path, e.subject_type, e.subject_id, e.changed, e.details, e.request_id)::text`)
const chainDay = sql.raw(`(e.at at time zone 'UTC')::date`)

export interface UnsealedEntry {
  readonly id: string
  readonly at: Date
  readonly chainPath: string
  readonly chainDay: Day
  readonly text: string
}

/** Lets one sealer work at a time; false where another one does. */
export const lockSealing = (db: Db): Promise<boolean> => tryLock(db, 'sealing')

/** A transaction may commit an entry later than others that are younger; none takes longer than this. */
const LATEST_COMMIT = '1 day'

/** Committed entries that no chain holds yet, the oldest first: those around and after what was sealed last. */
export async function listUnsealed(db: Db, limit: number): Promise<UnsealedEntry[]> {
  return db.rows<UnsealedEntry>(sql`
    select e.id, e.at, e.institution_path as "chainPath", ${chainDay} as "chainDay", ${canonical} as text
    from audit_entry e
    where e.at >= (select sealed_until from audit_watermark) - ${LATEST_COMMIT}::interval and not exists (select from audit_link l where l.entry_id = e.id)
    order by e.at, e.id limit ${limit}::int`)
}

/** Notes how far the log is sealed, so that the next run need not look further back. */
export async function sealedUpTo(db: Db, at: Date): Promise<void> {
  await db.rows(sql`update audit_watermark set sealed_until = greatest(sealed_until, ${at.toISOString()}::timestamptz)`)
}

/** Entries of these days, both included, from before an instant, that no chain holds. */
export async function countUnsealed(db: Db, from: Day, to: Day, before: Date): Promise<number> {
  const [row] = await db.rows<{ count: number }>(sql`
    select count(*)::int as count from audit_entry e
    where e.at >= ${from}::date and e.at < least(${to}::date + 1, ${before.toISOString()}::timestamptz) and not exists (select from audit_link l where l.entry_id = e.id)`)
  return row!.count
}

export interface Chain {
  readonly path: string
  readonly day: Day
}

/** Where each of these chains stands. Chains that have not begun are left out. */
export async function findHeads(
  db: Db,
  chains: readonly Chain[],
): Promise<(Chain & { readonly position: number; readonly hash: Buffer })[]> {
  const rows = await db.rows<Chain & { position: bigint; hash: Buffer }>(sql`
    select c.path, c.day, l.position, l.hash
    from json_to_recordset(${JSON.stringify(chains)}::json) as c (path text, day date)
    join lateral (select position, hash from audit_link where chain_path = c.path and chain_day = c.day order by position desc limit 1) l on true`)
  return rows.map((row) => ({ ...row, position: Number(row.position) }))
}

export async function insertLinks(db: Db, links: readonly (Chain & ChainLink)[]): Promise<void> {
  const rows = links.map(({ hash, ...rest }) => ({ ...rest, hash: Buffer.from(hash).toString('hex') }))
  await db.rows(sql`
    insert into audit_link (entry_id, chain_path, chain_day, position, hash)
    select "entryId", path, day, position, decode(hash, 'hex')
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ("entryId" uuid, path text, day date, position bigint, hash text)`)
}

/** The chains in scope between two days, both included: those that are stored and those whose heads were published, lest one that was removed whole be missed. */
export async function listChains(db: Db, from: Day, to: Day): Promise<Chain[]> {
  return db.rows<Chain>(sql`
    select chain_path as path, chain_day as day from audit_link where chain_day between ${from}::date and ${to}::date
    union
    select split_part(subject_id, '@', 1), split_part(subject_id, '@', 2)::date from outbox_event
    where type = 'audit.sealed' and split_part(subject_id, '@', 2)::date between ${from}::date and ${to}::date
    order by 2, 1`)
}

/** Links of a chain after a position, each with its entry's text. */
export async function listLinks(db: Db, { path, day }: Chain, after: number, limit: number): Promise<StoredLink[]> {
  const rows = await db.rows<{ position: bigint; hash: Buffer; text: string | null }>(sql`
    select l.position, l.hash, case when e.id is null or ${chainDay} <> l.chain_day or e.institution_path <> l.chain_path then null else ${canonical} end as text
    from audit_link l left join audit_entry e on e.id = l.entry_id
    where l.chain_path = ${path} and l.chain_day = ${day}::date and l.position > ${after}::bigint order by l.position limit ${limit}::int`)
  return rows.map((row) => ({ ...row, position: Number(row.position) }))
}

/** What the events say a chain stood at: a chain that is shorter, or has another hash there, was cut or rewritten. */
export async function listPublishedHeads(
  db: Db,
  { path, day }: Chain,
): Promise<{ readonly position: number; readonly hash: string; readonly stored: string | null }[]> {
  const rows = await db.rows<{ position: bigint; hash: string; stored: string | null }>(sql`
    select (o.payload ->> 'position')::bigint as position, o.payload ->> 'hash' as hash, encode(l.hash, 'hex') as stored
    from outbox_event o
    left join audit_link l on l.chain_path = ${path} and l.chain_day = ${day}::date and l.position = (o.payload ->> 'position')::bigint
    where o.type = 'audit.sealed' and o.subject_type = 'audit_chain' and o.subject_id = ${`${path}@${day}`} order by 1`)
  return rows.map((row) => ({ ...row, position: Number(row.position) }))
}

/** Written from the one day until the other, both included, by UTC. */
export function writtenWithin({ from, to }: { readonly from?: Day | undefined; readonly to?: Day | undefined }): Conditions {
  return (row, bind) => [
    ...(from === undefined ? [] : [`${row}.at >= ${bind(from)}::date`]),
    ...(to === undefined ? [] : [`${row}.at < ${bind(addDays(to, 1))}::date`]),
  ]
}
