-- Month-ends past, worked out from what is stored of them, by the rules of the day on which that is done.

alter table customer_fact_month
  add column reconstructed boolean not null default false,
  -- balances are known from this day on; null where none is missing
  add column balances_from date,
  -- whether it is known which holdings were open
  add column openings_known boolean,
  -- as in customer_fact
  add column tier_places integer[],
  add column tier_below date[],
  add column segments integer[],
  -- classifications, by the names of their facts, and segments, by their numbers, of which nobody can tell
  add column undetermined text[];

-- Of how many customers of the bank a month-end can tell, and cannot tell, whether they were in a segment.
create table segment_month (
  segment_id uuid not null references segment (id),
  month_end date not null,
  determined integer not null,
  undetermined integer not null,
  primary key (segment_id, month_end)
);

alter table segment_membership
  add column reconstructed boolean not null default false,
  drop constraint segment_membership_left_reason_check,
  add constraint segment_membership_left_reason_check check (left_reason in ('rule', 'removed', 'closed', 'retired', 'continued'));

alter table refresh_run
  -- of a history: the month-end that is being worked out, and since when feeds have told what happened
  add column month_end date,
  add column activity_from date,
  add column movements_from date,
  drop constraint refresh_run_kind_check,
  add constraint refresh_run_kind_check check (kind in ('full', 'incremental', 'evaluation', 'history')),
  drop constraint refresh_run_step_check,
  add constraint refresh_run_step_check check (step in ('facts', 'percentiles', 'evaluation', 'memberships', 'done'));

alter table segment_month enable row level security, force row level security;
create policy reference on segment_month for select using (nullif(current_setting('app.scope', true), '') is not null);
create policy upkeep on segment_month using (nullif(current_setting('app.scope', true), '') = '/') with check (nullif(current_setting('app.scope', true), '') = '/');
grant select, insert, update, delete on segment_month to guanxi_service;
