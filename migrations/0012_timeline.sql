-- Changes of a dossier without the looks at it, of which there may be a thousand to one.
create index audit_entry_customer_id_change_idx on audit_entry (customer_id, at desc, id desc) where customer_id is not null and not (details ? 'access');
