import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

/** A secret of 32 bytes and the name under which rows refer to it. */
export interface NamedKey {
  readonly id: string
  readonly key: Buffer
}

/** The key of one customer, opened. Logging it shows no key material. */
export interface CustomerKey {
  readonly customerId: string
  readonly secret: KeyObject
}

/** A customer's key as the database keeps it. */
export interface WrappedKey {
  /** 61 bytes: version, nonce (12), encrypted key (32), tag (16). */
  readonly wrapped: Buffer
  readonly masterKeyId: string
}

/** What a blind index is of. Equal values of different kinds have unrelated indexes. */
export type BlindIndexKind = 'document' | 'phone' | 'email' | 'address' | 'counterparty'

export interface BlindIndex {
  readonly keyId: string
  /** 32 bytes. */
  readonly hash: Buffer
}

/**
 * Field encryption. The first key of each list is current: new customer keys are wrapped and new indexes made with it; the others only read
 * what was written before a rotation. No error of the vault holds more than key ids.
 */
export interface Vault {
  /** The ids of the keys that are written with now. */
  readonly current: { readonly master: string; readonly index: string }
  /** Makes a key for a customer and wraps it, bound to that customer, under the current master key. */
  readonly newCustomerKey: (customerId: string) => WrappedKey & { readonly key: CustomerKey }
  /** Opens a customer's key. Throws where the master key is unknown, or the wrapped key altered or another customer's. */
  readonly unwrap: (customerId: string, wrapped: Uint8Array, masterKeyId: string) => CustomerKey
  /** Wraps a customer's key under the current master key; the key itself and every ciphertext stay as they are. Throws like `unwrap`. */
  readonly rewrap: (customerId: string, wrapped: Uint8Array, masterKeyId: string) => WrappedKey
  /** Encrypts a text: version (1 byte), nonce (12), ciphertext, tag (16). It opens only with the same customer's key and the same context (`fieldContext`). */
  readonly encrypt: (key: CustomerKey, plaintext: string, context: string) => Buffer
  /** Decrypts a text. Throws where the ciphertext was altered or belongs to another customer or context. */
  readonly decrypt: (key: CustomerKey, ciphertext: Uint8Array, context: string) => string
  /** Seals a text that belongs to no customer's key and expires (stored answers, rejected rows): length and id of the master key, then version, nonce, ciphertext, tag. */
  readonly sealText: (plaintext: string, context: string) => Buffer
  /** Opens a text of `sealText`. Throws where it was altered, has another context, or its master key is unknown. */
  readonly openText: (sealed: Uint8Array, context: string) => string
  /** The index of a normalised value under one key, the current one by default. Throws for an unknown key. */
  readonly blindIndex: (kind: BlindIndexKind, normalised: string, keyId?: string) => BlindIndex
  /** The index of a normalised value under every key, the current one first: what a look-up compares with while keys rotate. */
  readonly blindIndexes: (kind: BlindIndexKind, normalised: string) => readonly BlindIndex[]
}

const cipher = 'aes-256-gcm'
const version = 1
const keyLength = 32
const nonceLength = 12
const tagLength = 16
const headLength = 1 + nonceLength

// Random bytes drawn ahead: one draw costs as much for 12 bytes as for thousands. No byte is handed out twice.
let nonces = Buffer.alloc(0)

/** Names the place of one encrypted field, so that its ciphertext cannot be moved to another row or column of the same customer. */
export function fieldContext(table: string, column: string, rowId: string): string {
  return `${table}/${column}/${rowId}`
}

