import { createHash } from 'node:crypto'
import type { z } from 'zod'
import { DomainError, type InputProblem } from '../../core/kernel/errors.ts'
import { required } from '../../core/kernel/messages.ts'
import type { Selection } from '../../db/platform/views/view.ts'
import type { Operation } from './operation.ts'

/** Checks the input against the operation's schema. Throws `invalid_input` with every problem as a JSON Pointer and a rule. */
export function parseInput(operation: Pick<Operation, 'input'>, input: unknown): z.output<z.ZodObject> {
  const result = operation.input.safeParse(input)
  const unstorable = result.success ? unstorableTexts(result.data, []) : []
  if (result.success && unstorable.length === 0) return result.data
  throw invalidInput(result.success ? unstorable : result.error.issues.flatMap(problemsOf))
}

/** The refusal of an input for what is wrong with it: a currency that is not known has a code of its own, here as in imports. */
export function invalidInput(problems: readonly InputProblem[]): DomainError {
  const named = problems.slice(0, 100)
  return problems.length > 0 && problems.every(({ rule }) => rule === 'unknown_currency')
    ? new DomainError('unknown_currency', 'Unknown currency.', named)
    : new DomainError('invalid_input', 'The input is not valid.', named)
}

/** No text of the database can hold a NUL character or half of a surrogate pair, whatever field it stands in. */
function unstorableTexts(value: unknown, path: readonly PropertyKey[]): InputProblem[] {
  if (typeof value === 'string') {
    const pointer = pointerOf(path)
    if (value.includes('\0')) return [{ pointer, rule: 'nul_character', message: 'NUL characters cannot be stored.' }]
    return value.isWellFormed()
      ? []
      : [{ pointer, rule: 'invalid_unicode', message: 'An unpaired surrogate is not a character.' }]
  }
  if (value === null || typeof value !== 'object' || value instanceof Date) return []
  return Object.entries(value).flatMap(([key, inner]) => unstorableTexts(inner, [...path, key]))
}

export function problemsOf(issue: z.core.$ZodIssue): InputProblem[] {
  const at = pointerOf(issue.path)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key]),
      rule: 'unknown_field',
      message: 'Unknown field.',
    }))
  return [
    {
      pointer: at,
      rule:
        issue.message === required
          ? 'required'
          : issue.code === 'custom'
            ? String(issue.params?.['rule'] ?? 'custom')
            : issue.code,
      message: issue.message,
    },
  ]
}

export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A cursor belongs to the filter and order it was made for, not to the page it points behind. */
export function cursorFingerprint(input: Record<string, unknown>): string {
  const { cursor: _cursor, limit: _limit, includeTotal: _includeTotal, ...filter } = input
  return createHash('sha256').update(canonical(filter)).digest('base64url')
}

/**
 * What a request must have in common with an earlier one of the same operation to be the same: its input as it was sent, before a version of the service adds defaults to it, and
 * the fields that the caller selected, where it was the caller who did.
 */
export function fingerprintOf(sent: unknown, selected: Selection | undefined): Buffer {
  return createHash('sha256')
    .update(canonical(sent))
    .update('\n')
    .update(canonical(selected && selectionShape(selected)) ?? '')
    .digest()
}

function selectionShape(selection: Selection): unknown {
  return [...selection].map(([key, { name, input, selection: inner }]) => [key, name, input, selectionShape(inner)])
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint'
      ? inner.toString()
      : inner && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
  )
}
