-- Who keeps a customer, and with whom: handing over with its reason, maintenance teams, capacity, delegations that end early.

-- Product families somebody knows well, beside the industries and areas they serve.
alter table staff add column product_families text[] not null default '{}';

-- What people say when they give a customer to somebody.
alter table assignment add column reason text;
alter table assignment add column over_capacity_reason text;
alter table assignment add column assigned_by uuid;

-- The day on which a delegation was taken back. Rows of before know the instant of their last change only.
alter table delegation add column revoked_on date;
do $$
begin
  -- The owner of the tables passes their policies no more than anybody else.
  perform set_config('app.scope', '/', true);
  update delegation set revoked_on = (updated_at at time zone 'Asia/Shanghai')::date where status = 'revoked';
  perform set_config('app.scope', '', true);
end
$$;
alter table delegation add check (revoked_on is null or status = 'revoked');

-- What a document is kept for, and when somebody saw that it is the customer's.
alter table identity_document add column purpose text check (purpose in ('identification', 'account_opening', 'credit', 'tax', 'authority', 'other'));
alter table identity_document add column verified_at timestamptz;

-- The maintenance team of a customer: [starts_on, ends_on), no end while it lasts.
create table team_member (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  staff_id uuid not null,
  duty text not null check (duty in ('relationship_manager', 'product_specialist', 'risk_officer', 'adviser', 'planner')),
  starts_on date not null,
  ends_on date,
  state text not null check (state in ('planned', 'current', 'ended', 'cancelled')),
  reason text not null,
  -- null where a machine did
  added_by uuid,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  check (ends_on > starts_on),
  constraint team_member_period_excl exclude using gist (customer_id with =, staff_id with =, duty with =, daterange(starts_on, ends_on) with &&) where (state <> 'cancelled')
);
create index team_member_staff_id_idx on team_member (staff_id, state);
create index team_member_due_idx on team_member (starts_on) where state = 'planned';
create index team_member_ending_idx on team_member (ends_on) where state = 'current' and ends_on is not null;

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
begin
  alter table team_member enable row level security, force row level security;
  execute format('create policy scope on team_member to guanxi_service using (%s) with check (%s)', in_scope, in_scope);
  grant select, insert, update, delete on team_member to guanxi_service;
end
$$;

create policy lookup on assignment for select to guanxi_lookup using (true);
create policy lookup on team_member for select to guanxi_lookup using (true);
grant select on assignment, team_member to guanxi_lookup;

/*
 * How much somebody has to do, in whatever branches their customers are: those kept on a day or later, planned ones too, and the teams they are in.
 * Dear, so that a page is cut before it is asked for.
 */
create function staff_load(p_staff uuid, p_from date)
returns table (customers integer, teams integer)
language sql stable security definer rows 1 cost 10000 set search_path = pg_catalog, public, pg_temp
as $$
  select
    (select count(distinct a.customer_id)::integer from assignment a
      where a.staff_id = p_staff and a.state in ('planned', 'current') and (a.ends_on is null or a.ends_on > p_from)),
    (select count(distinct m.customer_id)::integer from team_member m
      where m.staff_id = p_staff and m.state in ('planned', 'current') and (m.ends_on is null or m.ends_on > p_from))
  where nullif(current_setting('app.scope', true), '') is not null
$$;
grant create on schema public to guanxi_lookup;
alter function staff_load(uuid, date) owner to guanxi_lookup;
revoke create on schema public from guanxi_lookup;
revoke execute on function staff_load(uuid, date) from public;
grant execute on function staff_load(uuid, date) to guanxi_service;
