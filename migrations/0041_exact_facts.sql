-- Facts are computed in whole minor units: each amount is converted and rounded by itself, as assets are, so that sums do not depend on the order of rows.

-- The same as convert_amount, null where the result does not fit into a bigint.
create function amount_in_base(p_amount bigint, p_currency text, p_base text, p_rate numeric) returns bigint
language sql immutable parallel safe
as $$
  select case when p_currency = p_base then p_amount
    when abs(p_amount * p_rate * (10::numeric ^ (currency_exponent(p_base) - currency_exponent(p_currency)))) < 9223372036854775807
      then convert_amount(p_amount, p_currency, p_base, p_rate)::bigint
  end
$$;

-- Whole minor units, rounded half to even, at most what a bigint holds.
create function to_minor_units(p_amount numeric) returns bigint
language sql immutable parallel safe
as $$
  select case when p_amount >= 9223372036854775807 then 9223372036854775807 when p_amount <= -9223372036854775808 then -9223372036854775808
    when scale(p_amount) = 0 then p_amount::bigint
    else (round(p_amount) - case when abs(p_amount - trunc(p_amount)) = 0.5 and mod(round(p_amount), 2) <> 0 then sign(p_amount) else 0 end)::bigint end
$$;

revoke execute on function amount_in_base(bigint, text, text, numeric), to_minor_units(numeric) from public;
grant execute on function amount_in_base(bigint, text, text, numeric), to_minor_units(numeric) to guanxi_service, guanxi_lookup;

-- Currencies of holdings that are left out of the amounts, since they have no rate.
alter table customer_fact add column unconverted_currencies text[];
alter table customer_fact_month add column unconverted_currencies text[];
