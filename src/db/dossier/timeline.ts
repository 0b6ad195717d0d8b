import type { Permission } from '../../core/kernel/permissions.ts'
import { type TimelineKind, timelineKinds } from '../../core/dossier/timeline.ts'
import type { Bind, ViewSettings } from '../platform/views/view.ts'
import { type Order, keysetCondition } from '../platform/views/keys.ts'

/** One table that tells of something that happened to a customer, its rows under the alias `x`. */
interface Source {
  readonly kind: TimelineKind
  /** The kind of the thing that an entry is about, as the audit log names it. */
  readonly subjectType: string
  /** Joins further tables where they say something. */
  readonly from: string
  /** An instant, or a day at whose beginning in the bank’s time zone the entry stands. */
  readonly on: { readonly instant: string } | { readonly day: string }
  readonly event: string
  readonly id?: string
  readonly where?: string
  readonly amount?: { readonly minor: string; readonly currency: string }
  /** What it is about in a word or two. */
  readonly label?: string
  readonly staffId?: string
  readonly source?: string
}

const record = (subjectType: string, table: string, label: string, amount?: Source['amount']): Source => ({
  kind: 'record',
  subjectType,
  from: `${table} x`,
  on: { instant: 'x.recorded_at' },
  event: `'${table}.' || case when x.version = 1 then 'noted' else 'revised' end`,
  label,
  staffId: 'x.recorded_by',
  source: 'x.source',
  ...(amount && { amount }),
})

type Moment = readonly [event: string, expression: string]

/** Several things of one row that happened at days or instants: one look at the table for all of them. What has not happened is null and stands nowhere. */
const moments = (from: string, all: readonly Moment[]): string =>
  `${from} cross join lateral (values ${all.map(([event, expression]) => `('${event}', ${expression})`).join(', ')}) e (event, happened)`
const ofDays = (from: string, name: string, ...all: readonly Moment[]): Pick<Source, 'from' | 'on' | 'event'> => ({
  from: moments(from, all),
  on: { day: 'e.happened' },
  event: `'${name}.' || e.event`,
})
const ofInstants = (from: string, name: string, ...all: readonly Moment[]): Pick<Source, 'from' | 'on' | 'event'> => ({
  from: moments(from, all),
  on: { instant: 'e.happened' },
  event: `'${name}.' || e.event`,
})

