import { textsEqual, daysEqual, all, daysWithin, orderBy } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import {
  addDays,
  calendarCountries,
  calendarKnownThrough,
  daysBetween,
  isArranged,
  isWorkingDay,
} from '../../core/kernel/calendar.ts'
import { refuseField } from '../../core/kernel/errors.ts'
import { listCalendarOverrides, writeCalendarDay } from '../../db/organisation/calendar.ts'
import { findPlaceInTime } from '../../db/organisation/institutions.ts'
import { viewNamed } from '../../db/views.ts'
import { operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { daySchema, id } from '../platform/scalars.ts'

const calendarDayView = viewNamed('CalendarDay')

export const calendarDays = pageOperation(calendarDayView, {
  kind: 'query',
  name: 'calendarDays',
  summary: 'Days on which the bank overrides the calendar of its country',
  description: 'Working days follow the public holidays and make-up working days of the country; these days override them.',
  permission: 'organisation:read',
  domain: 'Organization Directory',
  input: z.strictObject({
    calendar: z.string().min(1).max(32).optional().meta({ description: 'In this calendar.' }),
    from: daySchema.optional().meta({ description: 'From this day.' }),
    to: daySchema.optional().meta({ description: 'Until this day.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { calendar, from, to, ...page }) =>
    answerPage(context, calendarDayView, {
      ...page,
      order: orderBy('day', 'asc', [
        ['day', 'date'],
        ['calendar', 'text'],
      ]),
      where: all(textsEqual({ calendar }), daysWithin('day', { from, to })),
    }),
})

export const setCalendarDay = viewOperation(calendarDayView, {
  kind: 'command',
  name: 'setCalendarDay',
  summary: 'Set a day as a working day or a holiday of the bank',
  description: 'Overrides the country’s calendar for that day.',
  permission: 'calendar:write',
  domain: 'Organization Directory',
  input: z.strictObject({
    calendar: z.enum(calendarCountries).meta({ description: 'Country calendar.' }),
    day: daySchema.meta({ description: 'The day.' }),
    kind: z.enum(['working', 'holiday']).meta({ description: 'Whether the bank works.' }),
    name: z.string().trim().min(1).max(100).optional().meta({ description: 'Name of the holiday or working day.' }),
  }),
  errors: [],
  async run(context, { calendar, day, kind, name }) {
    await writeCalendarDay(context.db, { calendar, day, kind, name: name ?? null, now: context.now })
    context.record({
      event: 'calendar_day.set',
      subjectType: 'calendar_day',
      subjectId: `${calendar}/${day}`,
      changed: ['kind', 'name'],
    })
    return answerOne(context, calendarDayView, all(textsEqual({ calendar }), daysEqual({ day })))
  },
})

const MAX_DAYS = 366

export const workingDays = operation({
  kind: 'query',
  name: 'workingDays',
  summary: 'Working days of an institution',
  description:
    'Monday to Friday, without the public holidays of its country, plus the make-up working days announced with them and the bank’s own overrides. After the last year that the country has arranged, weekends and the holidays that need no notice count, and the days are marked.',
  permission: 'organisation:read',
  domain: 'Organization Directory',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'The institution; your own by default.' }),
    from: daySchema.meta({ description: 'First day.' }),
    to: daySchema.meta({ description: 'Last day, at most a year after the first.' }),
  }),
  output: z
    .object({
      calendar: z.enum(calendarCountries).meta({ description: 'The calendar that applies there.' }),
      timeZone: z.string().meta({ description: 'The time zone that applies there.' }),
      announcedUntil: z.iso.date().nullable().meta({ description: 'Last day for which the country’s holidays are known.' }),
      provisional: z.boolean().meta({ description: 'Whether the period has days that are not arranged yet.' }),
      days: z
        .array(
          z
            .object({
              day: z.iso.date().meta({ description: 'The day.' }),
              working: z.boolean().meta({ description: 'Whether the bank works.' }),
              overridden: z.boolean().meta({ description: 'Whether the bank overrides its country’s calendar.' }),
              arranged: z.boolean().meta({
                description: 'Whether it is settled: arranged by the country or set by the bank; otherwise provisional.',
              }),
            })
            .meta({ id: 'WorkingDay', description: 'Whether the bank works on a day.' }),
        )
        .meta({ description: 'The days, in order.' }),
    })
    .meta({ id: 'WorkingDays', description: 'The working days of an institution in a period.' }),
  errors: ['unknown_reference'],
  async run({ db, bank, actor }, { institutionId, from, to }) {
    if (to < from) throw refuseField('invalid_input', 'to', 'period', 'The last day must not be before the first.')
    if (daysBetween(from, to) > MAX_DAYS)
      throw refuseField('invalid_input', 'to', 'period', `At most ${MAX_DAYS} days can be requested at once.`)
    const where = institutionId ?? ('institutionId' in actor ? actor.institutionId : undefined)
    const place = where === undefined ? undefined : await findPlaceInTime(db, where)
    if (where !== undefined && !place)
      throw refuseField('unknown_reference', 'institutionId', 'unknown_reference', 'There is no such institution.')
    const country = place?.calendar ?? bank.country
    const overrides = new Map((await listCalendarOverrides(db, country, from, to)).map(({ day, kind }) => [day, kind]))
    const timeZone = place?.timeZone ?? bank.timeZone
    const calendar = { timeZone, country, overrides }
    const days = Array.from({ length: daysBetween(from, to) + 1 }, (_, index) => addDays(from, index))
    return {
      calendar: country,
      timeZone,
      announcedUntil: calendarKnownThrough(country) ?? null,
      provisional: days.some((day) => !isArranged(day, calendar)),
      days: days.map((day) => ({
        day,
        working: isWorkingDay(day, calendar),
        overridden: overrides.has(day),
        arranged: isArranged(day, calendar),
      })),
    }
  },
})

export const calendarOperations = [calendarDays, setCalendarDay, workingDays]
