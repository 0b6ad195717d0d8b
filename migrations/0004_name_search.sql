-- The search by the beginning of a name began at the first name of the bank.

/*
 * Customers in the caller's reach whose folded name matches a term folded alike: `rank` 1 equal, 2 beginning with it, 3 containing it,
 * from 4 (Latin names of three letters and more) resembling it, the closer the less. Ordered by rank, name and id; at most `p_limit`
 * after (p_rank, p_name, p_id). One step after the other, so that a page that is full looks no further. A single character is looked
 * for at the beginning only.
 */
create or replace function find_by_name(p_term text, p_limit integer, p_rank real default 0, p_name text default '', p_id uuid default '00000000-0000-0000-0000-000000000000')
returns table (customer_id uuid, rank real, name text)
language plpgsql stable security definer rows 50 set search_path = pg_catalog, public, pg_temp
as $$
declare
  pattern constant text := replace(replace(replace(p_term, '\', '\\'), '%', '\%'), '_', '\_');
  beyond constant text collate "C" := p_term || chr(1114109);
  own constant boolean := nullif(current_setting('app.portfolio', true), '') is not null;
  -- Names before this one were shown on an earlier page, or come before all that begin with the term.
  since constant text collate "C" := greatest(p_term, p_name);
  taken integer := 0;
  found_now integer;
begin
  if nullif(current_setting('app.scope', true), '') is null or p_term = '' then return; end if;

  if own then
    return query
      select f.id, f.rank, f.name_folded
      from (
        select c.id, c.name_folded,
          (case when c.name_folded = p_term then 1 when c.name_folded like pattern || '%' then 2 when length(p_term) > 1 and c.name_folded like '%' || pattern || '%' then 3
            else 5 - similarity(c.name_folded, p_term) end)::real as rank
        from customer c
        where c.visible_to && string_to_array(current_setting('app.portfolio', true), ' ')::uuid[]
          and (c.name_folded like pattern || '%' or (length(p_term) > 1 and c.name_folded like '%' || pattern || '%') or (p_term ~ '[a-z]{3}' and c.name_folded % p_term))
      ) f
      where (f.rank, f.name_folded, f.id) > (p_rank, p_name collate "C", p_id)
      order by f.rank, f.name_folded, f.id
      limit p_limit;
    return;
  end if;

  if p_rank <= 2 then
    return query
      select c.id, (case when c.name_folded = p_term then 1 else 2 end)::real, c.name_folded
      from customer c
      -- One lower bound: of two the index may begin at the lesser.
      where (c.name_folded, c.id) > (since, p_id) and c.name_folded < beyond
        and (c.institution_path ^@ current_setting('app.scope', true) or c.institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))
      order by c.name_folded, c.id
      limit p_limit;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  if taken < p_limit and p_rank <= 3 and length(p_term) > 1 then
    return query
      select c.id, 3::real, c.name_folded
      from customer c
      where name_bigrams(c.name_folded) @> name_bigrams(p_term) and c.name_folded like '%' || pattern || '%' and not c.name_folded like pattern || '%'
        and (p_rank < 3 or (c.name_folded, c.id) > (p_name collate "C", p_id))
        and in_reach(c.institution_path, c.visible_to)
      order by c.name_folded, c.id
      limit p_limit - taken;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  if taken < p_limit and p_term ~ '[a-z]{3}' then
    return query
      select f.id, f.rank, f.name_folded
      from (
        select c.id, c.name_folded, (5 - similarity(c.name_folded, p_term))::real as rank
        from customer c
        where c.name_folded ~ '[a-z]' and c.name_folded % p_term and not c.name_folded like '%' || pattern || '%' and in_reach(c.institution_path, c.visible_to)
      ) f
      where (f.rank, f.name_folded, f.id) > (p_rank, p_name collate "C", p_id)
      order by f.rank, f.name_folded, f.id
      limit p_limit - taken;
  end if;
end
$$;
