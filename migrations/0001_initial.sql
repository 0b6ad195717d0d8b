-- The walls: organisation, customers, what core banking feeds, journals and bookkeeping.
-- Kinds of table, their keys and policies follow docs/decisions/0001-scope-and-keys.md.
-- Before this file runs, the migration command has made the roles guanxi_service (what the service may do)
-- and guanxi_lookup (owner of the functions that look across branches). Neither can log in.

create extension if not exists pg_trgm;
create extension if not exists btree_gist;

-- A name of two Chinese characters must yield trigrams; under a plain C character type it yields none and search finds nobody.
do $$
begin
  if cardinality(show_trgm('张伟')) = 0 then
    raise exception 'The database needs a UTF-8 character type (lc_ctype C.UTF-8 or any UTF-8 locale): name search would find nobody.';
  end if;
end
$$;

revoke all on schema public from public;
grant usage on schema public to guanxi_service, guanxi_lookup;

-- Decimals of a currency's minor unit (ISO 4217); the same as src/core/currencies.ts, which a test proves.
create function currency_exponent(p_currency text) returns integer
language sql immutable parallel safe
as $$
  select case
    when p_currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') then 0
    when p_currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
    when p_currency in ('CLF', 'UYW') then 4
    else 2
  end
$$;

-- Every two neighbouring characters of a folded name: what a part of a name is looked up by, Chinese names of two characters included.
create function name_bigrams(p_name text) returns text[]
language sql immutable parallel safe
as $$
  select coalesce(array_agg(distinct substr(p_name, i, 2)), '{}') from generate_series(1, length(p_name) - 1) i
$$;

-- Minor units of one currency as minor units of another, where one unit of p_from costs p_rate units of p_to: rounded half to even,
-- the same as convert() in src/core/money.ts, which a test proves, but without its bound. Null without a rate.
create function convert_amount(p_amount bigint, p_from text, p_to text, p_rate numeric) returns numeric
language sql immutable parallel safe
as $$
  -- Written without a subquery, so that PostgreSQL works it into the statement instead of calling it for every row.
  select case when p_from = p_to then p_amount::numeric else
    round(p_amount * p_rate * (10::numeric ^ (currency_exponent(p_to) - currency_exponent(p_from))))
    - case
        when abs(p_amount * p_rate * (10::numeric ^ (currency_exponent(p_to) - currency_exponent(p_from)))
            - trunc(p_amount * p_rate * (10::numeric ^ (currency_exponent(p_to) - currency_exponent(p_from))))) = 0.5
          and mod(round(p_amount * p_rate * (10::numeric ^ (currency_exponent(p_to) - currency_exponent(p_from)))), 2) <> 0
        then sign(p_amount * p_rate)
        else 0
      end
  end
$$;
revoke execute on function currency_exponent(text), name_bigrams(text), convert_amount(bigint, text, text, numeric) from public;
grant execute on function currency_exponent(text), name_bigrams(text), convert_amount(bigint, text, text, numeric) to guanxi_service, guanxi_lookup;

-- ---------------------------------------------------------------------------------------------- reference

-- One row; every command that changes who may see what raises the number in its own transaction.
create table directory_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null
);
insert into directory_version (version) values (1);

create sequence institution_short_id as bigint;

create table institution (
  id uuid primary key,
  code text not null constraint institution_code_key unique,
  source text not null,
  external_id text not null,
  name text not null,
  kind text not null check (kind in ('head_office', 'branch', 'sub_branch', 'outlet')),
  status text not null check (status in ('active', 'closed')),
  parent_id uuid references institution (id),
  path text collate "C" not null constraint institution_path_key unique check (path ~ '^/([0-9]+/)+$'),
  latitude double precision check (latitude between -90 and 90),
  longitude double precision check (longitude between -180 and 180),
  time_zone text,
  calendar text,
  as_of timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint institution_source_external_id_key unique (source, external_id),
  check ((latitude is null) = (longitude is null))
);
create index institution_parent_id_idx on institution (parent_id);

