import { keyDateCalendars, keyDateKinds, keyDateRecurrences, keyDateStatuses } from '../../../core/dossier/key-dates.ts'
import * as schema from '../schema/key-dates.ts'
import { column, one, view } from '../../platform/views/view.ts'

const customerId = column('uuid', 'The customer it belongs to.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})
const kind = column('text', 'Kind of key date.', { values: keyDateKinds })
const name = column('text', 'Name of a custom date.', { nullable: true })
const calendar = column('text', 'Calendar of month and day.', { values: keyDateCalendars })

const keyDate = view('KeyDate', 'A date that matters to a customer, yearly or once.', schema.keyDate, {
  id: column('uuid', 'ID of the key date.'),
  customerId,
  kind,
  name,
  calendar,
  month: column('integer', 'Month in that calendar, 1 to 12.'),
  day: column('integer', 'Day of the month.'),
  leapMonth: column('boolean', 'Whether it is in the leap month after that lunar month.'),
  year: column('integer', 'First year, in that calendar; a lunar year has the number of the Gregorian year in which it begins.', {
    nullable: true,
  }),
  recurrence: column('text', 'Whether it recurs.', { values: keyDateRecurrences }),
  note: column('text', 'Note.', { nullable: true }),
  status: column('text', 'Whether it is active.', { values: keyDateStatuses }),
  nextOn: column(
    'day',
    'The next date on which it falls. A date that has just passed is updated shortly after midnight: until then followingOn is the next one.',
    {
      nullable: true,
    },
  ),
  followingOn: column('day', 'The date on which it falls after that.', { nullable: true }),
  source: column('text', 'The source system.'),
  createdAt: column('instant', 'When it was recorded.'),
  updatedAt: column('instant', 'When it last changed.'),
  version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
  customer: toCustomer,
})

const upcomingKeyDate = view(
  'UpcomingKeyDate',
  'A key date in the next days: recorded as such, or the birth date or founding day of the profile.',
  schema.keyDate,
  {
    day: column('day', 'The date on which it falls.', { expression: (row) => `${row}.on_day` }),
    kind,
    name,
    calendar,
    years: column('integer', 'Number of years on that day, in that calendar; null if the first year is unknown.', {
      nullable: true,
      expression: (row) => `${row}.years`,
    }),
    keyDateId: column('uuid', 'ID of the key date; null for a date of the profile.', {
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
