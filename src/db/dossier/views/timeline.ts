import { timelineKindNames, timelinePermissions } from '../../../core/dossier/timeline.ts'
import { readableKinds, timelineOf, timelineOrder } from '../timeline.ts'
import { column, derivedView, many, one, page, type RowSource } from '../../platform/views/view.ts'

const timelineEntry = derivedView(
  'TimelineEntry',
  'Something that happened to a customer. What you may not read of is not among them.',
  timelinePermissions,
  {
    at: column(
      'instant',
      'When it happened; what is known by its day stands at the beginning of that day in the bank’s time zone.',
    ),
    onDay: column('day', 'The day on which it happened, in the bank’s time zone.'),
    kind: column('text', 'What it is about.', { values: timelineKindNames }),
    event: column('text', 'What happened, as kind and happening, for example `holding.opened`. New ones may be added.'),
    customerId: column('uuid', 'The customer to whom it happened.'),
    subjectType: column('text', 'The kind of thing that the entry is about, as its type is called here.'),
    subjectId: column('uuid', 'Id of that thing.'),
    label: column(
      'text',
      'What it is about in a word: the product, purpose, line of business, rating or news; of changes of the dossier the fields that were set.',
      { nullable: true },
    ),
    amount: {
      kind: 'money',
      nullable: true,
      description: 'The amount, where there is one.',
      amount: (alias) => `${alias}.amount`,
      currency: (alias) => `${alias}.currency`,
    },
    source: column('text', 'The system or the way by which the bank knows it.', { nullable: true }),
    staff: one('Staff', 'Who did it, noted it or keeps the customer by it.', {
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
export const timeline = page('TimelineEntry', 'What happened to the customer, the latest first.', {
  permission: 'customer:read',
  from,
  on: () => 'true',
  keys: timelineOrder.keys,
  direction: 'desc',
})

/** The latest entries as a plain list. */
export const recentTimeline = many('TimelineEntry', 'The twenty latest entries of the timeline, the latest first.', {
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