create table staff (
  id uuid primary key,
  number text not null constraint staff_number_key unique,
  source text not null,
  external_id text not null,
  name text not null,
  institution_id uuid not null references institution (id),
  institution_path text collate "C" not null,
  roles text[] not null,
  status text not null check (status in ('active', 'inactive')),
  industries text[] not null default '{}',
  areas text[] not null default '{}',
  customer_capacity integer check (customer_capacity >= 0),
  daily_capacity integer check (daily_capacity >= 0),
  active_from date,
  active_until date,
  as_of timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint staff_source_external_id_key unique (source, external_id),
  check (active_until > active_from)
);
create index staff_institution_id_idx on staff (institution_id);
create index staff_institution_path_idx on staff (institution_path);

-- A machine caller. Its reach is the subtree of its institution, its rights are the scopes listed here.
create table client (
  id uuid primary key,
  client_id text not null constraint client_client_id_key unique,
  name text not null,
  institution_id uuid not null references institution (id),
  institution_path text collate "C" not null,
  scopes text[] not null,
  status text not null check (status in ('active', 'inactive')),
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- A colleague covers an absent relationship manager: [starts_on, ends_on).
create table delegation (
  id uuid primary key,
  staff_id uuid not null references staff (id),
  deputy_id uuid not null references staff (id),
  starts_on date not null,
  ends_on date not null,
  reason text not null,
  status text not null check (status in ('active', 'revoked')),
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (ends_on > starts_on),
  check (staff_id <> deputy_id),
  constraint delegation_period_excl exclude using gist (staff_id with =, daterange(starts_on, ends_on) with &&) where (status = 'active')
);
create index delegation_deputy_id_idx on delegation (deputy_id);

create table product (
  id uuid primary key,
  code text not null constraint product_code_key unique,
  source text not null,
  external_id text not null,
  name text not null,
  family text not null check (family in ('deposit', 'loan', 'wealth', 'fund', 'insurance', 'card', 'payroll', 'collection', 'e_channel', 'securities', 'precious_metal', 'settlement', 'other')),
  category text not null check (category in ('deposit', 'loan', 'fee')),
  lifecycle text not null check (lifecycle in ('introduction', 'growth', 'saturation', 'decline')),
  status text not null check (status in ('active', 'closed')),
  risk_level integer check (risk_level between 1 and 5),
  term_months integer check (term_months between 0 and 1200),
  currency text,
  annual_yield numeric(9, 6),
  annual_margin numeric(9, 6),
  as_of timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint product_source_external_id_key unique (source, external_id)
);

-- One unit of `currency` costs `rate` units of the bank's base currency.
create table exchange_rate (
  currency text not null,
  day date not null,
  rate numeric(24, 10) not null check (rate > 0),
  source text not null,
  as_of timestamptz not null,
  version integer not null default 1,
  primary key (currency, day)
);

-- What a bank changes in its country's calendar.
create table calendar_day (
  calendar text not null,
  day date not null,
  kind text not null check (kind in ('working', 'holiday')),
  name text,
  version integer not null default 1,
  updated_at timestamptz not null,
  primary key (calendar, day)
);

-- ---------------------------------------------------------------------------------------- customer-owned

create table customer (
  id uuid primary key,
  kind text not null check (kind in ('individual', 'sole_trader', 'company')),
  status text not null check (status in ('prospect', 'active', 'closed', 'merged', 'erased')),
  core_number text collate "C",
  source text not null,
  name text not null,
  name_folded text collate "C" not null,
  gender text check (gender in ('male', 'female')),
  birth_date date,
  founded_on date,
  industry text,
  country text,
  preferred_language text,
  customer_since date,
  closed_on date,
  institution_id uuid not null,
  institution_path text collate "C" not null,
  relationship_manager_id uuid,
  -- staff who hold a current assignment or a place in the customer's team
  visible_to uuid[] not null default '{}',
  -- assets in minor units of the base currency, as of the last feed; rebuilt by the feeds
  aum bigint not null default 0,
  wrapped_key bytea,
  master_key_id text,
  as_of timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check ((wrapped_key is null) = (master_key_id is null))
);
create index customer_aum_idx on customer (aum desc, id desc);
create index customer_institution_path_aum_idx on customer (institution_path, aum desc, id desc);
create index customer_relationship_manager_id_aum_idx on customer (relationship_manager_id, aum desc, id desc);
create index customer_name_folded_idx on customer (name_folded, id) include (institution_path);
create index customer_core_number_idx on customer ((coalesce(core_number, '')), id);
create index customer_customer_since_idx on customer ((coalesce(customer_since, date '0001-01-01')) desc, id desc);
create index customer_visible_to_idx on customer using gin (visible_to);
create index customer_name_bigrams_idx on customer using gin (name_bigrams(name_folded));
-- Resemblance by trigrams tells Latin names apart; of Chinese names it finds half the bank.
create index customer_name_trigram_idx on customer using gin (name_folded gin_trgm_ops) where name_folded ~ '[a-z]';
-- Most customers are active: the others are found without going through them.
create index customer_inactive_idx on customer (aum desc, id desc) where status <> 'active';

create table customer_external_id (
  customer_id uuid not null references customer (id),
  source text not null,
  external_id text not null,
  institution_path text collate "C" not null,
  created_at timestamptz not null,
  primary key (customer_id, source)
);

create table identity_document (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  type text not null check (type in ('resident_id', 'passport', 'mainland_travel_permit', 'foreign_permanent_resident', 'military_id', 'unified_social_credit_code', 'business_licence', 'other')),
  country text not null,
  number_encrypted bytea not null,
  number_masked text not null,
  number_hash bytea not null,
  index_key_id text not null,
  valid_until date,
  verified boolean not null,
  unverified_reason text,
  source text not null,
  as_of timestamptz not null,
  version integer not null default 1,
  primary key (customer_id, id),
  constraint identity_document_source_type_key unique (customer_id, source, type)
);

create table contact_point (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  kind text not null check (kind in ('phone', 'email')),
  purpose text not null check (purpose in ('primary', 'home', 'work', 'billing', 'other')),
  value_encrypted bytea not null,
  value_masked text not null,
  value_hash bytea not null,
  index_key_id text not null,
  verified_at timestamptz,
  source text not null,
  as_of timestamptz not null,
  version integer not null default 1,
  primary key (customer_id, id),
  constraint contact_point_source_kind_purpose_key unique (customer_id, source, kind, purpose)
);

create table address (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  purpose text not null check (purpose in ('primary', 'home', 'work', 'registered', 'billing', 'other')),
  country text,
  region text,
  city text,
  postal_code text,
  line_encrypted bytea,
  line_masked text,
  line_hash bytea,
  index_key_id text,
  source text not null,
  as_of timestamptz not null,
  version integer not null default 1,
  primary key (customer_id, id),
  constraint address_source_purpose_key unique (customer_id, source, purpose)
);

-- Who keeps the customer, per business line: [starts_on, ends_on), no end while it lasts.
create table assignment (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  source text not null,
  external_id text not null,
  staff_id uuid not null,
  business_line text not null check (business_line in ('personal', 'corporate')),
  starts_on date not null,
  ends_on date,
  state text not null check (state in ('planned', 'current', 'ended', 'cancelled')),
  as_of timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  check (ends_on > starts_on),
  constraint assignment_source_external_id_key unique (customer_id, source, external_id),
  constraint assignment_period_excl exclude using gist (customer_id with =, business_line with =, daterange(starts_on, ends_on) with &&) where (state <> 'cancelled')
);
create index assignment_staff_id_idx on assignment (staff_id, state);
create index assignment_due_idx on assignment (starts_on) where state = 'planned';
create index assignment_ending_idx on assignment (ends_on) where state = 'current' and ends_on is not null;

create table holding (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  source text not null,
  external_id text not null,
  account_number text collate "C" not null,
  product_id uuid not null,
  currency text not null,
  -- minor units of `currency`, as of balance_on; follows the newest balance
  balance bigint not null default 0,
  balance_on date,
  opened_on date,
  matures_on date,
  auto_renewal boolean,
  status text not null check (status in ('active', 'dormant', 'frozen', 'closed')),
  closed_on date,
  edition text check (edition in ('query', 'professional')),
  origin text check (origin in ('own_wish', 'recommended')),
  recommended_by uuid,
  activated_on date,
  last_used_on date,
  as_of timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  constraint holding_source_external_id_key unique (customer_id, source, external_id)
) with (fillfactor = 70);
create index holding_product_id_idx on holding (product_id);
create index holding_matures_on_idx on holding (matures_on) where matures_on is not null and status = 'active';

-- A further party of a holding, owned by the holding's owner.
create table holding_party (
  customer_id uuid not null,
  id uuid not null,
  institution_path text collate "C" not null,
  holding_id uuid not null,
  party_customer_id uuid not null,
  role text not null check (role in ('joint_owner', 'authorised_user', 'guarantor')),
  status text not null check (status in ('active', 'ended')),
  source text not null,
  as_of timestamptz not null,
  version integer not null default 1,
  primary key (customer_id, id),
  foreign key (customer_id, holding_id) references holding (customer_id, id),
  constraint holding_party_key unique (customer_id, holding_id, party_customer_id, role)
);

-- The same link seen from the party, so that a party's dossier finds it without asking every owner.
create table party_holding (
  customer_id uuid not null references customer (id),
  id uuid not null,
  institution_path text collate "C" not null,
  holding_customer_id uuid not null,
  holding_id uuid not null,
  role text not null check (role in ('joint_owner', 'authorised_user', 'guarantor')),
  status text not null check (status in ('active', 'ended')),
  as_of timestamptz not null,
  version integer not null default 1,
  primary key (customer_id, id),
  constraint party_holding_key unique (customer_id, holding_id, role)
);

-- A change point: from this day on the holding stood at this amount.
create table balance (
  customer_id uuid not null,
  holding_id uuid not null,
  day date not null,
  institution_path text collate "C" not null,
  amount bigint not null,
  as_of timestamptz not null,
  version integer not null default 1,
  primary key (customer_id, holding_id, day),
  foreign key (customer_id, holding_id) references holding (customer_id, id)
);

-- Transactions of one month, counted and summed.
create table activity (
  customer_id uuid not null references customer (id),
  month date not null check (extract(day from month) = 1),
  channel text not null check (channel in ('counter', 'atm', 'pos', 'online', 'mobile', 'phone', 'wechat', 'tv', 'other')),
  type text not null check (type in ('query', 'transfer', 'payment', 'bill', 'cash', 'interest', 'fee', 'other')),
  purpose text not null check (purpose in ('salary', 'pension', 'merchant_settlement', 'loan_repayment', 'insurance', 'household', 'interest', 'fee', 'unknown', 'other')),
  direction text not null check (direction in ('in', 'out', 'none')),
  currency text not null,
  counterparty_hash bytea not null default '',
  institution_path text collate "C" not null,
  count integer not null check (count >= 0),
  amount bigint not null check (amount >= 0),
  as_of timestamptz not null,
  version integer not null default 1,
  primary key (customer_id, month, channel, type, purpose, direction, currency, counterparty_hash)
);

-- A single flow of note.
create table movement (
  customer_id uuid not null,
  id uuid not null,
  institution_path text collate "C" not null,
  holding_id uuid not null,
  source text not null,
  external_id text not null,
  direction text not null check (direction in ('in', 'out')),
  amount bigint not null check (amount > 0),
  currency text not null,
  booked_on date not null,
  channel text not null check (channel in ('counter', 'atm', 'pos', 'online', 'mobile', 'phone', 'wechat', 'tv', 'other')),
  purpose text not null check (purpose in ('salary', 'pension', 'merchant_settlement', 'loan_repayment', 'insurance', 'household', 'interest', 'fee', 'unknown', 'other')),
  counterparty_encrypted bytea,
  counterparty_masked text,
  counterparty_hash bytea,
  index_key_id text,
  status text not null check (status in ('booked', 'voided')),
  as_of timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (customer_id, id),
  foreign key (customer_id, holding_id) references holding (customer_id, id),
  constraint movement_source_external_id_key unique (customer_id, source, external_id)
);
create index movement_booked_on_idx on movement (customer_id, booked_on desc, id desc);

-- ---------------------------------------------------------------------------------------------- registry

-- What a source system calls a customer or a holding. Read and written through functions only.
create table external_id (
  external_id text collate "C" not null,
  source text not null,
  entity text not null check (entity in ('customer', 'holding')),
  customer_id uuid not null,
  target_id uuid not null,
  primary key (external_id, source, entity)
);

-- Keyed hashes of identity numbers, phones and e-mails. People share phones and feeds carry errors: not unique.
create table blind_index (
  hash bytea not null,
  customer_id uuid not null,
  target_id uuid not null,
  kind text not null check (kind in ('document', 'phone', 'email')),
  key_id text not null,
  primary key (hash, customer_id, target_id)
);

-- ---------------------------------------------------------------------------------------------- journals

create sequence outbox_sequence as bigint;

create table audit_entry (
  id uuid primary key,
  at timestamptz not null,
  institution_path text collate "C" not null,
  actor_kind text not null check (actor_kind in ('staff', 'client', 'respondent', 'system')),
  actor_id text not null,
  operation text not null,
  customer_id uuid,
  customer_path text collate "C",
  subject_type text,
  subject_id text,
  changed text[] not null default '{}',
  details jsonb not null default '{}',
  request_id text
);
create index audit_entry_at_idx on audit_entry (at, id);
create index audit_entry_customer_id_at_idx on audit_entry (customer_id, at desc, id desc);

-- The place of an audit entry in the chain of its institution and day. Written by the sealing job.
create table audit_link (
  entry_id uuid primary key,
  chain_path text collate "C" not null,
  chain_day date not null,
  position bigint not null,
  hash bytea not null,
  constraint audit_link_position_key unique (chain_path, chain_day, position)
);

-- One row: up to where the sealing job has come.
create table audit_watermark (
  only_row boolean primary key default true check (only_row),
  sealed_until timestamptz not null
);
insert into audit_watermark (sealed_until) values ('2000-01-01');

create table outbox_event (
  id uuid primary key,
  sequence bigint not null default nextval('outbox_sequence'),
  type text not null,
  occurred_at timestamptz not null,
  institution_path text collate "C" not null,
  customer_id uuid,
  subject_type text,
  subject_id text,
  changed text[] not null default '{}',
  payload jsonb not null default '{}'
);
create index outbox_event_sequence_idx on outbox_event (sequence);
create index outbox_event_sealed_idx on outbox_event (subject_id) where type = 'audit.sealed';

create table idempotency (
  caller text not null,
  operation text not null,
  key text not null,
  fingerprint bytea not null,
  answer_encrypted bytea,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (caller, operation, key)
);
create index idempotency_expires_at_idx on idempotency (expires_at);

-- ------------------------------------------------------------------------------------------------- local

create table import_run (
  id uuid primary key,
  entity text not null,
  format text not null check (format in ('csv', 'ndjson')),
  caller text not null,
  institution_path text collate "C" not null,
  status text not null check (status in ('running', 'completed', 'failed', 'cancelled', 'interrupted')),
  cancel_requested boolean not null default false,
  -- counts senders under the same id; only the last one may go on
  attempt integer not null default 1,
  header text[],
  rows_read bigint not null default 0,
  rows_created bigint not null default 0,
  rows_updated bigint not null default 0,
  rows_unchanged bigint not null default 0,
  rows_superseded bigint not null default 0,
  rows_rejected bigint not null default 0,
  -- rows of the stream up to and including this line are committed
  committed_line bigint not null default 0,
  failure_code text,
  failure_message text,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null,
  finished_at timestamptz
);
create index import_run_started_at_idx on import_run (started_at desc, id desc);

create table import_reject (
  import_id uuid not null references import_run (id) on delete cascade,
  line bigint not null,
  field text,
  code text not null,
  message text not null,
  raw_encrypted bytea not null,
  expires_at timestamptz not null,
  primary key (import_id, line)
);
create index import_reject_expires_at_idx on import_reject (expires_at);

-- ---------------------------------------------------------------------------------------------- policies

do $$
declare
  -- Most callers have one prefix: it is compared by itself, since that costs a third of comparing with a list.
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
  some_scope constant text := $p$nullif(current_setting('app.scope', true), '') is not null$p$;
  t text;
begin
  foreach t in array array['directory_version', 'institution', 'staff', 'client', 'delegation', 'product', 'exchange_rate', 'calendar_day'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy reference on %I for select using (%s)', t, some_scope);
    -- What stands in the tree is changed by those above it only.
    if t = 'institution' then
      execute format('create policy append on %I for insert with check (%s)', t, replace(in_scope, 'institution_path', 'path'));
      execute format('create policy change on %I for update using (%2$s) with check (%2$s)', t, replace(in_scope, 'institution_path', 'path'));
    elsif t in ('staff', 'client') then
      execute format('create policy append on %I for insert with check (%s)', t, in_scope);
      execute format('create policy change on %I for update using (%2$s) with check (%2$s)', t, in_scope);
    else
      execute format('create policy append on %I for insert with check (%s)', t, some_scope);
      execute format('create policy change on %I for update using (%2$s) with check (%2$s)', t, some_scope);
    end if;
    execute format('grant select, insert, update on %I to guanxi_service', t);
  end loop;

  foreach t in array array['customer_external_id', 'identity_document', 'contact_point', 'address', 'assignment', 'holding', 'holding_party', 'party_holding', 'balance', 'activity', 'movement'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy scope on %I using (%s) with check (%s)', t, in_scope, in_scope);
    execute format('grant select, insert, update, delete on %I to guanxi_service', t);
  end loop;

  foreach t in array array['external_id', 'blind_index'] loop
    execute format('alter table %I enable row level security, force row level security', t);
    execute format('create policy lookup on %I to guanxi_lookup using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on %I to guanxi_lookup', t);
  end loop;

  -- Staff whose reach is their portfolio carry app.portfolio: their own id and the ids of those they cover.
  alter table customer enable row level security, force row level security;
  execute format($f$create policy scope on customer to guanxi_service
    using (case when nullif(current_setting('app.portfolio', true), '') is null then %1$s
      else visible_to && string_to_array(current_setting('app.portfolio', true), ' ')::uuid[] end)
    with check (case when nullif(current_setting('app.portfolio', true), '') is null then %1$s
      else visible_to && string_to_array(current_setting('app.portfolio', true), ' ')::uuid[] end)$f$, in_scope);
  create policy lookup on customer for select to guanxi_lookup using (true);
  grant select, insert, update on customer to guanxi_service;
  grant select on customer to guanxi_lookup;

  -- Journals: the service appends; what it may read back follows the scope or the caller.
  foreach t in array array['audit_entry', 'audit_link', 'audit_watermark', 'outbox_event', 'idempotency', 'import_run', 'import_reject'] loop
    execute format('alter table %I enable row level security, force row level security', t);
  end loop;
  execute format('create policy append on audit_entry for insert with check (%s)', some_scope);
  execute format('create policy scope on audit_entry for select using (%s or %s)', in_scope, replace(in_scope, 'institution_path', 'customer_path'));
  execute format('create policy scope on audit_link for select using (%s)', replace(in_scope, 'institution_path', 'chain_path'));
  create policy append on audit_link for insert
    with check (nullif(current_setting('app.scope', true), '') = '/');
  create policy upkeep on audit_watermark using (nullif(current_setting('app.scope', true), '') = '/');
  execute format('create policy append on outbox_event for insert with check (%s)', some_scope);
  execute format('create policy scope on outbox_event for select using (%s)', in_scope);
  create policy caller on idempotency using (caller = nullif(current_setting('app.caller', true), '') or nullif(current_setting('app.caller', true), '') ^@ 'system:')
    with check (caller = nullif(current_setting('app.caller', true), ''));
  execute format('create policy scope on import_run using (%s) with check (%s)', in_scope, in_scope);
  execute format('create policy scope on import_reject using (%s) with check (%s)', some_scope, some_scope);
end
$$;

grant select, insert on audit_entry, audit_link, outbox_event to guanxi_service;
grant select, update on audit_watermark to guanxi_service;
grant select, insert, delete on idempotency to guanxi_service;
grant select, insert, update, delete on import_run to guanxi_service;
grant select, insert, delete on import_reject to guanxi_service;
grant usage on sequence institution_short_id, outbox_sequence to guanxi_service;

-- --------------------------------------------------------------------------------- looking across branches
-- These run as guanxi_lookup, which sees all rows. They answer ids only, and what they answer is read again
-- under the caller's own scope. None answers without a scope.

/* Resolves the names that source systems use. `p_rows`: [{"source", "externalId"}]. */
create function find_external_ids(p_entity text, p_rows json)
returns table (source text, external_id text, customer_id uuid, target_id uuid)
language sql stable security definer rows 100 set search_path = pg_catalog, public, pg_temp
as $$
  select e.source, e.external_id, e.customer_id, e.target_id
  from json_to_recordset(p_rows) as r (source text, "externalId" text)
  join external_id e on e.external_id = r."externalId" and e.source = r.source and e.entity = p_entity
  where nullif(current_setting('app.scope', true), '') is not null
$$;

/* Takes names for new things; of two at once the first wins. Answers who holds each name now. `p_rows`: [{"source", "externalId", "customerId", "targetId"}]. */
create function claim_external_ids(p_entity text, p_rows json)
returns table (source text, external_id text, customer_id uuid, target_id uuid)
language plpgsql volatile security definer rows 100 set search_path = pg_catalog, public, pg_temp
as $$
begin
  if nullif(current_setting('app.scope', true), '') is null then return; end if;
  insert into external_id as e (external_id, source, entity, customer_id, target_id)
  select r."externalId", r.source, p_entity, r."customerId", r."targetId"
  from json_to_recordset(p_rows) as r (source text, "externalId" text, "customerId" uuid, "targetId" uuid)
  order by 1, 2
  on conflict do nothing;
  return query
    select e.source, e.external_id, e.customer_id, e.target_id
    from json_to_recordset(p_rows) as r (source text, "externalId" text)
    join external_id e on e.external_id = r."externalId" and e.source = r.source and e.entity = p_entity;
end
$$;

/* Keeps the blind index of documents and contact points in step. `p_rows`: [{"customerId", "targetId", "kind", "keyId", "hash" (hex)}]; older hashes of the same target go. */
create function index_values(p_rows json)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if nullif(current_setting('app.scope', true), '') is null then return; end if;
  delete from blind_index b
  using json_to_recordset(p_rows) as r ("customerId" uuid, "targetId" uuid, hash text)
  where b.customer_id = r."customerId" and b.target_id = r."targetId" and b.hash <> decode(r.hash, 'hex');
  insert into blind_index (hash, customer_id, target_id, kind, key_id)
  select decode(r.hash, 'hex'), r."customerId", r."targetId", r.kind, r."keyId"
  from json_to_recordset(p_rows) as r ("customerId" uuid, "targetId" uuid, kind text, "keyId" text, hash text)
  order by 1, 2, 3
  on conflict do nothing;
end
$$;
create index blind_index_customer_id_target_id_idx on blind_index (customer_id, target_id);

/* Whether the caller may see this customer: the rule of the policy on `customer`, for use inside look-ups. */
create function in_reach(p_institution_path text, p_visible_to uuid[])
returns boolean
language sql stable parallel safe
as $$
  select coalesce(case when nullif(current_setting('app.portfolio', true), '') is null
    then p_institution_path ^@ nullif(current_setting('app.scope', true), '') or p_institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' '))
    else p_visible_to && string_to_array(current_setting('app.portfolio', true), ' ')::uuid[] end, false)
$$;

/* Customers in the caller's reach who carry one of these hashes, at most `p_limit`. */
create function find_by_hash(p_kind text, p_hashes bytea[], p_limit integer)
returns table (customer_id uuid)
language sql stable security definer rows 10 set search_path = pg_catalog, public, pg_temp
as $$
  select distinct b.customer_id
  from blind_index b
  join customer c on c.id = b.customer_id
  where b.hash = any (p_hashes) and b.kind = p_kind and in_reach(c.institution_path, c.visible_to)
  order by 1
  limit p_limit
$$;

/* Customers in the caller's reach whom any source calls by this number, at most `p_limit`. */
create function find_by_number(p_number text, p_limit integer)
returns table (customer_id uuid)
language sql stable security definer rows 10 set search_path = pg_catalog, public, pg_temp
as $$
  select distinct e.customer_id
  from external_id e
  join customer c on c.id = e.customer_id
  where e.external_id = p_number and e.entity = 'customer' and in_reach(c.institution_path, c.visible_to)
  order by 1
  limit p_limit
$$;

/* Customers of the caller's portfolio: a set that is small and found by an index, which the policy of `customer` alone cannot use. */
create function portfolio_customers()
returns table (customer_id uuid)
language sql stable security definer rows 500 set search_path = pg_catalog, public, pg_temp
as $$
  select c.id from customer c where c.visible_to && string_to_array(nullif(current_setting('app.portfolio', true), ''), ' ')::uuid[]
$$;

/* The institutions in which these staff have customers. For the directory, which works under the scope of the whole bank: the policy of `customer` could not use the index. */
create function portfolio_paths(p_staff uuid[])
returns table (staff_id uuid, institution_path text)
language sql stable security definer rows 10 set search_path = pg_catalog, public, pg_temp
as $$
  select distinct s.id, c.institution_path
  from unnest(p_staff) s (id)
  join customer c on c.visible_to @> array[s.id]
  where current_setting('app.scope', true) = '/'
$$;

/*
 * Customers in the caller's reach whose folded name matches a term folded alike: `rank` 1 equal, 2 beginning with it, 3 containing it,
 * from 4 (Latin names of three letters and more) resembling it, the closer the less. Ordered by rank, name and id; at most `p_limit`
 * after (p_rank, p_name, p_id). One step after the other, so that a page that is full looks no further. A single character is looked
 * for at the beginning only.
 */
create function find_by_name(p_term text, p_limit integer, p_rank real default 0, p_name text default '', p_id uuid default '00000000-0000-0000-0000-000000000000')
returns table (customer_id uuid, rank real, name text)
language plpgsql stable security definer rows 50 set search_path = pg_catalog, public, pg_temp
as $$
declare
  pattern constant text := replace(replace(replace(p_term, '\', '\\'), '%', '\%'), '_', '\_');
  beyond constant text collate "C" := p_term || chr(1114109);
  own constant boolean := nullif(current_setting('app.portfolio', true), '') is not null;
  -- Names before this one were shown on an earlier page.
  since constant text collate "C" := case when p_rank <= 2 then greatest(p_term, p_name) else beyond end;
  taken integer := 0;
  found_now integer;
begin
  if nullif(current_setting('app.scope', true), '') is null or p_term = '' then return; end if;

  if own then
    return query
      select f.id, f.rank, f.name_folded
      from (
        select c.id, c.name_folded,
          (case when c.name_folded = p_term then 1 when c.name_folded like pattern || '%' then 2 when length(p_term) > 1 and c.name_folded like '%' || pattern || '%' then 3
            else 5 - similarity(c.name_folded, p_term) end)::real as rank
        from customer c
        where c.visible_to && string_to_array(current_setting('app.portfolio', true), ' ')::uuid[]
          and (c.name_folded like pattern || '%' or (length(p_term) > 1 and c.name_folded like '%' || pattern || '%') or (p_term ~ '[a-z]{3}' and c.name_folded % p_term))
      ) f
      where (f.rank, f.name_folded, f.id) > (p_rank, p_name collate "C", p_id)
      order by f.rank, f.name_folded, f.id
      limit p_limit;
    return;
  end if;

  if p_rank <= 2 then
    return query
      select c.id, (case when c.name_folded = p_term then 1 else 2 end)::real, c.name_folded
      from customer c
      where c.name_folded >= since and c.name_folded < beyond and (c.name_folded, c.id) > (case when p_rank > 0 then p_name else '' end collate "C", p_id)
        and (c.institution_path ^@ current_setting('app.scope', true) or c.institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))
      order by c.name_folded, c.id
      limit p_limit;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  if taken < p_limit and p_rank <= 3 and length(p_term) > 1 then
    return query
      select c.id, 3::real, c.name_folded
      from customer c
      where name_bigrams(c.name_folded) @> name_bigrams(p_term) and c.name_folded like '%' || pattern || '%' and not c.name_folded like pattern || '%'
        and (p_rank < 3 or (c.name_folded, c.id) > (p_name collate "C", p_id))
        and in_reach(c.institution_path, c.visible_to)
      order by c.name_folded, c.id
      limit p_limit - taken;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  if taken < p_limit and p_term ~ '[a-z]{3}' then
    return query
      select f.id, f.rank, f.name_folded
      from (
        select c.id, c.name_folded, (5 - similarity(c.name_folded, p_term))::real as rank
        from customer c
        where c.name_folded ~ '[a-z]' and c.name_folded % p_term and not c.name_folded like '%' || pattern || '%' and in_reach(c.institution_path, c.visible_to)
      ) f
      where (f.rank, f.name_folded, f.id) > (p_rank, p_name collate "C", p_id)
      order by f.rank, f.name_folded, f.id
      limit p_limit - taken;
  end if;
end
$$;

do $$
declare
  f regprocedure;
begin
  grant create on schema public to guanxi_lookup;
  for f in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace
    and p.proname in ('find_external_ids', 'claim_external_ids', 'index_values', 'find_by_hash', 'find_by_number', 'find_by_name', 'portfolio_customers', 'portfolio_paths', 'in_reach') loop
    execute format('alter function %s owner to guanxi_lookup', f);
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to guanxi_service, guanxi_lookup', f);
  end loop;
  revoke create on schema public from guanxi_lookup;
end
$$;
