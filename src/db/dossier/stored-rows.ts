import { sql } from 'drizzle-orm'
import { customer } from './schema/customers.ts'
import { plainRows } from '../platform/plain-rows.ts'
import type { Db } from '../platform/database.ts'
import { lockFeedsShared } from '../platform/feed-turns.ts'
import { readStoredRow, type StoredEntity } from '../platform/stored-rows.ts'
import { lockCustomers } from './assets.ts'
import { findCustomerByExternalId } from './customers.ts'

/** One of the names that sources give a customer, by which a row can refer to the customer: `c` is the customer, `t` the row. */
export const customerNameOfRow = sql`(select json_build_object('customerSource', e.source, 'customerExternalId', e.external_id) from customer_external_id e where e.customer_id = c.id order by (e.source = t.source) desc, e.source limit 1)`

/** Customers as rows of their feed. Turns come before locks of rows, and the customer is held first, as every feed does, so that nobody waits in a circle. */
export const storedCustomers: StoredEntity = {
  async lockRow(db, { id }) {
    await lockFeedsShared(db, 'organisation')
    return readStoredRow(
      db,
      sql`
        select json_build_object('source', e.source, 'externalId', e.external_id, 'kind', t.kind, 'name', t.name, 'institutionCode', i.code) as row, t.version, t.status
        from customer t
        join institution i on i.id = t.institution_id
        join lateral (select x.source, x.external_id from customer_external_id x where x.customer_id = t.id order by (x.source = t.source) desc, x.source limit 1) e on true
        where t.id = ${id}::uuid for update of t`,
    )
  },
  async lockByExternalId(db, { source, externalId }) {
    await lockFeedsShared(db, 'organisation')
    const customerId = await findCustomerByExternalId(db, source, externalId)
    if (customerId === undefined) return undefined
    await lockCustomers(db, [customerId])
    const [row] = await plainRows(db, customer, ['version'], sql`where t.id = ${customerId}::uuid`)
    return row
  },
}

/** Assignments as rows of their feed. */
export const storedAssignments: StoredEntity = {
  async lockRow(db, { id, customerId }) {
    await lockCustomers(db, [customerId!])
    return readStoredRow(
      db,
      sql`
        select (${customerNameOfRow}::jsonb || jsonb_build_object('source', t.source, 'externalId', t.external_id, 'staffNumber', s.number, 'businessLine', t.business_line,
          'startsOn', t.starts_on, 'endsOn', t.ends_on, 'status', case when t.state = 'cancelled' then 'cancelled' else 'active' end)) as row, t.version, t.state as status
        from assignment t join customer c on c.id = t.customer_id join staff s on s.id = t.staff_id
        where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
    )
  },
  async lockByExternalId(db, { source, externalId, customerSource, customerExternalId }) {
    const customerId =
      customerExternalId === undefined
        ? undefined
        : await findCustomerByExternalId(db, customerSource ?? source, customerExternalId)
    if (customerId === undefined) return undefined
    await lockCustomers(db, [customerId])
    const [row] = await db.rows<{ version: number }>(sql`
      select t.version from assignment t join customer c on c.id = t.customer_id
      where t.customer_id = ${customerId}::uuid and t.source = ${source} and t.external_id = ${externalId} for update of t`)
    return row
  },
}

/** A name by which rows can refer to a customer. Undefined where the customer is not in scope. */
export async function findCustomerName(
  db: Db,
  customerId: string,
): Promise<{ readonly customerSource: string; readonly customerExternalId: string } | undefined> {
  const [row] = await db.rows<{ customerSource: string; customerExternalId: string }>(sql`
    select e.source as "customerSource", e.external_id as "customerExternalId"
    from customer c join customer_external_id e on e.customer_id = c.id where c.id = ${customerId}::uuid order by (e.source = c.source) desc, e.source limit 1`)
  return row
}
