import { type SQL, sql } from 'drizzle-orm'
import { usedFactsOf } from '../facts/used-facts.ts'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { CurrencyCode } from '../../../core/kernel/currencies.ts'
import type { FactName } from '../../../core/segmentation/facts.ts'
import type { Subject } from '../../../core/segmentation/rules/evaluate.ts'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import { canonicalRule, partsOf, type Rule, usedFacts, durationConditions } from '../../../core/segmentation/rules/rule.ts'
import type { LeavingReason } from '../../../core/segmentation/segments.ts'
import type { Db } from '../../platform/database.ts'
import type { StoredPercentile } from '../facts/percentiles.ts'
import { storedFactsOf, valuesOf } from '../facts/values.ts'
import type { Bind } from '../../platform/views/view.ts'
import { chanceOf, conditionKey, ruleContext } from '../facts/rules.ts'
import type { StoredSegment } from './store.ts'

export const decisions = ['entered', 'left'] as const
export type Decision = (typeof decisions)[number]

/** A stay as it is explained: instants as ISO texts. */
export interface Membership {
  readonly id: string
  readonly enteredOn: Day
  readonly enteredAt: string
  readonly enteredBy: string | null
  readonly enteredVersion: number | null
  readonly enteredFacts: DecisionFacts
  readonly leftOn: Day | null
  readonly leftAt: string | null
  readonly leftBy: string | null
  readonly leftVersion: number | null
  readonly leftFacts: DecisionFacts | null
  readonly leftReason: LeavingReason | null
}

/** What is known of a customer now. */
export interface KnownCustomer {
  /** Whether the record is active: others are in no segment. */
  readonly active: boolean
  /** The facts as they are stored now; null where none are worked out. */
  readonly stored: Readonly<Record<string, unknown>> | null
  /** Numbers of the segments in which the customer is. */
  readonly segments: readonly number[]
  /** Since when watched conditions hold, by their keys. */
  readonly since: Readonly<Record<string, Day>>
}

/** The state of a customer in a segment. */
export interface MembershipState extends KnownCustomer {
  /** The stay that was asked for, else the latest one. */
  readonly stay: Membership | null
}

/** Columns of `KnownCustomer` over the customer `c` and the row `f` of facts, if any. */
export const knownCustomer =
  (): SQL => sql`c.status = 'active' as active, case when f.customer_id is not null then ${storedFactsOf()} end as stored, coalesce(f.segments, '{}') as segments,
      coalesce((select jsonb_object_agg(h.condition, h.since) from customer_condition h where h.customer_id = c.id), '{}') as since`

/** The state of a customer in a segment, in one statement; undefined where the customer is out of scope. */
export async function readMembershipState(
  db: Db,
  {
    customerId,
    segmentId,
    stayId,
    decision,
  }: {
    readonly customerId: string
    readonly segmentId: string
    readonly stayId: string | undefined
    readonly decision: Decision | undefined
  },
): Promise<MembershipState | undefined> {
  const [row] = await db.rows<MembershipState>(sql`
    select ${knownCustomer()}, m.stay
    from customer c left join customer_fact f on f.customer_id = c.id left join lateral (
      select json_build_object('id', m.id, 'enteredOn', m.entered_on, 'enteredAt', m.entered_at, 'enteredBy', m.entered_by, 'enteredVersion', m.entered_version, 'enteredFacts', m.entered_facts,
        'leftOn', m.left_on, 'leftAt', m.left_at, 'leftBy', m.left_by, 'leftVersion', m.left_version, 'leftFacts', m.left_facts, 'leftReason', m.left_reason) as stay
      from segment_membership m where m.customer_id = c.id and m.segment_id = ${segmentId}::uuid and (${stayId ?? null}::uuid is null or m.id = ${stayId ?? null}::uuid)
        and (${decision ?? null}::text is distinct from 'left' or m.left_on is not null)
      order by m.entered_at desc, m.id limit 1
    ) m on true
    where c.id = ${customerId}::uuid`)
  return row
}

export interface Definitions {
  readonly segments: readonly StoredSegment[]
  readonly cuts: readonly Pick<StoredPercentile, 'path' | 'fact' | 'cuts'>[]
  readonly institutions: readonly { readonly code: string; readonly path: string }[]
}

