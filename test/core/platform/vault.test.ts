import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldContext, type NamedKey, openVault } from '../../../src/db/platform/vault.ts'

const masterA = key('master-a', 1)
const masterB = key('master-b', 2)
const indexA = key('index-a', 3)
const indexB = key('index-b', 4)
const vault = openVault({ master: [masterA], index: [indexA] })
const rotated = openVault({ master: [masterB, masterA], index: [indexB, indexA] })
const phone = fieldContext('contact_point', 'value', 'p1')

describe('an encrypted field', () => {
  test('opens to what was sealed, for any text and place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, context) => {
        fc.pre(text.isWellFormed())
        const { key: customerKey } = vault.newCustomerKey('c1')
        expect(vault.decrypt(customerKey, vault.encrypt(customerKey, text, context), context)).toBe(text)
      }),
    )
  })

  test('carries version, nonce, text and tag, and never the same bytes twice', () => {
    const { key: customerKey } = vault.newCustomerKey('c1')
    const first = vault.encrypt(customerKey, '+8613812345678', phone)
    const second = vault.encrypt(customerKey, '+8613812345678', phone)
    expect(first).toHaveLength(1 + 12 + 14 + 16)
    expect(first[0]).toBe(1)
    expect(first.subarray(1, 13)).not.toEqual(second.subarray(1, 13))
    expect(first.subarray(13)).not.toEqual(second.subarray(13))
    expect(first.includes('13812345678')).toBe(false)
  })

  test('does not open after any change of any bit, nor cut or lengthened', () => {
    const { key: customerKey } = vault.newCustomerKey('c1')
    const sealed = vault.encrypt(customerKey, '+8613812345678', phone)
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.nat(7), (position, bit) => {
        const changed = Buffer.from(sealed)
        changed[position] = (changed[position] ?? 0) ^ (1 << bit)
        expect(() => vault.decrypt(customerKey, changed, phone)).toThrow('cannot be decrypted')
      }),
    )
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => vault.decrypt(customerKey, sealed.subarray(0, length), phone)).toThrow('cannot be decrypted')
    }
    expect(() => vault.decrypt(customerKey, Buffer.concat([sealed, Buffer.of(0)]), phone)).toThrow('cannot be decrypted')
  })

  test('does not open in another row, column or table, or for another customer', () => {
    const { key: customerKey } = vault.newCustomerKey('c1')
    const sealed = vault.encrypt(customerKey, '+8613812345678', phone)
    for (const [table, column, row] of [
      ['contact_point', 'value', 'p2'],
      ['contact_point', 'note', 'p1'],
      ['identity_document', 'value', 'p1'],
    ] as const) {
      expect(() => vault.decrypt(customerKey, sealed, fieldContext(table, column, row))).toThrow('cannot be decrypted')
    }
    expect(() => vault.decrypt({ ...customerKey, customerId: 'c2' }, sealed, phone)).toThrow('cannot be decrypted')
    expect(() => vault.decrypt(vault.newCustomerKey('c1').key, sealed, phone)).toThrow('cannot be decrypted')
  })
})

describe("a customer's key", () => {
  test('comes back from the database and opens what it sealed', () => {
    const { key: customerKey, wrapped, masterKeyId } = vault.newCustomerKey('c1')
    const sealed = vault.encrypt(customerKey, 'text', phone)
    expect(wrapped).toHaveLength(61)
    expect(masterKeyId).toBe('master-a')
    expect(vault.decrypt(vault.unwrap('c1', wrapped, masterKeyId), sealed, phone)).toBe('text')
  })

  test('survives the rotation of the master key and the loss of the old one', () => {
    const old = vault.newCustomerKey('c1')
    const sealed = vault.encrypt(old.key, 'text', phone)
    const renewed = rotated.rewrap('c1', old.wrapped, old.masterKeyId)
    expect(renewed.masterKeyId).toBe('master-b')
    const after = openVault({ master: [masterB], index: [indexB] })
    expect(after.decrypt(after.unwrap('c1', renewed.wrapped, renewed.masterKeyId), sealed, phone)).toBe('text')
    expect(() => after.unwrap('c1', old.wrapped, old.masterKeyId)).toThrow('Unknown master key "master-a".')
  })

  test('cannot be given to another customer, altered, or opened with another master key', () => {
    const { wrapped } = rotated.newCustomerKey('c1')
    expect(() => rotated.unwrap('c2', wrapped, 'master-b')).toThrow(
      'The wrapped key cannot be decrypted with the master key "master-b".',
    )
    expect(() => rotated.unwrap('c1', wrapped, 'master-a')).toThrow(
      'The wrapped key cannot be decrypted with the master key "master-a".',
    )
    expect(() => rotated.unwrap('c1', wrapped.subarray(1), 'master-b')).toThrow('cannot be decrypted')
  })

  test('does not show when it is logged', () => {
    const { key: customerKey } = vault.newCustomerKey('c1')
    const bytes = customerKey.secret.export()
    const shown = inspect(customerKey, { depth: 9, showHidden: true }) + JSON.stringify(customerKey)
    expect(shown).not.toContain(bytes.toString('hex').slice(0, 8))
    expect(shown).not.toContain(bytes.toString('base64').slice(0, 8))
    expect(shown).not.toMatch(/Buffer|Uint8Array/)
  })
})

