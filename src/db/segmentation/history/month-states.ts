import { sql } from 'drizzle-orm'
import type { Day } from '../../../core/kernel/calendar.ts'
import { classificationFacts } from '../../../core/segmentation/classifications.ts'
import { type FactName, storedFacts } from '../../../core/segmentation/facts.ts'
import { type FeedsSince, knownWhere, neededOf } from '../../../core/segmentation/history.ts'
import type { RuleContext } from '../../../core/segmentation/rules/resolve.ts'
import type { Rule } from '../../../core/segmentation/rules/rule.ts'
import type { Db } from '../../platform/database.ts'
import type { Bind } from '../../platform/views/view.ts'
import { type Classification, classificationExpression, quintiles } from '../classifications/evaluate.ts'
import { factColumn } from '../facts/columns.ts'
import { conditionOf } from '../facts/rules.ts'
import { moveOf, readOf, type TierPlan } from '../tiers/evaluate.ts'
import { knownCondition } from './month-facts.ts'

/** What is worked out of a month-end, from the facts that are stored of it. */
export interface MonthStates {
  readonly monthEnd: Day
  /** The month-end before, where tiers are held from. */
  readonly before: Day
  readonly feeds: FeedsSince
  readonly context: RuleContext
  readonly tiers: readonly TierPlan[]
  readonly classifications: readonly Classification[]
  /** Active segments with their whole rules; null for lists, of which no day past can tell. */
  readonly segments: readonly { readonly id: string; readonly number: number; readonly rule: Rule | null }[]
}

const scores: Readonly<Record<string, FactName>> = {
  recency_score: 'recencyScore',
  frequency_score: 'frequencyScore',
  monetary_score: 'monetaryScore',
}
const classified = new Set<FactName>(Object.values(classificationFacts))

/**
 * Tells tiers, classifications and segments of everybody as of a month-end, by rules that hold today, one after the other: rules see the tiers of that day, and those of
 * segments its classifications. Whatever rests on facts that are not known of a customer is null, and named as undetermined.
 */
export async function determineMonthStates(db: Db, month: MonthStates): Promise<void> {
  const values: unknown[] = []
  await db.rows({ text: statement(month, (value) => `$${values.push(value)}`), values, prepared: false })
  await countSegments(db, month)
}

