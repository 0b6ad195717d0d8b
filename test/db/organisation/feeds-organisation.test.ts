import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FeedBank, openFeedBank, told } from '../../setup/feeds.ts'

let bank: FeedBank
beforeAll(async () => {
  bank = await openFeedBank()
})
afterAll(() => bank.close())

async function row<T extends object>(query: string, values: unknown[] = []): Promise<T> {
  return (await bank.owner.query<T>(query, values)).rows[0]!
}
const version = async (): Promise<string> => (await row<{ version: string }>('select version from directory_version')).version
const pathOf = async (code: string): Promise<string> =>
  (await row<{ path: string }>('select path from institution where code = $1', [code])).path

describe('a feed of institutions', () => {
  test('builds the tree from rows that come after their parents', async () => {
    const outcomes = await bank.send('institutions', [
      { externalId: 'O1', name: '南山支行网点', kind: 'outlet', parentCode: 'S1' },
      { externalId: 'HO', name: '总行', kind: 'head_office', timeZone: 'Asia/Shanghai' },
      { externalId: 'B1', name: '深圳分行', kind: 'branch', parentCode: 'HO' },
      { externalId: 'S1', name: '南山支行', kind: 'sub_branch', parentCode: 'B1' },
      { externalId: 'O1', name: '南山支行网点', kind: 'outlet', parentCode: 'S1' },
      { externalId: 'B2', name: '广州分行', kind: 'branch', parentCode: 'HO' },
    ])
    expect(told(outcomes)).toEqual(['parentCode: unknown_reference', 'created', 'created', 'created', 'created', 'created'])
    const { rows } = await bank.owner.query(
      'select i.code, i.path, p.path as above from institution i join institution p on p.id = i.parent_id',
    )
    expect(rows).toHaveLength(4)
    for (const { path, above } of rows) expect(path).toMatch(new RegExp(`^${above}\\d+/$`))
  })

  test('changes nothing when it is sent again, and raises version and directory when something changed', async () => {
    const before = await version()
    const same = { externalId: 'B1', name: '深圳分行', kind: 'branch', parentCode: 'HO' } as const
    expect(told(await bank.send('institutions', [same]))).toEqual(['unchanged'])
    expect(await version()).toBe(before)
    expect(told(await bank.send('institutions', [{ ...same, name: '深圳市分行', latitude: 22.5, longitude: 114 }]))).toEqual([
      'updated',
    ])
    expect(await row(`select name, version, latitude, updated_at from institution where code = 'B1'`)).toMatchObject({
      name: '深圳市分行',
      version: 2,
      latitude: 22.5,
    })
    expect(Number(await version())).toBe(Number(before) + 1)
    // Fields that a row leaves out stay.
    expect(told(await bank.send('institutions', [{ ...same, name: '深圳市分行' }]))).toEqual(['unchanged'])
  })

  test('lets no older row overwrite a newer one, in the table or in the batch', async () => {
    const one = { externalId: 'B3', kind: 'branch', parentCode: 'HO' } as const
    const outcomes = await bank.send('institutions', [
      { ...one, name: 'newest', asOf: '2026-11-03T00:00:00.000Z' },
      { ...one, name: 'oldest', asOf: '2026-11-01T00:00:00.000Z' },
      { ...one, name: 'newest', asOf: '2026-11-02T00:00:00.000Z' },
    ])
    expect(told(outcomes)).toEqual(['created', 'superseded', 'superseded'])
    expect(told(await bank.send('institutions', [{ ...one, name: 'old', asOf: '2026-11-02T12:00:00.000Z' }]))).toEqual([
      'superseded',
    ])
    expect(told(await bank.send('institutions', [{ ...one, name: 'equal', asOf: '2026-11-03T00:00:00.000Z' }]))).toEqual([
      'updated',
    ])
    // Said again later: what lies between is older from then on.
    expect(told(await bank.send('institutions', [{ ...one, name: 'equal', asOf: '2026-11-05T00:00:00.000Z' }]))).toEqual([
      'unchanged',
    ])
    expect(told(await bank.send('institutions', [{ ...one, name: 'late', asOf: '2026-11-04T00:00:00.000Z' }]))).toEqual([
      'superseded',
    ])
    expect(await row(`select name, version from institution where code = 'B3'`)).toEqual({ name: 'equal', version: 2 })
    expect(told(await bank.send('institutions', [{ ...one, name: 'future', asOf: '2027-01-01T00:00:00.000Z' }]))).toEqual([
      'asOf: invalid_input',
    ])
  })

  test('says in plain words that a parent is missing, and which levels do not go together', async () => {
    const outcomes = await bank.send('institutions', [
      { externalId: 'W1', name: 'w', kind: 'branch' },
      { externalId: 'W2', name: 'w', kind: 'branch', parentCode: 'O1' },
      { externalId: 'W3', name: 'w', kind: 'outlet', parentCode: 'O1' },
      { externalId: 'S1', name: '南山支行', kind: 'outlet' },
    ])
    expect(outcomes.map((outcome) => 'refusal' in outcome && outcome.refusal.message)).toEqual([
      'parentCode is required: a head office already exists, and every other institution has a parent.',
      'A branch cannot be placed below an outlet.',
      'An outlet cannot be placed below an outlet.',
      'An outlet does not fit between the institutions above and below it.',
    ])
    expect(await bank.send('institutions', [{ externalId: 'W1', name: 'w', kind: 'branch' }], { scope: '/1/' })).toMatchObject([
      { refusal: { message: expect.stringContaining('parentCode is required') } },
    ])
  })

  test('refuses unknown parents and those that come later, levels that do not descend, codes of others and a second head office', async () => {
    const outcomes = await bank.send('institutions', [
      { externalId: 'X1', name: 'x', kind: 'outlet', parentCode: 'NONE' },
      { externalId: 'X2', name: 'x', kind: 'branch', parentCode: 'X3' },
      { externalId: 'X3', name: 'x', kind: 'sub_branch', parentCode: 'X2' },
      { externalId: 'X4', name: 'x', kind: 'branch', parentCode: 'S1' },
      { externalId: 'X5', code: 'B2', name: 'x', kind: 'branch', parentCode: 'HO' },
      { externalId: 'X6', name: 'x', kind: 'head_office' },
      { externalId: 'X7', name: 'x', kind: 'outlet', parentCode: 'X1' },
      { externalId: 'X8', name: 'x', kind: 'outlet', parentCode: 'X2' },
      { externalId: 'X9', name: 'fine', kind: 'outlet', parentCode: 'HO' },
    ])
    expect(told(outcomes)).toEqual([
      'parentCode: unknown_reference',
      'parentCode: unknown_reference',
      'parentCode: unknown_reference',
      'kind: invalid_input',
      'code: already_exists',
      'parentCode: conflict',
      'parentCode: unknown_reference',
      'parentCode: unknown_reference',
      'created',
    ])
  })

  test('refuses to move an institution, naming both parents', async () => {
    const [outcome] = await bank.send('institutions', [
      { externalId: 'S1', name: '南山支行', kind: 'sub_branch', parentCode: 'B2' },
    ])
    expect(outcome).toMatchObject({
      refusal: { field: 'parentCode', code: 'institution_move_unsupported', message: expect.stringMatching(/"B1".*"B2"/) },
    })
  })

  test('closes a branch only with all that is below it', async () => {
    await bank.send('institutions', [
      { externalId: 'B9', name: 'b', kind: 'branch', parentCode: 'HO' },
      { externalId: 'O9', name: 'o', kind: 'outlet', parentCode: 'B9' },
    ])
    const branch = { externalId: 'B9', name: 'b', kind: 'branch', status: 'closed' } as const
    const outlet = { externalId: 'O9', name: 'o', kind: 'outlet', status: 'closed' } as const
    expect(told(await bank.send('institutions', [branch]))).toEqual(['status: in_use'])
    await bank.send('staff', [{ externalId: 'T9', name: 't', institutionCode: 'O9', roles: ['teller'] }])
    expect(told(await bank.send('institutions', [branch, outlet]))).toEqual(['status: in_use', 'status: in_use'])
    await bank.send('staff', [{ externalId: 'T9', name: 't', institutionCode: 'O9', roles: ['teller'], status: 'inactive' }])
    expect(told(await bank.send('institutions', [outlet, branch]))).toEqual(['updated', 'updated'])
    expect(told(await bank.send('institutions', [{ externalId: 'O10', name: 'o', kind: 'outlet', parentCode: 'B9' }]))).toEqual([
      'parentCode: conflict',
    ])
  })

  test('of a branch changes nothing outside of the branch', async () => {
    const scope = await pathOf('B1')
    const outcomes = await bank.send(
      'institutions',
      [
        { externalId: 'B2', name: 'taken', kind: 'branch' },
        { externalId: 'Y1', name: 'y', kind: 'outlet', parentCode: 'B2' },
        { externalId: 'Y2', name: 'y', kind: 'head_office' },
        { externalId: 'Y3', name: 'y', kind: 'outlet', parentCode: 'B1' },
      ],
      { scope },
    )
    expect(told(outcomes)).toEqual([
      'externalId: unknown_reference',
      'parentCode: unknown_reference',
      'parentCode: not_permitted',
      'created',
    ])
  })
})

