import { sql } from 'drizzle-orm'
import { lockCustomers } from './assets.ts'
import { searchedAs } from '../../core/kernel/phones.ts'
import type { Db } from '../platform/database.ts'
import { type SealedValue, sealedValues } from './sealed-values.ts'
import { answerContext, rejectContext, type Vault } from '../platform/vault.ts'

/** What a rotation goes through, one after the other. */
export const rotatedParts = [
  'customer_keys',
  'document_number',
  'contact_value',
  'address_line',
  'movement_counterparty',
  'stored_answers',
  'rejected_rows',
] as const
export type RotatedPart = (typeof rotatedParts)[number]

/** Where a batch ended; the next one goes on behind it. */
export type Position = readonly string[]

export interface RotatedBatch {
  readonly rotated: number
  /** Undefined once nothing is left. */
  readonly next: Position | undefined
}

/** Brings one batch of one part under the current keys. What is under them already is passed over, so that it may be broken off and begun again at will. */
export async function rotateBatch(
  db: Db,
  vault: Vault,
  part: RotatedPart,
  after: Position | undefined,
  limit: number,
): Promise<RotatedBatch> {
  if (part === 'customer_keys') return rewrapKeys(db, vault, after, limit)
  if (part === 'stored_answers') return resealAnswers(db, vault, after, limit)
  if (part === 'rejected_rows') return resealRejects(db, vault, after, limit)
  return rehashValues(db, vault, sealedValues[part], after, limit)
}

/** How much of a part is under other keys than the current ones. */
export async function countUnrotated(db: Db, vault: Vault, part: RotatedPart): Promise<number> {
  const { master, index } = vault.current
  const from =
    part === 'customer_keys'
      ? sql`customer where master_key_id <> ${master}`
      : part === 'stored_answers'
        ? sql`idempotency where ${sealedUnderOther('answer_encrypted', master)}`
        : part === 'rejected_rows'
          ? sql`import_reject where ${sealedUnderOther('raw_encrypted', master)}`
          : sql`${sql.identifier(sealedValues[part].table)} where index_key_id <> ${index}`
  const [row] = await db.rows<{ left: number }>(sql`select count(*)::int as left from ${from}`)
  return row!.left
}

const nilId = '00000000-0000-0000-0000-000000000000'

async function rewrapKeys(db: Db, vault: Vault, after: Position | undefined, limit: number): Promise<RotatedBatch> {
  const rows = await db.rows<{ id: string; wrapped: Buffer; masterKeyId: string }>(sql`
    select id, wrapped_key as wrapped, master_key_id as "masterKeyId" from customer
    where master_key_id <> ${vault.current.master} and id > ${after?.[0] ?? nilId}::uuid order by id limit ${limit}::int for no key update`)
  const written = rows.map(({ id, wrapped, masterKeyId }) => {
    const { wrapped: again, masterKeyId: newId } = vault.rewrap(id, wrapped, masterKeyId)
    return { id, wrapped: again.toString('hex'), masterKeyId: newId }
  })
  if (written.length > 0) {
    await db.rows(sql`
      update customer t set wrapped_key = r.key, master_key_id = r."masterKeyId"
      from (select id, decode(wrapped, 'hex') as key, "masterKeyId" from json_to_recordset(${JSON.stringify(written)}::json) as j (id uuid, wrapped text, "masterKeyId" text)) r
      where t.id = r.id`)
  }
  return { rotated: written.length, next: nextOf(rows, limit, ({ id }) => [id]) }
}

/** Values are chosen first and read again under the lock of their customers: whoever writes one holds that too. */
async function rehashValues(
  db: Db,
  vault: Vault,
  { table, encrypted, hash, registered, context, hashed, kindColumn }: SealedValue,
  after: Position | undefined,
  limit: number,
): Promise<RotatedBatch> {
  const name = sql.identifier(table)
  const due = sql`t.index_key_id <> ${vault.current.index}`
  const chosen = await db.rows<{ customerId: string; id: string }>(sql`
    select t.customer_id as "customerId", t.id from ${name} t
    where ${due} and (t.customer_id, t.id) > (${after?.[0] ?? nilId}::uuid, ${after?.[1] ?? nilId}::uuid) order by t.customer_id, t.id limit ${limit}::int`)
  if (chosen.length === 0) return { rotated: 0, next: undefined }
  const locked = lockCustomers(db, [...new Set(chosen.map(({ customerId }) => customerId))])
  const reading = db.rows<Read>(sql`
    select t.customer_id as "customerId", t.id, t.${sql.identifier(encrypted)} as sealed, t.index_key_id as "indexKeyId",
      ${kindColumn === undefined ? sql`null` : sql`t.${sql.identifier(kindColumn)}`} as kind, c.wrapped_key as wrapped, c.master_key_id as "masterKeyId"
    from json_to_recordset(${JSON.stringify(chosen)}::json) as r ("customerId" uuid, id uuid)
    join ${name} t on t.customer_id = r."customerId" and t.id = r.id
    join customer c on c.id = t.customer_id
    where ${due} and t.${sql.identifier(encrypted)} is not null
    order by t.customer_id, t.id`)
  const [rows] = await Promise.all([reading, locked])
  const written = rows.map(({ customerId, id, sealed, kind, wrapped, masterKeyId }) => {
    const value = vault.decrypt(vault.unwrap(customerId, wrapped, masterKeyId), sealed, context(id))
    const of = hashed(value, { id, kind })
    const index = vault.blindIndex(of.kind, of.text)
    return { customerId, targetId: id, kind: of.kind, keyId: index.keyId, hash: index.hash.toString('hex'), text: of.text }
  })
  if (written.length > 0) {
    const text = JSON.stringify(written.map(({ text: _text, ...row }) => row))
    const searched = written.flatMap(({ text: value, ...row }) =>
      searchedAs(row.kind, value).map((one) => ({ ...row, hash: vault.blindIndex(row.kind, one).hash.toString('hex') })),
    )
    await Promise.all([
      db.rows(sql`
        update ${name} t set ${sql.identifier(hash)} = r.value, index_key_id = r."keyId"
        from (select "customerId", "targetId", decode(hash, 'hex') as value, "keyId" from json_to_recordset(${text}::json) as j ("customerId" uuid, "targetId" uuid, hash text, "keyId" text)) r
        where t.customer_id = r."customerId" and t.id = r."targetId"`),
      registered ? db.rows(sql`select index_values(${JSON.stringify(searched)}::json)`) : undefined,
    ])
  }
  return { rotated: written.length, next: nextOf(chosen, limit, ({ customerId, id }) => [customerId, id]) }
}

