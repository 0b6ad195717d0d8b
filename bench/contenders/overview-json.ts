import { assetsOfMonths, instant, listOf, money } from './customer-json.ts'

const decimals = (amount: string, currency: string): string =>
  `case when ${amount} is not null then ${money(amount, currency)} end`

const has = (table: string, more = ''): string => `exists (select from ${table} x where x.customer_id = $1${more})`
const held = ` and x.superseded_at is null and x.status = 'active'`

/** What a dossier should hold: name, points, whether it does, for whom it counts. */
const items = [
  ['identity_document', 20, has('identity_document', ' and x.verified'), ''],
  ['phone', 15, has('contact_point', ` and x.kind = 'phone'`), ''],
  ['email', 5, has('contact_point', ` and x.kind = 'email'`), ''],
  ['address', 10, has('address'), ''],
  ['birth_date', 10, 'c.birth_date is not null', `c.kind <> 'company'`],
  ['gender', 5, 'c.gender is not null', `c.kind <> 'company'`],
  ['founded_on', 10, 'c.founded_on is not null', `c.kind = 'company'`],
  ['industry', 10, 'c.industry is not null', `c.kind <> 'individual'`],
  ['income_band', 5, has('customer_profile', ' and x.income_band is not null'), `c.kind <> 'company'`],
  ['company_size', 5, has('customer_profile', ' and x.company_size is not null'), `c.kind = 'company'`],
  ['country', 5, 'c.country is not null', ''],
  ['relationship_manager', 5, 'c.relationship_manager_id is not null', ''],
  ['consent', 10, has('consent_event'), ''],
  ['contact_preference', 5, has('contact_preference'), ''],
  ['suitability', 10, has('suitability_assessment', held), `c.kind <> 'company'`],
  ['key_person', 10, has('key_person', ` and x.status = 'active'`), `c.kind = 'company'`],
  ['credit_standing', 5, has('credit_standing', held), `c.kind = 'company'`],
] as const

const quality = `(
  select json_build_object('score', round(100.0 * sum(weight) filter (where present) / sum(weight))::int,
    'missing', coalesce(json_agg(name order by weight desc, n) filter (where not present), '[]'),
    'documentsToReview', (select count(*) from identity_document d where d.customer_id = $1 and not d.verified),
    'confirmedAt', ${instant('k.confirmed')}, 'stale', coalesce((k.confirmed at time zone 'UTC')::date < $3::date - interval '24 months', true))
  from (values ${items.map(([name, weight, present, counts], n) => `(${n}, '${name}', ${weight}, ${present}, ${counts || 'true'})`).join(', ')}) i (n, name, weight, present, counts)
  where counts)`

const days = `generate_series($3::date, $3::date + 30, interval '1 day') g (at)`
const keyDates = `(
  select k.next_on as day, k.kind, k.name, k.next_years as years, k.customer_id, k.id from key_date k where k.customer_id = $1 and k.next_on between $3::date and $3::date + 30
  union all
  select k.following_on, k.kind, k.name, k.following_years, k.customer_id, k.id from key_date k where k.customer_id = $1 and k.following_on between $3::date and $3::date + 30
  union all
  select g.at::date, p.kind, null, (extract(year from g.at) - extract(year from p.begun))::int, c.id, c.id
  from (select case when c.kind = 'company' then 'founding_day' else 'birthday' end as kind, case when c.kind = 'company' then c.founded_on else c.birth_date end as begun) p, ${days}
  where (to_char(g.at, 'MMDD') = to_char(p.begun, 'MMDD') or (to_char(g.at, 'MMDD') = '0228' and to_char(p.begun, 'MMDD') = '0229' and to_char(g.at + interval '1 day', 'MMDD') = '0301'))
    and not exists (select from key_date k where k.customer_id = $1 and k.kind = p.kind and k.status = 'active')
) d`

const midnight = (day: string): string => `(${day}::timestamp at time zone 'Asia/Shanghai')`
const entry = (
  from: string,
  at: string,
  event: string,
  more: { label?: string; amount?: string; staff?: string; where?: string; by?: string } = {},
): string =>
  `(select ${at} as at, ${event} as event, x.id as subject, ${more.label ?? 'null'}::text as label, ${more.amount ?? 'null::bigint'} as amount, ${more.amount ? 'x.currency' : 'null'}::text as currency,
    ${more.staff ?? 'null'}::uuid as staff from ${from} where x.customer_id = $1${more.where ? ` and ${more.where}` : ''} order by ${more.by ?? at} desc, x.id desc limit 20)`
const until = (day: string): string => `${day} <= $3::date`
const note = (table: string, label: string, amount?: string): string =>
  entry(`${table} x`, 'x.recorded_at', `'${table}.' || case when x.version = 1 then 'noted' else 'revised' end`, {
    label,
    staff: 'x.recorded_by',
    ...(amount && { amount }),
  })

