import { money } from './customer-json.ts'

/** Counts and sums of the active customers whose path is from `$1` on and before `$2`, at the rates of the day `$3`. */
export const portfolioSummary = `
  with rate as materialized (
    select distinct on (currency) currency, rate from exchange_rate where day <= $3::date order by currency, day desc
  ), chosen as materialized (
    select id, kind, aum from customer where status = 'active' and institution_path >= $1 and institution_path < $2
  ), kinds as (
    select kind, count(*)::int as customers, sum(aum)::bigint as amount from chosen group by kind
  ), families as (
    select p.family, count(distinct h.customer_id)::int as customers, count(*)::int as holdings,
      coalesce(sum(convert_amount(h.balance, h.currency, 'CNY', r.rate)), 0)::bigint as amount,
      coalesce(json_agg(distinct h.currency) filter (where h.currency <> 'CNY' and r.rate is null), '[]') as unconverted
    from chosen c join holding h on h.customer_id = c.id and h.status <> 'closed' join product p on p.id = h.product_id
    left join rate r on r.currency = h.currency group by p.family
  )
  select json_build_object('asOf', $3::date, 'customers', (select sum(customers) from kinds), 'aum', ${money('(select sum(amount)::bigint from kinds)', "'CNY'")},
    'byKind', (select json_agg(json_build_object('kind', kind, 'customers', customers, 'amount', ${money('amount', "'CNY'")}) order by kind collate "C") from kinds),
    'byFamily', (select json_agg(json_build_object('family', family, 'customers', customers, 'holdings', holdings, 'amount', ${money('amount', "'CNY'")}, 'unconvertedCurrencies', unconverted) order by family collate "C") from families)
  )::text as v`

/** A movement of the holding that the core system calls `$2`, with its audit row, in one statement. */
export const insertMovement = `
  with owner as (
    select h.customer_id, h.id, h.institution_path, h.currency from external_id e join holding h on h.customer_id = e.customer_id and h.id = e.target_id
    where e.external_id = $2 and e.source = 'core' and e.entity = 'holding'
  ), made as (
    insert into movement (customer_id, id, institution_path, holding_id, source, external_id, direction, amount, currency, booked_on, channel, purpose, status, as_of, created_at, updated_at)
    select o.customer_id, $1, o.institution_path, o.id, 'core', $3, $4, $5::numeric * 100, o.currency, $6, $7, $8, 'booked', now(), now(), now() from owner o
    returning *
  ), audited as (
    insert into audit_entry (id, at, institution_path, actor_kind, actor_id, operation, customer_id, customer_path, subject_type, subject_id)
    select $9, now(), '/', 'client', 'bench', 'upsertMovement', m.customer_id, m.institution_path, 'movement', m.id::text from made m
  )
  select json_build_object('id', m.id, 'customerId', m.customer_id, 'holdingId', m.holding_id, 'direction', m.direction,
    'amount', ${money('m.amount', 'm.currency')}, 'bookedOn', m.booked_on, 'channel', m.channel, 'purpose', m.purpose, 'status', m.status)::text as v
  from made m`
