import type { StaffReference } from '../organisation/references.ts'
import type { AssignmentRow } from '../../core/dossier/assignment-rows.ts'
import { isWithin, overlaps, periodText } from '../../core/kernel/periods.ts'
import { isAssignedFrom, capacityProblem } from '../../core/dossier/assignments.ts'
import type { Day } from '../../core/kernel/calendar.ts'
import { type FeedRefusal, refusal } from '../../core/kernel/feed.ts'
import { countAssignedCustomers } from './assignments.ts'
import type { Db } from '../platform/database.ts'
import type { AssignmentRecord, StoredAssignment } from './assignment-records.ts'
import { groupBy, type Incoming } from '../platform/feed-batch.ts'

/** What a row wants to make of an assignment. */
export interface AssignmentRequest {
  readonly incoming: Incoming<AssignmentRow>
  readonly before: StoredAssignment | undefined
  readonly after: AssignmentRecord
}

// Rows of one batch that wait for each other in a longer chain than this are refused; they pass when they are sent again.
const MAX_PASSES = 10

/** Accepts what overlaps with nothing that is stored or accepted; refuses the rest by naming the other period. What moves may make room for what comes before it. */
export function acceptWithoutOverlap(
  wanted: readonly AssignmentRequest[],
  stored: readonly StoredAssignment[],
  refuse: (line: number, refused: FeedRefusal) => void,
): AssignmentRequest[] {
  const existing = groupBy(
    stored.filter(({ state }) => state !== 'cancelled') as readonly (StoredAssignment | AssignmentRecord)[],
    ({ customerId }) => customerId,
  )
  const inTheWayOf = ({ after }: AssignmentRequest) =>
    after.state === 'cancelled'
      ? undefined
      : existing
          .get(after.customerId)
          ?.find((other) => other.id !== after.id && other.businessLine === after.businessLine && overlaps(other, after))
  const turn = ({ before, after }: AssignmentRequest): number =>
    after.state === 'cancelled' ? 0 : !before ? 3 : isWithin(after, before) ? 1 : 2
  const accepted: AssignmentRequest[] = []
  let waiting = [...wanted].sort((a, b) => turn(a) - turn(b) || a.incoming.line - b.incoming.line)
  for (let pass = 0; pass < MAX_PASSES && waiting.length > 0; pass++) {
    const blocked = waiting.filter((one) => {
      if (inTheWayOf(one)) return true
      const { after } = one
      const rest = (existing.get(after.customerId) ?? []).filter(({ id }) => id !== after.id)
      existing.set(after.customerId, after.state === 'cancelled' ? rest : [...rest, after])
      accepted.push(one)
      return false
    })
    if (blocked.length === waiting.length) break
    waiting = blocked
  }
  for (const one of waiting) {
    const other = inTheWayOf(one)
    const when = other ? ` applies ${periodText(other)}` : ' of this batch conflicts'
    refuse(
      one.incoming.line,
      refusal('startsOn', 'period_overlap', `Another ${one.after.businessLine} assignment of this customer${when}.`),
    )
  }
  return accepted
}

/** Accepts what leaves its keeper with no more customers than they can keep. */
export async function acceptWithinCapacity(
  db: Db,
  wanted: readonly AssignmentRequest[],
  stored: readonly StoredAssignment[],
  staff: ReadonlyMap<string, StaffReference>,
  refuse: (line: number, refused: FeedRefusal) => void,
): Promise<readonly AssignmentRequest[]> {
  const begins = wanted.filter(
    ({ before, after }) =>
      after.state !== 'cancelled' && (!before || before.state === 'cancelled' || before.staffId !== after.staffId),
  )
  if (begins.length === 0) return wanted
  const from = begins
    .map(({ after }) => after.startsOn)
    .reduce<Day>((one, other) => (other < one ? other : one), begins[0]!.after.startsOn)
  const loads = new Map(
    await countAssignedCustomers(
      db,
      begins.map(({ after }) => after.staffId),
      from,
    ),
  )
  return wanted.filter((one) => {
    if (!begins.includes(one)) return true
    const { row, line } = one.incoming
    const { staffId, customerId } = one.after
    const more = isAssignedFrom(
      stored.filter((other) => other.customerId === customerId && other.id !== one.after.id),
      staffId,
      from,
    )
      ? 0
      : 1
    const has = loads.get(staffId)!
    const problem = capacityProblem({ has, capacity: staff.get(row.staffNumber)!.customerCapacity }, more)
    loads.set(staffId, has + more)
    if (problem !== undefined)
      refuse(
        line,
        refusal('staffNumber', 'conflict', `${problem} Use assignCustomer, which takes a reason for exceeding the capacity.`),
      )
    return problem === undefined
  })
}
