import { wholeRule } from '../segments/rules.ts'
import { sql } from 'drizzle-orm'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import { canonicalRule, type Rule, durationConditions } from '../../../core/segmentation/rules/rule.ts'
import {
  type Classification,
  classificationChange,
  classificationExpression,
  classifiedColumns,
  closedUnreported,
  quintiles,
} from '../classifications/evaluate.ts'
import type { Db } from '../../platform/database.ts'
import { movesColumns, type TierPlan, tierSql } from '../tiers/evaluate.ts'
import type { Bind } from '../../platform/views/view.ts'
import { decisionFacts } from '../segments/explanation.ts'
import { conditionKey, conditionOf } from '../facts/rules.ts'
import type { StoredSegment } from '../segments/store.ts'

/** What a scan of the facts works out: memberships, tiers, classifications and scores. */
export interface Evaluation {
  readonly segments: readonly StoredSegment[]
  readonly tiers: readonly TierPlan[]
  /** Whether anybody’s tier is set by hand. */
  readonly overrides: boolean
  readonly classifications: readonly Classification[]
  readonly context: RuleContext
  readonly now: Date
  /** Those who are evaluated at; all where nobody is named. */
  readonly customerIds?: readonly string[]
}

/** How many stays in segments began and ended. */
export interface Evaluated {
  readonly entered: number
  readonly left: number
}

/**
 * Evaluates all active segments, tiers and classifications over the facts in one scan and writes what has changed: stays that began and ended with the facts
 * that decided, an event for each, and the row of facts itself. Whoever is no active customer leaves all.
 */
export async function evaluateSegments(db: Db, evaluation: Evaluation): Promise<Evaluated> {
  const { segments, classifications, context, customerIds } = evaluation
  const active = segments.filter(({ state }) => state === 'active')
  const rules = new Map(
    active.flatMap((one) => (one.rule === null ? [] : [[one.number, wholeRule(one.rule, segments)] as const])),
  )
  const policies = classifications.flatMap((policy) => policy.rules.map(({ rule }) => rule))
  await watchConditions(db, [...rules.values(), ...policies], context, customerIds)
  const values: unknown[] = []
  const text = statement(evaluation, active, rules, (value) => `$${values.push(value)}`)
  const [row] = await db.rows<Evaluated>({ text, values, prepared: false })
  return row!
}

