import { ofCustomer, orderBy } from '../../db/platform/views/conditions.ts'
import { z } from 'zod'
import { changedFields } from '../../core/kernel/changes.ts'
import { checkVersion } from '../platform/versions.ts'
import { DomainError, notFound, refuseField } from '../../core/kernel/errors.ts'
import { ownSource } from '../../core/kernel/feed.ts'
import { remark } from '../../core/kernel/scalars.ts'
import {
  keyDateCalendars,
  keyDateKinds,
  keyDateOwnerRefusal,
  keyDateRecurrences,
  keyDateRefusal,
  type NamedKeyDate,
  nextOccurrences,
} from '../../core/dossier/key-dates.ts'
import { findCustomerState, seesCustomer } from '../../db/dossier/customers.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import {
  endKeyDate as saveEnded,
  insertKeyDate,
  lockKeyDate,
  type StoredKeyDate,
  updateKeyDate,
} from '../../db/dossier/key-dates.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { expectedVersion, id, sourceName } from '../platform/scalars.ts'

const keyDateView = viewNamed('KeyDate')

const domain = 'Customer Relationship Management'

export const keyDates = pageOperation(keyDateView, {
  kind: 'query',
  name: 'keyDates',
  summary: 'Key dates of a customer',
  description: 'Recorded dates, in the order in which they were recorded. Birth date and founding day are in the profile.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id, ...pageInput }),
  errors: ['invalid_cursor', 'not_found'],
  run: (context, { customerId, ...page }) =>
    answerPage(context, keyDateView, {
      ...page,
      order: orderBy('id', 'asc', [['id', 'uuid']]),
      where: ofCustomer(customerId),
      async orRefuse() {
        if (!(await seesCustomer(context.db, customerId))) throw notFound('customer')
      },
    }),
})

export const keyDate = viewOperation(keyDateView, {
  kind: 'query',
  name: 'keyDate',
  summary: 'One key date of a customer',
  description: 'With the next two dates on which it falls.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({ customerId: id, keyDateId: id }),
  errors: ['not_found'],
  run: (context, { customerId, keyDateId }) => answerOne(context, keyDateView, ofCustomer(customerId, keyDateId)),
})

const calendar = z.enum(keyDateCalendars).meta({ description: 'Calendar of month, day and year.' })

export const month = z.int().min(1).max(12).meta({ description: 'Month in that calendar.' })

export const day = z.int().min(1).max(31).meta({ description: 'Day of the month; a lunar one at most 30.' })

const leapMonth = z.boolean().meta({ description: 'Whether it is in the leap month after that lunar month.' })

const year = z
  .int()
  .min(1)
  .max(9999)
  .optional()
  .meta({ description: 'First year, in that calendar; a lunar year has the number of the Gregorian year in which it begins.' })

const recurrence = z.enum(keyDateRecurrences).meta({ description: 'Whether it recurs. A one-time date requires its year.' })

export const name = remark(100)
  .optional()
  .meta({ description: 'Name of a custom date.', examples: ['纪念日'] })

const note = remark(500).optional().meta({ description: 'Note.' })

/** A kind that a customer can have once only. */
function refuseSecond(error: unknown): never {
  if (brokenConstraint(error) === 'key_date_active_key')
    throw refuseField(
      'already_exists',
      'kind',
      'already_exists',
      'The customer already has a date of this kind: correct or end it.',
    )
  throw error
}

