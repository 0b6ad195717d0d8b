import { sql, type SQL } from 'drizzle-orm'
import type { Day } from '../core/calendar.ts'
import type { CustomerKind, CustomerStatus } from '../core/customers.ts'
import { ownSource } from '../core/feeds/feed.ts'
import type { Db } from './database.ts'

/** What the counter may know of a customer of any branch. */
export interface RecognisedCustomer {
  readonly customerId: string
  readonly kind: CustomerKind
  readonly status: CustomerStatus
  readonly name: string
  readonly customerSince: Day | null
  readonly birthDate: Day | null
  readonly managerId: string | null
  readonly managerNumber: string | null
  readonly managerName: string | null
}

/** Customers of the whole bank who carry one of these hashes, at most `limit`. The scope must be the whole bank. */
export async function recogniseByHash(
  db: Db,
  kind: 'phone' | 'document',
  hashes: readonly Buffer[],
  limit: number,
): Promise<RecognisedCustomer[]> {
  return recognised(db, sql`recognise_by_hash(${kind}, ${sql.param(hashes)}::bytea[], ${limit}::int)`)
}

/** Customers of the whole bank whom a source system calls by this number, at most `limit`. The scope must be the whole bank. */
export async function recogniseByNumber(db: Db, number: string, limit: number): Promise<RecognisedCustomer[]> {
  return recognised(db, sql`recognise_by_number(${number}, ${ownSource}, ${limit}::int)`)
}

async function recognised(db: Db, found: SQL): Promise<RecognisedCustomer[]> {
  return db.rows<RecognisedCustomer>(sql`
    select r.customer_id as "customerId", r.kind, r.status, r.name, r.customer_since as "customerSince", r.birth_date as "birthDate",
      s.id as "managerId", s.number as "managerNumber", s.name as "managerName"
    from ${found} r left join staff s on s.id = r.relationship_manager_id`)
}
