import type { Readable } from 'node:stream'
import { blocksOf } from './blocks.ts'
import { bodyBytes } from './body.ts'
import { csvGrammar } from './csv.ts'
import { decodedBytes } from './charset.ts'
import { bodyEncoding, type BodyFormat, bodyType } from './media-type.ts'
import { ndjsonGrammar } from './ndjson.ts'
import { recordReader } from './record-reader.ts'
import { defaultRowLimits, type ParsedRow, type RowLimits } from './rows.ts'

export interface RowOptions {
  readonly contentType: string | undefined
  readonly contentEncoding?: string | undefined
  /** All columns that a CSV header may name. */
  readonly columns: ReadonlySet<string> | readonly string[]
  readonly limits?: Partial<RowLimits>
}

/** Batches of rows in the order of the body. To be iterated once. */
export interface RowStream extends AsyncIterable<readonly ParsedRow[]> {
  readonly format: BodyFormat
  /** The columns as the CSV header names them, from the first batch on; undefined for NDJSON. */
  readonly header: () => readonly string[] | undefined
}

const batchRows = 1_000

/**
 * Reads the rows of an import body, CSV or NDJSON, plain or gzip, in constant memory and no faster than they are taken. A bad row is yielded with
 * its error and reading goes on. An `ImportRefusal` ends the reading: thrown at once for an unsupported type or encoding, later by the
 * iteration, always after the rows before it. The body is never destroyed, so that the refusal can be answered; what is unread stays unread.
 */
export function readRows(body: Readable, options: RowOptions): RowStream {
  const limits = { ...defaultRowLimits, ...options.limits }
  const { format, charset, separator } = bodyType(options.contentType)
  const encoding = bodyEncoding(options.contentEncoding)
  const grammar = format === 'csv' ? csvGrammar(new Set(options.columns), limits, separator) : ndjsonGrammar(limits)

  async function* batches(): AsyncGenerator<readonly ParsedRow[], void, undefined> {
    const read = recordReader(grammar, limits)
    for await (const block of blocksOf(decodedBytes(bodyBytes(body, encoding, limits), charset), limits.blockBytes)) {
      const rows: ParsedRow[] = []
      const failure = attempted(() => read(block, rows))
      for (let at = 0; at < rows.length; at += batchRows) yield rows.slice(at, at + batchRows)
      if (failure) throw failure.error
    }
  }

  return { format, header: grammar.header, [Symbol.asyncIterator]: batches }
}

function attempted(action: () => void): { readonly error: unknown } | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return { error }
  }
}
