import { stateMachine } from '../kernel/state-machine.ts'
import { addMonths, type Day } from '../kernel/calendar.ts'
import { DomainError } from '../kernel/errors.ts'

export const tierOverrideStates = ['requested', 'active', 'ended', 'declined', 'withdrawn'] as const

export type TierOverrideState = (typeof tierOverrideStates)[number]

export const tierOverrideMachine = stateMachine({
  subject: 'tier_override',
  called: 'override',
  initial: 'requested',
  states: {
    requested: { description: 'Waits for the approval of another person.' },
    active: { description: 'Decides on the tier, until its end.' },
    ended: { description: 'Decides on the tier no longer.', final: true },
    declined: { description: 'Was not approved.', final: true },
    withdrawn: { description: 'Was withdrawn before a decision.', final: true },
  },
  transitions: {
    approve: {
      from: ['requested'],
      to: 'active',
      description: 'Takes effect at once.',
      operation: 'approveRequest',
      permission: 'approval:decide',
      guard: 'Another person approves it, the end is still to come, and the scheme still applies to the customer.',
    },
    decline: {
      from: ['requested'],
      to: 'declined',
      description: 'Is declined.',
      operation: 'declineRequest',
      permission: 'approval:decide',
    },
    withdraw: {
      from: ['requested'],
      to: 'withdrawn',
      description: 'Is withdrawn by the requester.',
      operation: 'withdrawRequest',
      permission: 'approval:request',
    },
    end: {
      from: ['active'],
      to: 'ended',
      description: 'Ends before its last day.',
      operation: 'endTierOverride',
      permission: 'tier:override',
    },
    expire: { from: ['active'], to: 'ended', description: 'Its last day has passed.', permission: 'system:run' },
  },
})

/** Refuses an override that ends today or before, or lasts longer than a year. Throws `outside_period`. */
export function requireOverridePeriod(endsOn: Day, today: Day): void {
  const refuse = (message: string): never => {
    throw new DomainError('outside_period', message, [{ pointer: '/endsOn', rule: 'period', message }])
  }
  if (endsOn <= today) refuse(`An override must end after today: ${endsOn} is not after ${today}.`)
  const latest = addMonths(today, 12)
  if (endsOn > latest) refuse(`An override can last at most a year, until ${latest}.`)
}
