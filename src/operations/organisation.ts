import { z } from 'zod'
import { addDays, calendarCountries, calendarKnownThrough, daysBetween, isWorkingDay } from '../core/calendar.ts'
import { delegationRefusal } from '../core/delegations.ts'
import { DomainError, notFound, refuseField } from '../core/errors.ts'
import { institutionKinds, institutionStatuses, staffStatuses } from '../core/organisation.ts'
import { roles } from '../core/permissions.ts'
import { productFamilies, productStatuses } from '../core/products.ts'
import { isCurrency } from '../core/currencies.ts'
import {
  insertDelegation,
  listCalendarOverrides,
  lockDelegation,
  lockDelegates,
  revokeDelegation as saveRevoked,
  writeCalendarDay,
} from '../db/delegations.ts'
import { raiseDirectoryVersion } from '../db/directory.ts'
import { findInstitutionPath, findPlaceInTime } from '../db/organisation.ts'
import { brokenConstraint } from '../db/failures.ts'
import { viewNamed } from '../db/views/all.ts'
import { inSubtree, type Order } from '../db/views/read.ts'
import { operation, pageOperation, viewOperation } from './operation.ts'
import { pageInput } from './pages.ts'
import { answerOne, answerPage } from './reading.ts'
import { daySchema, expectedVersion, id } from './scalars.ts'

const text = (
  name: string,
  columns: readonly string[],
  direction: 'asc' | 'desc' = 'asc',
  casts: readonly string[] = ['text', 'uuid'],
): Order => ({
  name,
  direction,
  keys: (row) => columns.map((column, index) => ({ expression: `${row}.${column}`, cast: casts[index]! })),
})

const institutionView = viewNamed('Institution')
const staffView = viewNamed('Staff')
const productView = viewNamed('Product')
const rateView = viewNamed('ExchangeRate')
const delegationView = viewNamed('Delegation')
const calendarDayView = viewNamed('CalendarDay')

export const institution = viewOperation(institutionView, {
  kind: 'query',
  name: 'institution',
  summary: 'One institution',
  description: 'Every institution of the bank can be read by everybody who works with it.',
  permission: 'organisation:read',
  domain: 'Organization Directory',
  input: z.strictObject({ institutionId: id }),
  errors: ['not_found'],
  run: (context, { institutionId }) =>
    answerOne(context, institutionView, (row, bind) => `${row}.id = ${bind(institutionId)}::uuid`),
})

