-- Segments: rules with versions, who is in them and was, and since when a condition has held.

create sequence segment_number as bigint;

create table segment (
  id uuid primary key,
  -- short and never used again: what rows of facts call it
  number integer not null unique,
  code text not null unique,
  name text not null,
  description text,
  kind text not null check (kind in ('dynamic', 'static')),
  state text not null check (state in ('draft', 'active', 'retired')),
  -- the version of the rule that holds; none of a static segment
  rule_version integer,
  created_by text not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  activated_at timestamptz,
  retired_at timestamptz,
  check ((kind = 'dynamic') = (rule_version is not null))
);
alter table segment alter column number set default nextval('segment_number');

create table segment_version (
  segment_id uuid not null references segment (id),
  rule_version integer not null,
  rule jsonb not null,
  reason text,
  created_by text not null,
  created_at timestamptz not null,
  primary key (segment_id, rule_version)
);

-- A stay in a segment: from the day of the refresh that let the customer in, until the day of the one that did no more.
create table segment_membership (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  segment_id uuid not null,
  entered_on date not null,
  entered_at timestamptz not null,
  entered_version integer,
  -- the facts that the rule asked for, as they were
  entered_facts jsonb not null default '{}',
  left_on date,
  left_at timestamptz,
  left_version integer,
  left_facts jsonb,
  left_reason text check (left_reason in ('rule', 'removed', 'closed', 'retired')),
  primary key (customer_id, id),
  check ((left_on is null) = (left_at is null) and (left_on is null) = (left_reason is null)),
  check (left_on >= entered_on)
);
create unique index segment_membership_current_key on segment_membership (customer_id, segment_id) where left_on is null;
create index segment_membership_segment_id_idx on segment_membership (segment_id, institution_path, customer_id) where left_on is null;
create index segment_membership_entered_on_idx on segment_membership (segment_id, entered_on, left_on, institution_path);

-- Since when a condition that some rule watches has held without a break.
create table customer_condition (
  customer_id uuid not null references customer (id),
  condition text not null,
  institution_path text collate "C" not null,
  since date not null,
  primary key (customer_id, condition)
);

alter table customer_fact add column segments integer[] not null default '{}';

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
  some_scope constant text := $p$nullif(current_setting('app.scope', true), '') is not null$p$;
  t text;
begin
  foreach t in array array['segment_membership', 'customer_condition'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy scope on %I to guanxi_service using (%s) with check (%s)', t, in_scope, in_scope);
    execute format('grant select, insert, update, delete on %I to guanxi_service', t);
  end loop;
  foreach t in array array['segment', 'segment_version'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy reference on %I for select using (%s)', t, some_scope);
    execute format('create policy append on %I for insert with check (%s)', t, some_scope);
  end loop;
  execute format('create policy change on segment for update using (%1$s) with check (%1$s)', some_scope);
  grant select, insert, update on segment to guanxi_service;
  grant select, insert on segment_version to guanxi_service;
  grant usage on sequence segment_number to guanxi_service;
end
$$;
