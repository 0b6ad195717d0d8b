import { delegationStatuses } from '../../../core/organisation/delegations.ts'
import { institutionKinds, institutionStatuses, staffStatuses } from '../../../core/organisation/institutions.ts'
import { roles } from '../../../core/kernel/permissions.ts'
import { productFamilies } from '../../../core/organisation/products.ts'
import * as schema from '../schema/reference.ts'
import { column, many, one, page, view } from '../../platform/views/view.ts'

const version = column('integer', 'Version of the record; sent as If-Match or expectedVersion.')

const institution = view(
  'Institution',
  'An institution in the bank’s tree: head office, branch, sub-branch or outlet.',
  schema.institution,
  {
    id: column('uuid', 'ID of the institution.'),
    code: column('text', 'The bank’s own code, unique in the bank.'),
    name: column('text', 'Name.'),
    kind: column('text', 'Level in the organisation.', { values: institutionKinds }),
    status: column('text', 'Whether it is open.', { values: institutionStatuses }),
    path: column(
      'text',
      'Short IDs of the institutions from the head office down to this one, such as /1/3/17/. The parts never change.',
    ),
    latitude: column('float', 'Degrees north.', { nullable: true }),
    longitude: column('float', 'Degrees east.', { nullable: true }),
    areaCode: column('text', 'Area code of local phone numbers; null if inherited.', { nullable: true }),
    timeZone: column('text', 'IANA time zone; null if inherited.', { nullable: true }),
    calendar: column('text', 'Calendar of working days; null if inherited.', { nullable: true }),
    source: column('text', 'The source system.'),
    externalId: column('text', 'External ID in the source system.'),
    asOf: column('instant', 'When the data was true in the source system.'),
    version,
    parent: one('Institution', 'The parent institution.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.parent_id`,
    }),
    children: many('Institution', 'The direct child institutions.', {
      permission: 'organisation:read',
      on: (parent, child) => `${child}.parent_id = ${parent}.id`,
      orderBy: (child) => `${child}.code`,
    }),
    staff: page('Staff', 'Staff of this institution, without those below it.', {
      permission: 'organisation:read',
      on: (parent, child) => `${child}.institution_id = ${parent}.id`,
      keys: (child) => [
        { expression: `${child}.number`, cast: 'text' },
        { expression: `${child}.id`, cast: 'uuid' },
      ],
      direction: 'asc',
    }),
    customers: page('Customer', 'Customers of this institution, without those below it, in your scope, by assets descending.', {
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

const staff = view('Staff', 'A staff member of the bank.', schema.staff, {
  id: column('uuid', 'ID of the staff member.'),
  number: column('text', 'Staff number, unique in the bank; the subject of their tokens.'),
  name: column('text', 'Name.'),
  roles: column('texts', 'Roles.', { values: roles }),
  status: column('text', 'Whether they work here.', { values: staffStatuses }),
  industries: column('texts', 'Industries served (GB/T 4754 codes).'),
  areas: column('texts', 'Areas served.'),
  productFamilies: column('texts', 'Product families of which they have expert knowledge.', { values: productFamilies }),
  customerCapacity: column('integer', 'Maximum number of customers.', { nullable: true }),
  dailyCapacity: column('integer', 'Maximum number of contacts a day.', { nullable: true }),
  activeFrom: column('day', 'First day of work.', { nullable: true }),
  activeUntil: column('day', 'First day on which they no longer work here.', { nullable: true }),
  source: column('text', 'The source system.'),
  externalId: column('text', 'External ID in the source system.'),
  asOf: column('instant', 'When the data was true in the source system.'),
  version,
  institution: one('Institution', 'Home institution.', {
    permission: 'organisation:read',
    inRest: 'always',
    on: (parent, child) => `${child}.id = ${parent}.institution_id`,
  }),
  customers: page('Customer', 'Customers assigned to them, in your scope, by assets descending.', {
    permission: 'customer:read',
    on: (parent, child) => `${child}.relationship_manager_id = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.aum`, cast: 'bigint' },
      { expression: `${child}.id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
  delegations: many('Delegation', 'Periods in which a colleague covers for them.', {
    permission: 'organisation:read',
    on: (parent, child) => `${child}.staff_id = ${parent}.id`,
    orderBy: (child) => `${child}.starts_on desc, ${child}.id`,
  }),
  covers: many('Delegation', 'Periods in which they cover for a colleague.', {
    permission: 'organisation:read',
    on: (parent, child) => `${child}.deputy_id = ${parent}.id`,
    orderBy: (child) => `${child}.starts_on desc, ${child}.id`,
  }),
  assignments: page('Assignment', 'Their current, past and future assignments, in your scope, newest first.', {
    permission: 'assignment:read',
    sameCustomer: false,
    on: (parent, child) => `${child}.staff_id = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.starts_on`, cast: 'date' },
      { expression: `${child}.id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
  teamMemberships: page('TeamMember', 'Their current, past and future maintenance teams, in your scope, newest first.', {
    permission: 'assignment:read',
    sameCustomer: false,
    on: (parent, child) => `${child}.staff_id = ${parent}.id`,
    keys: (child) => [
      { expression: `${child}.starts_on`, cast: 'date' },
      { expression: `${child}.id`, cast: 'uuid' },
    ],
    direction: 'desc',
  }),
  recommendedHoldings: page('Holding', 'Holdings that they recommended, in your scope, newest first.', {
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
  'A period in which a colleague covers for an absent relationship manager, and sees and works that portfolio.',
  schema.delegation,
  {
    id: column('uuid', 'ID of the delegation.'),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it no longer applies.'),
    reason: column('text', 'The reason.'),
    status: column('text', 'Status.', { values: delegationStatuses }),
    revokedOn: column('day', 'Day on which it was revoked.', { nullable: true }),
    createdAt: column('instant', 'When it was created.'),
    version,
    staff: one('Staff', 'The absent staff member.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    deputy: one('Staff', 'The deputy.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.deputy_id`,
    }),
  },
)

const calendarDay = view('CalendarDay', 'A day on which the bank overrides the calendar of its country.', schema.calendarDay, {
  calendar: column('text', 'Country calendar.'),
  day: column('day', 'The day.'),
  kind: column('text', 'Whether the bank works.', { values: ['working', 'holiday'] }),
  name: column('text', 'Name of the holiday or working day.', { nullable: true }),
  version,
})

export const organisationViews = [institution, staff, delegation, calendarDay]
