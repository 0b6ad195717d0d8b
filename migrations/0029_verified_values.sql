-- Addresses that people add, correct and verify, as documents and contact points have been since 0008; and what feeds say otherwise than somebody has verified.

alter table address add column added boolean not null default false;
alter table address add column verified_at timestamptz;
alter table address drop constraint address_source_purpose_key;
create unique index address_source_purpose_key on address (customer_id, source, purpose) where not added;

-- `differs`: a feed says it beside what somebody has verified, and nobody has settled it yet.
-- `dismissed_value`: what feeds said otherwise than this row and somebody has dismissed, the last of each source, encrypted under the customer's key.
alter table identity_document add column differs boolean not null default false, add column dismissed_value bytea;
alter table contact_point add column differs boolean not null default false, add column dismissed_value bytea;
alter table address add column differs boolean not null default false, add column dismissed_value bytea;

drop index identity_document_to_clarify_idx;
create index identity_document_to_clarify_idx on identity_document (institution_path, customer_id, id) where unverified_reason is not null or differs;
create index contact_point_to_clarify_idx on contact_point (institution_path, customer_id, id) where differs;
create index address_to_clarify_idx on address (institution_path, customer_id, id) where differs;
