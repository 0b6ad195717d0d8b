import { sql } from 'drizzle-orm'
import { customer } from './schema/customers.ts'
import { plainRows } from '../platform/plain-rows.ts'
import type { CustomerKind, CustomerStatus } from '../../core/dossier/customers.ts'
import type { Db } from '../platform/database.ts'

/** Whether the caller may see this customer. */
export async function seesCustomer(db: Db, customerId: string): Promise<boolean> {
  return (await db.rows(sql`select from customer where id = ${customerId}::uuid`)).length > 0
}

/** What a customer is and where the record stands in its life. Undefined for one whom the caller may not see. */
export async function findCustomerState(
  db: Db,
  customerId: string,
): Promise<{ readonly kind: CustomerKind; readonly status: CustomerStatus } | undefined> {
  const [row] = await plainRows(db, customer, ['kind', 'status'], sql`where t.id = ${customerId}::uuid`)
  return row
}

/** The customer whom this source calls by this id, in scope or not: read again under the scope. */
export async function findCustomerByExternalId(db: Db, source: string, externalId: string): Promise<string | undefined> {
  const [row] = await db.rows<{ customer_id: string }>(
    sql`select customer_id from find_external_ids('customer', ${JSON.stringify([{ source, externalId }])}::json)`,
  )
  return row?.customer_id
}
