import { sql } from 'drizzle-orm'
import type { Outcomes } from '../../core/kernel/feed-batch.ts'
import {
  type Place,
  type Placed,
  placeInstitutions,
  type Tree,
  type Use,
  withOwnCode,
} from '../../core/organisation/institution-tree.ts'
import type { Db } from '../platform/database.ts'

/** Gives every row that may stand its place, by line, with what is stored about the institutions; refuses the others. */
export async function placeRows(
  db: Db,
  places: readonly Place[],
  tree: Tree,
  newId: () => string,
  outcomes: Outcomes,
): Promise<ReadonlyMap<number, Placed>> {
  const candidates = withOwnCode(places, tree, outcomes)
  const [shortIds, use] = await Promise.all([
    drawShortIds(db, candidates.filter(({ before }) => !before).length),
    readUse(db, candidates),
  ])
  return placeInstitutions(candidates, tree, use, { newId, newShortId: () => shortIds.pop()! }, outcomes)
}

/** What hangs on the institutions that change level or close. */
async function readUse(db: Db, places: readonly Place[]): Promise<ReadonlyMap<string, Use>> {
  const ids = places.flatMap(({ before, kind, status }) =>
    before && (before.kind !== kind || (before.status === 'active' && status === 'closed')) ? [before.id] : [],
  )
  if (ids.length === 0) return new Map()
  const rows = await db.rows<Use & { readonly id: string }>(sql`
    select i.id,
      (select coalesce(json_agg(json_build_object('id', c.id, 'kind', c.kind, 'status', c.status)), '[]') from institution c where c.parent_id = i.id) as children,
      exists (select from staff s where s.institution_id = i.id and s.status = 'active') as staff,
      exists (select from customer c where c.institution_path = i.path and c.status in ('active', 'prospect')) as customers
    from institution i where i.id = any (${sql.param(ids)}::uuid[])`)
  return new Map(rows.map((row) => [row.id, row]))
}

async function drawShortIds(db: Db, count: number): Promise<bigint[]> {
  if (count === 0) return []
  const rows = await db.rows<{ id: bigint }>(
    sql`select nextval('institution_short_id') as id from generate_series(1, ${count}::int)`,
  )
  return rows.map(({ id }) => id).reverse()
}
