import { assignmentStates } from '../../../core/dossier/assignments.ts'
import { businessLines } from '../../../core/dossier/customers.ts'
import { assignmentPeriodKinds } from '../../../core/dossier/assignment-periods.ts'
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
  'A staff member with a duty in the maintenance team of a customer. While the membership is current they can see the customer.',
  teamMemberTable,
  {
    id: column('uuid', 'ID of the membership.'),
    customerId,
    duty: column('text', 'Duty in the team.', { values: teamDuties }),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it no longer applies; null if open-ended.', { nullable: true }),
    state: column('text', 'Whether it is planned, current, ended or cancelled.', { values: assignmentStates }),
    reason: column('text', 'Reason for adding them.'),
    createdAt: column('instant', 'When they were added.'),
    updatedAt: column('instant', 'When it last changed.'),
    version: column('integer', 'Version of the record; sent as If-Match or expectedVersion.'),
    staff: one('Staff', 'The staff member.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    addedBy: one('Staff', 'Who added them; null for a machine.', {
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
const assignedCustomers = column('integer', 'Number of customers assigned to them, current and planned, in all branches.', {
  expression: (row) => `${load(row)}.customers`,
})
const teams = column('integer', 'Number of maintenance teams they belong to, current and planned.', {
  expression: (row) => `${load(row)}.teams`,
})
const capacity = column('integer', 'Maximum number of customers; null if not set.', {
  nullable: true,
  expression: (row) => `${row}.customer_capacity`,
})

const staffCapacity = view('StaffCapacity', 'Number of assigned customers and capacity of a staff member.', staff, {
  staffId: column('uuid', 'The staff member.', { expression: (row) => `${row}.id` }),
  customers: assignedCustomers,
  capacity,
  free: column('integer', 'Remaining capacity, negative if exceeded; null if no capacity is set.', {
    nullable: true,
    expression: (row) => `(${row}.customer_capacity - ${load(row)}.customers)`,
  }),
  overCapacity: column('boolean', 'Whether they have more customers than their capacity.', {
    expression: (row) => `coalesce(${load(row)}.customers > ${row}.customer_capacity, false)`,
  }),
  teams,
  dailyCapacity: column('integer', 'Maximum number of contacts a day.', { nullable: true }),
  staff: toStaff,
})

const teamSuggestion = view(
  'TeamSuggestion',
  'A staff member whose expertise matches what the customer has or does, with their workload.',
  staff,
  {
    staffId: column('uuid', 'The staff member.', { expression: (row) => `${row}.id` }),
    matchedProductFamilies: column('texts', 'Product families that they know well and of which the customer has a product.', {
      values: productFamilies,
      expression: (row) => `${row}.families`,
    }),
    matchedIndustry: column('text', 'The industry they serve that matches the customer’s.', {
      nullable: true,
      expression: (row) => `${row}.matched_industry`,
    }),
    customers: assignedCustomers,
    capacity,
    teams,
    staff: toStaff,
  },
)

const assignmentPeriod = view(
  'AssignmentPeriod',
  'A period in which a staff member was assigned to a customer, was in the maintenance team, or covered for a member of these.',
  assignment,
  {
    id: column('uuid', 'ID of the assignment, membership or delegation.'),
    customerId,
    kind: column('text', 'How they got access to the customer.', {
      values: assignmentPeriodKinds,
      expression: (row) => `${row}.kind`,
    }),
    businessLine: column('text', 'Business line of an assignment.', { nullable: true, values: businessLines }),
    duty: column('text', 'Duty of a team member.', {
      nullable: true,
      values: teamDuties,
      expression: (row) => `${row}.duty`,
    }),
    startsOn: column('day', 'First day.'),
    endsOn: column('day', 'First day on which it no longer applies; null if open-ended.', { nullable: true }),
    state: column('text', 'Whether it is planned, current or ended.', { values: assignmentStates }),
    reason: column('text', 'Reason, if given.', { nullable: true }),
    staff: one('Staff', 'The staff member.', {
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.staff_id`,
    }),
    coveredFor: one('Staff', 'The staff member covered by a deputy.', {
      nullable: true,
      permission: 'organisation:read',
      inRest: 'always',
      on: (parent, child) => `${child}.id = ${parent}.covered_staff_id`,
    }),
    customer: toCustomer,
  },
)

export const teamViews = [teamMember, staffCapacity, teamSuggestion, assignmentPeriod]

/** The field of a customer that leads to the team. */
export const teamRelations = {
  team: many('TeamMember', 'The maintenance team: current members first, then planned, then former ones.', {
    permission: 'assignment:read',
    inRest: 'single',
    on: (parent, child) => `${child}.customer_id = ${parent}.id`,
    orderBy: (child) => `${currentFirst(child)}, ${child}.starts_on desc, ${child}.id`,
  }),
}
