// JSON of the API, built by PostgreSQL, as somebody would write it who has one database, one caller and no rules to keep.

export const instant = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** Minor units as a decimal text; the demo bank has one currency without decimals. */
const decimal = (amount: string, currency: string): string =>
  `case ${currency} when 'JPY' then (${amount})::text else ((${amount})::numeric / 100)::numeric(24, 2)::text end`

export const money = (amount: string, currency: string): string =>
  `json_build_object('amount', ${decimal(amount, currency)}, 'currency', ${currency})`

const institution = (i: string, more = ''): string => `json_build_object(
  'id', ${i}.id, 'code', ${i}.code, 'name', ${i}.name, 'kind', ${i}.kind, 'status', ${i}.status, 'path', ${i}.path, 'latitude', ${i}.latitude,
  'longitude', ${i}.longitude, 'areaCode', ${i}.area_code, 'timeZone', ${i}.time_zone, 'calendar', ${i}.calendar, 'source', ${i}.source, 'externalId', ${i}.external_id,
  'asOf', ${instant(`${i}.as_of`)}, 'version', ${i}.version${more})`

const staff = (s: string, more = ''): string => `json_build_object(
  'id', ${s}.id, 'number', ${s}.number, 'name', ${s}.name, 'roles', ${s}.roles, 'status', ${s}.status, 'industries', ${s}.industries, 'areas', ${s}.areas, 'productFamilies', ${s}.product_families,
  'customerCapacity', ${s}.customer_capacity, 'dailyCapacity', ${s}.daily_capacity, 'activeFrom', ${s}.active_from, 'activeUntil', ${s}.active_until,
  'source', ${s}.source, 'externalId', ${s}.external_id, 'asOf', ${instant(`${s}.as_of`)}, 'version', ${s}.version${more})`

const product = (p: string): string => `json_build_object(
  'id', ${p}.id, 'code', ${p}.code, 'name', ${p}.name, 'family', ${p}.family, 'category', ${p}.category, 'lifecycle', ${p}.lifecycle, 'status', ${p}.status,
  'riskLevel', ${p}.risk_level, 'termMonths', ${p}.term_months, 'currency', ${p}.currency, 'annualYield', ${p}.annual_yield::text,
  'annualMargin', ${p}.annual_margin::text, 'source', ${p}.source, 'externalId', ${p}.external_id, 'asOf', ${instant(`${p}.as_of`)}, 'version', ${p}.version)`

const holding = (h: string, more: string): string => `json_build_object(
  'id', ${h}.id, 'customerId', ${h}.customer_id, 'accountNumber', ${h}.account_number, 'currency', ${h}.currency, 'balance', ${money(`${h}.balance`, `${h}.currency`)},
  'balanceOn', ${h}.balance_on, 'openedOn', ${h}.opened_on, 'maturesOn', ${h}.matures_on, 'autoRenewal', ${h}.auto_renewal, 'status', ${h}.status,
  'closedOn', ${h}.closed_on, 'edition', ${h}.edition, 'origin', ${h}.origin, 'activatedOn', ${h}.activated_on, 'lastUsedOn', ${h}.last_used_on,
  'source', ${h}.source, 'externalId', ${h}.external_id, 'asOf', ${instant(`${h}.as_of`)}, 'version', ${h}.version${more})`

export const listOf = (json: string, from: string, order: string): string =>
  `(select coalesce(json_agg(${json} order by ${order}), '[]') from ${from})`

