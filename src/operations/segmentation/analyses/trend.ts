import { z } from 'zod'
import { average, percentage } from '../../../core/segmentation/analyses/profile-rates.ts'
import { addDays, monthEndsUpTo } from '../../../core/kernel/calendar.ts'
import { refuseField } from '../../../core/kernel/errors.ts'
import { hasMoreMemberships, trendOf } from '../../../db/segmentation/analyses/trend.ts'
import { operation } from '../../platform/operation.ts'
import { moneySchema } from '../../platform/rest-schema.ts'
import { domain, institutionId, moneyOf, segmentId, segmentOf, segmentReference, referenceOf, withinOf } from './scope.ts'

const MAX_MONTHS = 36
/** Month-ends of members that are looked up at once: some ten seconds’ worth. */
const MAX_MEMBERS = 3_000_000

export const segmentTrend = operation({
  kind: 'query',
  name: 'segmentTrend',
  summary: 'Size and assets of a segment by month',
  description:
    'At recent month-ends and now: number of customers in your scope who were in the segment, and the assets of those with stored facts for that month-end, at the exchange rates of that day.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentId,
    months: z.int().min(1).max(MAX_MONTHS).default(12).meta({ description: 'Number of past month-ends.' }),
    institutionId,
  }),
  output: z
    .object({
      segment: segmentReference,
      points: z
        .array(
          z
            .object({
              on: z.iso.date().meta({ description: 'A month-end; today for the last one.' }),
              customers: z.int().nullable().meta({
                description:
                  'Customers in the segment on that day; null where it is not known: before the segment or the first refresh, and the month-end cannot tell.',
              }),
              reconstructed: z.boolean().meta({
                description: 'Whether the members were computed later from the month-end, by the rule of that later day.',
              }),
              undeterminedShare: z.number().nullable().meta({
                description:
                  'Share of the bank’s customers whose membership a reconstructed month-end cannot determine, in percent; null for a recorded one.',
              }),
              withFacts: z.int().meta({ description: 'Those of them with stored facts for that day.' }),
              aum: moneySchema.nullable().meta({ description: 'Their assets; null if no facts are stored.' }),
              averageAum: moneySchema.nullable().meta({ description: 'Their average assets.' }),
              unconvertedCustomers: z.int().meta({
                description:
                  'Those of them with holdings that are excluded from the assets, for want of an exchange rate by that day.',
              }),
            })
            .meta({ id: 'TrendPoint', description: 'A segment at one month-end.' }),
        )
        .meta({ description: 'In time order.' }),
    })
    .meta({ id: 'SegmentTrend', description: 'Development of a segment by month.' }),
  errors: ['not_found', 'unknown_reference', 'query_too_complex'],
  async run(context, { segmentId: wanted, months, institutionId: institution }) {
    const { db, today } = context
    const segment = await segmentOf(context, wanted)
    const within = await withinOf(context, institution)
    const most = Math.floor(MAX_MEMBERS / months)
    if (await hasMoreMemberships(db, segment.id, most, within))
      throw refuseField(
        'query_too_complex',
        'months',
        'too_many',
        `Over ${months} months at most ${most} members can be analysed: request fewer months or an institution.`,
      )
    const money = moneyOf(context)
    const rows = await trendOf(db, segment, {
      monthEnds: monthEndsUpTo(addDays(today, -1), months),
      today,
      timeZone: context.bank.timeZone,
      within,
    })
    return {
      segment: referenceOf(segment),
      points: rows.map(({ day, customers, withFacts, unconverted, aum, determined, undetermined, recorded }) => {
        const each = average(aum, withFacts)
        const reconstructed = !recorded && determined !== null
        return {
          on: day,
          customers: recorded || (determined ?? 0) > 0 ? customers : null,
          reconstructed,
          undeterminedShare: reconstructed ? percentage(undetermined ?? 0, determined + (undetermined ?? 0)) : null,
          withFacts,
          aum: withFacts === 0 && day !== today ? null : money(aum),
          averageAum: each === null ? null : money(each),
          unconvertedCustomers: unconverted,
        }
      }),
    }
  },
})
