import { type Fact, type FactName, factNames, facts } from '../facts.ts'

/** Facts between whose values customers move: those of which all values are known beforehand. */
export const matrixFacts = factNames.filter((name) => {
  const fact: Fact = facts[name]
  return fact.type === 'enum' && fact.values !== undefined
}) as [FactName, ...FactName[]]

export const MOST_MATRIX_SEGMENTS = 20

/**
 * Where a customer stands at one end of a migration: at a value or in a segment; as a customer without one; not yet a customer; or a customer no more.
 */
export const standings = ['in', 'none', 'not_yet', 'gone'] as const
export type Standing = (typeof standings)[number]

export interface Move {
  readonly fromStanding: Standing
  readonly from: string | null
  readonly toStanding: Standing
  readonly to: string | null
  readonly customers: number
  readonly aumBefore: bigint
  readonly aumAfter: bigint
}

/** A cell of the matrix: where customers stood and stand; without a state any one of that standing is meant. */
export interface Cell {
  readonly from: { readonly standing: Standing; readonly state: string | undefined }
  readonly to: { readonly standing: Standing; readonly state: string | undefined }
}

const orderOf = (standing: Standing, state: string | null, states: readonly string[]): number =>
  standing === 'in' ? states.indexOf(state!) : states.length + standings.indexOf(standing)

/** Moves in the order of the states, from and then to; those without one come last. */
export function orderedMoves(moves: readonly Move[], states: readonly string[]): readonly Move[] {
  const key = (move: Move): number =>
    orderOf(move.fromStanding, move.from, states) * (states.length + standings.length) + orderOf(move.toStanding, move.to, states)
  return moves.toSorted((one, other) => key(one) - key(other))
}

/** The values between which customers move, in their order. */
export function statesOf(name: FactName): readonly string[] {
  const fact: Fact = facts[name]
  return fact.values ?? []
}

/** How many stayed where they were, of all who stood somewhere at both ends; a percentage is left to the caller. */
export function stayedOf(moves: readonly Move[]): { readonly stayed: number; readonly both: number } {
  const stood = moves.filter(({ fromStanding, toStanding }) => fromStanding === 'in' && toStanding === 'in')
  const count = (list: readonly Move[]): number => list.reduce((sum, one) => sum + one.customers, 0)
  return { stayed: count(stood.filter(({ from, to }) => from === to)), both: count(stood) }
}
