import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { currencyCodes, currencyExponent } from '../../../src/core/kernel/currencies.ts'
import { convert, formatRate } from '../../../src/core/kernel/money.ts'
import { openTestDatabase, type TestDatabase } from '../../setup/database.ts'

let database: TestDatabase
let owner: pg.Client

beforeAll(async () => {
  database = await openTestDatabase()
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
})
afterAll(async () => {
  await owner.end()
  await database.close()
})

describe('the database', () => {
  test('knows the same decimals of every currency as core', async () => {
    const { rows } = await owner.query('select code, currency_exponent(code) as exponent from unnest($1::text[]) code', [
      currencyCodes,
    ])
    expect(rows).toEqual(currencyCodes.map((code) => ({ code, exponent: currencyExponent(code) })))
  })

  test('converts amounts to the last unit as core does, halves to even', async () => {
    const codes = fc.constantFrom(...currencyCodes)
    const cases = fc.sample(
      fc.record({
        amount: fc.oneof(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.bigInt({ min: -1000n, max: 1000n })),
        from: codes,
        to: codes,
        rate: fc.oneof(fc.bigInt({ min: 1n, max: 10n ** 14n }), fc.constantFrom(5_000_000_000n, 15_000_000_000n, 2_500_000_000n)),
      }),
      3_000,
    )
    const { rows } = await owner.query(
      `select convert_amount(amount, "from", "to", rate)::text as amount from json_to_recordset($1) as r (line int, amount bigint, "from" text, "to" text, rate numeric) order by line`,
      [
        JSON.stringify(
          cases.map(({ amount, rate, ...rest }, line) => ({ line, amount: amount.toString(), rate: formatRate(rate), ...rest })),
        ),
      ],
    )
    const expected = cases.map(({ amount, from, to, rate }) => (from === to ? amount : convert(amount, from, to, rate)))
    for (const [index, row] of rows.entries())
      if (expected[index] !== undefined)
        expect(
          BigInt(row.amount.replace(/\.0+$/, '')),
          JSON.stringify(cases[index], (_key, value) => (typeof value === 'bigint' ? value.toString() : value)),
        ).toBe(expected[index])
  })
})
