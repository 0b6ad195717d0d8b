import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { MovementRow } from '../../core/feeds/rows.ts'
import type { Db } from '../platform/database.ts'
import { keyOf } from '../../core/kernel/feed-batch.ts'
import type { StoredCounterparty } from './counterparties.ts'

export interface Movement {
  readonly id: string
  readonly customerId: string
  readonly holdingId: string
  readonly source: string
  readonly externalId: string
  readonly direction: MovementRow['direction']
  /** Minor units as a whole number in text. */
  readonly amount: string
  readonly currency: string
  readonly bookedOn: Day
  readonly channel: NonNullable<MovementRow['channel']>
  readonly purpose: NonNullable<MovementRow['purpose']>
  readonly status: NonNullable<MovementRow['status']>
}

export interface StoredMovement extends Movement {
  readonly asOf: Date
  readonly counterparty: StoredCounterparty | undefined
}

export interface WrittenMovement extends Movement {
  readonly institutionPath: string
  readonly asOf: string
  readonly counterparty: StoredCounterparty | undefined
}

export function movementKey({ customerId, source, externalId }: Pick<Movement, 'customerId' | 'source' | 'externalId'>): string {
  return keyOf(customerId, source, externalId)
}

const columns = `t.id, t.customer_id as "customerId", t.holding_id as "holdingId", t.source, t.external_id as "externalId", t.direction, t.amount, t.currency,
  t.booked_on as "bookedOn", t.channel, t.purpose, t.status, t.as_of as "asOf", encode(t.counterparty_encrypted, 'hex') as encrypted,
  t.counterparty_masked as masked, encode(t.counterparty_hash, 'hex') as hash, t.index_key_id as "keyId"`

type MovementName = Pick<Movement, 'customerId' | 'source' | 'externalId'>

/** Movements that are stored under these names, by `movementKey`. Their customers must be locked. */
export async function readMovements(db: Db, keys: readonly MovementName[]): Promise<ReadonlyMap<string, StoredMovement>> {
  if (keys.length === 0) return new Map()
  const rows = await db.rows<MovementRecord>({
    text: `select ${columns} from json_to_recordset($1::json) as r ("customerId" uuid, source text, "externalId" text)
      join movement t on t.customer_id = r."customerId" and t.source = r.source and t.external_id = r."externalId"`,
    values: [JSON.stringify(keys)],
  })
  return byName(rows)
}

/** The same for the one movement that a row names, found by the holding it names: sent with the statement that locks the holding's customer, and behind it. */
export async function readMovementOf(
  db: Db,
  { source, holdingExternalId, externalId }: Pick<MovementRow, 'source' | 'holdingExternalId' | 'externalId'>,
): Promise<ReadonlyMap<string, StoredMovement>> {
  const rows = await db.rows<MovementRecord>({
    text: `select ${columns} from find_external_id('holding', $1, $2) e join movement t on t.customer_id = e.customer_id and t.source = $1 and t.external_id = $3`,
    values: [source, holdingExternalId, externalId],
  })
  return byName(rows)
}

type MovementRecord = Omit<StoredMovement, 'amount' | 'counterparty'> & {
  readonly amount: bigint
  readonly encrypted: string | null
  readonly masked: string
  readonly hash: string
  readonly keyId: string
}

function byName(rows: readonly MovementRecord[]): ReadonlyMap<string, StoredMovement> {
  return new Map(
    rows.map(({ encrypted, masked, hash, keyId, ...row }) => {
      const counterparty = encrypted === null ? undefined : { encrypted, masked, hash, keyId }
      return [movementKey(row), { ...row, amount: `${row.amount}`, counterparty }]
    }),
  )
}

/** Writes new movements and changes of known ones. */
export async function writeMovements(db: Db, movements: readonly WrittenMovement[], now: Date): Promise<void> {
  const rows = movements.map(({ counterparty, ...movement }) => ({ ...movement, ...counterparty }))
  await db.rows(sql`
    insert into movement as t (customer_id, id, institution_path, holding_id, source, external_id, direction, amount, currency, booked_on, channel, purpose,
      counterparty_encrypted, counterparty_masked, counterparty_hash, index_key_id, status, as_of, created_at, updated_at)
    select "customerId", id, "institutionPath", "holdingId", source, "externalId", direction, amount, currency, "bookedOn", channel, purpose,
      decode(encrypted, 'hex'), masked, decode(hash, 'hex'), "keyId", status, "asOf", ${now}::timestamptz, ${now}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::json) as r ("customerId" uuid, id uuid, "institutionPath" text, "holdingId" uuid, source text,
      "externalId" text, direction text, amount bigint, currency text, "bookedOn" date, channel text, purpose text, encrypted text, masked text,
      hash text, "keyId" text, status text, "asOf" timestamptz)
    order by 1, 2
    on conflict (customer_id, source, external_id) do update set direction = excluded.direction, amount = excluded.amount, booked_on = excluded.booked_on,
      channel = excluded.channel, purpose = excluded.purpose, counterparty_encrypted = excluded.counterparty_encrypted,
      counterparty_masked = excluded.counterparty_masked, counterparty_hash = excluded.counterparty_hash, index_key_id = excluded.index_key_id,
      status = excluded.status, as_of = excluded.as_of, version = t.version + 1, updated_at = excluded.updated_at
    where excluded.as_of >= t.as_of and (t.direction, t.amount, t.booked_on, t.channel, t.purpose, t.counterparty_hash, t.status) is distinct from
      (excluded.direction, excluded.amount, excluded.booked_on, excluded.channel, excluded.purpose, excluded.counterparty_hash, excluded.status)`)
}

/** Notes that rows repeated later what is stored: an older one that differs must not follow them. Counts as no change. */
export async function confirmMovements(db: Db, movements: readonly object[]): Promise<void> {
  await db.rows(sql`
    update movement t set as_of = r."asOf"
    from json_to_recordset(${JSON.stringify(movements)}::json) as r ("customerId" uuid, id uuid, "asOf" timestamptz)
    where t.customer_id = r."customerId" and t.id = r.id and t.as_of < r."asOf"`)
}
