import { sql } from 'drizzle-orm'
import { institution, staff } from './schema/reference.ts'
import { plainRows } from '../platform/plain-rows.ts'
import { lockFeed } from '../platform/feed-turns.ts'
import { readStoredRow, type StoredEntity } from '../platform/stored-rows.ts'

/** Institutions as rows of their feed. */
export const storedInstitutions: StoredEntity = {
  async lockRow(db, { id }) {
    await lockFeed(db, 'organisation')
    return readStoredRow(
      db,
      sql`
        select json_build_object('source', t.source, 'externalId', t.external_id, 'name', t.name, 'kind', t.kind, 'parentCode', p.code) as row, t.version, t.status
        from institution t left join institution p on p.id = t.parent_id where t.id = ${id}::uuid for update of t`,
    )
  },
  async lockByExternalId(db, { source, externalId }) {
    await lockFeed(db, 'organisation')
    const [row] = await plainRows(
      db,
      institution,
      ['version'],
      sql`where t.source = ${source} and t.external_id = ${externalId} for update`,
    )
    return row
  },
}

/** Staff as rows of their feed. */
export const storedStaff: StoredEntity = {
  async lockRow(db, { id }) {
    await lockFeed(db, 'organisation')
    return readStoredRow(
      db,
      sql`
        select json_build_object('source', t.source, 'externalId', t.external_id, 'name', t.name, 'institutionCode', i.code, 'roles', t.roles) as row, t.version, t.status
        from staff t join institution i on i.id = t.institution_id where t.id = ${id}::uuid for update of t`,
    )
  },
  async lockByExternalId(db, { source, externalId }) {
    await lockFeed(db, 'organisation')
    const [row] = await plainRows(
      db,
      staff,
      ['version'],
      sql`where t.source = ${source} and t.external_id = ${externalId} for update`,
    )
    return row
  },
}
