import type { Database } from './database.ts'
import type { JournalEntry } from './journal.ts'

/** One customer whose protected data somebody was shown. */
export interface Access {
  readonly customerId: string
  readonly customerPath: string
  readonly fields: readonly string[]
}

/** Resolves once the audit log holds the looks. Rejects where it cannot: then nothing may be shown. */
export type AccessLog = (by: JournalEntry, accesses: readonly Access[]) => Promise<void>

interface Waiting {
  readonly rows: readonly object[]
  readonly written: () => void
  readonly failed: (error: unknown) => void
}

const MAX_BATCH_SIZE = 500

const text = `
  insert into audit_entry (id, at, institution_path, actor_kind, actor_id, operation, customer_id, customer_path, subject_type, subject_id, changed, details, request_id)
  select id, at, path, kind, actor, operation, "customerId", "customerPath", 'customer', "customerId"::text, array(select json_array_elements_text(fields)), '{"access":"read"}', "requestId"
  from json_to_recordset($1::json) as r (id uuid, at timestamptz, path text, kind text, actor text, operation text, "customerId" uuid, "customerPath" text, fields json, "requestId" text)`

/**
 * Writes who looked at whom. While one batch is on its way to the disk those who come wait for the next, so that however many read at once, one
 * transaction at a time writes for all of them; nobody waits for more than two.
 */
export function openAccessLog(database: Database): AccessLog {
  const scope = { prefixes: ['/'], portfolio: [], caller: 'system:access-log' }
  let waiting: Waiting[] = []
  let writing = false

  async function writeAll(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH_SIZE)
      const rows = JSON.stringify(batch.flatMap((one) => one.rows))
      try {
        await database.transaction(scope, (db) => db.rows({ text, values: [rows] }))
        for (const { written } of batch) written()
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
    }
    writing = false
  }

  return ({ actor, actorName, operation, requestId, at, newId }, accesses) => {
    const path = 'institutionPath' in actor ? actor.institutionPath : '/'
    const rows = accesses.map((access) => ({
      id: newId(),
      at,
      path,
      kind: actor.kind,
      actor: actorName,
      operation,
      ...access,
      requestId,
    }))
    return new Promise((written, failed) => {
      waiting.push({ rows, written, failed })
      // Reads that land together are written together.
      if (!writing) {
        writing = true
        setImmediate(() => void writeAll())
      }
    })
  }
}