/** Opens a vault. Throws unless both lists hold at least one key of 32 bytes, ids are unique in their list and no secret serves twice. */
export function openVault({
  master,
  index,
}: {
  readonly master: readonly NamedKey[]
  readonly index: readonly NamedKey[]
}): Vault {
  const masterKeys = keyRing('master', master)
  const indexKeys = keyRing('index', index)
  requireDistinctSecrets([...master, ...index])

  function wrap({ customerId, secret }: CustomerKey): WrappedKey {
    const { id, secret: masterSecret } = masterKeys.current
    return { wrapped: seal(masterSecret, secret.export(), wrapContext(customerId, id)), masterKeyId: id }
  }

  function unwrap(customerId: string, wrapped: Uint8Array, masterKeyId: string): CustomerKey {
    const raw = open(masterKeys.get(masterKeyId), wrapped, wrapContext(customerId, masterKeyId))
    if (!raw) throw new Error(`The wrapped key cannot be decrypted with the master key "${masterKeyId}".`)
    return { customerId, secret: createSecretKey(raw) }
  }

  function blindIndex(kind: BlindIndexKind, normalised: string, keyId = indexKeys.current.id): BlindIndex {
    const hash = createHmac('sha256', indexKeys.get(keyId)).update(`guanxi/blind-index/${kind}\0${normalised}`).digest()
    return { keyId, hash }
  }

  return {
    current: { master: masterKeys.current.id, index: indexKeys.current.id },
    newCustomerKey(customerId) {
      const key = { customerId, secret: createSecretKey(randomBytes(keyLength)) }
      return { ...wrap(key), key }
    },
    unwrap,
    rewrap: (customerId, wrapped, masterKeyId) => wrap(unwrap(customerId, wrapped, masterKeyId)),
    encrypt: ({ customerId, secret }, plaintext, context) =>
      seal(secret, Buffer.from(plaintext), valueContext(customerId, context)),
    decrypt({ customerId, secret }, ciphertext, context) {
      const plaintext = open(secret, ciphertext, valueContext(customerId, context))
      if (!plaintext)
        throw new Error('The ciphertext cannot be decrypted: it was altered, or belongs to another customer or field.')
      return plaintext.toString()
    },
    sealText(plaintext, context) {
      const { id, secret } = masterKeys.current
      return Buffer.concat([
        Buffer.from([id.length]),
        Buffer.from(id),
        seal(textKey(secret, context), Buffer.from(plaintext), context),
      ])
    },
    openText(sealed, context) {
      const bytes = Buffer.from(sealed)
      const idLength = bytes[0] ?? 0
      const id = bytes.subarray(1, 1 + idLength).toString()
      const plaintext = open(textKey(masterKeys.get(id), context), bytes.subarray(1 + idLength), context)
      if (!plaintext) throw new Error('The sealed text cannot be decrypted: it was altered or belongs elsewhere.')
      return plaintext.toString()
    },
    blindIndex,
    blindIndexes: (kind, normalised) => indexKeys.ids.map((keyId) => blindIndex(kind, normalised, keyId)),
  }
}

/** A key per context, so that random nonces never come near their limit under the master key. */
function textKey(master: KeyObject, context: string): KeyObject {
  return createSecretKey(createHmac('sha256', master).update(`guanxi/sealed-text/${context}`).digest())
}

interface KeyRing {
  readonly current: { readonly id: string; readonly secret: KeyObject }
  readonly ids: readonly string[]
  readonly get: (id: string) => KeyObject
}

function keyRing(purpose: string, keys: readonly NamedKey[]): KeyRing {
  const secrets = new Map<string, KeyObject>()
  for (const { id, key } of keys) {
    if (key.length !== keyLength) throw new Error(`The ${purpose} key "${id}" must be ${keyLength} bytes long.`)
    if (secrets.has(id)) throw new Error(`The ${purpose} key "${id}" is configured twice.`)
    secrets.set(id, createSecretKey(key))
  }
  const [first] = secrets
  if (!first) throw new Error(`At least one ${purpose} key is required.`)
  return {
    current: { id: first[0], secret: first[1] },
    ids: [...secrets.keys()],
    get(id) {
      const secret = secrets.get(id)
      if (!secret) throw new Error(`Unknown ${purpose} key "${id}".`)
      return secret
    },
  }
}

function requireDistinctSecrets(keys: readonly NamedKey[]): void {
  keys.forEach(({ id, key }, position) => {
    const earlier = keys.slice(0, position).find((other) => other.key.equals(key))
    if (earlier) throw new Error(`The keys "${earlier.id}" and "${id}" have the same secret.`)
  })
}

function wrapContext(customerId: string, masterKeyId: string): string {
  return `guanxi/customer-key/${masterKeyId}\0${customerId}`
}

function valueContext(customerId: string, context: string): string {
  return `guanxi/field\0${customerId}\0${context}`
}

function seal(secret: KeyObject, plaintext: Buffer, context: string): Buffer {
  const nonce = nextNonce()
  const sealing = createCipheriv(cipher, secret, nonce, { authTagLength: tagLength }).setAAD(Buffer.from(context))
  return Buffer.concat([Buffer.of(version), nonce, sealing.update(plaintext), sealing.final(), sealing.getAuthTag()])
}

function open(secret: KeyObject, sealed: Uint8Array, context: string): Buffer | undefined {
  if (sealed.length < headLength + tagLength || sealed[0] !== version) return undefined
  const opening = createDecipheriv(cipher, secret, sealed.subarray(1, headLength), { authTagLength: tagLength })
  opening.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-tagLength))
  const plaintext = opening.update(sealed.subarray(headLength, -tagLength))
  try {
    return Buffer.concat([plaintext, opening.final()])
  } catch {
    return undefined
  }
}

function nextNonce(): Buffer {
  if (nonces.length < nonceLength) nonces = randomBytes(512 * nonceLength)
  const nonce = nonces.subarray(0, nonceLength)
  nonces = nonces.subarray(nonceLength)
  return nonce
}

/** What the stored answer of a command is sealed for. */
export function answerContext(caller: string, operation: string, key: string): string {
  return `idempotency/${caller}/${operation}/${key}`
}

/** What a rejected row of an import is sealed for. */
export const rejectContext = (importId: string, line: number): string => `import-reject/${importId}/${line}`
