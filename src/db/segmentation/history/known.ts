import { FIRST_BALANCE_DAYS } from '../../../core/feeds/holdings.ts'

/** Who looked after the row `c` of customers on the day `p.today`. */
export const managerThen = `(select a.staff_id from assignment a where a.customer_id = c.id and a.business_line = case c.kind when 'company' then 'corporate' else 'personal' end
        and a.state <> 'cancelled' and a.starts_on <= (select today from p) and (a.ends_on is null or a.ends_on > (select today from p)) limit 1)`

/**
 * By customer, over the parts of a statement about a day past: the first sign of them, whether it is known which holdings were open, and from when on no balance
 * of theirs is missing; null where none is.
 */
export const knownThen = `
      select a.customer_id, min(least(a.opened_on, s.first)) as first_on,
        bool_and((a.opened_on is not null or s.first is not null) and (a.status <> 'closed' or a.closed_on is not null)) as openings,
        max(case when a.status = 'closed' and a.closed_on is null then date '9999-12-31' else coalesce(s.first, '9999-12-31') end)
          filter (where a.balance_on is not null and (a.opened_on is null or a.opened_on < coalesce(s.first, p.today) - ${FIRST_BALANCE_DAYS})) as balances_from
      from account a cross join p left join (select distinct customer_id, holding_id, first from span) s on s.customer_id = a.customer_id and s.holding_id = a.id
      group by a.customer_id`
