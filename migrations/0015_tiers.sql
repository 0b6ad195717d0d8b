-- Tiers: schemes with versions, who is in which tier and was, what was set by hand. Classifications: policies with versions, what they decided.

create sequence tier_scheme_slot as bigint;

create table tier_scheme (
  id uuid primary key,
  -- the place of the scheme in the arrays of a row of facts; never used again
  slot integer not null unique check (slot > 0),
  code text not null unique,
  name text not null,
  kinds text[] not null,
  -- the name of a fact that is a number or an amount
  measure text not null,
  state text not null check (state in ('active', 'retired')),
  -- the version by which the rows of facts stand; none before the first full refresh, and none of a retired scheme after the last one
  evaluated_version integer,
  created_by text not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  retired_at timestamptz
);
alter table tier_scheme alter column slot set default nextval('tier_scheme_slot');

-- Decided by on a day: the one that began last. Never changed.
create table tier_scheme_version (
  scheme_id uuid not null references tier_scheme (id),
  scheme_version integer not null,
  effective_on date not null,
  grace_days integer not null check (grace_days >= 0),
  -- ascending [{code, name, from, near, unsettled}], decimal texts in the unit of the measure
  thresholds jsonb not null,
  -- [{institutionCode, thresholds}] for subtrees with lines of their own
  subtrees jsonb not null default '[]',
  source text not null check (source in ('practice', 'ours', 'bank')),
  -- what of it has another source
  note text,
  created_by text not null,
  created_at timestamptz not null,
  primary key (scheme_id, scheme_version),
  unique (scheme_id, effective_on)
);

-- A stay in a tier: from the day of the refresh that brought the customer in, until the day of the one that took them out.
create table tier_membership (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  scheme_id uuid not null,
  tier text not null,
  -- the place of the tier by the version that decided
  place integer not null,
  began_on date not null,
  began_at timestamptz not null,
  began_reason text not null check (began_reason in ('entered', 'upgraded', 'downgraded', 'override', 'scheme')),
  began_version integer not null,
  -- the facts that decided, as they were, and since when the measure lay below the tier before
  began_facts jsonb not null default '{}',
  ended_on date,
  ended_at timestamptz,
  ended_reason text check (ended_reason in ('upgraded', 'downgraded', 'left', 'override', 'scheme')),
  ended_version integer,
  ended_facts jsonb,
  primary key (customer_id, id),
  check ((ended_on is null) = (ended_at is null) and (ended_on is null) = (ended_reason is null)),
  check (ended_on >= began_on)
);
create unique index tier_membership_current_key on tier_membership (customer_id, scheme_id) where ended_on is null;
create index tier_membership_tier_idx on tier_membership (scheme_id, tier, institution_path, customer_id) where ended_on is null;
create index tier_membership_began_on_idx on tier_membership (scheme_id, began_on, ended_on, institution_path);

-- A tier that somebody set by hand, for a time.
create table tier_override (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  scheme_id uuid not null,
  tier text not null,
  reason text not null,
  requested_by uuid not null,
  approver_id uuid not null,
  starts_on date not null,
  -- first day on which it holds no more
  ends_on date not null check (ends_on >= starts_on),
  state text not null check (state in ('active', 'ended')),
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id)
);
create unique index tier_override_current_key on tier_override (customer_id, scheme_id) where state = 'active';
create index tier_override_active_idx on tier_override (ends_on) where state = 'active';

create table classification_policy (
  kind text not null check (kind in ('lifecycle_stage', 'activity', 'product_preference', 'marketing_grade', 'relationship_preference', 'relation_scores')),
  policy_version integer not null check (policy_version > 0),
  effective_on date not null,
  -- ordered [{value, rule}]: the first rule that is met decides
  rules jsonb not null,
  default_value text,
  reason text not null,
  set_by uuid,
  set_at timestamptz not null,
  primary key (kind, policy_version),
  unique (kind, effective_on)
);

-- How a customer was classified, from the day of the refresh that decided so until the day of the one that decided otherwise.
create table classification_period (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  kind text not null check (kind in ('lifecycle_stage', 'activity', 'product_preference', 'marketing_grade')),
  value text not null,
  -- 0 for the default that is shipped
  policy_version integer not null,
  -- which of its rules decided, from 0; none where its default did
  rule_index integer,
  facts jsonb not null default '{}',
  began_on date not null,
  began_at timestamptz not null,
  ended_on date check (ended_on >= began_on),
  ended_at timestamptz,
  primary key (customer_id, id),
  check ((ended_on is null) = (ended_at is null))
);
create unique index classification_period_current_key on classification_period (customer_id, kind) where ended_on is null;
create index classification_period_began_on_idx on classification_period (kind, began_on, ended_on, institution_path);