/** All segments with the rules that hold, or held at an instant, one that is asked for in one version, and what divides customers into percentiles: in one statement. */
export async function readDefinitions(
  db: Db,
  {
    segmentId,
    ruleVersion,
    at,
  }: { readonly segmentId: string | null; readonly ruleVersion: number | null; readonly at: string | null },
): Promise<Definitions> {
  const [row] = await db.rows<Definitions>(sql`
    select (
      select coalesce(json_agg(json_build_object('id', s.id, 'number', s.number, 'code', s.code, 'name', s.name, 'kind', s.kind, 'state', s.state, 'ruleVersion', v.rule_version, 'rule', v.rule, 'version', s.version)
        order by s.number), '[]')
      from segment s left join lateral (
        select v.rule_version, v.rule, v.created_at <= ${at}::timestamptz as was from segment_version v
        where v.segment_id = s.id and case when s.id = ${segmentId}::uuid and ${ruleVersion}::int is not null then v.rule_version = ${ruleVersion}::int
          when ${at}::timestamptz is null then v.rule_version = s.rule_version else true end
        order by was desc, case when v.created_at <= ${at}::timestamptz then -v.rule_version else v.rule_version end limit 1
      ) v on true
    ) as segments,
      (select coalesce(json_agg(json_build_object('path', path, 'fact', fact, 'cuts', cuts::text[])), '[]') from fact_cut) as cuts,
      (select coalesce(json_agg(json_build_object('code', code, 'path', path)), '[]') from institution where path in (select path from fact_cut)) as institutions`)
  return row!
}

/** What a rule was answered from, as a membership keeps it: facts by their names, and what else it asked for. */
export interface DecisionFacts {
  readonly '@since'?: Readonly<Record<string, Day | null>>
  readonly '@lists'?: readonly number[]
  readonly '@cuts'?: Readonly<Record<string, string>>
  readonly [fact: string]: unknown
}

const cutKey = (fact: FactName, institution: string | undefined, percentile: number): string =>
  `${fact} ${institution ?? ''} ${percentile}`

/**
 * What a whole rule asks for over the row `f`, as a JSON object: stored facts with amounts as text, since when its watched conditions hold, which of its lists the
 * customer is on, and the values behind its percentiles. With the version of the rule it is all that is needed to answer it again.
 */
export function decisionFacts(rule: Rule, context: RuleContext, bind: Bind): string {
  const objects = [usedFactsOf(usedFacts(rule))]
  const watched = durationConditions(rule).map((one) => conditionKey(canonicalRule(one)))
  if (watched.length > 0)
    objects.push(
      `jsonb_build_object('@since', (select jsonb_object_agg(k, h.since) from unnest(${bind(watched)}::text[]) k left join customer_condition h on h.customer_id = f.customer_id and h.condition = k))`,
    )
  const parts = partsOf(rule)
  const lists = parts.flatMap((part) => ('listed' in part ? [part.listed] : []))
  if (lists.length > 0)
    objects.push(
      `jsonb_build_object('@lists', to_jsonb(array(select n from unnest(${bind(lists)}::int[]) n where n = any (f.segments) order by n)))`,
    )
  const cuts = parts.flatMap((part) => {
    if (!('percentile' in part)) return []
    const { institution, between, ...one } = part.percentile
    return (between ?? Object.values(one)).map((percentile: number) => [
      cutKey(part.fact, institution, percentile),
      context.cut(part.fact, institution, percentile),
    ])
  })
  if (cuts.length > 0) objects.push(`jsonb_build_object('@cuts', ${bind(JSON.stringify(Object.fromEntries(cuts)))}::jsonb)`)
  return `(${objects.join(' || ')})`
}

/** What a rule is answered from. */
export interface ExplainedState {
  readonly subject: Subject
  readonly context: RuleContext
}

interface Asked {
  readonly customerId: string
  readonly today: Day
  readonly baseCurrency: string
}

/** What is known of a customer now. */
export function stateNow(
  { stored, segments, since }: KnownCustomer,
  definitions: Definitions,
  { customerId, today, baseCurrency }: Asked,
): ExplainedState {
  const values = valuesOf(stored ?? {}, today)
  return {
    subject: {
      fact: (name) => values.get(name) ?? null,
      since: (condition) => since[conditionKey(condition)] ?? null,
      listed: (number) => segments.includes(number),
      chance: (seed) => chanceOf(seed, customerId),
    },
    context: ruleContext({ ...definitions, today, baseCurrency }),
  }
}

/** What was known when a decision was taken, as far as it was stored. */
export function stateThen(facts: DecisionFacts, { customerId, today, baseCurrency }: Asked): ExplainedState {
  const values = valuesOf(facts, today)
  return {
    subject: {
      fact: (name) => values.get(name) ?? null,
      since: (condition) => facts['@since']?.[conditionKey(condition)],
      listed: (number) => facts['@lists']?.includes(number),
      chance: (seed) => chanceOf(seed, customerId),
    },
    context: {
      today,
      baseCurrency: baseCurrency as CurrencyCode,
      cut: (fact, institution, percentile) => facts['@cuts']?.[cutKey(fact, institution, percentile)],
    },
  }
}
