-- Who belongs to whom: relationships between customers. What binds two customers is stored under each of them, as further parties of holdings are.

create table relationship (
  customer_id uuid not null references customer (id),
  -- the same on both sides
  id uuid not null,
  institution_path text collate "C" not null,
  related_customer_id uuid not null,
  -- what the related customer is to the customer
  kind text not null check (kind in ('spouse', 'parent', 'child', 'owner', 'owned_by', 'legal_representative', 'represented_by', 'employer', 'employee', 'guarantor',
    'guaranteed', 'shareholder', 'investee', 'referrer', 'referred', 'partner', 'supplier', 'customer_of', 'community_member')),
  -- in percent
  share numeric(7, 4) check (share between 0 and 100),
  since date,
  note text,
  thanked_on date,
  status text not null check (status in ('active', 'ended')),
  ended_on date,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  check (related_customer_id <> customer_id),
  check (share is null or kind in ('shareholder', 'investee')),
  check ((status = 'ended') = (ended_on is not null))
);
create unique index relationship_active_key on relationship (customer_id, related_customer_id, kind) where status = 'active';
create unique index relationship_spouse_key on relationship (customer_id) where kind = 'spouse' and status = 'active';

-- Who decides and works for a company or sole trader. One record for each person, under the company where they were met first.
create table key_person (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  name text not null,
  name_folded text collate "C" not null,
  role text not null check (role in ('decision_maker', 'influencer', 'information_provider', 'operator', 'executive')),
  title text,
  phone_encrypted bytea,
  phone_masked text,
  email_encrypted bytea,
  email_masked text,
  birth_month integer check (birth_month between 1 and 12),
  birth_day integer check (birth_day between 1 and 31),
  birth_year integer check (birth_year between 1800 and 9999),
  career text,
  offices text[] not null default '{}',
  honours text[] not null default '{}',
  interests text[] not null default '{}',
  counterpart_staff_id uuid,
  counterpart_level text check (counterpart_level in ('relationship_manager', 'manager', 'executive')),
  -- the person's own record, where they are a customer too
  person_customer_id uuid,
  status text not null check (status in ('active', 'ended')),
  ended_on date,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  check (person_customer_id <> customer_id),
  check ((birth_month is null) = (birth_day is null)),
  check (birth_year is null or birth_month is not null),
  check ((phone_encrypted is null) = (phone_masked is null)),
  check ((email_encrypted is null) = (email_masked is null)),
  check ((status = 'ended') = (ended_on is not null))
);
create index key_person_person_customer_id_idx on key_person (person_customer_id) where person_customer_id is not null;
create unique index key_person_person_key on key_person (customer_id, person_customer_id) where status = 'active';

-- The same person at a further company: what they are there, and where their record is.
create table shared_key_person (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  key_person_customer_id uuid not null,
  key_person_id uuid not null,
  role text not null check (role in ('decision_maker', 'influencer', 'information_provider', 'operator', 'executive')),
  title text,
  counterpart_staff_id uuid,
  counterpart_level text check (counterpart_level in ('relationship_manager', 'manager', 'executive')),
  status text not null check (status in ('active', 'ended')),
  ended_on date,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  check (key_person_customer_id <> customer_id),
  check ((status = 'ended') = (ended_on is not null))
);
create unique index shared_key_person_active_key on shared_key_person (customer_id, key_person_id) where status = 'active';

-- Customers who are looked at together, owned by the one who heads them.
create table customer_group (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  kind text not null check (kind in ('household', 'group')),
  name text not null,
  status text not null check (status in ('active', 'ended')),
  ended_on date,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  check ((status = 'ended') = (ended_on is not null))
);
create unique index customer_group_household_key on customer_group (customer_id) where kind = 'household' and status = 'active';

-- Who is in it, seen from the group: owned by the head, so that those whom a caller does not see are counted.
create table customer_group_member (
  customer_id uuid not null,
  -- the same on both sides
  id uuid not null,
  institution_path text collate "C" not null,
  group_id uuid not null,
  member_customer_id uuid not null,
  status text not null check (status in ('active', 'ended')),
  joined_on date not null,
  ended_on date,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  foreign key (customer_id, group_id) references customer_group (customer_id, id),
  check ((status = 'ended') = (ended_on is not null))
);
create unique index customer_group_member_active_key on customer_group_member (customer_id, group_id, member_customer_id) where status = 'active';

