import { delegationStatuses } from '../../../core/organisation/delegations.ts'
import { institutionKinds, institutionStatuses, staffStatuses } from '../../../core/organisation/institutions.ts'
import { roles } from '../../../core/kernel/permissions.ts'
import { productFamilies } from '../../../core/organisation/products.ts'
import * as schema from '../schema/reference.ts'
import { column, many, one, page, view } from '../../platform/views/view.ts'

const version = column('integer', 'Counts changes; named by If-Match and expectedVersion.')

const institution = view(
  'Institution',
  'A place in the tree of the bank: head office, branch, sub-branch or outlet.',
  schema.institution,
  {
    id: column('uuid', 'Id of the institution.'),
    code: column('text', 'The bank’s own code, unique in the bank.'),
    name: column('text', 'Name.'),
    kind: column('text', 'Level in the organisation.', { values: institutionKinds }),
    status: column('text', 'Whether it is open.', { values: institutionStatuses }),
    path: column(
      'text',
      'Short ids of the institutions from the head office down to this one, such as /1/3/17/. Never changes its parts.',
    ),
    latitude: column('float', 'Degrees north.', { nullable: true }),
    longitude: column('float', 'Degrees east.', { nullable: true }),
    timeZone: column('text', 'IANA time zone; null where it is inherited from above.', { nullable: true }),
    calendar: column('text', 'Calendar of working days; null where it is inherited from above.', { nullable: true }),
    source: column('text', 'The system that sent it.'),
    externalId: column('text', 'What that system calls it.'),
    asOf: column('instant', 'When what is said here held, by the system that sent it.'),
    version,
    parent: one('Institution', 'The institution directly above.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.parent_id`,
    }),
    children: many('Institution', 'The institutions directly below.', {
      permission: 'organisation:read',
      on: (parent, child) => `${child}.parent_id = ${parent}.id`,
      orderBy: (child) => `${child}.code`,
    }),
    staff: page('Staff', 'Staff of this institution itself.', {
      permission: 'organisation:read',
      on: (parent, child) => `${child}.institution_id = ${parent}.id`,
      keys: (child) => [
        { expression: `${child}.number`, cast: 'text' },
        { expression: `${child}.id`, cast: 'uuid' },
      ],
      direction: 'asc',
    }),
    customers: page('Customer', 'Customers of this institution itself, as far as you may see them, the largest first.', {
      permission: 'customer:read',
      on: (parent, child) => `${child}.institution_path = ${parent}.path`,
      keys: (child) => [
        { expression: `${child}.aum`, cast: 'bigint' },
        { expression: `${child}.id`, cast: 'uuid' },
      ],
      direction: 'desc',
    }),
  },
)

const staff = view('Staff', 'Somebody who works for the bank.', schema.staff, {
  id: column('uuid', 'Id of the staff member.'),
  number: column('text', 'Staff number, unique in the bank; the subject of their tokens.'),
  name: column('text', 'Name.'),
  roles: column('texts', 'What they may do.', { values: roles }),
  status: column('text', 'Whether they work here.', { values: staffStatuses }),
  industries: column('texts', 'Industries served (GB/T 4754 codes).'),
  areas: column('texts', 'Areas served.'),
  productFamilies: column('texts', 'Product families that they know well.', { values: productFamilies }),
  customerCapacity: column('integer', 'Most customers they can keep.', { nullable: true }),
  dailyCapacity: column('integer', 'Most contacts a day.', { nullable: true }),
  activeFrom: column('day', 'First day of work.', { nullable: true }),
  activeUntil: column('day', 'First day on which they work here no more.', { nullable: true }),
  source: column('text', 'The system that sent it.'),
  externalId: column('text', 'What that system calls them.'),
  asOf: column('instant', 'When what is said here held, by the system that sent it.'),
  version,
  institution: one('Institution', 'Home institution.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.institution_id`,
  }),
  customers: page('Customer', 'Customers they keep, as far as you may see them, the largest first.', {
    permission: 'customer:read',
    on: (parent, child) => `${child}.relationship_manager_id = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.aum`, cast: 'bigint' },
      { expression: `${child}.id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
  delegations: many('Delegation', 'Periods in which a colleague covers them.', {
    permission: 'organisation:read',
    on: (parent, child) => `${child}.staff_id = ${parent}.id`,
    orderBy: (child) => `${child}.starts_on desc, ${child}.id`,
  }),
  covers: many('Delegation', 'Periods in which they cover a colleague.', {
    permission: 'organisation:read',
    on: (parent, child) => `${child}.deputy_id = ${parent}.id`,
    orderBy: (child) => `${child}.starts_on desc, ${child}.id`,
  }),
  assignments: page('Assignment', 'Customers they keep, kept and will keep, as far as you may see them, the latest first.', {
    permission: 'assignment:read',
    sameCustomer: false,
    on: (parent, child) => `${child}.staff_id = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.starts_on`, cast: 'date' },
      { expression: `${child}.id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
  teamMemberships: page(
    'TeamMember',
    'Maintenance teams they are, were and will be in, as far as you may see them, the latest first.',
    {
      permission: 'assignment:read',
      sameCustomer: false,
      on: (parent, child) => `${child}.staff_id = ${parent}.id`,
      keys: (child) => [
        { expression: `${child}.starts_on`, cast: 'date' },
        { expression: `${child}.id`, cast: 'uuid' },
      ],
      direction: 'desc',
    },
  ),
  recommendedHoldings: page('Holding', 'Holdings that they recommended, as far as you may see them, the newest first.', {
    permission: 'holding:read',
    sameCustomer: false,
    on: (parent, child) => `${child}.recommended_by = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.id`, cast: 'uuid' },
      { expression: `${child}.customer_id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
})

const delegation = view(
  'Delegation',
  'A period in which a colleague covers an absent relationship manager: sees and works that portfolio.',
  schema.delegation,
  {
    id: column('uuid', 'Id of the delegation.'),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it holds no more.'),
    reason: column('text', 'Why.'),
    status: column('text', 'Whether it stands.', { values: delegationStatuses }),
    revokedOn: column('day', 'Day on which it was taken back.', { nullable: true }),
    createdAt: column('instant', 'When it was made.'),
    version,
    staff: one('Staff', 'Who is away.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    deputy: one('Staff', 'Who covers.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.deputy_id`,
    }),
  },
)

const calendarDay = view('CalendarDay', 'A day on which the bank departs from the calendar of its country.', schema.calendarDay, {
  calendar: column('text', 'Which calendar.'),
  day: column('day', 'The day.'),
  kind: column('text', 'Whether the bank works.', { values: ['working', 'holiday'] }),
  name: column('text', 'What is kept that day.', { nullable: true }),
  version,
})

export const organisationViews = [institution, staff, delegation, calendarDay]
