import { sql } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type {
  ConsentDecision,
  ConsentPurpose,
  ContactChannel,
  ContactPreferenceTerms,
  Hours,
} from '../../core/dossier/consents.ts'
import type { CustomerKind, CustomerStatus } from '../../core/dossier/customers.ts'
import type { Db } from '../platform/database.ts'
import { plainRows, type PlainRow } from '../platform/plain-rows.ts'
import { contactPreference } from './schema/consents.ts'

export interface NewConsent {
  readonly id: string
  readonly customerId: string
  readonly channel: ContactChannel
  readonly purpose: ConsentPurpose
  readonly decision: ConsentDecision
  readonly evidence: string
  readonly evidenceReference: string | null
  readonly givenAt: Date
  readonly recordedBy: string
  readonly source: string
  readonly now: Date
}

export async function insertConsent(db: Db, consent: NewConsent): Promise<void> {
  const { id, customerId, channel, purpose, decision, evidence, evidenceReference, givenAt, recordedBy, source, now } = consent
  await db.rows(sql`
    insert into consent_event (customer_id, id, institution_path, channel, purpose, decision, evidence, evidence_reference, given_at, recorded_at, recorded_by, source)
    select c.id, ${id}::uuid, c.institution_path, ${channel}::text, ${purpose}::text, ${decision}::text, ${evidence}::text, ${evidenceReference}::text,
      ${givenAt.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz, ${recordedBy}::text, ${source}::text
    from customer c where c.id = ${customerId}::uuid`)
}

const wishColumns = [
  'preferredChannels',
  'hoursFrom',
  'hoursUntil',
  'maxPerMonth',
  'topics',
  'doNotContact',
  'doNotContactReason',
  'doNotContactUntil',
] as const
type Wishes = PlainRow<typeof contactPreference, (typeof wishColumns)[number]>

export interface PreferenceToWrite extends Wishes {
  readonly customerId: string
  readonly source: string
  readonly now: Date
}

/** Writes all of a customer's wishes. */
export async function writeContactPreference(db: Db, wishes: PreferenceToWrite): Promise<void> {
  const at = wishes.now.toISOString()
  await db.rows(sql`
    insert into contact_preference as t (customer_id, institution_path, preferred_channels, hours_from, hours_until, max_per_month, topics,
      do_not_contact, do_not_contact_reason, do_not_contact_until, source, created_at, updated_at)
    select c.id, c.institution_path, ${sql.param(wishes.preferredChannels)}::text[], ${wishes.hoursFrom}::text, ${wishes.hoursUntil}::text, ${wishes.maxPerMonth}::int,
      ${sql.param(wishes.topics)}::text[], ${wishes.doNotContact}::boolean, ${wishes.doNotContactReason}::text, ${wishes.doNotContactUntil}::date, ${wishes.source}::text,
      ${at}::timestamptz, ${at}::timestamptz
    from customer c
    where c.id = ${wishes.customerId}::uuid
    on conflict (customer_id) do update set preferred_channels = excluded.preferred_channels, hours_from = excluded.hours_from, hours_until = excluded.hours_until,
      max_per_month = excluded.max_per_month, topics = excluded.topics, do_not_contact = excluded.do_not_contact, do_not_contact_reason = excluded.do_not_contact_reason,
      do_not_contact_until = excluded.do_not_contact_until, source = excluded.source, updated_at = excluded.updated_at, version = t.version + 1`)
}

/** Reads the wishes of a customer and holds them; undefined where there are none. */
export async function lockContactPreference(
  db: Db,
  customerId: string,
): Promise<(Wishes & { readonly version: number }) | undefined> {
  const [row] = await plainRows(
    db,
    contactPreference,
    [...wishColumns, 'version'],
    sql`where t.customer_id = ${customerId}::uuid for update`,
  )
  return row
}

/** Which contact points and addresses serve a channel. A phone number is enough for WeChat, whose accounts are bound to one. */
const reachedBy: Readonly<Record<ContactChannel, readonly string[] | 'address'>> = {
  phone: ['phone'],
  sms: ['phone'],
  email: ['email'],
  wechat: ['wechat', 'phone'],
  letter: 'address',
  visit: 'address',
}

