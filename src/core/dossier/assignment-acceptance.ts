import { DomainError } from '../kernel/errors.ts'
import type { StaffReference } from '../organisation/references.ts'
import type { CustomerReference } from './references.ts'
import type { BusinessLine } from './customers.ts'
import type { AssignmentRow } from './assignment-rows.ts'
import { isWithin, overlaps, periodText } from '../kernel/periods.ts'
import {
  assigneeProblem,
  type AssignmentState,
  capacityProblem,
  changedPeriodRefusal,
  customerProblem,
  isAssignedFrom,
  newPeriodRefusal,
} from './assignments.ts'
import type { Day } from '../kernel/calendar.ts'
import { type FeedRefusal, refusal } from '../kernel/feed.ts'
import { groupBy, type Incoming } from '../kernel/feed-batch.ts'

/** An assignment as a row makes it. */
export interface AssignmentRecord {
  readonly customerId: string
  readonly id: string
  readonly institutionPath: string
  readonly source: string
  readonly externalId: string
  readonly staffId: string
  readonly businessLine: BusinessLine
  readonly startsOn: Day
  readonly endsOn: Day | null
  readonly state: AssignmentState
  readonly asOf: string
  /** What the write adds to the version: 0 where nothing is given that is not there. */
  readonly step: 0 | 1
}

export type StoredAssignment = Omit<AssignmentRecord, 'institutionPath' | 'asOf' | 'step'> & { readonly asOf: Date }

/** What a row wants to make of an assignment. */
export interface RequestedAssignment {
  readonly incoming: Incoming<AssignmentRow>
  readonly before: StoredAssignment | undefined
  readonly after: AssignmentRecord
}

/** Accepts what overlaps with nothing that is stored; refuses the rest by naming the other period. There is one request for each customer. */
export function acceptWithoutOverlap(
  wanted: readonly RequestedAssignment[],
  stored: readonly StoredAssignment[],
  refuse: (line: number, refused: FeedRefusal) => void,
): RequestedAssignment[] {
  const existing = groupBy(
    stored.filter(({ state }) => state !== 'cancelled'),
    ({ customerId }) => customerId,
  )
  return wanted.filter(({ incoming, after }) => {
    if (after.state === 'cancelled') return true
    const other = existing
      .get(after.customerId)
      ?.find((one) => one.id !== after.id && one.businessLine === after.businessLine && overlaps(one, after))
    if (!other) return true
    refuse(
      incoming.line,
      refusal(
        'startsOn',
        'period_overlap',
        `Another ${after.businessLine} assignment of this customer applies ${periodText(other)}.`,
      ),
    )
    return false
  })
}

/** Those requests that assign a customer to somebody who does not have the customer by them yet, and the first day from which they count. */
export function beginsOf(wanted: readonly RequestedAssignment[]): {
  readonly begins: readonly RequestedAssignment[]
  readonly from: Day | undefined
} {
  const begins = wanted.filter(
    ({ before, after }) =>
      after.state !== 'cancelled' && (!before || before.state === 'cancelled' || before.staffId !== after.staffId),
  )
  return { begins, from: begins.map(({ after }) => after.startsOn).sort()[0] }
}

/** Accepts what leaves each staff member with no more customers than they can have. `loads`: how many they have from the first day of these on, by id. */
export function acceptWithinCapacity(
  wanted: readonly RequestedAssignment[],
  { begins, from }: ReturnType<typeof beginsOf>,
  stored: readonly StoredAssignment[],
  staff: ReadonlyMap<string, StaffReference>,
  loads: ReadonlyMap<string, number>,
  refuse: (line: number, refused: FeedRefusal) => void,
): readonly RequestedAssignment[] {
  if (from === undefined) return wanted
  const counted = new Map(loads)
  return wanted.filter((one) => {
    if (!begins.includes(one)) return true
    const { row, line } = one.incoming
    const { staffId, customerId } = one.after
    const ofCustomer = stored.filter((other) => other.customerId === customerId && other.id !== one.after.id)
    const more = isAssignedFrom(ofCustomer, staffId, from) ? 0 : 1
    const has = counted.get(staffId)!
    const problem = capacityProblem({ has, capacity: staff.get(row.staffNumber)!.customerCapacity }, more)
    counted.set(staffId, has + more)
    if (problem !== undefined)
      refuse(
        line,
        refusal('staffNumber', 'conflict', `${problem} Use assignCustomer, which takes a reason for exceeding the capacity.`),
      )
    return problem === undefined
  })
}

/** The state follows the days by itself, at midnight: only a cancellation is something said. */
export function isUnchanged(after: AssignmentRecord, before: StoredAssignment): boolean {
  return (
    after.staffId === before.staffId &&
    after.businessLine === before.businessLine &&
    after.startsOn === before.startsOn &&
    after.endsOn === before.endsOn &&
    (after.state === 'cancelled') === (before.state === 'cancelled')
  )
}

/** Why an assignment may not become that, or undefined. */
export function assignmentRefusal(
  row: AssignmentRow,
  before: StoredAssignment | undefined,
  after: AssignmentRecord,
  customer: CustomerReference,
  assignee: StaffReference,
  today: Day,
  fromPerson: boolean,
): FeedRefusal | undefined {
  const rewrites = before && changedPeriodRefusal(before, after, today, fromPerson)
  if (rewrites || after.state === 'cancelled') return rewrites
  if (!before || before.staffId !== after.staffId || before.state === 'cancelled') {
    // What began before today counts from today: a feed brings what is running.
    const problem = assigneeProblem(assignee, after.startsOn < today ? today : after.startsOn)
    if (problem) return refusal('staffNumber', 'conflict', `${problem.message} Staff number: "${row.staffNumber}".`)
  }
  const grows = !before || before.staffId !== after.staffId || before.state === 'cancelled' || !isWithin(after, before)
  const problem = grows ? customerProblem(customer.status) : undefined
  if (problem) return refusal('customerExternalId', 'conflict', `${problem.message} External ID: "${row.customerExternalId}".`)
  return before ? undefined : newPeriodRefusal(after, today, fromPerson)
}

/** The refusal where two callers assigned the same customer at the same moment. */
export function assignedAtOnce(): DomainError {
  return new DomainError(
    'period_overlap',
    'Another assignment of the same customer and business line was created at the same time.',
  )
}
