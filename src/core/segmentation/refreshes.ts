import { stateMachine } from '../kernel/state-machine.ts'

/** All customers from scratch; those who have changed; all by the facts as they are; or month-ends past, from what is stored of them. */
export const refreshKinds = ['full', 'incremental', 'evaluation', 'history'] as const
export type RefreshKind = (typeof refreshKinds)[number]

/** Why a refresh runs: by the clock, because somebody asked, since customers have changed, or a segment, scheme or policy has. */
export const refreshReasons = ['schedule', 'request', 'import', 'definition'] as const
export type RefreshReason = (typeof refreshReasons)[number]

export const refreshStates = ['queued', 'running', 'done', 'failed'] as const
export type RefreshState = (typeof refreshStates)[number]

export const refreshMachine = stateMachine({
  subject: 'refresh',
  called: 'refresh',
  initial: 'queued',
  states: {
    queued: { description: 'Waits for those requested before it.' },
    running: { description: 'Has committed at least one of its steps.' },
    done: { description: 'Facts and everything based on them are up to date.', final: true },
    failed: { description: 'Could not continue; the steps committed before stay.', final: true },
  },
  transitions: {
    advance: { from: ['queued', 'running'], to: 'running', description: 'A step is committed.', permission: 'system:run' },
    finish: { from: ['queued', 'running'], to: 'done', description: 'The last step is committed.', permission: 'system:run' },
    fail: {
      from: ['queued', 'running'],
      to: 'failed',
      description: 'A step failed in a way that a further attempt would not mend.',
      permission: 'system:run',
    },
  },
})

/** In their order: facts slice by slice, cuts, what rests on the facts, the stays in segments that follow from month-ends past, the end. */
export const refreshSteps = ['facts', 'percentiles', 'evaluation', 'memberships', 'done'] as const
export type RefreshStep = (typeof refreshSteps)[number]
