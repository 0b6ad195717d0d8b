import { customerNameOf, unknownName } from '../../core/kernel/references.ts'
import type { CustomerReference } from '../../core/dossier/references.ts'
import type { StaffReference } from '../../core/organisation/references.ts'
import { resolveStaff } from '../organisation/references.ts'
import type { AssignmentRow } from '../../core/dossier/assignment-rows.ts'
import { type AssignmentState, stateOn } from '../../core/dossier/assignments.ts'
import { type FeedRefusal, unknownReference } from '../../core/kernel/feed.ts'
import { countAssignedCustomers, lockAllAssignableStaff } from './assignments.ts'
import { brokenConstraint } from '../platform/failures.ts'
import { refreshRelationshipManagers } from './due-assignments.ts'
import {
  acceptWithinCapacity,
  acceptWithoutOverlap,
  assignedAtOnce,
  assignmentRefusal,
  type AssignmentRecord,
  type RequestedAssignment,
  beginsOf,
  isUnchanged,
  type StoredAssignment,
} from '../../core/dossier/assignment-acceptance.ts'
import { insertAssignments, readAssignments, updateAssignments } from './assignment-records.ts'
import { applyInRounds, countingRow, firstOfEach, type Incoming, keyOf, type Outcomes } from '../../core/kernel/feed-batch.ts'
import { todayByInstitution } from '../organisation/institution-days.ts'
import type { Db } from '../platform/database.ts'
import type { ApplyFeed, FeedContext } from '../platform/feed.ts'
import { findCustomerIds, lockCustomerReferences } from './references.ts'

/**
 * Applies assignments. Each row says the whole of one. Refuses a second assignee of a customer in one business line on any day, and from people what exceeds the
 * capacity of the assignee: a source system has decided already.
 */
export const applyAssignments: ApplyFeed<AssignmentRow> = (db, rows, context) =>
  applyInRounds(rows, context.now, (incoming, outcomes) => applyRound(db, incoming, context, outcomes))

async function applyRound(
  db: Db,
  received: readonly Incoming<AssignmentRow>[],
  context: FeedContext,
  outcomes: Outcomes,
): Promise<readonly Incoming<AssignmentRow>[]> {
  const todayAt = await todayByInstitution(db, context.now, context.bankTimeZone)
  const [names, staff] = await Promise.all([
    findCustomerIds(
      db,
      received.map(({ row }) => customerNameOf(row)),
    ),
    resolveStaff(
      db,
      received.map(({ row }) => row.staffNumber),
    ),
  ])
  if (context.fromPerson)
    await lockAllAssignableStaff(
      db,
      received.map(({ row }) => row.staffNumber),
    )
  const customers = await lockCustomerReferences(db, names.values())
  const stored = await readAssignments(db, [...customers.keys()])
  const storedByKey = new Map(stored.map((one) => [keyOf(one.customerId, one.source, one.externalId), one]))

  const customerIdOf = (row: AssignmentRow): string | undefined =>
    names.get(keyOf(customerNameOf(row).source, row.customerExternalId))
  const incoming = received.filter(({ line, row }) => {
    const id = customerIdOf(row)
    if (id === undefined || !customers.has(id))
      outcomes.refuse(line, unknownName('customerExternalId', 'customer', customerNameOf(row)))
    else if (!staff.has(row.staffNumber)) outcomes.refuse(line, unknownReference('staffNumber', 'staff member', row.staffNumber))
    return !outcomes.refused(line)
  })

  const wanted: RequestedAssignment[] = []
  const confirmed: AssignmentRecord[] = []
  const { first, later } = firstOfEach(incoming, ({ row }) => customerIdOf(row)!)
  for (const [customerId, one] of first) {
    const before = storedByKey.get(keyOf(customerId, one.row.source, one.row.externalId))
    const id = before?.id ?? context.newId()
    const counting = countingRow(one, before?.asOf.toISOString())
    if (!counting) {
      outcomes.settle(one.line, 'superseded', id, customerId)
      continue
    }
    const { line, row, asOf, dated } = counting
    const customer = customers.get(customerId)!
    const assignee = staff.get(row.staffNumber)!
    const today = todayAt(customer.institutionPath)
    const after = recordAfter(row, asOf, id, customer, assignee, before, today)
    if (before && isUnchanged(after, before)) {
      if (dated && asOf > before.asOf.toISOString()) confirmed.push({ ...after, state: before.state, step: 0 })
      outcomes.settle(line, 'unchanged', id, customerId)
      continue
    }
    const refused = assignmentRefusal(row, before, after, customer, assignee, today, context.fromPerson)
    if (refused) outcomes.refuse(line, refused)
    else wanted.push({ incoming: counting, before, after })
  }

  const refuse = (line: number, refused: FeedRefusal): void => outcomes.refuse(line, refused)
  const free = acceptWithoutOverlap(wanted, stored, refuse)
  const starting = beginsOf(free)
  const accepted =
    context.fromPerson && starting.from !== undefined
      ? acceptWithinCapacity(
          free,
          starting,
          stored,
          staff,
          new Map(
            await countAssignedCustomers(
              db,
              starting.begins.map(({ after }) => after.staffId),
              starting.from,
            ),
          ),
          refuse,
        )
      : free
  for (const {
    incoming: { line },
    before,
    after,
  } of accepted)
    outcomes.settle(line, before ? 'updated' : 'created', after.id, after.customerId)

  try {
    await updateAssignments(db, [...confirmed, ...accepted.flatMap(({ before, after }) => (before ? [after] : []))], context.now)
    await insertAssignments(
      db,
      accepted.flatMap(({ before, after }) => (before ? [] : [after])),
      context.now,
    )
  } catch (error) {
    if (brokenConstraint(error) !== 'assignment_period_excl') throw error
    throw assignedAtOnce()
  }
  await refreshRelationshipManagers(db, [...new Set(accepted.map(({ after }) => after.customerId))])
  return later
}

function recordAfter(
  row: AssignmentRow,
  asOf: string,
  id: string,
  customer: CustomerReference,
  assignee: StaffReference,
  before: StoredAssignment | undefined,
  today: string,
): AssignmentRecord {
  const period = { startsOn: row.startsOn, endsOn: row.endsOn ?? null }
  const state: AssignmentState = row.status === 'cancelled' ? 'cancelled' : stateOn(period, today)
  return {
    customerId: customer.id,
    id,
    institutionPath: customer.institutionPath,
    source: row.source,
    externalId: row.externalId,
    staffId: assignee.id,
    businessLine: row.businessLine,
    ...period,
    state,
    asOf,
    step: before ? 1 : 0,
  }
}
