import { sql } from 'drizzle-orm'
import type { EventName, EventPayload } from '../../core/events.ts'
import type { Actor } from '../../core/kernel/actors.ts'
import type { Db } from './database.ts'

/** What a command changed: the names of fields, never their values. */
export interface Change<N extends EventName = EventName> {
  /** The event's type, such as `customer.updated`. */
  readonly event: N
  readonly subjectType: string
  readonly subjectId: string
  readonly customerId?: string
  readonly changed?: readonly string[]
  /** The place it concerns, where it concerns no customer and another place than the actor's. */
  readonly path?: string
  /** False for what the service tells of its own upkeep: an event without an audit entry. */
  readonly audited?: false
  /** False for what the audit log alone is told, such as a look at a customer: no event. */
  readonly published?: false
  /** Ids and counts only, by the schema of the event. */
  readonly details?: EventPayload<N>
}

export interface JournalEntry {
  readonly actor: Actor
  readonly actorName: string
  readonly operation: string
  readonly requestId: string | undefined
  readonly at: Date
  readonly newId: () => string
}

/** Appends an audit entry and an event for every change, in the transaction of the command and in one statement, and marks the facts of the customers as stale. */
export async function appendJournal(
  db: Db,
  { actor, actorName, operation, requestId, at, newId }: JournalEntry,
  changes: readonly Change[],
): Promise<void> {
  const actorPath = 'institutionPath' in actor ? actor.institutionPath : '/'
  const rows = changes.map((change) => ({ ...change, auditId: newId(), eventId: newId() }))
  await db.rows(sql`
    with change as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as r ("auditId" uuid, "eventId" uuid, event text, "subjectType" text, "subjectId" text,
        "customerId" uuid, changed json, audited boolean, published boolean, path text, details jsonb)
    ), placed as materialized (
      select change.*, c.institution_path as "customerPath" from change left join customer c on c.id = change."customerId"
    ), audited as (
      insert into audit_entry (id, at, institution_path, actor_kind, actor_id, operation, customer_id, customer_path, subject_type, subject_id, changed, details, request_id)
      select "auditId", ${at.toISOString()}::timestamptz, ${actorPath}::text, ${actor.kind}::text, ${actorName}::text, ${operation}::text, "customerId", "customerPath", "subjectType", "subjectId",
        coalesce((select array_agg(v) from json_array_elements_text(changed) v), '{}'), coalesce(details, '{}'), ${requestId ?? null}::text
      from placed where audited is distinct from false
    ), stale as (
      insert into customer_fact_stale (customer_id, institution_path, since)
      select distinct on ("customerId") "customerId", "customerPath", ${at.toISOString()}::timestamptz from placed where "customerPath" is not null and published is distinct from false order by "customerId"
      on conflict (customer_id) do update set since = excluded.since, institution_path = excluded.institution_path
    )
    insert into outbox_event (id, type, occurred_at, institution_path, customer_id, subject_type, subject_id, changed, payload)
    select "eventId", event, ${at.toISOString()}::timestamptz, coalesce("customerPath", path, ${actorPath}::text), "customerId", "subjectType", "subjectId",
      coalesce((select array_agg(v) from json_array_elements_text(changed) v), '{}'), coalesce(details, '{}')
    from placed where published is distinct from false`)
}
