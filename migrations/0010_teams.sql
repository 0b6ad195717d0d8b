-- Who keeps a customer, and with whom: handing over with its reason, maintenance teams, capacity, delegations that end early.

-- Product families somebody knows well, beside the industries and areas they serve.
alter table staff add column product_families text[] not null default '{}';
