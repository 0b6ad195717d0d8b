-- Several documents and contact points of a kind, recognition at the counter, the notes left there, and keys that rotate.

-- What comes with a customer's row stays one of each kind per source; what is added by itself stands beside it.
alter table identity_document add column added boolean not null default false;
alter table identity_document drop constraint identity_document_source_type_key;
create unique index identity_document_source_type_key on identity_document (customer_id, source, type) where not added;
create unique index identity_document_added_key on identity_document (customer_id, type, country, number_hash) where added;
-- What a bank has to clarify is little beside what it holds.
create index identity_document_to_clarify_idx on identity_document (institution_path, customer_id, id) where unverified_reason is not null;

alter table contact_point add column added boolean not null default false;
alter table contact_point drop constraint contact_point_source_kind_purpose_key;
create unique index contact_point_source_kind_purpose_key on contact_point (customer_id, source, kind, purpose) where not added;
create unique index contact_point_added_key on contact_point (customer_id, kind, purpose, value_hash) where added;

-- What was noticed about a customer at a counter, for whoever keeps the customer.
create table counter_note (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  kind text not null check (kind in ('need', 'hint', 'referral')),
  note text not null,
  finder_id uuid not null,
  -- who kept the customer at that time
  relationship_manager_id uuid,
  created_at timestamptz not null,
  primary key (customer_id, id)
);
create index counter_note_institution_path_idx on counter_note (institution_path, created_at desc);
create index counter_note_finder_id_idx on counter_note (finder_id, created_at desc);

-- How often a caller did this in the minute of the last time: counted here, so that all instances count together.
create table call_count (
  caller text not null,
  kind text not null check (kind in ('recognition', 'reveal')),
  minute timestamptz not null,
  calls integer not null,
  primary key (caller, kind)
) with (fillfactor = 50);

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
begin
  alter table counter_note enable row level security, force row level security;
  execute format('create policy scope on counter_note using (%s) with check (%s)', in_scope, in_scope);
  grant select, insert, update, delete on counter_note to guanxi_service;
  alter table call_count enable row level security, force row level security;
  create policy caller on call_count using (caller = nullif(current_setting('app.caller', true), '')) with check (caller = nullif(current_setting('app.caller', true), ''));
  grant select, insert, update on call_count to guanxi_service;
end
$$;

-- A rotation seals anew what is sealed with a master key and does not belong to a customer.
grant update (answer_encrypted) on idempotency to guanxi_service;
create policy rotation on idempotency for update using (nullif(current_setting('app.caller', true), '') = 'system:rotate-keys')
  with check (nullif(current_setting('app.caller', true), '') = 'system:rotate-keys');
grant update (raw_encrypted) on import_reject to guanxi_service;

/* Takes documents and contact points out of the blind index. `p_rows`: [{"customerId", "targetId"}]. */
create function unindex_values(p_rows json)
returns void
language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
  delete from blind_index b
  using json_to_recordset(p_rows) as r ("customerId" uuid, "targetId" uuid)
  where b.customer_id = r."customerId" and b.target_id = r."targetId" and nullif(current_setting('app.scope', true), '') is not null
$$;

/*
 * What the counter may know of the customers of the whole bank who carry one of these hashes: at most `p_limit`, so that a phone which thousands share
 * costs no more. For callers whose scope is the whole bank only.
 */
create function recognise_by_hash(p_kind text, p_hashes bytea[], p_limit integer)
returns table (customer_id uuid, kind text, status text, name text, customer_since date, birth_date date, relationship_manager_id uuid)
language sql stable security definer rows 2 set search_path = pg_catalog, public, pg_temp
as $$
  select c.id, c.kind, c.status, c.name, c.customer_since, c.birth_date, c.relationship_manager_id
  from (
    select distinct found.customer_id
    from unnest(p_hashes) h (hash)
    cross join lateral (
      select distinct b.customer_id
      from blind_index b
      join customer k on k.id = b.customer_id and k.status in ('prospect', 'active', 'closed')
      where b.hash = h.hash and b.kind = p_kind
      order by 1
      limit p_limit
    ) found
    order by 1
    limit p_limit
  ) f
  join customer c on c.id = f.customer_id
  where nullif(current_setting('app.scope', true), '') = '/'
  order by c.id
$$;

/* The same by the number that a source system gives; what people call customers here (`p_own_source`) is none. */
create function recognise_by_number(p_number text, p_own_source text, p_limit integer)
returns table (customer_id uuid, kind text, status text, name text, customer_since date, birth_date date, relationship_manager_id uuid)
language sql stable security definer rows 2 set search_path = pg_catalog, public, pg_temp
as $$
  select c.id, c.kind, c.status, c.name, c.customer_since, c.birth_date, c.relationship_manager_id
  from (select distinct e.customer_id from external_id e where e.external_id = p_number and e.entity = 'customer' and e.source <> p_own_source) f
  join customer c on c.id = f.customer_id
  where c.status in ('prospect', 'active', 'closed') and nullif(current_setting('app.scope', true), '') = '/'
  order by c.id
  limit p_limit
$$;

do $$
declare
  f regprocedure;
begin
  grant create on schema public to guanxi_lookup;
  for f in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname in ('unindex_values', 'recognise_by_hash', 'recognise_by_number') loop
    execute format('alter function %s owner to guanxi_lookup', f);
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to guanxi_service, guanxi_lookup', f);
  end loop;
  revoke create on schema public from guanxi_lookup;
end
$$;
