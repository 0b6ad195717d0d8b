-- What the bank's data were written with, so that no start goes on with other settings: amounts add up in one currency, and what is
-- encrypted or hashed needs the keys of its time. The owner writes it at a start; see src/db/bank-setting.ts.
create table bank_setting (
  only_row boolean primary key default true check (only_row),
  base_currency text not null,
  -- By the id of each key that a start has seen, what tells it from another one: a keyed hash, which says nothing of the key.
  master_keys jsonb not null default '{}',
  index_keys jsonb not null default '{}',
  updated_at timestamptz not null
);
alter table bank_setting enable row level security, force row level security;
create policy upkeep on bank_setting using (nullif(current_setting('app.scope', true), '') = '/');
grant select on bank_setting to guanxi_service;

-- Each start asks which keys are in use: answered by one step per key, whatever the number of rows.
create index customer_master_key_id_idx on customer (master_key_id);
create index blind_index_key_id_idx on blind_index (key_id);