describe('a feed of staff', () => {
  const anna = { externalId: 'A1', number: '7001', name: 'Anna', institutionCode: 'B1', roles: ['relationship_manager'] as const }

  test('creates, changes and moves members, and raises the directory each time', async () => {
    const before = Number(await version())
    expect(
      told(await bank.send('staff', [{ ...anna, roles: [...anna.roles], industries: ['C'], customerCapacity: 300 }])),
    ).toEqual(['created'])
    expect(told(await bank.send('staff', [{ ...anna, roles: [...anna.roles] }]))).toEqual(['unchanged'])
    expect(
      told(await bank.send('staff', [{ ...anna, roles: ['relationship_manager', 'teller'], institutionCode: 'S1' }])),
    ).toEqual(['updated'])
    expect(Number(await version())).toBe(before + 2)
    expect(
      await row(`select institution_path, roles, industries, customer_capacity, version from staff where number = '7001'`),
    ).toEqual({
      institution_path: await pathOf('S1'),
      roles: ['relationship_manager', 'teller'],
      industries: ['C'],
      customer_capacity: 300,
      version: 2,
    })
  })

  test('refuses unknown and foreign institutions, foreign members and numbers of others', async () => {
    const scope = await pathOf('B2')
    const roles = ['teller'] as const
    const outcomes = await bank.send(
      'staff',
      [
        { externalId: 'A2', name: 'x', institutionCode: 'NONE', roles: [...roles] },
        { externalId: 'A3', name: 'x', institutionCode: 'B1', roles: [...roles] },
        { externalId: 'A1', name: 'x', institutionCode: 'B2', roles: [...roles] },
        { externalId: 'A4', number: '7001', name: 'x', institutionCode: 'B2', roles: [...roles] },
        { externalId: 'A5', name: 'x', institutionCode: 'B2', roles: [...roles] },
        { externalId: 'A6', number: 'A5', name: 'x', institutionCode: 'B2', roles: [...roles] },
      ],
      { scope },
    )
    expect(told(outcomes)).toEqual([
      'institutionCode: unknown_reference',
      'institutionCode: unknown_reference',
      'externalId: unknown_reference',
      'number: already_exists',
      'created',
      'number: already_exists',
    ])
    expect(JSON.stringify(outcomes)).not.toContain('Anna')
  })
})

