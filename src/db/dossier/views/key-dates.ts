import { keyDateCalendars, keyDateKinds, keyDateRecurrences, keyDateStatuses } from '../../../core/dossier/key-dates.ts'
import * as schema from '../schema/key-dates.ts'
import { column, one, view } from '../../platform/views/view.ts'

const customerId = column('uuid', 'The customer it belongs to.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})
const kind = column('text', 'What the day is.', { values: keyDateKinds })
const name = column('text', 'What a custom date is called.', { nullable: true })
const calendar = column('text', 'Calendar that month and day are of.', { values: keyDateCalendars })

const keyDate = view('KeyDate', 'A day that matters to a customer, every year or once.', schema.keyDate, {
  id: column('uuid', 'Id of the key date.'),
  customerId,
  kind,
  name,
  calendar,
  month: column('integer', 'Month of that calendar, 1 to 12.'),
  day: column('integer', 'Day of the month.'),
  leapMonth: column('boolean', 'Whether it lies in the leap month behind that lunar month.'),
  year: column(
    'integer',
    'First year, of that calendar; a lunar year bears the number of the Gregorian one in which it begins.',
    {
      nullable: true,
    },
  ),
  recurrence: column('text', 'Whether it comes back.', { values: keyDateRecurrences }),
  note: column('text', 'What to bear in mind.', { nullable: true }),
  status: column('text', 'Whether it holds.', { values: keyDateStatuses }),
  nextOn: column(
    'day',
    'The next day on which it falls. One that has just passed moves on shortly after midnight: until then followingOn is the next.',
    {
      nullable: true,
    },
  ),
  followingOn: column('day', 'The day on which it falls after that.', { nullable: true }),
  source: column('text', 'The system that sent it.'),
  createdAt: column('instant', 'When it was taken down.'),
  updatedAt: column('instant', 'When it last changed.'),
  version: column('integer', 'Counts changes; named by If-Match and expectedVersion.'),
  customer: toCustomer,
})

const upcomingKeyDate = view(
  'UpcomingKeyDate',
  'A key date that falls on one of the next days: taken down as such, or the birth date or founding day of the profile.',
  schema.keyDate,
  {
    day: column('day', 'The day on which it falls.', { expression: (row) => `${row}.on_day` }),
    kind,
    name,
    calendar,
    years: column('integer', 'How many years it is on that day, by that calendar; null where the first year is not known.', {
      nullable: true,
      expression: (row) => `${row}.years`,
    }),
    keyDateId: column('uuid', 'Id of the key date; null for a date of the profile.', {
      nullable: true,
      expression: (row) => `nullif(${row}.id, ${row}.customer_id)`,
    }),
    customerId,
    customer: one('Customer', 'The customer.', {
      permission: 'customer:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
  },
)

export const keyDateViews = [keyDate, upcomingKeyDate]
