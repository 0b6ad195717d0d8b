import { assignmentStates } from '../../../core/dossier/assignments.ts'
import { businessLines } from '../../../core/dossier/customers.ts'
import { ownershipKinds } from '../../../core/dossier/ownership.ts'
import { productFamilies } from '../../../core/organisation/products.ts'
import { teamDuties } from '../../../core/dossier/teams.ts'
import { assignment } from '../schema/customers.ts'
import { staff } from '../../organisation/schema/reference.ts'
import { teamMember as teamMemberTable } from '../schema/teams.ts'
import { column, many, one, view } from '../../platform/views/view.ts'

const customerId = column('uuid', 'The customer.')
const toCustomer = one('Customer', 'The customer.', {
  permission: 'customer:read',
  on: (parent, child) => `${child}.id = ${parent}.customer_id`,
})

/** Now first, then what is to come, then the past. */
export const currentFirst = (row: string): string =>
  `case ${row}.state when 'current' then 0 when 'planned' then 1 when 'ended' then 2 else 3 end`

const teamMember = view(
  'TeamMember',
  'Somebody with a duty in the maintenance team of a customer. While it is current they see the customer.',
  teamMemberTable,
  {
    id: column('uuid', 'Id of the membership.'),
    customerId,
    duty: column('text', 'What they do in the team.', { values: teamDuties }),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it holds no more; null while no end is set.', { nullable: true }),
    state: column('text', 'Whether it will hold, holds, held or was taken back.', { values: assignmentStates }),
    reason: column('text', 'Why they were added.'),
    createdAt: column('instant', 'When they were added.'),
    updatedAt: column('instant', 'When it last changed.'),
    version: column('integer', 'Counts changes; named by If-Match and expectedVersion.'),
    staff: one('Staff', 'Who is in the team.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    addedBy: one('Staff', 'Who added them; null where a machine did.', {
      nullable: true,
      permission: 'organisation:read',
      on: (parent, child) => `${child}.id = ${parent}.added_by`,
    }),
    customer: toCustomer,
  },
)

const load = (row: string) => `${row}_load`
const toStaff = one('Staff', 'The staff member.', {
  permission: 'organisation:read',
  inRest: 'always',
  on: (parent, child) => `${child}.id = ${parent}.id`,
})
const customersKept = column('integer', 'Customers they keep from today on, planned ones too, in whatever branches.', {
  expression: (row) => `${load(row)}.customers`,
})
const teams = column('integer', 'Maintenance teams they are in from today on, planned ones too.', {
  expression: (row) => `${load(row)}.teams`,
})
const capacity = column('integer', 'Most customers they can keep; null where nobody has said.', {
  nullable: true,
  expression: (row) => `${row}.customer_capacity`,
})

const staffCapacity = view('StaffCapacity', 'How many customers a keeper has and can have.', staff, {
  staffId: column('uuid', 'The staff member.', { expression: (row) => `${row}.id` }),
  customers: customersKept,
  capacity,
  free: column('integer', 'How many more they can keep, less than 0 where they keep too many; null without a capacity.', {
    nullable: true,
    expression: (row) => `(${row}.customer_capacity - ${load(row)}.customers)`,
  }),
  overFull: column('boolean', 'Whether they keep more than they can.', {
    expression: (row) => `coalesce(${load(row)}.customers > ${row}.customer_capacity, false)`,
  }),
  teams,
  dailyCapacity: column('integer', 'Most contacts a day.', { nullable: true }),
  staff: toStaff,
})

const teamSuggestion = view(
  'TeamSuggestion',
  'Somebody who serves what a customer has or does, and how much they have to do.',
  staff,
  {
    staffId: column('uuid', 'The staff member.', { expression: (row) => `${row}.id` }),
    matchedProductFamilies: column('texts', 'Product families that they know well and of which the customer has something.', {
      values: productFamilies,
      expression: (row) => `${row}.families`,
    }),
    matchedIndustry: column('text', 'The industry they serve to which the customer belongs.', {
      nullable: true,
      expression: (row) => `${row}.matched_industry`,
    }),
    customers: customersKept,
    capacity,
    teams,
    staff: toStaff,
  },
)

const ownershipPeriod = view(
  'OwnershipPeriod',
  'A period in which somebody kept a customer, was in the maintenance team or covered for one of these.',
  assignment,
  {
    id: column('uuid', 'Id of the assignment, the membership or the delegation.'),
    customerId,
    kind: column('text', 'By what they saw the customer.', { values: ownershipKinds, expression: (row) => `${row}.kind` }),
    businessLine: column('text', 'Line of business of an assignment.', { nullable: true, values: businessLines }),
    duty: column('text', 'Duty of a member of the team.', {
      nullable: true,
      values: teamDuties,
      expression: (row) => `${row}.duty`,
    }),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it holds no more; null while no end is set.', { nullable: true }),
    state: column('text', 'Whether it will hold, holds or held.', { values: assignmentStates }),
    reason: column('text', 'Why, where somebody said so.', { nullable: true }),
    staff: one('Staff', 'Who it was.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    coveredFor: one('Staff', 'For whom a deputy covered.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.covered_staff_id`,
    }),
    customer: toCustomer,
  },
)

export const teamViews = [teamMember, staffCapacity, teamSuggestion, ownershipPeriod]

/** The field of a customer that leads to the team. */
export const teamRelations = {
  team: many('TeamMember', 'The maintenance team: members of now first, then those to come, then former ones.', {
    permission: 'assignment:read',
    inRest: 'single',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    orderBy: (child) => `${currentFirst(child)}, ${child}.starts_on desc, ${child}.id`,
  }),
}
