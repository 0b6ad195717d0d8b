-- What analyses ask besides: accounts, editions and origins of e-channels as facts, and the facts of one month-end or one branch
-- without those of all others.

alter table customer_fact
  add column accounts double precision,
  add column e_channel_editions text[],
  add column e_channel_origins text[];

alter table customer_fact_month
  add column accounts double precision,
  add column e_channel_editions text[],
  add column e_channel_origins text[];

create index customer_fact_month_month_end_idx on customer_fact_month (month_end, institution_path);
create index customer_fact_institution_path_idx on customer_fact (institution_path);
