import { sql, type SQL } from 'drizzle-orm'
import type { FeedEntity } from '../../core/kernel/feed.ts'
import { lockCustomers } from '../dossier/assets.ts'
import { findCustomerByExternalId, findHoldingByExternalId } from '../dossier/customers.ts'
import type { Db } from '../platform/database.ts'
import { holdStill, takeTurn } from '../dossier/references.ts'

/** Entities whose rows have an id of their own and can be corrected by it. */
export type CorrectableEntity = Extract<
  FeedEntity,
  'institutions' | 'staff' | 'products' | 'customers' | 'assignments' | 'holdings' | 'movements'
>

/** What is stored of one thing, as far as a row about it must say it again. */
export interface StoredRow {
  readonly row: Readonly<Record<string, unknown>>
  readonly version: number
  readonly status: string
}

interface Identity {
  readonly id: string
  /** Set for what belongs to a customer. */
  readonly customerId?: string | undefined
}

/** One of the names that sources give a customer, by which a row can refer to the customer. */
const customerName = sql`(select json_build_object('customerSource', e.source, 'customerExternalId', e.external_id) from customer_external_id e where e.customer_id = c.id order by (e.source = t.source) desc, e.source limit 1)`

const queries: Readonly<Record<CorrectableEntity, (identity: Identity) => SQL>> = {
  institutions: ({ id }) => sql`
    select json_build_object('source', t.source, 'externalId', t.external_id, 'name', t.name, 'kind', t.kind, 'parentCode', p.code) as row, t.version, t.status
    from institution t left join institution p on p.id = t.parent_id where t.id = ${id}::uuid for update of t`,
  staff: ({ id }) => sql`
    select json_build_object('source', t.source, 'externalId', t.external_id, 'name', t.name, 'institutionCode', i.code, 'roles', t.roles) as row, t.version, t.status
    from staff t join institution i on i.id = t.institution_id where t.id = ${id}::uuid for update of t`,
  products: ({ id }) => sql`
    select json_build_object('source', t.source, 'externalId', t.external_id, 'name', t.name, 'family', t.family, 'category', t.category) as row, t.version, t.status
    from product t where t.id = ${id}::uuid for update of t`,
  customers: ({ id }) => sql`
    select json_build_object('source', e.source, 'externalId', e.external_id, 'kind', t.kind, 'name', t.name, 'institutionCode', i.code) as row, t.version, t.status
    from customer t
    join institution i on i.id = t.institution_id
    join lateral (select x.source, x.external_id from customer_external_id x where x.customer_id = t.id order by (x.source = t.source) desc, x.source limit 1) e on true
    where t.id = ${id}::uuid for update of t`,
  assignments: ({ id, customerId }) => sql`
    select (${customerName}::jsonb || jsonb_build_object('source', t.source, 'externalId', t.external_id, 'staffNumber', s.number, 'businessLine', t.business_line,
      'startsOn', t.starts_on, 'endsOn', t.ends_on, 'status', case when t.state = 'cancelled' then 'cancelled' else 'active' end)) as row, t.version, t.state as status
    from assignment t join customer c on c.id = t.customer_id join staff s on s.id = t.staff_id
    where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
  holdings: ({ id, customerId }) => sql`
    select (${customerName}::jsonb || jsonb_build_object('source', t.source, 'externalId', t.external_id, 'productCode', p.code, 'currency', t.currency)) as row, t.version, t.status
    from holding t join customer c on c.id = t.customer_id join product p on p.id = t.product_id
    where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
  movements: ({ id, customerId }) => sql`
    select json_build_object('source', t.source, 'externalId', t.external_id, 'holdingExternalId', h.external_id, 'direction', t.direction,
      'amount', trim_scale(t.amount::numeric / 10::numeric ^ currency_exponent(t.currency))::text, 'bookedOn', t.booked_on) as row, t.version, t.status
    from movement t join customer c on c.id = t.customer_id join holding h on h.customer_id = t.customer_id and h.id = t.holding_id
    where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
}

/** Reads and holds one thing as a row of its entity. Its customer is held first, as every feed does, so that nobody waits in a circle. Undefined where there is none in scope. */
export async function lockStoredRow(db: Db, entity: CorrectableEntity, identity: Identity): Promise<StoredRow | undefined> {
  await takeTurnsOf(db, entity)
  if (identity.customerId !== undefined) await lockCustomers(db, [identity.customerId])
  const [stored] = await db.rows<StoredRow>(queries[entity](identity))
  return (
    stored && {
      version: stored.version,
      status: stored.status,
      row: Object.fromEntries(Object.entries(stored.row).filter(([, value]) => value !== null)),
    }
  )
}

/** Turns come before locks of rows, here as in the feeds. */
async function takeTurnsOf(db: Db, entity: CorrectableEntity): Promise<void> {
  if (entity === 'institutions' || entity === 'staff') await takeTurn(db, 'organisation')
  else if (entity === 'products') await takeTurn(db, 'products')
  else if (entity === 'holdings') await holdStill(db, 'exchange rates', 'products')
  else if (entity === 'customers') await holdStill(db, 'organisation')
}

interface Named {
  readonly source: string
  readonly externalId: string
  /** How a row of an assignment or a movement names what it belongs to. */
  readonly customerSource?: string | undefined
  readonly customerExternalId?: string | undefined
  readonly holdingExternalId?: string | undefined
}

const reference = { institutions: 'institution', staff: 'staff', products: 'product' } as const
const owned = { holdings: 'holding', assignments: 'assignment', movements: 'movement' } as const

/** The thing that a source calls by this name, held until the transaction ends, with its version. Undefined where there is none in scope. */
export async function lockByExternalId(
  db: Db,
  entity: CorrectableEntity,
  named: Named,
): Promise<{ readonly version: number } | undefined> {
  const { source, externalId } = named
  await takeTurnsOf(db, entity)
  if (entity === 'institutions' || entity === 'staff' || entity === 'products') {
    return first(
      db.rows<{ version: number }>(
        sql`select version from ${sql.identifier(reference[entity])} where source = ${source} and external_id = ${externalId} for update`,
      ),
    )
  }
  const customerId = await customerOf(db, entity, named)
  if (customerId === undefined) return undefined
  await lockCustomers(db, [customerId])
  if (entity === 'customers')
    return first(db.rows<{ version: number }>(sql`select version from customer where id = ${customerId}::uuid`))
  return first(
    db.rows<{ version: number }>(sql`
      select t.version from ${sql.identifier(owned[entity])} t join customer c on c.id = t.customer_id
      where t.customer_id = ${customerId}::uuid and t.source = ${source} and t.external_id = ${externalId} for update of t`),
  )
}

/** The customer to whom the thing of a row belongs, as its registered names tell. */
async function customerOf(
  db: Db,
  entity: 'customers' | 'holdings' | 'assignments' | 'movements',
  { source, externalId, customerSource, customerExternalId, holdingExternalId }: Named,
): Promise<string | undefined> {
  if (entity === 'customers') return findCustomerByExternalId(db, source, externalId)
  if (entity === 'assignments')
    return customerExternalId === undefined
      ? undefined
      : findCustomerByExternalId(db, customerSource ?? source, customerExternalId)
  const holding = entity === 'holdings' ? externalId : holdingExternalId
  return holding === undefined ? undefined : (await findHoldingByExternalId(db, source, holding))?.customerId
}

/** A name by which rows can refer to a customer. Undefined where the customer is not in scope. */
export async function findCustomerName(
  db: Db,
  customerId: string,
): Promise<{ readonly customerSource: string; readonly customerExternalId: string } | undefined> {
  return first(
    db.rows<{ customerSource: string; customerExternalId: string }>(sql`
      select e.source as "customerSource", e.external_id as "customerExternalId"
      from customer c join customer_external_id e on e.customer_id = c.id where c.id = ${customerId}::uuid order by (e.source = c.source) desc, e.source limit 1`),
  )
}

/** The name by which rows can refer to a holding. Undefined where it is not in scope. */
export async function findHoldingName(
  db: Db,
  customerId: string,
  holdingId: string,
): Promise<{ readonly source: string; readonly holdingExternalId: string } | undefined> {
  return first(
    db.rows<{ source: string; holdingExternalId: string }>(sql`
      select h.source, h.external_id as "holdingExternalId" from holding h join customer c on c.id = h.customer_id
      where h.customer_id = ${customerId}::uuid and h.id = ${holdingId}::uuid`),
  )
}

async function first<T>(rows: Promise<readonly T[]>): Promise<T | undefined> {
  return (await rows)[0]
}
