-- Names fold otherwise than before (dots between Chinese characters, padding, radicals), and more surnames have readings: what is stored is worked out again, in batches while the
-- service runs.
alter table name_key_progress add column part text not null default 'customer' check (part in ('customer', 'key_person'));
set local app.scope = '/';
insert into name_key_progress (after_id) select '00000000-0000-0000-0000-000000000000' where exists (select from customer) on conflict do nothing;
update name_key_progress set after_id = '00000000-0000-0000-0000-000000000000';
set local app.scope = '';