interface Read {
  readonly customerId: string
  readonly id: string
  readonly sealed: Buffer
  readonly kind: string | null
  readonly wrapped: Buffer
  readonly masterKeyId: string
}

/** A sealed text begins with the length and the id of the master key that it was sealed with. */
function sealedUnderOther(column: string, masterKeyId: string) {
  const name = sql.identifier(column)
  return sql`${name} is not null and substring(${name} from 2 for get_byte(${name}, 0)) <> ${Buffer.from(masterKeyId)}::bytea`
}

async function resealAnswers(db: Db, vault: Vault, after: Position | undefined, limit: number): Promise<RotatedBatch> {
  const [caller = '', operation = '', key = ''] = after ?? []
  const rows = await db.rows<{ caller: string; operation: string; key: string; sealed: Buffer }>(sql`
    select caller, operation, key, answer_encrypted as sealed from idempotency
    where ${sealedUnderOther('answer_encrypted', vault.current.master)} and (caller, operation, key) > (${caller}::text, ${operation}::text, ${key}::text)
    order by caller, operation, key limit ${limit}::int`)
  const written = rows.map((row) => ({
    caller: row.caller,
    operation: row.operation,
    key: row.key,
    sealed: reseal(vault, row.sealed, answerContext(row.caller, row.operation, row.key)),
  }))
  if (written.length > 0) {
    await db.rows(sql`
      update idempotency t set answer_encrypted = decode(r.sealed, 'hex')
      from json_to_recordset(${JSON.stringify(written)}::json) as r (caller text, operation text, key text, sealed text)
      where t.caller = r.caller and t.operation = r.operation and t.key = r.key`)
  }
  return { rotated: written.length, next: nextOf(rows, limit, (row) => [row.caller, row.operation, row.key]) }
}

async function resealRejects(db: Db, vault: Vault, after: Position | undefined, limit: number): Promise<RotatedBatch> {
  const rows = await db.rows<{ importId: string; line: bigint; warning: number; sealed: Buffer }>(sql`
    select import_id as "importId", line, warning, raw_encrypted as sealed from import_reject
    where ${sealedUnderOther('raw_encrypted', vault.current.master)} and (import_id, line, warning) > (${after?.[0] ?? nilId}::uuid, ${after?.[1] ?? '0'}::bigint, ${after?.[2] ?? '-1'}::smallint)
    order by import_id, line, warning limit ${limit}::int`)
  const written = rows.map(({ importId, line, warning, sealed }) => ({
    importId,
    line: String(line),
    warning,
    sealed: reseal(vault, sealed, rejectContext(importId, Number(line))),
  }))
  if (written.length > 0) {
    await db.rows(sql`
      update import_reject t set raw_encrypted = decode(r.sealed, 'hex')
      from json_to_recordset(${JSON.stringify(written)}::json) as r ("importId" uuid, line bigint, warning smallint, sealed text)
      where t.import_id = r."importId" and t.line = r.line and t.warning = r.warning`)
  }
  return {
    rotated: written.length,
    next: nextOf(rows, limit, ({ importId, line, warning }) => [importId, String(line), String(warning)]),
  }
}

function reseal(vault: Vault, sealed: Buffer, context: string): string {
  return vault.sealText(vault.openText(sealed, context), context).toString('hex')
}

function nextOf<T>(rows: readonly T[], limit: number, positionOf: (row: T) => Position): Position | undefined {
  const last = rows.at(-1)
  return last === undefined || rows.length < limit ? undefined : positionOf(last)
}
