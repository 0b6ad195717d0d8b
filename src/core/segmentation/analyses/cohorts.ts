import { addDays, addMonths, type Day } from '../../kernel/calendar.ts'
import { percentage } from './profile-rates.ts'

export const cohortPeriods = ['month', 'quarter'] as const
export type CohortPeriod = (typeof cohortPeriods)[number]

export const MAX_COHORTS = 60
export const MAX_PERIODS = 60

const monthsOf: Readonly<Record<CohortPeriod, number>> = { month: 1, quarter: 3 }

/** The first day of the period that a day lies in. */
export function startOfPeriod(day: Day, period: CohortPeriod): Day {
  const month = Number(day.slice(5, 7))
  const first = month - ((month - 1) % monthsOf[period])
  return `${day.slice(0, 5)}${String(first).padStart(2, '0')}-01`
}

/** The first day of the period so many periods after one that begins on a day. */
export function periodsAfter(start: Day, count: number, period: CohortPeriod): Day {
  return addMonths(start, count * monthsOf[period])
}

/** How many periods begin from one day to another, both included. */
export function periodsBetween(from: Day, to: Day, period: CohortPeriod): number {
  const months = (day: Day): number => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1
  return (months(startOfPeriod(to, period)) - months(startOfPeriod(from, period))) / monthsOf[period] + 1
}

/** The last day of each period that can be told: those that are over today. Period 0 is the cohort’s own. */
export function measuredOn(start: Day, periods: number, period: CohortPeriod, today: Day): readonly Day[] {
  return Array.from({ length: periods + 1 }, (_, after) => addDays(periodsAfter(start, after + 1, period), -1)).filter(
    (day) => day < today,
  )
}

/** By how many a cohort grew or shrank in a period after its own, 0 being its own; or, without a period, its size. */
export interface CohortChange {
  readonly cohort: Day
  readonly after: number | null
  readonly change: number
  /** Of a size: whether stays of the cohort were computed later from month-ends. */
  readonly reconstructed: boolean
}

export interface CohortCell {
  readonly after: number
  readonly on: Day
  readonly retained: number
  /** Percentage of the cohort’s size; null where it is nobody. */
  readonly retention: number | null
  /** Fewer than at the end of the period before; negative where more came back than left. */
  readonly churned: number
  /** The same as a percentage of those who were left then. */
  readonly churn: number | null
}

export interface Cohort {
  readonly from: Day
  readonly to: Day
  readonly size: number
  readonly reconstructed: boolean
  readonly cells: readonly CohortCell[]
}

interface Plan {
  readonly from: Day
  readonly cohorts: number
  readonly periods: number
  readonly period: CohortPeriod
  readonly today: Day
}

/** Cohorts in the order of time, those of nobody too, with who is left at the end of each period that is over. */
export function cohortsOf(changes: readonly CohortChange[], { from, cohorts, periods, period, today }: Plan): readonly Cohort[] {
  const byCohort = Map.groupBy(changes, ({ cohort }) => cohort)
  return Array.from({ length: cohorts }, (_, index) => {
    const start = periodsAfter(from, index, period)
    const own = byCohort.get(start) ?? []
    const sum = (of: (one: CohortChange) => boolean): number => own.filter(of).reduce((total, { change }) => total + change, 0)
    const size = sum(({ after }) => after === null)
    const retainedAt = (period: number): number => sum(({ after }) => after !== null && after <= period)
    const cells = measuredOn(start, periods, period, today).map((on, after): CohortCell => {
      const retained = retainedAt(after)
      const before = after === 0 ? size : retainedAt(after - 1)
      const churned = before - retained
      return { after, on, retained, retention: percentage(retained, size), churned, churn: percentage(churned, before) }
    })
    const reconstructed = own.some((one) => one.reconstructed)
    return { from: start, to: addDays(periodsAfter(start, 1, period), -1), size, reconstructed, cells }
  })
}
