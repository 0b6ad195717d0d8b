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

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
  t text;
begin
  foreach t in array array['relationship', 'key_person', 'shared_key_person', 'customer_group', 'customer_group_member', 'group_membership'] loop
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
