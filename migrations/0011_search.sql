-- Names are found by their pinyin and by its initials too, and searches filter their candidates before they cut them.

-- What a Chinese name is typed by: its pinyin without tones, and the first letter of each syllable (王小明: wangxiaoming, wxm).
-- Several readings where a character is read otherwise as a surname. Not columns of customer: what feeds bring every night would rewrite their indexes.
create table name_key (
  customer_id uuid not null references customer (id),
  reading integer not null check (reading >= 1),
  institution_path text collate "C" not null,
  pinyin text collate "C" not null,
  initials text collate "C" not null,
  primary key (customer_id, reading)
);
create index name_key_pinyin_idx on name_key (pinyin, customer_id) include (institution_path, reading);
create index name_key_initials_idx on name_key (initials, customer_id) include (institution_path, reading);

-- One row while customers of before this migration wait for their keys: those up to this id have them.
create table name_key_progress (
  only_row boolean primary key default true check (only_row),
  after_id uuid not null
);
set local app.scope = '/';
insert into name_key_progress (after_id) select '00000000-0000-0000-0000-000000000000' where exists (select from customer);
set local app.scope = '';

do $$
declare
  in_scope constant text := $p$(institution_path ^@ nullif(current_setting('app.scope', true), '') or institution_path ^@ any (string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ')))$p$;
begin
  alter table name_key enable row level security, force row level security;
  execute format('create policy scope on name_key to guanxi_service using (%s) with check (%s)', in_scope, in_scope);
  create policy lookup on name_key for select to guanxi_lookup using (true);
  grant select, insert, update, delete on name_key to guanxi_service;
  grant select on name_key to guanxi_lookup;

  alter table name_key_progress enable row level security, force row level security;
  create policy upkeep on name_key_progress using (nullif(current_setting('app.scope', true), '') = '/');
  grant select, update, delete on name_key_progress to guanxi_service;

  -- Who holds a product is asked where candidates are chosen.
  create policy lookup on holding for select to guanxi_lookup using (true);
  grant select (customer_id, product_id, status) on holding to guanxi_lookup;
end
$$;

drop function find_by_name(text, integer, real, text, uuid);
drop function find_by_hash(text, bytea[], integer);
drop function find_by_number(text, integer);

/*
 * The functions share three texts. `settings`: the caller's scope and what `p_filter` says, {"kinds", "statuses", "products", "manager",
 * "subtree", "aumFrom", "aumTo", "since"}, each of which may be missing. `within`: whether row R lies in the scope, told by columns that indexes
 * hold. `meets`: whether customer R meets the filter, told by the customer's row, which is read only where there is one. Rows are asked one by one, as
 * scalar subqueries: `exists` may be turned into a hash of all customers.
 */
do $do$
declare
  settings constant text := $x$
  scope constant text := nullif(current_setting('app.scope', true), '');
  more constant text[] := string_to_array(nullif(current_setting('app.more_scopes', true), ''), ' ');
  own constant uuid[] := string_to_array(nullif(current_setting('app.portfolio', true), ''), ' ')::uuid[];
  filtered constant boolean := p_filter is not null;
  kinds constant text[] := case when p_filter ? 'kinds' then array(select jsonb_array_elements_text(p_filter -> 'kinds')) end;
  statuses constant text[] := case when p_filter ? 'statuses' then array(select jsonb_array_elements_text(p_filter -> 'statuses')) end;
  products constant uuid[] := case when p_filter ? 'products' then array(select jsonb_array_elements_text(p_filter -> 'products'))::uuid[] end;
  manager constant uuid := (p_filter ->> 'manager')::uuid;
  subtree constant text := p_filter ->> 'subtree';
  aum_from constant bigint := (p_filter ->> 'aumFrom')::bigint;
  aum_to constant bigint := (p_filter ->> 'aumTo')::bigint;
  since constant date := (p_filter ->> 'since')::date;
  -- Customers of a portfolio or of one manager, where the search goes through those alone.
  mine uuid[];$x$;
  within constant text := $x$(R.institution_path ^@ scope or R.institution_path ^@ any (more)) and (subtree is null or R.institution_path ^@ subtree)$x$;
  meets constant text := $x$(not filtered or (
        select true from customer f
        where f.id = R and (kinds is null or f.kind = any (kinds)) and (statuses is null or f.status = any (statuses))
          and (manager is null or f.relationship_manager_id = manager) and (subtree is null or f.institution_path ^@ subtree)
          and (aum_from is null or f.aum >= aum_from) and (aum_to is null or f.aum <= aum_to) and (since is null or f.customer_since >= since)
          and (products is null or (select true from holding h where h.customer_id = f.id and h.status <> 'closed' and h.product_id = any (products) limit 1))))$x$;
  of_mine constant text := $x$
  if own is not null then
    mine := array(select c.id from customer c where c.visible_to && own);
  elsif manager is not null then
    mine := array(select c.id from customer c where c.relationship_manager_id = manager and $x$ || replace(within, 'R.', 'c.') || $x$);
  end if;$x$;
  made text;
begin
  foreach made in array array[

/*
 * Customers in the caller's reach who meet the filter and whose folded name matches a term folded alike: `rank` 1 equal, 2 beginning with it,
 * 3 its pinyin beginning with `p_key`, 4 the initials of its pinyin doing so, 5 containing it, from 6 resembling it: Latin names by
 * trigrams, the closer the less, Chinese ones that sound the same (`p_sounds`: the key is the pinyin of the term). Each customer comes once. Ordered
 * by rank, name (for pinyin and initials the key) and id; at most `p_limit` after (p_rank, p_name, p_id). One step after the other, so that
 * a page that is full looks no further. A single character is looked for at the beginning only.
 */
$f$
create function find_by_name(p_term text, p_key text, p_sounds boolean, p_filter jsonb, p_limit integer,
  p_rank real default 0, p_name text default '', p_id uuid default '00000000-0000-0000-0000-000000000000')
returns table (customer_id uuid, rank real, name text)
language plpgsql stable security definer rows 50 set search_path = pg_catalog, public, pg_temp
as $$
declare{settings}
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
  pattern constant text := replace(replace(replace(p_term, '\', '\\'), '%', '\%'), '_', '\_');
  beyond constant text collate "C" := p_term || chr(1114109);
  typed constant text collate "C" := case when p_sounds then '' else p_key end;
  typed_beyond constant text collate "C" := typed || chr(1114109);
  spoken constant text collate "C" := case when p_sounds then p_key else '' end;
  taken integer := 0;
  found_now integer;
begin
  if scope is null or p_term = '' then return; end if;
{of_mine}
  if mine is not null then
    return query
      select f.id, f.rank, f.name
      from (
        select m.id, m.rank::real as rank, case when m.rank between 3 and 4 or m.rank = 6 and m.key is not null then m.key else m.name_folded end as name
        from (
          select c.id, c.name_folded, k.key,
            case when c.name_folded = p_term then 1 when c.name_folded ^@ p_term then 2 when k.rank < 6 then k.rank
              when length(p_term) > 1 and strpos(c.name_folded, p_term) > 0 then 5 when k.rank is not null then k.rank
              when p_term ~ '[a-z]{3}' and c.name_folded % p_term then 7 - similarity(c.name_folded, p_term) end as rank
          from customer c
          left join lateral (
            select w.rank, w.key
            from (
              select case when n.pinyin = spoken then 6 when n.pinyin ^@ typed then 3 else 4 end as rank,
                case when n.pinyin = spoken or n.pinyin ^@ typed then n.pinyin else n.initials end as key
              from name_key n
              where n.customer_id = c.id and (n.pinyin = spoken or typed <> '' and (n.pinyin ^@ typed or n.initials ^@ typed))
            ) w
            order by 1, 2
            limit 1
          ) k on true
          where c.id = any (mine) and {meets c.id}
        ) m
        where m.rank is not null
      ) f
      where (f.rank, f.name, f.id) > (p_rank, p_name collate "C", p_id)
      order by f.rank, f.name, f.id
      limit p_limit;
    return;
  end if;

  if p_rank <= 2 then
    return query
      select c.id, (case when c.name_folded = p_term then 1 else 2 end)::real, c.name_folded
      from customer c
      -- One lower bound: of two the index may begin at the lesser.
      where (c.name_folded, c.id) > (greatest(p_term, p_name) collate "C", p_id) and c.name_folded < beyond and {within c} and {meets c.id}
      order by c.name_folded, c.id
      limit p_limit;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  if taken < p_limit and p_rank <= 3 and typed <> '' then
    return query
      select k.customer_id, 3::real, k.pinyin
      from name_key k
      where (k.pinyin, k.customer_id) > (case when p_rank = 3 then p_name else typed end collate "C", case when p_rank = 3 then p_id else nobody end) and k.pinyin < typed_beyond
        and {within k}
        and (k.reading = 1 or 0 = (select count(*) from name_key o where o.customer_id = k.customer_id and o.reading < k.reading and o.pinyin ^@ typed))
        and (select not e.name_folded ^@ p_term from customer e where e.id = k.customer_id)
        and {meets k.customer_id}
      order by k.pinyin, k.customer_id
      limit p_limit - taken;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  -- The first initial alone is where the pinyin begins as well.
  if taken < p_limit and p_rank <= 4 and length(typed) > 1 then
    return query
      select k.customer_id, 4::real, k.initials
      from name_key k
      where (k.initials, k.customer_id) > (case when p_rank = 4 then p_name else typed end collate "C", case when p_rank = 4 then p_id else nobody end) and k.initials < typed_beyond
        and {within k}
        and 0 = (select count(*) from name_key o where o.customer_id = k.customer_id and (o.pinyin ^@ typed or (o.reading < k.reading and o.initials ^@ typed)))
        and (select not e.name_folded ^@ p_term from customer e where e.id = k.customer_id)
        and {meets k.customer_id}
      order by k.initials, k.customer_id
      limit p_limit - taken;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  if taken < p_limit and p_rank <= 5 and length(p_term) > 1 then
    return query
      select c.id, 5::real, c.name_folded
      from customer c
      where name_bigrams(c.name_folded) @> name_bigrams(p_term) and c.name_folded like '%' || pattern || '%' and not c.name_folded ^@ p_term
        and (p_rank < 5 or (c.name_folded, c.id) > (p_name collate "C", p_id))
        and {within c}
        and (typed = '' or 0 = (select count(*) from name_key o where o.customer_id = c.id and (o.pinyin ^@ typed or o.initials ^@ typed)))
        and {meets c.id}
      order by c.name_folded, c.id
      limit p_limit - taken;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  if taken < p_limit and p_rank <= 6 and spoken <> '' then
    return query
      select k.customer_id, 6::real, k.pinyin
      from name_key k
      where k.pinyin = spoken and k.customer_id > (case when p_rank = 6 then p_id else nobody end)
        and {within k}
        and (k.reading = 1 or 0 = (select count(*) from name_key o where o.customer_id = k.customer_id and o.reading < k.reading and o.pinyin = spoken))
        and (select strpos(e.name_folded, p_term) = 0 from customer e where e.id = k.customer_id)
        and {meets k.customer_id}
      order by k.customer_id
      limit p_limit - taken;
    get diagnostics found_now = row_count;
    taken := taken + found_now;
  end if;

  if taken < p_limit and spoken = '' and p_term ~ '[a-z]{3}' then
    return query
      select f.id, f.rank, f.name_folded
      from (
        select c.id, c.name_folded, (7 - similarity(c.name_folded, p_term))::real as rank
        from customer c
        where c.name_folded ~ '[a-z]' and c.name_folded % p_term and not c.name_folded like '%' || pattern || '%' and {within c}
          and (typed = '' or 0 = (select count(*) from name_key o where o.customer_id = c.id and (o.pinyin ^@ typed or o.initials ^@ typed)))
          and {meets c.id}
      ) f
      where (f.rank, f.name_folded, f.id) > (p_rank, p_name collate "C", p_id)
      order by f.rank, f.name_folded, f.id
      limit p_limit - taken;
  end if;
end
$$
$f$,

/*
 * Customers in the caller's reach who meet the filter and carry one of these hashes, in the order of their ids, at most `p_limit` after `p_id`. Thousands may
 * share a phone: a portfolio is then gone through instead of them.
 */
$f$
create function find_by_hash(p_kind text, p_hashes bytea[], p_filter jsonb, p_limit integer, p_id uuid default '00000000-0000-0000-0000-000000000000')
returns table (customer_id uuid)
language plpgsql stable security definer rows 10 set search_path = pg_catalog, public, pg_temp
as $$
declare{settings}
  few constant integer := 500;
begin
  if scope is null then return; end if;
  if own is not null or manager is not null then
    if (select count(*) > few from (select from blind_index b where b.hash = any (p_hashes) limit few + 1) l) then{of_mine}
    end if;
  end if;

  if mine is not null then
    return query
      select c.id
      from customer c
      where c.id = any (mine) and c.id > p_id and {meets c.id}
        and exists (select from blind_index b where b.hash = any (p_hashes) and b.customer_id = c.id and b.kind = p_kind)
      order by c.id
      limit p_limit;
    return;
  end if;

  return query
    select distinct x.customer_id
    from unnest(p_hashes) h (hash)
    cross join lateral (
      select distinct b.customer_id
      from blind_index b
      where b.hash = h.hash and b.kind = p_kind and b.customer_id > p_id
        and (select in_reach(c.institution_path, c.visible_to) from customer c where c.id = b.customer_id)
        and {meets b.customer_id}
      order by b.customer_id
      limit p_limit
    ) x
    order by x.customer_id
    limit p_limit;
end
$$
$f$,

/* Customers in the caller's reach who meet the filter and whom any source but `p_own_source` calls by this number, in the order of their ids, at most `p_limit` after `p_id`. */
$f$
create function find_by_number(p_number text, p_own_source text, p_filter jsonb, p_limit integer, p_id uuid default '00000000-0000-0000-0000-000000000000')
returns table (customer_id uuid)
language plpgsql stable security definer rows 2 set search_path = pg_catalog, public, pg_temp
as $$
declare{settings}
begin
  if scope is null then return; end if;
  return query
    select distinct e.customer_id
    from external_id e
    where e.external_id = p_number and e.entity = 'customer' and e.source <> p_own_source and e.customer_id > p_id
      and (select in_reach(c.institution_path, c.visible_to) from customer c where c.id = e.customer_id)
      and {meets e.customer_id}
    order by e.customer_id
    limit p_limit;
end
$$
$f$
  ] loop
    made := replace(replace(made, '{settings}', settings), '{of_mine}', of_mine);
    made := regexp_replace(made, '\{within (\w+)\}', replace(replace(within, '\', '\\'), 'R.', '\1.'), 'g');
    made := regexp_replace(made, '\{meets ([\w.]+)\}', replace(replace(meets, '\', '\\'), '= R ', '= \1 '), 'g');
    execute made;
  end loop;
end
$do$;

do $$
declare
  f regprocedure;
begin
  grant create on schema public to guanxi_lookup;
  for f in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname in ('find_by_name', 'find_by_hash', 'find_by_number') loop
    execute format('alter function %s owner to guanxi_lookup', f);
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to guanxi_service, guanxi_lookup', f);
  end loop;
  revoke create on schema public from guanxi_lookup;
end
$$;
