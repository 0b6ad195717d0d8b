import type { CustomerRow } from '../../../src/core/dossier/customer-rows.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FeedBank, openFeedBank, told } from '../../setup/feeds.ts'

let bank: FeedBank
const staffId = '0190a000-0000-7000-8000-00000000000a'
beforeAll(async () => {
  bank = await openFeedBank()
  await bank.send('institutions', [
    { externalId: 'HO', name: '总行', kind: 'head_office' },
    { externalId: 'B1', name: '深圳', kind: 'branch', parentCode: 'HO' },
  ])
})
afterAll(() => bank.close())

type Sent = Omit<CustomerRow, 'source'>
const person = (externalId: string, more: Partial<CustomerRow> = {}): Sent => ({
  externalId,
  kind: 'individual',
  name: `客户 ${externalId}`,
  institutionCode: 'B1',
  ...more,
})
const idOf = async (externalId: string): Promise<string> =>
  (await bank.owner.query('select customer_id from external_id where external_id = $1', [externalId])).rows[0].customer_id
const rowsOf = async (table: string, externalId: string) =>
  (await bank.owner.query(`select * from ${table} where customer_id = $1 order by 1, 2`, [await idOf(externalId)])).rows
const verify = async (externalId: string, field: string, verifiedAt = '2026-11-22T02:00:00Z') =>
  bank.owner.query(
    `insert into field_source (customer_id, field, institution_path, source, as_of, verified_at, verified_by, verification)
     select id, $2, institution_path, source, created_at, $3, $4, 'visit' from customer where id = $1`,
    [await idOf(externalId), field, verifiedAt, staffId],
  )

describe('a feed of customers with profiles', () => {
  test('writes no source of a field for whom it makes, and one for each field that it changes later', async () => {
    const made = person('P1', { occupation: '教师', incomeBand: 'middle', asOf: '2026-11-01T00:00:00.000Z' })
    expect(told(await bank.send('customers', [made]))).toEqual(['created'])
    expect(await rowsOf('field_source', 'P1')).toEqual([])
    expect(await rowsOf('customer_profile', 'P1')).toMatchObject([{ occupation: '教师', income_band: 'middle', interests: [] }])
    const later = { ...made, incomeBand: 'high', asOf: '2026-11-02T00:00:00.000Z' } as const
    expect(told(await bank.send('customers', [later]))).toEqual(['updated'])
    expect(await rowsOf('field_source', 'P1')).toMatchObject([
      { field: 'income_band', source: 'core', as_of: new Date(later.asOf), set_by: null, verified_at: null },
    ])
    const { rows } = await bank.owner.query('select version from customer where id = $1', [await idOf('P1')])
    expect(rows).toEqual([{ version: 2 }])
  })

  test('writes nothing when it says what is stored, night after night, also beside an open conflict', async () => {
    const sent = person('P2', { occupation: '教师', birthDate: '1990-01-01', asOf: '2026-11-01T00:00:00.000Z' })
    await bank.send('customers', [sent])
    await verify('P2', 'occupation')
    const other = { ...sent, occupation: '医生', asOf: '2026-11-23T00:00:00.000Z' }
    expect(told(await bank.send('customers', [other]))).toEqual(['unchanged'])
    const tables = ['customer', 'customer_profile', 'field_source', 'profile_conflict']
    const state = async () => {
      const all: unknown[] = []
      for (const table of tables)
        all.push((await bank.owner.query(`select t::text, t.xmin::text from ${table} t order by 1`)).rows)
      return all
    }
    const before = await state()
    for (let night = 0; night < 2; night++) expect(told(await bank.send('customers', [other]))).toEqual(['unchanged'])
    expect(await state()).toEqual(before)
    expect(await rowsOf('profile_conflict', 'P2')).toMatchObject([
      { field: 'occupation', value_sent: '医生', source: 'core', status: 'open', policy_version: 0, version: 1 },
    ])
  })

  test('of two sources in one batch keeps a conflict of each', async () => {
    await bank.send('customers', [person('P3', { country: 'CN' })])
    await verify('P3', 'country')
    await bank.owner.query(
      `insert into external_id (external_id, source, entity, customer_id, target_id) select 'P3', 'crm', 'customer', id, id from customer where id = $1`,
      [await idOf('P3')],
    )
    const outcomes = await bank.send('customers', [
      person('P3', { country: 'SG', preferredLanguage: 'en' }),
      { ...person('P3', { country: 'US' }), source: 'crm' },
    ])
    expect(told(outcomes)).toEqual(['updated', 'unchanged'])
    expect((await rowsOf('profile_conflict', 'P3')).map(({ source, value_sent: sent }) => [source, sent]).sort()).toEqual([
      ['core', 'SG'],
      ['crm', 'US'],
    ])
  })

  test('leaves out what no profile can be', async () => {
    const company = (externalId: string, more: Partial<CustomerRow>): Sent => ({ ...person(externalId, more), kind: 'company' })
    const outcomes = await bank.send('customers', [
      person('R1', { birthDate: '1990-01-01', deceasedOn: '1989-01-01' }),
      person('R2', { deceasedOn: '2026-12-01' }),
      company('R3', { merchantUntil: '2026-01-01' }),
      company('R4', { merchantSince: '2026-01-01', registeredCapital: '10', registeredCapitalCurrency: 'JPY' }),
    ])
    expect(told(outcomes)).toEqual([
      'created, deceasedOn: invalid_value',
      'created, deceasedOn: invalid_value',
      'created, merchantSince: invalid_value',
      'created',
    ])
    expect(await rowsOf('customer_profile', 'R4')).toMatchObject([
      { registered_capital: '10', registered_capital_currency: 'JPY' },
    ])
  })

  test('takes the same number of statements for two verified customers and for five hundred', async () => {
    const many = (from: number, count: number, occupation: string): Sent[] =>
      Array.from({ length: count }, (_, index) => person(`M${from + index}`, { occupation, country: 'CN' }))
    await bank.send('customers', many(0, 502, '教师'))
    await bank.owner.query(
      `insert into field_source (customer_id, field, institution_path, source, as_of, verified_at, verified_by, verification)
       select c.id, 'occupation', c.institution_path, 'core', c.created_at, now(), $1, 'visit' from customer c join external_id e on e.customer_id = c.id where e.external_id ~ '^M'`,
      [staffId],
    )
    const count = async (rows: Sent[]): Promise<number> => {
      let statements = 0
      const sent = rows.map((row) => ({ ...row, country: 'SG', occupation: '医生' }))
      expect(new Set(told(await bank.send('customers', sent, { onStatement: () => statements++ })))).toEqual(new Set(['updated']))
      return statements
    }
    expect(await count(many(0, 2, ''))).toBe(await count(many(2, 500, '')))
    const { rows } = await bank.owner.query(
      `select count(*)::int as n from profile_conflict where value_sent = '医生' and field = 'occupation'`,
    )
    expect(rows[0].n).toBeGreaterThanOrEqual(502)
  })
})
