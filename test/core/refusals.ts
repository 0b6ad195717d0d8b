import { DomainError } from '../../src/core/kernel/errors.ts'

/** The code of a refusal, and the pointer and rule of its first problem; undefined where nothing is refused. */
export function refusal(act: () => unknown): readonly [string, string | undefined, string | undefined] | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return [error.code, error.problems[0]?.pointer, error.problems[0]?.rule]
  }
}

/** The refusal itself. Throws where nothing is refused. */
export function refusalOf(act: () => unknown): DomainError {
  try {
    act()
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
  throw new Error('Nothing was refused.')
}
