import { DomainError, type ErrorCode } from './errors.ts'
import type { Permission } from './permissions.ts'

/** One way from a state to another. */
export interface Transition<S extends string> {
  readonly from: readonly S[]
  readonly to: S
  readonly description: string
  /** The command that a caller sends for it; undefined for what the service does by itself. */
  readonly operation?: string
  /** What that command requires; `system:run` for what the service does by itself. */
  readonly permission: Permission
  /** What must hold besides the state, in words; the command checks it. */
  readonly guard?: string
  /** The refusal from another state that is not final; `conflict` where nothing is given. */
  readonly refusal?: ErrorCode
}

interface State {
  readonly description: string
  /** Nothing leads out of it. */
  readonly final?: true
}

/** The life of a kind of thing as data: its states, what leads from one to another, and who may do it. */
export interface StateMachine<S extends string = string, T extends string = string> {
  /** What events and the audit log call the thing. */
  readonly subject: string
  /** How sentences call it, such as `segment`. */
  readonly called: string
  readonly initial: S
  readonly states: Readonly<Record<S, State>>
  readonly transitions: Readonly<Record<T, Transition<S>>>
}

/**
 * Checks a machine once, where it is defined. Throws for a state that nothing reaches, a final state that something leaves, one that is not final and that nothing
 * leaves, and a transition of a state that does not exist.
 */
export function stateMachine<S extends string, T extends string>(machine: StateMachine<S, T>): StateMachine<S, T> {
  const { subject, initial, states, transitions } = machine
  const names = Object.keys(states) as S[]
  const all = Object.entries<Transition<S>>(transitions)
  const fault = (text: string): never => {
    throw new Error(`State machine ${subject}: ${text}`)
  }
  for (const [name, { from, to }] of all)
    for (const state of [...from, to]) if (!names.includes(state)) fault(`transition ${name} names the unknown state ${state}.`)
  const reached = new Set<S>([initial])
  for (let before = 0; before !== reached.size;) {
    before = reached.size
    for (const [, { from, to }] of all) if (from.some((state) => reached.has(state))) reached.add(to)
  }
  for (const state of names) {
    if (!reached.has(state)) fault(`nothing reaches the state ${state}.`)
    const leaves = all.some(([, { from }]) => from.includes(state))
    if (leaves && states[state].final) fault(`the final state ${state} is left.`)
    if (!leaves && !states[state].final) fault(`nothing leaves the state ${state}, which is not final.`)
  }
  return machine
}

/**
 * The state after a transition. Throws `already_closed` for a thing in a final state, and the refusal of the transition for one from whose state it does not lead;
 * both name the state.
 */
export function stateAfter<S extends string, T extends string>(
  { called, states, transitions }: StateMachine<S, T>,
  state: S,
  name: T,
): S {
  const { from, to, refusal = 'conflict' } = transitions[name]
  if (from.includes(state)) return to
  const code = states[state].final ? 'already_closed' : refusal
  const allowed = from.map((one) => one.replaceAll('_', ' ')).join(' or ')
  throw new DomainError(code, `This ${called} is already ${state.replaceAll('_', ' ')}: it must be ${allowed}.`)
}

/** Refuses whatever is not done to a thing in a final state. Throws `already_closed`. */
export function requireNotFinal<S extends string>({ called, states }: StateMachine<S>, state: S): void {
  if (states[state].final) throw new DomainError('already_closed', `This ${called} is ${state.replaceAll('_', ' ')}.`)
}
