import { DomainError } from '../kernel/errors.ts'
import { stateMachine } from '../kernel/state-machine.ts'

/** What is asked for: the kind of thing that waits for a decision. */
export const approvalKinds = ['tier_override'] as const
export type ApprovalKindName = (typeof approvalKinds)[number]

export const approvalStates = ['pending', 'approved', 'declined', 'withdrawn'] as const
export type ApprovalState = (typeof approvalStates)[number]

export const approvalMachine = stateMachine({
  subject: 'approval_request',
  called: 'request',
  initial: 'pending',
  states: {
    pending: { description: 'Waits for a decision.' },
    approved: { description: 'Approved; what was asked for has taken effect.', final: true },
    declined: { description: 'Declined.', final: true },
    withdrawn: { description: 'Withdrawn by the requester before a decision.', final: true },
  },
  transitions: {
    approve: {
      from: ['pending'],
      to: 'approved',
      description: 'Approves it; it takes effect at once.',
      operation: 'approveRequest',
      permission: 'approval:decide',
      guard: 'The approver is another person than the requester, and holds the permission of what is asked for.',
    },
    decline: {
      from: ['pending'],
      to: 'declined',
      description: 'Declines it, with a note.',
      operation: 'declineRequest',
      permission: 'approval:decide',
      guard: 'The decision is made by another person than the requester.',
    },
    withdraw: {
      from: ['pending'],
      to: 'withdrawn',
      description: 'Takes it back.',
      operation: 'withdrawRequest',
      permission: 'approval:request',
      guard: 'Only the requester withdraws a request.',
    },
  },
})

/** Two people decide: whoever asked does not. Throws `conflict`. */
export function requireAnotherPerson(requestedBy: string, deciderId: string | undefined): void {
  if (deciderId === undefined)
    throw new DomainError('conflict', 'Only a staff member decides on a request, not a machine client.')
  if (deciderId === requestedBy)
    throw new DomainError('conflict', 'Another person than the requester must decide on a request.', [
      { pointer: '/approvalRequestId', rule: 'four_eyes', message: 'You have made this request yourself.' },
    ])
}

/** Throws `conflict` for anybody but the requester. */
export function requireRequester(requestedBy: string, staffId: string | undefined): void {
  if (staffId !== requestedBy)
    throw new DomainError('conflict', 'Only the requester withdraws a request.', [
      { pointer: '/approvalRequestId', rule: 'requester', message: 'This request was made by somebody else.' },
    ])
}
