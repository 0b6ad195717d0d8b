import type { Day } from '../kernel/calendar.ts'
import { type Period, periodText } from '../kernel/periods.ts'
import type { BusinessLine, CustomerStatus } from './customers.ts'
import { DomainError, refuseField } from '../kernel/errors.ts'
import type { FeedRefusal } from '../kernel/feed.ts'
import type { Role } from '../kernel/permissions.ts'

export const assignmentStates = ['planned', 'current', 'ended', 'cancelled'] as const
export type AssignmentState = (typeof assignmentStates)[number]

/** Where an assignment that is not cancelled stands on a day. */
export function stateOn({ startsOn, endsOn }: Period, today: Day): AssignmentState {
  if (endsOn !== null && endsOn <= today) return 'ended'
  return startsOn > today ? 'planned' : 'current'
}

/**
 * Why an assignment may not begin like this, or undefined. Nobody is assigned for the past: a new one that has ended is refused, and from a
 * person also one that began before today; a feed brings what is running.
 */
export function newPeriodRefusal(period: Period, today: Day, fromPerson: boolean): FeedRefusal | undefined {
  if (period.endsOn !== null && period.endsOn <= today)
    return { field: 'endsOn', code: 'outside_period', message: 'A new assignment must not have ended already.' }
  if (fromPerson && period.startsOn < today)
    return { field: 'startsOn', code: 'outside_period', message: 'An assignment must start today or later.' }
  return undefined
}

/** To whom a customer is assigned in a business line, and when. */
export interface AssignmentTerms extends Period {
  readonly staffId: string
  readonly businessLine: BusinessLine
  readonly state: AssignmentState
}

/**
 * Why an assignment that is there may not become that, or undefined. Days gone by stay as they were: people change of one that has begun
 * only when it will end, and a feed does not give one that has ended to somebody else.
 */
export function changedPeriodRefusal(
  before: AssignmentTerms,
  after: AssignmentTerms,
  today: Day,
  fromPerson: boolean,
): FeedRefusal | undefined {
  const refuse = (field: string, message: string): FeedRefusal => ({ field, code: 'outside_period', message })
  const cancelled = after.state === 'cancelled'
  if (before.state === 'cancelled') return cancelled ? undefined : newPeriodRefusal(after, today, fromPerson)
  const hasEnded = before.endsOn !== null && before.endsOn <= today
  if (!fromPerson) {
    const handsOver = !cancelled && before.staffId !== after.staffId
    if (handsOver && (hasEnded || (after.endsOn !== null && after.endsOn <= today)))
      return refuse('staffNumber', 'The staff member of an ended assignment cannot be changed.')
    return undefined
  }
  if (before.startsOn >= today)
    return !cancelled && before.startsOn !== after.startsOn ? newPeriodRefusal(after, today, true) : undefined
  const since = `This assignment has been active since ${before.startsOn}`
  if (cancelled) return refuse('status', `${since}: it can be ended, but not revoked.`)
  if (before.staffId !== after.staffId)
    return refuse('staffNumber', `${since}: end it and create another one for the other staff member.`)
  if (before.businessLine !== after.businessLine)
    return refuse('businessLine', `${since}: end it and create another one in the other business line.`)
  if (before.startsOn !== after.startsOn) return refuse('startsOn', `${since}: its start day cannot be changed.`)
  if (before.endsOn === after.endsOn) return undefined
  if (hasEnded) return refuse('endsOn', `This assignment ended on ${before.endsOn}: create another one.`)
  return after.endsOn !== null && after.endsOn < today ? refuse('endsOn', 'An assignment must end today or later.') : undefined
}

/**
 * What ends an assignment: the first day on which it holds no more, today where none is given; or that it is taken back, where it would have
 * held on no day. Throws `already_closed`, and `outside_period` for a day gone by.
 */
export function endingOf(
  { state, ...period }: Period & { readonly state: AssignmentState },
  endsOn: Day | undefined,
  today: Day,
): { readonly status: 'cancelled' } | { readonly endsOn: Day } {
  const now = state === 'cancelled' ? state : stateOn(period, today)
  if (now === 'cancelled' || now === 'ended') throw new DomainError('already_closed', `The assignment is already ${now}.`)
  if (endsOn !== undefined && endsOn < today)
    throw refuseField('outside_period', 'endsOn', 'outside_period', 'An assignment must end today or later.')
  if (period.startsOn < today) return { endsOn: endsOn ?? today }
  return endsOn === undefined || endsOn === today ? { status: 'cancelled' } : { endsOn }
}

/** The staff who may keep customers. */
export const assignableRoles = ['relationship_manager', 'teller'] as const

/** An assignment of a customer among the others. */
export interface KnownAssignment extends AssignmentTerms {
  readonly id: string
}

/** Why a customer is not given to somebody; of the day or of the customer. */
export interface AssignmentRefusal {
  readonly about: 'customer' | 'startsOn'
  readonly code: 'conflict' | 'outside_period' | 'period_overlap'
  readonly rule: string
  readonly message: string
}

/** What becomes of the assignment of the relationship manager until then. */
export interface EndedAssignment {
  readonly id: string
  readonly state: AssignmentState
  readonly endsOn: Day | null
}

export type AssignmentChange =
  | { readonly refusal: AssignmentRefusal }
  | { readonly state: 'planned' | 'current'; readonly former: EndedAssignment | undefined }

