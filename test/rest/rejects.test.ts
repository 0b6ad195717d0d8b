import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvScanner, csvValues } from '../../src/rest/streams/csv-record.ts'
import { formatRejects, type RejectedRow } from '../../src/rest/streams/rejects.ts'
import { outcomeOf } from './bodies.ts'

const wrong = { line: 7, field: 'b', code: 'invalid_amount', message: 'Must be a decimal, not "x".' }

async function text(...of: Parameters<typeof formatRejects>): Promise<string> {
  return (await Array.fromAsync(formatRejects(...of))).join('')
}

describe('rejected CSV rows', () => {
  test('stand as they were sent, with line, field, code and message', async () => {
    await expect(text('csv', ['a', 'b'], [{ ...wrong, raw: '=1+1,"x, ""y"""' }])).resolves.toBe(
      'a,b,line,field,code,message\r\n=1+1,"x, ""y""",7,b,invalid_amount,"Must be a decimal, not ""x""."\r\n',
    )
  })

  test('mark their additions when the header has such a name itself', async () => {
    await expect(text('csv', ['code', 'name'], [])).resolves.toBe('code,name,_line,_field,_code,_message\r\n')
  })

  test.each([
    ['a ragged one', { code: 'ragged_row', raw: '1' }, '1,,7,b,ragged_row,m\r\n'],
    ['one with too many fields', { code: 'ragged_row', raw: '1,2,3' }, '"1,2,3",,7,b,ragged_row,m\r\n'],
    ['one with misplaced quotes', { code: 'misplaced_quote', raw: '1,"2"x' }, '"1,""2""x",,7,b,misplaced_quote,m\r\n'],
    ['one cut off by the reader', { code: 'record_too_long', raw: '1,xxx' }, '"1,xxx",,7,b,record_too_long,m\r\n'],
    ['one with rewritten bytes', { code: 'invalid_utf8', raw: '1,\\xE9' }, '"1,\\xE9",,7,b,invalid_utf8,m\r\n'],
  ])('put %s as a whole into the first column', async (_what, reject, line) => {
    const written = await text('csv', ['a', 'b'], [{ ...wrong, message: 'm', ...reject }])
    expect(written.slice(written.indexOf('\n') + 1)).toBe(line)
  })

  test('can be read again, whatever they hold', async () => {
    const raw = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', '中', '=') })
    await fc.assert(
      fc.asyncProperty(fc.array(raw), async (raws) => {
        const rejects = raws.map((sent): RejectedRow => ({ ...wrong, raw: sent }))
        const header = ['a', 'b', 'line', 'field', 'code', 'message']
        const { rows, refusal } = await outcomeOf(await text('csv', ['a', 'b'], rejects), { columns: header })
        expect(refusal).toBeUndefined()
        expect(rows).toHaveLength(raws.length)
        for (const [index, row] of rows.entries()) {
          expect(row).toMatchObject({ fields: { line: '7', code: 'invalid_amount' } })
          const values = csvValues(raws[index] as string)
          if (!('fault' in values) && values.length === 2 && csvScanner().scan(raws[index] as string, 0) === -1)
            expect(row).toHaveProperty('fields', {
              ...Object.fromEntries(values.flatMap((value, at) => (value === undefined ? [] : [[header[at], value]]))),
              line: '7',
              field: 'b',
              code: wrong.code,
              message: wrong.message,
            })
        }
      }),
    )
  })
})

describe('rejected NDJSON rows', () => {
  test('stand as they were sent, with four members more', async () => {
    await expect(text('ndjson', undefined, [{ ...wrong, message: 'm', raw: ' {"a":12345678901234567890.10} ' }])).resolves.toBe(
      '{"a":12345678901234567890.10,"_line":7,"_field":"b","_code":"invalid_amount","_message":"m"}\n',
    )
    await expect(text('ndjson', undefined, [{ ...wrong, field: undefined, message: 'm', raw: '{ }' }])).resolves.toBe(
      '{ "_line":7,"_code":"invalid_amount","_message":"m"}\n',
    )
  })

  test.each(['[1]', '7', 'null', '{"a":', '"text"', ''])('that are no object (%s) stand as text', async (raw) => {
    expect(JSON.parse(await text('ndjson', undefined, [{ ...wrong, raw }]))).toEqual({
      _raw: raw,
      _line: 7,
      _field: 'b',
      _code: wrong.code,
      _message: wrong.message,
    })
  })

  test('come in chunks of a bounded size', async () => {
    async function* many(): AsyncGenerator<RejectedRow> {
      for (let line = 1; line <= 10_000; line += 1) yield { ...wrong, line, raw: '{"a":1}' }
    }
    const chunks = await Array.fromAsync(formatRejects('ndjson', undefined, many()))
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(40_000)
    expect(chunks.join('').split('\n')).toHaveLength(10_001)
  })
})
