import { productCodeTaken } from '../../core/organisation/products.ts'
import { lockFeed } from '../platform/feed-turns.ts'
import { sql } from 'drizzle-orm'
import type { ProductRow } from '../../core/feeds/rows.ts'
import { assetFamilies } from '../../core/organisation/products.ts'
import { refreshAssetsOfProducts } from '../dossier/assets.ts'
import type { Db } from '../platform/database.ts'
import {
  applyInRounds,
  countingRow,
  hasChanged,
  type Incoming,
  keyOf,
  type Outcomes,
  untilTouched,
} from '../../core/kernel/feed-batch.ts'
import { type Confirmed, confirmRows } from '../platform/feed-confirmations.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'

interface Product {
  readonly id: string
  readonly code: string
  readonly source: string
  readonly externalId: string
  readonly name: string
  readonly family: ProductRow['family']
  readonly category: ProductRow['category']
  readonly lifecycle: NonNullable<ProductRow['lifecycle']>
  readonly status: NonNullable<ProductRow['status']>
  readonly riskLevel: number | null
  readonly termMonths: number | null
  readonly currency: string | null
  /** Decimal fractions with six decimals, as `numeric(9, 6)` shows them. */
  readonly annualYield: string | null
  readonly annualMargin: string | null
}

type Stored = Product & { readonly asOf: Date }

const compared = [
  'code',
  'name',
  'family',
  'category',
  'lifecycle',
  'status',
  'riskLevel',
  'termMonths',
  'currency',
  'annualYield',
  'annualMargin',
] as const satisfies readonly (keyof Product)[]

/** Applies products. Where one begins or ceases to count as assets, the assets of its holders follow. Refuses codes of others. */
export const applyProducts: ApplyFeed<ProductRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  incoming: readonly Incoming<ProductRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<ProductRow>[]> {
  const turn = lockFeed(db, 'products')
  const [, stored] = await Promise.all([
    turn,
    readProducts(
      db,
      incoming.map(({ row }) => row),
    ),
  ])
  const storedByKey = new Map(stored.map((one) => [keyOf(one.source, one.externalId), one]))
  const holderOf = new Map(stored.map((one) => [one.code, one.id]))
  const storedOf = (row: ProductRow): Stored | undefined => storedByKey.get(keyOf(row.source, row.externalId))
  const { first, later } = untilTouched(
    incoming,
    ({ row }) => {
      const before = storedOf(row)
      return [
        `name ${keyOf(row.source, row.externalId)}`,
        `code ${row.code ?? before?.code ?? row.externalId}`,
        ...(before ? [`code ${before.code}`] : []),
      ]
    },
    () => false,
  )

  const created: (Product & { readonly asOf: string })[] = []
  const updated: (Product & { readonly asOf: string })[] = []
  const confirmed: Confirmed[] = []
  const recounted: string[] = []
  for (const one of first) {
    const before = storedOf(one.row)
    const id = before?.id ?? context.newId()
    const counting = countingRow(one, before?.asOf.toISOString())
    if (!counting) {
      outcomes.settle(one.line, 'superseded', id)
      continue
    }
    const { line, row, asOf, dated } = counting
    const after = productAfter(row, id, before)
    const changed = !before || hasChanged(after, before, compared)
    const holder = holderOf.get(after.code)
    if (holder !== undefined && holder !== id) {
      outcomes.refuse(line, productCodeTaken(after.code))
      continue
    }
    if (!before) created.push({ ...after, asOf })
    else if (changed) updated.push({ ...after, asOf })
    else if (dated && asOf > before.asOf.toISOString()) confirmed.push({ id, asOf })
    if (before && assetFamilies.includes(before.family) !== assetFamilies.includes(after.family)) recounted.push(id)
    outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', id)
  }

  await confirmRows(db, 'product', confirmed)
  if (updated.length > 0) await updateProducts(db, updated, context.now)
  if (created.length > 0) await insertProducts(db, created, context.now)
  await refreshAssetsOfProducts(db, recounted, context.baseCurrency, context.today)
  return later
}

function productAfter(row: ProductRow, id: string, before: Product | undefined): Product {
  return {
    id,
    source: row.source,
    externalId: row.externalId,
    code: row.code ?? before?.code ?? row.externalId,
    name: row.name,
    family: row.family,
    category: row.category,
    lifecycle: row.lifecycle ?? before?.lifecycle ?? 'growth',
    status: row.status ?? before?.status ?? 'active',
    riskLevel: row.riskLevel ?? before?.riskLevel ?? null,
    termMonths: row.termMonths ?? before?.termMonths ?? null,
    currency: row.currency ?? before?.currency ?? null,
    annualYield: sixDecimals(row.annualYield) ?? before?.annualYield ?? null,
    annualMargin: sixDecimals(row.annualMargin) ?? before?.annualMargin ?? null,
  }
}

function sixDecimals(fraction: string | undefined): string | undefined {
  if (fraction === undefined) return undefined
  // At most eight digits: exact in a double.
  const text = Number(fraction).toFixed(6)
  return text === '-0.000000' ? '0.000000' : text
}

/** Those that the rows name as themselves or as holders of their codes. */
async function readProducts(db: Db, rows: readonly ProductRow[]): Promise<Stored[]> {
  const names = rows.map(({ source, externalId, code }) => ({ source, externalId, code: code ?? externalId }))
  return db.rows<Stored>(sql`
    select p.id, p.code, p.source, p.external_id as "externalId", p.name, p.family, p.category, p.lifecycle, p.status, p.risk_level as "riskLevel",
      p.term_months as "termMonths", p.currency, p.annual_yield::text as "annualYield", p.annual_margin::text as "annualMargin", p.as_of as "asOf"
    from product p
    where p.id in (
      with r as materialized (select * from json_to_recordset(${JSON.stringify(names)}::json) as r (source text, "externalId" text, code text))
      select x.id from r join product x on x.source = r.source and x.external_id = r."externalId"
      union
      select x.id from r join product x on x.code = r.code)`)
}

const columns =
  sql.raw(`(id uuid, code text, source text, "externalId" text, name text, family text, category text, lifecycle text, status text, "riskLevel" int,
  "termMonths" int, currency text, "annualYield" numeric, "annualMargin" numeric, "asOf" timestamptz)`)

async function insertProducts(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    insert into product (id, code, source, external_id, name, family, category, lifecycle, status, risk_level, term_months, currency, annual_yield, annual_margin,
      as_of, created_at, updated_at)
    select id, code, source, "externalId", name, family, category, lifecycle, status, "riskLevel", "termMonths", currency, "annualYield", "annualMargin",
      "asOf", ${now}::timestamptz, ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ${columns}`)
}

async function updateProducts(db: Db, rows: readonly object[], now: Date): Promise<void> {
  await db.rows(sql`
    update product t set code = r.code, name = r.name, family = r.family, category = r.category, lifecycle = r.lifecycle, status = r.status, risk_level = r."riskLevel",
      term_months = r."termMonths", currency = r.currency, annual_yield = r."annualYield", annual_margin = r."annualMargin", as_of = r."asOf",
      version = t.version + 1, updated_at = ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ${columns}
    where t.id = r.id`)
}