export const createKeyDate = viewOperation(keyDateView, {
  kind: 'command',
  name: 'createKeyDate',
  summary: 'Record a date that matters to a customer',
  description:
    'In the Gregorian or the lunar calendar, yearly or once. An impossible date is refused, such as a lunar 30th in a month of 29 days. A customer has one birthday, wedding day and founding day each; a recorded birthday takes precedence over the birth date of the profile, so that a lunar one is possible.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    kind: z.enum(keyDateKinds).meta({ description: 'Kind of key date.' }),
    calendar: calendar.default('gregorian'),
    month,
    day,
    leapMonth: leapMonth.default(false),
    year,
    recurrence: recurrence.default('yearly'),
    name,
    note,
    source: sourceName.optional(),
  }),
  errors: ['not_found', 'already_exists', 'conflict'],
  async run(context, { customerId, note: sent, source, ...fields }) {
    const { db, now, today, newId } = context
    const customer = await findCustomerState(db, customerId)
    if (!customer) throw notFound('customer')
    const keyDate: NamedKeyDate = { ...fields, year: fields.year ?? null, name: fields.name ?? null }
    const refusal = keyDateOwnerRefusal(keyDate.kind, customer) ?? keyDateRefusal(keyDate, today)
    if (refusal) throw refusal
    const keyDateId = newId()
    const next = nextOccurrences(keyDate, today)
    await insertKeyDate(db, {
      ...keyDate,
      customerId,
      id: keyDateId,
      note: sent ?? null,
      source: source ?? ownSource,
      next,
      now,
    }).catch(refuseSecond)
    context.record({
      event: 'key_date.created',
      subjectType: 'key_date',
      subjectId: keyDateId,
      customerId,
      changed: changedFields(undefined, { ...fields, note: sent }),
    })
    return answerOne(context, keyDateView, ofCustomer(customerId, keyDateId))
  },
})

/** The key date, held and of the version that was seen. Throws `not_found`, `version_conflict` and `already_closed`. */
async function holdKeyDate(
  { db }: Context,
  customerId: string,
  keyDateId: string,
  expected: number | undefined,
): Promise<StoredKeyDate> {
  const stored = await lockKeyDate(db, customerId, keyDateId)
  if (!stored) throw notFound('key date')
  checkVersion(expected, stored.version)
  if (stored.status === 'ended') throw new DomainError('already_closed', 'This key date has ended.')
  return stored
}

export const correctKeyDate = viewOperation(keyDateView, {
  kind: 'command',
  name: 'correctKeyDate',
  summary: 'Correct a key date',
  description: 'Changes the given fields and leaves the others. The result must be a valid date.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({
    customerId: id,
    keyDateId: id,
    calendar: calendar.optional(),
    month: month.optional(),
    day: day.optional(),
    leapMonth: leapMonth.optional(),
    year,
    recurrence: recurrence.optional(),
    name,
    note,
    expectedVersion,
  }),
  errors: ['not_found', 'already_closed'],
  concurrency: 'required',
  async run(context, { customerId, keyDateId, expectedVersion: expected, ...sent }) {
    const { db, now, today } = context
    const stored = await holdKeyDate(context, customerId, keyDateId, expected)
    const given = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined))
    const keyDate: StoredKeyDate = { ...stored, ...given }
    const refusal = keyDateRefusal(keyDate, today)
    if (refusal) throw refusal
    await updateKeyDate(db, { ...keyDate, customerId, id: keyDateId, next: nextOccurrences(keyDate, today), now })
    context.record({
      event: 'key_date.updated',
      subjectType: 'key_date',
      subjectId: keyDateId,
      customerId,
      changed: changedFields(stored, given),
    })
    return answerOne(context, keyDateView, ofCustomer(customerId, keyDateId))
  },
})

export const endKeyDate = viewOperation(keyDateView, {
  kind: 'command',
  name: 'endKeyDate',
  summary: 'End a key date',
  description: 'It stays in the dossier and no longer appears among upcoming dates.',
  permission: 'dossier:write',
  domain,
  input: z.strictObject({ customerId: id, keyDateId: id, expectedVersion }),
  errors: ['not_found', 'already_closed'],
  concurrency: 'optional',
  async run(context, { customerId, keyDateId, expectedVersion: expected }) {
    await holdKeyDate(context, customerId, keyDateId, expected)
    await saveEnded(context.db, customerId, keyDateId, context.now)
    context.record({ event: 'key_date.ended', subjectType: 'key_date', subjectId: keyDateId, customerId, changed: ['status'] })
    return answerOne(context, keyDateView, ofCustomer(customerId, keyDateId))
  },
})

export const keyDateOperations = [keyDate, keyDates, createKeyDate, correctKeyDate, endKeyDate]
