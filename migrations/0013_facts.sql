-- What is known of each customer as facts that rules ask of, kept current by refreshes.

-- Whole minor units of a sum. What does not fit into a bigint counts as the most that does: one absurd row stops nobody’s facts.
create function to_minor_units(p_amount double precision) returns bigint
language sql immutable parallel safe
as $$
  select case when p_amount >= 9.2e18 then 9223372036854775807 when p_amount <= -9.2e18 then -9223372036854775807 else round(p_amount)::bigint end
$$;

revoke execute on function to_minor_units(double precision) from public;
grant execute on function to_minor_units(double precision) to guanxi_service, guanxi_lookup;

create table customer_fact (
  customer_id uuid primary key references customer (id),
  institution_path text collate "C" not null,
  -- the day of the bank for which the facts were worked out
  as_of date not null,
  refreshed_at timestamptz not null,
  kind text,
  status text,
  gender text,
  birth_date date,
  founded_on date,
  industry text,
  income_band text,
  risk_appetite text,
  company_size text,
  situations text[],
  merchant boolean,
  country text,
  customer_since date,
  institutions text[],
  relationship_manager text,
  aum bigint,
  aum_average_30 bigint,
  aum_average_90 bigint,
  aum_average_365 bigint,
  aum_slope bigint,
  aum_change_90 double precision,
  aum_change_365 double precision,
  aum_peak_60 bigint,
  aum_fall_from_peak_60 double precision,
  deposit_balance bigint,
  wealth_balance bigint,
  fund_balance bigint,
  insurance_balance bigint,
  loan_balance bigint,
  card_balance bigint,
  products double precision,
  families double precision,
  families_held text[],
  deposit_share double precision,
  loan_share double precision,
  fee_share double precision,
  next_maturity_on date,
  next_maturity_amount bigint,
  profit bigint,
  largest_inflow_30 bigint,
  largest_inflow_90 bigint,
  largest_outflow_30 bigint,
  largest_outflow_90 bigint,
  inflow_ratio_30 double precision,
  outflow_ratio_30 double precision,
  receives_salary boolean,
  salary_inflow bigint,
  receives_pension boolean,
  e_channels text[],
  e_channel_sign_ups double precision,
  e_channel_last_used_on date,
  e_channel_substitution double precision,
  transactions_per_month double precision,
  counter_per_month double precision,
  atm_per_month double precision,
  mobile_per_month double precision,
  online_per_month double precision,
  transfers_per_month double precision,
  payments_per_month double precision,
  cash_per_month double precision,
  last_transaction_on date,
  frequency double precision,
  monetary bigint,
  recency_score double precision,
  frequency_score double precision,
  monetary_score double precision,
  completeness double precision,
  consents text[],
  do_not_contact boolean,
  needs text[],
  risk_level double precision,
  risk_expires_on date,
  stage text,
  activity text,
  product_preference text,
  marketing_grade text,
  last_contact_on date,
  contacts_90 double precision,
  open_tasks double precision,
  kept_promise_rate double precision,
  open_complaints double precision,
  complaints_365 double precision,
  last_nps double precision,
  last_csat double precision
) with (fillfactor = 70);

