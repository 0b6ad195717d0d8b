/** How a key set is asked for. The time-out is in milliseconds and covers the whole answer. */
export interface KeySetRequest {
  readonly url: string
  readonly timeout?: number
}

const defaultTimeout = 5_000
// Real key sets have a handful of keys, of about 2 KiB with certificates.
const maximumBytes = 256 * 1024
const maximumKeys = 100

/**
 * Reads the key set at a URL: the entries of `keys` (RFC 7517, 5), not yet looked at. At most 256 KiB and 100 keys; no redirect is followed, so
 * that nobody but the configured host names keys. Throws an `Error` for the operator, without the answer's content.
 */
export async function fetchKeySet({ url, timeout = defaultTimeout }: KeySetRequest): Promise<readonly unknown[]> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.timeout(timeout),
  })
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel()
    throw new Error(`The key set was answered with status ${response.status}; 200 is required and redirects are not followed.`)
  }
  return keysIn(await boundedText(response.body))
}

async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maximumBytes) throw new Error(`The key set is larger than ${maximumBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function keysIn(text: string): readonly unknown[] {
  const keySet = parsed(text)
  const keys = typeof keySet === 'object' && keySet !== null && 'keys' in keySet ? keySet.keys : undefined
  if (!Array.isArray(keys) || keys.length > maximumKeys)
    throw new Error(`The key set must have a list "keys" of at most ${maximumKeys} entries.`)
  return keys
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('The key set is not valid JSON.')
  }
}
