-- Stored values, and a few columns, under the names of the APIs in plain technical English (docs/glossary.md). Audit entries and events stay as they were written.

alter table identity_document rename column differs to conflicting;
alter table contact_point rename column differs to conflicting;
alter table address rename column differs to conflicting;
alter index identity_document_to_clarify_idx rename to identity_document_to_review_idx;
alter index contact_point_to_clarify_idx rename to contact_point_to_review_idx;
alter index address_to_clarify_idx rename to address_to_review_idx;

alter table profile_difference rename to profile_conflict;
alter table profile_conflict rename column noted_at to detected_at;
alter table profile_conflict rename constraint profile_difference_pkey to profile_conflict_pkey;
alter table profile_conflict rename constraint profile_difference_field_source_key to profile_conflict_field_source_key;
alter table profile_conflict rename constraint profile_difference_status_check to profile_conflict_status_check;
alter index profile_difference_open_idx rename to profile_conflict_open_idx;

alter table contact_preference rename column most_per_month to max_per_month;

alter table customer_fact rename column stage to lifecycle_stage;
alter table customer_fact_month rename column stage to lifecycle_stage;
alter table customer_fact rename column kept_promise_rate to commitment_fulfilment_rate;
alter table customer_fact_month rename column kept_promise_rate to commitment_fulfilment_rate;

-- The owner updates these tables past their row-level security.
create temporary table forced on commit drop as
  select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r' and relforcerowsecurity;
do $$
declare
  t text;
begin
  for t in select relname from forced loop
    execute format('alter table %I no force row level security', t);
  end loop;
end
$$;

alter table holding drop constraint holding_origin_check;
update holding set origin = 'customer_initiated' where origin = 'own_wish';
alter table holding add constraint holding_origin_check check (origin in ('customer_initiated', 'recommended'));

alter table credit_standing drop constraint credit_standing_origin_check, drop constraint credit_standing_check2;
update credit_standing set origin = case origin when 'own' then 'internal' else 'external' end;
alter table credit_standing
  add constraint credit_standing_origin_check check (origin in ('internal', 'external')),
  add constraint credit_standing_agency_check check ((origin = 'external') = (agency is not null));

update identity_document set unverified_reason = case unverified_reason
    when 'form' then 'format' when 'birth_date_differs' then 'birth_date_conflict' else 'gender_conflict' end
  where unverified_reason in ('form', 'birth_date_differs', 'gender_differs');

alter table refresh_run drop constraint refresh_run_step_check;
update refresh_run set step = 'percentiles' where step = 'cuts';
alter table refresh_run add constraint refresh_run_step_check check (step in ('facts', 'percentiles', 'evaluation', 'done'));

update tier_scheme set measure = 'commitmentFulfilmentRate' where measure = 'keptPromiseRate';
update customer_fact set e_channel_origins = array_replace(e_channel_origins, 'own_wish', 'customer_initiated') where 'own_wish' = any (e_channel_origins);
update customer_fact_month set e_channel_origins = array_replace(e_channel_origins, 'own_wish', 'customer_initiated')
  where 'own_wish' = any (e_channel_origins);

-- Rules, and facts that were stored with decisions.

create function pg_temp.plain_fact(p_name text) returns text language sql immutable as $$
  select case p_name when 'stage' then 'lifecycleStage' when 'keptPromiseRate' then 'commitmentFulfilmentRate' else p_name end
$$;

-- A rule in the new names: facts, the institution of a percentile, origins of e-channels.
create function pg_temp.plain_rule(p_rule jsonb) returns jsonb language plpgsql as $$
declare
  renamed jsonb;
