import { chineseNameSql, companyNameSql, industrySql, latinNameSql, shopNameSql } from './names.ts'
import { insert, type Loading } from './loading.ts'
import type { DemoOrganisation } from './organisation.ts'
import { cities } from './places.ts'

/** Tenure of the first customer in milliseconds: 20 years. */
const span = 7305 * 86_400_000
// Of a postal bank's customers 2012–2013 (docs/defaults): 19.92 % between 18 and 40, 41.46 % between 40 and 60, 54.2 % men.
const ageShares = '{0,0.02,0.07,0.12,0.219,0.42,0.634,0.82,0.94,1}'
const ageBounds = '{0,18,25,30,40,50,60,70,80,93}'
// The top fifth of a log-normal distribution holds four fifths at a deviation of 1.68; kinds of customer and what they hold add to the spread of these.
const deviation = 1.16

/** Stages all that is clear about the customers in the temporary table `demo_customer`, the first customer of the bank first. */
export async function stageCustomers(
  { client, draws, today }: Loading,
  { places }: DemoOrganisation,
  customers: number,
): Promise<void> {
  const unit = (purpose: string): string => draws.unit('c.n', purpose)
  const total = places.reduce((sum, { weight }) => sum + weight, 0)
  let sum = 0
  await client.query(
    'create temp table demo_place (place int primary key, from_share float8, institution_id uuid, path text, city int, city_name text, personal uuid[], corporate uuid[], tellers uuid[]) on commit drop',
  )
  await client.query('insert into demo_place select * from json_populate_recordset(null::demo_place, $1::json)', [
    JSON.stringify(
      places.map(({ institution, weight, personalManagers, corporateManagers, tellers }, index) => ({
        place: index + 1,
        from_share: ((sum += weight) - weight) / total,
        institution_id: institution.id,
        path: institution.path,
        city: institution.city,
        city_name: cities[institution.city!]!.city,
        personal: personalManagers,
        corporate: corporateManagers,
        tellers,
      })),
    ),
  ])
  // Each step is fenced with `offset 0`, so that PostgreSQL draws every number once.
  await client.query(`
    create temp table demo_customer on commit drop as
    with drawn as materialized (
      select c.n, extract(epoch from date '${today}')::bigint * 1000 - floor(${span}::float8 * power(1 - (c.n - 0.5) / ${customers}, 1.3))::bigint as begun_ms,
        case when ${unit('kind')} < 0.86 then 'individual' when ${unit('kind')} < 0.92 then 'sole_trader' else 'company' end as kind,
        case when ${unit('status')} < 0.03 then 'closed' when ${unit('status')} < 0.05 then 'prospect' else 'active' end as status,
        width_bucket(${unit('place')}, (select array_agg(from_share order by place) from demo_place)) as place,
        case when ${unit('gender')} < 0.542 then 'male' else 'female' end as sex,
        greatest(least(sqrt(-2 * ln(1 - ${unit('wealth')})) * cos(2 * pi() * ${unit('wealth angle')}), 3.3), -3.3) as z,
        ${unit('dormant')} >= 0.14 as lively,
        case when ${unit('nationality')} < 0.04 then (array['US', 'GB', 'DE', 'FR', 'AU', 'CA', 'SG', 'IT'])[1 + floor(${unit('nationality')} * 200)::int]
          when ${unit('nationality')} > 0.99 then 'HK' else 'CN' end as nationality
      from generate_series(1::bigint, ${customers}::bigint) c (n)
    ), aged as materialized (
      select c.*, date '1970-01-01' + (begun_ms / 86400000)::int as begun, width_bucket(c.age_draw, '${ageShares}'::float8[]) as band
      from (select c.*, case kind when 'sole_trader' then 0.1 + 0.6 * ${unit('age')} else ${unit('age')} end as age_draw from drawn c offset 0) c
    ), born as materialized (
      select c.*, date '${today}' - floor(365.2425 * (('${ageBounds}'::float8[])[band] + (age_draw - ('${ageShares}'::float8[])[band]) * (('${ageBounds}'::float8[])[band + 1] - ('${ageBounds}'::float8[])[band])
        / (('${ageShares}'::float8[])[band + 1] - ('${ageShares}'::float8[])[band])))::int as born
      from aged c
    )
    select c.n, ${draws.id('c.begun_ms', 'c.n', 'customer')} as id, case status when 'prospect' then 'P' else 'C' end || lpad(c.n::text, 9, '0') as number, kind, status,
      case when kind = 'company' then ${companyNameSql('p.city_name', unit)}
        when kind = 'sole_trader' then p.city_name || ${chineseNameSql('c.sex', unit)} || ${shopNameSql(unit)}
        when nationality not in ('CN', 'HK') then ${latinNameSql('c.sex', unit)}
        else ${chineseNameSql('c.sex', unit)} end as name,
      case when kind <> 'company' then sex end as gender,
      case when kind <> 'company' then least(born, begun - case when band = 1 then 0 else 5844 + floor(${unit('age at opening')} * 3000)::int end) end as birth_date,
      case when kind <> 'individual' then begun - floor(power(${unit('founded')}, 2) * 3600)::int end as founded_on,
      ${industrySql('kind', unit)} as industry,
      case when kind = 'individual' then nationality else 'CN' end as nationality,
      begun, begun_ms, case when status = 'closed' then begun + floor(${unit('closed')} * (date '${today}' - begun))::int end as closed_on,
      c.place, p.institution_id, p.path, p.city, c.z, lively,
      -- in fen
      exp(${deviation} * c.z) * case kind when 'company' then 40000000 when 'sole_trader' then 15000000 else 7500000 end as wealth
    from born c join demo_place p on p.place = c.place
    order by c.n`)
  await client.query('analyze demo_customer')
}

