import { type AssignmentState, endingOf } from '../../core/dossier/assignments.ts'
import { type Day, dayOf } from '../../core/kernel/calendar.ts'
import { notFound } from '../../core/kernel/errors.ts'
import { applyAssignments } from '../../db/dossier/assignment-feed.ts'
import { applyCustomers } from '../../db/dossier/customer-feed.ts'
import { findCustomerName, storedAssignments, storedCustomers } from '../../db/dossier/stored-rows.ts'
import { assignmentRow, assignmentTexts } from '../../core/dossier/assignment-rows.ts'
import { customerRow, customerTexts } from '../../core/dossier/customer-rows.ts'
import { findTimeZoneOfCustomer } from '../../db/organisation/institutions.ts'
import { daySchema, id } from '../platform/scalars.ts'
import {
  changeOperation,
  correctOperation,
  createOperation,
  type SingleWrites,
  upsertOperation,
} from '../platform/feed-writes.ts'

const customers: SingleWrites<typeof customerRow> = {
  noun: 'Customer',
  subject: 'customer',
  texts: customerTexts,
  called: 'a customer',
  permission: 'customer:write',
  createPermission: 'customer:create',
  domain: 'Party Reference Data Directory',
  apply: applyCustomers,
  row: customerRow,
  stored: storedCustomers,
}
const assignments: SingleWrites<typeof assignmentRow> = {
  noun: 'Assignment',
  subject: 'assignment',
  texts: assignmentTexts,
  called: 'an assignment',
  permission: 'assignment:write',
  domain: 'Customer Relationship Management',
  apply: applyAssignments,
  row: assignmentRow,
  stored: storedAssignments,
}

const { source: _s1, externalId: _e1, asOf: _a1, ...customerFields } = customerRow.shape
const {
  source: _s2,
  externalId: _e2,
  asOf: _a2,
  customerSource: _c2,
  customerExternalId: _x2,
  status: _t2,
  ...assignmentFields
} = assignmentRow.shape

export const upsertCustomer = upsertOperation(customers)
// Whom people make here is a prospect, unless stated otherwise.
export const createCustomer = createOperation(customers, customerFields, async (_context, input) => ({
  status: 'prospect',
  ...input,
}))
export const correctCustomer = correctOperation(customers, customerFields)
export const closeCustomer = changeOperation(customers, {
  name: 'closeCustomer',
  summary: 'Close a customer',
  description:
    'The record and everything under it stay. The assignment ends at the end of this day. Refused to people while there are open holdings.',
  concurrency: 'optional',
  final: true,
  shape: { closedOn: daySchema.optional().meta({ description: 'Day on which the relationship ended; today by default.' }) },
  change: ({ closedOn }, { today }) => ({ status: 'closed', closedOn: closedOn ?? today }),
})

export const upsertAssignment = upsertOperation(assignments)
export const createAssignment = createOperation(
  assignments,
  { customerId: id, ...assignmentFields },
  async ({ db }, { customerId, ...fields }) => {
    const name = await findCustomerName(db, String(customerId))
    if (!name) throw notFound('customer')
    return { ...name, ...fields }
  },
)
export const correctAssignment = correctOperation(assignments, assignmentFields)
export const endAssignment = changeOperation(assignments, {
  name: 'endAssignment',
  summary: 'End or revoke an assignment',
  description:
    'It applies until the day before the given one, which must be today or later. Without a day, an assignment that has started ends today, and one that has not is revoked as if it had never existed.',
  concurrency: 'optional',
  shape: { endsOn: daySchema.optional().meta({ description: 'First day on which it no longer applies.' }) },
  async change({ endsOn }, { db, now, bank }, { row, status, customerId }) {
    const today = dayOf(now, (await findTimeZoneOfCustomer(db, customerId!)) ?? bank.timeZone)
    const period = { startsOn: row['startsOn'] as Day, endsOn: (row['endsOn'] as Day | undefined) ?? null }
    return endingOf({ ...period, state: status as AssignmentState }, endsOn as Day | undefined, today)
  },
})

export const customerWrites = [
  upsertCustomer,
  createCustomer,
  correctCustomer,
  closeCustomer,
  upsertAssignment,
  createAssignment,
  correctAssignment,
  endAssignment,
]
