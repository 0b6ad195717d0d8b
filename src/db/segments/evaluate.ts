import { sql } from 'drizzle-orm'
import { type FactName, facts } from '../../core/facts.ts'
import type { RuleContext } from '../../core/rules/resolve.ts'
import { canonicalRule, type Rule, usedFacts, watchedConditions } from '../../core/rules/rule.ts'
import type { Db } from '../database.ts'
import { factColumn } from '../facts/columns.ts'
import { conditionKey, conditionOf, wholeRule } from './rules.ts'
import type { StoredSegment } from './store.ts'

/** What a scan of the facts works out and keeps on the row besides memberships. */
export interface Assignment {
  readonly column: string
  /** Over the row `f`. */
  readonly expression: (bind: (value: unknown) => string) => string
}

export interface Evaluation {
  readonly segments: readonly StoredSegment[]
  readonly context: RuleContext
  readonly assignments: readonly Assignment[]
  readonly now: Date
  /** Those who are looked at; all where nobody is named. */
  readonly customerIds?: readonly string[]
}

/** How many stays in segments began and ended. */
export interface Evaluated {
  readonly entered: number
  readonly left: number
}

const storedFact = (name: FactName): FactName => {
  const fact = facts[name]
  return 'since' in fact ? (fact.since.fact as FactName) : name
}

/** The facts that a rule asks for as they are stored, amounts as text, as a JSON object. */
function factsAsked(rule: Rule): string {
  const names = [...new Set(usedFacts(rule).map(storedFact))]
  const pairs = names.map((name) => `'${name}', f.${factColumn(name)}${facts[name].type === 'money' ? '::text' : ''}`)
  return `jsonb_build_object(${pairs.slice(0, 45).join(', ')})${pairs.length > 45 ? ` || jsonb_build_object(${pairs.slice(45).join(', ')})` : ''}`
}

/**
 * Evaluates all active segments over the facts in one scan and writes what has changed: who entered and left with the facts that decided, an event for each,
 * and the row of facts itself. Whoever is no active customer leaves all.
 */