describe('a blind index', () => {
  test('is the same for the same kind, value and key, as any HMAC-SHA-256 computes it', () => {
    const expected = createHmac('sha256', indexA.key).update('guanxi/blind-index/phone\0+8613812345678').digest()
    expect(vault.blindIndex('phone', '+8613812345678')).toEqual({ keyId: 'index-a', hash: expected })
    expect(rotated.blindIndex('phone', '+8613812345678', 'index-a')).toEqual({ keyId: 'index-a', hash: expected })
  })

  test('differs by kind, value and key', () => {
    const hashes = [
      vault.blindIndex('phone', '1'),
      vault.blindIndex('document', '1'),
      vault.blindIndex('email', '1'),
      vault.blindIndex('counterparty', '1'),
      vault.blindIndex('phone', '2'),
      rotated.blindIndex('phone', '1'),
    ].map(({ hash }) => hash.toString('hex'))
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('is given for every key, the current one first, while keys rotate', () => {
    expect(rotated.blindIndexes('email', 'li@example.com')).toEqual([
      rotated.blindIndex('email', 'li@example.com'),
      vault.blindIndex('email', 'li@example.com'),
    ])
  })

  test('of an unknown key is refused by the name of the key alone', () => {
    expect(() => vault.blindIndex('phone', '+8613812345678', 'index-b')).toThrow(/^Unknown index key "index-b"\.$/)
  })
})

describe('opening a vault', () => {
  test.each([
    ['without a master key', [], [indexA], 'At least one master key is required.'],
    ['without an index key', [masterA], [], 'At least one index key is required.'],
    ['with a short key', [{ id: 'short', key: Buffer.alloc(16) }], [indexA], 'The master key "short" must be 32 bytes long.'],
    ['with an id twice', [masterA, { ...masterB, id: 'master-a' }], [indexA], 'The master key "master-a" is configured twice.'],
    [
      'with one secret for two purposes',
      [masterA],
      [{ ...masterA, id: 'index-c' }],
      'The keys "master-a" and "index-c" have the same secret.',
    ],
  ])('is refused %s', (_, master, index, message) => {
    expect(() => openVault({ master, index })).toThrow(message)
  })
})

function key(id: string, byte: number): NamedKey {
  return { id, key: Buffer.alloc(32, byte) }
}

describe('a text sealed with the master key', () => {
  const vault = openVault({ master: [{ id: 'm1', key: Buffer.alloc(32, 1) }], index: [{ id: 'i1', key: Buffer.alloc(32, 2) }] })

  test('opens under its own context and under no other', () => {
    const sealed = vault.sealText('{"name":"王芳"}', 'idempotency/a')
    expect(vault.openText(sealed, 'idempotency/a')).toBe('{"name":"王芳"}')
    expect(() => vault.openText(sealed, 'idempotency/b')).toThrow('cannot be decrypted')
    expect(sealed.includes('王芳')).toBe(false)
  })

  test('opens after the master key was rotated, as long as the old one is configured', () => {
    const sealed = vault.sealText('kept', 'x')
    const rotated = openVault({
      master: [
        { id: 'm2', key: Buffer.alloc(32, 3) },
        { id: 'm1', key: Buffer.alloc(32, 1) },
      ],
      index: [{ id: 'i1', key: Buffer.alloc(32, 2) }],
    })
    expect(rotated.openText(sealed, 'x')).toBe('kept')
  })
})
