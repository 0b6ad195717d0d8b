import type { Bind } from './view.ts'

/** An order of a list: what sorts it, ending with what makes rows unique, all in one direction and none null. */
export interface Order {
  readonly name: string
  readonly direction: 'asc' | 'desc'
  readonly keys: (row: string) => readonly { readonly expression: string; readonly cast: string }[]
}

/** Rows beyond the keys of the last one shown. Row comparison holds as all keys run in one direction and none is null. */
export function keysetCondition(
  keys: readonly { readonly expression: string; readonly cast: string }[],
  direction: 'asc' | 'desc',
  after: readonly unknown[],
  bind: (value: unknown) => string,
): string {
  const left = keys.map(({ expression }) => expression).join(', ')
  const right = keys.map(({ cast }, index) => `${bind(after[index])}::${cast}`).join(', ')
  return `(${left}) ${direction === 'asc' ? '>' : '<'} (${right})`
}

/** The condition that a path lies in a subtree, as a range of plain text that an index serves: `/` is followed by `0`. */
export function inSubtree(path: string, prefix: string, bind: Bind): string {
  return `${path} >= ${bind(prefix)}::text and ${path} < ${bind(`${prefix.slice(0, -1)}0`)}::text`
}
