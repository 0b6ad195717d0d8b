/** A segment in two forms: as the bank's administrators write it, and as a condition over `customer_fact` that somebody wrote by hand. */
export interface BenchSegment {
  readonly code: string
  readonly rule: object
  /** `$1` is today. */
  readonly sql: string
  /** The facts that decide, for `jsonb_build_object`. */
  readonly facts: string
}

const person = { fact: 'kind', eq: 'individual' }

type Form = (step: number) => Omit<BenchSegment, 'code'>

/** What banks ask for, each form with five limits. */
const forms: readonly Form[] = [
  (step) => ({
    rule: { all: [person, { fact: 'aum', gte: `${step * 100_000}.00` }] },
    sql: `kind = 'individual' and aum >= ${step * 10_000_000}`,
    facts: `'kind', f.kind, 'aum', f.aum::text`,
  }),
  (step) => ({
    rule: {
      all: [
        { fact: 'receivesSalary', eq: true },
        { fact: 'aumFallFromPeak60', gte: step * 15 },
      ],
    },
    sql: `receives_salary and aum_fall_from_peak_60 >= ${step * 15}`,
    facts: `'receivesSalary', f.receives_salary, 'aumFallFromPeak60', f.aum_fall_from_peak_60`,
  }),
  (step) => ({
    rule: {
      all: [
        { fact: 'daysToMaturity', between: [0, step * 7] },
        { fact: 'nextMaturityAmount', gte: '50000.00' },
      ],
    },
    sql: `next_maturity_on between $1 and $1 + ${step * 7} and next_maturity_amount >= 5000000`,
    facts: `'nextMaturityOn', f.next_maturity_on, 'nextMaturityAmount', f.next_maturity_amount::text`,
  }),
  (step) => ({
    rule: { all: [person, { fact: 'age', between: [step * 12, step * 12 + 11] }, { fact: 'gender', eq: 'female' }] },
    sql: `kind = 'individual' and birth_date > $1 - interval '${step * 12 + 12} years' and birth_date <= $1 - interval '${step * 12} years' and gender = 'female'`,
    facts: `'kind', f.kind, 'birthDate', f.birth_date, 'gender', f.gender`,
  }),
  (step) => ({
    rule: {
      any: [
        { fact: 'recency', gt: step * 60 },
        { fact: 'lastTransactionOn', exists: false },
      ],
    },
    sql: `(last_transaction_on < $1 - ${step * 60} or last_transaction_on is null)`,
    facts: `'lastTransactionOn', f.last_transaction_on`,
  }),
  (step) => ({
    rule: {
      all: [
        { fact: 'familiesHeld', overlaps: ['wealth', 'fund'] },
        { not: { fact: 'familiesHeld', overlaps: ['insurance'] } },
        { fact: 'products', gte: step },
      ],
    },
    sql: `families_held && '{wealth,fund}' and not families_held && '{insurance}' and products >= ${step}`,
    facts: `'familiesHeld', f.families_held, 'products', f.products`,
  }),
  (step) => ({
    rule: {
      any: [
        { fact: 'eChannelSubstitution', lt: step * 10 },
        {
          all: [
            { fact: 'counterPerMonth', gt: step },
            { fact: 'mobilePerMonth', lt: 1 },
          ],
        },
      ],
    },
    sql: `(e_channel_substitution < ${step * 10} or (counter_per_month > ${step} and mobile_per_month < 1))`,
    facts: `'eChannelSubstitution', f.e_channel_substitution, 'counterPerMonth', f.counter_per_month, 'mobilePerMonth', f.mobile_per_month`,
  }),
  (step) => ({
    rule: {
      all: [
        { fact: 'kind', in: ['company', 'sole_trader'] },
        { fact: 'loanShare', gte: step * 15 },
      ],
    },
    sql: `kind in ('company', 'sole_trader') and loan_share >= ${step * 15}`,
    facts: `'kind', f.kind, 'loanShare', f.loan_share`,
  }),
  (step) => ({
    rule: {
      all: [
        { fact: 'tenure', lt: step * 12 },
        { fact: 'aumAverage90', between: ['10000.00', '500000.00'] },
        { fact: 'doNotContact', eq: false },
      ],
    },
    sql: `customer_since > $1 - interval '${step} years' and aum_average_90 between 1000000 and 50000000 and not do_not_contact`,
    facts: `'customerSince', f.customer_since, 'aumAverage90', f.aum_average_90::text, 'doNotContact', f.do_not_contact`,
  }),
  (step) => ({
    rule: {
      all: [
        { fact: 'profit', gte: `${step * 500}.00` },
        { fact: 'completeness', lt: 100 - step * 10 },
      ],
    },
    sql: `profit >= ${step * 50_000} and completeness < ${100 - step * 10}`,
    facts: `'profit', f.profit::text, 'completeness', f.completeness`,
  }),
]

