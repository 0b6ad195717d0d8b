import type { CustomerReference } from '../../core/dossier/references.ts'
import type { StoredAssignment } from '../../core/dossier/assignment-acceptance.ts'
import { all, ofCustomer, under, orderBy } from '../../db/platform/views/conditions.ts'
import { staffWithLoad, withCustomersOrRoles } from '../../db/dossier/teams.ts'
import { subtreePath } from '../organisation/references.ts'
import { z } from 'zod'
import {
  customerProblem,
  assignableRoles,
  isAssignedFrom,
  requireCapacity,
  requireAssignable,
  assignmentChange,
  type AssignmentChange,
} from '../../core/dossier/assignments.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import { type BusinessLine, businessLines, mainBusinessLine } from '../../core/dossier/customers.ts'
import { DomainError, type InputProblem, notFound, refuseField } from '../../core/kernel/errors.ts'
import { distinct, remark } from '../../core/kernel/scalars.ts'
import type { Permission } from '../../core/kernel/permissions.ts'
import {
  countAssignedCustomers,
  lockAssignableStaff,
  type NewAssignment,
  writeAssignmentChanges,
} from '../../db/dossier/assignments.ts'
import { brokenConstraint } from '../../db/platform/failures.ts'
import { readAssignments } from '../../db/dossier/assignment-records.ts'
import { todayByInstitution } from '../../db/organisation/institution-days.ts'
import { lockCustomerReferences } from '../../db/dossier/references.ts'
import { refreshRelationshipManagers } from '../../db/dossier/due-assignments.ts'
import { viewNamed } from '../../db/views.ts'
import { type Context, operation, pageOperation, viewOperation } from '../platform/operation.ts'
import { pageInput } from '../platform/pages.ts'
import { answerOne, answerPage } from '../platform/reading.ts'
import { daySchema, id } from '../platform/scalars.ts'

const assignmentView = viewNamed('Assignment')

const domain = 'Customer Relationship Management'

export const permission = 'assignment:write'

const alsoNeeds = ({ overCapacityReason }: { readonly overCapacityReason?: string | undefined }): readonly Permission[] =>
  overCapacityReason === undefined ? [] : [permission, 'assignment:over_capacity']

const handing = {
  staffId: id.meta({ description: 'The new assignee: a relationship manager or teller in your scope.' }),
  businessLine: z
    .enum(businessLines)
    .optional()
    .meta({ description: 'Business line; by default the main one of each customer’s kind.' }),
  startsOn: daySchema
    .optional()
    .meta({ description: 'First day, today or later; by default today at the customer’s institution.' }),
  reason: remark(500)
    .min(3)
    .meta({ description: 'The reason.', examples: ['moved to our district'] }),
  overCapacityReason: remark(500)
    .min(3)
    .optional()
    .meta({ description: 'Reason for exceeding the staff member’s capacity. Requires the permission assignment:over_capacity.' }),
}

type Handing = z.output<z.ZodObject<typeof handing>>

interface Assigned {
  readonly customerId: string
  readonly assignmentId: string
  readonly startsOn: Day
  readonly endedAssignmentId: string | null
}

export const errors = ['not_found', 'unknown_reference', 'conflict', 'outside_period', 'period_overlap'] as const

export const assignCustomer = viewOperation(assignmentView, {
  kind: 'command',
  name: 'assignCustomer',
  summary: 'Assign a customer to a relationship manager or teller',
  description:
    'Open-ended from the given day. The current assignment in that business line ends the day before, and its staff member no longer sees the customer from then on. Refused if a planned assignment conflicts, or if the capacity of the staff member would be exceeded (rule `over_capacity`) unless a reason is given.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({ customerId: id, ...handing }),
  errors,
  async run(context, { customerId, ...request }) {
    const [assigned] = await assign(context, [customerId], request, () => '/customerId')
    return answerOne(context, assignmentView, ofCustomer(customerId, assigned!.assignmentId))
  },
})

/** Customers who change hands in one transaction: all of them are held until it ends. Ours to choose. */
const MAX_BATCH_SIZE = 500