/** What a customer owned at the ends of some months: `day`, `amount` in minor units of CNY, currencies without a rate, and the rates used. */
export const assetsOfMonths = (customer: string, months: string): string => `
  select m.day, coalesce(sum(convert_amount(b.amount, h.currency, 'CNY', r.rate)), 0)::bigint as amount,
    coalesce(json_agg(distinct h.currency) filter (where b.amount is not null and h.currency <> 'CNY' and r.rate is null), '[]') as unconverted,
    coalesce(jsonb_agg(distinct jsonb_build_object('currency', h.currency, 'rate', r.rate::text, 'day', r.day)) filter (where b.amount is not null and r.rate is not null), '[]') as rates,
    count(*) filter (where b.amount is null and h.balance_on > m.day and coalesce(h.opened_on < m.day - 31, true)) as unknown
  from unnest(${months}::date[]) m (day)
  left join (
    select h.id, h.customer_id, h.currency, h.opened_on, h.closed_on, h.balance_on from holding h join product p on p.id = h.product_id
    where h.customer_id = ${customer} and p.family in ('deposit', 'wealth', 'fund', 'insurance')
  ) h on h.closed_on is null or h.closed_on > m.day
  left join lateral (
    select x.amount from balance x where x.customer_id = ${customer} and x.holding_id = h.id and x.day <= m.day order by x.day desc limit 1
  ) b on true
  left join lateral (
    select x.rate, x.day from exchange_rate x where x.currency = h.currency and h.currency <> 'CNY' and x.day <= m.day order by x.day desc limit 1
  ) r on true
  group by m.day`

const month = (more = ''): string => `(
  select json_agg(json_build_object('monthEnd', t.day, 'amount', ${money('t.amount', "'CNY'")}${more}) order by t.day desc)
  from (${assetsOfMonths('$1', '$2')}) t)`

const owned = `from holding h join product p on p.id = h.product_id
  where h.customer_id = $1 and h.currency <> 'CNY' and h.status <> 'closed' and p.family in ('deposit', 'wealth', 'fund', 'insurance')`

