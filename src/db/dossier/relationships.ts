import type { CustomerReference } from '../../core/dossier/references.ts'
import { lockOfText, takeLock } from '../platform/locks.ts'
import { sql } from 'drizzle-orm'
import { companyOf, type RelationshipKind, type ActiveRelationships, type UpwardKind } from '../../core/dossier/relationships.ts'
import type { Db } from '../platform/database.ts'
import { lockCustomerReferences } from './references.ts'
import { insertOwned, type OwnedValues, updateOwned } from '../platform/owned-rows.ts'
import { relationship } from './schema/people.ts'

/** Steps along a line of parents or owners that are followed. */
const MAX_HIERARCHY_DEPTH = 32

/** Lines of parents and of owners grow one at a time: of several that close a circle together each alone would be fine. Comes before locks of rows. */
export async function lockHierarchy(db: Db, kind: UpwardKind): Promise<void> {
  await takeLock(db, lockOfText('relationship', kind))
}

/** Reads and holds two customers as far as they are in scope. */
export async function lockCustomerPair(
  db: Db,
  customerId: string,
  otherId: string,
): Promise<{ readonly customer: CustomerReference | undefined; readonly other: CustomerReference | undefined }> {
  const locked = await lockCustomerReferences(db, [customerId, otherId])
  return { customer: locked.get(customerId), other: locked.get(otherId) }
}

/** What stands already beside a relationship that is to be written between two customers in scope, who are locked. */
export async function activeRelationships(
  db: Db,
  kind: RelationshipKind,
  customerId: string,
  relatedId: string,
  line: { readonly kind: UpwardKind; readonly below: string; readonly above: string } | undefined,
): Promise<ActiveRelationships> {
  const company = companyOf(kind, customerId, relatedId)
  const [active] = await db.rows<ActiveRelationships>(sql`
    select exists (select from relationship r where r.customer_id = ${customerId}::uuid and r.related_customer_id = ${relatedId}::uuid
        and r.kind = ${kind}::text and r.status = 'active') as duplicate,
      exists (select from relationship r where r.customer_id in (${customerId}::uuid, ${relatedId}::uuid) and r.kind = 'spouse' and r.status = 'active') as married,
      ${sharesTaken(company ?? null, null)} as "sharesTaken",
      ${line ? sql`line_reaches(${line.above}::uuid, ${line.below}::uuid, ${line.kind}::text, ${MAX_HIERARCHY_DEPTH}::int)` : sql`false`} as "closesCircle"`)
  return active!
}

function sharesTaken(companyId: string | null, besideId: string | null) {
  return sql`(select trim_scale(coalesce(sum(r.share), 0))::text from relationship r where r.customer_id = ${companyId}::uuid and r.kind = 'shareholder'
    and r.status = 'active' and r.id is distinct from ${besideId}::uuid)`
}

/** The shares of a company that others hold than this relationship says, in percent. */
export async function sharesOfOthers(db: Db, companyId: string, relationshipId: string): Promise<string> {
  const [row] = await db.rows<{ taken: string }>(sql`select ${sharesTaken(companyId, relationshipId)} as taken`)
  return row!.taken
}

interface Side {
  readonly customerId: string
  readonly institutionPath: string
  readonly relatedCustomerId: string
  readonly kind: RelationshipKind
}

/** Writes a relationship under both customers, with the same id. */
export async function insertRelationship(
  db: Db,
  sides: readonly [Side, Side],
  terms: OwnedValues<typeof relationship.$inferInsert>,
): Promise<void> {
  await Promise.all(sides.map((side) => insertOwned(db, relationship, { ...terms, ...side })))
}

/** Changes a relationship under both customers, whose rows keep the same version. */
export async function updateRelationship(
  db: Db,
  id: string,
  customerIds: readonly string[],
  terms: OwnedValues<typeof relationship.$inferInsert>,
): Promise<void> {
  await Promise.all(customerIds.map((customerId) => updateOwned(db, relationship, { customerId, id }, terms)))
}
