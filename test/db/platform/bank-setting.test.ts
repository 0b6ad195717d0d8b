import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkBankSettings, type BankSetting } from '../../../src/db/platform/bank-setting.ts'
import { openTestDatabase, type TestDatabase } from '../../setup/database.ts'

let database: TestDatabase
let owner: pg.Client

beforeEach(async () => {
  database = await openTestDatabase()
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
})
afterEach(async () => {
  await owner.end()
  await database.close()
})

const key = (id: string) => ({ id, key: randomBytes(32) })
const [m1, m2, i1, i2] = [key('m1'), key('m2'), key('i1'), key('i2')] as const
const first: BankSetting = { baseCurrency: 'CNY', master: [m1], index: [i1] }
const agree = (change: Partial<BankSetting> = {}) => checkBankSettings(database.ownerUrl, { ...first, ...change }, new Date())

const plant = () =>
  owner.query(`insert into institution (id, code, source, external_id, name, kind, status, path, as_of, created_at, updated_at)
    values (gen_random_uuid(), 'HO', 'core', 'HO', '总行', 'head_office', 'active', '/1/', now(), now(), now())`)

/** Customers whose keys are wrapped with these master keys, each with a blind index by these index keys. */
const addCustomers = (count: number, masters: readonly string[], indexes: readonly string[]) =>
  owner.query(
    `with made as (
      insert into customer (id, kind, status, source, name, name_folded, institution_id, institution_path, wrapped_key, master_key_id, as_of, created_at, updated_at)
      select gen_random_uuid(), 'individual', 'active', 'core', '王芳', '王芳', i.id, i.path, '\\x00', ($2::text[])[1 + n % cardinality($2::text[])], now(), now(), now()
      from institution i, generate_series(1, $1::int) n
      returning id)
    insert into blind_index (hash, customer_id, target_id, kind, key_id)
    select decode(md5(id::text), 'hex'), id, id, 'phone', ($3::text[])[1 + (row_number() over ())::int % cardinality($3::text[])] from made`,
    [count, masters, indexes],
  )

describe('the currency of a bank', () => {
  test('is remembered at the first start and must stay what it is', async () => {
    expect(await agree()).toEqual({ empty: true, differences: [] })
    await plant()
    expect(await agree({ baseCurrency: 'USD' })).toEqual({
      empty: false,
      differences: [{ kind: 'base_currency', stored: 'CNY' }],
    })
    expect(await agree()).toEqual({ empty: false, differences: [] })
  })

  test('of a bank that was there before anything was remembered is the one that is set', async () => {
    await plant()
    expect((await agree({ baseCurrency: 'CZK' })).differences).toEqual([])
    expect((await agree()).differences).toEqual([{ kind: 'base_currency', stored: 'CZK' }])
  })

  test('may change until there is a bank', async () => {
    await agree()
    expect((await agree({ baseCurrency: 'USD' })).differences).toEqual([])
    await plant()
    expect((await agree()).differences).toEqual([{ kind: 'base_currency', stored: 'USD' }])
  })
})

describe('the keys of a bank', () => {
  test('must be there as long as data refer to them, however they are ordered', async () => {
    await plant()
    await addCustomers(10, ['m1', 'm2'], ['i1', 'i2'])
    expect((await agree()).differences).toEqual([
      { kind: 'missing_key', ring: 'master', id: 'm2' },
      { kind: 'missing_key', ring: 'index', id: 'i2' },
    ])
    expect((await agree({ master: [m2, m1], index: [i2, i1] })).differences).toEqual([])
    await owner.query(`update customer set master_key_id = 'm2'; update blind_index set key_id = 'i2'`)
    expect((await agree({ master: [m2], index: [i2] })).differences).toEqual([])
  })

  test('must be the same ones under the same ids', async () => {
    await plant()
    await agree()
    await addCustomers(1, ['m1'], ['i1'])
    expect((await agree({ master: [key('m1')], index: [key('i1')] })).differences).toEqual([
      { kind: 'other_key', ring: 'master', id: 'm1' },
      { kind: 'other_key', ring: 'index', id: 'i1' },
    ])
    // A key that was refused is not what the next start is measured by.
    expect((await agree()).differences).toEqual([])
  })

  test('may be made anew until there are customers', async () => {
    await plant()
    await agree()
    const replaced = { master: [key('m1')], index: [key('i1')] }
    expect((await agree(replaced)).differences).toEqual([])
    await addCustomers(1, ['m1'], ['i1'])
    expect((await agree(replaced)).differences).toEqual([])
    expect((await agree()).differences).toHaveLength(2)
  })

  test('leave nothing in the database that could stand for them', async () => {
    await agree()
    const { rows } = await owner.query('select bank_setting::text as text from bank_setting')
    for (const { key: secret } of [m1, i1])
      for (const encoding of ['hex', 'base64'] as const) expect(rows[0].text).not.toContain(secret.toString(encoding))
  })

  test('are found without reading the customers', async () => {
    await plant()
    await addCustomers(20_000, ['m1'], ['i1'])
    await owner.query('analyze customer, blind_index')
    await owner.query(`set app.scope = '/'`)
    for (const [table, column] of [
      ['customer', 'master_key_id'],
      ['blind_index', 'key_id'],
    ]) {
      const { rows } = await owner.query(
        `explain (analyze, format json) select ${column} as id from ${table} where ${column} > 'm1' order by ${column} limit 1`,
      )
      expect(JSON.stringify(rows[0]), table).toContain(`${table}_${column}_idx`)
    }
  })
})
