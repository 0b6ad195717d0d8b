-- What customers are worth: rates as versioned data, and what follows from them as facts.

create table value_policy (
  version integer primary key check (version > 0),
  effective_from date not null,
  -- see core/value.ts
  rates jsonb not null,
  source text not null,
  reason text not null,
  set_by text not null,
  set_at timestamptz not null
);
-- Costs are minor units of the base currency per transaction or customer and year. Ours, to be replaced by the bank's own.
insert into value_policy (version, effective_from, source, reason, set_by, set_at, rates) values (1, '1900-01-01', 'ours', 'Published default', 'guanxi', '2026-11-26', '{
  "channelCost": {"counter": 800, "atm": 120, "pos": 60, "online": 20, "mobile": 10, "phone": 300, "wechat": 10, "tv": 30, "other": 100},
  "typeCost": {"cash": 100, "bill": 30},
  "fixedCost": {"individual": 3000, "sole_trader": 9000, "company": 30000},
  "retention": 0.9, "discount": 0.08, "years": 5, "outsideMargin": 0.008, "outsideChance": 0.2, "growthMargin": 0.01
}');

alter table value_policy enable row level security, force row level security;
create policy reference on value_policy for select using (nullif(current_setting('app.scope', true), '') is not null);
create policy append on value_policy for insert with check (nullif(current_setting('app.scope', true), '') is not null);
grant select, insert on value_policy to guanxi_service;

alter table customer_fact add column transactions_cost bigint, add column contribution bigint, add column lifetime_value bigint, add column outside_assets bigint;
alter table customer_fact_month add column transactions_cost bigint, add column contribution bigint, add column lifetime_value bigint, add column outside_assets bigint;
