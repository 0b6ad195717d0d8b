import type { ErrorCode } from './errors.ts'

/** The source of what people enter here, as against what a core-banking system sends. */
export const ownSource = 'guanxi'

/** One row that passed its schema. `line` tells rows of a batch apart and orders them: of two for the same thing with equal `asOf` the later line wins. */
export interface FeedRow<T> {
  readonly line: number
  readonly row: T
}

export interface FeedRefusal {
  readonly field?: string
  readonly code: ErrorCode
  readonly message: string
}

/** What was left out of a row, or looks wrong in it, although the row was taken. */
export interface FeedWarning {
  readonly field: string
  /** The rule that the value breaks. */
  readonly code: string
  readonly message: string
}

/**
 * What became of a row: `superseded` when something newer (by `asOf`) is already there, in the table or in the batch,
 * `unchanged` when it says what is there already.
 */
export type FeedOutcome =
  | {
      readonly line: number
      readonly outcome: 'created' | 'updated' | 'unchanged' | 'superseded'
      readonly id: string
      /** Set for what belongs to a customer. */
      readonly customerId?: string
      /** The names of the fields that an update changed, where the audit log tells them row by row. */
      readonly changed?: readonly string[]
      readonly warnings?: readonly FeedWarning[]
    }
  | { readonly line: number; readonly refusal: FeedRefusal }

export function refusal(field: string, code: ErrorCode, message: string): FeedRefusal {
  return { field, code, message }
}

/** The refusal of a name that stands for nothing, or for something outside the caller's scope. */
export function unknownReference(field: string, what: string, name: string): FeedRefusal {
  return refusal(field, 'unknown_reference', `There is no ${what} "${name}" in your scope.`)
}
