import { withinReach } from '../../dossier/reach.ts'
import type { CohortChange, CohortPeriod } from '../../../core/segmentation/analyses/cohorts.ts'
import type { Day } from '../../../core/kernel/calendar.ts'
import type { Db } from '../../platform/database.ts'
import { inSubtree } from '../../platform/views/keys.ts'
import type { Bind } from '../../platform/views/view.ts'
import { ownedRows, type Within } from '../facts/population.ts'

interface Asked {
  /** The cohorts of those whose first days lie from one day to another, both included. */
  readonly from: Day
  readonly to: Day
  readonly period: CohortPeriod
  readonly within: Within
}

const monthsOf: Readonly<Record<CohortPeriod, number>> = { month: 1, quarter: 3 }

/** Sizes and changes of cohorts, from stays `(customer_id, first_on, began_on, ended_on, reconstructed)`. */
function changesOf(stays: string, period: CohortPeriod): string {
  const cohort = `date_trunc('${period}', first_on)::date`
  const place = (day: string): string =>
    `(extract(year from ${day})::int * 12 + extract(month from ${day})::int - 1) / ${monthsOf[period]}`
  const after = (day: string): string => `${place(day)} - ${place('first_on')}`
  return `with stay as materialized (${stays})
    select ${cohort} as cohort, null::int as after, count(distinct customer_id)::int as change, bool_or(reconstructed) as reconstructed from stay group by 1
    union all select ${cohort}, ${after('began_on')}, count(*)::int, false from stay group by 1, 2
    union all select ${cohort}, ${after('ended_on')}, -count(*)::int, false from stay where ended_on is not null group by 1, 2`
}

/** Stays of customers from their first day as one; they end with the record. Who is closed without a day of it is left out: nobody knows when they went. */
function customerStays({ from, to, within }: Asked, bind: Bind): string {
  const where = [
    `(c.status = 'active' or (c.status = 'closed' and c.closed_on is not null))`,
    `coalesce(c.customer_since, date '0001-01-01') >= ${bind(from)}::date`,
    `coalesce(c.customer_since, date '0001-01-01') <= ${bind(to)}::date`,
    ...withinReach(within.reach, 'c', bind),
    ...(within.subtree === undefined ? [] : [inSubtree('c.institution_path', within.subtree, bind)]),
  ]
  return `select c.id as customer_id, c.customer_since as first_on, c.customer_since as began_on, case when c.status = 'closed' then greatest(c.closed_on, c.customer_since) end as ended_on, false as reconstructed
      from customer c where ${where.join(' and ')}`
}

/** All stays in a segment of those who first entered it in time. */
function memberStays(segmentId: string, { from, to, within }: Asked, bind: Bind): string {
  const rows = ownedRows('segment_membership', 'm', within, bind)
  return `select * from (
        select m.customer_id, min(m.entered_on) over (partition by m.customer_id) as first_on, m.entered_on as began_on, m.left_on as ended_on, m.reconstructed
        from ${rows.from} where ${[`m.segment_id = ${bind(segmentId)}::uuid`, ...rows.where].join(' and ')}
      ) m where first_on >= ${bind(from)}::date and first_on <= ${bind(to)}::date`
}

const staysOf = (segmentId: string | undefined, asked: Asked, bind: Bind): string =>
  segmentId === undefined ? customerStays(asked, bind) : memberStays(segmentId, asked, bind)

/** Cohorts of customers by their first day as one, or by the day on which they first entered a segment, with all their stays in it. */
export async function readCohortChanges(db: Db, segmentId: string | undefined, asked: Asked): Promise<readonly CohortChange[]> {
  const values: unknown[] = []
  const stays = staysOf(segmentId, asked, (value) => `$${values.push(value)}`)
  return db.rows({ text: changesOf(stays, asked.period), values, prepared: false })
}

export const cohortOutcomes = ['retained', 'lost'] as const
export type CohortOutcome = (typeof cohortOutcomes)[number]

/** The condition that a row of `customer` came with the cohorts, and is left at the end of a day or is not. */
export function inCohort(
  row: string,
  segmentId: string | undefined,
  { on, outcome, ...asked }: Asked & { readonly on: Day; readonly outcome: CohortOutcome },
  bind: Bind,
): string {
  const lasts = `began_on <= ${bind(on)}::date and (ended_on is null or ended_on > ${bind(on)}::date)`
  return `${row}.id in (select customer_id from (${staysOf(segmentId, asked, bind)}) s group by customer_id having ${outcome === 'lost' ? 'not ' : ''}bool_or(${lasts}))`
}