interface AssignmentRequest {
  readonly staffId: string
  readonly businessLine: BusinessLine
  readonly startsOn: Day
  readonly today: Day
}

/**
 * What an open-ended assignment from a day on changes: the current one ends on that day, and one that would have started on it is cancelled. Refused for a
 * past day, where the customer is already assigned to the same person, and where a planned assignment conflicts.
 */
export function assignmentChange(
  existing: readonly KnownAssignment[],
  { staffId, businessLine, startsOn, today }: AssignmentRequest,
): AssignmentChange {
  const refuse = (
    about: AssignmentRefusal['about'],
    code: AssignmentRefusal['code'],
    rule: string,
    message: string,
  ): AssignmentChange => ({
    refusal: { about, code, rule, message },
  })
  if (startsOn < today)
    return refuse('startsOn', 'outside_period', 'outside_period', 'A customer can be assigned from today or later.')
  const since = existing.filter(
    (one) => one.businessLine === businessLine && one.state !== 'cancelled' && (one.endsOn === null || one.endsOn > startsOn),
  )
  const planned = since.find((one) => one.startsOn > today)
  if (planned)
    return refuse(
      'startsOn',
      'period_overlap',
      'period_overlap',
      `A planned ${businessLine} assignment of this customer applies ${periodText(planned)}: end or revoke it first.`,
    )
  const state = startsOn > today ? 'planned' : 'current'
  const [holder] = since
  if (!holder) return { state, former: undefined }
  if (holder.staffId === staffId)
    return refuse(
      'customer',
      'conflict',
      'already_assigned',
      `The customer is already assigned to this staff member, ${periodText(holder)}.`,
    )
  if (holder.startsOn === startsOn) return { state, former: { id: holder.id, state: 'cancelled', endsOn: holder.endsOn } }
  return {
    state,
    former: { id: holder.id, state: stateOn({ startsOn: holder.startsOn, endsOn: startsOn }, today), endsOn: startsOn },
  }
}

/** Whom somebody keeps, and how many they can. */
export interface CustomerLoad {
  /** Customers assigned on the day or later, planned ones too. */
  readonly has: number
  /** Null where nobody has said. */
  readonly capacity: number | null
}

/** Why so many more customers are too many for somebody, with the numbers, or undefined. */
export function capacityProblem({ has, capacity }: CustomerLoad, more: number): string | undefined {
  if (capacity === null || more === 0 || has + more <= capacity) return undefined
  return `Over capacity: this staff member has ${has} of at most ${capacity} customers, and ${more} more would make ${has + more}.`
}

/** Throws `conflict` where so many more customers are too many for somebody. */
export function requireCapacity(load: CustomerLoad, more: number): void {
  const problem = capacityProblem(load, more)
  if (problem !== undefined) throw refuseField('conflict', 'staffId', 'over_capacity', problem)
}

/** Whether a customer is assigned to somebody on a day or later, in whichever business line. */
export function isAssignedFrom(existing: readonly AssignmentTerms[], staffId: string, from: Day): boolean {
  return existing.some(
    ({ staffId: staff, state, endsOn }) =>
      staff === staffId && (state === 'current' || state === 'planned') && (endsOn === null || endsOn > from),
  )
}

/** What decides whether customers can be assigned to a staff member. */
export interface AssignableStaff {
  readonly id: string
  readonly roles: readonly Role[]
  readonly status: 'active' | 'inactive'
  readonly activeFrom: Day | null
  readonly activeUntil: Day | null
}

interface Problem {
  readonly rule: string
  readonly message: string
}

function activityProblem(
  { status, activeFrom, activeUntil }: Omit<AssignableStaff, 'roles'>,
  startsOn: Day,
): Problem | undefined {
  if (status !== 'active' || (activeUntil !== null && activeUntil <= startsOn))
    return { rule: 'inactive', message: 'The staff member no longer works here on that day.' }
  if (activeFrom !== null && activeFrom > startsOn)
    return { rule: 'inactive', message: `The staff member works here from ${activeFrom}.` }
  return undefined
}

/** Throws `conflict` for somebody who is not at work on the day from which something is expected of them. */
export function requireActiveStaff(staff: Omit<AssignableStaff, 'roles'>, startsOn: Day): void {
  const problem = activityProblem(staff, startsOn)
  if (problem) throw refuseField('conflict', 'staffId', problem.rule, problem.message)
}

/** Why no customers can be assigned to a staff member from that day on, or undefined: in whatever way they are assigned. */
export function assigneeProblem(staff: AssignableStaff, startsOn: Day): Problem | undefined {
  const problem = activityProblem(staff, startsOn)
  if (problem) return problem
  return assignableRoles.some((role) => staff.roles.includes(role))
    ? undefined
    : { rule: 'role', message: 'The staff member is neither a relationship manager nor a teller.' }
}

/** Throws `conflict` for somebody to whom no customers can be assigned from that day on. */
export function requireAssignable(staff: AssignableStaff, startsOn: Day): void {
  const problem = assigneeProblem(staff, startsOn)
  if (problem) throw refuseField('conflict', 'staffId', problem.rule, problem.message)
}

/** Why a customer in this state cannot be assigned to anybody, or undefined: in whatever way. */
export function customerProblem(status: CustomerStatus): Problem | undefined {
  return status === 'active' || status === 'prospect'
    ? undefined
    : { rule: 'customer_status', message: `The customer is ${status}.` }
}
