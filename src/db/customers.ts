import { sql } from 'drizzle-orm'
import type { Scope } from '../core/actors.ts'
import type { Day } from '../core/calendar.ts'
import type { CustomerKind, CustomerStatus } from '../core/customers.ts'
import { ownSource } from '../core/feeds/feed.ts'
import type { Db } from './database.ts'
import { inSubtree, type Order } from './views/read.ts'
import type { Bind } from './views/view.ts'

export const customerOrders = [
  'aum_desc',
  'aum_asc',
  'name_asc',
  'name_desc',
  'customer_since_desc',
  'customer_since_asc',
  'core_number_asc',
] as const
export type CustomerOrder = (typeof customerOrders)[number]

const sortedBy: Readonly<Record<string, { readonly expression: (row: string) => string; readonly cast: string }>> = {
  aum: { expression: (row) => `${row}.aum`, cast: 'bigint' },
  name: { expression: (row) => `${row}.name_folded`, cast: 'text' },
  // Both spelled as their indexes are: a keyset page needs keys that are never null.
  customer_since: { expression: (row) => `coalesce(${row}.customer_since, date '0001-01-01')`, cast: 'date' },
  core_number: { expression: (row) => `coalesce(${row}.core_number, '')`, cast: 'text' },
}

export function customerOrder(name: CustomerOrder): Order {
  const [, field, direction] = /^(.*)_(asc|desc)$/.exec(name)!
  const { expression, cast } = sortedBy[field!]!
  return {
    name,
    direction: direction as 'asc' | 'desc',
    keys: (row) => [
      { expression: expression(row), cast },
      { expression: `${row}.id`, cast: 'uuid' },
    ],
  }
}

export interface CustomerFilter {
  /** Whose customers: what the policy of `customer` decides row by row, said so that an index can serve it. */
  readonly reach: Scope
  /** Path of the institution whose subtree is meant. */
  readonly subtree?: string | undefined
  readonly relationshipManagerId?: string | undefined
  readonly kinds?: readonly string[] | undefined
  readonly statuses?: readonly string[] | undefined
  readonly productFamily?: string | undefined
  /** Minor units of the base currency, both bounds included. */
  readonly aumFrom?: bigint | undefined
  readonly aumTo?: bigint | undefined
  readonly openedSince?: Day | undefined
}

export function customerConditions(filter: CustomerFilter, row: string, bind: Bind): string[] {
  const conditions: string[] = []
  if (filter.subtree === undefined && filter.relationshipManagerId === undefined)
    conditions.push(...withinReach(filter.reach, row, bind))
  if (filter.subtree !== undefined) conditions.push(inSubtree(`${row}.institution_path`, filter.subtree, bind))
  if (filter.relationshipManagerId !== undefined)
    conditions.push(`${row}.relationship_manager_id = ${bind(filter.relationshipManagerId)}::uuid`)
  if (filter.kinds) conditions.push(`${row}.kind = any (${bind(filter.kinds)}::text[])`)
  if (filter.statuses) conditions.push(`${row}.status = any (${bind(filter.statuses)}::text[])`)
  // Implied by the line above, and what the index of the few who are not active is made for.
  if (filter.statuses && !filter.statuses.includes('active')) conditions.push(`${row}.status <> 'active'`)
  if (filter.aumFrom !== undefined) conditions.push(`${row}.aum >= ${bind(filter.aumFrom.toString())}::bigint`)
  if (filter.aumTo !== undefined) conditions.push(`${row}.aum <= ${bind(filter.aumTo.toString())}::bigint`)
  if (filter.openedSince !== undefined)
    conditions.push(`coalesce(${row}.customer_since, date '0001-01-01') >= ${bind(filter.openedSince)}::date`)
  if (filter.productFamily !== undefined) {
    conditions.push(
      `exists (select from holding f join product fp on fp.id = f.product_id where f.customer_id = ${row}.id and f.status <> 'closed' and fp.family = ${bind(filter.productFamily)}::text)`,
    )
  }
  return conditions
}

/** A subtree is a range of paths; a portfolio is looked up by its staff. */
function withinReach({ prefixes, portfolio }: Scope, row: string, bind: Bind): string[] {
  if (portfolio.length > 0) return [`${row}.id in (select customer_id from portfolio_customers())`]
  const [prefix, ...more] = prefixes
  return prefix === undefined || prefix === '/' || more.length > 0 ? [] : [inSubtree(`${row}.institution_path`, prefix, bind)]
}

/** The same for rows of what belongs to customers. */
export function ownedWithinReach({ prefixes, portfolio }: Scope, row: string, bind: Bind): string[] {
  if (portfolio.length > 0) return [`${row}.customer_id in (select customer_id from portfolio_customers())`]
  const [prefix, ...more] = prefixes
  return prefix === undefined || prefix === '/' || more.length > 0 ? [] : [inSubtree(`${row}.institution_path`, prefix, bind)]
}

/** Ids of customers in reach who carry one of the hashes, in no telling order. */
export async function findCustomersByHash(
  db: Db,
  kind: 'document' | 'phone' | 'email',
  hashes: readonly Buffer[],
  limit: number,
): Promise<string[]> {
  const rows = await db.rows<{ customer_id: string }>(
    sql`select customer_id from find_by_hash(${kind}, ${sql.param(hashes)}::bytea[], ${limit}::int)`,
  )
  return rows.map(({ customer_id }) => customer_id)
}

