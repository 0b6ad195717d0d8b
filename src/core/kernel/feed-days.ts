import { addDays, type Day } from './calendar.ts'
import { type FeedRefusal, refusal } from './feed.ts'

const firstDay: Day = '1900-01-01'

/** Why a balance cannot stand on this day, if it cannot. Time zones and days that begin at the evening's closing make tomorrow's possible. */
export function refusedDay(day: Day, field: string, today: Day): FeedRefusal | undefined {
  if (day < firstDay) return refusal(field, 'outside_period', 'The day must not be before 1900.')
  if (day > today && day > addDays(today, 1)) return refusal(field, 'outside_period', 'The day must not be after tomorrow.')
  return undefined
}

/** Why money cannot have moved on this day, if it cannot: the bounds are those of balances. */
export function refusedFlowDay(day: Day, field: string, today: Day): FeedRefusal | undefined {
  return refusedDay(day, field, today) && refusal(field, 'outside_period', 'Must not be before 1900 or after tomorrow.')
}

/** Why the first of these fields that names a day to come cannot, if one does. Only what the row says counts: what is stored may be older than the rule. */
export function refusedFutureDay<F extends string>(
  row: { readonly [field in F]?: Day | undefined },
  fields: readonly F[],
  today: Day,
): FeedRefusal | undefined {
  const field = fields.find((one) => {
    const day = row[one]
    return day !== undefined && day > today && day > addDays(today, 1)
  })
  return field && refusal(field, 'outside_period', 'Must not be after tomorrow.')
}
