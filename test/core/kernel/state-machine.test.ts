import { describe, expect, test } from 'vitest'
import { requireNotFinal, stateAfter, stateMachine } from '../../../src/core/kernel/state-machine.ts'
import { stateMachines } from '../../../src/core/state-machines.ts'
import { operations } from '../../../src/operations/all.ts'
import { refusalOf } from '../refusals.ts'

const step = (from: readonly string[], to: string) => ({ from, to, description: 'A step.', permission: 'system:run' as const })
const machine = (states: object, transitions: object) =>
  stateMachine({ subject: 'door', called: 'door', initial: 'open', states, transitions } as never)

const door = stateMachine({
  subject: 'door',
  called: 'door',
  initial: 'open',
  states: { open: { description: 'Open.' }, shut: { description: 'Shut.' }, walled_up: { description: 'Gone.', final: true } },
  transitions: {
    shut: { from: ['open'], to: 'shut', description: 'Shut it.', permission: 'policy:write' },
    wallUp: { from: ['open', 'shut'], to: 'walled_up', description: 'Wall it up.', permission: 'policy:write' },
  },
})

describe('a state machine', () => {
  test('is refused where it is defined with a state that nothing reaches', () => {
    expect(() => machine({ open: {}, shut: { final: true }, lost: { final: true } }, { shut: step(['open'], 'shut') })).toThrow(
      'nothing reaches the state lost',
    )
  })

  test('is refused with a final state that is left, and one that is neither final nor left', () => {
    expect(() =>
      machine({ open: {}, shut: { final: true } }, { shut: step(['open'], 'shut'), open: step(['shut'], 'open') }),
    ).toThrow('the final state shut is left')
    expect(() => machine({ open: {}, shut: {} }, { shut: step(['open'], 'shut') })).toThrow('nothing leaves the state shut')
  })

  test('is refused with a transition of an unknown state', () => {
    expect(() => machine({ open: { final: true } }, { shut: step(['ajar'], 'open') })).toThrow('unknown state ajar')
  })

  test('leads from state to state, and refuses what does not lead from where a thing is', () => {
    expect(stateAfter(door, 'open', 'shut')).toBe('shut')
    expect(stateAfter(door, 'shut', 'wallUp')).toBe('walled_up')
    expect(refusalOf(() => stateAfter(door, 'shut', 'shut'))).toMatchObject({
      code: 'conflict',
      message: 'This door is already shut: it must be open.',
    })
    expect(refusalOf(() => stateAfter(door, 'walled_up', 'shut'))).toMatchObject({ code: 'already_closed' })
    expect(refusalOf(() => requireNotFinal(door, 'walled_up'))).toMatchObject({
      code: 'already_closed',
      message: 'This door is walled up.',
    })
    expect(() => requireNotFinal(door, 'shut')).not.toThrow()
  })
})

describe('the state machines of the service', () => {
  test('name operations that there are, with the permissions that those require', () => {
    for (const { subject, transitions } of stateMachines)
      for (const [name, { operation, permission }] of Object.entries(transitions)) {
        const known = operations.find((one) => one.name === operation)
        if (operation === undefined) expect(permission, `${subject} ${name}`).toBe('system:run')
        else expect(known?.permission, `${subject} ${name}: ${operation}`).toBe(permission)
      }
  })
})