function statement(
  { monthEnd, before, feeds, context, tiers: plans, classifications, segments }: MonthStates,
  bind: Bind,
): string {
  const day = `${bind(monthEnd)}::date`
  const row = { balancesFrom: 'f.balances_from', openings: 'f.openings_known', transactedOn: 'f.last_transaction_on' }
  const known = (names: readonly FactName[] | undefined): string => {
    if (!names) return 'false'
    const own = names.filter((name) => name !== 'tiers' && !classified.has(name))
    const where = knownWhere(own, monthEnd, feeds)
    if (!where) return 'false'
    const conditions = [
      knownCondition(where, row) ?? 'true',
      ...(names.includes('tiers') ? ['f.tiers_known'] : []),
      ...names.filter((name) => classified.has(name)).map((name) => `'${name}' <> all (f.undetermined)`),
    ]
    return `(${conditions.join(' and ')})`
  }
  const needed = (rules: readonly Rule[]): readonly FactName[] | undefined => {
    const all = rules.map(neededOf)
    return all.includes(undefined) ? undefined : all.flatMap((names) => names!)
  }
  const list = (parts: readonly string[]): string => parts.map((part) => `, ${part}`).join('')

  const read = plans.flatMap((plan) => readOf(plan, bind, day, false))
  const move = plans.map((plan) => moveOf(plan, bind, day))
  const measured = plans.map(({ scheme: { slot, measure } }) => `f.status = 'active' and ${known([measure])} as measured_${slot}`)
  const bySlot = new Map(plans.map((plan) => [plan.scheme.slot, plan]))
  const slots = Array.from({ length: Math.max(0, ...bySlot.keys()) }, (_, index) => index + 1)
  const perSlot = (type: string, element: (slot: number) => string): string =>
    `array[${slots.map((slot) => (bySlot.has(slot) ? `case when c.measured_${slot} then ${element(slot)} end` : 'null')).join(', ')}]::${type}[]`
  const below = (slot: number): string => `case when c.place_${slot} > c.fit_${slot} then coalesce(c.since_${slot}, ${day}) end`
  const named = plans.map(({ scheme: { slot, code, thresholds } }) => {
    const codes = bind(thresholds.map((one) => `${code}:${one.code}`))
    return `case when c.measured_${slot} then (${codes}::text[])[c.place_${slot}] end`
  })
  const open = plans.map(({ scheme: { slot, kinds } }) => `(c.measured_${slot} or c.kind <> all (${bind(kinds)}::text[]))`)

  // A policy that asks for what another one says sees it from before, and a month-end has no before.
  const policies = classifications.map((policy) => {
    const { column, expression } = classificationExpression(policy, context, bind)
    const names = needed(policy.rules.map(({ rule }) => rule))
    const determined = names?.some((name) => classified.has(name)) ? 'false' : known(names)
    return {
      name: classificationFacts[policy.kind],
      column,
      determined,
      expression: `case when f.status <> 'active' or ${determined} then ${expression} end`,
    }
  })
  const scored = quintiles(context, bind).map(({ column, expression }) => ({
    column,
    expression: `case when ${known([scores[column]!])} then ${expression} end`,
  }))
  const columns = [...policies, ...scored]
  const asStored = storedFacts
    .map(factColumn)
    .filter((name) => name !== 'tiers' && !columns.some(({ column }) => column === name))
  const members = segments.map(({ number, rule }) => {
    const determined = rule === null ? 'false' : known(needed([rule]))
    return {
      within:
        rule === null || determined === 'false'
          ? undefined
          : `case when ${determined} and ${conditionOf(rule, context, bind)} then ${number} end`,
      undeterminedIf: determined === '(true)' ? undefined : `case when not ${determined} then '${number}' end`,
    }
  })
  const array = (type: string, parts: readonly (string | undefined)[]): string => {
    const some = parts.filter((part) => part !== undefined)
    return some.length === 0 ? `'{}'::${type}[]` : `array_remove(array[${some.join(', ')}]::${type}[], null)`
  }
  const active = (expression: string, empty: string): string =>
    `case when f.status = 'active' then ${expression} else ${empty} end`
  return `
    with held as (
      select m.customer_id, m.institution_path, m.balances_from, m.openings_known${list(storedFacts.map((name) => `m.${factColumn(name)}`))}, g.tier_places, g.tier_below
      from customer_fact_month m left join customer_fact_month g on g.customer_id = m.customer_id and g.month_end = ${bind(before)}::date
      where m.month_end = ${day} and m.reconstructed
    ), placed as (
      select c.customer_id, c.institution_path, c.balances_from, c.openings_known${list(asStored.map((name) => `c.${name}`))},
        case when c.status = 'active' then ${array('text', named)} end as tiers, ${perSlot('int', (slot) => `c.place_${slot}`)} as tier_places,
        ${perSlot('date', below)} as tier_below, ${open.length === 0 ? 'true' : open.join(' and ')} as tiers_known
      from (select s.*${list(move)} from (select f.*${list(read)}${list(measured)} from held f offset 0) s offset 0) c
    ), classed as (
      select f.*${list(columns.map(({ column, expression }) => `${expression} as ${column}`))},
        ${active(
          array(
            'text',
            policies.map(({ name, determined }) => `case when not ${determined} then '${name}' end`),
          ),
          `'{}'::text[]`,
        )} as undetermined
      from placed f
    ), determined as (
      select f.*, ${active(
        array(
          'int',
          members.map(({ within }) => within),
        ),
        `'{}'::int[]`,
      )} as segments,
        f.undetermined || ${active(
          array(
            'text',
            members.map(({ undeterminedIf }) => undeterminedIf),
          ),
          `'{}'::text[]`,
        )} as all_undetermined
      from classed f
    )
    update customer_fact_month m set tiers = t.tiers, tier_places = t.tier_places, tier_below = t.tier_below, segments = t.segments, undetermined = t.all_undetermined
      ${list(columns.map(({ column }) => `${column} = t.${column}`))}
    from determined t where m.customer_id = t.customer_id and m.month_end = ${day}`
}

/** Notes of how many customers the month-end tells whether they were in each segment. */
async function countSegments(db: Db, { monthEnd, segments }: MonthStates): Promise<void> {
  const known = JSON.stringify(segments.map(({ id, number }) => ({ id, number: String(number) })))
  await db.rows(sql`
    with everybody as (
      select count(*)::int as n from customer_fact_month where month_end = ${monthEnd}::date and reconstructed and status = 'active'
    ), lacking as (
      select u.number, count(*)::int as n from customer_fact_month m cross join lateral unnest(m.undetermined) u (number)
      where m.month_end = ${monthEnd}::date and m.reconstructed and m.status = 'active' group by 1
    )
    insert into segment_month (segment_id, month_end, determined, undetermined)
    select d.id, ${monthEnd}::date, e.n - coalesce(u.n, 0), coalesce(u.n, 0)
    from json_to_recordset(${known}::json) as d (id uuid, number text) cross join everybody e left join lacking u on u.number = d.number where e.n > 0
    on conflict (segment_id, month_end) do update set determined = excluded.determined, undetermined = excluded.undetermined`)
}
