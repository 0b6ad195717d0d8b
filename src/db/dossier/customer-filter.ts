import type { Scope } from '../../core/kernel/actors.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import type { Db } from '../platform/database.ts'
import { inSubtree, type Order } from '../platform/views/keys.ts'
import type { Bind } from '../platform/views/view.ts'
import { withinReach } from './reach.ts'

type Direction = 'asc' | 'desc'

interface Sorted {
  /** Never null: a keyset page needs keys that are not. */
  readonly keys: (row: string, direction: Direction) => readonly { readonly expression: string; readonly cast: string }[]
  /** Whether an index serves a page of the whole bank. Where none does, all customers that the list is of are sorted. */
  readonly indexed: boolean
}

// Spelled as their indexes are.
const sortedBy = {
  aum: { indexed: true, keys: (row) => [{ expression: `${row}.aum`, cast: 'bigint' }] },
  name: { indexed: true, keys: (row) => [{ expression: `${row}.name_folded`, cast: 'text' }] },
  customer_since: {
    indexed: true,
    keys: (row) => [{ expression: `coalesce(${row}.customer_since, date '0001-01-01')`, cast: 'date' }],
  },
  core_number: { indexed: true, keys: (row) => [{ expression: `coalesce(${row}.core_number, '')`, cast: 'text' }] },
  // Ids are made in the order of time.
  created_at: { indexed: true, keys: () => [] },
  updated_at: { indexed: false, keys: (row) => [{ expression: `${row}.updated_at`, cast: 'timestamptz' }] },
  birth_date: { indexed: false, keys: (row, direction) => [unknownLast(`${row}.birth_date`, direction)] },
  founded_on: { indexed: false, keys: (row, direction) => [unknownLast(`${row}.founded_on`, direction)] },
  kind: {
    indexed: false,
    keys: (row) => [
      { expression: `${row}.kind`, cast: 'text' },
      { expression: `${row}.name_folded`, cast: 'text' },
    ],
  },
} as const satisfies Readonly<Record<string, Sorted>>
type SortedBy = keyof typeof sortedBy
export type CustomerOrder = `${SortedBy}_${Direction}`

const unknownLast = (day: string, direction: Direction) => ({
  expression: `coalesce(${day}, date '${direction === 'asc' ? '9999-12-31' : '0001-01-01'}')`,
  cast: 'date',
})

export const customerOrders = Object.keys(sortedBy).flatMap((field) => [`${field}_asc`, `${field}_desc`]) as [
  CustomerOrder,
  ...CustomerOrder[],
]

function partsOf(name: CustomerOrder): { readonly sorted: Sorted; readonly direction: Direction } {
  const [, field, direction] = /^(.*)_(asc|desc)$/.exec(name)!
  return { sorted: sortedBy[field as SortedBy], direction: direction as Direction }
}

export function isIndexed(name: CustomerOrder): boolean {
  return partsOf(name).sorted.indexed
}

export function customerOrder(name: CustomerOrder): Order {
  const { sorted, direction } = partsOf(name)
  return { name, direction, keys: (row) => [...sorted.keys(row, direction), { expression: `${row}.id`, cast: 'uuid' }] }
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
  readonly productCode?: string | undefined
  /** Minor units of the base currency, both bounds included. */
  readonly aumFrom?: bigint | undefined
  readonly aumTo?: bigint | undefined
  readonly openedSince?: Day | undefined
  /** Those who hold this tier of a scheme. */
  readonly tier?: { readonly schemeId: string; readonly code: string } | undefined
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
  if (filter.tier !== undefined)
    conditions.push(
      `exists (select from tier_membership ft where ft.customer_id = ${row}.id and ft.scheme_id = ${bind(filter.tier.schemeId)}::uuid and ft.tier = ${bind(filter.tier.code)}::text and ft.ended_on is null)`,
    )
  if (filter.productFamily !== undefined || filter.productCode !== undefined) {
    const product = [
      ...(filter.productFamily === undefined ? [] : [`fp.family = ${bind(filter.productFamily)}::text`]),
      ...(filter.productCode === undefined ? [] : [`fp.code = ${bind(filter.productCode)}::text`]),
    ].join(' and ')
    conditions.push(
      `exists (select from holding f join product fp on fp.id = f.product_id where f.customer_id = ${row}.id and f.status <> 'closed' and ${product})`,
    )
  }
  return conditions
}

/** Whether more customers than that lie within reach, the subtree and the manager's portfolio. */
export async function exceeds(
  db: Db,
  most: number,
  { reach, subtree, relationshipManagerId }: Pick<CustomerFilter, 'reach' | 'subtree' | 'relationshipManagerId'>,
): Promise<boolean> {
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const conditions = customerConditions({ reach, subtree, relationshipManagerId }, 'c', bind)
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
  const text = `select count(*) > ${bind(most)}::int as more from (select from customer c ${where} limit ${bind(most + 1)}::int) l`
  const [row] = await db.rows<{ more: boolean }>({ text, values, prepared: false })
  return row!.more
}

export interface PortfolioSummaryRow {
  readonly by: 'kind' | 'family'
  readonly key: string
  readonly customers: number
  readonly holdings: number
  /** Minor units of the base currency. */
  readonly amount: string
  /** Of those of a family: currencies without a rate, which the amount leaves out. */
  readonly unconverted: readonly string[]
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
    select 'kind' as by, kind as key, count(*)::int as customers, 0 as holdings, coalesce(sum(aum), 0)::text as amount, '{}'::text[] as unconverted from chosen group by kind
    union all
    select 'family', p.family, count(distinct h.customer_id)::int, count(*)::int, coalesce(sum(convert_amount(h.balance, h.currency, ${base}, r.rate)), 0)::text,
      coalesce(array_agg(distinct h.currency) filter (where h.currency <> ${base} and r.rate is null), '{}')
    from chosen c
    join holding h on h.customer_id = c.id and h.status <> 'closed'
    join product p on p.id = h.product_id
    left join rate r on r.currency = h.currency
    group by p.family`
  return db.rows<PortfolioSummaryRow>({ text, values, prepared: false })
}