/** Ids of customers in reach whom a source system calls by this number. What people call customers here is no number: anybody might choose somebody's. */
export async function findCustomersByNumber(db: Db, number: string, limit: number): Promise<string[]> {
  const rows = await db.rows<{ customer_id: string }>(sql`
    select f.customer_id from find_by_number(${number}, ${limit}::int) f
    where exists (select from customer_external_id e where e.customer_id = f.customer_id and e.external_id = ${number} and e.source <> ${ownSource})`)
  return rows.map(({ customer_id }) => customer_id)
}

/** Whether the caller may see this customer. */
export async function seesCustomer(db: Db, customerId: string): Promise<boolean> {
  return (await db.rows(sql`select from customer where id = ${customerId}::uuid`)).length > 0
}

/** What a customer is and where the record stands in its life. Undefined for one whom the caller may not see. */
export async function findCustomerState(
  db: Db,
  customerId: string,
): Promise<{ readonly kind: CustomerKind; readonly status: CustomerStatus } | undefined> {
  const [row] = await db.rows<{ kind: CustomerKind; status: CustomerStatus }>(
    sql`select kind, status from customer where id = ${customerId}::uuid`,
  )
  return row
}

/** Whether the caller may see this holding. */
export async function seesHolding(db: Db, customerId: string, holdingId: string): Promise<boolean> {
  const found = await db.rows(sql`
    select from holding h join customer c on c.id = h.customer_id where h.customer_id = ${customerId}::uuid and h.id = ${holdingId}::uuid`)
  return found.length > 0
}

/** The customer whom this source calls by this id, in scope or not: read again under the scope. */
export async function findCustomerByExternalId(db: Db, source: string, externalId: string): Promise<string | undefined> {
  const [row] = await db.rows<{ customer_id: string }>(
    sql`select customer_id from find_external_ids('customer', ${JSON.stringify([{ source, externalId }])}::json)`,
  )
  return row?.customer_id
}

/** The holding that this source calls by this id, in scope or not: read again under the scope. */
export async function findHoldingByExternalId(
  db: Db,
  source: string,
  externalId: string,
): Promise<{ readonly customerId: string; readonly holdingId: string } | undefined> {
  const [row] = await db.rows<{ customer_id: string; target_id: string }>(
    sql`select customer_id, target_id from find_external_ids('holding', ${JSON.stringify([{ source, externalId }])}::json)`,
  )
  return row && { customerId: row.customer_id, holdingId: row.target_id }
}

export interface PortfolioSummaryRow {
  readonly by: 'kind' | 'family'
  readonly key: string
  readonly customers: number
  readonly holdings: number
  /** Minor units of the base currency. */
  readonly amount: string
}

/**
 * Counts and sums the active customers that meet the filter, by kind and by product family, in one pass over each table.
 * By kind the amount is the customers' assets; by family the balances of its holdings, at the newest rate by `today`, debts negative.
 */
export async function summarisePortfolio(
  db: Db,
  filter: CustomerFilter,
  baseCurrency: string,
  today: Day,
): Promise<PortfolioSummaryRow[]> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const conditions = [`c.status = 'active'`, ...customerConditions(filter, 'c', bind)].join(' and ')
  const base = `${bind(baseCurrency)}::text`
  const text = `
    with rate as materialized (
      select distinct on (currency) currency, rate from exchange_rate where day <= ${bind(today)}::date order by currency, day desc
    ), chosen as materialized (
      select c.id, c.kind, c.aum from customer c where ${conditions}
    )
    select 'kind' as by, kind as key, count(*)::int as customers, 0 as holdings, coalesce(sum(aum), 0)::text as amount from chosen group by kind
    union all
    select 'family', p.family, count(distinct h.customer_id)::int, count(*)::int, coalesce(sum(convert_amount(h.balance, h.currency, ${base}, r.rate)), 0)::text
    from chosen c
    join holding h on h.customer_id = c.id and h.status <> 'closed'
    join product p on p.id = h.product_id
    left join rate r on r.currency = h.currency
    group by p.family`
  return db.rows<PortfolioSummaryRow>({ text, values, prepared: false })
}

/** Orders what `nameMatch` joins: the best match first, then by name. */
export const nameRank: Order = {
  name: 'name_rank',
  direction: 'asc',
  keys: (row) => [
    { expression: `${row}_match.rank`, cast: 'real' },
    { expression: `${row}_match.name`, cast: 'text' },
    { expression: `${row}.id`, cast: 'uuid' },
  ],
}

/** Joins the customers in reach whose names match a folded term, `rank` telling how well. The candidates come in the page's own order, so that one page of them is enough. */
export function nameMatch(
  folded: string,
  limit: number,
  cursor: string | undefined,
  cursors: { open(order: string, cursor: string): readonly string[] },
) {
  const [rank, name, id] = cursor === undefined ? [] : cursors.open(nameRank.name, cursor)
  return (row: string, bind: Bind): string => {
    const after = rank === undefined ? '' : `, ${bind(rank)}::real, ${bind(name)}::text, ${bind(id)}::uuid`
    return `join find_by_name(${bind(folded)}::text, ${bind(limit + 1)}::int${after}) ${row}_match on ${row}_match.customer_id = ${row}.id`
  }
}