export const assignCustomers = operation({
  kind: 'command',
  name: 'assignCustomers',
  summary: 'Assign several customers to a relationship manager or teller',
  description:
    'Like assignCustomer for each of them, all or none: if one cannot be assigned, none is, and every customer that cannot is listed.',
  permission,
  domain,
  alsoNeeds,
  input: z.strictObject({
    customerIds: distinct(id, MAX_BATCH_SIZE).min(1).meta({ description: 'The customers.' }),
    ...handing,
  }),
  output: z
    .object({
      assigned: z
        .array(
          z
            .object({
              customerId: id.meta({ description: 'The customer.' }),
              assignmentId: id.meta({ description: 'ID of the new assignment.' }),
              startsOn: z.iso.date().meta({ description: 'First day.' }),
              endedAssignmentId: id.nullable().meta({ description: 'ID of the assignment that was ended or revoked by it.' }),
            })
            .meta({ id: 'AssignedCustomer', description: 'A customer that was assigned.' }),
        )
        .meta({ description: 'In the order of the request.' }),
    })
    .meta({ id: 'AssignedCustomers', description: 'The assigned customers.' }),
  errors,
  async run(context, { customerIds, ...request }) {
    return { assigned: [...(await assign(context, customerIds, request, (at) => `/customerIds/${at}`))] }
  },
})

interface Decided {
  readonly customer: CustomerReference
  readonly businessLine: BusinessLine
  readonly startsOn: Day
  readonly taken: AssignmentChange
}

/** Gives customers to somebody, in a fixed number of statements. `pointerTo` says where in the input a customer is named. */
async function assign(
  context: Context,
  customerIds: readonly string[],
  request: Handing,
  pointerTo: (at: number) => string,
): Promise<readonly Assigned[]> {
  const { db, now, bank, newId, actor } = context
  const { staffId, reason, overCapacityReason } = request
  const assignee = await lockAssignableStaff(db, staffId)
  if (!assignee)
    throw refuseField('unknown_reference', 'staffId', 'unknown_reference', 'There is no such staff member in your scope.')
  const customers = await lockCustomerReferences(db, customerIds)
  requireAll(customerIds, customers, pointerTo)
  const todayAt = await todayByInstitution(db, now, bank.timeZone)
  const existing = Map.groupBy(await readAssignments(db, customerIds), ({ customerId }) => customerId)
  const decided = customerIds.map((customerId) =>
    decide(customers.get(customerId)!, existing.get(customerId) ?? [], request, todayAt),
  )
  refuseAny(decided, pointerTo)

  const firstDay = decided.map(({ startsOn }) => startsOn).reduce((one, other) => (other < one ? other : one))
  requireAssignable(assignee, firstDay)
  if (overCapacityReason === undefined) {
    const more = customerIds.filter((customerId) => !isAssignedFrom(existing.get(customerId) ?? [], staffId, firstDay)).length
    const has = (await countAssignedCustomers(db, [staffId], firstDay)).get(staffId)!
    requireCapacity({ has, capacity: assignee.customerCapacity }, more)
  }

  const made = decided.map(({ customer, businessLine, startsOn, taken }): NewAssignment & { readonly endedId: string | null } => {
    if ('refusal' in taken) throw new Error('A refusal was not handled.')
    const { id: customerId, institutionPath } = customer
    const endedId = taken.former?.id ?? null
    return { customerId, id: newId(), institutionPath, businessLine, startsOn, state: taken.state, endedId }
  })
  const ended = decided.flatMap(({ customer, taken }) =>
    'former' in taken && taken.former ? [{ ...taken.former, customerId: customer.id }] : [],
  )
  const assignedBy = actor.kind === 'staff' ? actor.id : null
  await writeAssignmentChanges(db, ended, made, { staffId, reason, overCapacityReason, assignedBy, now }).catch(
    (error: unknown) => {
      if (brokenConstraint(error) === 'assignment_period_excl')
        throw new DomainError('period_overlap', 'Another assignment of these customers was created at the same time.')
      throw error
    },
  )
  await refreshRelationshipManagers(db, customerIds)
  for (const one of ended)
    context.record({
      event: 'assignment.updated',
      subjectType: 'assignment',
      subjectId: one.id,
      customerId: one.customerId,
      changed: [one.state === 'cancelled' ? 'status' : 'endsOn'],
    })
  const changed = [
    'staffId',
    'businessLine',
    'startsOn',
    'reason',
    ...(overCapacityReason === undefined ? [] : ['overCapacityReason']),
  ]
  for (const { id: subjectId, customerId } of made)
    context.record({ event: 'assignment.created', subjectType: 'assignment', subjectId, customerId, changed })
  return made.map(({ customerId, id: assignmentId, startsOn, endedId }) => ({
    customerId,
    assignmentId,
    startsOn,
    endedAssignmentId: endedId,
  }))
}

