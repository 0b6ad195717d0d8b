import { DomainError } from '../kernel/errors.ts'

export const segmentKinds = ['dynamic', 'static'] as const
export type SegmentKind = (typeof segmentKinds)[number]
export const segmentStates = ['draft', 'active', 'retired'] as const
export type SegmentState = (typeof segmentStates)[number]
/** Why a stay in a segment ended: the rule, somebody’s list, the customer’s record, the segment itself. */
export const leavingReasons = ['rule', 'removed', 'closed', 'retired'] as const
export type LeavingReason = (typeof leavingReasons)[number]

/** Refuses what a retired segment does no more. Throws `already_closed`. */
export function requireUnretired(state: SegmentState): void {
  if (state === 'retired') throw new DomainError('already_closed', 'This segment is retired.')
}

/** Refuses to make a draft active twice. Throws `conflict` and `already_closed`. */
export function requireDraft(state: SegmentState): void {
  requireUnretired(state)
  if (state === 'active') throw new DomainError('conflict', 'This segment is already active.')
}

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