-- The same seen from the member.
create table group_membership (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  head_customer_id uuid not null,
  group_id uuid not null,
  kind text not null check (kind in ('household', 'group')),
  status text not null check (status in ('active', 'ended')),
  joined_on date not null,
  ended_on date,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  check ((status = 'ended') = (ended_on is not null))
);
create unique index group_membership_active_key on group_membership (customer_id, group_id) where status = 'active';
create unique index group_membership_household_key on group_membership (customer_id) where kind = 'household' and status = 'active';

-- What a banker notes. Each row is one version of a note: a change closes the row that held and adds one, so that nothing that was known is lost.

create table need (
  customer_id uuid not null references customer (id),
  id uuid not null,
  version integer not null,
  institution_path text collate "C" not null,
  kind text not null check (kind in ('home', 'car', 'education', 'retirement', 'insurance', 'tax', 'estate', 'working_capital', 'other')),
  -- minor units of `currency`
  amount bigint check (amount >= 0),
  currency text,
  horizon_on date,
  status text not null check (status in ('open', 'met', 'dropped')),
  source text not null check (source in ('customer', 'observed', 'document', 'public', 'third_party', 'system')),
  noted_on date not null,
  note text,
  recorded_by uuid,
  recorded_at timestamptz not null,
  -- null for the version that holds
  superseded_at timestamptz,
  primary key (customer_id, id, version),
  check ((amount is null) = (currency is null))
);
create unique index need_current_key on need (customer_id, id) where superseded_at is null;

create table outside_holding (
  customer_id uuid not null references customer (id),
  id uuid not null,
  version integer not null,
  institution_path text collate "C" not null,
  bank_name text not null,
  kind text not null check (kind in ('assets', 'loan', 'product')),
  product_name text,
  amount bigint not null check (amount >= 0),
  currency text not null,
  status text not null check (status in ('active', 'ended')),
  source text not null check (source in ('customer', 'observed', 'document', 'public', 'third_party', 'system')),
  noted_on date not null,
  note text,
  recorded_by uuid,
  recorded_at timestamptz not null,
  -- null for the version that holds
  superseded_at timestamptz,
  primary key (customer_id, id, version)
);
create unique index outside_holding_current_key on outside_holding (customer_id, id) where superseded_at is null;

create table credit_standing (
  customer_id uuid not null references customer (id),
  id uuid not null,
  version integer not null,
  institution_path text collate "C" not null,
  origin text not null check (origin in ('own', 'outside')),
  agency text,
  rating text not null,
  outlook text check (outlook in ('positive', 'stable', 'negative', 'developing')),
  rated_on date not null,
  granted bigint check (granted >= 0),
  used bigint check (used >= 0),
  currency text,
  status text not null check (status in ('active', 'ended')),
  source text not null check (source in ('customer', 'observed', 'document', 'public', 'third_party', 'system')),
  noted_on date not null,
  note text,
  recorded_by uuid,
  recorded_at timestamptz not null,
  -- null for the version that holds
  superseded_at timestamptz,
  primary key (customer_id, id, version),
  check ((granted is null) = (currency is null)),
  check (used is null or granted is not null),
  check ((origin = 'outside') = (agency is not null))
);
create unique index credit_standing_current_key on credit_standing (customer_id, id) where superseded_at is null;

