import { baseCurrencyRefusal } from '../../core/feeds/holding-references.ts'
import { lockFeed } from '../platform/feed-turns.ts'
import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { ExchangeRateRow } from '../../core/feeds/rows.ts'
import { formatRate, parseRate } from '../../core/kernel/money.ts'
import { refreshAssetsOfCurrencies } from '../dossier/assets.ts'
import type { Db } from '../platform/database.ts'
import { applyInRounds, countingRow, firstOfEach, type Incoming, keyOf, type Outcomes } from '../../core/kernel/feed-batch.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'

interface Stored {
  readonly currency: string
  readonly day: Day
  /** With ten decimals, as `numeric(24, 10)` shows it. */
  readonly rate: string
  readonly source: string
  readonly asOf: Date
}

/**
 * Applies exchange rates, one for each currency and day whatever the source. Where the newest rate by today changed, the assets of the
 * customers in scope who hold that currency follow. The id of a rate is `currency/day`. Refuses the base currency, whose rate is 1.
 */
export const applyExchangeRates: ApplyFeed<ExchangeRateRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  incoming: readonly Incoming<ExchangeRateRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<ExchangeRateRow>[]> {
  const foreign = incoming.filter(({ line, row }) => {
    if (row.currency !== context.baseCurrency) return true
    outcomes.refuse(line, baseCurrencyRefusal(row.currency))
    return false
  })
  const { first, later } = firstOfEach(foreign, ({ row }) => keyOf(row.currency, row.day))
  const turn = lockFeed(db, 'exchangeRates')
  const [, stored] = await Promise.all([
    turn,
    readRates(
      db,
      [...first.values()].map(({ row }) => row),
    ),
  ])
  const storedByKey = new Map(stored.map((one) => [keyOf(one.currency, one.day), one]))

  const written: object[] = []
  const changedDays = new Map<string, Day>()
  for (const [key, one] of first) {
    const before = storedByKey.get(key)
    const { currency, day } = one.row
    const id = `${currency}/${day}`
    const counting = countingRow(one, before?.asOf.toISOString())
    if (!counting) {
      outcomes.settle(one.line, 'superseded', id)
      continue
    }
    const { line, row, asOf, dated } = counting
    const rate = formatRate(parseRate(row.rate)!)
    const changed = !before || before.rate !== rate || before.source !== row.source
    if (changed || (dated && asOf > before.asOf.toISOString()))
      written.push({ currency, day, rate, source: row.source, asOf, step: changed ? 1 : 0 })
    if (before?.rate !== rate && day <= context.today && day > (changedDays.get(currency) ?? '')) changedDays.set(currency, day)
    outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', id)
  }

  if (written.length > 0) await writeRates(db, written)
  if (changedDays.size > 0) {
    const newest = await newestDays(db, [...changedDays.keys()], context.today)
    const moved = newest.flatMap(({ currency, day }) => (changedDays.get(currency) === day ? [currency] : []))
    await refreshAssetsOfCurrencies(db, moved, context.baseCurrency, context.today)
  }
  return later
}

async function readRates(db: Db, rows: readonly ExchangeRateRow[]): Promise<Stored[]> {
  const names = rows.map(({ currency, day }) => ({ currency, day }))
  return db.rows<Stored>(sql`
    select x.currency, x.day, x.rate::text as rate, x.source, x.as_of as "asOf"
    from exchange_rate x
    where (x.currency, x.day) in (select currency, day from json_to_recordset(${JSON.stringify(names)}::json) as r (currency text, day date))`)
}

/** `step` is what the row adds to the version of one that is there: 0 where it says the same again, later. */
async function writeRates(db: Db, rows: readonly object[]): Promise<void> {
  await db.rows(sql`
    with r as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as r (currency text, day date, rate numeric, source text, "asOf" timestamptz, step int)
    ), known as (
      update exchange_rate t set rate = r.rate, source = r.source, as_of = r."asOf", version = t.version + r.step
      from r where t.currency = r.currency and t.day = r.day
      returning t.currency, t.day
    )
    insert into exchange_rate (currency, day, rate, source, as_of)
    select currency, day, rate, source, "asOf" from r where not exists (select from known where known.currency = r.currency and known.day = r.day)`)
}

async function newestDays(db: Db, currencies: readonly string[], today: Day): Promise<{ currency: string; day: Day }[]> {
  return db.rows(sql`
    select currency, max(day) as day from exchange_rate where currency = any (${sql.param(currencies)}::text[]) and day <= ${today}::date group by currency`)
}
