import { type FeedOutcome, type FeedRefusal, type FeedRow, refusal } from './feed.ts'

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
  settle(line: number, outcome: Settled, id: string, customerId?: string): void
  refused(line: number): FeedRefusal | undefined
  /** One for each row, in the order given. Throws where a line was forgotten. */
  list(): readonly FeedOutcome[]
}

export function collectOutcomes(rows: readonly FeedRow<unknown>[]): Outcomes {
  const byLine = new Map<number, FeedOutcome>()
  return {
    refuse: (line, refusal) => void byLine.set(line, { line, refusal }),
    settle: (line, outcome, id, customerId) =>
      void byLine.set(line, { line, outcome, id, ...(customerId !== undefined && { customerId }) }),
    refused(line) {
      const outcome = byLine.get(line)
      return outcome && 'refusal' in outcome ? outcome.refusal : undefined
    },
    list: () =>
      rows.map(({ line }) => {
        const outcome = byLine.get(line)
        if (!outcome) throw new Error('A feed row has no outcome.')
        return outcome
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

/** What is left of several rows for the same thing: the one that counts, and those that do not. */
export interface Collapsed<T> {
  /** The newest by `asOf`, of equal ones the last line; undefined where what is stored is newer than all. */
  readonly winner?: Incoming<T>
  readonly others: readonly { readonly line: number; readonly outcome: 'superseded' | 'unchanged' }[]
}

/**
 * Decides which of the rows for one thing (in the order of their lines) counts. The others are `superseded`, or `unchanged` where they say the same.
 * With `merge` the winner gains the fields that only earlier rows name, which those would have brought one by one: the result does not
 * depend on how a feed is cut into batches.
 */
export function collapse<T extends object>(
  rows: readonly Incoming<T>[],
  storedAsOf: string | undefined,
  combine: 'merge' | 'replace',
): Collapsed<T> {
  let newest = storedAsOf ?? ''
  const counting = rows.flatMap((row) => {
    // Without an instant of its own a row says what holds as it arrives: of two requests at once the later to come counts.
    const asOf = !row.dated && row.asOf < newest ? newest : row.asOf
    if (asOf < newest) return []
    newest = asOf
    return [asOf === row.asOf ? row : { ...row, asOf }]
  })
  const last = counting.at(-1)
  if (rows.length === 1) return last ? { winner: last, others: [] } : { others: [{ line: rows[0]!.line, outcome: 'superseded' }] }
  const content = last && contentOf(last.row)
  const others = rows.flatMap((row) => {
    if (row.line === last?.line) return []
    const same = contentOf(row.row) === content && row.asOf >= (storedAsOf ?? '')
    return [{ line: row.line, outcome: same ? ('unchanged' as const) : ('superseded' as const) }]
  })
  if (!last) return { others }
  const row = combine === 'merge' ? Object.assign({}, ...counting.map((one) => one.row)) : last.row
  return { winner: { ...last, row }, others }
}

function contentOf(row: object): string {
  return JSON.stringify(Object.entries({ ...row, asOf: '' }).sort(([a], [b]) => (a < b ? -1 : 1)))
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

/** Tells the others of a thing what became of them once the winner's outcome is known: where it was refused, they are refused alike. */
export function completeOutcomes(
  outcomes: Outcomes,
  collapsed: Collapsed<unknown>,
  id: string | undefined,
  customerId?: string,
): void {
  const refused = collapsed.winner && outcomes.refused(collapsed.winner.line)
  for (const { line, outcome } of collapsed.others) {
    if (refused) outcomes.refuse(line, refused)
    else outcomes.settle(line, outcome, id!, customerId)
  }
}

/** Tells whether two stored forms differ in any of the fields. */
export function hasChanged<T extends object>(one: T, other: T, fields: readonly (keyof T)[]): boolean {
  return fields.some((field) => {
    const [a, b] = [one[field], other[field]]
    return Array.isArray(a) && Array.isArray(b) ? a.length !== b.length || a.some((entry, index) => entry !== b[index]) : a !== b
  })
}
