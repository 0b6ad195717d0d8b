import { orderBy } from '../../../db/platform/views/conditions.ts'
import { z } from 'zod'
import {
  cohortPeriods,
  cohortsOf,
  MAX_COHORTS,
  MAX_PERIODS,
  periodsAfter,
  periodsBetween,
  startOfPeriod,
} from '../../../core/segmentation/analyses/cohorts.ts'
import { addDays } from '../../../core/kernel/calendar.ts'
import { refuseField } from '../../../core/kernel/errors.ts'
import { cohortOutcomes, inCohort, readCohortChanges } from '../../../db/segmentation/analyses/cohorts.ts'
import { viewNamed } from '../../../db/views.ts'
import { operation, pageOperation } from '../../platform/operation.ts'
import { pageInput } from '../../platform/pages.ts'
import { answerPage } from '../../platform/reading.ts'
import { daySchema, id } from '../../platform/scalars.ts'
import { domain, drillDownSchema, institutionId, segmentOf, withinOf } from './scope.ts'

const customerView = viewNamed('Customer')

const percent = (description: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${description} In percent; null if there were no customers.` })

export const cohortRetention = operation({
  kind: 'query',
  name: 'cohortRetention',
  summary: 'Retention of customers by cohort',
  description:
    'Customers in your scope by the month or quarter in which they became customers, or first entered a segment, and how many of them are still customers, or members, at the end of each following period. Unfinished periods are excluded. Closed customers without a closing day are in no cohort. `cohortCustomers` lists the customers of a cell.',
  permission: 'fact:read',
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentId: id
      .optional()
      .meta({ description: 'Cohorts by first entry into this segment; by default by first day as a customer.' }),
    period: z.enum(cohortPeriods).default('month').meta({ description: 'Months or quarters.' }),
    from: daySchema.meta({ description: 'A day in the first cohort.', examples: ['2025-01-01'] }),
    to: daySchema.optional().meta({ description: 'A day in the last cohort; today by default.' }),
    periods: z
      .int()
      .min(1)
      .max(MAX_PERIODS - 1)
      .default(12)
      .meta({ description: 'Number of following periods.' }),
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
              size: z.int().meta({ description: 'Customers who arrived in it.' }),
              reconstructed: z.boolean().meta({
                description:
                  'Whether memberships of the segment were computed later from month-ends: they start and end on such days.',
              }),
              drillDown: drillDownSchema.nullable().meta({
                description:
                  'A rule that selects the members of the cohort who are still customers; null for cohorts of a segment.',
              }),
              cells: z
                .array(
                  z
                    .object({
                      after: z.int().meta({ description: 'Number of periods after the cohort’s own period, which is 0.' }),
                      on: z.iso.date().meta({ description: 'The last day of that period.' }),
                      retained: z.int().meta({ description: 'Customers retained on that day.' }),
                      retention: percent('Retained as a share of the size of the cohort.'),
                      churned: z.int().meta({
                        description: 'Decrease since the end of the previous period; negative if more returned than left.',
                      }),
                      churn: percent('Decrease as a share of those retained then.'),
                    })
                    .meta({ id: 'CohortCell', description: 'Retention of a cohort after a number of periods.' }),
                )
                .meta({ description: 'For each finished period.' }),
            })
            .meta({ id: 'Cohort', description: 'Customers who arrived in the same period.' }),
        )
        .meta({ description: 'All cohorts in time order, including empty ones.' }),
    })
    .meta({ id: 'CohortRetention', description: 'Retention of customers by cohort.' }),
  errors: ['not_found', 'unknown_reference'],
  async run(context, { segmentId, period, from, to, periods, institutionId: institution }) {
    const { db, today } = context
    const last = to ?? today
    if (last > today) throw refuseField('invalid_input', 'to', 'future', 'The last cohort must not be in the future.')
    if (from > last) throw refuseField('invalid_input', 'from', 'reversed', 'The first cohort must not be after the last.')
    const cohorts = periodsBetween(from, last, period)
    if (cohorts > MAX_COHORTS)
      throw refuseField('invalid_input', 'from', 'too_many', `At most ${MAX_COHORTS} cohorts are allowed: these are ${cohorts}.`)
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
        drillDown: segmentId === undefined ? { fact: 'customerSince', between: [cohort.from, cohort.to] } : null,
      })),
    }
  },
})

export const cohortCustomers = pageOperation(customerView, {
  kind: 'query',
  name: 'cohortCustomers',
  summary: 'Customers of a cohort who were retained or lost',
  description:
    'For the parameters of `cohortRetention`, a day of the cohort and a number of periods: customers retained at the end of that period, or those lost, by ID. Only customers in your current scope are listed.',
  permission: 'customer:read',
  alsoNeeds: () => ['customer:read', 'fact:read'],
  domain,
  lane: 'pool',
  input: z.strictObject({
    segmentId: id
      .optional()
      .meta({ description: 'The cohort of those who first entered this segment; of new customers by default.' }),
    period: z.enum(cohortPeriods).default('month').meta({ description: 'Month or quarter.' }),
    from: daySchema.meta({ description: 'A day in the cohort.', examples: ['2026-01-01'] }),
    periodsAfter: z
      .int()
      .min(0)
      .max(MAX_PERIODS - 1)
      .default(0)
      .meta({ description: 'Number of periods after the cohort’s own period, which is 0.' }),
    outcome: z.enum(cohortOutcomes).default('retained').meta({ description: 'Retained or lost customers.' }),
    institutionId,
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'not_found', 'unknown_reference'],
  async run(
    context,
    { segmentId, period, from, periodsAfter: later, outcome, institutionId: institution, limit, cursor, includeTotal },
  ) {
    if (from > context.today) throw refuseField('invalid_input', 'from', 'future', 'The cohort must not be in the future.')
    const start = startOfPeriod(from, period)
    const on = addDays(periodsAfter(start, later + 1, period), -1)
    if (on >= context.today) throw refuseField('invalid_input', 'periodsAfter', 'future', 'The period must have ended.')
    if (segmentId !== undefined) await segmentOf(context, segmentId)
    const within = await withinOf(context, institution)
    const asked = { from: start, to: addDays(periodsAfter(start, 1, period), -1), period, within, on, outcome }
    return answerPage(context, customerView, {
      limit,
      cursor,
      includeTotal,
      order: orderBy('id', 'asc', [['id', 'uuid']]),
      where: (row, bind) => [inCohort(row, segmentId, asked, bind)],
    })
  },
})
