import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, cuts, outcomeOf, summary } from './bodies.ts'

const ndjson = { contentType: 'application/x-ndjson' }
const KiB = 1024
const MiB = 1024 * KiB

describe('an NDJSON body', () => {
  test('gives objects as they are, one per line', async () => {
    const { rows, header, refusal } = await outcomeOf(
      '\uFEFF{"a":"1","n":{"x":[1,null]}}\r\n\r\n  {"unknown":true} \n{"b":1.5}',
      ndjson,
    )
    expect(summary(rows)).toEqual([
      [1, { a: '1', n: { x: [1, null] } }],
      [3, { unknown: true }],
      [4, { b: 1.5 }],
    ])
    expect(header).toBeUndefined()
    expect(refusal).toBeUndefined()
  })

  test('of nothing has no rows', async () => {
    for (const body of ['', '\n', '\uFEFF', ' \r\n\t\n'])
      await expect(outcomeOf(body, ndjson), JSON.stringify(body)).resolves.toMatchObject({ rows: [], refusal: undefined })
  })

  test.each<[string, string, string?]>([
    ['{"a":1', 'invalid_json'],
    ['{"a":1}{"a":2}', 'invalid_json'],
    ["{'a':1}", 'invalid_json'],
    ['{"a":NaN}', 'invalid_json'],
    ['a,b,c', 'not_an_object'],
    ['{"a":"x\0"}', 'nul_character'],
    ['{"a":"x\\u0000"}', 'nul_character', 'a'],
    ['{"a":{"b":["\\u0000"]}}', 'nul_character', 'a.b.0'],
    ['{"\\u0000":1}', 'nul_character'],
    ['{"a":"\\ud800"}', 'invalid_unicode', 'a'],
    ['[1]', 'not_an_object'],
    ['"text"', 'not_an_object'],
    ['null', 'not_an_object'],
    ['7', 'not_an_object'],
    ['{"__proto__":{"admin":true}}', 'forbidden_key'],
    ['{"a":[{"\\u005f_proto__":1}]}', 'forbidden_key'],
    [`{"a":${'['.repeat(100)}${']'.repeat(100)}}`, 'nested_too_deep'],
    [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'nested_too_deep'],
    [`{"a":"${'x'.repeat(65 * KiB)}"}`, 'field_too_long', 'a'],
    [`{"a":"${'x'.repeat(10 * MiB)}"}`, 'record_too_long'],
  ])('refuses the row %.30s as %s and keeps the next', async (row, code, field) => {
    const { rows } = await outcomeOf(`{"a":"中"}\n${row}\n{"a":2}\n`, ndjson)
    expect(summary(rows)).toEqual([
      [1, { a: '中' }],
      [2, code, ...(field === undefined ? [] : [field])],
      [3, { a: 2 }],
    ])
    if ('error' in (rows[1] ?? {})) expect(JSON.stringify(rows[1])).not.toContain('Unexpected')
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  test('keeps whole characters that are escaped', async () => {
    const { rows } = await outcomeOf('{"a":"\\u4e2d\\ud83d\\ude00"}\n', ndjson)
    expect(summary(rows)).toEqual([[1, { a: '中😀' }]])
  })

  test('with bytes that are no UTF-8 loses that row only', async () => {
    const { rows } = await outcomeOf(Buffer.concat([Buffer.from('{"a":"\xe9"}\n', 'latin1'), Buffer.from('{"a":"é"}\n')]), ndjson)
    expect(summary(rows)).toEqual([
      [1, 'invalid_utf8'],
      [2, { a: 'é' }],
    ])
  })

  test('of any objects comes back the same in any blocks', async () => {
    const object = fc.dictionary(
      fc.constantFrom('a', 'b', '中', 'x y'),
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(object), cuts, async (objects, { sizes, blockBytes }) => {
        const clean = objects.filter((entry) => !JSON.stringify(entry).includes('\\u0000'))
        const { rows } = await outcomeOf(cut(Buffer.from(clean.map((entry) => JSON.stringify(entry)).join('\n')), sizes), {
          ...ndjson,
          limits: { blockBytes },
        })
        expect(rows.map((row) => 'fields' in row && { ...row.fields })).toEqual(clean.map((entry) => ({ ...entry })))
      }),
    )
  })
})
