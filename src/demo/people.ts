import { insert, type Loading } from './loading.ts'
import { chineseNameSql } from './names.ts'

/** Writes marriages with their households, owners of businesses, key people of companies, and what bankers noted of some customers. */
export async function loadPeopleAndNotes(loading: Loading): Promise<void> {
  await loadRelationships(loading)
  await loadHouseholds(loading)
  await loadKeyPeople(loading)
  await loadNotes(loading)
}

async function loadRelationships(loading: Loading): Promise<void> {
  const { client, draws, today, now } = loading
  const unit = (purpose: string): string => draws.unit('a.n', purpose)
  // Neighbours in the numbers of a place are pairs where they suit each other.
  await client.query(`
    create temp table demo_pair on commit drop as
    with placed as materialized (select c.*, row_number() over (partition by place order by n) as r from demo_customer c)
    select a.n, a.id as one_id, a.path as one_path, a.begun as one_begun, b.id as other_id, b.path as other_path, case when b.kind = 'individual' then 'spouse' else 'owned_by' end as kind,
      ${draws.id('greatest(a.begun_ms, b.begun_ms)', 'a.n', 'pair')} as id, greatest(a.begun, b.begun) as since, ${unit('household')} as household
    from placed a join placed b on b.place = a.place and b.r = a.r + 1
    where a.r % 2 = 1 and a.kind = 'individual' and a.status = 'active' and b.status = 'active'
      and case b.kind when 'individual' then a.gender <> b.gender and abs(a.birth_date - b.birth_date) < 4000 and least(a.birth_date, b.birth_date) < date '${today}' - 8000 when 'company' then ${unit('owner')} < 0.5
        else true end`)
  await insert(
    loading,
    `insert into relationship (customer_id, id, institution_path, related_customer_id, kind, since, status, created_at, updated_at)
    select one_id, id, one_path, other_id, kind, since, 'active', $1::timestamptz, $1::timestamptz from demo_pair
    union all
    select other_id, id, other_path, one_id, case kind when 'owned_by' then 'owner' else kind end, since, 'active', $1::timestamptz, $1::timestamptz from demo_pair`,
    [now],
  )
}

async function loadHouseholds(loading: Loading): Promise<void> {
  const { draws, now } = loading
  const household = `demo_pair p where p.kind = 'spouse' and p.household < 0.5`
  const member = (part: number): string => draws.id('extract(epoch from p.since)::bigint * 1000', `p.n * 2 + ${part}`, 'member')
  await insert(
    loading,
    `insert into customer_group (customer_id, id, institution_path, kind, name, status, created_at, updated_at)
    select p.one_id, p.id, p.one_path, 'household', '家庭', 'active', $1::timestamptz, $1::timestamptz from ${household}`,
    [now],
  )
  const members = `select p.*, m.* from (select * from ${household}) p cross join lateral (values (p.one_id, p.one_path, ${member(0)}), (p.other_id, p.other_path, ${member(1)})) m (member_id, member_path, membership_id)`
  await insert(
    loading,
    `insert into customer_group_member (customer_id, id, institution_path, group_id, member_customer_id, status, joined_on, created_at, updated_at)
    select one_id, membership_id, one_path, id, member_id, 'active', since, $1::timestamptz, $1::timestamptz from (${members}) m`,
    [now],
  )
  await insert(
    loading,
    `insert into group_membership (customer_id, id, institution_path, head_customer_id, group_id, kind, status, joined_on, created_at, updated_at)
    select member_id, membership_id, member_path, one_id, id, 'household', 'active', since, $1::timestamptz, $1::timestamptz from (${members}) m`,
    [now],
  )
}

