import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'

/** A secret of 32 bytes and its name. The first of a list seals; all of them open. */
export interface CursorKey {
  readonly id: string
  readonly key: Buffer
}

export interface CursorCodec {
  readonly current: CursorKey
  readonly keys: ReadonlyMap<string, CursorKey>
}

/** What a cursor belongs to. It opens only for the same operation, order, filter and caller. */
export interface CursorBinding {
  readonly operation: string
  /** The order of the page, such as `aum:desc,id:asc`. */
  readonly order: string
  /** Stands for the filter: any text that is equal for equal filters only. */
  readonly fingerprint: string
  readonly caller?: string | undefined
}

/** A sort key of the last row on a page. Amounts travel as decimal text, instants as RFC 3339. */
export type CursorValue = string | number | null

const cipher = 'aes-256-gcm'
const version = 1
const nonceLength = 12
const tagLength = 16
const longestKeyId = 32
// Some sort keys are names of up to a few hundred characters; a cursor travels in a URL.
const longestCursor = 4096

/** Prepares sealing and opening. Throws unless there is at least one key, ids are unique and of 1 to 32 printable ASCII characters, and keys have 32 bytes. */
export function openCursorCodec(keys: readonly CursorKey[]): CursorCodec {
  const [current] = keys
  if (!current) throw new Error('At least one cursor key is required.')
  for (const { id, key } of keys) {
    if (!/^[\x21-\x7e]+$/.test(id) || id.length > longestKeyId)
      throw new Error(`The cursor key ID "${id}" must be 1 to ${longestKeyId} ASCII characters.`)
    if (key.length !== 32) throw new Error(`The cursor key "${id}" must be 32 bytes long.`)
  }
  const byId = new Map(keys.map((key) => [key.id, key]))
  if (byId.size !== keys.length) throw new Error('Two cursor keys have the same ID.')
  return { current, keys: byId }
}

/**
 * Seals the sort keys of a page's last row into opaque base64url text: version, length and id of the key, nonce (12), ciphertext, tag (16).
 * Throws a RangeError for numbers that JSON cannot hold and for sort keys that make more than 4,096 characters.
 */
export function sealCursor(
  codec: CursorCodec,
  { values, ...binding }: CursorBinding & { readonly values: readonly CursorValue[] },
): string {
  if (values.some((value) => typeof value === 'number' && !Number.isFinite(value)))
    throw new RangeError('A sort key must be a finite number.')
  const head = Buffer.from([version, codec.current.id.length, ...Buffer.from(codec.current.id)])
  const nonce = randomBytes(nonceLength)
  const sealing = createCipheriv(cipher, bindingKey(codec.current, binding), nonce, { authTagLength: tagLength }).setAAD(head)
  const ciphertext = Buffer.concat([sealing.update(JSON.stringify(values)), sealing.final()])
  const text = Buffer.concat([head, nonce, ciphertext, sealing.getAuthTag()]).toString('base64url')
  if (text.length > longestCursor)
    throw new RangeError(`The sort keys produce a cursor of more than ${longestCursor} characters.`)
  return text
}

/** Opens a cursor and returns its sort keys; `undefined` for one that is forged, altered, of a key no longer configured, or of another operation, order, filter or caller. */
export function openCursor(codec: CursorCodec, text: string, binding: CursorBinding): readonly CursorValue[] | undefined {
  if (text.length > longestCursor) return undefined
  const sealed = Buffer.from(text, 'base64url')
  // Node.js skips what is not base64url: only the one canonical spelling counts.
  if (sealed.toString('base64url') !== text || sealed[0] !== version) return undefined
  const headLength = 2 + (sealed[1] ?? 0)
  if (sealed.length < headLength + nonceLength + tagLength) return undefined
  const key = codec.keys.get(sealed.toString('latin1', 2, headLength))
  if (!key) return undefined
  const nonce = sealed.subarray(headLength, headLength + nonceLength)
  const opening = createDecipheriv(cipher, bindingKey(key, binding), nonce, { authTagLength: tagLength })
  opening.setAAD(sealed.subarray(0, headLength)).setAuthTag(sealed.subarray(-tagLength))
  const values = opening.update(sealed.subarray(headLength + nonceLength, -tagLength))
  try {
    return JSON.parse(Buffer.concat([values, opening.final()]).toString()) as readonly CursorValue[]
  } catch {
    return undefined
  }
}

// A key per binding: it ties the cursor to its page, and keeps each key far below the 2^32 random nonces that NIST SP 800-38D allows.
function bindingKey({ key }: CursorKey, { operation, order, fingerprint, caller }: CursorBinding): Buffer {
  return createHmac('sha256', key)
    .update(`guanxi/cursor/${JSON.stringify([operation, order, fingerprint, caller ?? null])}`)
    .digest()
}
