import type { FeedEntity } from '../../core/feeds/imports.ts'
import type { FeedOutcome, FeedRefusal, FeedRow, FeedWarning } from '../../core/kernel/feed.ts'
import { readRow } from '../../core/feeds/read-row.ts'
import {
  defaultPlaceholders,
  type PlaceholderPolicy,
  type Placeholders,
  placeholdersOf,
} from '../../core/kernel/unusable-values.ts'
import { policyOn } from '../../db/platform/policies.ts'
import { fromCsv } from '../../core/feeds/rows.ts'
import type { Context } from '../platform/operation.ts'

/** A record of the stream: its fields as sent, or why it could not be read. `raw` is the record itself. */
export type SentRow =
  | { readonly line: number; readonly raw: string; readonly fields: Readonly<Record<string, unknown>> }
  | {
      readonly line: number
      readonly raw: string
      readonly error: { readonly field?: string; readonly code: string; readonly message: string }
    }

/** What the bank takes for no value today. */
export async function placeholdersToday({ inTransaction, today }: Context): Promise<Placeholders> {
  const policy = await inTransaction(({ db }) => policyOn<PlaceholderPolicy>(db, 'placeholder', '', today))
  return placeholdersOf(policy?.definition ?? defaultPlaceholders)
}

export interface Reject {
  readonly line: number
  /** 0 where the row was rejected, else the number of the warning within its row. */
  readonly warning: number
  readonly raw: string
  readonly field?: string | undefined
  readonly code: string
  readonly message: string
}

/** Rows that were read and checked against their schema. */
export interface Batch {
  readonly sent: readonly SentRow[]
  readonly good: readonly FeedRow<unknown>[]
  readonly bad: readonly Reject[]
  /** By line. */
  readonly warnings: ReadonlyMap<number, readonly FeedWarning[]>
}

export function check(of: FeedEntity, batch: readonly SentRow[], format: 'csv' | 'ndjson', placeholders: Placeholders): Batch {
  const good: FeedRow<unknown>[] = []
  const bad: Reject[] = []
  const warnings = new Map<number, readonly FeedWarning[]>()
  for (const sent of batch) {
    const { line, raw } = sent
    if ('error' in sent) {
      bad.push({ line, warning: 0, raw, ...sent.error })
      continue
    }
    const fields = format === 'csv' ? fromCsv(of, sent.fields as Record<string, string>) : sent.fields
    const read = readRow(of, fields, placeholders)
    if ('refusal' in read) {
      bad.push({ line, warning: 0, raw, ...read.refusal })
      continue
    }
    good.push({ line, row: read.row })
    if (read.warnings.length > 0) warnings.set(line, read.warnings)
  }
  return { sent: batch, good, bad, warnings }
}

export function refusedOf(outcomes: readonly FeedOutcome[], batch: readonly SentRow[]): Reject[] {
  const refusals = outcomes.filter((one): one is { readonly line: number; readonly refusal: FeedRefusal } => 'refusal' in one)
  if (refusals.length === 0) return []
  const raw = new Map(batch.map((sent) => [sent.line, sent.raw]))
  return refusals.map(({ line, refusal }) => ({ line, warning: 0, raw: raw.get(line) ?? '', ...refusal }))
}

/** The warnings of rows that were taken, in the order of their lines. */
export function warningsOf(
  outcomes: readonly FeedOutcome[],
  read: ReadonlyMap<number, readonly FeedWarning[]>,
  batch: readonly SentRow[],
): readonly Reject[] {
  const byLine = new Map(
    outcomes.flatMap((one) => {
      const all = 'outcome' in one ? [...(read.get(one.line) ?? []), ...(one.warnings ?? [])] : []
      return all.length > 0 ? [[one.line, all] as const] : []
    }),
  )
  if (byLine.size === 0) return []
  return batch.flatMap(({ line, raw }) =>
    (byLine.get(line) ?? []).map((warning, at) => ({ line, warning: at + 1, raw, ...warning })),
  )
}