const happened = [
  entry('movement x', midnight('x.booked_on'), `'movement.' || x.direction`, {
    label: 'x.purpose',
    amount: 'x.amount',
    where: `x.status = 'booked' and ${until('x.booked_on')}`,
    by: 'x.booked_on',
  }),
  ...(
    [
      ['opened', 'opened_on', 'true'],
      ['matured', 'matures_on', `(x.status <> 'closed' or x.closed_on >= x.matures_on)`],
      ['closed', 'closed_on', 'true'],
    ] as const
  ).map(([event, day, where]) =>
    entry('holding x join product p on p.id = x.product_id', midnight(`x.${day}`), `'holding.${event}'`, {
      label: 'p.name',
      where: `${where} and ${until(`x.${day}`)}`,
    }),
  ),
  ...(
    [
      ['began', 'starts_on'],
      ['ended', 'ends_on'],
    ] as const
  ).map(([event, day]) =>
    entry('assignment x', midnight(`x.${day}`), `'assignment.${event}'`, {
      label: 'x.business_line',
      staff: 'x.staff_id',
      where: `x.state <> 'cancelled' and ${until(`x.${day}`)}`,
    }),
  ),
  ...(
    [
      ['joined', 'starts_on'],
      ['left', 'ends_on'],
    ] as const
  ).map(([event, day]) =>
    entry('team_member x', midnight(`x.${day}`), `'team.${event}'`, {
      label: 'x.duty',
      staff: 'x.staff_id',
      where: `x.state <> 'cancelled' and ${until(`x.${day}`)}`,
    }),
  ),
  entry('consent_event x', 'x.given_at', `'consent.' || x.decision`, { label: `x.channel || ', ' || x.purpose` }),
  entry('relationship x', 'x.created_at', `'relationship.began'`, { label: 'x.kind' }),
  entry('relationship x', midnight('x.ended_on'), `'relationship.ended'`, { label: 'x.kind', where: until('x.ended_on') }),
  entry('group_membership x', midnight('x.joined_on'), `x.kind || '.joined'`),
  entry('group_membership x', midnight('x.ended_on'), `x.kind || '.left'`, { where: until('x.ended_on') }),
  entry('key_person x', 'x.created_at', `'key_person.named'`, { label: 'x.role' }),
  entry('key_person x', midnight('x.ended_on'), `'key_person.ended'`, { label: 'x.role', where: until('x.ended_on') }),
  entry('segment_membership x join segment s on s.id = x.segment_id', 'x.entered_at', `'segment.entered'`, { label: 's.name' }),
  entry('segment_membership x join segment s on s.id = x.segment_id', 'x.left_at', `'segment.left'`, {
    label: 's.name',
    where: 'x.left_at is not null',
  }),
  entry('tier_membership x join tier_scheme s on s.id = x.scheme_id', 'x.began_at', `'tier.began'`, {
    label: `s.code || ':' || x.tier`,
  }),
  entry('tier_membership x join tier_scheme s on s.id = x.scheme_id', 'x.ended_at', `'tier.ended'`, {
    label: `s.code || ':' || x.tier`,
    where: 'x.ended_at is not null',
  }),
  note('need', 'x.kind', 'x.amount'),
  note('outside_holding', 'x.bank_name', 'x.amount'),
  note('credit_standing', 'x.rating', 'x.granted'),
  note('suitability_assessment', 'x.level'),
  note('privilege_grant', 'x.privilege', 'x.cost'),
  entry('life_event x', midnight('x.happened_on'), `'life_event.happened'`, {
    label: 'x.title',
    staff: 'x.recorded_by',
    where: `x.superseded_at is null and x.status = 'active' and ${until('x.happened_on')}`,
  }),
  entry('counter_note x', 'x.created_at', `'counter_note.' || x.kind`, { label: 'x.note', staff: 'x.finder_id' }),
  entry(
    `audit_entry x left join staff s on x.actor_kind = 'staff' and s.number = substr(x.actor_id, 7)`,
    'x.at',
    `'dossier.' || x.operation`,
    { label: `array_to_string(x.changed, ', ')`, staff: 's.id', where: `not (x.details ? 'access')` },
  ),
]

const noted = (json: string, table: string): string =>
  listOf(json, `${table} x where x.customer_id = $1 and x.superseded_at is null`, 'x.id desc')