export const benchSegments: readonly BenchSegment[] = forms.flatMap((form, index) =>
  [1, 2, 3, 4, 5].map((step) => ({ code: `bench-${index}-${step}`, ...form(step) })),
)

/** A scheme of the defaults as somebody would write it: its slot, whom it applies to, and the lines of its tiers, in minor units. */
export const benchSchemes = [
  {
    slot: 1,
    id: '0194f5a0-0000-7000-8000-000000000001',
    code: 'retail_deposits',
    tiers: ['band_1', 'band_2', 'band_3'],
    fact: `'depositBalance', f.deposit_balance::text`,
    kinds: `('individual')`,
    measure: 'deposit_balance',
    lines: [2_000_000, 5_000_000, 10_000_000],
  },
  {
    slot: 2,
    id: '0194f5a0-0000-7000-8000-000000000002',
    code: 'private_clients',
    tiers: ['private'],
    fact: `'aum', f.aum::text`,
    kinds: `('individual')`,
    measure: 'aum',
    lines: [600_000_000],
  },
  {
    slot: 3,
    id: '0194f5a0-0000-7000-8000-000000000003',
    code: 'companies',
    tiers: ['c', 'b', 'a'],
    fact: `'aum', f.aum::text`,
    kinds: `('company', 'sole_trader')`,
    measure: 'aum',
    lines: [100_000_000, 1_000_000_000, 5_000_000_000],
  },
] as const

/** As our refresh keeps it: those who wait for the end of the days of grace stay where they are. */
const GRACE_DAYS = 90

/**
 * One scan by the conditions of all segments (named by their codes) and the lines of all schemes, which writes what has changed. `$1` is today, `$2` now.
 */
