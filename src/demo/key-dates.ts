import { type KeyDate, nextOccurrences } from '../core/dossier/key-dates.ts'
import { insert, type Loading } from './loading.ts'

const yearly = { leapMonth: false, year: null, recurrence: 'yearly' } as const

/** Each day of the year in either calendar, with the next two days on which it falls. The 29th of February is nobody's. */
function daysOfTheYear(today: string): readonly object[] {
  const every = (calendar: KeyDate['calendar'], most: number): readonly KeyDate[] =>
    Array.from({ length: 12 * most }, (_, index) => ({
      ...yearly,
      calendar,
      month: Math.floor(index / most) + 1,
      day: (index % most) + 1,
    }))
  return [...every('lunar', 30), ...every('gregorian', 28)].map((keyDate) => {
    const [next, following] = nextOccurrences(keyDate, today)
    const { calendar, month, day } = keyDate
    return { calendar, month, day, next_on: next!.on, following_on: following!.on }
  })
}

/** Writes lunar birthdays of some people, wedding days of others, and days on which they came to know the bank. */
export async function loadKeyDates(loading: Loading): Promise<void> {
  const { draws, today, now } = loading
  const unit = (purpose: string): string => draws.unit('c.n', purpose)
  await insert(
    loading,
    `insert into key_date (customer_id, id, institution_path, kind, name, calendar, month, day, leap_month, year, recurrence, status, next_on, next_years, following_on, following_years,
      source, created_at, updated_at)
    select c.id, ${draws.id('c.begun_ms', 'c.n * 4 + d.part', 'key date')}, c.path, d.kind, d.name, y.calendar, y.month, y.day, false, d.year, 'yearly', 'active',
      y.next_on, extract(year from y.next_on)::int - d.year, y.following_on, extract(year from y.following_on)::int - d.year, 'guanxi', $1, $1
    from (
      select c.*, ${unit('lunar birthday')} as lunar, ${unit('wedding')} as wedding, ${unit('met')} as met,
        1 + floor(${unit('month')} * 12)::int as month_drawn, 1 + floor(${unit('day')} * 28)::int as day_drawn
      from demo_customer c where c.kind <> 'company' and c.status <> 'closed' offset 0
    ) c
    cross join lateral (values
      (1, 'birthday', null, 'lunar', c.month_drawn, c.day_drawn, null::int, c.lunar < 0.06),
      (2, 'wedding_day', null, 'gregorian', c.month_drawn, c.day_drawn, extract(year from c.birth_date)::int + 27, c.wedding < 0.08 and c.birth_date < date '${today}' - 10600),
      (3, 'custom', '结识纪念日', 'gregorian', extract(month from c.begun)::int, least(extract(day from c.begun), 28)::int, extract(year from c.begun)::int, c.met < 0.01)
    ) d (part, kind, name, calendar, month, day, year, holds)
    join json_to_recordset($2::json) as y (calendar text, month int, day int, next_on date, following_on date) on y.calendar = d.calendar and y.month = d.month and y.day = d.day
    where d.holds`,
    [now, JSON.stringify(daysOfTheYear(today))],
  )
}