create table suitability_assessment (
  customer_id uuid not null references customer (id),
  id uuid not null,
  version integer not null,
  institution_path text collate "C" not null,
  score integer not null check (score >= 0),
  level integer not null check (level between 1 and 5),
  questionnaire_version text not null,
  assessed_on date not null,
  expires_on date not null,
  first_time_buyer boolean not null,
  status text not null check (status in ('active', 'ended')),
  source text not null check (source in ('customer', 'observed', 'document', 'public', 'third_party', 'system')),
  noted_on date not null,
  note text,
  recorded_by uuid,
  recorded_at timestamptz not null,
  -- null for the version that holds
  superseded_at timestamptz,
  primary key (customer_id, id, version),
  check (expires_on > assessed_on)
);
create unique index suitability_assessment_current_key on suitability_assessment (customer_id, id) where superseded_at is null;
create unique index suitability_assessment_active_key on suitability_assessment (customer_id) where superseded_at is null and status = 'active';

create table life_event (
  customer_id uuid not null references customer (id),
  id uuid not null,
  version integer not null,
  institution_path text collate "C" not null,
  title text not null,
  happened_on date not null,
  key_person_id uuid,
  status text not null check (status in ('active', 'ended')),
  source text not null check (source in ('customer', 'observed', 'document', 'public', 'third_party', 'system')),
  noted_on date not null,
  note text,
  recorded_by uuid,
  recorded_at timestamptz not null,
  -- null for the version that holds
  superseded_at timestamptz,
  primary key (customer_id, id, version),
  foreign key (customer_id, key_person_id) references key_person (customer_id, id)
);
create unique index life_event_current_key on life_event (customer_id, id) where superseded_at is null;

create table privilege_grant (
  customer_id uuid not null references customer (id),
  id uuid not null,
  version integer not null,
  institution_path text collate "C" not null,
  privilege text not null,
  starts_on date not null,
  ends_on date,
  -- what its uses have cost, in minor units of `currency`
  cost bigint check (cost >= 0),
  currency text,
  used_count integer not null check (used_count >= 0),
  last_used_on date,
  status text not null check (status in ('active', 'ended')),
  source text not null check (source in ('customer', 'observed', 'document', 'public', 'third_party', 'system')),
  noted_on date not null,
  note text,
  recorded_by uuid,
  recorded_at timestamptz not null,
  -- null for the version that holds
  superseded_at timestamptz,
  primary key (customer_id, id, version),
  check ((cost is null) = (currency is null)),
  check (ends_on >= starts_on)
);
create unique index privilege_grant_current_key on privilege_grant (customer_id, id) where superseded_at is null;

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
  t text;
begin
  foreach t in array array['relationship', 'key_person', 'shared_key_person', 'customer_group', 'customer_group_member', 'group_membership',
    'need', 'outside_holding', 'credit_standing', 'suitability_assessment', 'life_event', 'privilege_grant'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy scope on %I to guanxi_service using (%s) with check (%s)', t, in_scope, in_scope);
    execute format('grant select, insert, update, delete on %I to guanxi_service', t);
  end loop;
end
$$;

create policy lookup on relationship for select to guanxi_lookup using (true);
grant select on relationship to guanxi_lookup;

/*
 * Whether a line of active relationships of one kind leads from one customer to another, in whatever branches those between them are: what
 * closes a circle is refused even where the caller sees only its ends. Null where it is longer than `p_steps` or passes 10,000 customers.
 */
create function line_reaches(p_from uuid, p_to uuid, p_kind text, p_steps integer)
returns boolean
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  reached uuid[] := array[p_from];
  frontier uuid[] := array[p_from];
begin
  if nullif(current_setting('app.scope', true), '') is null then return null; end if;
  for step in 1 .. p_steps loop
    if p_to = any (frontier) then return true; end if;
    select coalesce(array_agg(distinct r.related_customer_id), '{}') into frontier
    from relationship r
    where r.customer_id = any (frontier) and r.kind = p_kind and r.status = 'active' and r.related_customer_id <> all (reached);
    if frontier = '{}' then return false; end if;
    reached := reached || frontier;
    if cardinality(reached) > 10000 then return null; end if;
  end loop;
  return null;
end
$$;
grant create on schema public to guanxi_lookup;
alter function line_reaches(uuid, uuid, text, integer) owner to guanxi_lookup;
revoke create on schema public from guanxi_lookup;
revoke execute on function line_reaches(uuid, uuid, text, integer) from public;
grant execute on function line_reaches(uuid, uuid, text, integer) to guanxi_service;
