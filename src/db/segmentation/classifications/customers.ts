import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { StoredClassificationKind } from '../../../core/segmentation/classifications.ts'
import type { Db } from '../../platform/database.ts'

export interface CurrentPeriod {
  readonly kind: StoredClassificationKind
  readonly value: string
  readonly policyVersion: number
  readonly ruleIndex: number | null
  readonly beganOn: Day
}

export interface Declared {
  readonly preference: string
  readonly declaredAt: Date
}

/** What a customer is classified as, what was declared, and on which lists they are. Undefined for one whom the caller may not see. */
export async function findClassification(
  db: Db,
  customerId: string,
): Promise<
  | { readonly periods: readonly CurrentPeriod[]; readonly declared: Declared | null; readonly segments: readonly number[] }
  | undefined
> {
  const [row] = await db.rows<{
    periods: CurrentPeriod[]
    declared: { preference: string; declaredAt: string } | null
    segments: number[]
  }>(sql`
    select (select coalesce(json_agg(json_build_object('kind', p.kind, 'value', p.value, 'policyVersion', p.policy_version, 'ruleIndex', p.rule_index, 'beganOn', p.began_on)), '[]')
        from classification_period p where p.customer_id = c.id and p.ended_on is null) as periods,
      (select json_build_object('preference', r.preference, 'declaredAt', r.declared_at) from relationship_preference r where r.customer_id = c.id and r.superseded_at is null) as declared,
      coalesce((select f.segments from customer_fact f where f.customer_id = c.id), '{}') as segments
    from customer c where c.id = ${customerId}::uuid`)
  return row && { ...row, declared: row.declared && { ...row.declared, declaredAt: new Date(row.declared.declaredAt) } }
}

export interface NewPreference {
  readonly id: string
  readonly customerId: string
  readonly preference: string
  readonly note: string | null
  readonly declaredBy: string | null
  readonly now: Date
}

/** Adds a declaration for a customer whose row is locked; the one before is superseded. */
export async function insertPreference(db: Db, one: NewPreference): Promise<void> {
  const at = one.now.toISOString()
  await db.rows(sql`
    update relationship_preference set superseded_at = ${at}::timestamptz where customer_id = ${one.customerId}::uuid and superseded_at is null`)
  await db.rows(sql`
    insert into relationship_preference (customer_id, id, institution_path, preference, note, declared_by, declared_at)
    select c.id, ${one.id}::uuid, c.institution_path, ${one.preference}, ${one.note}, ${one.declaredBy}::uuid, ${at}::timestamptz from customer c where c.id = ${one.customerId}::uuid`)
}
