-- Policies of every kind as one form of row: whatever a bank decides by is written down in versions, each from a day on.

create table policy_version (
  -- what it is a policy of, such as `value` or `tier_scheme`
  kind text collate "C" not null,
  -- which one of that kind: a field, a subject, the id of a scheme; empty where there is only one
  key text collate "C" not null,
  version integer not null check (version > 0),
  -- first day on which it decides
  effective_on date not null,
  definition jsonb not null,
  source text not null check (source in ('practice', 'ours', 'bank')),
  reason text,
  -- the caller, as the audit log names callers
  set_by text not null,
  set_at timestamptz not null,
  primary key (kind, key, version)
);
create index policy_version_effective_idx on policy_version (kind, key, effective_on desc, version desc);

alter table policy_version enable row level security, force row level security;
create policy reference on policy_version for select using (nullif(current_setting('app.scope', true), '') is not null);
create policy append on policy_version for insert with check (nullif(current_setting('app.scope', true), '') is not null);
grant select, insert on policy_version to guanxi_service;

-- What has been set so far. The owner reads these tables past their row-level security.
alter table tier_scheme_version no force row level security;
alter table classification_policy no force row level security;
alter table value_policy no force row level security;
alter table profile_policy no force row level security;
alter table stage_policy no force row level security;
alter table policy_version no force row level security;
alter table staff no force row level security;

insert into policy_version (kind, key, version, effective_on, definition, source, reason, set_by, set_at)
select 'tier_scheme', scheme_id::text, scheme_version, effective_on,
  jsonb_build_object('graceDays', grace_days, 'thresholds', thresholds, 'subtrees', subtrees), source, note, created_by, created_at
from tier_scheme_version;

insert into policy_version (kind, key, version, effective_on, definition, source, reason, set_by, set_at)
select case when p.kind = 'relation_scores' then 'relation_score' else 'classification' end, case when p.kind = 'relation_scores' then '' else p.kind end,
  p.policy_version, p.effective_on,
  case when p.kind = 'relation_scores' then p.rules else jsonb_build_object('rules', p.rules, 'defaultValue', p.default_value) end,
  'bank', p.reason, coalesce('staff:' || s.number, 'unknown'), p.set_at
from classification_policy p left join staff s on s.id = p.set_by;

insert into policy_version (kind, key, version, effective_on, definition, source, reason, set_by, set_at)
select 'value', '', version, effective_from, rates, source, reason, set_by, set_at from value_policy;

-- They held from the instant at which they were set; of several days at that instant the earliest.
insert into policy_version (kind, key, version, effective_on, definition, source, reason, set_by, set_at)
select 'profile', p.field, p.version, (p.set_at at time zone 'Etc/GMT+12')::date, jsonb_build_object('winner', p.winner), 'bank', p.reason,
  coalesce('staff:' || s.number, 'unknown'), p.set_at
from profile_policy p left join staff s on s.id = p.set_by;

insert into policy_version (kind, key, version, effective_on, definition, source, reason, set_by, set_at)
select 'stage', p.subject, p.version, (p.set_at at time zone 'Etc/GMT+12')::date, jsonb_build_object('rules', p.rules), 'bank', p.reason,
  coalesce('staff:' || s.number, 'unknown'), p.set_at
from stage_policy p left join staff s on s.id = p.set_by;

alter table policy_version force row level security;
alter table staff force row level security;

drop table tier_scheme_version;
drop table classification_policy;
drop table value_policy;
drop table profile_policy;
drop table stage_policy;
