import type { ExternalReference } from '../../core/kernel/references.ts'
import { sql } from 'drizzle-orm'
import type { Holding, NameHolder, StoredHolding, WrittenHolding } from '../../core/feeds/holding-records.ts'
import type { Db } from '../platform/database.ts'
import { keyOf } from '../../core/kernel/feed-batch.ts'
import { namesOf } from '../dossier/references.ts'

/** Who has these names, by `keyOf(source, externalId)`. Their customers must be locked. */
export async function readNameHolders(db: Db, references: Iterable<ExternalReference>): Promise<ReadonlyMap<string, NameHolder>> {
  const rows = await db.rows<StoredHolding & { ownerId: string; id: string | null }>(sql`
    select e.source, e.external_id as "externalId", e.customer_id as "ownerId", h.id, h.customer_id as "customerId",
      h.account_number as "accountNumber", h.product_id as "productId", h.currency, h.opened_on as "openedOn", h.matures_on as "maturesOn",
      h.auto_renewal as "autoRenewal", h.status, h.closed_on as "closedOn", h.edition, h.origin, h.recommended_by as "recommendedBy",
      h.activated_on as "activatedOn", h.last_used_on as "lastUsedOn", h.as_of as "asOf"
    from find_external_ids('holding', ${namesOf(references)}::json) e
    left join holding h on h.customer_id = e.customer_id and h.id = e.target_id`)
  return new Map(
    rows.map((row) => [
      keyOf(row.source, row.externalId),
      { customerId: row.ownerId, holding: row.id === null ? undefined : row },
    ]),
  )
}

/** Takes the names of new holdings, in one order for all callers. Answers the ids of those who got theirs; of two at once the first does. */
export async function claimNames(db: Db, holdings: readonly Holding[]): Promise<ReadonlySet<string>> {
  const claims = holdings.map(({ source, externalId, customerId, id }) => ({ source, externalId, customerId, targetId: id }))
  const rows = await db.rows<{ id: string }>(
    sql`select target_id as id from claim_external_ids('holding', ${JSON.stringify(claims)}::json)`,
  )
  return new Set(rows.map(({ id }) => id))
}

/** Writes new holdings and changes of known ones. The balance counts for new ones only. */
export async function writeHoldings(db: Db, holdings: readonly WrittenHolding[], now: Date): Promise<void> {
  await db.rows(sql`
    insert into holding as t (customer_id, id, institution_path, source, external_id, account_number, product_id, currency, balance, balance_on, next_balance_on,
      opened_on, matures_on, auto_renewal, status, closed_on, edition, origin, recommended_by, activated_on, last_used_on, as_of, created_at, updated_at)
    select "customerId", id, "institutionPath", source, "externalId", "accountNumber", "productId", currency, balance, "balanceOn", "nextBalanceOn",
      "openedOn", "maturesOn", "autoRenewal", status, "closedOn", edition, origin, "recommendedBy", "activatedOn", "lastUsedOn", "asOf",
      ${now}::timestamptz, ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(holdings)}::json) as r ("customerId" uuid, id uuid, "institutionPath" text, source text,
      "externalId" text, "accountNumber" text, "productId" uuid, currency text, balance bigint, "balanceOn" date, "nextBalanceOn" date, "openedOn" date,
      "maturesOn" date, "autoRenewal" boolean, status text, "closedOn" date, edition text, origin text, "recommendedBy" uuid,
      "activatedOn" date, "lastUsedOn" date, "asOf" timestamptz)
    order by 1, 2
    on conflict (customer_id, source, external_id) do update set account_number = excluded.account_number, product_id = excluded.product_id,
      opened_on = excluded.opened_on, matures_on = excluded.matures_on, auto_renewal = excluded.auto_renewal, status = excluded.status,
      closed_on = excluded.closed_on, edition = excluded.edition, origin = excluded.origin, recommended_by = excluded.recommended_by,
      activated_on = excluded.activated_on, last_used_on = excluded.last_used_on, as_of = excluded.as_of, version = t.version + 1,
      updated_at = excluded.updated_at
    where excluded.as_of >= t.as_of
      and (t.account_number, t.product_id, t.opened_on, t.matures_on, t.auto_renewal, t.status, t.closed_on, t.edition, t.origin,
        t.recommended_by, t.activated_on, t.last_used_on) is distinct from (excluded.account_number, excluded.product_id, excluded.opened_on,
        excluded.matures_on, excluded.auto_renewal, excluded.status, excluded.closed_on, excluded.edition, excluded.origin,
        excluded.recommended_by, excluded.activated_on, excluded.last_used_on)`)
}

/** Notes that rows repeated later what is stored: an older one that differs must not follow them. Counts as no change. */
export async function confirmHoldings(db: Db, holdings: readonly object[]): Promise<void> {
  await db.rows(sql`
    update holding t set as_of = r."asOf"
    from json_to_recordset(${JSON.stringify(holdings)}::json) as r ("customerId" uuid, id uuid, "asOf" timestamptz)
    where t.customer_id = r."customerId" and t.id = r.id and t.as_of < r."asOf"`)
}
