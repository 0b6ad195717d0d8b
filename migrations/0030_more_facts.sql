-- Largest movements of 90 days against what is usual, and transactions a month by the other channels and queries.

alter table customer_fact
  add column inflow_ratio_90 double precision,
  add column outflow_ratio_90 double precision,
  add column pos_per_month double precision,
  add column phone_per_month double precision,
  add column wechat_per_month double precision,
  add column tv_per_month double precision,
  add column queries_per_month double precision;
alter table customer_fact_month
  add column inflow_ratio_90 double precision,
  add column outflow_ratio_90 double precision,
  add column pos_per_month double precision,
  add column phone_per_month double precision,
  add column wechat_per_month double precision,
  add column tv_per_month double precision,
  add column queries_per_month double precision;