export async function evaluateSegments(
  db: Db,
  { segments, context, assignments, now, customerIds }: Evaluation,
): Promise<Evaluated> {
  const active = segments.filter(({ state }) => state === 'active')
  const rules = new Map(
    active.flatMap((one) => (one.rule === null ? [] : [[one.number, wholeRule(one.rule, segments)] as const])),
  )
  await watchConditions(db, [...rules.values()], context, customerIds)
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const only = customerIds === undefined ? '' : ` and f.customer_id = any (${bind(customerIds)}::uuid[])`
  const members = active.map(({ number }) => {
    const rule = rules.get(number)
    return `case when ${rule ? conditionOf(rule, context, bind) : `${number} = any (f.segments)`} then ${number} end`
  })
  const assigned = assignments.map(({ column, expression }) => ({ column, expression: expression(bind) }))
  const asked = [...rules].map(([number, rule]) => `when ${number} then ${factsAsked(rule)}`)
  const asks = asked.length > 0 ? `case n ${asked.join(' ')} else '{}'::jsonb end` : `'{}'::jsonb`
  const [at, today] = [`${bind(now.toISOString())}::timestamptz`, `${bind(context.today)}::date`]
  const definitions = bind(
    JSON.stringify(segments.map(({ id, number, ruleVersion, state }) => ({ id, number, ruleVersion, state }))),
  )
  const text = `
    with definition as materialized (
      select * from json_to_recordset(${definitions}::json) as r (id uuid, number int, "ruleVersion" int, state text)
    ), scanned as (
      select f.customer_id, f.institution_path, f.status = 'active' as counts, f.segments as before,
        case when f.status = 'active' then ${members.length === 0 ? `'{}'::int[]` : `array_remove(array[${members.join(', ')}]::int[], null)`} else '{}'::int[] end as after
        ${assigned.map(({ column, expression }) => `, f.${column} as "${column} before", case when f.status = 'active' then ${expression} end as "${column} after"`).join('')}
      from customer_fact f where (f.status = 'active' or f.segments <> '{}'${assigned.map(({ column }) => ` or f.${column} is not null`).join('')})${only}
      offset 0
    ), changed as materialized (
      select * from scanned where before <> after${assigned.map(({ column }) => ` or "${column} before" is distinct from "${column} after"`).join('')}
    ), kept as (
      update customer_fact f set segments = c.after${assigned.map(({ column }) => `, ${column} = c."${column} after"`).join('')}
      from changed c where f.customer_id = c.customer_id
    ), entering as materialized (
      select c.customer_id, c.institution_path, d.id as segment_id, d."ruleVersion" as rule_version, ${asks} as facts
      from changed c join customer_fact f on f.customer_id = c.customer_id cross join lateral unnest(c.after) n join definition d on d.number = n
      where c.before <> c.after and n <> all (c.before)
    ), leaving as materialized (
      select c.customer_id, c.institution_path, d.id as segment_id, d."ruleVersion" as rule_version, ${asks} as facts,
        case when d.state = 'retired' then 'retired' when not c.counts then 'closed' else 'rule' end as reason
      from changed c join customer_fact f on f.customer_id = c.customer_id cross join lateral unnest(c.before) n join definition d on d.number = n
      where c.before <> c.after and n <> all (c.after)
    ), entered as (
      insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at, entered_version, entered_facts)
      select customer_id, md5(customer_id::text || segment_id::text || ${at}::text)::uuid, institution_path, segment_id, ${today}, ${at}, rule_version, facts from entering
      on conflict (customer_id, segment_id) where left_on is null do nothing
      returning customer_id, institution_path, segment_id
    ), ended as (
      update segment_membership m set left_on = ${today}, left_at = ${at}, left_version = l.rule_version, left_facts = l.facts, left_reason = l.reason
      from leaving l where m.customer_id = l.customer_id and m.segment_id = l.segment_id and m.left_on is null
      returning m.customer_id, m.institution_path, m.segment_id
    ), told as (
      insert into outbox_event (id, type, occurred_at, institution_path, customer_id, subject_type, subject_id, changed, payload)
      select md5(type || customer_id::text || segment_id::text || ${at}::text)::uuid, type, ${at}, institution_path, customer_id, 'segment', segment_id::text, '{}', '{}'
      from (select 'segment.entered' as type, * from entered union all select 'segment.left', * from ended) e
    ) select (select count(*)::int from entered) as entered, (select count(*)::int from ended) as left`
  const [row] = await db.rows<Evaluated>({ text, values, prepared: false })
  return row!
}

/** Notes since when the conditions hold that rules watch over time, and forgets those that no rule watches any more. */
async function watchConditions(
  db: Db,
  rules: readonly Rule[],
  context: RuleContext,
  customerIds: readonly string[] | undefined,
): Promise<void> {
  const watched = new Map(rules.flatMap(watchedConditions).map((rule) => [conditionKey(canonicalRule(rule)), rule]))
  if (customerIds === undefined)
    await db.rows(sql`delete from customer_condition where condition <> all (${sql.param([...watched.keys()])}::text[])`)
  for (const [key, rule] of watched) {
    const values: unknown[] = []
    const bind = (value: unknown): string => `$${values.push(value)}`
    const only = customerIds === undefined ? '' : ` and f.customer_id = any (${bind(customerIds)}::uuid[])`
    const [condition, today] = [`${bind(key)}::text`, `${bind(context.today)}::date`]
    const holds = conditionOf(rule, context, bind)
    const text = `
      with looked as materialized (
        select f.customer_id, f.institution_path, f.status = 'active' and coalesce(${holds}, false) as holds from customer_fact f where true${only}
      ), ended as (
        delete from customer_condition h using looked l where h.customer_id = l.customer_id and h.condition = ${condition} and not l.holds
      )
      insert into customer_condition (customer_id, condition, institution_path, since)
      select customer_id, ${condition}, institution_path, ${today} from looked where holds
      on conflict (customer_id, condition) do nothing`
    await db.rows({ text, values, prepared: false })
  }
}
