import { type FeedOutcome, type FeedRefusal, type FeedRow, type FeedWarning, refusal } from './feed.ts'

/** A row with the instant at which it held. Such ISO texts compare in order of time. */
export interface Incoming<T> {
  readonly line: number
  readonly row: T
  readonly asOf: string
  /** Whether the sender named the instant; else it is the time of receipt. */
  readonly dated: boolean
}

type Settled = 'created' | 'updated' | 'unchanged' | 'superseded'

/** Collects what becomes of each line of a batch. */
export interface Outcomes {
  refuse(line: number, refusal: FeedRefusal): void
  settle(line: number, outcome: Settled, id: string, customerId?: string, changed?: readonly string[]): void
  refused(line: number): FeedRefusal | undefined
  /** Notes what was left out of a row that is otherwise taken. */
  warn(line: number, warning: FeedWarning): void
  /** One for each row, in the order given. Throws where a line was forgotten. */
  list(): readonly FeedOutcome[]
}

export function collectOutcomes(rows: readonly FeedRow<unknown>[]): Outcomes {
  const byLine = new Map<number, FeedOutcome>()
  const warned = new Map<number, FeedWarning[]>()
  return {
    refuse: (line, refusal) => void byLine.set(line, { line, refusal }),
    settle: (line, outcome, id, customerId, changed) =>
      void byLine.set(line, { line, outcome, id, ...(customerId !== undefined && { customerId }), ...(changed && { changed }) }),
    refused(line) {
      const outcome = byLine.get(line)
      return outcome && 'refusal' in outcome ? outcome.refusal : undefined
    },
    warn(line, warning) {
      const known = warned.get(line)
      if (known) known.push(warning)
      else warned.set(line, [warning])
    },
    list: () =>
      rows.map(({ line }) => {
        const outcome = byLine.get(line)
        if (!outcome) throw new Error('A feed row has no outcome.')
        const warnings = warned.get(line)
        return warnings && 'outcome' in outcome ? { ...outcome, warnings } : outcome
      }),
  }
}

/** Separates the parts of a key: names from outside hold no line feed. */
export function keyOf(...parts: readonly string[]): string {
  return parts.join('\n')
}

// A row from the future would shut out every later one; a system's clock or time zone may be off by less than this.
const MAX_CLOCK_SKEW_MS = 86_400_000

/** Gives each row its instant. Refuses rows that claim to hold from more than a day after now. */
export function receive<T extends { readonly asOf?: string | undefined }>(
  rows: readonly FeedRow<T>[],
  now: Date,
  outcomes: Outcomes,
): Incoming<T>[] {
  const received = now.toISOString()
  const latest = new Date(now.getTime() + MAX_CLOCK_SKEW_MS).toISOString()
  return rows.flatMap(({ line, row }) => {
    const asOf = row.asOf ?? received
    if (asOf > latest) {
      outcomes.refuse(line, refusal('asOf', 'invalid_input', 'asOf must not be in the future.'))
      return []
    }
    return [{ line, row, asOf, dated: row.asOf !== undefined }]
  })
}

/**
 * The row as it counts against what is stored; undefined where that is newer. Without an instant of its own a row holds as it arrives: of two requests
 * at once the later to come counts.
 */
export function countingRow<R extends Incoming<unknown>>(row: R, storedAsOf: string | undefined): R | undefined {
  if (storedAsOf === undefined || row.asOf >= storedAsOf) return row
  return row.dated ? undefined : { ...row, asOf: storedAsOf }
}

/**
 * Applies rows in rounds, each of which holds what may be written together. A round settles or refuses rows and answers the rest, in the order of their
 * lines. So the result of a file is that of its rows sent one by one, however it is cut into batches.
 */
export async function applyInRounds<T extends { readonly asOf?: string | undefined }>(
  rows: readonly FeedRow<T>[],
  now: Date,
  round: (incoming: readonly Incoming<T>[], outcomes: Outcomes) => Promise<readonly Incoming<T>[]>,
): Promise<readonly FeedOutcome[]> {
  const outcomes = collectOutcomes(rows)
  let waiting: readonly Incoming<T>[] = receive(rows, now, outcomes)
  while (waiting.length > 0) {
    const later = await round(waiting, outcomes)
    if (later.length >= waiting.length) throw new Error('A round must settle at least one row.')
    waiting = later
  }
  return outcomes.list()
}

/** The first row of each thing; those that follow wait for the next round. For things that do not touch each other. */
export function firstOfEach<R>(
  rows: readonly R[],
  key: (row: R) => string,
): { readonly first: ReadonlyMap<string, R>; readonly later: readonly R[] } {
  const first = new Map<string, R>()
  const later = rows.filter((row) => {
    const name = key(row)
    if (first.has(name)) return true
    first.set(name, row)
    return false
  })
  return { first, later }
}

/**
 * The rows up to the first one that touches what an earlier one touches: their names and codes, say. That one and all that follow wait for the next round, as do
 * those after a row that stands `alone`.
 */
export function untilTouched<R>(
  rows: readonly R[],
  keysOf: (row: R) => readonly string[],
  alone: (row: R) => boolean,
): { readonly first: readonly R[]; readonly later: readonly R[] } {
  const touched = new Set<string>()
  let count = 0
  for (const row of rows) {
    const keys = keysOf(row)
    if (count > 0 && (alone(row) || keys.some((key) => touched.has(key)))) break
    count++
    if (alone(row)) break
    for (const key of keys) touched.add(key)
  }
  return { first: rows.slice(0, count), later: rows.slice(count) }
}

/** Groups by key, keeping the order of first appearance and of the rows within. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const name = key(item)
    const group = groups.get(name)
    if (group) group.push(item)
    else groups.set(name, [item])
  }
  return groups
}

/** Tells whether two stored forms differ in any of the fields. */
export function hasChanged<T extends object>(one: T, other: T, fields: readonly (keyof T)[]): boolean {
  return fields.some((field) => {
    const [a, b] = [one[field], other[field]]
    return Array.isArray(a) && Array.isArray(b) ? a.length !== b.length || a.some((entry, index) => entry !== b[index]) : a !== b
  })
}