export function evaluateByHand(numbers: ReadonlyMap<string, number>): string {
  const members = benchSegments.map(({ code, sql }) => `case when ${sql} then ${numbers.get(code)!} end`)
  const facts = benchSegments.map((one) => `when ${numbers.get(one.code)!} then jsonb_build_object(${one.facts})`)
  const fits = benchSchemes.map(
    ({ slot, kinds, measure, lines }) =>
      `case when status = 'active' and kind in ${kinds} then coalesce(width_bucket(${measure}, '{${lines.join(',')}}'::bigint[]), 0) end as fit_${slot}`,
  )
  const places = benchSchemes.map(
    ({ slot }) =>
      `case when held_${slot} is null or fit_${slot} is null or fit_${slot} >= held_${slot} then fit_${slot}
        when coalesce(since_${slot}, $1) <= $1 - ${GRACE_DAYS} then fit_${slot} else held_${slot} end as place_${slot}`,
  )
  const below = benchSchemes.map(({ slot }) => `case when place_${slot} > fit_${slot} then coalesce(since_${slot}, $1) end`)
  const named = benchSchemes.map(
    ({ slot, code, tiers }) => `('{${tiers.map((tier) => `${code}:${tier}`).join(',')}}'::text[])[place_${slot}]`,
  )
  const moves = benchSchemes.map(
    ({
      slot,
      id,
      tiers,
      fact,
    }) => `('${id}'::uuid, ${slot}, ('{${tiers.join(',')}}'::text[])[held_${slot}], ('{${tiers.join(',')}}'::text[])[place_${slot}], place_${slot},
      case when place_${slot} is null then 'left' when coalesce(held_${slot}, 0) = 0 then 'entered' when place_${slot} > held_${slot} then 'upgraded' else 'downgraded' end,
      jsonb_build_object(${fact}, 'kind', f.kind) || case when since_${slot} is null then '{}' else jsonb_build_object('belowSince', since_${slot}) end)`,
  )
  return `
    with segments as materialized (select id, number, rule_version from segment), looked as (
      select customer_id, institution_path, status = 'active' as counts, segments as before,
        case when status = 'active' then array_remove(array[${members.join(', ')}], null) else '{}' end as after, tiers as named_before,
        ${benchSchemes.map(({ slot }) => `tier_places[${slot}] as held_${slot}, tier_below[${slot}] as since_${slot}`).join(', ')}, ${fits.join(', ')}
      from customer_fact where status = 'active' or segments <> '{}' or tiers is not null offset 0
    ), placed as (
      select *, ${places.join(', ')} from looked offset 0
    ), changed as materialized (
      select *, array[${below.join(', ')}] as below from placed
      where before <> after or (named_before is not null) <> counts
        or ${benchSchemes.map(({ slot }, index) => `place_${slot} is distinct from held_${slot} or (${below[index]}) is distinct from since_${slot}`).join(' or ')}
    ), kept as (
      update customer_fact f set segments = after, tier_places = case when counts then array[${benchSchemes.map(({ slot }) => `place_${slot}`).join(', ')}] end,
        tier_below = case when counts then below end, tiers = case when counts then array_remove(array[${named.join(', ')}], null) end
      from changed c where f.customer_id = c.customer_id
    ), entered as (
      insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at, entered_version, entered_facts)
      select c.customer_id, gen_random_uuid(), c.institution_path, s.id, $1, $2, s.rule_version, case n ${facts.join(' ')} end
      from changed c join customer_fact f using (customer_id), unnest(after) n join segments s on s.number = n where n <> all (before)
      returning customer_id, institution_path, segment_id
    ), ended as (
      update segment_membership m set left_on = $1, left_at = $2, left_version = e.rule_version, left_facts = e.facts, left_reason = 'rule'
      from (
        select c.customer_id, s.id, s.rule_version, case n ${facts.join(' ')} end as facts
        from changed c join customer_fact f using (customer_id), unnest(before) n join segments s on s.number = n where n <> all (after)
      ) e where m.customer_id = e.customer_id and m.segment_id = e.id and m.left_on is null
      returning m.customer_id, m.institution_path, m.segment_id
    ), told as (
      insert into outbox_event (id, type, occurred_at, institution_path, customer_id, subject_type, subject_id, changed, payload)
      select gen_random_uuid(), type, $2, institution_path, customer_id, 'segment', segment_id::text, '{}', '{}'
      from (select 'segment.entered' as type, * from entered union all select 'segment.left', * from ended) e
    ), moved as materialized (
      select c.customer_id, c.institution_path, t.* from changed c join customer_fact f using (customer_id),
        lateral (values ${moves.join(', ')}) t (scheme_id, slot, was, becomes, place, reason, facts) where was is distinct from becomes
    ), tier_ended as (
      update tier_membership m set ended_on = $1, ended_at = $2, ended_reason = reason, ended_version = 1, ended_facts = facts
      from moved t where m.customer_id = t.customer_id and m.scheme_id = t.scheme_id and m.ended_on is null returning 1
    ), tier_begun as (
      insert into tier_membership (customer_id, id, institution_path, scheme_id, tier, place, began_on, began_at, began_reason, began_version, began_facts)
      select customer_id, gen_random_uuid(), institution_path, scheme_id, becomes, place, $1, $2, reason, 1, facts
      from moved where becomes is not null and (select count(*) from tier_ended) >= 0
    ), tier_told as (
      insert into outbox_event (id, type, occurred_at, institution_path, customer_id, subject_type, subject_id, changed, payload)
      select gen_random_uuid(), 'tier.changed', $2, institution_path, customer_id, 'tier_scheme', scheme_id::text, '{}',
        jsonb_build_object('from', was, 'to', becomes, 'reason', reason) from moved
    )
    select (select count(*) from entered)::int as entered, (select count(*) from ended)::int as left`
}