begin
  if p_rule ? 'all' or p_rule ? 'any' then
    return (select jsonb_object_agg(key, (select jsonb_agg(pg_temp.plain_rule(one) order by place) from jsonb_array_elements(value) with ordinality as x (one, place)))
      from jsonb_each(p_rule));
  elsif p_rule ? 'not' then
    return jsonb_build_object('not', pg_temp.plain_rule(p_rule -> 'not'));
  elsif p_rule ? 'hasBeen' then
    return p_rule || jsonb_build_object('hasBeen', pg_temp.plain_rule(p_rule -> 'hasBeen'));
  elsif p_rule ? 'fact' then
    renamed := p_rule || jsonb_build_object('fact', pg_temp.plain_fact(p_rule ->> 'fact'));
    if p_rule #> '{percentile,within}' is not null then
      renamed := renamed || jsonb_build_object('percentile', (p_rule -> 'percentile') - 'within' || jsonb_build_object('institution', p_rule #> '{percentile,within}'));
    end if;
    if p_rule ->> 'fact' = 'eChannelOrigins' then
      renamed := replace(renamed::text, '"own_wish"', '"customer_initiated"')::jsonb;
    end if;
    return renamed;
  end if;
  return p_rule;
end
$$;

-- The rule with the rules of its segments in their places, as they are now or were at a time.
create function pg_temp.inlined(p_rule jsonb, p_at timestamptz) returns jsonb language plpgsql as $$
declare
  named record;
begin
  if p_rule ? 'all' or p_rule ? 'any' then
    return (select jsonb_object_agg(key, (select jsonb_agg(pg_temp.inlined(one, p_at) order by place) from jsonb_array_elements(value) with ordinality as x (one, place)))
      from jsonb_each(p_rule));
  elsif p_rule ? 'not' then
    return jsonb_build_object('not', pg_temp.inlined(p_rule -> 'not', p_at));
  elsif p_rule ? 'hasBeen' then
    return p_rule || jsonb_build_object('hasBeen', pg_temp.inlined(p_rule -> 'hasBeen', p_at));
  elsif p_rule ? 'segment' then
    select s.kind, s.number, v.rule into named from segment s
      left join segment_version v on v.segment_id = s.id and (p_at is not null or v.rule_version = s.rule_version)
      where s.id::text = p_rule ->> 'segment'
      order by v.created_at <= p_at desc nulls last, case when v.created_at <= p_at then -v.rule_version else v.rule_version end limit 1;
    return case when named.kind = 'dynamic' then pg_temp.inlined(named.rule, p_at) else jsonb_build_object('listed', named.number) end;
  end if;
  return p_rule;
end
$$;

-- One text for all spellings of a rule, as `canonicalRule` writes it, and the key under which conditions are watched.
create function pg_temp.canonical(p_value jsonb) returns text language plpgsql as $$
begin
  return case jsonb_typeof(p_value)
    when 'object' then '{' || coalesce((select string_agg(to_json(key)::text || ':' || pg_temp.canonical(value), ',' order by key collate "C") from jsonb_each(p_value)), '') || '}'
    when 'array' then '[' || coalesce((select string_agg(pg_temp.canonical(one), ',' order by place) from jsonb_array_elements(p_value) with ordinality as x (one, place)), '') || ']'
    else p_value::text end;
end
$$;
create function pg_temp.condition_key(p_rule jsonb) returns text language sql as $$
  select replace(translate(encode(sha256(convert_to(pg_temp.canonical(p_rule), 'UTF8')), 'base64'), '+/', '-_'), '=', '')
$$;

-- Watched conditions are known by a hash of their text: since when they hold moves to the hash of the new one.
create temporary table watched on commit drop as
  with rules as (
    select rule, created_at as at from segment_version
    union all
    select one -> 'rule', set_at from policy_version, jsonb_array_elements(definition -> 'rules') one where kind = 'classification'
  ), conditions as (
    select jsonb_path_query(whole, 'strict $.**.hasBeen', silent => true) as condition
    from rules, lateral (values (pg_temp.inlined(rule, null)), (pg_temp.inlined(rule, at))) x (whole)
  )
  select distinct pg_temp.condition_key(condition) as old, pg_temp.condition_key(pg_temp.plain_rule(condition)) as new from conditions;
delete from watched where old = new;

update customer_condition c set condition = w.new from watched w where c.condition = w.old;

-- Facts that were stored with a decision, in the new names.
create function pg_temp.plain_facts(p_facts jsonb) returns jsonb language sql as $$
  select coalesce(jsonb_object_agg(pg_temp.plain_fact(f.key), case f.key
    when 'eChannelOrigins' then replace(f.value::text, '"own_wish"', '"customer_initiated"')::jsonb
    when '@since' then (select jsonb_object_agg(coalesce(w.new, s.key), s.value) from jsonb_each(f.value) s left join watched w on w.old = s.key)
    when '@cuts' then (select jsonb_object_agg(regexp_replace(s.key, '^keptPromiseRate ', 'commitmentFulfilmentRate '), s.value) from jsonb_each(f.value) s)
    else f.value end), '{}') from jsonb_each(p_facts) f
$$;
update segment_membership set entered_facts = pg_temp.plain_facts(entered_facts), left_facts = pg_temp.plain_facts(left_facts)
  where concat(entered_facts, left_facts) ~ '"(stage|keptPromiseRate|eChannelOrigins|@since|@cuts)"';
update tier_membership set began_facts = pg_temp.plain_facts(began_facts), ended_facts = pg_temp.plain_facts(ended_facts)
  where concat(began_facts, ended_facts) ~ '"keptPromiseRate"';
update classification_period set facts = pg_temp.plain_facts(facts) where facts::text ~ '"(stage|keptPromiseRate|eChannelOrigins|@since|@cuts)"';

update segment_version set rule = pg_temp.plain_rule(rule) where rule <> pg_temp.plain_rule(rule);

alter table policy_version drop constraint policy_version_source_check;
update policy_version set source = case source when 'practice' then 'industry_practice' else 'product_default' end where source <> 'bank';
alter table policy_version add constraint policy_version_source_check check (source in ('industry_practice', 'product_default', 'bank'));
update policy_version set kind = 'life_stage' where kind = 'stage';

create function pg_temp.plain_threshold(p_one jsonb) returns jsonb language sql immutable as $$
  select jsonb_object_agg(case key when 'near' then 'upgradeMargin' when 'unsettled' then 'atRiskMargin' else key end, value) from jsonb_each(p_one)
$$;
create function pg_temp.plain_thresholds(p_all jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_agg(pg_temp.plain_threshold(one) order by place), '[]') from jsonb_array_elements(p_all) with ordinality as x (one, place)
$$;
update policy_version set definition = definition || jsonb_build_object(
    'thresholds', pg_temp.plain_thresholds(definition -> 'thresholds'),
    'subtrees', (select coalesce(jsonb_agg(one || jsonb_build_object('thresholds', pg_temp.plain_thresholds(one -> 'thresholds')) order by place), '[]')
      from jsonb_array_elements(definition -> 'subtrees') with ordinality as x (one, place)))
  where kind = 'tier_scheme';
update policy_version set definition = definition || jsonb_build_object('rules',
    (select coalesce(jsonb_agg(one || jsonb_build_object('rule', pg_temp.plain_rule(one -> 'rule')) order by place), '[]')
      from jsonb_array_elements(definition -> 'rules') with ordinality as x (one, place)))
  where kind = 'classification';
update policy_version set definition = (select jsonb_object_agg(key, (
      select coalesce(jsonb_agg(one || jsonb_build_object('fact', pg_temp.plain_fact(one ->> 'fact'),
        'by', case one ->> 'by' when 'truth' then 'boolean' when 'hundredth' then 'percentile' else one ->> 'by' end) order by place), '[]')
      from jsonb_array_elements(value) with ordinality as x (one, place))) from jsonb_each(definition))
  where kind = 'relation_score';
-- Offers alone have this key.
update policy_version set definition = replace(definition::text, '"riskLevelAtMost":', '"maxRiskLevel":')::jsonb where kind = 'life_stage';

do $$
declare
  t text;
begin
  for t in select relname from forced loop
    execute format('alter table %I force row level security', t);
  end loop;
end
$$;