-- The facts as they were at the end of a month.
create table customer_fact_month (
  customer_id uuid not null references customer (id),
  month_end date not null,
  institution_path text collate "C" not null,
  kind text,
  status text,
  gender text,
  birth_date date,
  founded_on date,
  industry text,
  income_band text,
  risk_appetite text,
  company_size text,
  situations text[],
  merchant boolean,
  country text,
  customer_since date,
  institutions text[],
  relationship_manager text,
  aum bigint,
  aum_average_30 bigint,
  aum_average_90 bigint,
  aum_average_365 bigint,
  aum_slope bigint,
  aum_change_90 double precision,
  aum_change_365 double precision,
  aum_peak_60 bigint,
  aum_fall_from_peak_60 double precision,
  deposit_balance bigint,
  wealth_balance bigint,
  fund_balance bigint,
  insurance_balance bigint,
  loan_balance bigint,
  card_balance bigint,
  products double precision,
  families double precision,
  families_held text[],
  deposit_share double precision,
  loan_share double precision,
  fee_share double precision,
  next_maturity_on date,
  next_maturity_amount bigint,
  profit bigint,
  largest_inflow_30 bigint,
  largest_inflow_90 bigint,
  largest_outflow_30 bigint,
  largest_outflow_90 bigint,
  inflow_ratio_30 double precision,
  outflow_ratio_30 double precision,
  receives_salary boolean,
  salary_inflow bigint,
  receives_pension boolean,
  e_channels text[],
  e_channel_sign_ups double precision,
  e_channel_last_used_on date,
  e_channel_substitution double precision,
  transactions_per_month double precision,
  counter_per_month double precision,
  atm_per_month double precision,
  mobile_per_month double precision,
  online_per_month double precision,
  transfers_per_month double precision,
  payments_per_month double precision,
  cash_per_month double precision,
  last_transaction_on date,
  frequency double precision,
  monetary bigint,
  recency_score double precision,
  frequency_score double precision,
  monetary_score double precision,
  completeness double precision,
  consents text[],
  do_not_contact boolean,
  needs text[],
  risk_level double precision,
  risk_expires_on date,
  stage text,
  activity text,
  product_preference text,
  marketing_grade text,
  last_contact_on date,
  contacts_90 double precision,
  open_tasks double precision,
  kept_promise_rate double precision,
  open_complaints double precision,
  complaints_365 double precision,
  last_nps double precision,
  last_csat double precision,
  primary key (customer_id, month_end)
);

-- Customers of whom something changed after their facts were worked out.
create table customer_fact_stale (
  customer_id uuid primary key references customer (id),
  institution_path text collate "C" not null,
  since timestamptz not null
);

-- What divides the active customers of a subtree into hundredths by a fact, worked out by full refreshes: the smallest value, then the least value
-- that so many hundredths of those who have one do not exceed.
create table fact_cut (
  path text collate "C" not null,
  fact text not null,
  as_of date not null,
  cuts numeric[] not null check (cardinality(cuts) = 101),
  customers integer not null,
  primary key (path, fact)
);

-- Refreshes of facts and of what rests on them, one after the other.
create table refresh_run (
  id uuid primary key,
  institution_path text collate "C" not null,
  kind text not null check (kind in ('full', 'incremental')),
  reason text not null check (reason in ('schedule', 'request', 'import')),
  state text not null check (state in ('queued', 'running', 'done', 'failed')),
  requested_by text not null,
  requested_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  as_of date,
  step text check (step in ('facts', 'cuts', 'evaluation', 'done')),
  -- the first id of the slice that comes next
  position uuid,
  customers_done bigint not null default 0,
  customers_total bigint,
  entered bigint not null default 0,
  left_count bigint not null default 0,
  error text
);
create index refresh_run_requested_at_idx on refresh_run (requested_at desc, id desc);

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
  some_scope constant text := $p$nullif(current_setting('app.scope', true), '') is not null$p$;
  t text;
begin
  foreach t in array array['customer_fact', 'customer_fact_month', 'customer_fact_stale'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy scope on %I to guanxi_service using (%s) with check (%s)', t, in_scope, in_scope);
    execute format('grant select, insert, update, delete on %I to guanxi_service', t);
  end loop;
  alter table fact_cut enable row level security, force row level security;
  execute format('create policy reference on fact_cut for select using (%s)', some_scope);
  execute format('create policy upkeep on fact_cut using (%1$s) with check (%1$s)', $p$nullif(current_setting('app.scope', true), '') = '/'$p$);
  grant select, insert, update, delete on fact_cut to guanxi_service;
  alter table refresh_run enable row level security, force row level security;
  execute format('create policy scope on refresh_run using (%s) with check (%s)', some_scope, some_scope);
  grant select, insert, update on refresh_run to guanxi_service;
end
$$;
