import { customerNameOf, unknownName } from '../../core/kernel/references.ts'
import { amountRefusal } from '../../core/feeds/holding-references.ts'
import type { Conditions } from '../platform/views/conditions.ts'
import { refusedFlowDay } from '../../core/kernel/feed-days.ts'
import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { ActivityRow } from '../../core/feeds/rows.ts'
import { isCurrency, parseAmount } from '../../core/kernel/money.ts'
import type { Db } from '../platform/database.ts'
import { applyInRounds, countingRow, firstOfEach, type Incoming, keyOf, type Outcomes } from '../../core/kernel/feed-batch.ts'
import { counterpartyIndexes } from './counterparties.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'
import { findCustomerIds, lockCustomerReferences } from '../dossier/references.ts'

interface ActivityKey {
  readonly customerId: string
  /** The month's first day. */
  readonly month: Day
  readonly channel: ActivityRow['channel']
  readonly type: ActivityRow['type']
  readonly purpose: NonNullable<ActivityRow['purpose']>
  readonly direction: NonNullable<ActivityRow['direction']>
  readonly currency: string
  /** In hexadecimal; empty where the counterparty is not known. */
  readonly counterpartyHash: string
}

/** Count, and sum in minor units as a whole number in text. */
interface Total {
  readonly count: number
  readonly amount: string
}

/**
 * Applies activity: counts and sums of a customer's transactions of one month that agree in everything else; a row holds the whole
 * total. Of the counterparty only a keyed hash is stored. The id of an outcome is the customer's: a total has none.
 */
export const applyActivity: ApplyFeed<ActivityRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  received: readonly Incoming<ActivityRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<ActivityRow>[]> {
  const customerIds = await findCustomerIds(
    db,
    received.map(({ row }) => customerNameOf(row)),
  )
  const customers = await lockCustomerReferences(db, customerIds.values())
  const hashes = new Map<string, readonly string[]>()
  const hashesOf = (counterparty: string | undefined): readonly string[] => {
    if (counterparty === undefined) return ['']
    const known = hashes.get(counterparty)
    if (known) return known
    const made = counterpartyIndexes(context.vault, counterparty).map(({ hash }) => hash.toString('hex'))
    hashes.set(counterparty, made)
    return made
  }

  const named = received.flatMap((incoming) => {
    const { line, row } = incoming
    const name = customerNameOf(row)
    const customer = customers.get(customerIds.get(keyOf(name.source, name.externalId)) ?? '')
    const amount = isCurrency(row.currency) ? parseAmount(row.amount ?? '0', row.currency) : undefined
    const month: Day = `${row.month}-01`
    const outside = refusedFlowDay(month, 'month', context.today)
    if (!customer) outcomes.refuse(line, unknownName('customerExternalId', 'customer', name))
    else if (outside) outcomes.refuse(line, outside)
    else if (amount === undefined) outcomes.refuse(line, amountRefusal('amount'))
    else {
      const key = {
        customerId: customer.id,
        month,
        channel: row.channel,
        type: row.type,
        purpose: row.purpose ?? 'unknown',
        direction: row.direction ?? 'none',
        currency: row.currency,
      }
      const candidates = hashesOf(row.counterparty).map((counterpartyHash): ActivityKey => ({ ...key, counterpartyHash }))
      return [{ ...incoming, candidates, amount: `${amount}`, institutionPath: customer.institutionPath }]
    }
    return []
  })
  const stored = await readTotals(
    db,
    named.flatMap(({ candidates }) => candidates),
  )
  // A total that was made before the index key was rotated goes on under its old hash, or the month would count twice.
  const resolved = named.map((one) => ({
    ...one,
    key: one.candidates.find((key) => stored.has(activityKey(key))) ?? one.candidates[0]!,
  }))

  const written: object[] = []
  const confirmed: object[] = []
  const { first, later } = firstOfEach(resolved, ({ key }) => activityKey(key))
  for (const [name, one] of first) {
    const before = stored.get(name)
    const { customerId } = one.key
    const counting = countingRow(one, before?.asOf.toISOString())
    if (!counting) {
      outcomes.settle(one.line, 'superseded', customerId, customerId)
      continue
    }
    const { line, row, asOf, dated, key, amount, institutionPath } = counting
    const changed = !before || before.count !== row.count || before.amount !== amount
    const after = { ...key, institutionPath, count: row.count, amount, asOf }
    if (changed) written.push(after)
    else if (dated && asOf > before.asOf.toISOString()) confirmed.push(after)
    outcomes.settle(line, !before ? 'created' : changed ? 'updated' : 'unchanged', customerId, customerId)
  }
  await Promise.all([written.length > 0 && writeTotals(db, written), confirmed.length > 0 && confirmTotals(db, confirmed)])
  return later
}

