import { z } from 'zod'
import { average } from '../../../core/segmentation/analyses/profile.ts'
import { addDays, monthEndsUpTo } from '../../../core/kernel/calendar.ts'
import { refuseField } from '../../../core/kernel/errors.ts'
import { hasMoreStays, trendOf } from '../../../db/segmentation/analyses/trend.ts'
import { operation } from '../../platform/operation.ts'
import { moneySchema } from '../../platform/rest-schema.ts'
import { domain, institutionId, moneyOf, segmentId, segmentOf, segmentReference, referenceOf, withinOf } from './scope.ts'

const MOST_MONTHS = 36
/** Month-ends of members that are looked up at once: some ten seconds’ worth. */
const MOST_LOOKED_UP = 3_000_000

export const segmentTrend = operation({
  kind: 'query',
  name: 'segmentTrend',
  summary: 'Size and assets of a segment by month',
  description:
    'At the end of each of the last months and now: how many customers within your scope were in the segment, and what those owned of whom the facts of that month-end are kept.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentId,
    months: z.int().min(1).max(MOST_MONTHS).default(12).meta({ description: 'Month-ends that are over.' }),
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
              customers: z.int().meta({ description: 'Customers in the segment on that day.' }),
              withFacts: z.int().meta({ description: 'Those of them whose facts of that day are kept.' }),
              aum: moneySchema.nullable().meta({ description: 'What these owned; null where the facts of nobody are kept.' }),
              averageAum: moneySchema.nullable().meta({ description: 'What each of these owned on average.' }),
            })
            .meta({ id: 'TrendPoint', description: 'A segment at one month-end.' }),
        )
        .meta({ description: 'In the order of time.' }),
    })
    .meta({ id: 'SegmentTrend', description: 'A segment over the months.' }),
  errors: ['not_found', 'unknown_reference', 'query_too_complex'],
  async run(context, { segmentId: wanted, months, institutionId: institution }) {
    const { db, today } = context
    const segment = await segmentOf(context, wanted)
    const within = await withinOf(context, institution)
    const most = Math.floor(MOST_LOOKED_UP / months)
    if (await hasMoreStays(db, segment.id, most, within))
      throw refuseField(
        'query_too_complex',
        'months',
        'too_many',
        `Over ${months} months at most ${most} members can be followed: ask for fewer months or for an institution.`,
      )
    const money = moneyOf(context)
    const rows = await trendOf(db, segment, { monthEnds: monthEndsUpTo(addDays(today, -1), months), today, within })
    return {
      segment: referenceOf(segment),
      points: rows.map(({ day, customers, withFacts, aum }) => {
        const each = average(aum, withFacts)
        return {
          on: day,
          customers,
          withFacts,
          aum: withFacts === 0 && day !== today ? null : money(aum),
          averageAum: each === null ? null : money(each),
        }
      }),
    }
  },
})
