import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { ClassificationKind, ClassificationRule } from '../../../core/segmentation/classifications.ts'
import type { Db } from '../../platform/database.ts'
import { type DecisionFacts, type KnownCustomer, knownCustomer } from '../segments/explanation.ts'

/** A period as it is explained: instants as ISO texts. */
export interface ClassifiedPeriod {
  readonly id: string
  readonly value: string
  /** 0 for the default. */
  readonly policyVersion: number
  readonly beganOn: Day
  readonly beganAt: string
  readonly facts: DecisionFacts
}

export interface ClassificationState extends KnownCustomer {
  /** The period that was asked for, else the one that lasts. */
  readonly period: ClassifiedPeriod | null
  /** The version of a bank that decided, or that holds today; null where the default does. */
  readonly policy: {
    readonly policyVersion: number
    readonly rules: readonly ClassificationRule[]
    readonly defaultValue: string | null
  } | null
}

interface Asked {
  readonly customerId: string
  readonly kind: ClassificationKind
  readonly periodId: string | undefined
  readonly today: Day
}

/** How a customer is classified by a kind of policy, in one statement; undefined where the customer is out of scope. */
export async function readClassificationState(
  db: Db,
  { customerId, kind, periodId: asked, today }: Asked,
): Promise<ClassificationState | undefined> {
  const periodId = asked ?? null
  const [row] = await db.rows<ClassificationState>(sql`
    select ${knownCustomer()}, p.period, (
      select jsonb_build_object('policyVersion', y.version) || y.definition from policy_version y
      where y.kind = 'classification' and y.key = ${kind} and case when ${periodId}::uuid is not null then y.version = p.policy_version else y.effective_on <= ${today}::date end
      order by y.effective_on desc, y.version desc limit 1
    ) as policy
    from customer c left join customer_fact f on f.customer_id = c.id left join lateral (
      select p.policy_version, json_build_object('id', p.id, 'value', p.value, 'policyVersion', p.policy_version, 'beganOn', p.began_on, 'beganAt', p.began_at, 'facts', p.facts) as period
      from classification_period p where p.customer_id = c.id and p.kind = ${kind} and case when ${periodId}::uuid is null then p.ended_on is null else p.id = ${periodId}::uuid end limit 1
    ) p on true
    where c.id = ${customerId}::uuid`)
  return row
}