function statement(
  { segments, tiers: plans, overrides, classifications, context, now, customerIds }: Evaluation,
  active: readonly StoredSegment[],
  rules: ReadonlyMap<number, Rule>,
  bind: Bind,
): string {
  const ids = customerIds === undefined ? undefined : `${bind(customerIds)}::uuid[]`
  const [at, today] = [`${bind(now.toISOString())}::timestamptz`, `${bind(context.today)}::date`]
  const members = active.map(({ number }) => {
    const rule = rules.get(number)
    return `case when ${rule ? conditionOf(rule, context, bind) : `${number} = any (f.segments)`} then ${number} end`
  })
  const asked = [...rules].map(([number, rule]) => `when ${number} then ${decisionFacts(rule, context, bind)}`)
  const asks = asked.length > 0 ? `case n ${asked.join(' ')} else '{}'::jsonb end` : `'{}'::jsonb`
  const tiers = tierSql(plans, { bind, today, overrides, among: ids === undefined ? '' : ` and o.customer_id = any (${ids})` })
  const assigned = [
    ...classifications.map((policy) => classificationExpression(policy, context, bind)),
    ...quintiles(context, bind),
  ]
  const columns = assigned.map(({ column }) => column)
  const classified = classifications.map((policy) => classificationChange(policy, context, bind))
  const definitions = bind(
    JSON.stringify(segments.map(({ id, number, ruleVersion, state }) => ({ id, number, ruleVersion, state }))),
  )
  const due = [
    `f.status = 'active'`,
    `f.segments <> '{}'`,
    ...[...columns, ...tiers.assign.map(({ column }) => column)].map((column) => `f.${column} is not null`),
    ...closedUnreported(classifications),
  ]
  const list = (parts: readonly string[]): string => parts.map((part) => `, ${part}`).join('')
  return `
    with definition as materialized (
      select * from json_to_recordset(${definitions}::json) as r (id uuid, number int, "ruleVersion" int, state text)
    ), scanned as (
      select s.*${list(tiers.move)}
      from (
        select f.customer_id, f.institution_path, f.status = 'active' as counts, f.segments as before,
          case when f.status = 'active' then ${members.length === 0 ? `'{}'::int[]` : `array_remove(array[${members.join(', ')}]::int[], null)`} else '{}'::int[] end as after
          ${list(columns.map((column) => `f.${column} as "${column} before"`))}${list(assigned.map(({ column, expression }) => `${expression} as "${column} after"`))}${list(tiers.read)}
        from customer_fact f${tiers.join} where (${due.join(' or ')})${ids === undefined ? '' : ` and f.customer_id = any (${ids})`}
        offset 0
      ) s offset 0
    ), changed as materialized (
      select * from scanned c where ${[`before <> after`, ...columns.map((column) => `"${column} before" is distinct from "${column} after"`), ...tiers.changed].join(' or ')}
    ), stored as (
      update customer_fact f set segments = ${segmentsAfter(active)}${list(columns.map((column) => `${column} = c."${column} after"`))}${list(tiers.assign.map(({ column, expression }) => `${column} = ${expression}`))}
      from changed c where f.customer_id = c.customer_id
    ), entering as materialized (
      select c.customer_id, c.institution_path, d.id as segment_id, d."ruleVersion" as rule_version, ${asks} as facts
      from changed c join customer_fact f on f.customer_id = c.customer_id cross join lateral unnest(c.after) n join definition d on d.number = n
      where c.before <> c.after and n <> all (c.before)
    ), leaving as materialized (
      select c.customer_id, c.institution_path, d.id as segment_id, d."ruleVersion" as rule_version, ${asks} as facts,
        case when d.state = 'retired' then 'retired' when f.status = 'deceased' then 'deceased' when not c.counts then 'closed' else 'rule' end as reason
      from changed c join customer_fact f on f.customer_id = c.customer_id cross join lateral unnest(c.before) n join definition d on d.number = n
      where c.before <> c.after and n <> all (c.after)
    ), entered as (
      insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at, entered_version, entered_facts)
      select customer_id, gen_random_uuid(), institution_path, segment_id, ${today}, ${at}, rule_version, facts from entering
      on conflict (customer_id, segment_id) where left_on is null do nothing
      returning customer_id, institution_path, segment_id
    ), ended as (
      update segment_membership m set left_on = greatest(m.entered_on, ${today}), left_at = ${at}, left_version = l.rule_version, left_facts = l.facts, left_reason = l.reason
      from leaving l where m.customer_id = l.customer_id and m.segment_id = l.segment_id and m.left_on is null
      returning m.customer_id, m.institution_path, m.segment_id
    ), segment_event as (
      insert into outbox_event (id, type, occurred_at, institution_path, customer_id, subject_type, subject_id, changed, payload)
      select gen_random_uuid(), type, ${at}, institution_path, customer_id, 'segment', segment_id::text, '{}', '{}'
      from (select 'segment.entered' as type, * from entered union all select 'segment.left', * from ended) e
    )${tiers.moves.length > 0 ? tierWrites(tiers.moves, { at, today }) : ''}${classified.length > 0 ? classificationWrites(classified, { at, today }) : ''}
    select (select count(*)::int from entered) as entered, (select count(*)::int from ended) as left`
}

/** What a row becomes. Lists that a command has changed since the scan are as they are now, not as the scan saw them. */
function segmentsAfter(active: readonly StoredSegment[]): string {
  const lists = active.filter(({ rule }) => rule === null).map(({ number }) => number)
  if (lists.length === 0) return 'c.after'
  const isList = `n = any ('{${lists.join(', ')}}'::int[])`
  return `case when f.segments = c.before or not c.counts then c.after
        else array(select n from unnest(c.after) n where not ${isList} union select n from unnest(f.segments) n where ${isList} order by 1) end`
}

/** Expressions for the instant and the day of what is written, and for what its ids follow from. */
interface Stamp {
  readonly at: string
  readonly today: string
}

/**
 * Stays in tiers that end and begin, and an event for each change. Those that end do so before others begin, since one at most lasts. A refresh that began before midnight
 * may end what a command has begun after it.
 */
