import { describe, expect, test } from 'vitest'
import { fromCsv } from '../../src/core/feeds/rows.ts'
import { cut, outcomeOf, summary } from './bodies.ts'

// GB 18030 of 王小明 and 张三, which the runtime decodes and does not encode.
const [wang, zhang] = [Buffer.from('cdf5d0a1c3f7', 'hex'), Buffer.from('d5c5c8fd', 'hex')]
const csv = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))

describe('a file in GB 18030', () => {
  const body = csv('a,b,c\r\n1,', wang, ',x\r\n2,"', zhang, '",y\r\n')
  const rows = [
    [2, { a: '1', b: '王小明', c: 'x' }],
    [3, { a: '2', b: '张三', c: 'y' }],
  ]

  test.each(['gb18030', 'GBK', '"gb2312"'])('that is declared as %s is read, wherever it is cut', async (charset) => {
    for (const size of [1, 2, 3, 7, 100]) {
      const outcome = await outcomeOf(cut(body, [size]), { contentType: `text/csv; charset=${charset}` })
      expect([summary(outcome.rows), outcome.refusal]).toEqual([rows, undefined])
      expect(outcome.rows[0]!.raw).toBe('1,王小明,x')
    }
  })

  test('that is not declared ends with the charset to declare, after the rows that are good', async () => {
    const { rows: read, refusal } = await outcomeOf(csv('a,b,c\n0,plain,x\n1,', wang, ',x\n2,', zhang, ',y\n'))
    expect(summary(read)).toEqual([
      [2, { a: '0', b: 'plain', c: 'x' }],
      [3, 'invalid_utf8', 'b'],
      [4, 'invalid_utf8', 'b'],
    ])
    expect(refusal).toMatchObject({ code: 'wrong_charset', message: expect.stringContaining('charset=gb18030') })
  })

  test('is not read to the end for nothing', async () => {
    const lines = Array.from({ length: 50_000 }, () => csv('1,', wang, ',x\n'))
    const { rows: read, refusal } = await outcomeOf(csv('a,b,c\n', ...lines))
    expect(refusal?.code).toBe('wrong_charset')
    expect(read.length).toBeLessThan(20_000)
  })

  test('is told from a UTF-8 file with single bad rows', async () => {
    const { rows: read, refusal } = await outcomeOf(csv('a,b,c\n0,张三,x\n1,', wang, ',x\n2,\n3,', Buffer.from([0xff]), ',y\n'))
    expect([read.length, refusal]).toEqual([4, undefined])
  })
})

describe('a file with other separators', () => {
  test.each([
    ['semicolon', ';'],
    ['tab', '\t'],
  ])('is read where a %s is declared, and given back with commas', async (name, separator) => {
    const body = `a;b;c\n1;"x;y";3,5\n;"say ""hi""";\nbad"quote;2;3\n`.replaceAll(';', separator)
    const { rows, refusal } = await outcomeOf(body, { contentType: `text/csv; separator=${name}` })
    expect(refusal).toBeUndefined()
    expect(summary(rows)).toEqual([
      [2, { a: '1', b: `x${separator}y`, c: '3,5' }],
      [3, { b: 'say "hi"' }],
      [4, 'misplaced_quote', 'a'],
    ])
    expect(rows.slice(0, 2).map(({ raw }) => raw)).toEqual([`1,x${separator}y,"3,5"`, ',"say ""hi""",'])
  })

  test('says which one it has where that is not declared', async () => {
    for (const [name, separator] of [
      ['semicolon', ';'],
      ['tab', '\t'],
    ] as const) {
      const { refusal } = await outcomeOf(`a${separator}b\n1${separator}2\n`)
      expect(refusal).toMatchObject({ code: 'bad_header', message: expect.stringContaining(`separator=${name}`) })
    }
    expect((await outcomeOf('1;2\n3;4\n')).refusal?.code).toBe('missing_header')
  })
})

describe('what spreadsheets and old systems add', () => {
  test('passes: names in other cases, empty columns, lines of separators only, and the sign at the end of the file', async () => {
    const { rows, header, refusal } = await outcomeOf('\ufeff A , B,c,,\r\n1,2,3,,\r\n,,,,\r\n4,5,6\r\n7,8,9,,,,\r\n\u001a')
    expect(refusal).toBeUndefined()
    expect([header, summary(rows)]).toEqual([
      ['a', 'b', 'c', '', ''],
      [
        [2, { a: '1', b: '2', c: '3' }],
        [4, { a: '4', b: '5', c: '6' }],
        [5, { a: '7', b: '8', c: '9' }],
      ],
    ])
  })

  test('does not pass where a value stands in a column without a name', async () => {
    const { rows } = await outcomeOf('a,b,,c\n1,2,lost,3\n1,2,,3\n1,2,,3,lost\n')
    expect(summary(rows)).toEqual([
      [2, 'unnamed_column'],
      [3, { a: '1', b: '2', c: '3' }],
      [4, 'ragged_row'],
    ])
  })

  test('passes: column names as other systems write them', async () => {
    const options = { columns: ['externalId', 'birthDate'] }
    const { header } = await outcomeOf('External ID,birth_date\n1,2\n', options)
    expect(header).toEqual(['externalId', 'birthDate'])
  })

  test.each([
    ['birthDate', '19900307', '1990-03-07'],
    ['birthDate', '1990/03/07', '1990-03-07'],
    ['birthDate', '1990/3/7', '1990-03-07'],
    ['birthDate', '1990-03-07', '1990-03-07'],
    ['birthDate', '07/03/1990', '07/03/1990'],
    ['birthDate', '1990.03.07', '1990.03.07'],
    ['birthDate', '900307', '900307'],
    ['externalId', '20261201', '20261201'],
    ['registeredCapital', '+100.00', '100.00'],
    ['registeredCapital', '100.00-', '-100.00'],
    ['registeredCapital', '-100.00', '-100.00'],
    ['registeredCapital', '1,000.00', '1,000.00'],
    ['registeredCapital', '-100.00-', '-100.00-'],
    ['registeredCapital', '+', '+'],
    ['externalId', '+100', '+100'],
  ])('reads %s %j as %j', (column, text, expected) => {
    expect(fromCsv('customers', { [column]: text })).toEqual({ [column]: expected })
  })
})
