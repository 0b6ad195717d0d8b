-- What waits for somebody is listed by institution and customer: documents, contact points, addresses and profile conflicts have been since 0008, 0009 and 0029.

-- A counter note waits until somebody acknowledges it; those that there are wait too.
alter table counter_note add column acknowledged_at timestamptz, add column acknowledged_by uuid;
alter table counter_note add constraint counter_note_acknowledged_check check (acknowledged_by is null or acknowledged_at is not null);
create index counter_note_waiting_idx on counter_note (institution_path, customer_id, id) where acknowledged_at is null;

create index approval_request_waiting_idx on approval_request (institution_path, customer_id, id) where state = 'pending';