/** Throws `not_found` and names those who are not there. */
function requireAll(
  customerIds: readonly string[],
  found: ReadonlyMap<string, CustomerReference>,
  pointerTo: (at: number) => string,
): void {
  const { message } = notFound('customer')
  const missing = customerIds.flatMap((customerId, at): InputProblem[] =>
    found.has(customerId) ? [] : [{ pointer: pointerTo(at), rule: 'not_found', message }],
  )
  if (missing.length > 0) throw new DomainError('not_found', message, missing)
}

function decide(
  customer: CustomerReference,
  existing: readonly StoredAssignment[],
  { staffId, businessLine = mainBusinessLine(customer.kind), startsOn: wanted }: Handing,
  todayAt: (institutionPath: string) => Day,
): Decided {
  const today = todayAt(customer.institutionPath)
  const startsOn = wanted ?? today
  const problem = customerProblem(customer.status)
  const taken: AssignmentChange = problem
    ? { refusal: { about: 'customer', code: 'conflict', ...problem } }
    : assignmentChange(existing, { staffId, businessLine, startsOn, today })
  return { customer, businessLine, startsOn, taken }
}

/** Throws for the first customer who cannot be given, naming all of them. */
function refuseAny(decided: readonly Decided[], pointerTo: (at: number) => string): void {
  const refused = decided.flatMap(({ taken }, at) => ('refusal' in taken ? [{ ...taken.refusal, at }] : []))
  const [first] = refused
  if (!first) return
  const problems = refused.map(({ about, rule, message, at }) => ({
    // Of one customer the day is at fault, of several the one whom it does not suit.
    pointer: about === 'startsOn' && decided.length === 1 ? '/startsOn' : pointerTo(at),
    rule,
    message,
  }))
  const message =
    refused.length === 1
      ? first.message
      : `${refused.length} of ${decided.length} customers cannot be assigned to this staff member.`
  throw new DomainError(first.code, message, problems)
}

const capacityView = viewNamed('StaffCapacity')

export const staffCapacity = pageOperation(capacityView, {
  kind: 'query',
  name: 'staffCapacity',
  summary: 'Number of customers and capacity of each relationship manager and teller',
  description:
    'Relationship managers and tellers in your scope, ordered by number: active ones, and former ones who still have customers. Customers of other branches and planned assignments count; a customer assigned in both business lines counts once.',
  permission: 'workload:read',
  domain: 'Employee Data Management',
  input: z.strictObject({
    institutionId: id.optional().meta({ description: 'Of this institution and all below it.' }),
    overCapacity: z.boolean().optional().meta({ description: 'Only those over capacity, or only the others.' }),
    ...pageInput,
  }),
  errors: ['invalid_cursor', 'unknown_reference'],
  // Whoever asks for the few that are over-full goes through everybody.
  lane: ({ overCapacity, includeTotal }) => (overCapacity === undefined && !includeTotal ? 'fast' : 'pool'),
  async run(context, { institutionId, overCapacity, ...page }) {
    const { db, today } = context
    const path = await subtreePath(db, institutionId)
    return answerPage(context, capacityView, {
      ...page,
      from: staffWithLoad(today),
      order: orderBy('number', 'asc', [
        ['number', 'text'],
        ['id', 'uuid'],
      ]),
      where: all(under('institution_path', path), withCustomersOrRoles(assignableRoles, overCapacity)),
    })
  },
})

export const assignmentOperations = [assignCustomer, assignCustomers, staffCapacity]
