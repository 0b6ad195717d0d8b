-- The pinyin of names and its initials, by which searches find them.

-- What a Chinese name is typed by: its pinyin without tones, and the first letter of each syllable (王小明: wangxiaoming, wxm).
-- Several readings where a character is read otherwise as a surname. Not columns of customer: what feeds bring every night would rewrite their indexes.
create table name_key (
  customer_id uuid not null references customer (id),
  reading integer not null check (reading >= 1),
  institution_path text collate "C" not null,
  pinyin text collate "C" not null,
  initials text collate "C" not null,
  primary key (customer_id, reading)
);
create index name_key_pinyin_idx on name_key (pinyin, customer_id) include (institution_path, reading);
create index name_key_initials_idx on name_key (initials, customer_id) include (institution_path, reading);

-- One row while customers of before this migration wait for their keys: those up to this id have them.
create table name_key_progress (
  only_row boolean primary key default true check (only_row),
  after_id uuid not null
);
set local app.scope = '/';
insert into name_key_progress (after_id) select '00000000-0000-0000-0000-000000000000' where exists (select from customer);
set local app.scope = '';

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
begin
  alter table name_key enable row level security, force row level security;
  execute format('create policy scope on name_key to guanxi_service using (%s) with check (%s)', in_scope, in_scope);
  create policy lookup on name_key for select to guanxi_lookup using (true);
  grant select, insert, update, delete on name_key to guanxi_service;
  grant select on name_key to guanxi_lookup;

  alter table name_key_progress enable row level security, force row level security;
  create policy upkeep on name_key_progress using (nullif(current_setting('app.scope', true), '') = '/');
  grant select, update, delete on name_key_progress to guanxi_service;
end
$$;
