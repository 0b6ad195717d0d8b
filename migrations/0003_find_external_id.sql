-- One name at a time: the plan of find_external_ids expects a hundred rows and goes through a small bank's whole table.
create function find_external_id(p_entity text, p_source text, p_external_id text)
returns table (customer_id uuid, target_id uuid)
language sql stable security definer rows 1 set search_path = pg_catalog, public, pg_temp
as $$
  select e.customer_id, e.target_id from external_id e
  where e.external_id = p_external_id and e.source = p_source and e.entity = p_entity and nullif(current_setting('app.scope', true), '') is not null
$$;
grant create on schema public to guanxi_lookup;
alter function find_external_id(text, text, text) owner to guanxi_lookup;
revoke create on schema public from guanxi_lookup;
revoke execute on function find_external_id(text, text, text) from public;
grant execute on function find_external_id(text, text, text) to guanxi_service, guanxi_lookup;