function tierWrites(moves: readonly string[], { at, today }: Stamp): string {
  return `, moved as materialized (
      select c.customer_id, c.institution_path, t.*
      from changed c join customer_fact f on f.customer_id = c.customer_id cross join lateral (values ${moves.join(', ')}) t (${movesColumns})
      where t.was is distinct from t.becomes
    ), tier_ended as (
      update tier_membership m set ended_on = greatest(m.began_on, ${today}), ended_at = ${at}, ended_reason = case t.reason when 'entered' then 'scheme' else t.reason end,
        ended_version = t.scheme_version, ended_facts = t.facts
      from moved t where m.customer_id = t.customer_id and m.scheme_id = t.scheme_id and m.ended_on is null
      returning 1
    ), tier_started as (
      insert into tier_membership (customer_id, id, institution_path, scheme_id, tier, place, began_on, began_at, began_reason, began_version, began_facts)
      select customer_id, gen_random_uuid(), institution_path, scheme_id, becomes, place, ${today}, ${at}, reason, scheme_version, facts
      from moved where becomes is not null and (select count(*) from tier_ended) >= 0
      on conflict (customer_id, scheme_id) where ended_on is null do nothing
    ), tier_event as (
      insert into outbox_event (id, type, occurred_at, institution_path, customer_id, subject_type, subject_id, changed, payload)
      select gen_random_uuid(), 'tier.changed', ${at}, institution_path, customer_id, 'tier_scheme', scheme_id::text, '{}',
        jsonb_build_object('from', was, 'to', becomes, 'reason', reason) from moved
    )`
}

/** The same for what customers are classified as. Being classified for the first time is no change. */
function classificationWrites(classified: readonly string[], { at, today }: Stamp): string {
  return `, classified as materialized (
      select c.customer_id, c.institution_path, t.*
      from changed c join customer_fact f on f.customer_id = c.customer_id cross join lateral (values ${classified.join(', ')}) t (${classifiedColumns})
      where t.was is distinct from t.becomes
    ), period_ended as (
      update classification_period p set ended_on = greatest(p.began_on, ${today}), ended_at = ${at}
      from classified t where p.customer_id = t.customer_id and p.kind = t.kind and p.ended_on is null
      returning 1
    ), period_started as (
      insert into classification_period (customer_id, id, institution_path, kind, value, policy_version, rule_index, facts, began_on, began_at)
      select customer_id, gen_random_uuid(), institution_path, kind, becomes, policy_version, rule_index, facts, ${today}, ${at}
      from classified where becomes is not null and (select count(*) from period_ended) >= 0
      on conflict (customer_id, kind) where ended_on is null do nothing
    ), classification_event as (
      insert into outbox_event (id, type, occurred_at, institution_path, customer_id, subject_type, subject_id, changed, payload)
      select gen_random_uuid(), 'classification.changed', ${at}, institution_path, customer_id, 'classification', kind, '{}',
        jsonb_build_object('from', was, 'to', becomes) from classified where was is not null
    )`
}

/** Notes since when the conditions hold that rules watch over time, and forgets those that no rule watches any more. */
async function watchConditions(
  db: Db,
  rules: readonly Rule[],
  context: RuleContext,
  customerIds: readonly string[] | undefined,
): Promise<void> {
  const watched = new Map(rules.flatMap(durationConditions).map((rule) => [conditionKey(canonicalRule(rule)), rule]))
  if (customerIds === undefined)
    await db.rows(sql`delete from customer_condition where condition <> all (${sql.param([...watched.keys()])}::text[])`)
  for (const [key, rule] of watched) {
    const values: unknown[] = []
    const bind = (value: unknown): string => `$${values.push(value)}`
    const only = customerIds === undefined ? '' : ` and f.customer_id = any (${bind(customerIds)}::uuid[])`
    const [condition, today] = [`${bind(key)}::text`, `${bind(context.today)}::date`]
    const holds = conditionOf(rule, context, bind)
    const text = `
      with evaluated as materialized (
        select f.customer_id, f.institution_path, f.status = 'active' and coalesce(${holds}, false) as holds from customer_fact f where true${only}
      ), ended as (
        delete from customer_condition h using evaluated l where h.customer_id = l.customer_id and h.condition = ${condition} and not l.holds
      )
      insert into customer_condition (customer_id, condition, institution_path, since)
      select customer_id, ${condition}, institution_path, ${today} from evaluated where holds
      on conflict (customer_id, condition) do nothing`
    await db.rows({ text, values, prepared: false })
  }
}
