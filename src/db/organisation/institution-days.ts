import { addDays, type Day, dayOf } from '../../core/kernel/calendar.ts'
import type { FeedRefusal } from '../../core/kernel/feed.ts'
import type { Db } from '../platform/database.ts'
import { listTimeZones } from './institutions.ts'
import { refusedDay } from '../feeds/balance-points.ts'
import { refusal } from '../platform/feed-batch.ts'

/** The day it is where a customer is kept: an assignment begins and ends at that institution's midnight, wherever its row comes from. */
export async function todayByInstitution(db: Db, now: Date, bankTimeZone: string): Promise<(institutionPath: string) => Day> {
  const zones = await listTimeZones(db, bankTimeZone)
  const days = new Map(zones.flatMap(({ timeZone, paths }) => paths.map((path) => [path, dayOf(now, timeZone)] as const)))
  return (institutionPath) => days.get(institutionPath) ?? dayOf(now, bankTimeZone)
}

/** Why money cannot have moved on this day, if it cannot: the bounds are those of balances. */
export function refusedFlowDay(day: Day, field: string, today: Day): FeedRefusal | undefined {
  return refusedDay(day, field, today) && refusal(field, 'outside_period', 'This lies before 1900 or after tomorrow.')
}

/** Why the first of these fields that names a day to come cannot, if one does. Only what the row says counts: what is stored may be older than the rule. */
export function refusedComingDay<F extends string>(
  row: { readonly [field in F]?: Day | undefined },
  fields: readonly F[],
  today: Day,
): FeedRefusal | undefined {
  const field = fields.find((one) => {
    const day = row[one]
    return day !== undefined && day > today && day > addDays(today, 1)
  })
  return field && refusal(field, 'outside_period', 'This lies after tomorrow.')
}