async function loadKeyPeople(loading: Loading): Promise<void> {
  const { draws, now } = loading
  const unit = (purpose: string): string => draws.unit('c.n * 2 + k.part', purpose)
  await insert(
    loading,
    `insert into key_person (customer_id, id, institution_path, name, name_folded, role, title, birth_month, birth_day, counterpart_staff_id, counterpart_level, status, created_at, updated_at)
    select c.id, c.person_id, c.path, c.name, lower(c.name), c.role, c.title, 1 + floor(c.born * 12)::int, 1 + floor(c.born * 300)::int % 28, d.corporate,
      case when d.corporate is not null then 'relationship_manager' end, 'active', $1::timestamptz, $1::timestamptz
    from (
      select c.id, c.path, ${draws.id('c.begun_ms', 'c.n * 2 + k.part', 'key person')} as person_id, k.role, k.title, ${unit('key person born')} as born,
        ${chineseNameSql(`(case when ${unit('key person sex')} < 0.3 then 'female' else 'male' end)`, (purpose) => unit(`key person ${purpose}`))} as name
      from demo_customer c cross join (values (0, 'decision_maker', '总经理', 0.8), (1, 'operator', '财务经理', 0.5)) k (part, role, title, share)
      where c.kind = 'company' and c.status = 'active' and ${unit('key person')} < k.share
    ) c
    left join demo_assignee d on d.customer_id = c.id`,
    [now],
  )
}

async function loadNotes(loading: Loading): Promise<void> {
  const { draws, today, now, baseCurrency } = loading
  const unit = (purpose: string): string => draws.unit('c.n', purpose)
  const drawnRows = (purpose: string, share: number): string => `
    (select c.id, c.path, c.n, c.begun_ms, c.wealth, d.personal as assignee, ${unit(purpose)} as drawn, date '${today}' - floor(${unit(`${purpose} day`)} * 400)::int as noted
    from demo_customer c join demo_assignee d on d.customer_id = c.id
    where c.kind <> 'company' and c.status = 'active' and d.personal is not null and ${unit(purpose)} < ${share}) c`
  const noted = `'customer', c.noted, c.assignee, (c.noted::timestamp + time '02:00') at time zone 'UTC'`
  const columns = 'status, source, noted_on, recorded_by, recorded_at'
  const id = (purpose: string): string => draws.id('c.begun_ms', 'c.n', purpose)
  await insert(
    loading,
    `insert into need (customer_id, id, version, institution_path, kind, amount, currency, horizon_on, ${columns})
    select c.id, ${id('need')}, 1, c.path, (array['home', 'car', 'education', 'retirement'])[1 + floor(c.drawn * 1e6)::int % 4], (1 + floor(c.drawn * 1e4)::int % 50) * 1000000, '${baseCurrency}',
      c.noted + 700, 'open', ${noted} from ${drawnRows('need', 0.2)}`,
  )
  await insert(
    loading,
    `insert into outside_holding (customer_id, id, version, institution_path, bank_name, kind, amount, currency, ${columns})
    select c.id, ${id('outside holding')}, 1, c.path, (array['他行甲', '他行乙', '他行丙'])[1 + floor(c.drawn * 1e6)::int % 3], 'assets', (1 + floor(c.drawn * 1e4)::int % 80) * 1000000, '${baseCurrency}',
      'active', ${noted} from ${drawnRows('outside holding', 0.15)}`,
  )
  await insert(
    loading,
    `insert into suitability_assessment (customer_id, id, version, institution_path, score, level, questionnaire_version, assessed_on, expires_on, first_time_buyer, ${columns})
    select c.id, ${id('suitability')}, 1, c.path, 20 + floor(c.drawn * 1e4)::int % 60, 1 + floor(c.drawn * 1e6)::int % 5, 'R-2025', c.noted, c.noted + 365, false, 'active', ${noted}
    from ${drawnRows('suitability', 0.6)}`,
  )
  await insert(
    loading,
    `insert into life_event (customer_id, id, version, institution_path, title, happened_on, ${columns})
    select c.id, ${id('life event')}, 1, c.path, (array['乔迁新居', '喜得贵子', '升职', '子女考上大学'])[1 + floor(c.drawn * 1e6)::int % 4], c.noted, 'active', ${noted} from ${drawnRows('life event', 0.05)}`,
  )
  await insert(
    loading,
    `insert into counter_note (customer_id, id, institution_path, kind, note, finder_id, relationship_manager_id, created_at)
    select c.id, ${id('counter note')}, c.path, (array['need', 'hint', 'referral'])[1 + floor(c.drawn * 1e6)::int % 3], (array['想了解大额存单', '子女准备出国留学', '近期有房产出售'])[1 + floor(c.drawn * 1e7)::int % 3],
      c.assignee, c.assignee, $1 from ${drawnRows('counter note', 0.05)}`,
    [now],
  )
}
