import type { Day } from './calendar.ts'
import type { DomainError } from './errors.ts'
import { refuseField } from './errors.ts'
import { reachOf, type Role } from './permissions.ts'

/** A staff member as a delegation sees one. */
export interface Delegate {
  readonly id: string
  readonly roles: readonly Role[]
  readonly status: 'active' | 'inactive'
}

export interface DelegationRequest {
  readonly absent: Delegate
  readonly deputy: Delegate
  /** `[startsOn, endsOn)`. */
  readonly startsOn: Day
  readonly endsOn: Day
  readonly today: Day
  /** Whether the absent one covers for the deputy in some of the period. */
  readonly reverse: boolean
}

/** Why a delegation is refused, or undefined: a deputy who is somebody else, active and sees customers by portfolio (others would gain nothing); a period to come; no circle. */
export function delegationRefusal({
  absent,
  deputy,
  startsOn,
  endsOn,
  today,
  reverse,
}: DelegationRequest): DomainError | undefined {
  if (absent.id === deputy.id) return refuseField('conflict', 'deputyId', 'self', 'Nobody covers for themselves.')
  if (endsOn <= startsOn) return refuseField('invalid_input', 'endsOn', 'period', 'The end must lie after the beginning.')
  if (startsOn < today) return refuseField('outside_period', 'startsOn', 'past', 'A delegation cannot begin in the past.')
  if (deputy.status !== 'active' || reachOf(deputy.roles, 'customer:read') !== 'portfolio') {
    return refuseField(
      'conflict',
      'deputyId',
      'role',
      'The deputy must be an active relationship manager who sees customers by portfolio, not by branch.',
    )
  }
  if (reverse) return refuseField('cycle', 'deputyId', 'cycle', 'They cover for the deputy in part of this period.')
  return undefined
}
