import { type FactName, factNames, facts } from '../facts.ts'
import { type Fact } from '../fact-types.ts'

/** Facts between whose values customers move: those of which all values are known beforehand. */
export const matrixFacts = factNames.filter((name) => {
  const fact: Fact = facts[name]
  return fact.type === 'enum' && fact.values !== undefined
}) as [FactName, ...FactName[]]

export const MAX_MATRIX_SEGMENTS = 20

/**
 * Where a customer stands at one end of a migration: at a value or in a segment; as a customer without one, or one of whom a month-end that was computed later
 * cannot tell; not yet a customer; or a customer no more.
 */
export const migrationStatuses = ['in_state', 'no_state', 'undetermined', 'not_yet_customer', 'left_bank'] as const
export type MigrationStatus = (typeof migrationStatuses)[number]

export interface MigrationMove {
  readonly fromStatus: MigrationStatus
  readonly from: string | null
  readonly toStatus: MigrationStatus
  readonly to: string | null
  readonly customers: number
  readonly aumBefore: bigint
  readonly aumAfter: bigint
  /** Of how many of them holdings could not be converted, for want of a rate. */
  readonly unconvertedBefore: number
  readonly unconvertedAfter: number
  /** Whether any of them stands where a month-end says that was computed later. */
  readonly reconstructedFrom: boolean
  readonly reconstructedTo: boolean
}

/** A cell of the matrix: where customers stood and stand; without a state any one of that status is meant. */
export interface Cell {
  readonly from: { readonly status: MigrationStatus; readonly state: string | undefined }
  readonly to: { readonly status: MigrationStatus; readonly state: string | undefined }
}

const orderOf = (status: MigrationStatus, state: string | null, states: readonly string[]): number =>
  status === 'in_state' ? states.indexOf(state!) : states.length + migrationStatuses.indexOf(status)

/** Moves in the order of the states, from and then to; those without one come last. */
export function orderedMoves(moves: readonly MigrationMove[], states: readonly string[]): readonly MigrationMove[] {
  const key = (move: MigrationMove): number =>
    orderOf(move.fromStatus, move.from, states) * (states.length + migrationStatuses.length) +
    orderOf(move.toStatus, move.to, states)
  return moves.toSorted((one, other) => key(one) - key(other))
}

/** The values between which customers move, in their order. */
export function statesOf(name: FactName): readonly string[] {
  const fact: Fact = facts[name]
  return fact.values ?? []
}

/** How many stayed where they were, of all who stood somewhere at both ends; a percentage is left to the caller. */
export function stayedShareOf(moves: readonly MigrationMove[]): { readonly stayed: number; readonly both: number } {
  const inState = moves.filter(({ fromStatus, toStatus }) => fromStatus === 'in_state' && toStatus === 'in_state')
  const count = (list: readonly MigrationMove[]): number => list.reduce((sum, one) => sum + one.customers, 0)
  return { stayed: count(inState.filter(({ from, to }) => from === to)), both: count(inState) }
}
