-- States of customers count wherever customers are shown, counted, suggested or exported: see docs/states.md.

-- The day of death is a fact: whoever has died is in no segment, tier or analysis.
alter table customer_fact add column deceased_on date;
alter table customer_fact_month add column deceased_on date;

alter table segment_membership
  drop constraint segment_membership_left_reason_check,
  add constraint segment_membership_left_reason_check check (left_reason in ('rule', 'removed', 'closed', 'deceased', 'retired', 'continued'));

-- When a customer moved to another institution while somebody looked after them; null once it was decided who does from then on.
alter table customer add column moved_at timestamptz;
create index customer_moved_idx on customer (institution_path, id) where moved_at is not null;
