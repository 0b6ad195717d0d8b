import { type SQL, sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import { assetFamilies } from '../../core/organisation/products.ts'
import type { Db } from '../platform/database.ts'

/**
 * Locks these customers' rows until the transaction ends, in the order of their ids, so that two imports of the same customers wait for
 * each other instead of dead-locking. Rows outside the scope stay as they are. Weaker than `for update`, so that rows of other tables that refer to a customer
 * may still be written meanwhile.
 */
export async function lockCustomers(db: Db, customerIds: readonly string[]): Promise<void> {
  await db.rows(sql`select id from customer where id = any (${sql.param(customerIds)}::uuid[]) order by id for no key update`)
}

/**
 * Brings the assets under management of these customers up to date: the sum of their open deposits, wealth products, funds and insurance
 * in minor units of the base currency, each at the newest rate by `today`; what has no rate yet is left out. Leaves `version` alone.
 * The lock comes in a statement of its own: the sums must see what a transaction wrote for which it waited.
 */
export async function refreshAssets(db: Db, customerIds: readonly string[], baseCurrency: string, today: Day): Promise<void> {
  if (customerIds.length === 0) return
  const locked = lockCustomers(db, customerIds)
  await Promise.all([locked, updateAssets(db, sql`select unnest(${sql.param(customerIds)}::uuid[]) as id`, baseCurrency, today)])
}

/** The same for every customer in scope who has holdings in one of these currencies. */
export async function refreshAssetsOfCurrencies(
  db: Db,
  currencies: readonly string[],
  baseCurrency: string,
  today: Day,
): Promise<void> {
  if (currencies.length > 0)
    await refreshHolders(db, sql`h.currency = any (${sql.param(currencies)}::text[])`, baseCurrency, today)
}

/** The same for every customer in scope who has holdings of one of these products. */
export async function refreshAssetsOfProducts(
  db: Db,
  productIds: readonly string[],
  baseCurrency: string,
  today: Day,
): Promise<void> {
  if (productIds.length > 0)
    await refreshHolders(db, sql`h.product_id = any (${sql.param(productIds)}::uuid[])`, baseCurrency, today)
}

async function refreshHolders(db: Db, condition: SQL, baseCurrency: string, today: Day): Promise<void> {
  const holders = sql`select distinct h.customer_id as id from holding h where ${condition} and h.status <> 'closed'`
  const locked = db.rows(sql`
    select count(*) from (select c.id from customer c where c.id in (${holders}) order by c.id for no key update) locked`)
  await Promise.all([locked, updateAssets(db, holders, baseCurrency, today)])
}

async function updateAssets(db: Db, customers: SQL, baseCurrency: string, today: Day): Promise<void> {
  await db.rows(sql`
    with rate as materialized (
      select distinct on (currency) currency, rate from exchange_rate where day <= ${today}::date order by currency, day desc
    ), chosen as materialized (${customers}),
    -- What does not fit into a bigint counts as without a rate, so that one absurd row cannot stop all others.
    amount as (
      select h.customer_id,
        case when h.currency = ${baseCurrency}::text then h.balance
          when abs(h.balance::numeric * r.rate * (10::numeric ^ (currency_exponent(${baseCurrency}::text) - currency_exponent(h.currency)))) < 9223372036854775807
            then convert_amount(h.balance, h.currency, ${baseCurrency}::text, r.rate)
        end as amount
      from chosen t
      join holding h on h.customer_id = t.id and h.status <> 'closed'
      join product p on p.id = h.product_id and p.family = any (${sql.param(assetFamilies)}::text[])
      left join rate r on r.currency = h.currency
    ), total as (
      -- Of nothing but amounts without a rate the sum is null, which greatest and least pass over.
      select customer_id, least(greatest(coalesce(sum(amount), 0), -9223372036854775808), 9223372036854775807)::bigint as aum from amount group by customer_id
    ), wanted as (
      select t.id, coalesce(s.aum, 0) as aum from chosen t left join total s on s.customer_id = t.id
    )
    update customer c set aum = w.aum from wanted w where c.id = w.id and c.aum <> w.aum`)
}
