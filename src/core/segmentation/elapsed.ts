import { addDays, type Day, daysBetween } from '../kernel/calendar.ts'
import type { Elapsed } from './fact-types.ts'

/** The value on a day of what follows from a stored one; null where that one is missing or, for days until then, gone by. */
export function elapsedOn(day: Day | null, today: Day, elapsed: Elapsed): number | null {
  if (day === null) return null
  switch (elapsed) {
    case 'years':
      return Math.trunc((Number(today.replaceAll('-', '')) - Number(day.replaceAll('-', ''))) / 10_000)
    case 'months': {
      const months = (of: Day): number => Number(of.slice(0, 4)) * 12 + Number(of.slice(5, 7))
      return months(today) - months(day) - (today.slice(8) < day.slice(8) ? 1 : 0)
    }
    case 'days':
      return daysBetween(day, today)
    case 'days_until':
      return day < today ? null : daysBetween(today, day)
  }
}

const firstDay: Day = '1800-01-01'

const lastDay: Day = '9999-12-31'

/** The latest day since which at least so much has gone by; null where there is none. */
export function latestDaySince(count: number, today: Day, elapsed: Exclude<Elapsed, 'days_until'>): Day | null {
  const isSuch = (day: Day): boolean => elapsedOn(day, today, elapsed)! >= count
  if (!isSuch(firstDay)) return null
  if (isSuch(lastDay)) return lastDay
  // The later the day, the less has gone by.
  let [such, other] = [0, daysBetween(firstDay, lastDay)]
  while (other - such > 1) {
    const middle = Math.floor((such + other) / 2)
    if (isSuch(addDays(firstDay, middle))) such = middle
    else other = middle
  }
  return addDays(firstDay, such)
}
