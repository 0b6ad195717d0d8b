import type { TierOverrideState } from '../../../core/segmentation/tier-overrides.ts'
import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { Db } from '../../platform/database.ts'

/** A customer whose row is locked: where they are, and in which slots schemes apply. */
export interface TieredCustomer {
  readonly institutionPath: string
  /** By slot from 0; null where facts are not worked out. */
  readonly places: readonly (number | null)[] | null
}

export async function lockTieredCustomer(db: Db, customerId: string): Promise<TieredCustomer | undefined> {
  const [row] = await db.rows<TieredCustomer>(sql`
    select c.institution_path as "institutionPath", f.tier_places as places from customer c left join customer_fact f on f.customer_id = c.id
    where c.id = ${customerId}::uuid for no key update of c`)
  return row
}

export interface NewOverride {
  readonly id: string
  readonly customerId: string
  readonly schemeId: string
  readonly tier: string
  readonly reason: string
  readonly requestedBy: string
  readonly startsOn: Day
  readonly endsOn: Day
  readonly now: Date
}

/** Asks for a tier to be set by hand, for a customer whose row is locked. A second one in the scheme breaks `tier_override_current_key`. */
export async function insertOverride(db: Db, one: NewOverride): Promise<void> {
  const at = one.now.toISOString()
  await db.rows(sql`
    insert into tier_override (customer_id, id, institution_path, scheme_id, tier, reason, requested_by, starts_on, ends_on, state, created_at, updated_at)
    select c.id, ${one.id}::uuid, c.institution_path, ${one.schemeId}::uuid, ${one.tier}, ${one.reason}, ${one.requestedBy}::uuid,
      ${one.startsOn}::date, ${one.endsOn}::date, 'requested', ${at}::timestamptz, ${at}::timestamptz from customer c where c.id = ${one.customerId}::uuid`)
}

export interface StoredOverride {
  readonly schemeId: string
  readonly tier: string
  readonly endsOn: Day
  readonly state: TierOverrideState
  readonly version: number
}

export async function lockOverride(db: Db, customerId: string, id: string): Promise<StoredOverride | undefined> {
  const [row] = await db.rows<StoredOverride>(sql`
    select o.scheme_id as "schemeId", o.tier, o.ends_on::text as "endsOn", o.state, o.version from tier_override o join customer c on c.id = o.customer_id where o.customer_id = ${customerId}::uuid and o.id = ${id}::uuid for update of o`)
  return row
}

/** Lets all overrides of a scheme end today: the evaluation that follows takes them away. */
export async function endOverridesOf(db: Db, schemeId: string, today: Day): Promise<void> {
  await db.rows(
    sql`update tier_override set ends_on = ${today}::date where scheme_id = ${schemeId}::uuid and state = 'active' and ends_on > ${today}::date`,
  )
}

/** Lets an override end today: the evaluation that follows takes it away. */
export async function endOverride(db: Db, customerId: string, id: string, today: Day): Promise<void> {
  await db.rows(sql`
    update tier_override set ends_on = ${today}::date where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

/** Lets a requested override apply from a day on. */
export async function approveOverride(
  db: Db,
  customerId: string,
  id: string,
  {
    state,
    approverId,
    startsOn,
    now,
  }: { readonly state: TierOverrideState; readonly approverId: string; readonly startsOn: Day; readonly now: Date },
): Promise<void> {
  await db.rows(sql`
    update tier_override set state = ${state}, approver_id = ${approverId}::uuid, starts_on = ${startsOn}::date, version = version + 1, updated_at = ${now.toISOString()}::timestamptz
    where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}

/** Ends a requested override that was not approved. */
export async function closeOverride(db: Db, customerId: string, id: string, state: TierOverrideState, now: Date): Promise<void> {
  await db.rows(sql`
    update tier_override set state = ${state}, version = version + 1, updated_at = ${now.toISOString()}::timestamptz where customer_id = ${customerId}::uuid and id = ${id}::uuid`)
}