/**
 * Writes who keeps whom: relationship managers the wealthier third, tellers some of the others; a few have changed hands, and a few will.
 * Stages whom that makes visible in `demo_assignee`.
 */
export async function loadAssignments(loading: Loading): Promise<void> {
  const { client, draws, today, now } = loading
  const unit = (purpose: string): string => draws.unit('c.n', purpose)
  const day = `date '${today}'`
  await insert(
    loading,
    `insert into assignment (customer_id, id, institution_path, source, external_id, staff_id, business_line, starts_on, ends_on, state, as_of, created_at, updated_at)
    select c.id, ${draws.id('extract(epoch from a.starts_on)::bigint * 1000', 'c.n * 4 + a.part', 'assignment')}, c.path, 'core', 'A' || lpad(c.n::text, 9, '0') || '-' || a.part, a.staff_id, a.line,
      a.starts_on, a.ends_on, case when a.ends_on <= ${day} then 'ended' when a.starts_on > ${day} then 'planned' else 'current' end, $1, $1, $1
    from (
      select c.*, case when kind = 'company' then 'corporate' else 'personal' end as line,
        case when kind = 'company' then p.corporate when z > 0.3 then p.personal else p.tellers end as assignees, p.corporate,
        floor(${unit('assignee')} * 1000)::int as assignee, ${unit('change of hands')} as change,
        begun + floor(${unit('assigned')} * (${day} - begun))::int as since
      from demo_customer c join demo_place p on p.place = c.place
      where c.status <> 'closed' and (${unit('has assignee')} < case when z > 0.3 then 0.9 when z > -0.5 then 0.06 else 0 end)
      offset 0
    ) c
    cross join lateral (values
      (1, c.line, c.assignees[1 + (c.assignee + 1) % cardinality(c.assignees)], c.begun, c.since, c.change < 0.06 and c.begun < c.since),
      (2, c.line, c.assignees[1 + c.assignee % cardinality(c.assignees)], case when c.change > 0.99 then ${day} + 1 + c.assignee % 30 else c.since end,
        case when c.change between 0.06 and 0.08 then ${day} + 1 + c.assignee % 45 end, true),
      (3, c.line, c.assignees[1 + (c.assignee + 1) % cardinality(c.assignees)], ${day} + 1 + c.assignee % 45, null::date, c.change between 0.06 and 0.08),
      (0, 'corporate', c.corporate[1 + c.assignee % cardinality(c.corporate)], c.since, null::date, c.kind = 'sole_trader' and c.change between 0.1 and 0.2)
    ) a (part, line, staff_id, starts_on, ends_on, holds)
    where a.holds and cardinality(c.assignees) > 0`,
    [now],
  )
  await client.query(`
    create temp table demo_assignee on commit drop as
    select a.customer_id, array_agg(distinct a.staff_id order by a.staff_id) as staff,
      max(a.staff_id::text) filter (where a.business_line = 'personal')::uuid as personal, max(a.staff_id::text) filter (where a.business_line = 'corporate')::uuid as corporate
    from assignment a where a.state = 'current' group by a.customer_id`)
  await client.query('analyze demo_assignee')
}

/** Writes the customers themselves and the names that core banking has for them, from all that is staged. */
export async function loadCustomers(loading: Loading): Promise<void> {
  const { now } = loading
  await insert(
    loading,
    `insert into customer (id, kind, status, core_number, source, name, name_folded, gender, birth_date, founded_on, industry, country, preferred_language, customer_since, closed_on,
      institution_id, institution_path, relationship_manager_id, visible_to, aum, wrapped_key, master_key_id, as_of, created_at, updated_at)
    select c.id, c.kind, c.status, case when c.status <> 'prospect' then c.number end, 'core', c.name, lower(c.name), c.gender, c.birth_date, c.founded_on, c.industry,
      'CN', case when c.nationality in ('CN', 'HK') then 'zh-CN' else 'en' end, case when c.status <> 'prospect' then c.begun end, c.closed_on,
      c.institution_id, c.path, case when c.kind = 'company' then k.corporate else k.personal end, coalesce(k.staff, '{}'), coalesce(a.aum, 0), s.wrapped_key, s.master_key_id, $1, $1, $1
    from demo_customer c
    join demo_sealed s on s.n = c.n
    left join demo_assignee k on k.customer_id = c.id
    left join demo_assets a on a.customer_id = c.id
    order by c.n`,
    [now],
  )
  await insert(
    loading,
    `insert into customer_external_id (customer_id, source, external_id, institution_path, created_at)
    select id, 'core', number, path, $1 from demo_customer order by n`,
    [now],
  )
  await insert(
    loading,
    `insert into external_id (external_id, source, entity, customer_id, target_id) select number, 'core', 'customer', id, id from demo_customer order by n`,
  )
}
