import { describe, expect, test } from 'vitest'
import { changedFields } from '../../../src/core/kernel/changes.ts'

describe('changed fields', () => {
  test('are those whose values differ, whatever their type', () => {
    const before = {
      name: '王芳',
      kinds: ['a', 'b'],
      amount: 5n,
      at: new Date('2026-11-22T00:00:00Z'),
      key: Buffer.from('x'),
      gone: 1,
    }
    expect(changedFields(before, { ...before })).toEqual([])
    expect(
      changedFields(before, {
        name: '王方',
        kinds: ['b', 'a'],
        amount: 6n,
        at: new Date('2026-11-22T00:00:01Z'),
        key: Buffer.from('y'),
        gone: null,
      }),
    ).toEqual(['name', 'kinds', 'amount', 'at', 'key', 'gone'])
  })

  test('leave out what is not written and what stays missing', () => {
    expect(changedFields({ name: '王芳', note: null }, { note: undefined })).toEqual([])
    expect(changedFields({ name: '王芳' }, { note: null })).toEqual([])
  })

  test('of a new thing are all that it has a value of', () => {
    expect(changedFields(undefined, { name: '王芳', note: undefined, count: 0 })).toEqual(['name', 'count'])
  })
})
