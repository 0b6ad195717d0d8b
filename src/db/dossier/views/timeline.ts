import { timelineKindNames, timelinePermissions } from '../../../core/dossier/timeline.ts'
import { readableKinds, timelineOf, timelineOrder } from '../timeline.ts'
import { column, derivedView, many, one, page, type RowSource } from '../../platform/views/view.ts'

const timelineEntry = derivedView(
  'TimelineEntry',
  'An event in the history of a customer. Events that you may not read are omitted.',
  timelinePermissions,
  {
    at: column(
      'instant',
      'When it happened; an event with only a known day is at the start of that day in the bank’s time zone.',
    ),
    happenedOn: column('day', 'The day on which it happened, in the bank’s time zone.'),
    kind: column('text', 'Kind of event.', { values: timelineKindNames }),
    event: column('text', 'What happened, as subject and action, for example `holding.opened`. New ones may be added.'),
    customerId: column('uuid', 'The customer concerned.'),
    subjectType: column('text', 'Type of the record that the event is about.'),
    subjectId: column('uuid', 'ID of that record.'),
    label: column(
      'text',
      'Short label: the product, purpose, business line, rating or news; for dossier changes, the changed fields.',
      { nullable: true },
    ),
    amount: {
      kind: 'money',
      nullable: true,
      description: 'The amount, if any.',
      amount: (alias) => `${alias}.amount`,
      currency: (alias) => `${alias}.currency`,
    },
    source: column('text', 'The source system or channel.', { nullable: true }),
    staff: one('Staff', 'The staff member who did it, recorded it or is assigned by it.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    customer: one('Customer', 'The customer.', {
      permission: 'customer:read',
      on: (parent, child) => `${child}.id = ${parent}.customer_id`,
    }),
  },
)

export const timelineViews = [timelineEntry]

const from = ({ parent, bind, settings, permits, limit, after }: RowSource): string =>
  timelineOf({ customerId: `${parent}.id`, kinds: readableKinds(permits), limit, after }, bind, settings)

/** The timeline of a customer as a connection. */
export const timeline = page('TimelineEntry', 'Events in the history of the customer, newest first.', {
  permission: 'customer:read',
  from,
  on: () => 'true',
  keys: timelineOrder.keys,
  direction: 'desc',
})

/** The latest entries as a plain list. */
export const recentTimeline = many('TimelineEntry', 'The twenty newest events of the timeline, newest first.', {
  permission: 'customer:read',
  inRest: 'single',
  from,
  on: () => 'true',
  orderBy: (child) =>
    timelineOrder
      .keys(child)
      .map(({ expression }) => `${expression} desc`)
      .join(', '),
  limit: 20,
})
