import { sql } from 'drizzle-orm'
import type { Scope } from '../../core/kernel/actors.ts'
import type { ApprovalKindName, ApprovalState } from '../../core/dossier/approvals.ts'
import type { Db } from '../platform/database.ts'
import { plainRows, type PlainRow } from '../platform/plain-rows.ts'
import { approvalRequest } from './schema/approvals.ts'
import type { Order } from '../platform/views/keys.ts'
import type { Bind } from '../platform/views/view.ts'
import { ownedWithinReach } from './reach.ts'

export interface NewApprovalRequest {
  readonly id: string
  readonly customerId: string
  readonly kind: ApprovalKindName
  readonly subjectId: string
  readonly reason: string
  readonly requestedBy: string
  readonly now: Date
}

/** Asks for an approval about a customer whose row is locked. A second one for the same thing breaks `approval_request_pending_key`. */
export async function insertApprovalRequest(
  db: Db,
  { id, customerId, kind, subjectId, reason, requestedBy, now }: NewApprovalRequest,
): Promise<void> {
  await db.rows(sql`
    insert into approval_request (customer_id, id, institution_path, kind, subject_id, state, reason, requested_by, requested_at)
    select c.id, ${id}::uuid, c.institution_path, ${kind}, ${subjectId}::uuid, 'pending', ${reason}, ${requestedBy}::uuid, ${now.toISOString()}::timestamptz
    from customer c where c.id = ${customerId}::uuid`)
}

export type HeldApprovalRequest = PlainRow<typeof approvalRequest, 'kind' | 'subjectId' | 'state' | 'requestedBy' | 'version'>

/** A request of a customer, held until the transaction ends. Undefined where there is none in scope. */
export async function lockApprovalRequest(db: Db, customerId: string, id: string): Promise<HeldApprovalRequest | undefined> {
  const [row] = await plainRows(
    db,
    approvalRequest,
    ['kind', 'subjectId', 'state', 'requestedBy', 'version'],
    sql`join customer c on c.id = t.customer_id where t.customer_id = ${customerId}::uuid and t.id = ${id}::uuid for update of t`,
  )
  return row
}

export async function saveDecision(
  db: Db,
  customerId: string,
  id: string,
  {
    state,
    decidedBy,
    note,
    now,
  }: { readonly state: ApprovalState; readonly decidedBy: string; readonly note: string | null; readonly now: Date },
): Promise<void> {
  await db.rows(sql`
    update approval_request set state = ${state}, decided_by = ${decidedBy}::uuid, decided_at = ${now.toISOString()}::timestamptz, decision_note = ${note}, version = version + 1
    where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

/** Those that have waited longest first. */
export const approvalRequestOrder: Order = {
  name: 'requested',
  direction: 'asc',
  keys: (row) => [
    { expression: `${row}.requested_at`, cast: 'timestamptz' },
    { expression: `${row}.customer_id`, cast: 'uuid' },
    { expression: `${row}.id`, cast: 'uuid' },
  ],
}

export interface ApprovalRequestFilter {
  readonly reach: Scope
  readonly state: ApprovalState
  readonly kind?: ApprovalKindName | undefined
  readonly customerId?: string | undefined
  readonly requestedBy?: string | undefined
}

export function approvalRequestConditions(filter: ApprovalRequestFilter, row: string, bind: Bind): readonly string[] {
  return [
    // Said as text where it is what the index of those that wait is made for.
    filter.state === 'pending' ? `${row}.state = 'pending'` : `${row}.state = ${bind(filter.state)}::text`,
    ...ownedWithinReach(filter.reach, row, bind),
    ...(filter.kind === undefined ? [] : [`${row}.kind = ${bind(filter.kind)}::text`]),
    ...(filter.customerId === undefined ? [] : [`${row}.customer_id = ${bind(filter.customerId)}::uuid`]),
    ...(filter.requestedBy === undefined ? [] : [`${row}.requested_by = ${bind(filter.requestedBy)}::uuid`]),
  ]
}