/** The 360-degree view of customer `$1` with the month-ends `$2`, on day `$3`. */
export const overviewJson = `
  select json_build_object(
    'customer', json_build_object('id', c.id, 'name', c.name, 'kind', c.kind, 'status', c.status, 'aum', ${money('c.aum', "'CNY'")},
      'institution', (select json_build_object('code', i.code, 'name', i.name) from institution i where i.id = c.institution_id),
      'relationshipManager', (select json_build_object('number', s.number, 'name', s.name) from staff s where s.id = c.relationship_manager_id)),
    'holdingsByFamily', ${listOf(
      `json_build_object('family', f.family, 'holdings', f.holdings, 'balance', ${money('f.balance', "'CNY'")})`,
      `(select p.family, count(*) as holdings, coalesce(sum(convert_amount(h.balance, h.currency, 'CNY',
        (select r.rate from exchange_rate r where r.currency = h.currency and h.currency <> 'CNY' and r.day <= $3::date order by r.day desc limit 1))), 0) as balance
        from holding h join product p on p.id = h.product_id where h.customer_id = $1 and h.status <> 'closed' group by p.family) f`,
      'f.family',
    )},
    'aumByMonth', (select json_agg(json_build_object('monthEnd', m.day, 'amount', ${money('m.amount', "'CNY'")}) order by m.day desc) from (${assetsOfMonths('$1', '$2')}) m),
    'upcomingKeyDates', ${listOf(`json_build_object('day', d.day, 'kind', d.kind, 'name', d.name, 'years', d.years)`, keyDates, 'd.day, d.customer_id, d.id')},
    'keyPeople', ${listOf(`json_build_object('id', x.id, 'name', x.name, 'role', x.role, 'title', x.title)`, `key_person x where x.customer_id = $1 and x.status = 'active'`, 'x.role, x.id')},
    'relationships', ${listOf(
      `json_build_object('id', x.id, 'kind', x.kind, 'since', x.since)`,
      `relationship x where x.customer_id = $1 and x.status = 'active'`,
      'x.kind, x.id',
    )},
    'groups', ${listOf(`json_build_object('id', x.id, 'kind', x.kind)`, `group_membership x where x.customer_id = $1 and x.status = 'active'`, 'x.kind, x.id')},
    'profile', (select json_build_object('incomeBand', p.income_band, 'riskAppetite', p.risk_appetite, 'companySize', p.company_size, 'situations', coalesce(p.situations, '{}'), 'interests', coalesce(p.interests, '{}'))
      from customer x left join customer_profile p on p.customer_id = x.id where x.id = $1),
    'tiers', ${listOf(
      `json_build_object('scheme', s.code, 'rank', f.tier_places[s.slot], 'since', x.began_on, 'belowSince', f.tier_below[s.slot])`,
      `customer_fact f cross join tier_scheme s left join tier_membership x on x.customer_id = $1 and x.scheme_id = s.id and x.ended_on is null
        where f.customer_id = $1 and f.tier_places[s.slot] is not null and s.evaluated_version is not null`,
      's.slot',
    )},
    'classifications', ${listOf(`json_build_object('kind', x.kind, 'value', x.value, 'beganOn', x.began_on)`, 'classification_period x where x.customer_id = $1 and x.ended_on is null', 'x.kind')},
    'segments', ${listOf(`json_build_object('segmentId', x.segment_id, 'enteredOn', x.entered_on)`, 'segment_membership x where x.customer_id = $1 and x.left_on is null', 'x.entered_at desc, x.id')},
    'consents', ${listOf(
      `json_build_object('channel', e.channel, 'purpose', e.purpose, 'decision', e.decision, 'givenAt', ${instant('e.given_at')})`,
      '(select distinct on (channel, purpose) * from consent_event where customer_id = $1 order by channel, purpose, given_at desc, id desc) e',
      'e.channel, e.purpose',
    )},
    'contactPreference', (select json_build_object('preferredChannels', w.preferred_channels, 'doNotContact', w.do_not_contact) from contact_preference w where w.customer_id = $1),
    'needs', ${noted(`json_build_object('id', x.id, 'kind', x.kind, 'amount', ${decimals('x.amount', 'x.currency')}, 'horizonOn', x.horizon_on)`, 'need')},
    'lifeEvents', ${noted(`json_build_object('id', x.id, 'title', x.title, 'happenedOn', x.happened_on)`, 'life_event')},
    'privilegeGrants', ${noted(`json_build_object('id', x.id, 'privilege', x.privilege)`, 'privilege_grant')},
    'quality', ${quality},
    'timeline', ${listOf(
      `json_build_object('at', ${instant('t.at')}, 'event', t.event, 'subjectId', t.subject, 'label', t.label, 'amount', ${decimals('t.amount', 't.currency')},
        'staff', (select json_build_object('number', s.number, 'name', s.name) from staff s where s.id = t.staff))`,
      `(select * from (${happened.join(' union all ')}) u order by at desc, subject desc, event desc limit 20) t`,
      't.at desc, t.subject desc, t.event desc',
    )})::text as v
  from customer c
  cross join lateral (select greatest((select max(p.verified_at) from contact_point p where p.customer_id = $1), (select max(d.verified_at) from identity_document d where d.customer_id = $1),
    (select max(v.verified_at) from field_source v where v.customer_id = $1), (select max(s.recorded_at) from suitability_assessment s where s.customer_id = $1)) as confirmed) k
  where c.id = $1`
