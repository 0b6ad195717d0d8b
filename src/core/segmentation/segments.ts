import { DomainError } from '../kernel/errors.ts'
import { stateMachine } from '../kernel/state-machine.ts'

export const segmentKinds = ['dynamic', 'static'] as const
export type SegmentKind = (typeof segmentKinds)[number]
export const segmentStates = ['draft', 'active', 'retired'] as const
export type SegmentState = (typeof segmentStates)[number]
/** Why a stay in a segment ended: the rule, somebody’s list, the customer’s record, the segment itself; one that is reconstructed goes on as one that was recorded. */
export const leavingReasons = ['rule', 'removed', 'closed', 'deceased', 'retired', 'continued'] as const
export type LeavingReason = (typeof leavingReasons)[number]

export const segmentMachine = stateMachine({
  subject: 'segment',
  called: 'segment',
  initial: 'draft',
  states: {
    draft: { description: 'Defined, without members.' },
    active: { description: 'Has members.' },
    retired: { description: 'Has no members any more; its history stays.', final: true },
  },
  transitions: {
    activate: {
      from: ['draft'],
      to: 'active',
      description: 'Gives a segment members.',
      operation: 'activateSegment',
      permission: 'segment:write',
      guard: 'All active rules together are cheap enough for a refresh.',
    },
    retire: {
      from: ['draft', 'active'],
      to: 'retired',
      description: 'Ends a segment; its members leave.',
      operation: 'retireSegment',
      permission: 'segment:write',
      guard: 'No other segment and no policy uses it.',
    },
  },
})

/** Refuses to retire what others rest on. Throws `in_use` that names them. */
export function requireUnused(users: readonly string[]): void {
  if (users.length > 0)
    throw new DomainError(
      'in_use',
      `In use by ${users
        .slice(0, 10)
        .map((name) => `“${name}”`)
        .join(', ')}.`,
    )
}