export const institutions = pageOperation(institutionView, {
  kind: 'query',
  name: 'institutions',
  summary: 'Institutions by place in the tree, kind and state',
  description: 'In the order of their codes.',
  permission: 'organisation:read',
  domain: 'Organization Directory',
  input: z.strictObject({
    within: id.optional().meta({ description: 'This institution and all below it.' }),
    code: z.string().min(1).max(64).optional().meta({ description: 'The one of this code.' }),
    kind: z.array(z.enum(institutionKinds)).min(1).max(4).optional().meta({ description: 'Of these kinds.' }),
    status: z.enum(institutionStatuses).optional().meta({ description: 'In this state.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  async run(context, { within, code, kind, status, ...page }) {
    const path = within === undefined ? undefined : await pathOf(context.db, within)
    return answerPage(context, institutionView, {
      ...page,
      order: text('code', ['code', 'id']),
      where: (row, bind) => [
        ...(path ? [inSubtree(`${row}.path`, path, bind)] : []),
        ...(code ? [`${row}.code = ${bind(code)}::text`] : []),
        ...(kind ? [`${row}.kind = any (${bind(kind)}::text[])`] : []),
        ...(status ? [`${row}.status = ${bind(status)}::text`] : []),
      ],
    })
  },
})

async function pathOf(db: Parameters<typeof findInstitutionPath>[0], institutionId: string): Promise<string> {
  const path = await findInstitutionPath(db, institutionId)
  if (!path)
    throw new DomainError('unknown_reference', 'There is no such institution.', [
      { pointer: '/within', rule: 'unknown_reference', message: 'There is no such institution.' },
    ])
  return path
}

export const staffMember = viewOperation(staffView, {
  kind: 'query',
  name: 'staffMember',
  summary: 'One staff member',
  description: 'With roles, home institution and the periods in which colleagues cover them.',
  permission: 'organisation:read',
  domain: 'Employee Data Management',
  input: z.strictObject({ staffId: id }),
  errors: ['not_found'],
  run: (context, { staffId }) => answerOne(context, staffView, (row, bind) => `${row}.id = ${bind(staffId)}::uuid`),
})

export const staffMembers = pageOperation(staffView, {
  kind: 'query',
  name: 'staffMembers',
  summary: 'Staff by institution, role and state',
  description: 'In the order of their numbers.',
  permission: 'organisation:read',
  domain: 'Employee Data Management',
  input: z.strictObject({
    within: id.optional().meta({ description: 'Of this institution and all below it.' }),
    number: z.string().min(1).max(64).optional().meta({ description: 'The one of this number.' }),
    role: z.enum(roles).optional().meta({ description: 'Who hold this role.' }),
    status: z.enum(staffStatuses).optional().meta({ description: 'In this state.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  async run(context, { within, number, role, status, ...page }) {
    const path = within === undefined ? undefined : await pathOf(context.db, within)
    return answerPage(context, staffView, {
      ...page,
      order: text('number', ['number', 'id']),
      where: (row, bind) => [
        ...(path ? [inSubtree(`${row}.institution_path`, path, bind)] : []),
        ...(number ? [`${row}.number = ${bind(number)}::text`] : []),
        ...(role ? [`${bind(role)}::text = any (${row}.roles)`] : []),
        ...(status ? [`${row}.status = ${bind(status)}::text`] : []),
      ],
    })
  },
})

export const product = viewOperation(productView, {
  kind: 'query',
  name: 'product',
  summary: 'One product',
  description: 'With its terms, and the holdings of it that you may see.',
  permission: 'product:read',
  domain: 'Product Directory',
  input: z.strictObject({ productId: id }),
  errors: ['not_found'],
  run: (context, { productId }) => answerOne(context, productView, (row, bind) => `${row}.id = ${bind(productId)}::uuid`),
})

export const products = pageOperation(productView, {
  kind: 'query',
  name: 'products',
  summary: 'Products by family and state',
  description: 'In the order of their codes.',
  permission: 'product:read',
  domain: 'Product Directory',
  input: z.strictObject({
    family: z.array(z.enum(productFamilies)).min(1).max(13).optional().meta({ description: 'Of these families.' }),
    status: z.enum(productStatuses).optional().meta({ description: 'In this state.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { family, status, ...page }) =>
    answerPage(context, productView, {
      ...page,
      order: text('code', ['code', 'id']),
      where: (row, bind) => [
        ...(family ? [`${row}.family = any (${bind(family)}::text[])`] : []),
        ...(status ? [`${row}.status = ${bind(status)}::text`] : []),
      ],
    }),
})

export const exchangeRates = pageOperation(rateView, {
  kind: 'query',
  name: 'exchangeRates',
  summary: 'Exchange rates, the latest first',
  description: 'What one unit of a currency costs in the base currency, from a day on until the next one.',
  permission: 'rate:read',
  domain: 'Market Data Administration',
  input: z.strictObject({
    currency: z
      .string()
      .refine(isCurrency, { error: 'This is no ISO 4217 code.', params: { rule: 'unknown_currency' } })
      .optional()
      .meta({ description: 'Of this currency.' }),
    from: daySchema.optional().meta({ description: 'From this day on.' }),
    to: daySchema.optional().meta({ description: 'Up to this day.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { currency, from, to, ...page }) =>
    answerPage(context, rateView, {
      ...page,
      order: text('day', ['day', 'currency'], 'desc', ['date', 'text']),
      where: (row, bind) => [
        ...(currency ? [`${row}.currency = ${bind(currency)}::text`] : []),
        ...(from ? [`${row}.day >= ${bind(from)}::date`] : []),
        ...(to ? [`${row}.day <= ${bind(to)}::date`] : []),
      ],
    }),
})

export const delegatePortfolio = viewOperation(delegationView, {
  kind: 'command',
  name: 'delegatePortfolio',
  summary: 'Let a colleague cover an absent relationship manager',
  description:
    'From the first day on until the day before the last named one the deputy sees and works the portfolio. Periods of one person do not overlap; nobody covers for somebody who covers for them.',
  permission: 'delegation:write',
  domain: 'Customer Relationship Management',
  input: z.strictObject({
    staffId: id.meta({ description: 'Who is away.' }),
    deputyId: id.meta({ description: 'Who covers.' }),
    startsOn: daySchema.meta({ description: 'First day.' }),
    endsOn: daySchema.meta({ description: 'First day on which it holds no more.' }),
    reason: z
      .string()
      .trim()
      .min(3)
      .max(500)
      .meta({ description: 'Why.', examples: ['annual leave'] }),
  }),
  errors: ['not_found', 'period_overlap', 'outside_period', 'conflict', 'cycle'],
  async run(context, { staffId, deputyId, startsOn, endsOn, reason }) {
    const { db, now, today, newId } = context
    const { absent, deputy, reverse } = await lockDelegates(db, staffId, deputyId, startsOn, endsOn)
    if (!absent || !deputy) throw notFound('staff member')
    const refusal = delegationRefusal({ absent, deputy, startsOn, endsOn, today, reverse })
    if (refusal) throw refusal
    const delegationId = newId()
    await insertDelegation(db, { id: delegationId, staffId, deputyId, startsOn, endsOn, reason, now }).catch((error: unknown) => {
      if (brokenConstraint(error) === 'delegation_period_excl')
        throw new DomainError('period_overlap', 'Somebody covers for them already in part of this period.')
      throw error
    })
    await raiseDirectoryVersion(db)
    context.record({
      event: 'delegation.created',
      subjectType: 'delegation',
      subjectId: delegationId,
      changed: ['staffId', 'deputyId', 'startsOn', 'endsOn', 'reason'],
    })
    return answerOne(context, delegationView, (row, bind) => `${row}.id = ${bind(delegationId)}::uuid`)
  },
})

export const revokeDelegation = viewOperation(delegationView, {
  kind: 'command',
  name: 'revokeDelegation',
  summary: 'Take a delegation back at once',
  description: 'The deputy no longer sees the portfolio from the next request on.',
  permission: 'delegation:write',
  domain: 'Customer Relationship Management',
  input: z.strictObject({ delegationId: id, expectedVersion }),
  errors: ['not_found', 'already_closed'],
  concurrency: 'optional',
  async run(context, { delegationId, expectedVersion: expected }) {
    const { db, now } = context
    const delegation = await lockDelegation(db, delegationId)
    if (!delegation) throw notFound('delegation')
    if (expected !== undefined && expected !== delegation.version)
      throw new DomainError('version_conflict', 'It has changed since you saw it.')
    if (delegation.status === 'revoked') throw new DomainError('already_closed', 'This delegation was taken back already.')
    await saveRevoked(db, delegationId, now)
    await raiseDirectoryVersion(db)
    context.record({ event: 'delegation.revoked', subjectType: 'delegation', subjectId: delegationId, changed: ['status'] })
    return answerOne(context, delegationView, (row, bind) => `${row}.id = ${bind(delegationId)}::uuid`)
  },
})

export const calendarDays = pageOperation(calendarDayView, {
  kind: 'query',
  name: 'calendarDays',
  summary: 'Days on which the bank departs from the calendar of its country',
  description: 'Working days follow the public holidays and make-up working days of the country; these days override them.',
  permission: 'organisation:read',
  domain: 'Organization Directory',
  input: z.strictObject({
    calendar: z.string().min(1).max(32).optional().meta({ description: 'Of this calendar.' }),
    from: daySchema.optional().meta({ description: 'From this day on.' }),
    to: daySchema.optional().meta({ description: 'Up to this day.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor'],
  run: (context, { calendar, from, to, ...page }) =>
    answerPage(context, calendarDayView, {
      ...page,
      order: text('day', ['day', 'calendar'], 'asc', ['date', 'text']),
      where: (row, bind) => [
        ...(calendar ? [`${row}.calendar = ${bind(calendar)}::text`] : []),
        ...(from ? [`${row}.day >= ${bind(from)}::date`] : []),
        ...(to ? [`${row}.day <= ${bind(to)}::date`] : []),
      ],
    }),
})

export const setCalendarDay = viewOperation(calendarDayView, {
  kind: 'command',
  name: 'setCalendarDay',
  summary: 'Make a day a working day or a holiday of the bank',
  description: 'Overrides the country’s calendar for that day.',
  permission: 'calendar:write',
  domain: 'Organization Directory',
  input: z.strictObject({
    calendar: z.enum(calendarCountries).meta({ description: 'Which calendar.' }),
    day: daySchema.meta({ description: 'The day.' }),
    kind: z.enum(['working', 'holiday']).meta({ description: 'Whether the bank works.' }),
    name: z.string().trim().min(1).max(100).optional().meta({ description: 'What is kept that day.' }),
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
    return answerOne(
      context,
      calendarDayView,
      (row, bind) => `${row}.calendar = ${bind(calendar)}::text and ${row}.day = ${bind(day)}::date`,
    )
  },
})

const MOST_DAYS = 366

export const workingDays = operation({
  kind: 'query',
  name: 'workingDays',
  summary: 'Which days an institution works',
  description:
    'Monday to Friday, less the public holidays of its country, with the make-up working days that go with them, and what the bank has changed. Beyond the last day that the country has arranged, weekends alone count.',
  permission: 'organisation:read',
  domain: 'Organization Directory',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'Whose days; your own institution’s where it is missing.' }),
    from: daySchema.meta({ description: 'First day.' }),
    to: daySchema.meta({ description: 'Last day, at most a year after the first.' }),
  }),
  output: z
    .object({
      calendar: z.enum(calendarCountries).meta({ description: 'The calendar that holds there.' }),
      timeZone: z.string().meta({ description: 'The time zone that holds there.' }),
      arrangedUntil: z.iso.date().nullable().meta({ description: 'Last day for which the country’s holidays are known.' }),
      days: z
        .array(
          z
            .object({
              day: z.iso.date().meta({ description: 'The day.' }),
              working: z.boolean().meta({ description: 'Whether the bank works.' }),
              changed: z.boolean().meta({ description: 'Whether the bank departs from its country’s calendar.' }),
            })
            .meta({ id: 'WorkingDay', description: 'Whether the bank works on a day.' }),
        )
        .meta({ description: 'The days, in order.' }),
    })
    .meta({ id: 'WorkingDays', description: 'The days of a period on which an institution works.' }),
  errors: ['unknown_reference'],
  async run({ db, bank, actor }, { institutionId, from, to }) {
    if (to < from) throw refuseField('invalid_input', 'to', 'period', 'The last day must not lie before the first.')
    if (daysBetween(from, to) > MOST_DAYS)
      throw refuseField('invalid_input', 'to', 'period', `At most ${MOST_DAYS} days are answered at once.`)
    const where = institutionId ?? ('institutionId' in actor ? actor.institutionId : undefined)
    const place = where === undefined ? undefined : await findPlaceInTime(db, where)
    if (where !== undefined && !place)
      throw refuseField('unknown_reference', 'institutionId', 'unknown_reference', 'There is no such institution.')
    const country = place?.calendar ?? bank.calendar.country
    const overrides = new Map((await listCalendarOverrides(db, country, from, to)).map(({ day, kind }) => [day, kind]))
    const timeZone = place?.timeZone ?? bank.timeZone
    const calendar = { timeZone, country, overrides }
    const days = Array.from({ length: daysBetween(from, to) + 1 }, (_, index) => addDays(from, index))
    return {
      calendar: country,
      timeZone,
      arrangedUntil: calendarKnownThrough(country) ?? null,
      days: days.map((day) => ({ day, working: isWorkingDay(day, calendar), changed: overrides.has(day) })),
    }
  },
})

export const organisationOperations = [
  institution,
  institutions,
  staffMember,
  staffMembers,
  product,
  products,
  exchangeRates,
  delegatePortfolio,
  revokeDelegation,
  calendarDays,
  setCalendarDay,
  workingDays,
]