function activityKey({ customerId, month, channel, type, purpose, direction, currency, counterpartyHash }: ActivityKey): string {
  return keyOf(customerId, month, channel, type, purpose, direction, currency, counterpartyHash)
}

const keyColumns = sql.raw(
  '"customerId" uuid, month date, channel text, type text, purpose text, direction text, currency text, "counterpartyHash" text',
)
const sameKey = sql.raw(`t.customer_id = r."customerId" and t.month = r.month and t.channel = r.channel and t.type = r.type
      and t.purpose = r.purpose and t.direction = r.direction and t.currency = r.currency and t.counterparty_hash = decode(r."counterpartyHash", 'hex')`)

async function readTotals(db: Db, keys: readonly ActivityKey[]): Promise<ReadonlyMap<string, Total & { readonly asOf: Date }>> {
  if (keys.length === 0) return new Map()
  const rows = await db.rows<ActivityKey & { count: number; amount: bigint; asOf: Date }>(sql`
    select t.customer_id as "customerId", t.month, t.channel, t.type, t.purpose, t.direction, t.currency,
      encode(t.counterparty_hash, 'hex') as "counterpartyHash", t.count, t.amount, t.as_of as "asOf"
    from json_to_recordset(${JSON.stringify(keys)}::json) as r (${keyColumns})
    join activity t on ${sameKey}`)
  return new Map(rows.map((row) => [activityKey(row), { count: row.count, amount: `${row.amount}`, asOf: row.asOf }]))
}

async function writeTotals(db: Db, totals: readonly object[]): Promise<void> {
  await db.rows(sql`
    insert into activity as t (customer_id, month, channel, type, purpose, direction, currency, counterparty_hash, institution_path, count, amount, as_of)
    select "customerId", month, channel, type, purpose, direction, currency, decode("counterpartyHash", 'hex'), "institutionPath", count, amount, "asOf"
    from json_to_recordset(${JSON.stringify(totals)}::json) as r (${keyColumns}, "institutionPath" text, count int, amount bigint, "asOf" timestamptz)
    order by 1, 2, 3, 4, 5, 6, 7, 8
    on conflict (customer_id, month, channel, type, purpose, direction, currency, counterparty_hash) do update
      set count = excluded.count, amount = excluded.amount, as_of = excluded.as_of, version = t.version + 1
    where excluded.as_of >= t.as_of and (t.count, t.amount) is distinct from (excluded.count, excluded.amount)`)
}

/** Notes that rows repeated later what is stored: an older one that differs must not follow them. Counts as no change. */
async function confirmTotals(db: Db, totals: readonly object[]): Promise<void> {
  await db.rows(sql`
    update activity t set as_of = r."asOf"
    from json_to_recordset(${JSON.stringify(totals)}::json) as r (${keyColumns}, "asOf" timestamptz)
    where ${sameKey} and t.as_of < r."asOf"`)
}

/** With the counterparty that any of these hashes stands for. */
export function withCounterparty(hashes: readonly Buffer[]): Conditions {
  return (row, bind) => [`${row}.counterparty_hash = any (${bind(hashes)}::bytea[])`]
}
