import { Readable } from 'node:stream'
import fc from 'fast-check'
import { readRows, type RowOptions } from '../../src/rest/streams/read-rows.ts'
import { isImportRefusal, type ImportRefusal } from '../../src/rest/streams/refusal.ts'
import type { ParsedRow } from '../../src/rest/streams/rows.ts'

export interface Outcome {
  readonly rows: readonly ParsedRow[]
  readonly header: readonly string[] | undefined
  readonly refusal: ImportRefusal | undefined
}

export const columns = ['a', 'b', 'c']

/** Reads a whole body and tells rows and refusal apart; an error of another kind is thrown on. */
export async function outcomeOf(
  body: Readable | string | Buffer | readonly Buffer[],
  options: Partial<RowOptions> = {},
): Promise<Outcome> {
  const chunks = typeof body === 'string' ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : body
  const source = chunks instanceof Readable ? chunks : Readable.from(chunks)
  const rows: ParsedRow[] = []
  let header: readonly string[] | undefined
  try {
    const stream = readRows(source, { contentType: 'text/csv', columns, ...options })
    for await (const batch of stream) {
      rows.push(...batch)
      header = stream.header()
    }
    return { rows, header: stream.header(), refusal: undefined }
  } catch (error) {
    if (!isImportRefusal(error)) throw error
    return { rows, header, refusal: error }
  }
}

/** Fields of good rows and codes of bad ones, by line. */
export function summary(rows: readonly ParsedRow[]): readonly (readonly unknown[])[] {
  return rows.map((row) =>
    'error' in row
      ? [row.line, row.error.code, ...(row.error.field === undefined ? [] : [row.error.field])]
      : [row.line, row.fields],
  )
}

export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = Math.max(1, sizes[index % sizes.length] ?? 1)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

/** How a body is cut on its way and into what blocks it is gathered. */
export const cuts = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
  blockBytes: fc.integer({ min: 3, max: 50 }),
})
