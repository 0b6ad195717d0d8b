import { lockOfText, takeLock } from '../platform/locks.ts'
import { sql, type SQL } from 'drizzle-orm'
import type { Day } from '../../core/kernel/calendar.ts'
import type { CustomerKind, CustomerStatus } from '../../core/dossier/customers.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import type { KeyDate } from '../../core/dossier/key-dates.ts'
import type { Db } from '../platform/database.ts'

/** What the counter may know of a customer of any branch. */
export interface RecognisedCustomer {
  readonly customerId: string
  readonly kind: CustomerKind
  readonly status: CustomerStatus
  readonly name: string
  readonly customerSince: Day | null
  readonly birthDate: Day | null
  /** The birthday as a key date, where one is stored. */
  readonly birthday: KeyDate | null
  readonly managerId: string | null
  readonly managerNumber: string | null
  readonly managerName: string | null
  readonly deceased: boolean
  readonly doNotContact: boolean
  /** The tiers that are held: codes of scheme and tier, and what the tier is called. */
  readonly tiers: readonly { readonly scheme: string; readonly tier: string; readonly name: string }[]
  /** Codes of the privileges that hold. */
  readonly privileges: readonly string[]
  /** Kind of the latest open need. */
  readonly need: string | null
}

/** Customers of the whole bank who carry one of these hashes, at most `limit`. The scope must be the whole bank. */
export async function recogniseByHash(
  db: Db,
  kind: 'phone' | 'document',
  hashes: readonly Buffer[],
  limit: number,
  today: Day,
): Promise<RecognisedCustomer[]> {
  return recognised(db, today, sql`recognise_by_hash(${kind}, ${sql.param(hashes)}::bytea[], ${limit}::int)`)
}

/** Customers of the whole bank whom a source system calls by this number, at most `limit`. The scope must be the whole bank. */
export async function recogniseByNumber(db: Db, number: string, limit: number, today: Day): Promise<RecognisedCustomer[]> {
  return recognised(db, today, sql`recognise_by_number(${number}, ${ownSource}, ${limit}::int)`)
}

/** Lets people with one phone be entered one after the other. */
export async function lockNewProspects(db: Db, phoneHash: Buffer): Promise<void> {
  await takeLock(db, lockOfText('newcomer', phoneHash.toString('hex')))
}

async function recognised(db: Db, today: Day, found: SQL): Promise<RecognisedCustomer[]> {
  return db.rows<RecognisedCustomer>(sql`
    select r.customer_id as "customerId", r.kind, r.status, r.name, r.customer_since as "customerSince", r.birth_date as "birthDate",
      s.id as "managerId", s.number as "managerNumber", s.name as "managerName",
      exists (select from customer_profile p where p.customer_id = r.customer_id and p.deceased_on is not null) as deceased,
      exists (select from contact_preference w where w.customer_id = r.customer_id and w.do_not_contact and (w.do_not_contact_until is null or w.do_not_contact_until >= ${today}::date)) as "doNotContact",
      (select json_build_object('calendar', k.calendar, 'month', k.month, 'day', k.day, 'leapMonth', k.leap_month, 'year', k.year, 'recurrence', k.recurrence)
        from key_date k where k.customer_id = r.customer_id and k.kind = 'birthday' and k.status = 'active') as birthday,
      (select coalesce(json_agg(json_build_object('scheme', s.code, 'tier', m.tier, 'name', coalesce(t ->> 'name', m.tier)) order by s.slot), '[]')
        from tier_membership m join tier_scheme s on s.id = m.scheme_id left join policy_version v on v.kind = 'tier_scheme' and v.key = s.id::text and v.version = s.evaluated_version
        left join lateral (select t from jsonb_array_elements(v.definition -> 'thresholds') t where t ->> 'code' = m.tier limit 1) t on true
        where m.customer_id = r.customer_id and m.ended_on is null) as tiers,
      array(select g.privilege from privilege_grant g where g.customer_id = r.customer_id and g.superseded_at is null and g.status = 'active' and g.starts_on <= ${today}::date
        and (g.ends_on is null or g.ends_on > ${today}::date) order by g.privilege limit 20) as privileges,
      (select n.kind from need n where n.customer_id = r.customer_id and n.superseded_at is null and n.status = 'open' order by n.id desc limit 1) as need
    from ${found} r left join staff s on s.id = r.relationship_manager_id`)
}