/** A new kind of entry is a line here, one in `core/timeline.ts` and its value in the APIs. */
const sources: readonly Source[] = [
  {
    kind: 'movement',
    subjectType: 'movement',
    from: 'movement x',
    on: { day: 'x.booked_on' },
    where: `x.status = 'booked'`,
    event: `'movement.' || x.direction`,
    amount: { minor: 'x.amount', currency: 'x.currency' },
    label: 'x.purpose',
    source: 'x.source',
  },
  {
    kind: 'holding',
    subjectType: 'holding',
    ...ofDays(
      'holding x join product p on p.id = x.product_id',
      'holding',
      ['opened', 'x.opened_on'],
      ['matured', `case when x.status <> 'closed' or x.closed_on >= x.matures_on then x.matures_on end`],
      ['closed', 'x.closed_on'],
    ),
    label: 'p.name',
    source: 'x.source',
  },
  {
    kind: 'assignment',
    subjectType: 'assignment',
    ...ofDays('assignment x', 'assignment', ['began', 'x.starts_on'], ['ended', 'x.ends_on']),
    where: `x.state <> 'cancelled'`,
    label: 'x.business_line',
    staffId: 'x.staff_id',
    source: 'x.source',
  },
  {
    kind: 'assignment',
    subjectType: 'team_member',
    ...ofDays('team_member x', 'team', ['joined', 'x.starts_on'], ['left', 'x.ends_on']),
    where: `x.state <> 'cancelled'`,
    label: 'x.duty',
    staffId: 'x.staff_id',
  },
  {
    kind: 'consent',
    subjectType: 'consent_event',
    from: 'consent_event x',
    on: { instant: 'x.given_at' },
    event: `'consent.' || x.decision`,
    label: `x.channel || ', ' || x.purpose`,
    source: 'x.source',
  },
  ...(
    [
      ['began', { instant: 'x.created_at' }],
      ['ended', { day: 'x.ended_on' }],
    ] as const
  ).map(([event, on]): Source => ({
    kind: 'relationship',
    subjectType: 'relationship',
    from: 'relationship x',
    on,
    event: `'relationship.${event}'`,
    label: 'x.kind',
  })),
  {
    kind: 'relationship',
    subjectType: 'group_membership',
    ...ofDays('group_membership x', '', ['joined', 'x.joined_on'], ['left', 'x.ended_on']),
    event: `x.kind || '.' || e.event`,
  },
  ...(
    [
      ['named', { instant: 'x.created_at' }],
      ['ended', { day: 'x.ended_on' }],
    ] as const
  ).map(([event, on]): Source => ({
    kind: 'relationship',
    subjectType: 'key_person',
    from: 'key_person x',
    on,
    event: `'key_person.${event}'`,
    label: 'x.role',
  })),
  record('need', 'need', 'x.kind', { minor: 'x.amount', currency: 'x.currency' }),
  record('outside_holding', 'outside_holding', 'x.bank_name', { minor: 'x.amount', currency: 'x.currency' }),
  record('credit_standing', 'credit_standing', 'x.rating', { minor: 'x.granted', currency: 'x.currency' }),
  record('suitability_assessment', 'suitability_assessment', 'x.level::text'),
  record('privilege_grant', 'privilege_grant', 'x.privilege', { minor: 'x.cost', currency: 'x.currency' }),
  {
    kind: 'life_event',
    subjectType: 'life_event',
    from: 'life_event x',
    on: { day: 'x.happened_on' },
    where: `x.superseded_at is null and x.status = 'active'`,
    event: `'life_event.happened'`,
    label: 'x.title',
    staffId: 'x.recorded_by',
    source: 'x.source',
  },
  {
    kind: 'counter_note',
    subjectType: 'counter_note',
    from: 'counter_note x',
    on: { instant: 'x.created_at' },
    event: `'counter_note.' || x.kind`,
    label: 'x.note',
    staffId: 'x.finder_id',
  },
  {
    kind: 'segment',
    subjectType: 'segment_membership',
    ...ofInstants(
      'segment_membership x join segment s on s.id = x.segment_id',
      'segment',
      ['entered', 'x.entered_at'],
      ['left', 'x.left_at'],
    ),
    label: 's.name',
  },
  {
    kind: 'tier',
    subjectType: 'tier_membership',
    ...ofInstants(
      'tier_membership x join tier_scheme s on s.id = x.scheme_id',
      'tier',
      ['began', 'x.began_at'],
      ['ended', 'x.ended_at'],
    ),
    label: `s.code || ':' || x.tier`,
  },
  {
    kind: 'dossier',
    subjectType: 'audit_entry',
    // Looks at a customer are no change; the index on changes leaves them out alike.
    from: `audit_entry x left join staff s on x.actor_kind = 'staff' and s.number = substr(x.actor_id, 7)`,
    on: { instant: 'x.at' },
    where: `not (x.details ? 'access')`,
    event: `'dossier.' || x.operation`,
    label: `array_to_string(x.changed, ', ')`,
    staffId: 's.id',
  },
]

/** The latest first; things that stand at one instant by their ids. */
export const timelineOrder: Order = {
  name: 'timeline',
  direction: 'desc',
  keys: (row) => [
    { expression: `${row}.at`, cast: 'timestamptz' },
    { expression: `${row}.subject_id`, cast: 'uuid' },
    { expression: `${row}.event`, cast: 'text' },
  ],
}

export interface TimelinePart {
  /** An expression for the customer's id. */
  readonly customerId: string
  readonly kinds: readonly TimelineKind[]
  /** Rows that are needed, and the keys behind which they begin; all without a limit. */
  readonly limit?: number | undefined
  readonly after?: readonly string[] | undefined
}

