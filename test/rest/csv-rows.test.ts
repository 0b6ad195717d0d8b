import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvField, csvValues } from '../../src/rest/streams/csv-record.ts'
import { readRows } from '../../src/rest/streams/read-rows.ts'
import { columns, cut, cuts, outcomeOf, summary } from './bodies.ts'

const KiB = 1024
const MiB = 1024 * KiB

describe('a CSV body', () => {
  test('gives texts by column, absent for an empty field and empty text for a quoted one', async () => {
    const { rows, header, refusal } = await outcomeOf('a,b,c\r\n1,,""\r\n"x, ""y""\r\nz",é,中\r\n')
    expect(summary(rows)).toEqual([
      [2, { a: '1', c: '' }],
      [3, { a: 'x, "y"\r\nz', b: 'é', c: '中' }],
    ])
    expect(rows.map(({ raw }) => raw)).toEqual(['1,,""', '"x, ""y""\r\nz",é,中'])
    expect(header).toEqual(['a', 'b', 'c'])
    expect(refusal).toBeUndefined()
  })

  test('may begin with a byte order mark, end without line end, mix line ends, hold blank lines and order columns as it likes', async () => {
    const { rows, header } = await outcomeOf('\uFEFFc,"a"\n1,2\r\n\r\n\n"3",4')
    expect(summary(rows)).toEqual([
      [2, { c: '1', a: '2' }],
      [5, { c: '3', a: '4' }],
    ])
    expect(header).toEqual(['c', 'a'])
  })

  test('counts physical lines, also inside quotes', async () => {
    const { rows } = await outcomeOf('a,b,c\n"1\n\n2",x,y\n3,x,y\n"4\r\n5",x\n6,x,y\n')
    expect(summary(rows)).toEqual([
      [2, { a: '1\n\n2', b: 'x', c: 'y' }],
      [5, { a: '3', b: 'x', c: 'y' }],
      [6, 'ragged_row'],
      [8, { a: '6', b: 'x', c: 'y' }],
    ])
  })

  test.each([
    ['a,b,c', []],
    ['a,b,c\r\n', []],
    ['\uFEFFa,b,c\n\n\n', []],
  ])('of a header only (%j) has no rows', async (body, rows) => {
    await expect(outcomeOf(body)).resolves.toMatchObject({ rows, refusal: undefined, header: columns })
  })

  test.each<[string, string, string, readonly string[] | undefined]>([
    ['nothing', '', 'missing_header', undefined],
    ['a byte order mark only', '\uFEFF', 'missing_header', undefined],
    ['blank lines only', '\r\n\n', 'missing_header', undefined],
    ['data without a header', 'Zhang San,13800000000,x\n', 'missing_header', undefined],
    ['unknown columns', 'a,zip,b,town\n1,2,3,4\n', 'unknown_columns', ['zip', 'town']],
    ['columns that are the same but for case and space', 'a,b,c,"A "\n', 'duplicate_columns', ['a']],
    ['columns twice', 'a,b,a,c,b\n', 'duplicate_columns', ['a', 'b']],
    ['inherited names', 'a,__proto__,constructor\n', 'unknown_columns', ['__proto__', 'constructor']],
    ['a header with misplaced quotes', 'a,"b"x,c\n', 'bad_header', undefined],
    ['a header that never ends', `a,"b${'x'.repeat(300 * KiB)}`, 'unterminated_quote', undefined],
    ['a header that is too long', `a,${'b'.repeat(300 * KiB)}\n1,2\n`, 'bad_header', undefined],
    ['NUL in the header', 'a,b\0,c\n', 'bad_header', undefined],
    ['a semicolon as separator that is not declared', 'a;b;c\n1;2;3\n', 'bad_header', undefined],
    ['a tab as separator that is not declared', 'a\tb\tc\n1\t2\t3\n', 'bad_header', undefined],
  ])('of %s is refused', async (_what, body, code, named) => {
    const { rows, refusal } = await outcomeOf(body)
    expect(rows).toEqual([])
    expect(refusal).toMatchObject({ code, ...(named && { columns: named }) })
    if (named) for (const name of named) expect(refusal?.message).toContain(JSON.stringify(name))
    expect(refusal?.message).not.toContain('Zhang')
  })

  test('in UTF-16 or with an unreadable header is refused', async () => {
    await expect(outcomeOf(Buffer.from('\uFEFFa,b,c\n1,2,3\n', 'utf16le'))).resolves.toMatchObject({
      rows: [],
      refusal: { code: 'bad_header' },
    })
    await expect(outcomeOf(Buffer.from('a,b\xe9,c\n1,2,3\n', 'latin1'))).resolves.toMatchObject({
      rows: [],
      refusal: { code: 'bad_header', line: 1 },
    })
  })

  test('keeps the good rows among bad ones', async () => {
    const body = [
      'a,b,c',
      '1,2',
      '1,2,3,4',
      ',,',
      'ok,2,3',
      'x"y,2,3',
      'x,"y"z,3',
      '1,2,3\r4',
      '"1"\r,2,3',
      'ok,"5""",6',
      'n\0,2,3',
      '1,2,"\0"',
      '"',
      '',
    ]
      .slice(0, -2)
      .join('\n')
    const { rows, refusal } = await outcomeOf(`${body}\nlast,,\n`)
    expect(summary(rows)).toEqual([
      [2, 'ragged_row'],
      [3, 'ragged_row'],
      [5, { a: 'ok', b: '2', c: '3' }],
      [6, 'misplaced_quote', 'a'],
      [7, 'misplaced_quote', 'b'],
      [8, 'stray_carriage_return', 'c'],
      [9, 'misplaced_quote', 'a'],
      [10, { a: 'ok', b: '5"', c: '6' }],
      [11, 'nul_character', 'a'],
      [12, 'nul_character', 'c'],
      [13, { a: 'last' }],
    ])
    expect(refusal).toBeUndefined()
  })

  test('with a quote opened by mistake loses the record up to the line where that shows, and goes on behind it', async () => {
    const { rows } = await outcomeOf('a,b,c\n1,"2,3\n4,5,6\n7,"x",9\nok,2,3\n')
    expect(summary(rows)).toEqual([
      [2, 'misplaced_quote', 'b'],
      [5, { a: 'ok', b: '2', c: '3' }],
    ])
    expect(rows[0]?.raw).toBe('1,"2,3\n4,5,6\n7,"x",9')
  })

  test.each([
    ['short', 'x'],
    ['longer than a record may be', 'x\n'.repeat(200 * KiB)],
  ])('with a quote that is never closed is refused behind the good rows (%s)', async (_what, rest) => {
    const { rows, refusal } = await outcomeOf(`a,b,c\n1,2,3\n4,"${rest}`)
    expect(summary(rows)).toEqual([[2, { a: '1', b: '2', c: '3' }]])
    expect(refusal).toMatchObject({ code: 'unterminated_quote', line: 3 })
    expect(refusal?.message).toContain('line 3')
  })

  test('is not read to its end for a quote that is never closed or a line without end', async () => {
    for (const opening of ['"', '']) {
      let sent = 0
      const endless = Readable.from(
        (function* () {
          yield Buffer.from(`a,b,c\n1,2,3\n${opening}`)
          for (;;) {
            sent += 1
            yield Buffer.alloc(MiB, 'x')
          }
        })(),
      )
      const { rows, refusal } = await outcomeOf(endless)
      expect(rows).toHaveLength(1)
      expect(refusal).toMatchObject({ code: 'record_too_long', line: 3 })
      expect(sent).toBeLessThan(70)
    }
  })

  test('with fields and records that are too long goes on behind them', async () => {
    const long = 'x'.repeat(10 * MiB)
    const body = [
      'a,b,c',
      `1,${'f'.repeat(65 * KiB)},3`,
      `1,"${long}",3`,
      `1,${long},3`,
      `"${'\n'.repeat(300 * KiB)}",2,3`,
      'ok,2,3',
      '',
    ].join('\r\n')
    const { rows, refusal } = await outcomeOf(cut(Buffer.from(body), [100_000]))
    expect(summary(rows)).toEqual([
      [2, 'field_too_long', 'b'],
      [3, 'record_too_long'],
      [4, 'record_too_long'],
      [5, 'record_too_long'],
      [300 * KiB + 6, { a: 'ok', b: '2', c: '3' }],
    ])
    expect(rows[1]?.raw).toBe(`1,"${'x'.repeat(1021)}`)
    expect(refusal).toBeUndefined()
  })

  test.each([
    [64 * KiB, 'x'],
    [64 * KiB - 1, '中'],
  ])('takes a field of %i bytes of %s and not one more character', async (bytes, character) => {
    const text = character.repeat(bytes / Buffer.byteLength(character))
    const { rows } = await outcomeOf(`a,b,c\n${text},2,3\n${text}${character},2,3\n`)
    expect(rows[0]).toHaveProperty('fields.a', text)
    expect(rows[1]).toMatchObject({ error: { code: 'field_too_long', field: 'a' } })
  })

  test('takes a record of exactly the allowed size in any chunks', async () => {
    const limits = { recordBytes: 200_000, fieldBytes: 300_000 }
    const text = 'x'.repeat(199_996)
    const body = Buffer.from(`a,b,c\r\n${text},2,3\r\n${text}y,2,3\r\nok,,\r\n`)
    for (const size of [1000, 65_536, 199_999, 200_008, body.length]) {
      const { rows } = await outcomeOf(cut(body, [size]), { limits })
      expect(
        rows.map((row) => ('error' in row ? row.error.code : row.fields['a']?.toString().length)),
        String(size),
      ).toEqual([199_996, 'record_too_long', 2])
    }
  })

  test('takes a record of exactly the allowed size wherever a block ends', async () => {
    const body = Buffer.from('a,b,c\r\nxxxxxx,2,3\r\nxxxxxxx,2,3\r\n1,2,3\r\n')
    for (let blockBytes = 3; blockBytes < 40; blockBytes += 1) {
      const { rows } = await outcomeOf(body, { limits: { recordBytes: 10, blockBytes } })
      expect(summary(rows), String(blockBytes)).toEqual([
        [2, { a: 'xxxxxx', b: '2', c: '3' }],
        [3, 'record_too_long'],
        [4, { a: '1', b: '2', c: '3' }],
      ])
    }
  })

  test('with bytes that are no UTF-8 loses those rows only and shows the bytes', async () => {
    const body = Buffer.concat([
      Buffer.from('a,b,c\n中,2,3\n1,"'),
      Buffer.from([0xe9, 0x41]),
      Buffer.from('",é\n'),
      Buffer.from('x,\xff\n', 'latin1'),
      Buffer.from('文,2,😀\n'),
    ])
    const { rows } = await outcomeOf(body)
    expect(summary(rows)).toEqual([
      [2, { a: '中', b: '2', c: '3' }],
      [3, 'invalid_utf8', 'b'],
      [4, 'invalid_utf8', 'b'],
      [5, { a: '文', b: '2', c: '😀' }],
    ])
    expect(rows[1]?.raw).toBe('1,"\\xE9A",é')
  })

  test('yields at most a thousand rows at a time, all in order', async () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `${index},x,y`)
    const sizes: number[] = []
    const seen: unknown[] = []
    for await (const batch of readRows(Readable.from([Buffer.from(['a,b,c', ...lines].join('\n'))]), {
      contentType: 'text/csv',
      columns,
    })) {
      sizes.push(batch.length)
      for (const row of batch) seen.push('fields' in row && row.fields['a'])
    }
    expect(Math.max(...sizes)).toBe(1000)
    expect(seen).toEqual(lines.map((_, index) => String(index)))
  })

  test('of a million bad rows is read to its end', async () => {
    const block = Buffer.from('1,2\n'.repeat(10_000))
    let bad = 0
    const body = Readable.from([Buffer.from('a,b,c\n'), ...Array.from({ length: 100 }, () => block)])
    for await (const batch of readRows(body, { contentType: 'text/csv', columns }))
      for (const row of batch) if ('error' in row) bad += 1
    expect(bad).toBe(1_000_000)
  })

  test('of any records comes back the same, in any blocks, by line', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', '\r\n', ' ', 'é', '中', '😀', ';') })
    const value = fc.option(text, { nil: undefined })
    const records = fc.array(fc.tuple(value, value, value), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(
        records,
        cuts,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (given, { sizes, blockBytes }, lineEnd, closed) => {
          const body =
            [['a', 'b', 'c'], ...given].map((record) => record.map(csvField).join(',')).join(lineEnd) + (closed ? lineEnd : '')
          const { rows, refusal } = await outcomeOf(cut(Buffer.from(body), sizes), { limits: { blockBytes } })
          expect(refusal).toBeUndefined()
          let line = 2
          const expected = given.flatMap((record) => {
            const here = line
            line += record.map(csvField).join(',').split('\n').length
            if (record.every((cell) => cell === undefined)) return []
            return [
              [here, Object.fromEntries(record.flatMap((cell, index) => (cell === undefined ? [] : [[columns[index], cell]])))],
            ]
          })
          expect(summary(rows)).toEqual(expected)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('a CSV record', () => {
  test('of any values reads as it was written', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.option(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\0', '中', '😀', ' '), maxLength: 20 }), {
            nil: undefined,
          }),
          { minLength: 1 },
        ),
        (values) => {
          expect(csvValues(values.map(csvField).join(','))).toEqual(values)
        },
      ),
    )
  })
})