/** The whole REST answer about customer `$1` with the ends of the months `$2`, on the day `$3`. */
export const customerJson = `
  select json_build_object(
    'id', c.id, 'coreNumber', c.core_number, 'kind', c.kind, 'status', c.status, 'name', c.name, 'gender', c.gender, 'birthDate', c.birth_date,
    'foundedOn', c.founded_on, 'industry', c.industry, 'country', c.country, 'preferredLanguage', c.preferred_language,
    'customerSince', c.customer_since, 'closedOn', c.closed_on, 'institutionPath', c.institution_path, 'asOf', ${instant('c.as_of')},
    'createdAt', ${instant('c.created_at')}, 'updatedAt', ${instant('c.updated_at')}, 'version', c.version, 'aum', ${money('c.aum', "'CNY'")},
    'aumByMonth', ${month(`, 'unconvertedCurrencies', t.unconverted, 'rates', t.rates, 'unknownBalances', t.unknown`)},
    'assetRates', (
      select coalesce(json_agg(json_build_object('currency', r.currency, 'rate', r.rate::text, 'day', r.day) order by r.currency), '[]')
      from (select distinct h.currency ${owned}) c
      cross join lateral (select x.currency, x.rate, x.day from exchange_rate x where x.currency = c.currency and x.day <= $3::date order by x.day desc limit 1) r),
    'unconvertedCurrencies', (
      select coalesce(json_agg(distinct h.currency), '[]') ${owned}
        and not exists (select from exchange_rate r where r.currency = h.currency and r.day <= $3::date)),
    'institution', (select ${institution('i', `, 'parent', (select ${institution('a')} from institution a where a.id = i.parent_id)`)} from institution i where i.id = c.institution_id),
    'relationshipManager', (select ${staff('s', `, 'institution', (select ${institution('i')} from institution i where i.id = s.institution_id)`)} from staff s where s.id = c.relationship_manager_id),
    'externalIds', ${listOf(`json_build_object('customerId', x.customer_id, 'source', x.source, 'externalId', x.external_id)`, 'customer_external_id x where x.customer_id = $1', 'x.source')},
    'identityDocuments', ${listOf(
      `json_build_object('id', d.id, 'customerId', d.customer_id, 'type', d.type, 'country', d.country, 'numberMasked', d.number_masked, 'validUntil', d.valid_until,
        'verified', d.verified, 'unverifiedReason', d.unverified_reason, 'purpose', d.purpose, 'verifiedAt', ${instant('d.verified_at')}, 'conflicting', d.conflicting, 'source', d.source, 'asOf', ${instant('d.as_of')}, 'version', d.version)`,
      'identity_document d where d.customer_id = $1',
      'd.type, d.source',
    )},
    'contactPoints', ${listOf(
      `json_build_object('id', p.id, 'customerId', p.customer_id, 'kind', p.kind, 'purpose', p.purpose, 'valueMasked', p.value_masked, 'verifiedAt', ${instant('p.verified_at')},
        'conflicting', p.conflicting, 'source', p.source, 'asOf', ${instant('p.as_of')}, 'version', p.version)`,
      'contact_point p where p.customer_id = $1',
      'p.kind, p.purpose, p.source',
    )},
    'addresses', ${listOf(
      `json_build_object('id', a.id, 'customerId', a.customer_id, 'purpose', a.purpose, 'country', a.country, 'region', a.region, 'city', a.city,
        'postalCode', a.postal_code, 'lineMasked', a.line_masked, 'verifiedAt', ${instant('a.verified_at')}, 'conflicting', a.conflicting, 'source', a.source, 'asOf', ${instant('a.as_of')}, 'version', a.version)`,
      'address a where a.customer_id = $1',
      'a.purpose, a.source',
    )},
    'assignments', ${listOf(
      `json_build_object('id', a.id, 'customerId', a.customer_id, 'businessLine', a.business_line, 'startsOn', a.starts_on, 'endsOn', a.ends_on, 'state', a.state,
        'reason', a.reason, 'overCapacityReason', a.over_capacity_reason, 'source', a.source, 'externalId', a.external_id, 'asOf', ${instant('a.as_of')}, 'version', a.version, 'staff', (select ${staff('s')} from staff s where s.id = a.staff_id))`,
      'assignment a where a.customer_id = $1',
      'a.starts_on desc, a.id',
    )},
    'team', ${listOf(
      `json_build_object('id', m.id, 'customerId', m.customer_id, 'duty', m.duty, 'startsOn', m.starts_on, 'endsOn', m.ends_on, 'state', m.state, 'reason', m.reason,
        'createdAt', ${instant('m.created_at')}, 'updatedAt', ${instant('m.updated_at')}, 'version', m.version, 'staff', (select ${staff('s')} from staff s where s.id = m.staff_id))`,
      'team_member m where m.customer_id = $1',
      `case m.state when 'current' then 0 when 'planned' then 1 when 'ended' then 2 else 3 end, m.starts_on desc, m.id`,
    )},
    'holdings', ${listOf(
      holding(
        'h',
        `, 'product', (select ${product('p')} from product p where p.id = h.product_id),
        'parties', ${listOf(
          `json_build_object('id', q.id, 'customerId', q.customer_id, 'holdingId', q.holding_id, 'partyCustomerId', q.party_customer_id, 'role', q.role,
            'status', q.status, 'source', q.source, 'asOf', ${instant('q.as_of')}, 'version', q.version)`,
          'holding_party q where q.customer_id = $1 and q.holding_id = h.id',
          'q.role, q.party_customer_id',
        )}`,
      ),
      'holding h where h.customer_id = $1',
      'h.account_number, h.id',
    )},
    'sharedHoldings', ${listOf(
      `json_build_object('id', q.id, 'customerId', q.customer_id, 'holdingCustomerId', q.holding_customer_id, 'holdingId', q.holding_id, 'role', q.role,
        'status', q.status, 'asOf', ${instant('q.as_of')}, 'version', q.version,
        'holding', (select ${holding('h', '')} from holding h where h.customer_id = q.holding_customer_id and h.id = q.holding_id))`,
      'party_holding q where q.customer_id = $1',
      'q.holding_id, q.role',
    )},
    'keyDates', ${listOf(
      `json_build_object('id', k.id, 'customerId', k.customer_id, 'kind', k.kind, 'name', k.name, 'calendar', k.calendar, 'month', k.month, 'day', k.day,
        'leapMonth', k.leap_month, 'year', k.year, 'recurrence', k.recurrence, 'note', k.note, 'status', k.status, 'nextOn', k.next_on, 'followingOn', k.following_on,
        'source', k.source, 'createdAt', ${instant('k.created_at')}, 'updatedAt', ${instant('k.updated_at')}, 'version', k.version)`,
      'key_date k where k.customer_id = $1',
      'k.status, k.next_on, k.id',
    )},
    'consents', ${listOf(
      `json_build_object('id', e.id, 'customerId', e.customer_id, 'channel', e.channel, 'purpose', e.purpose, 'decision', e.decision, 'evidence', e.evidence,
        'evidenceReference', e.evidence_reference, 'givenAt', ${instant('e.given_at')}, 'recordedAt', ${instant('e.recorded_at')}, 'recordedBy', e.recorded_by, 'source', e.source)`,
      `(select distinct on (channel, purpose) * from consent_event where customer_id = $1 order by channel, purpose, given_at desc, id desc) e`,
      'e.channel, e.purpose',
    )},
    'contactPreference', (select json_build_object(
      'customerId', w.customer_id, 'preferredChannels', w.preferred_channels, 'hoursFrom', w.hours_from, 'hoursUntil', w.hours_until, 'maxPerMonth', w.max_per_month,
      'topics', w.topics, 'doNotContact', w.do_not_contact, 'doNotContactReason', w.do_not_contact_reason, 'doNotContactUntil', w.do_not_contact_until, 'source', w.source,
      'createdAt', ${instant('w.created_at')}, 'updatedAt', ${instant('w.updated_at')}, 'version', w.version) from contact_preference w where w.customer_id = $1)
  )::text as v
  from customer c where c.id = $1`

