import { tierSchemeVersions } from './store.ts'
import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { CustomerKind } from '../../../core/dossier/customers.ts'
import type { FactName } from '../../../core/segmentation/facts.ts'
import type { Threshold, TierReason } from '../../../core/segmentation/tiers.ts'
import type { Db } from '../../platform/database.ts'
import { type DecisionFacts, type KnownCustomer, knownCustomer } from '../segments/explanation.ts'

export const tierDecisions = ['began', 'ended'] as const
export type TierDecision = (typeof tierDecisions)[number]

/** A stay in a tier as it is explained: instants as ISO texts. */
export interface TierPeriod {
  readonly id: string
  readonly tier: string
  readonly beganOn: Day
  readonly beganAt: string
  readonly beganReason: TierReason
  readonly beganFacts: DecisionFacts
  readonly endedOn: Day | null
  readonly endedAt: string | null
  readonly endedReason: TierReason | null
  readonly endedFacts: DecisionFacts | null
}

/** The state of a customer in a scheme of tiers. */
export interface TierExplanationState extends KnownCustomer {
  /** Null where there is no such scheme, or it begins later. */
  readonly scheme: {
    readonly code: string
    readonly name: string
    readonly kinds: readonly CustomerKind[]
    readonly measure: FactName
    readonly schemeVersion: number
    readonly graceDays: number
    /** Those of the subtree in which the customer is. */
    readonly thresholds: readonly Threshold[]
  } | null
  /** 0 below the lowest line; null where the scheme does not apply. */
  readonly place: number | null
  readonly belowSince: Day | null
  /** First day on which what somebody set holds no more; null where nobody did. */
  readonly overrideEndsOn: Day | null
  /** The stay that was asked for, else the latest one. */
  readonly stay: TierPeriod | null
}

interface Asked {
  readonly customerId: string
  readonly schemeId: string
  readonly stayId: string | undefined
  readonly decision: TierDecision | undefined
  readonly today: Day
}

/** The state of a customer in a scheme, by the version that decided, in one statement; undefined where the customer is out of scope. */
export async function readTierExplanationState(db: Db, asked: Asked): Promise<TierExplanationState | undefined> {
  const { customerId, schemeId, today } = asked
  const [stayId, decision] = [asked.stayId ?? null, asked.decision ?? null]
  const [row] = await db.rows<TierExplanationState>(sql`
    select ${knownCustomer()}, f.tier_places[s.slot] as place, f.tier_below[s.slot]::text as "belowSince", m.stay,
      (select o.ends_on::text from tier_override o where o.customer_id = c.id and o.scheme_id = s.id and o.state = 'active' and o.ends_on > ${today}::date limit 1) as "overrideEndsOn",
      case when v.scheme_version is not null then json_build_object('code', s.code, 'name', s.name, 'kinds', s.kinds, 'measure', s.measure, 'schemeVersion', v.scheme_version, 'graceDays', v.grace_days,
        'thresholds', coalesce((select e -> 'thresholds' from jsonb_array_elements(v.subtrees) e join institution i on i.code = e ->> 'institutionCode'
          where c.institution_path ^@ i.path order by length(i.path) desc limit 1), v.thresholds)) end as scheme
    from customer c left join customer_fact f on f.customer_id = c.id left join tier_scheme s on s.id = ${schemeId}::uuid left join lateral (
      select m.began_version, m.ended_version, json_build_object('id', m.id, 'tier', m.tier, 'beganOn', m.began_on, 'beganAt', m.began_at, 'beganReason', m.began_reason, 'beganFacts', m.began_facts,
        'endedOn', m.ended_on, 'endedAt', m.ended_at, 'endedReason', m.ended_reason, 'endedFacts', m.ended_facts) as stay
      from tier_membership m where m.customer_id = c.id and m.scheme_id = s.id and (${stayId}::uuid is null or m.id = ${stayId}::uuid) and (${decision}::text is distinct from 'ended' or m.ended_on is not null)
      order by m.began_at desc, m.id limit 1
    ) m on true left join lateral (
      select v.* from ${sql.raw(tierSchemeVersions)} v
      where v.scheme_id = s.id and case when ${decision}::text is not null then v.scheme_version = case when ${decision} = 'began' then m.began_version else m.ended_version end
        when s.evaluated_version is not null then v.scheme_version = s.evaluated_version else v.effective_on <= ${today}::date end
      order by v.effective_on desc limit 1
    ) v on true
    where c.id = ${customerId}::uuid`)
  return row
}
