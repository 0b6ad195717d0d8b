-- Who keeps a customer, and with whom: handing over with its reason, maintenance teams, capacity, delegations that end early.

-- Product families somebody knows well, beside the industries and areas they serve.
alter table staff add column product_families text[] not null default '{}';

-- The day on which a delegation was taken back. Rows of before know the instant of their last change only.
alter table delegation add column revoked_on date;
do $$
begin
  -- The owner of the tables passes their policies no more than anybody else.
  perform set_config('app.scope', '/', true);
  update delegation set revoked_on = (updated_at at time zone 'Asia/Shanghai')::date where status = 'revoked';
  perform set_config('app.scope', '', true);
end
$$;
alter table delegation add check (revoked_on is null or status = 'revoked');
