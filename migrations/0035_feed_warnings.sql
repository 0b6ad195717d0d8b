-- Rows of files that were taken without a field: their warnings stand beside the rejected rows, and can be downloaded as long as those.
alter table import_run add column rows_with_warnings bigint not null default 0;
-- 0 for the row that was rejected, else the number of the warning within its row
alter table import_reject add column warning smallint not null default 0 check (warning >= 0);
alter table import_reject drop constraint import_reject_pkey, add primary key (import_id, line, warning);

-- A field may hold several phone numbers: each is a contact point in its place.
alter table contact_point add column slot smallint not null default 1 check (slot > 0);
drop index contact_point_source_kind_purpose_key;
create unique index contact_point_source_kind_purpose_key on contact_point (customer_id, source, kind, purpose, slot) where not added;

-- Local phone numbers get the area code of the institution, or of the nearest one above it that has one.
alter table institution add column area_code text check (area_code ~ '^0[1-9][0-9]{1,2}$');