-- What drives a customer’s choice of a bank, as their relationship manager declared. Each row is one declaration.
create table relationship_preference (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  preference text not null check (preference in ('relationship', 'quality', 'price', 'credit')),
  note text,
  declared_by uuid,
  declared_at timestamptz not null,
  superseded_at timestamptz,
  primary key (customer_id, id)
);
create unique index relationship_preference_current_key on relationship_preference (customer_id) where superseded_at is null;

alter table customer_fact
  add column tiers text[],
  -- by the slot of the scheme: the place of the tier, 0 below the lowest, null where the scheme does not apply
  add column tier_places integer[],
  -- by the slot of the scheme: since when the measure lies below the tier that is held
  add column tier_below date[];
alter table customer_fact_month add column tiers text[];

-- The schemes of practice. Where limits have no source they are ours; the note says which. Amounts are those of CNY, and a bank’s to change.
insert into tier_scheme (id, slot, code, name, kinds, measure, state, created_by, created_at, updated_at) values
  ('0194f5a0-0000-7000-8000-000000000001', nextval('tier_scheme_slot'), 'retail_deposits', '零售存款分层', '{individual}', 'depositBalance', 'active', 'system:defaults', '2026-11-01', '2026-11-01'),
  ('0194f5a0-0000-7000-8000-000000000002', nextval('tier_scheme_slot'), 'private_clients', '私人银行客户', '{individual}', 'aum', 'active', 'system:defaults', '2026-11-01', '2026-11-01'),
  ('0194f5a0-0000-7000-8000-000000000003', nextval('tier_scheme_slot'), 'companies', '对公客户分级', '{company,sole_trader}', 'aum', 'active', 'system:defaults', '2026-11-01', '2026-11-01');

insert into tier_scheme_version (scheme_id, scheme_version, effective_on, grace_days, thresholds, source, note, created_by, created_at) values
  ('0194f5a0-0000-7000-8000-000000000001', 1, '2000-01-01', 90,
    '[{"code": "band_1", "name": "2–5 万", "from": "20000", "near": "2000", "unsettled": "2000"},
      {"code": "band_2", "name": "5–10 万", "from": "50000", "near": "5000", "unsettled": "5000"},
      {"code": "band_3", "name": "10 万以上", "from": "100000", "near": "10000", "unsettled": "10000"}]',
    'practice', 'Lines from practice; days of grace and bands (a tenth of the line) are ours.', 'system:defaults', '2026-11-01'),
  ('0194f5a0-0000-7000-8000-000000000002', 1, '2000-01-01', 90,
    '[{"code": "private", "name": "私人银行", "from": "6000000", "near": "1000000", "unsettled": "2000000"}]',
    'practice', 'Line and bands from practice: near up to 1 m below the line, settled from 8 m on; days of grace are ours.', 'system:defaults', '2026-11-01'),
  ('0194f5a0-0000-7000-8000-000000000003', 1, '2000-01-01', 90,
    '[{"code": "c", "name": "C 级", "from": "1000000", "near": "100000", "unsettled": "100000"},
      {"code": "b", "name": "B 级", "from": "10000000", "near": "1000000", "unsettled": "1000000"},
      {"code": "a", "name": "A 级", "from": "50000000", "near": "5000000", "unsettled": "5000000"}]',
    'ours', 'Grades A, B and C from practice; lines, bands and days of grace are ours.', 'system:defaults', '2026-11-01');

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
  some_scope constant text := $p$nullif(current_setting('app.scope', true), '') is not null$p$;
  t text;
begin
  foreach t in array array['tier_membership', 'tier_override', 'classification_period', 'relationship_preference'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy scope on %I to guanxi_service using (%s) with check (%s)', t, in_scope, in_scope);
    execute format('grant select, insert, update, delete on %I to guanxi_service', t);
  end loop;
  foreach t in array array['tier_scheme', 'tier_scheme_version', 'classification_policy'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy reference on %I for select using (%s)', t, some_scope);
    execute format('create policy append on %I for insert with check (%s)', t, some_scope);
  end loop;
  execute format('create policy change on tier_scheme for update using (%1$s) with check (%1$s)', some_scope);
  grant select, insert, update on tier_scheme to guanxi_service;
  grant select, insert on tier_scheme_version, classification_policy to guanxi_service;
  grant usage on sequence tier_scheme_slot to guanxi_service;
end
$$;