/** The customer page: institution, relationship manager, holdings and the ends of the months `$2` of customer `$1`. */
export const pageJson = `
  select json_build_object('id', c.id, 'name', c.name, 'kind', c.kind, 'aum', ${money('c.aum', "'CNY'")},
    'institution', (select json_build_object('code', i.code, 'name', i.name) from institution i where i.id = c.institution_id),
    'relationshipManager', (select json_build_object('number', s.number, 'name', s.name) from staff s where s.id = c.relationship_manager_id),
    'holdings', ${listOf(
      `json_build_object('id', h.id, 'accountNumber', h.account_number, 'status', h.status, 'maturesOn', h.matures_on,
        'balance', ${money('h.balance', 'h.currency')}, 'product', json_build_object('name', p.name, 'family', p.family))`,
      'holding h join product p on p.id = h.product_id where h.customer_id = $1',
      'h.account_number, h.id',
    )},
    'aumByMonth', ${month()})::text as v
  from customer c where c.id = $1`

/** The 50 customers with the largest assets of relationship manager `$1`, with their holdings. */
export const listJson = `
  select coalesce(json_agg(json_build_object('id', c.id, 'name', c.name, 'kind', c.kind, 'aum', ${money('c.aum', "'CNY'")},
    'holdings', ${listOf(
      `json_build_object('accountNumber', h.account_number, 'status', h.status, 'balance', ${money('h.balance', 'h.currency')},
        'product', json_build_object('name', p.name))`,
      'holding h join product p on p.id = h.product_id where h.customer_id = c.id',
      'h.account_number, h.id',
    )}) order by c.aum desc, c.id desc), '[]')::text as v
  from (select * from customer where relationship_manager_id = $1 order by aum desc, id desc limit 50) c`

/** The ends of the last months, twelve where nothing is said, the latest first, and today, in the time zone of the bank. */
export function calendar(count = 12): { readonly today: string; readonly months: readonly string[] } {
  const today = new Date(Date.now() + 8 * 3_600_000)
  const end = (back: number): string =>
    new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 0)).toISOString().slice(0, 10)
  return { today: today.toISOString().slice(0, 10), months: Array.from({ length: count }, (_, back) => end(back)) }
}