describe('a feed of products', () => {
  test('creates, changes and keeps what is not said', async () => {
    const deposit = { externalId: 'TD', name: '定期', family: 'deposit', category: 'deposit' } as const
    expect(told(await bank.send('products', [{ ...deposit, annualYield: '0.0275', currency: 'CNY' }]))).toEqual(['created'])
    expect(told(await bank.send('products', [{ ...deposit, annualYield: '0.02750' }]))).toEqual(['unchanged'])
    expect(told(await bank.send('products', [{ ...deposit, lifecycle: 'decline' }]))).toEqual(['updated'])
    expect(await row(`select lifecycle, annual_yield, version from product where code = 'TD'`)).toEqual({
      lifecycle: 'decline',
      annual_yield: '0.027500',
      version: 2,
    })
    expect(told(await bank.send('products', [{ ...deposit, externalId: 'TD2', code: 'TD' }]))).toEqual(['code: already_exists'])
  })
})

describe('a feed of exchange rates', () => {
  test('keeps one rate for each currency and day, and refuses the base currency', async () => {
    const usd = { currency: 'USD', day: '2026-11-20', rate: '7.1' } as const
    expect(told(await bank.send('exchangeRates', [usd, { ...usd, currency: 'CNY' }, { ...usd, rate: '7.2' }]))).toEqual([
      'created',
      'currency: invalid_input',
      'updated',
    ])
    expect(told(await bank.send('exchangeRates', [{ ...usd, rate: '7.20' }]))).toEqual(['unchanged'])
    expect(
      told(
        await bank.send('exchangeRates', [
          { ...usd, rate: '7.3' },
          { ...usd, day: '2026-11-21' },
        ]),
      ),
    ).toEqual(['updated', 'created'])
    expect(await row(`select rate, version from exchange_rate where day = '2026-11-20'`)).toEqual({
      rate: '7.3000000000',
      version: 3,
    })
  })
})

describe('the number of statements', () => {
  test('does not depend on the number of rows', async () => {
    const count = async (
      entity: 'institutions' | 'staff' | 'products' | 'exchangeRates',
      make: (index: number) => never,
      from: number,
      rows: number,
    ): Promise<number> => {
      let statements = 0
      const outcomes = await bank.send(
        entity,
        Array.from({ length: rows }, (_, index) => make(from + index)),
        { onStatement: () => statements++ },
      )
      expect(new Set(told(outcomes))).toEqual(new Set(['created']))
      return statements
    }
    const makers = {
      institutions: (index: number) => ({ externalId: `Z${index}`, name: 'z', kind: 'outlet', parentCode: 'HO' }),
      staff: (index: number) => ({ externalId: `Z${index}`, name: 'z', institutionCode: 'HO', roles: ['teller'] }),
      products: (index: number) => ({ externalId: `Z${index}`, name: 'z', family: 'fund', category: 'fee' }),
      exchangeRates: (index: number) => ({ currency: 'GBP', day: `${1900 + index}-01-01`, rate: '9' }),
    }
    for (const [entity, make] of Object.entries(makers)) {
      const one = await count(entity as 'staff', make as never, 1, 1)
      expect(await count(entity as 'staff', make as never, 2, 100), entity).toBe(one)
      expect(one).toBeLessThan(10)
    }
  })
})
