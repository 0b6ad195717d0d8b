import type { Readable } from 'node:stream'
import { createGunzip, type Gunzip } from 'node:zlib'
import { importRefusal, type ImportRefusal } from './refusal.ts'

export type BodyEncoding = 'identity' | 'gzip'

export interface BodyLimits {
  readonly bodyBytes: number
  readonly gzipRatio: number
}

// Small enough that one piece of a bomb (1,032 : 1 at most) unpacks to 8 MiB, large enough that the thread pool is not felt.
const compressedPieceBytes = 8 * 1024
const ratioCountsAfterBytes = 1024 * 1024

/**
 * The bytes of a request body, unpacked, no faster than they are taken. The body itself is never destroyed here, so that a refusal can still be
 * answered on its connection. Throws `stream_aborted`, `body_too_large`, `gzip_damaged` and `gzip_ratio`, always after the
 * bytes that were good.
 */
export async function* bodyBytes(
  body: Readable,
  encoding: BodyEncoding,
  limits: BodyLimits,
): AsyncGenerator<Buffer, void, undefined> {
  const received = receivedBytes(body)
  let size = 0
  for await (const chunk of encoding === 'gzip' ? unpackedBytes(received, limits.gzipRatio) : received) {
    size += chunk.length
    if (size > limits.bodyBytes) throw importRefusal('body_too_large', `The body is larger than ${limits.bodyBytes} bytes.`)
    yield chunk
  }
}

async function* receivedBytes(body: Readable): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }))
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  } catch (cause) {
    throw importRefusal('stream_aborted', 'The body ended before it was complete.', { cause })
  }
}

async function* unpackedBytes(compressed: AsyncIterable<Buffer>, maximumRatio: number): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 })
  let unpacked: Buffer[] = []
  let failure: ImportRefusal | undefined
  let wake: () => void = () => undefined
  let received = 0
  let produced = 0

  gunzip.on('error', (error) => (failure ??= damaged(error)))
  gunzip.on('data', (chunk: Buffer) => {
    produced += chunk.length
    if (failure) return
    if (produced > ratioCountsAfterBytes && produced > received * maximumRatio) {
      failure = importRefusal('gzip_ratio', `The gzip body expands to more than ${maximumRatio} times its size.`)
      gunzip.destroy()
    } else unpacked.push(chunk)
  })

  // A destroyed stream forgets the callback of the write under way.
  gunzip.on('close', () => wake())

  function written(piece: Buffer): Promise<void> {
    return new Promise((resolve) => {
      wake = resolve
      gunzip.write(piece, () => resolve())
    })
  }

  function* taken(): Generator<Buffer, void, undefined> {
    const chunks = unpacked
    unpacked = []
    yield* chunks
    if (failure) throw failure
  }

  try {
    for await (const chunk of compressed) {
      for (let at = 0; at < chunk.length; at += compressedPieceBytes) {
        const piece = chunk.subarray(at, at + compressedPieceBytes)
        received += piece.length
        await written(piece)
        yield* taken()
        if (gunzip.bytesWritten < received) throw damaged()
      }
    }
    if (received === 0) throw damaged()
    await ended(gunzip)
    yield* taken()
    if (gunzip.bytesWritten < received) throw damaged()
  } finally {
    gunzip.destroy()
  }
}

function ended(gunzip: Gunzip): Promise<void> {
  return new Promise((resolve) => gunzip.once('close', resolve).end())
}

// One code for all damage: whether a stray byte is the beginning of a member or garbage depends on how the body was cut.
function damaged(cause?: Error): ImportRefusal {
  return importRefusal('gzip_damaged', 'The gzip body is corrupt, truncated or has trailing data.', { cause })
}
