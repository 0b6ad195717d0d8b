import type { Scope } from '../../core/kernel/actors.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import { assignableRoles } from '../../core/dossier/assignments.ts'
import { type WaitingKind, waitingKindNames } from '../../core/dossier/waiting-items.ts'
import type { Bind } from '../platform/views/view.ts'
import { inSubtree, keysetCondition, type Order } from '../platform/views/keys.ts'
import { ownedWithinReach, withinReach } from './reach.ts'
import { staffWithLoad, withCustomersOrRoles } from './teams.ts'

/** A table in which something of a customer waits, its rows under the alias `x`; a partial index on institution, customer and id serves the condition. */
interface Source {
  readonly table: string
  readonly waits: string
  /** Since when, an instant. */
  readonly since: string
  /** Why, as a code. */
  readonly reason: string
  /** The customer, where it is another column than `customer_id`. */
  readonly customer?: string
}

const sources: Readonly<Record<Exclude<WaitingKind, 'over_capacity'>, Source>> = {
  document_to_review: {
    table: 'identity_document',
    waits: '(x.unverified_reason is not null or x.conflicting)',
    since: 'x.as_of',
    reason: `coalesce(x.unverified_reason, 'conflicting')`,
  },
  contact_point_to_review: { table: 'contact_point', waits: 'x.conflicting', since: 'x.as_of', reason: `'conflicting'` },
  address_to_review: { table: 'address', waits: 'x.conflicting', since: 'x.as_of', reason: `'conflicting'` },
  profile_conflict: { table: 'profile_conflict', waits: `x.status = 'open'`, since: 'x.detected_at', reason: 'x.field' },
  counter_note: { table: 'counter_note', waits: 'x.acknowledged_at is null', since: 'x.created_at', reason: 'x.kind' },
  // After a move, until somebody decides who looks after the customer: whoever did does so from another branch.
  manager_elsewhere: {
    table: 'customer',
    waits: 'x.moved_at is not null and x.relationship_manager_id is not null',
    since: 'x.moved_at',
    reason: `'moved'`,
    customer: 'x.id',
  },
  approval_request: { table: 'approval_request', waits: `x.state = 'pending'`, since: 'x.requested_at', reason: 'x.kind' },
}

/** By institution, then by customer, or staff member for what concerns no customer. */
export const waitingOrder: Order = {
  name: 'waiting',
  direction: 'asc',
  keys: (row) => keysOf(`${row}.institution_path`, `${row}.owner_id`, `${row}.subject_id`),
}

const keysOf = (path: string, owner: string, subject: string) => [
  { expression: path, cast: 'text' },
  { expression: owner, cast: 'uuid' },
  { expression: subject, cast: 'uuid' },
]

export interface WaitingFilter {
  readonly kinds: readonly WaitingKind[]
  readonly scope: Scope
  readonly today: Day
  /** In this subtree of institutions. */
  readonly path?: string | undefined
  /** Of the customers of this relationship manager, and what concerns the staff member. */
  readonly staffId?: string | undefined
  /** How many rows are needed, and the keys behind which they begin; all without a limit. */
  readonly limit?: number | undefined
  readonly after?: readonly string[] | undefined
}

/** What waits, as a `from` item. No table is asked for more rows than are needed. */
export function waitingFrom(filter: WaitingFilter): (row: string, bind: Bind) => string {
  return (row, bind) => {
    const parts = waitingKindNames
      .filter((kind) => filter.kinds.includes(kind))
      .map((kind) => (kind === 'over_capacity' ? overCapacity(filter, bind) : ofCustomers(kind, filter, bind)))
    if (parts.length === 0) return `(${nothing}) ${row}`
    const limit = filter.limit === undefined ? '' : ` limit ${bind(filter.limit)}::int`
    const waiting = parts.map((part) => `(${part}${limit})`).join(' union all ')
    if (filter.staffId === undefined) return `(${waiting}) ${row}`
    // As an array, found once and first: a join would go through all that waits until the page is full.
    const ids = `select array(select id from customer where relationship_manager_id = ${bind(filter.staffId)}::uuid) as ids`
    return `(with of_staff as materialized (${ids}) ${waiting}) ${row}`
  }
}

const nothing = `select null::text as institution_path, null::uuid as owner_id, null::uuid as subject_id, null::text as kind, null::text as subject_type,
  null::uuid as customer_id, null::timestamptz as since, null::text as reason, null::uuid as staff_id where false`

function ofCustomers(
  kind: Exclude<WaitingKind, 'over_capacity'>,
  { scope, path, staffId, after }: WaitingFilter,
  bind: Bind,
): string {
  const { table, waits, since, reason, customer = 'x.customer_id' } = sources[kind]
  const keys = keysOf('x.institution_path', customer, 'x.id')
  const conditions = [
    waits,
    ...(table === 'customer' ? withinReach(scope, 'x', bind) : ownedWithinReach(scope, 'x', bind)),
    ...(path === undefined ? [] : [inSubtree('x.institution_path', path, bind)]),
    ...(staffId === undefined ? [] : [`${customer} = any ((select ids from of_staff)::uuid[])`]),
    ...(after === undefined ? [] : [keysetCondition(keys, 'asc', after, bind)]),
  ]
  return `select x.institution_path, ${customer} as owner_id, x.id as subject_id, '${kind}'::text as kind, '${table}'::text as subject_type, ${customer} as customer_id,
    ${since} as since, ${reason}::text as reason, (select c.relationship_manager_id from customer c where c.id = ${customer}) as staff_id
    from ${table} x where ${conditions.join(' and ')} order by ${keys.map(({ expression }) => expression).join(', ')}`
}

function overCapacity({ today, path, staffId, after }: WaitingFilter, bind: Bind): string {
  const keys = keysOf('x.institution_path', 'x.id', 'x.id')
  const conditions = [
    // Before the load, which is computed for each.
    'x.customer_capacity is not null',
    ...withCustomersOrRoles(assignableRoles, true)('x', bind),
    ...(path === undefined ? [] : [inSubtree('x.institution_path', path, bind)]),
    ...(staffId === undefined ? [] : [`x.id = ${bind(staffId)}::uuid`]),
    ...(after === undefined ? [] : [keysetCondition(keys, 'asc', after, bind)]),
  ]
  return `select x.institution_path, x.id as owner_id, x.id as subject_id, 'over_capacity'::text as kind, 'staff'::text as subject_type, null::uuid as customer_id,
    null::timestamptz as since, 'over_capacity'::text as reason, x.id as staff_id
    from ${staffWithLoad(today)('x', bind)} where ${conditions.join(' and ')} order by x.institution_path, x.id`
}
