import { requireNotFinal, stateMachine } from '../kernel/state-machine.ts'
import { overlaps, type Period } from '../kernel/periods.ts'
import type { Day } from '../kernel/calendar.ts'
import { DomainError, refuseField } from '../kernel/errors.ts'
import { reachOf, type Role } from '../kernel/permissions.ts'

export const delegationStatuses = ['active', 'revoked'] as const
export type DelegationStatus = (typeof delegationStatuses)[number]

export const delegationMachine = stateMachine({
  subject: 'delegation',
  called: 'delegation',
  initial: 'active',
  states: {
    active: { description: 'Applies within its period.' },
    revoked: { description: 'Revoked before its end; it applies no longer.', final: true },
  },
  transitions: {
    end: {
      from: ['active'],
      to: 'active',
      description: 'Shortens the period; one that would apply on no day is revoked.',
      operation: 'endDelegation',
      permission: 'delegation:write',
      guard: 'The new end is today or later and not after the present end.',
    },
    revoke: {
      from: ['active'],
      to: 'revoked',
      description: 'Ends it immediately.',
      operation: 'revokeDelegation',
      permission: 'delegation:write',
      guard: 'The period has not ended yet.',
    },
  },
})

/** A staff member as a delegation sees one. */
export interface Delegate {
  readonly id: string
  readonly roles: readonly Role[]
  readonly status: 'active' | 'inactive'
  /** First day of work, and first day of no more work. */
  readonly activeFrom: Day | null
  readonly activeUntil: Day | null
}

/** That one covers for the other: `[startsOn, endsOn)`. */
export interface Cover {
  readonly staffId: string
  readonly deputyId: string
  readonly startsOn: Day
  readonly endsOn: Day
}

export interface DelegationRequest {
  readonly absent: Delegate
  readonly deputy: Delegate
  /** `[startsOn, endsOn)`. */
  readonly startsOn: Day
  readonly endsOn: Day
  readonly today: Day
  /** Other delegations that stand in some of the period. */
  readonly existing: readonly Cover[]
}

/** Why a delegation is refused, or undefined: a deputy who is somebody else, at work in all of the period and sees customers by portfolio (others would gain nothing); a period to come; no circle. */
export function delegationRefusal({
  absent,
  deputy,
  startsOn,
  endsOn,
  today,
  existing,
}: DelegationRequest): DomainError | undefined {
  if (absent.id === deputy.id) return refuseField('conflict', 'deputyId', 'self', 'Staff members cannot be their own deputy.')
  if (endsOn <= startsOn) return refuseField('invalid_input', 'endsOn', 'period', 'The end must be after the start.')
  if (startsOn < today) return refuseField('outside_period', 'startsOn', 'past', 'A delegation cannot start in the past.')
  if (deputy.status !== 'active' || reachOf(deputy.roles, 'customer:read') !== 'portfolio') {
    return refuseField(
      'conflict',
      'deputyId',
      'role',
      'The deputy must be an active relationship manager whose scope is a portfolio, not a branch.',
    )
  }
  if (
    (deputy.activeFrom !== null && deputy.activeFrom > startsOn) ||
    (deputy.activeUntil !== null && deputy.activeUntil < endsOn)
  )
    return refuseField('conflict', 'deputyId', 'inactive', 'The deputy does not work here for the whole period.')
  const circle = delegationCycle(existing, { staffId: absent.id, deputyId: deputy.id, startsOn, endsOn })
  if (!circle) return undefined
  const message =
    circle.length === 2
      ? 'This staff member is the deputy’s deputy in part of this period.'
      : `In part of this period a chain of ${circle.length} delegations leads from the deputy back to this staff member: nobody in it would be present.`
  return refuseField('cycle', 'deputyId', 'cycle', message)
}

/** The staff of a circle that another cover would close on some day that all of it shares, beginning with who is away; undefined where there is none. */
export function delegationCycle(existing: readonly Cover[], added: Cover): readonly string[] | undefined {
  const byAbsent = Map.groupBy(existing, ({ staffId }) => staffId)
  const follow = (line: readonly string[], shared: Period & { readonly endsOn: Day }): readonly string[] | undefined => {
    const last = line.at(-1)!
    if (last === added.staffId) return line.slice(0, -1)
    for (const { deputyId, ...period } of byAbsent.get(last) ?? []) {
      if (!overlaps(period, shared) || (line.includes(deputyId) && deputyId !== added.staffId)) continue
      const startsOn = period.startsOn > shared.startsOn ? period.startsOn : shared.startsOn
      const endsOn = period.endsOn < shared.endsOn ? period.endsOn : shared.endsOn
      const found = follow([...line, deputyId], { startsOn, endsOn })
      if (found) return found
    }
    return undefined
  }
  return follow([added.staffId, added.deputyId], added)
}

/** A delegation that may end. */
export interface StoredDelegation {
  readonly status: DelegationStatus
  readonly startsOn: Day
  readonly endsOn: Day
}

/** Throws `already_closed` for a delegation that was taken back or has ended: what was covered stays told as it was. */
export function requireActiveDelegation({ status, endsOn }: StoredDelegation, today: Day): void {
  requireNotFinal(delegationMachine, status)
  if (endsOn <= today) throw new DomainError('already_closed', `This delegation ended on ${endsOn}.`)
}

/**
 * What ends a delegation early: the first day on which it holds no more, today where none is given; or that it is taken back, where it would have held on
 * no day. Throws `already_closed`, and `outside_period` for a day gone by or one after the end that was set.
 */
export function delegationEnding(
  delegation: StoredDelegation,
  wanted: Day | undefined,
  today: Day,
): { readonly status: 'revoked' } | { readonly endsOn: Day } {
  requireActiveDelegation(delegation, today)
  const { startsOn, endsOn } = delegation
  const end = wanted ?? today
  if (end < today || end > endsOn)
    throw refuseField('outside_period', 'endsOn', 'outside_period', `It can end between today and ${endsOn}.`)
  return end <= startsOn ? { status: 'revoked' } : { endsOn: end }
}
