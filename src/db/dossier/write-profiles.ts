import { sql } from 'drizzle-orm'
import type { Db } from '../platform/database.ts'
import type { Profiles } from './customer-profiles.ts'

const rows = (all: Iterable<object>) => JSON.stringify([...all])

/** Writes what was decided, one statement for each table. The customers are there and locked. */
export async function writeProfiles(db: Db, { writes }: Profiles, now: Date): Promise<void> {
  const written: Promise<unknown>[] = []
  if (writes.profiles.size > 0)
    written.push(
      db.rows(sql`
        insert into customer_profile as t (customer_id, institution_path, occupation, income_band, deceased_on, company_size, registered_capital, registered_capital_currency,
          merchant_since, merchant_until, merchant_category_code, risk_appetite, interests, family_notes, situations, credit_willing, updated_at)
        select "customerId", "institutionPath", occupation, "incomeBand", "deceasedOn", "companySize", "registeredCapital", "registeredCapitalCurrency",
          "merchantSince", "merchantUntil", "merchantCategoryCode", "riskAppetite", interests, "familyNotes", situations, "creditWilling", ${now}::timestamptz
        from json_to_recordset(${rows(writes.profiles.values())}::json) as r ("customerId" uuid, "institutionPath" text, occupation text, "incomeBand" text,
          "deceasedOn" date, "companySize" text, "registeredCapital" bigint, "registeredCapitalCurrency" text, "merchantSince" date, "merchantUntil" date,
          "merchantCategoryCode" text, "riskAppetite" text, interests text[], "familyNotes" text, situations text[], "creditWilling" boolean)
        on conflict (customer_id) do update set institution_path = excluded.institution_path, occupation = excluded.occupation, income_band = excluded.income_band,
          deceased_on = excluded.deceased_on, company_size = excluded.company_size, registered_capital = excluded.registered_capital,
          registered_capital_currency = excluded.registered_capital_currency, merchant_since = excluded.merchant_since, merchant_until = excluded.merchant_until,
          merchant_category_code = excluded.merchant_category_code, risk_appetite = excluded.risk_appetite, interests = excluded.interests,
          family_notes = excluded.family_notes, situations = excluded.situations, credit_willing = excluded.credit_willing, updated_at = excluded.updated_at`),
    )
  if (writes.sources.size > 0) written.push(writeSources(db, [...writes.sources.values()]))
  if (writes.conflicts.size > 0)
    written.push(
      db.rows(sql`
        insert into profile_conflict as t (customer_id, id, institution_path, field, source, value_sent, as_of, policy_version, status, detected_at, decided_at)
        select "customerId", id, "institutionPath", field, source, "valueSent", coalesce("asOf", ${now}::timestamptz), coalesce("policyVersion", 0), status,
          coalesce("detectedAt", ${now}::timestamptz), "decidedAt"
        from json_to_recordset(${rows(writes.conflicts.values())}::json) as r ("customerId" uuid, id uuid, "institutionPath" text, field text, source text,
          "valueSent" text, "asOf" timestamptz, "policyVersion" integer, status text, "detectedAt" timestamptz, "decidedAt" timestamptz)
        on conflict (customer_id, id) do update set value_sent = excluded.value_sent, status = excluded.status, decided_at = excluded.decided_at, decided_by = null,
          as_of = case when excluded.status = 'open' then excluded.as_of else t.as_of end,
          policy_version = case when excluded.status = 'open' then excluded.policy_version else t.policy_version end,
          detected_at = case when excluded.status = 'open' then excluded.detected_at else t.detected_at end, version = t.version + 1`),
    )
  await Promise.all(written)
}

/** Writes where fields come from; a row without a source is of the record's own. */
function writeSources(db: Db, sources: readonly object[]): Promise<unknown> {
  return db.rows(sql`
    insert into field_source as t (customer_id, field, institution_path, source, as_of, set_by, verified_at, verified_by, verification)
    select r."customerId", r.field, r."institutionPath", coalesce(r.source, c.source), coalesce(r."asOf", c.created_at), r."setBy", r."verifiedAt", r."verifiedBy", r.verification
    from json_to_recordset(${rows(sources)}::json) as r ("customerId" uuid, field text, "institutionPath" text, source text, "asOf" timestamptz, "setBy" uuid,
      "verifiedAt" timestamptz, "verifiedBy" uuid, verification text)
    join customer c on c.id = r."customerId"
    on conflict (customer_id, field) do update set institution_path = excluded.institution_path, source = excluded.source, as_of = excluded.as_of,
      set_by = excluded.set_by, verified_at = excluded.verified_at, verified_by = excluded.verified_by, verification = excluded.verification`)
}
