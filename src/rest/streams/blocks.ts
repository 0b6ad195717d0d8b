import { withPauses } from '../../operations/platform/pauses.ts'

/** Bytes of about one size, and whether they are the last. */
export interface Block {
  readonly bytes: Buffer
  readonly last: boolean
}

/** A sender that pauses for so long gets what it has sent passed on as it is. */
const PAUSE_MS = 500

/**
 * Gathers small chunks and cuts large ones into blocks, so that the work per block does not depend on how the sender cut the body; what waits
 * when the sender pauses is passed on. The last block may be empty. When the source fails, what came before is passed on first.
 */
export async function* blocksOf(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Block, void, undefined> {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  function taken(): Buffer {
    const bytes = waiting.length === 1 && waiting[0] ? waiting[0] : Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    return bytes
  }
  let failure: { readonly error: unknown } | undefined
  try {
    for await (const chunk of withPauses(chunks, PAUSE_MS)) {
      if (!chunk) {
        if (waitingBytes > 0) yield { bytes: taken(), last: false }
        continue
      }
      for (let at = 0; at < chunk.length; at += size) {
        const piece = chunk.subarray(at, at + size)
        waiting.push(piece)
        waitingBytes += piece.length
        if (waitingBytes >= size) yield { bytes: taken(), last: false }
      }
    }
  } catch (error) {
    failure = { error }
  }
  yield { bytes: taken(), last: !failure }
  if (failure) throw failure.error
}
