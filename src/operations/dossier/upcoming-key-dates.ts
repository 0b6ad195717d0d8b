import { requireStaffMember, subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import { type Day, dayOf } from '../../core/kernel/calendar.ts'
import { keyDateKinds, nextOccurrences, upcomingWindow } from '../../core/dossier/key-dates.ts'
import { listPassedKeyDates, moveKeyDatesOn, upcomingFrom, upcomingOrder } from '../../db/dossier/key-dates.ts'
import { listTimeZones } from '../../db/organisation/institutions.ts'
import { viewNamed } from '../../db/views.ts'
import { operation, pageOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerPage } from '../platform/reading.ts'
import { id } from '../platform/scalars.ts'

const domain = 'Customer Relationship Management'

/** Two known days of each date answer any window up to this length, leap days included. */
const MAX_DAYS = 366

/** Beyond a month the whole bank is a long read. */
const SHORT_WINDOW = 31

export const upcomingKeyDates = pageOperation(viewNamed('UpcomingKeyDate'), {
  kind: 'query',
  name: 'upcomingKeyDates',
  summary: 'Birthdays and other key dates in the next days',
  description:
    'For prospects and customers in your scope, from the day that it is at their institution, by day: recorded key dates, and birth dates and founding days of profiles. A date of 29 February falls on the 28th in common years.',
  permission: 'dossier:read',
  domain,
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'Customers of this institution and of all below it.' }),
    relationshipManagerId: id.optional().meta({ description: 'Customers assigned to this staff member.' }),
    kinds: z.array(z.enum(keyDateKinds)).min(1).max(4).optional().meta({ description: 'Of these kinds.' }),
    days: z.int().min(1).max(MAX_DAYS).default(30).meta({ description: 'Number of days ahead.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  lane: ({ days, includeTotal }) => (includeTotal || days > SHORT_WINDOW ? 'pool' : 'fast'),
  async run(context, { institutionId, relationshipManagerId, kinds, days, ...page }) {
    const { db, scope, now, bank, bankDays, cursors } = context
    const after = page.cursor === undefined ? undefined : cursors.open(upcomingOrder.name, page.cursor)
    const filter = {
      reach: scope,
      subtree: await subtreePath(context.db, institutionId),
      relationshipManagerId,
      kinds: kinds ?? keyDateKinds,
      ...upcomingWindow(bankDays, days),
      at: { now, bankTimeZone: bank.timeZone },
    }
    const view = viewNamed('UpcomingKeyDate')
    return answerPage(context, view, {
      ...page,
      // Days before the one at which the last page ended hold nothing more.
      from: upcomingFrom({
        ...filter,
        days: filter.days.filter((one) => one.day >= (after?.[0] ?? bankDays[0]!)),
        page: { limit: page.limit, after },
      }),
      countedFrom: upcomingFrom(filter),
      order: upcomingOrder,
      where: () => [],
      planned: 'each_time',
      async orRefuse() {
        await requireStaffMember(db, 'relationshipManagerId', relationshipManagerId)
      },
    })
  },
})

/** The worker runs it again while something was left. */
const MAX_BATCH_SIZE = 5_000

export const refreshKeyDates = operation({
  kind: 'command',
  name: 'refreshKeyDates',
  summary: 'Move past key dates to their next dates',
  description: 'A date is past when its day is over everywhere in the bank.',
  permission: 'system:run',
  domain,
  input: z.strictObject({}),
  output: z.object({ refreshed: z.int() }),
  transport: 'internal',
  async run({ db, now, bank }) {
    const zones = await listTimeZones(db, bank.timeZone)
    const today = zones.map(({ timeZone }) => dayOf(now, timeZone)).reduce<Day>(earlier, dayOf(now, bank.timeZone))
    const passed = await listPassedKeyDates(db, today, MAX_BATCH_SIZE)
    if (passed.length > 0)
      await moveKeyDatesOn(
        db,
        passed.map(({ customerId, id: keyDateId, version, ...keyDate }) => ({
          customerId,
          id: keyDateId,
          version,
          next: nextOccurrences(keyDate, today),
        })),
      )
    return { refreshed: passed.length }
  },
})

const earlier = (one: Day, other: Day): Day => (other < one ? other : one)

export const upcomingKeyDateOperations = [upcomingKeyDates, refreshKeyDates]
