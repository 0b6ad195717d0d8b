import type { BodyCharset } from './media-type.ts'

/** Bytes of a character set as UTF-8. What the set does not know becomes U+FFFD, which no field takes for a value. */
export async function* decodedBytes(bytes: AsyncIterable<Buffer>, charset: BodyCharset): AsyncGenerator<Buffer, void, undefined> {
  if (charset === 'utf-8') {
    yield* bytes
    return
  }
  const decoder = new TextDecoder(charset)
  for await (const chunk of bytes) yield Buffer.from(decoder.decode(chunk, { stream: true }))
  const rest = decoder.decode()
  if (rest !== '') yield Buffer.from(rest)
}

/** Whether bytes that are no UTF-8 make Chinese text in GB 18030. */
export function isGb18030(bytes: Uint8Array): boolean {
  try {
    return /\p{Script=Han}/u.test(new TextDecoder('gb18030', { fatal: true }).decode(bytes))
  } catch {
    return false
  }
}