/** What happened to a customer, of these kinds, in no order: a `from` item. No table is asked for more rows than are needed. */
export function timelineOf(
  part: TimelinePart,
  bind: Bind,
  { today, bankTimeZone }: Pick<ViewSettings, 'today' | 'bankTimeZone'>,
): string {
  const chosen = sources.filter(({ kind }) => part.kinds.includes(kind))
  if (chosen.length === 0) return `(${nothing})`
  const zone = `${bind(bankTimeZone)}::text`
  // What no part asks for must not be bound.
  const until = chosen.some(({ on }) => 'day' in on) ? `${bind(today)}::date` : ''
  const limit = part.limit === undefined ? '' : ` limit ${bind(part.limit)}::int`
  return `(${chosen.map((source) => `(${selectOf(source, part, { bind, zone, until })}${limit})`).join(' union all ')})`
}

const nothing = `select null::uuid as customer_id, null::uuid as subject_id, null::text as subject_type, null::text as kind, null::text as event, null::timestamptz as at,
  null::date as happened_on, null::bigint as amount, null::text as currency, null::text as label, null::uuid as staff_id, null::text as source where false`

function selectOf(
  source: Source,
  { customerId, after }: TimelinePart,
  { bind, zone, until }: { readonly bind: Bind; readonly zone: string; readonly until: string },
): string {
  const { kind, subjectType, from, on, event, id = 'x.id', where, amount, label, staffId, source: system } = source
  const byDay = 'day' in on
  const at = byDay ? `(${on.day}::timestamp at time zone ${zone})` : on.instant
  const conditions = [`x.customer_id = ${customerId}`, ...(where === undefined ? [] : [`(${where})`])]
  conditions.push(byDay ? `${on.day} <= ${until}` : `${on.instant} is not null`)
  if (after !== undefined) {
    const keys = [
      { expression: at, cast: 'timestamptz' },
      { expression: id, cast: 'uuid' },
      { expression: event, cast: 'text' },
    ]
    // The first says the same more loosely, so that an index serves it.
    if (byDay) conditions.push(`${on.day} <= (${bind(after[0])}::timestamptz at time zone ${zone})::date`)
    else conditions.push(`${on.instant} <= ${bind(after[0])}::timestamptz`)
    conditions.push(keysetCondition(keys, 'desc', after, bind))
  }
  return `select x.customer_id, ${id} as subject_id, '${subjectType}'::text as subject_type, '${kind}'::text as kind, (${event})::text as event, ${at} as at,
    ${byDay ? on.day : `(${on.instant} at time zone ${zone})::date`} as happened_on, ${amount ? `${amount.minor}::bigint` : 'null::bigint'} as amount, ${amount ? amount.currency : 'null::text'} as currency,
    ${label ?? 'null'}::text as label, ${staffId ?? 'null'}::uuid as staff_id, ${system ?? 'null'}::text as source
    from ${from} where ${conditions.join(' and ')} order by ${byDay ? on.day : on.instant} desc, ${id} desc`
}

/** The kinds that somebody may read. */
export function readableKinds(permits: (permission: Permission) => boolean): readonly TimelineKind[] {
  return (Object.keys(timelineKinds) as TimelineKind[]).filter((kind) => permits(timelineKinds[kind]))
}

/** The timeline of one customer as a `from` item; nothing for a customer whom the caller may not see. */
export function timelineFrom(
  { customerId, ...part }: Omit<TimelinePart, 'customerId'> & { readonly customerId: string },
  settings: Pick<ViewSettings, 'today' | 'bankTimeZone'>,
): (row: string, bind: Bind) => string {
  return (row, bind) => {
    const entries = timelineOf({ ...part, customerId: `${row}_owner.id` }, bind, settings)
    return `customer ${row}_owner join lateral ${entries} ${row} on ${row}_owner.id = ${bind(customerId)}::uuid`
  }
}
