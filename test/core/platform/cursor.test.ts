import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CursorValue, openCursor, openCursorCodec, sealCursor } from '../../../src/operations/platform/cursor.ts'

const oldKey = { id: '2026-01', key: Buffer.alloc(32, 1) }
const newKey = { id: '2026-07', key: Buffer.alloc(32, 2) }
const codec = openCursorCodec([newKey, oldKey])
const binding = { operation: 'customers', order: 'name:asc,id:asc', fingerprint: 'f1', caller: 's1' }
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.constant(null),
)

describe('a cursor', () => {
  test('gives back its sort keys', () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 5 }),
        fc.string(),
        fc.string(),
        (values: readonly CursorValue[], order, fingerprint) => {
          const bound = { operation: 'customers', order, fingerprint }
          const text = sealCursor(codec, { ...bound, values })
          expect(text).toMatch(/^[A-Za-z0-9_-]+$/)
          expect(openCursor(codec, text, bound)).toEqual(values)
        },
      ),
    )
  })

  test('does not show its sort keys', () => {
    const text = sealCursor(codec, { ...binding, values: ['王小明'] })
    expect(Buffer.from(text, 'base64url').includes('王小明')).toBe(false)
    expect(sealCursor(codec, { ...binding, values: ['王小明'] })).not.toBe(text)
  })

  test.each([
    ['operation', { operation: 'complaints' }],
    ['order', { order: 'aum:desc,id:asc' }],
    ['filter', { fingerprint: 'f2' }],
    ['caller', { caller: 's2' }],
    ['caller, when none is named', { caller: undefined }],
  ])('does not open for another %s', (_, change) => {
    const text = sealCursor(codec, { ...binding, values: ['a', 1] })
    expect(openCursor(codec, text, binding)).toEqual(['a', 1])
    expect(openCursor(codec, text, { ...binding, ...change })).toBeUndefined()
  })

  test('does not take the words of one part for another part', () => {
    const text = sealCursor(codec, { operation: 'a', order: 'b","c', fingerprint: 'd', values: [] })
    expect(openCursor(codec, text, { operation: 'a","b', order: 'c', fingerprint: 'd' })).toBeUndefined()
  })

  test('does not open after any change of a character, nor cut or lengthened', () => {
    const text = sealCursor(codec, { ...binding, values: ['王小明', 12, null] })
    const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ .']
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...alphabet), (position, character) => {
        fc.pre(text[position] !== character)
        expect(openCursor(codec, text.slice(0, position) + character + text.slice(position + 1), binding)).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
    for (let length = 0; length < text.length; length += 1)
      expect(openCursor(codec, text.slice(0, length), binding)).toBeUndefined()
    for (const more of ['A', '=', ' ', '\n']) expect(openCursor(codec, text + more, binding)).toBeUndefined()
  })

  test('is refused when it is invented', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => openCursor(codec, text, binding) === undefined))
    expect(openCursor(codec, 'A'.repeat(1_000_000), binding)).toBeUndefined()
  })

  test('of the old key opens while the key is configured', () => {
    const text = sealCursor(openCursorCodec([oldKey]), { ...binding, values: ['a'] })
    expect(openCursor(codec, text, binding)).toEqual(['a'])
    expect(openCursor(openCursorCodec([newKey]), text, binding)).toBeUndefined()
    expect(openCursor(openCursorCodec([{ ...newKey, id: oldKey.id }]), text, binding)).toBeUndefined()
  })

  test('is made with the first key', () => {
    const text = sealCursor(codec, { ...binding, values: ['a'] })
    expect(openCursor(openCursorCodec([newKey]), text, binding)).toEqual(['a'])
  })

  test('is not made of numbers that JSON loses, nor of endless text', () => {
    expect(() => sealCursor(codec, { ...binding, values: [Number.NaN] })).toThrow(RangeError)
    expect(() => sealCursor(codec, { ...binding, values: ['a'.repeat(4096)] })).toThrow(RangeError)
  })
})

describe('preparing cursors', () => {
  test.each([
    ['without a key', [], 'At least one cursor key is required.'],
    ['with a short key', [{ id: 'a', key: Buffer.alloc(16) }], 'The cursor key "a" must be 32 bytes long.'],
    ['with an id twice', [newKey, { ...oldKey, id: newKey.id }], 'Two cursor keys have the same ID.'],
    ['with an empty id', [{ ...newKey, id: '' }], 'must be 1 to 32 ASCII characters'],
    ['with an id that is too long', [{ ...newKey, id: 'x'.repeat(33) }], 'must be 1 to 32 ASCII characters'],
  ])('is refused %s', (_, keys, message) => {
    expect(() => openCursorCodec(keys)).toThrow(message)
  })
})
