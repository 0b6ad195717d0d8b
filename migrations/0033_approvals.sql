-- Approval by another person: what somebody asks for waits until somebody else with the right to it decides.

create table approval_request (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  -- what is asked for, and the thing that waits for it
  kind text collate "C" not null check (kind in ('tier_override')),
  subject_id uuid not null,
  state text collate "C" not null check (state in ('pending', 'approved', 'declined', 'withdrawn')),
  reason text not null,
  requested_by uuid not null,
  requested_at timestamptz not null,
  decided_by uuid check (decided_by <> requested_by or state = 'withdrawn'),
  decided_at timestamptz,
  decision_note text,
  version integer not null default 1,
  primary key (customer_id, id)
);
create unique index approval_request_pending_key on approval_request (customer_id, kind, subject_id) where state = 'pending';
create index approval_request_pending_idx on approval_request (requested_at, customer_id, id) where state = 'pending';

alter table approval_request enable row level security, force row level security;
create policy scope on approval_request to guanxi_service
  using (institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))
  with check (institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')));
grant select, insert, update, delete on approval_request to guanxi_service;

-- An override waits for its approval. Whoever approved those that there are is known already.
alter table tier_override
  alter column approver_id drop not null,
  drop constraint tier_override_state_check,
  add constraint tier_override_state_check check (state in ('requested', 'active', 'ended', 'declined', 'withdrawn')),
  add constraint tier_override_approver_check check (approver_id is not null or state in ('requested', 'declined', 'withdrawn'));
drop index tier_override_current_key;
create unique index tier_override_current_key on tier_override (customer_id, scheme_id) where state in ('requested', 'active');
