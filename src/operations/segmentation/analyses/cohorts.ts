import { z } from 'zod'
import {
  cohortPeriods,
  cohortsOf,
  MOST_COHORTS,
  MOST_PERIODS,
  periodsAfter,
  periodsBetween,
  startOfPeriod,
} from '../../../core/segmentation/analyses/cohorts.ts'
import { addDays } from '../../../core/kernel/calendar.ts'
import { refuseField } from '../../../core/kernel/errors.ts'
import { cohortStandings, inCohort, readCohortChanges } from '../../../db/segmentation/analyses/cohorts.ts'
import { viewNamed } from '../../../db/views.ts'
import { operation, pageOperation } from '../../platform/operation.ts'
import { pageInput } from '../../platform/pages.ts'
import { answerPage, orderBy } from '../../platform/reading.ts'
import { daySchema, id } from '../../platform/scalars.ts'
import { domain, drillSchema, institutionId, segmentOf, withinOf } from './scope.ts'

const customerView = viewNamed('Customer')

const percent = (description: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${description} In percent; null where it was nobody.` })

export const cohortRetention = operation({
  kind: 'query',
  name: 'cohortRetention',
  summary: 'How many of those who came together are left',
  description:
    'Customers within your scope by the month or quarter in which they became customers, or first entered a segment, and how many of them are customers, or in the segment, at the end of each period after. Periods that are not over are left out. Who is closed without a day of it is in no cohort. `cohortCustomers` lists those of a cell.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentId: id
      .optional()
      .meta({ description: 'By when they first entered this segment; by their first day as customers where it is missing.' }),
    period: z.enum(cohortPeriods).default('month').meta({ description: 'Months or quarters.' }),
    from: daySchema.meta({ description: 'A day of the first cohort.', examples: ['2025-01-01'] }),
    to: daySchema.optional().meta({ description: 'A day of the last cohort; today where it is missing.' }),
    periods: z
      .int()
      .min(1)
      .max(MOST_PERIODS - 1)
      .default(12)
      .meta({ description: 'Periods after their own that cohorts are followed for.' }),
    institutionId,
  }),
  output: z
    .object({
      period: z.enum(cohortPeriods).meta({ description: 'Months or quarters.' }),
      cohorts: z
        .array(
          z
            .object({
              from: z.iso.date().meta({ description: 'First day of the period.' }),
              to: z.iso.date().meta({ description: 'Last day of the period.' }),
              size: z.int().meta({ description: 'Customers who came in it.' }),
              drill: drillSchema.nullable().meta({
                description: 'A rule that selects those of the cohort who are customers still; null for cohorts of a segment.',
              }),
              cells: z
                .array(
                  z
                    .object({
                      after: z.int().meta({ description: 'Periods after the cohort’s own, which is 0.' }),
                      on: z.iso.date().meta({ description: 'The last day of that period.' }),
                      retained: z.int().meta({ description: 'Those who are left on that day.' }),
                      retention: percent('They, of the size of the cohort.'),
                      churned: z.int().meta({
                        description: 'Fewer than at the end of the period before; negative where more came back than left.',
                      }),
                      churn: percent('The same, of those who were left then.'),
                    })
                    .meta({ id: 'CohortCell', description: 'What is left of a cohort after some periods.' }),
                )
                .meta({ description: 'For each period that is over.' }),
            })
            .meta({ id: 'Cohort', description: 'Customers who came in the same period.' }),
        )
        .meta({ description: 'All cohorts in the order of time, those of nobody too.' }),
    })
    .meta({ id: 'CohortRetention', description: 'How many of those who came together are left.' }),
  errors: ['not_found', 'unknown_reference'],
  async run(context, { segmentId, period, from, to, periods, institutionId: institution }) {
    const { db, today } = context
    const last = to ?? today
    if (last > today) throw refuseField('invalid_input', 'to', 'future', 'A cohort that is to come has nobody.')
    if (from > last) throw refuseField('invalid_input', 'from', 'reversed', 'The first cohort lies before the last.')
    const cohorts = periodsBetween(from, last, period)
    if (cohorts > MOST_COHORTS)
      throw refuseField('invalid_input', 'from', 'too_many', `At most ${MOST_COHORTS} cohorts at once: these are ${cohorts}.`)
    if (segmentId !== undefined) await segmentOf(context, segmentId)
    const start = startOfPeriod(from, period)
    const asked = {
      from: start,
      to: addDays(periodsAfter(start, cohorts, period), -1),
      period,
      within: await withinOf(context, institution),
    }
    const changes = await readCohortChanges(db, segmentId, asked)
    return {
      period,
      cohorts: cohortsOf(changes, { from: start, cohorts, periods, period, today }).map((cohort) => ({
        ...cohort,
        cells: [...cohort.cells],
        drill: segmentId === undefined ? { fact: 'customerSince', between: [cohort.from, cohort.to] } : null,
      })),
    }
  },
})

export const cohortCustomers = pageOperation(customerView, {
  kind: 'query',
  name: 'cohortCustomers',
  summary: 'Who of a cohort is left, or is not',
  description:
    'By the question of `cohortRetention`, a day of the cohort and how many periods after: those who are left at the end of that period, or those who are not, by their ids. Only customers whom you see now are listed.',
  permission: 'customer:read',
  alsoNeeds: () => ['customer:read', 'fact:read'],
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentId: id
      .optional()
      .meta({ description: 'The cohort of those who first entered this segment; of new customers where it is missing.' }),
    period: z.enum(cohortPeriods).default('month').meta({ description: 'A month or a quarter.' }),
    from: daySchema.meta({ description: 'A day of the cohort.', examples: ['2026-01-01'] }),
    periodsAfter: z
      .int()
      .min(0)
      .max(MOST_PERIODS - 1)
      .default(0)
      .meta({ description: 'Periods after the cohort’s own, which is 0.' }),
    standing: z.enum(cohortStandings).default('retained').meta({ description: 'Those who are left, or those who are not.' }),
    institutionId,
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found', 'unknown_reference'],
  async run(
    context,
    { segmentId, period, from, periodsAfter: later, standing, institutionId: institution, limit, cursor, includeTotal },
  ) {
    const start = startOfPeriod(from, period)
    const on = addDays(periodsAfter(start, later + 1, period), -1)
    if (on >= context.today) throw refuseField('invalid_input', 'periodsAfter', 'future', 'That period is not over.')
    if (segmentId !== undefined) await segmentOf(context, segmentId)
    const within = await withinOf(context, institution)
    const asked = { from: start, to: addDays(periodsAfter(start, 1, period), -1), period, within, on, standing }
    return answerPage(context, customerView, {
      limit,
      cursor,
      includeTotal,
      order: orderBy('id', 'asc', [['id', 'uuid']]),
      where: (row, bind) => [inCohort(row, segmentId, asked, bind)],
    })
  },
})
