-- Days that matter to customers, what they have consented to, and how they wish to be contacted.

-- ---------------------------------------------------------------------------------------------- key dates

-- The day of the year (month × 100 + day) of the birth of a person or the founding of a company. A column, since under row-level
-- security an index on an expression serves nobody: the functions in it are not leakproof.
alter table customer add column anniversary integer generated always as ((case when kind = 'company'
  then extract(month from founded_on) * 100 + extract(day from founded_on)
  else extract(month from birth_date) * 100 + extract(day from birth_date) end)::integer) stored;
create index customer_anniversary_idx on customer (anniversary, institution_path) where anniversary is not null;

create table key_date (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  kind text not null check (kind in ('birthday', 'wedding_day', 'founding_day', 'custom')),
  name text,
  calendar text not null check (calendar in ('gregorian', 'lunar')),
  month integer not null check (month between 1 and 12),
  day integer not null check (day between 1 and 31),
  leap_month boolean not null,
  -- of that calendar; a lunar year bears the number of the Gregorian year in which it begins
  year integer,
  recurrence text not null check (recurrence in ('yearly', 'once')),
  note text,
  status text not null check (status in ('active', 'ended')),
  -- the next two days on which it falls, from the day on which they were worked out, and how many years it is then
  next_on date,
  next_years integer,
  following_on date,
  following_years integer,
  source text not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  check ((kind = 'custom') = (name is not null)),
  check (calendar = 'lunar' or not leap_month),
  check (recurrence = 'yearly' or year is not null),
  check (status = 'active' or next_on is null)
);
create unique index key_date_active_key on key_date (customer_id, kind) where status = 'active' and kind <> 'custom';
create index key_date_next_on_idx on key_date (next_on, institution_path) where next_on is not null;
create index key_date_following_on_idx on key_date (following_on, institution_path) where following_on is not null;

-- ------------------------------------------------------------------------------------ consent and contact

-- What a customer has consented to or withdrawn, in the order of given_at and id. The newest for a channel and purpose is what holds.
create table consent_event (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  channel text not null check (channel in ('phone', 'sms', 'email', 'wechat', 'letter', 'visit')),
  purpose text not null check (purpose in ('service', 'marketing', 'survey')),
  decision text not null check (decision in ('granted', 'withdrawn')),
  evidence text not null check (evidence in ('form', 'recording', 'online', 'counter', 'letter')),
  evidence_reference text,
  given_at timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by text not null,
  source text not null,
  primary key (customer_id, id),
  check (decision = 'withdrawn' or evidence_reference is not null)
);
create index consent_event_given_at_idx on consent_event (customer_id, channel, purpose, given_at desc, id desc);

create table contact_preference (
  customer_id uuid not null references customer (id),
  institution_path text collate "C" not null,
  preferred_channels text[] not null check (preferred_channels <@ array['phone', 'sms', 'email', 'wechat', 'letter', 'visit']),
  -- local times HH:MM of the institution that keeps the customer
  hours_from text check (hours_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  hours_until text check (hours_until ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  most_per_month integer check (most_per_month between 0 and 100),
  topics text[] not null,
  do_not_contact boolean not null,
  do_not_contact_reason text,
  do_not_contact_until date,
  source text not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id),
  check ((hours_from is null) = (hours_until is null)),
  check (do_not_contact or (do_not_contact_reason is null and do_not_contact_until is null))
);

-- When nobody is contacted, for an institution and all below it that say nothing themselves.
create table quiet_hours (
  institution_id uuid primary key references institution (id),
  starts_at text not null check (starts_at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  ends_at text not null check (ends_at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  source text not null,
  version integer not null default 1,
  updated_at timestamptz not null
);

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
  some_scope constant text := $p$nullif(current_setting('app.scope', true), '') is not null$p$;
  t text;
begin
  foreach t in array array['key_date', 'consent_event', 'contact_preference'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy scope on %I using (%s) with check (%s)', t, in_scope, in_scope);
  end loop;
  grant select, insert, update, delete on key_date, contact_preference to guanxi_service;
  -- Evidence is appended and never changed; only its place follows the customer.
  grant select, insert, update (institution_path) on consent_event to guanxi_service;

  alter table quiet_hours enable row level security, force row level security;
  execute format('create policy reference on quiet_hours for select using (%s)', some_scope);
  execute format('create policy append on quiet_hours for insert with check (%s)', some_scope);
  execute format('create policy change on quiet_hours for update using (%1$s) with check (%1$s)', some_scope);
  grant select, insert, update on quiet_hours to guanxi_service;
end
$$;