export interface StoredContactFacts {
  readonly status: CustomerStatus
  readonly kind: CustomerKind
  readonly birthDate: Day | null
  readonly deceasedOn: Day | null
  /** The newest that was given by the instant. */
  readonly consent: ConsentDecision | null
  readonly wishes: ContactPreferenceTerms | null
  readonly reachable: boolean
  /** Of the customer's institution or the nearest above; null where none says so. */
  readonly timeZone: string | null
  readonly quietHours: (Hours & { readonly source: string }) | null
}

/** What decides whether a customer may be contacted by a channel for a purpose at an instant, in one statement. Out of scope is the same as absent. */
export async function findContactFacts(
  db: Db,
  customerId: string,
  channel: ContactChannel,
  purpose: ConsentPurpose,
  at: Date,
): Promise<StoredContactFacts | undefined> {
  const served = reachedBy[channel]
  const reachable =
    served === 'address'
      ? sql`exists (select from address a where a.customer_id = c.id and a.customer_id = ${customerId}::uuid)`
      : sql`exists (select from contact_point p where p.customer_id = c.id and p.customer_id = ${customerId}::uuid and p.kind = any (${sql.param(served)}::text[]))`
  const [row] = await db.rows<StoredContactFacts>(sql`
    select c.status, c.kind, c.birth_date as "birthDate", ${reachable} as reachable,
      (select f.deceased_on from customer_profile f where f.customer_id = ${customerId}::uuid) as "deceasedOn",
      (select e.decision from consent_event e where e.customer_id = ${customerId}::uuid and e.channel = ${channel} and e.purpose = ${purpose}
        and e.given_at <= ${at.toISOString()}::timestamptz order by e.given_at desc, e.id desc limit 1) as consent,
      (select json_build_object('hours', case when w.hours_from is not null then json_build_object('from', w.hours_from, 'until', w.hours_until) end,
        'doNotContact', w.do_not_contact, 'doNotContactUntil', w.do_not_contact_until) from contact_preference w where w.customer_id = ${customerId}::uuid) as wishes,
      (select i.time_zone from institution i where starts_with(c.institution_path, i.path) and i.time_zone is not null order by length(i.path) desc limit 1) as "timeZone",
      (select json_build_object('from', q.starts_at, 'until', q.ends_at, 'source', q.source) from quiet_hours q join institution i on i.id = q.institution_id
        where starts_with(c.institution_path, i.path) order by length(i.path) desc limit 1) as "quietHours"
    from customer c where c.id = ${customerId}::uuid`)
  return row
}

export interface QuietHoursOf extends Hours {
  readonly source: string
  /** Who says so. */
  readonly institutionId: string
}

/** The quiet hours that hold at an institution: its own or those of the nearest above. Null where none says so; undefined for an unknown institution. */
export async function findQuietHours(db: Db, institutionId: string): Promise<QuietHoursOf | null | undefined> {
  const [row] = await db.rows<{ found: QuietHoursOf | null }>(sql`
    select (select json_build_object('from', q.starts_at, 'until', q.ends_at, 'source', q.source, 'institutionId', q.institution_id)
      from quiet_hours q join institution a on a.id = q.institution_id where starts_with(i.path, a.path) order by length(a.path) desc limit 1) as found
    from institution i where i.id = ${institutionId}::uuid`)
  return row && row.found
}

/** Makes or changes an institution's own quiet hours. */
export async function writeQuietHours(
  db: Db,
  institutionId: string,
  { from, until }: Hours,
  source: string,
  now: Date,
): Promise<void> {
  await db.rows(sql`
    insert into quiet_hours as t (institution_id, starts_at, ends_at, source, updated_at)
    values (${institutionId}::uuid, ${from}, ${until}, ${source}, ${now.toISOString()}::timestamptz)
    on conflict (institution_id) do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at, source = excluded.source, updated_at = excluded.updated_at,
      version = t.version + 1
    where (t.starts_at, t.ends_at, t.source) is distinct from (excluded.starts_at, excluded.ends_at, excluded.source)`)
}
