import { overlaps, type Period, periodText } from '../kernel/periods.ts'
import { type AssignmentState, endingOf, type AssignableStaff, requireActiveStaff, stateOn } from './assignments.ts'
import type { Day } from '../kernel/calendar.ts'
import { refuseField } from '../kernel/errors.ts'

/** Duties in a maintenance team (维护小组). */
export const teamDuties = ['relationship_manager', 'product_specialist', 'risk_officer', 'adviser', 'planner'] as const
export type TeamDuty = (typeof teamDuties)[number]

/** Members of one team, now and planned: whoever is in it sees the customer, and the list is read with each of them. Ours to choose. */
const MAX_MEMBERS = 20

export interface StoredMember extends Period {
  readonly id: string
  readonly staffId: string
  readonly duty: TeamDuty
  readonly state: AssignmentState
}

export interface NewMember extends Period {
  readonly staff: AssignableStaff
  readonly duty: TeamDuty
}

/**
 * Whether somebody may join a team for a period. Throws `invalid_input` for a period that ends before it begins, `outside_period` for one that has begun,
 * `conflict` for somebody who is not at work, lacks the role of the duty or finds the team full, and `period_overlap` where they have the duty already.
 */
export function requireMember({ staff, duty, startsOn, endsOn }: NewMember, existing: readonly StoredMember[], today: Day): void {
  if (endsOn !== null && endsOn <= startsOn)
    throw refuseField('invalid_input', 'endsOn', 'period', 'The end must be after the start.')
  if (startsOn < today)
    throw refuseField('outside_period', 'startsOn', 'outside_period', 'A team membership must start today or later.')
  requireActiveStaff(staff, startsOn)
  if (duty === 'relationship_manager' && !staff.roles.includes('relationship_manager'))
    throw refuseField('conflict', 'duty', 'role', 'The staff member is not a relationship manager.')
  const others = existing.filter(({ state, endsOn: end }) => state !== 'cancelled' && (end === null || end > today))
  const same = others.find((one) => one.staffId === staff.id && one.duty === duty && overlaps(one, { startsOn, endsOn }))
  if (same)
    throw refuseField(
      'period_overlap',
      'startsOn',
      'period_overlap',
      `The staff member already has this duty in the team ${periodText(same)}.`,
    )
  if (others.length >= MAX_MEMBERS)
    throw refuseField('conflict', 'customerId', 'team_full', `A team can have at most ${MAX_MEMBERS} members.`)
}

/**
 * What a place in a team becomes when it is ended: the first day on which it holds no more, today where none is given; or that it is taken back, where it
 * would have held on no day. Throws `already_closed`, and `outside_period` for a day gone by or one after the end that was set.
 */
export function endedMember(
  member: StoredMember,
  endsOn: Day | undefined,
  today: Day,
): { readonly state: AssignmentState; readonly endsOn: Day | null } {
  const ending = endingOf(member, endsOn, today)
  if ('status' in ending || ending.endsOn <= member.startsOn) return { state: 'cancelled', endsOn: member.endsOn }
  if (member.endsOn !== null && ending.endsOn > member.endsOn)
    throw refuseField('outside_period', 'endsOn', 'outside_period', `It already ends on ${member.endsOn}.`)
  return { state: stateOn({ startsOn: member.startsOn, endsOn: ending.endsOn }, today), endsOn: ending.endsOn }
}
