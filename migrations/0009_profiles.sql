-- What is known of customers beyond their record, where each value comes from, and what feeds want otherwise than people.

create table customer_profile (
  customer_id uuid not null references customer (id),
  institution_path text collate "C" not null,
  occupation text,
  income_band text check (income_band in ('low', 'lower_middle', 'middle', 'upper_middle', 'high', 'very_high')),
  deceased_on date,
  company_size text check (company_size in ('micro', 'small', 'medium', 'large')),
  -- minor units of `registered_capital_currency`
  registered_capital bigint check (registered_capital >= 0),
  registered_capital_currency text,
  merchant_since date,
  merchant_until date,
  merchant_category_code text check (merchant_category_code ~ '^[0-9]{4}$'),
  risk_appetite text check (risk_appetite in ('conservative', 'moderate', 'balanced', 'growth', 'aggressive')),
  interests text[] not null default '{}',
  family_notes text,
  situations text[] not null default '{}'
    check (situations <@ array['opening', 'distribution_growth', 'production_growth', 'product_renewal', 'export', 'employees', 'acquisition']),
  -- whether the customer would take a credit line
  credit_willing boolean,
  updated_at timestamptz not null,
  primary key (customer_id),
  check ((registered_capital is null) = (registered_capital_currency is null)),
  check (merchant_until >= merchant_since),
  check (merchant_since is not null or (merchant_until is null and merchant_category_code is null))
);

-- So that whoever looks for days to greet on passes over the dead without going through all profiles.
create index customer_profile_deceased_idx on customer_profile (customer_id) where deceased_on is not null;

-- Where a field comes from, where that is not the source and the making of the record: a feed that changes nothing writes nothing here.
create table field_source (
  customer_id uuid not null references customer (id),
  field text not null,
  institution_path text collate "C" not null,
  source text not null,
  as_of timestamptz not null,
  -- the person who set it, where one did
  set_by uuid,
  verified_at timestamptz,
  verified_by uuid,
  verification text check (verification in ('document_seen', 'customer_asked', 'register_consulted', 'visit', 'other')),
  primary key (customer_id, field),
  check ((verified_at is null) = (verified_by is null) and (verified_at is null) = (verification is null))
);

-- What a feed wanted a field to be that a person has made sure of: one row for each field and source, which what that source sends next takes.
create table profile_difference (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  field text not null,
  source text not null,
  value_sent text not null,
  as_of timestamptz not null,
  -- of the policy of the field that kept the person's value; 0 for the default
  policy_version integer not null,
  status text not null check (status in ('open', 'accepted', 'dismissed', 'withdrawn')),
  noted_at timestamptz not null,
  decided_at timestamptz,
  decided_by uuid,
  version integer not null default 1,
  primary key (customer_id, id),
  constraint profile_difference_field_source_key unique (customer_id, field, source)
);
create index profile_difference_open_idx on profile_difference (institution_path, customer_id, id) where status = 'open';

-- Whether a person's word or a feed's counts for a field. Each row is a version and stays; the highest holds.
create table profile_policy (
  field text not null,
  version integer not null check (version > 0),
  winner text not null check (winner in ('person', 'feed')),
  reason text not null,
  set_by uuid,
  set_at timestamptz not null,
  primary key (field, version)
);

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
  some_scope constant text := $p$nullif(current_setting('app.scope', true), '') is not null$p$;
  t text;
begin
  foreach t in array array['customer_profile', 'field_source', 'profile_difference'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy scope on %I using (%s) with check (%s)', t, in_scope, in_scope);
    execute format('grant select, insert, update, delete on %I to guanxi_service', t);
  end loop;

  foreach t in array array['profile_policy'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy reference on %I for select using (%s)', t, some_scope);
    execute format('create policy append on %I for insert with check (%s)', t, some_scope);
    execute format('grant select, insert on %I to guanxi_service', t);
  end loop;
end
$$;

-- ------------------------------------------------------------------------------------------------ stages

-- By which rules the life stage of people and the situation of businesses are decided. Each row is a version and stays; the highest holds.
create table stage_policy (
  subject text not null check (subject in ('life_stage', 'situation')),
  version integer not null check (version > 0),
  rules jsonb not null,
  reason text not null,
  set_by uuid,
  set_at timestamptz not null,
  primary key (subject, version)
);
alter table stage_policy enable row level security, force row level security;
create policy reference on stage_policy for select using (nullif(current_setting('app.scope', true), '') is not null);
create policy append on stage_policy for insert with check (nullif(current_setting('app.scope', true), '') is not null);
grant select, insert on stage_policy to guanxi_service;

-- ------------------------------------------------------------------------------------------- key figures

-- What a customer's accounts say of a year, one for each year and source; each row is one version of it.
create table key_figure (
  customer_id uuid not null references customer (id),
  id uuid not null,
  version integer not null,
  institution_path text collate "C" not null,
  year integer not null check (year between 1900 and 9999),
  -- minor units of `currency`; a profit may be a loss
  revenue bigint check (revenue >= 0),
  total_assets bigint check (total_assets >= 0),
  net_profit bigint,
  currency text,
  -- in percent
  debt_ratio numeric(7, 4) check (debt_ratio between 0 and 999.9999),
  status text not null check (status in ('active', 'ended')),
  source text not null check (source in ('customer', 'observed', 'document', 'public', 'third_party', 'system')),
  noted_on date not null,
  note text,
  recorded_by uuid,
  recorded_at timestamptz not null,
  -- null for the version that holds
  superseded_at timestamptz,
  primary key (customer_id, id, version),
  check ((revenue is null and total_assets is null and net_profit is null) = (currency is null)),
  check (currency is not null or debt_ratio is not null)
);
create unique index key_figure_current_key on key_figure (customer_id, id) where superseded_at is null;
create unique index key_figure_year_key on key_figure (customer_id, year, source) where superseded_at is null and status = 'active';

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
begin
  alter table key_figure enable row level security, force row level security;
  execute format('create policy scope on key_figure to guanxi_service using (%s) with check (%s)', in_scope, in_scope);
  grant select, insert, update, delete on key_figure to guanxi_service;
end
$$;
