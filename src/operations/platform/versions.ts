import { DomainError } from '../../core/kernel/errors.ts'

/** Refuses a change of another version than the one that the caller saw. `actual` is undefined where there is nothing yet. Throws `version_conflict`. */
export function checkVersion(expected: number | undefined, actual: number | undefined): void {
  if (expected !== undefined && expected !== actual)
    throw new DomainError('version_conflict', `Version conflict: current version is ${actual ?? 'none'}, you sent ${expected}.`)
}
