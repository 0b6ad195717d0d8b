/**
 * The names of the fields in which a thing differs from what it was: of a new thing all that it has a value of. Only fields of `after` count, so that it may be
 * what is written instead of the whole. A missing value, null and undefined are the same.
 */
export function changedFields(before: object | undefined, after: object): readonly string[] {
  const was = (before ?? {}) as Readonly<Record<string, unknown>>
  return Object.entries(after).flatMap(([field, value]) => (textOf(was[field]) === textOf(value) ? [] : [field]))
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  if (value instanceof Uint8Array) return `bytes ${value.toString()}`
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner))
}
