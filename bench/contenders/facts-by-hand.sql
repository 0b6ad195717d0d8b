-- The facts of everybody in one statement: no slices, no row security, no progress.
-- $1 today, $2 base currency, $3 to $11 cost of a transaction by channel, $12 and $13 by type, $14 month-ends, $15 weights of the slope, $16 to $18 fixed cost by kind,
-- $19 years ahead, $20 worth of what other banks hold, $21 worth of a month’s growth, $22 now

with p as materialized (
      select $1::date as today, $2::text as base, $14::date[] as ends, $15::int[] as weights, date_trunc('month', $1::date)::date as this_month
    ), rate as materialized (
      select distinct on (currency) currency, rate from exchange_rate where day <= $1::date order by currency, day desc
    ), account as materialized (
      select h.customer_id, h.id, h.product_id, h.status, h.opened_on, h.closed_on, h.matures_on, h.last_used_on, h.edition, h.origin, h.balance, q.code, q.family, q.category, (q.annual_margin * 1000000)::bigint as margin,
        q.family in ('deposit', 'wealth', 'fund', 'insurance') as counts, h.currency, r.rate
      from p, holding h join product q on q.id = h.product_id left join rate r on r.currency = h.currency
    ), span as materialized (
      select b.customer_id, b.holding_id, b.day, least(b.next_day, coalesce(a.closed_on, b.today + 1), b.today + 1) as until, amount_in_base(b.amount, a.currency, p.base, a.rate) as v, a.counts, a.margin, b.today
      from (
        select customer_id, holding_id, day, amount, lead(day, 1, $1::date + 1) over (partition by customer_id, holding_id order by day) as next_day, $1::date as today
        from balance where day <= $1::date
      ) b
      join account a on a.customer_id = b.customer_id and a.id = b.holding_id cross join p
      where b.next_day > b.today - 366
    ), hold as (
      select customer_id,
        sum(v) filter (where family = 'deposit') as deposit, sum(v) filter (where family = 'wealth') as wealth, sum(v) filter (where family = 'fund') as fund, sum(v) filter (where family = 'insurance') as insurance, sum(v) filter (where family = 'loan') as loan, sum(v) filter (where family = 'card') as card,
        count(distinct product_id) as products, count(distinct family) as families, array_agg(distinct family order by family) as families_held,
        sum(abs(v)) filter (where category = 'deposit') as deposits, sum(abs(v)) filter (where category = 'loan') as loans, sum(abs(v)) filter (where category = 'fee') as fees, sum(abs(v)) as everything,
        array_agg(distinct currency order by currency) filter (where counts and v is null) as unconverted,
        min(next_on) as next_on, sum(v) filter (where matures_on = next_on and not_frozen) as next_amount,
        array_agg(distinct code order by code) filter (where family = 'e_channel') as e_channels, count(*) filter (where family = 'e_channel') as e_channel_sign_ups,
        count(*) filter (where family <> 'e_channel') as accounts,
        array_agg(distinct edition order by edition) filter (where family = 'e_channel' and edition is not null) as e_channel_editions,
        array_agg(distinct origin order by origin) filter (where family = 'e_channel' and origin is not null) as e_channel_origins,
        max(last_used_on) filter (where family = 'e_channel') as e_channel_last_used_on
      from (
        select a.*, amount_in_base(a.balance, a.currency, p.base, a.rate) as v, a.status = 'active' as not_frozen, min(a.matures_on) filter (where a.status = 'active' and a.matures_on >= p.today) over (partition by a.customer_id) as next_on
        from p, account a where a.status <> 'closed'
      ) h group by customer_id
    ), bal as (
      select customer_id, sum(v * greatest(0, until - greatest(day, span.today - 29))) filter (where counts) / 30.0 as average_30, sum(v * greatest(0, until - greatest(day, span.today - 89))) filter (where counts) / 90.0 as average_90, sum(v * greatest(0, until - greatest(day, span.today - 364))) filter (where counts) / 365.0 as average_365,
        sum(v) filter (where counts and until > span.today) as last,
        sum(v * (p.weights[1 + width_bucket(until - 1, p.ends)] - p.weights[1 + width_bucket(day - 1, p.ends)])) filter (where counts) / 286.0 as slope,
        sum(v) filter (where counts and day <= span.today - 90 and until > span.today - 90) as then_90, sum(v) filter (where counts and day <= span.today - 365 and until > span.today - 365) as then_365,
        sum(abs(v) * margin * greatest(0, until - greatest(day, span.today - 364))) / 365000000 as profit
      from span, p group by customer_id
    ), peak as (
      select customer_id, max(amount) as amount from (
        select customer_id, sum(change) over (partition by customer_id order by at) as amount from (
          select customer_id, at, sum(change) as change from (
            select customer_id, greatest(day, today - 59) as at, v as change from span where counts and until > today - 59 and day < until
            union all
            select customer_id, until, -v from span where counts and until > today - 59 and until <= today and day < until
          ) step group by customer_id, at
        ) day
      ) level group by customer_id
    ), mov as (
      select customer_id,
        max(v) filter (where direction = 'in' and booked_on > today - 30) as in_30, max(v) filter (where direction = 'in' and booked_on > today - 90) as in_90, avg(v) filter (where direction = 'in' and booked_on <= today - 30 and booked_on > today - 395) as in_before_30, avg(v) filter (where direction = 'in' and booked_on <= today - 90) as in_before_90, max(v) filter (where direction = 'out' and booked_on > today - 30) as out_30, max(v) filter (where direction = 'out' and booked_on > today - 90) as out_90, avg(v) filter (where direction = 'out' and booked_on <= today - 30 and booked_on > today - 395) as out_before_30, avg(v) filter (where direction = 'out' and booked_on <= today - 90) as out_before_90
      from (
        select m.customer_id, m.direction, m.booked_on, amount_in_base(m.amount, m.currency, p.base, r.rate) as v, p.today
        from p, movement m left join rate r on r.currency = m.currency
        where m.status = 'booked' and m.booked_on <= $1::date and m.booked_on > $1::date - 455
      ) m group by customer_id
    ), sal as (
      select customer_id, sum(case when regular then amount else marked end) as amount, bool_or(pension) as pension
      from (
        select m.customer_id, sum(amount_in_base(m.amount, m.currency, p.base, r.rate)) as amount, coalesce(sum(amount_in_base(m.amount, m.currency, p.base, r.rate)) filter (where m.purpose = 'salary'), 0) as marked, bool_or(m.purpose = 'pension') as pension,
          m.counterparty_hash is not null and not bool_or(m.purpose not in ('salary', 'unknown', 'other')) and count(distinct date_trunc('month', m.booked_on)) = 3 as regular
        from p, movement m left join rate r on r.currency = m.currency
        where m.status = 'booked' and m.direction = 'in' and m.booked_on < p.this_month and m.booked_on >= p.this_month - interval '3 months'
        group by m.customer_id, m.counterparty_hash
      ) m group by customer_id
    ), act as (
      select customer_id, sum(count * (case channel when 'counter' then $3::bigint when 'atm' then $4::bigint when 'pos' then $5::bigint when 'online' then $6::bigint when 'mobile' then $7::bigint when 'phone' then $8::bigint when 'wechat' then $9::bigint when 'tv' then $10::bigint when 'other' then $11::bigint else 0 end + case type when 'cash' then $12::bigint when 'bill' then $13::bigint else 0 end)) as cost, sum(count) filter (where type not in ('query', 'interest', 'fee')) as transactions, sum(v) filter (where type not in ('query', 'interest', 'fee')) as amount,
        sum(count) filter (where type not in ('query', 'interest', 'fee') and channel in ('online', 'mobile', 'phone', 'wechat', 'tv')) as electronic,
        sum(count) filter (where type not in ('query', 'interest', 'fee') and channel = 'counter') as counter, sum(count) filter (where type not in ('query', 'interest', 'fee') and channel = 'atm') as atm, sum(count) filter (where type not in ('query', 'interest', 'fee') and channel = 'mobile') as mobile, sum(count) filter (where type not in ('query', 'interest', 'fee') and channel = 'online') as online, sum(count) filter (where type not in ('query', 'interest', 'fee') and channel = 'pos') as pos, sum(count) filter (where type not in ('query', 'interest', 'fee') and channel = 'phone') as phone, sum(count) filter (where type not in ('query', 'interest', 'fee') and channel = 'wechat') as wechat, sum(count) filter (where type not in ('query', 'interest', 'fee') and channel = 'tv') as tv,
        sum(count) filter (where type = 'transfer') as transfers, sum(count) filter (where type in ('payment', 'bill')) as payments, sum(count) filter (where type = 'cash') as cash,
        sum(count) filter (where type = 'query') as queries
      from (
        select a.customer_id, a.channel, a.type, a.purpose, a.direction, a.count, amount_in_base(a.amount, a.currency, p.base, r.rate) as v
        from p, activity a left join rate r on r.currency = a.currency
        where a.month < p.this_month and a.month >= p.this_month - interval '12 months'
      ) a group by customer_id
    ), pay as (
      select customer_id, sum(case when regular then amount else marked end) as amount, bool_or(pension) as pension
      from (
        select a.customer_id, sum(amount_in_base(a.amount, a.currency, p.base, r.rate)) as amount, coalesce(sum(amount_in_base(a.amount, a.currency, p.base, r.rate)) filter (where a.purpose = 'salary'), 0) as marked, bool_or(a.purpose = 'pension') as pension,
          a.counterparty_hash <> '' and not bool_or(a.purpose not in ('salary', 'unknown', 'other')) and count(distinct a.month) = 3 as regular
        from p, activity a left join rate r on r.currency = a.currency
        where a.direction = 'in' and a.count > 0 and a.month < p.this_month and a.month >= p.this_month - interval '3 months'
        group by a.customer_id, a.counterparty_hash
      ) a group by customer_id
    ), agreed as (
      select customer_id, array_agg(channel || ':' || purpose order by channel, purpose) filter (where decision = 'granted') as consents
      from (select distinct on (customer_id, channel, purpose) customer_id, channel, purpose, decision from consent_event order by customer_id, channel, purpose, given_at desc, id desc) e
      group by customer_id
    ), noted as (
      select customer_id, array_agg(distinct kind order by kind) as needs from need where superseded_at is null and status = 'open' group by customer_id
    ), elsewhere as (
      select o.customer_id, sum(amount_in_base(o.amount, o.currency, p.base, r.rate)) as amount
      from p, outside_holding o left join rate r on r.currency = o.currency
      where o.superseded_at is null and o.status = 'active' and o.kind <> 'loan' group by o.customer_id
    ), doc as (
      select customer_id, bool_or(verified) as verified from identity_document group by customer_id
    ), reach as (
      select customer_id, bool_or(kind = 'phone') as phone, bool_or(kind = 'email') as email from contact_point group by customer_id
    ), home as (
      select distinct customer_id from address
    ), person as (
      select distinct customer_id from key_person where status = 'active'
    ), credit as (
      select distinct customer_id from credit_standing where superseded_at is null and status = 'active'
    ), place as materialized (
      select i.id, array_agg(a.code order by a.path) as codes from institution i join institution a on i.path ^@ a.path group by i.id
    ), chosen as (
      select * from customer
    )
    , written as (
      insert into customer_fact (customer_id, institution_path, as_of, refreshed_at, kind, status, deceased_on, gender, birth_date, founded_on, industry, income_band, risk_appetite, company_size, situations, merchant, country, customer_since, institutions, relationship_manager, aum, aum_average_30, aum_average_90, aum_average_365, aum_slope, aum_change_90, aum_change_365, aum_peak_60, aum_fall_from_peak_60, deposit_balance, wealth_balance, fund_balance, insurance_balance, loan_balance, card_balance, unconverted_currencies, accounts, products, families, families_held, deposit_share, loan_share, fee_share, next_maturity_on, next_maturity_amount, profit, largest_inflow_30, largest_inflow_90, largest_outflow_30, largest_outflow_90, inflow_ratio_30, outflow_ratio_30, inflow_ratio_90, outflow_ratio_90, receives_salary, salary_inflow, receives_pension, e_channels, e_channel_sign_ups, e_channel_editions, e_channel_origins, e_channel_last_used_on, e_channel_substitution, transactions_per_month, counter_per_month, atm_per_month, mobile_per_month, online_per_month, pos_per_month, phone_per_month, wechat_per_month, tv_per_month, transfers_per_month, payments_per_month, cash_per_month, queries_per_month, last_transaction_on, frequency, monetary, completeness, consents, do_not_contact, needs, risk_level, risk_expires_on, outside_assets, transactions_cost, contribution, lifetime_value)
      select c.id, c.institution_path, p.today, $22::timestamptz, c.kind, case when c.status in ('prospect', 'active') and profile.deceased_on <= p.today then 'deceased' else c.status end, profile.deceased_on, c.gender, c.birth_date, c.founded_on, c.industry, profile.income_band, profile.risk_appetite, profile.company_size, coalesce(profile.situations, '{}'), coalesce(profile.merchant_since <= p.today and (profile.merchant_until is null or profile.merchant_until > p.today), false), c.country, c.customer_since, place.codes, manager.number, owned.amount, to_minor_units(coalesce(bal.average_30, 0)), to_minor_units(coalesce(bal.average_90, 0)), to_minor_units(coalesce(bal.average_365, 0)), to_minor_units(coalesce(bal.slope, 0)), 100 * (owned.amount - bal.then_90)::double precision / nullif(bal.then_90, 0)::double precision, 100 * (owned.amount - bal.then_365)::double precision / nullif(bal.then_365, 0)::double precision, to_minor_units(greatest(peak.amount, owned.amount)), 100 * (greatest(peak.amount, owned.amount) - owned.amount)::double precision / nullif(greatest(peak.amount, owned.amount), 0)::double precision, to_minor_units(hold.deposit), to_minor_units(hold.wealth), to_minor_units(hold.fund), to_minor_units(hold.insurance), to_minor_units(hold.loan), to_minor_units(hold.card), coalesce(hold.unconverted, '{}'), coalesce(hold.accounts, 0), coalesce(hold.products, 0), coalesce(hold.families, 0), coalesce(hold.families_held, '{}'), 100 * hold.deposits::double precision / nullif(hold.everything, 0)::double precision, 100 * hold.loans::double precision / nullif(hold.everything, 0)::double precision, 100 * hold.fees::double precision / nullif(hold.everything, 0)::double precision, hold.next_on, to_minor_units(hold.next_amount), to_minor_units(coalesce(bal.profit, 0)), to_minor_units(mov.in_30), to_minor_units(mov.in_90), to_minor_units(mov.out_30), to_minor_units(mov.out_90), mov.in_30 / nullif(mov.in_before_30, 0), mov.out_30 / nullif(mov.out_before_30, 0), mov.in_90 / nullif(mov.in_before_90, 0), mov.out_90 / nullif(mov.out_before_90, 0), coalesce(sal.amount > 0, false) or coalesce(pay.amount > 0, false), to_minor_units(greatest(sal.amount, pay.amount) / 3.0), coalesce(sal.pension, false) or coalesce(pay.pension, false), coalesce(hold.e_channels, '{}'), coalesce(hold.e_channel_sign_ups, 0), coalesce(hold.e_channel_editions, '{}'), coalesce(hold.e_channel_origins, '{}'), hold.e_channel_last_used_on, 100 * act.electronic::double precision / nullif(act.transactions, 0)::double precision, coalesce(act.transactions, 0) / 12.0, coalesce(act.counter, 0) / 12.0, coalesce(act.atm, 0) / 12.0, coalesce(act.mobile, 0) / 12.0, coalesce(act.online, 0) / 12.0, coalesce(act.pos, 0) / 12.0, coalesce(act.phone, 0) / 12.0, coalesce(act.wechat, 0) / 12.0, coalesce(act.tv, 0) / 12.0, coalesce(act.transfers, 0) / 12.0, coalesce(act.payments, 0) / 12.0, coalesce(act.cash, 0) / 12.0, coalesce(act.queries, 0) / 12.0, greatest(last.moved_on, case when last.month_end < p.today then last.month_end when last.month_end >= p.today then p.today end), coalesce(act.transactions, 0), to_minor_units(coalesce(act.amount, 0)), round(100.0 * (case when doc.verified then 20 else 0 end + case when reach.phone then 15 else 0 end + case when reach.email then 5 else 0 end + case when home.customer_id is not null then 10 else 0 end + case when c.kind in ('individual', 'sole_trader') and c.birth_date is not null then 10 else 0 end + case when c.kind in ('individual', 'sole_trader') and c.gender is not null then 5 else 0 end + case when c.kind in ('company') and c.founded_on is not null then 10 else 0 end + case when c.kind in ('sole_trader', 'company') and c.industry is not null then 10 else 0 end + case when c.kind in ('individual', 'sole_trader') and profile.income_band is not null then 5 else 0 end + case when c.kind in ('company') and profile.company_size is not null then 5 else 0 end + case when c.country is not null then 5 else 0 end + case when c.relationship_manager_id is not null then 5 else 0 end + case when agreed.customer_id is not null then 10 else 0 end + case when wish.customer_id is not null then 5 else 0 end + case when c.kind in ('individual', 'sole_trader') and risk.customer_id is not null then 10 else 0 end + case when c.kind in ('company') and person.customer_id is not null then 10 else 0 end + case when c.kind in ('company') and credit.customer_id is not null then 5 else 0 end) / case c.kind when 'individual' then 105 when 'sole_trader' then 115 when 'company' then 115 end), coalesce(agreed.consents, '{}'), coalesce(wish.do_not_contact and (wish.do_not_contact_until is null or wish.do_not_contact_until >= p.today), false), coalesce(noted.needs, '{}'), case when risk.expires_on > p.today then risk.level end, risk.expires_on, to_minor_units(coalesce(elsewhere.amount, 0)), to_minor_units(coalesce(act.cost, 0)), to_minor_units(coalesce(bal.profit, 0)) - to_minor_units(coalesce(act.cost, 0)) - case c.kind when 'individual' then $16::bigint when 'sole_trader' then $17::bigint when 'company' then $18::bigint end, to_minor_units((to_minor_units(coalesce(bal.profit, 0)) - to_minor_units(coalesce(act.cost, 0)) - case c.kind when 'individual' then $16::bigint when 'sole_trader' then $17::bigint when 'company' then $18::bigint end) * $19::double precision) + to_minor_units((to_minor_units(coalesce(elsewhere.amount, 0))) * $20::double precision) + to_minor_units((to_minor_units(coalesce(bal.slope, 0))) * $21::double precision)
      from p, chosen c
      join place on place.id = c.institution_id
      left join staff manager on manager.id = c.relationship_manager_id
      left join customer_profile profile on profile.customer_id = c.id
      left join hold on hold.customer_id = c.id
      left join bal on bal.customer_id = c.id
      left join peak on peak.customer_id = c.id
      left join mov on mov.customer_id = c.id
      left join sal on sal.customer_id = c.id
      left join pay on pay.customer_id = c.id
      left join act on act.customer_id = c.id
      left join agreed on agreed.customer_id = c.id
      left join noted on noted.customer_id = c.id
      left join elsewhere on elsewhere.customer_id = c.id
      left join doc on doc.customer_id = c.id
      left join reach on reach.customer_id = c.id
      left join home on home.customer_id = c.id
      left join person on person.customer_id = c.id
      left join credit on credit.customer_id = c.id
      left join contact_preference wish on wish.customer_id = c.id
      left join suitability_assessment risk on risk.customer_id = c.id and risk.superseded_at is null and risk.status = 'active'
      cross join lateral (
        select (select m.booked_on from movement m where m.customer_id = c.id and m.status = 'booked' and m.purpose not in ('interest', 'fee') and m.booked_on <= p.today order by m.booked_on desc limit 1) as moved_on,
          (select (a.month + interval '1 month - 1 day')::date from activity a where a.customer_id = c.id and a.month <= p.today and a.count > 0 and a.type not in ('query', 'interest', 'fee') order by a.month desc limit 1) as month_end
      ) last
      cross join lateral (select c.aum as amount) owned
      on conflict (customer_id) do update set as_of = excluded.as_of, refreshed_at = excluded.refreshed_at, institution_path = excluded.institution_path,
        kind = excluded.kind, status = excluded.status, deceased_on = excluded.deceased_on, gender = excluded.gender, birth_date = excluded.birth_date, founded_on = excluded.founded_on, industry = excluded.industry, income_band = excluded.income_band, risk_appetite = excluded.risk_appetite, company_size = excluded.company_size, situations = excluded.situations, merchant = excluded.merchant, country = excluded.country, customer_since = excluded.customer_since, institutions = excluded.institutions, relationship_manager = excluded.relationship_manager, aum = excluded.aum, aum_average_30 = excluded.aum_average_30, aum_average_90 = excluded.aum_average_90, aum_average_365 = excluded.aum_average_365, aum_slope = excluded.aum_slope, aum_change_90 = excluded.aum_change_90, aum_change_365 = excluded.aum_change_365, aum_peak_60 = excluded.aum_peak_60, aum_fall_from_peak_60 = excluded.aum_fall_from_peak_60, deposit_balance = excluded.deposit_balance, wealth_balance = excluded.wealth_balance, fund_balance = excluded.fund_balance, insurance_balance = excluded.insurance_balance, loan_balance = excluded.loan_balance, card_balance = excluded.card_balance, unconverted_currencies = excluded.unconverted_currencies, accounts = excluded.accounts, products = excluded.products, families = excluded.families, families_held = excluded.families_held, deposit_share = excluded.deposit_share, loan_share = excluded.loan_share, fee_share = excluded.fee_share, next_maturity_on = excluded.next_maturity_on, next_maturity_amount = excluded.next_maturity_amount, profit = excluded.profit, largest_inflow_30 = excluded.largest_inflow_30, largest_inflow_90 = excluded.largest_inflow_90, largest_outflow_30 = excluded.largest_outflow_30, largest_outflow_90 = excluded.largest_outflow_90, inflow_ratio_30 = excluded.inflow_ratio_30, outflow_ratio_30 = excluded.outflow_ratio_30, inflow_ratio_90 = excluded.inflow_ratio_90, outflow_ratio_90 = excluded.outflow_ratio_90, receives_salary = excluded.receives_salary, salary_inflow = excluded.salary_inflow, receives_pension = excluded.receives_pension, e_channels = excluded.e_channels, e_channel_sign_ups = excluded.e_channel_sign_ups, e_channel_editions = excluded.e_channel_editions, e_channel_origins = excluded.e_channel_origins, e_channel_last_used_on = excluded.e_channel_last_used_on, e_channel_substitution = excluded.e_channel_substitution, transactions_per_month = excluded.transactions_per_month, counter_per_month = excluded.counter_per_month, atm_per_month = excluded.atm_per_month, mobile_per_month = excluded.mobile_per_month, online_per_month = excluded.online_per_month, pos_per_month = excluded.pos_per_month, phone_per_month = excluded.phone_per_month, wechat_per_month = excluded.wechat_per_month, tv_per_month = excluded.tv_per_month, transfers_per_month = excluded.transfers_per_month, payments_per_month = excluded.payments_per_month, cash_per_month = excluded.cash_per_month, queries_per_month = excluded.queries_per_month, last_transaction_on = excluded.last_transaction_on, frequency = excluded.frequency, monetary = excluded.monetary, completeness = excluded.completeness, consents = excluded.consents, do_not_contact = excluded.do_not_contact, needs = excluded.needs, risk_level = excluded.risk_level, risk_expires_on = excluded.risk_expires_on, outside_assets = excluded.outside_assets, transactions_cost = excluded.transactions_cost, contribution = excluded.contribution, lifetime_value = excluded.lifetime_value
      returning 1
    ) select count(*)::int as written from written
