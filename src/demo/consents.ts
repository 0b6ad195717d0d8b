import { insert, type Loading } from './loading.ts'

/** Writes what a third of the people have consented to, what some of them have withdrawn since, and how a tenth wish to be contacted. */
export async function loadConsents(loading: Loading): Promise<void> {
  const { draws, today, now } = loading
  const unit = (purpose: string): string => draws.unit('c.n', purpose)
  const at = (day: string): string => `(${day}::timestamp + time '02:00') at time zone 'UTC'`
  await insert(
    loading,
    `insert into consent_event (customer_id, id, institution_path, channel, purpose, decision, evidence, evidence_reference, given_at, recorded_at, recorded_by, source)
    select c.id, ${draws.id('c.begun_ms', 'c.n * 8 + d.part', 'consent')}, c.path, d.channel, d.purpose, d.decision, d.evidence, d.reference, ${at('d.day')}, ${at('d.day')}, 'client:core', 'core'
    from (
      select c.*, ${unit('marketing')} as marketing, ${unit('withdrawal')} as withdrawal,
        c.begun + floor(${unit('consent day')} * (date '${today}' - c.begun))::int as consented
      from demo_customer c where c.kind <> 'company' and c.status <> 'closed' and c.begun < date '${today}' offset 0
    ) c
    cross join lateral (values
      (1, 'phone', 'marketing', 'granted', 'form', 'F-' || c.number, c.consented, c.marketing < 0.35),
      (2, 'sms', 'marketing', 'granted', 'form', 'F-' || c.number, c.consented, c.marketing < 0.3),
      (3, 'wechat', 'marketing', 'granted', 'online', 'W-' || c.number, c.consented, c.marketing < 0.2),
      (4, 'sms', 'survey', 'granted', 'online', 'W-' || c.number, c.consented, c.marketing < 0.25),
      (5, 'sms', 'marketing', 'withdrawn', 'online', null, c.consented + (date '${today}' - c.consented) / 2, c.marketing < 0.3 and c.withdrawal < 0.08)
    ) d (part, channel, purpose, decision, evidence, reference, day, holds)
    where d.holds`,
  )
  await insert(
    loading,
    `insert into contact_preference (customer_id, institution_path, preferred_channels, hours_from, hours_until, max_per_month, topics, do_not_contact, do_not_contact_reason, source, created_at, updated_at)
    select c.id, c.path, array[(array['phone', 'sms', 'wechat'])[1 + floor(c.liked * 3)::int]], case when c.wish < 0.04 then '10:00' end, case when c.wish < 0.04 then '18:00' end,
      case when c.wish < 0.06 then 2 end, case when c.liked < 0.5 then array['理财', '基金'] else array['贵金属'] end, c.wish > 0.99, case when c.wish > 0.99 then '客户要求' end, 'guanxi', $1, $1
    from (select c.*, ${unit('wish')} as wish, ${unit('liked')} as liked from demo_customer c where c.kind <> 'company' and c.status <> 'closed' offset 0) c
    where c.wish < 0.1 or c.wish > 0.99`,
    [now],
  )
}
