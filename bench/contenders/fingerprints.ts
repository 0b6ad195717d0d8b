import { facts, storedFacts } from '../../src/core/segmentation/facts.ts'
import { factColumn } from '../../src/db/segmentation/facts/columns.ts'
const sum = (parts: string): string => `sum(hashtextextended(${parts}, 0)::numeric)::text`

/** What an evaluation at the instant `$1` has written, as counts and sums of hashes. */
export const segmentation = `
  select
    (select count(*) || ' ' || ${sum(`customer_id::text || segment_id || entered_version || entered_facts`)} from segment_membership where entered_at = $1::timestamptz) as entered,
    (select count(*) || ' ' || ${sum(`customer_id::text || segment_id || left_version || left_facts || left_reason`)} from segment_membership where left_at = $1::timestamptz) as left,
    (select count(*) || ' ' || ${sum(`customer_id::text || scheme_id || tier || place || began_reason || began_facts`)} from tier_membership where began_at = $1::timestamptz) as tiers_begun,
    (select count(*) || ' ' || ${sum(`customer_id::text || scheme_id || ended_reason || ended_facts`)} from tier_membership where ended_at = $1::timestamptz) as tiers_ended,
    (select count(*) || ' ' || ${sum(`type || coalesce(customer_id::text, '') || subject_id || payload`)} from outbox_event where occurred_at = $1::timestamptz and type in ('segment.entered', 'segment.left', 'tier.changed')) as told,
    (select ${sum(`customer_id::text || segments::text || coalesce(tiers::text, '') || coalesce(tier_places::text, '') || coalesce(tier_below::text, '')`)} from customer_fact) as kept`

const counted = storedFacts.filter((name) => ['number', 'money'].includes(facts[name].type))
const others = storedFacts.filter((name) => !counted.includes(name))

/** All facts of everybody: sums of what is counted, fingerprints of the rest. */
export const sumsOfFacts = `select count(*)::float8 as customers, ${[
  ...counted.map(
    (name) => `sum(${factColumn(name)})::float8 as "${name}", count(${factColumn(name)})::float8 as "known ${name}"`,
  ),
  ...others.map((name) => `sum(hashtextextended(${factColumn(name)}::text, 0))::text as "${name}"`),
].join(', ')} from customer_fact`
