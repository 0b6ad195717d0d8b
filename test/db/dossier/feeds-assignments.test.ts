import type { AssignmentRow } from '../../../src/core/dossier/assignment-rows.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyDueAssignments } from '../../../src/db/dossier/due-assignments.ts'
import { type FeedBank, openFeedBank, type Sending, told } from '../../setup/feeds.ts'

let bank: FeedBank
const paths: Record<string, string> = {}
const staff: Record<string, string> = {}
beforeAll(async () => {
  bank = await openFeedBank()
  await bank.send('institutions', [
    { externalId: 'HO', name: '总行', kind: 'head_office' },
    { externalId: 'B1', name: '深圳', kind: 'branch', parentCode: 'HO' },
    { externalId: 'B2', name: '广州', kind: 'branch', parentCode: 'HO' },
  ])
  await bank.send('staff', [
    ...['R1', 'R2', 'R3'].map((externalId) => ({
      externalId,
      name: externalId,
      institutionCode: 'B1',
      roles: ['relationship_manager' as const],
    })),
    { externalId: 'R9', name: 'R9', institutionCode: 'B2', roles: ['relationship_manager'] },
    { externalId: 'L1', name: 'L1', institutionCode: 'B1', roles: ['lobby_manager'] },
    { externalId: 'G1', name: 'G1', institutionCode: 'B1', roles: ['teller'], status: 'inactive' },
  ])
  for (const { code, path } of (await bank.owner.query('select code, path from institution')).rows) paths[code] = path
  for (const { number, id } of (await bank.owner.query('select number, id from staff')).rows) staff[number] = id
})
afterAll(() => bank.close())

let next = 0
async function newCustomer(kind: 'individual' | 'company' = 'individual'): Promise<string> {
  const externalId = `C${next++}`
  await bank.send('customers', [{ externalId, kind, name: externalId, institutionCode: 'B1' }])
  return externalId
}
const row = (
  customerExternalId: string,
  externalId: string,
  staffNumber: string,
  startsOn: string,
  endsOn?: string,
  more: Partial<AssignmentRow> = {},
) => ({
  externalId,
  customerExternalId,
  staffNumber,
  businessLine: 'personal' as const,
  startsOn,
  ...(endsOn !== undefined && { endsOn }),
  ...more,
})
const send = (rows: ReturnType<typeof row>[], sending?: Sending) => bank.send('assignments', rows, sending)

async function ownership(coreNumber: string) {
  const { rows } = await bank.owner.query(
    'select relationship_manager_id as manager, visible_to as "visibleTo", version from customer where core_number = $1',
    [coreNumber],
  )
  return rows[0]
}
async function states(coreNumber: string): Promise<string[]> {
  const { rows } = await bank.owner.query(
    'select a.external_id, a.state from assignment a join customer c on c.id = a.customer_id where c.core_number = $1 order by 1',
    [coreNumber],
  )
  return rows.map(({ external_id, state }) => `${external_id} ${state}`)
}
const directory = async () => Number((await bank.owner.query('select version from directory_version')).rows[0].version)

describe('a feed of assignments', () => {
  test('makes the keeper the relationship manager, shows them the customer and raises the directory, but not the version of the dossier', async () => {
    const customer = await newCustomer()
    const before = await directory()
    expect(
      told(
        await send([
          row(customer, 'A', 'R1', '2026-01-01'),
          row(customer, 'B', 'R2', '2026-11-22', undefined, { businessLine: 'corporate' }),
        ]),
      ),
    ).toEqual(['created', 'created'])
    expect(await ownership(customer)).toEqual({ manager: staff['R1'], visibleTo: [staff['R1'], staff['R2']].sort(), version: 1 })
    const after = await directory()
    expect(after).toBeGreaterThan(before)
    expect(told(await send([row(customer, 'A', 'R1', '2026-01-01')]))).toEqual(['unchanged'])
    expect(await directory()).toBe(after)
  })

  test('takes the corporate keeper for a company', async () => {
    const customer = await newCustomer('company')
    await send([
      row(customer, 'A', 'R1', '2026-01-01'),
      row(customer, 'B', 'R2', '2026-01-01', undefined, { businessLine: 'corporate' }),
    ])
    expect(await ownership(customer)).toMatchObject({ manager: staff['R2'] })
  })

  test('refuses unknown customers, staff who are unknown, gone or keep nobody, and what has ended', async () => {
    const customer = await newCustomer()
    const outcomes = await send([
      row('NONE', 'A', 'R1', '2026-01-01'),
      row(customer, 'A', 'NONE', '2026-01-01'),
      row(customer, 'B', 'L1', '2026-01-01'),
      row(customer, 'C', 'G1', '2026-01-01'),
      row(customer, 'D', 'R1', '2026-01-01', '2026-11-22'),
    ])
    expect(told(outcomes)).toEqual([
      'customerExternalId: unknown_reference',
      'staffNumber: unknown_reference',
      'staffNumber: conflict',
      'staffNumber: conflict',
      'endsOn: outside_period',
    ])
    expect(outcomes[0]).toMatchObject({ refusal: { message: 'There is no customer "NONE" of source "core" in your scope.' } })
    expect(told(await send([row(customer, 'E', 'R1', '2026-11-21')], { context: { fromPerson: true } }))).toEqual([
      'startsOn: outside_period',
    ])
    expect(told(await send([row(customer, 'E', 'R1', '2026-11-22')], { context: { fromPerson: true } }))).toEqual(['created'])
  })

  test('of a branch reaches neither customers nor staff of another', async () => {
    const customer = await newCustomer()
    expect(told(await send([row(customer, 'A', 'R9', '2026-01-01')], { scope: paths['B2']! }))).toEqual([
      'customerExternalId: unknown_reference',
    ])
    expect(told(await send([row(customer, 'A', 'R9', '2026-01-01')], { scope: paths['B1']! }))).toEqual([
      'staffNumber: unknown_reference',
    ])
  })

  test('refuses two keepers on one day, naming the other period', async () => {
    const customer = await newCustomer()
    const outcomes = await send([
      row(customer, 'A', 'R1', '2026-01-01', '2027-01-01'),
      row(customer, 'B', 'R2', '2026-12-31'),
      row(customer, 'C', 'R2', '2027-01-01'),
    ])
    expect(told(outcomes)).toEqual(['created', 'startsOn: period_overlap', 'created'])
    expect(outcomes[1]).toMatchObject({ refusal: { message: expect.stringContaining('from 2026-01-01 until 2027-01-01') } })
    expect(told(await send([row(customer, 'A', 'R1', '2026-01-01')]))).toEqual(['startsOn: period_overlap'])
  })

  test('changes hands in one file, what ends before what begins', async () => {
    const customer = await newCustomer()
    await send([row(customer, 'A', 'R1', '2026-01-01')])
    expect(
      told(
        await send([
          row(customer, 'B', 'R2', '2026-11-22'),
          row(customer, 'A', 'R1', '2026-01-01', '2026-11-22'),
          row(customer, 'B', 'R2', '2026-11-22'),
        ]),
      ),
    ).toEqual(['startsOn: period_overlap', 'updated', 'created'])
    expect(await states(customer)).toEqual(['A ended', 'B current'])
    expect(await ownership(customer)).toMatchObject({ manager: staff['R2'], visibleTo: [staff['R2']] })
    // One moves into the place that another leaves.
    const corporate = { businessLine: 'corporate' as const }
    await send([
      row(customer, 'C', 'R3', '2026-11-22', '2027-01-01', corporate),
      row(customer, 'D', 'R3', '2027-01-01', '2027-02-01', corporate),
    ])
    const moved = [
      row(customer, 'D', 'R3', '2027-02-01', '2027-03-01', corporate),
      row(customer, 'C', 'R3', '2026-11-22', '2027-02-01', corporate),
    ]
    expect(told(await send(moved))).toEqual(['updated', 'updated'])
    expect(await states(customer)).toEqual(['A ended', 'B current', 'C current', 'D planned'])
  })

  test('cancels, which frees the period', async () => {
    const customer = await newCustomer()
    await send([row(customer, 'A', 'R1', '2026-01-01')])
    expect(
      told(
        await send([
          row(customer, 'A', 'R1', '2026-01-01', undefined, { status: 'cancelled' }),
          row(customer, 'B', 'R2', '2026-01-01'),
        ]),
      ),
    ).toEqual(['updated', 'created'])
    expect(await ownership(customer)).toMatchObject({ manager: staff['R2'] })
    expect(told(await send([row(customer, 'B', 'R2', '2026-01-01', undefined, { status: 'cancelled' })]))).toEqual(['updated'])
    expect(await ownership(customer)).toMatchObject({ manager: null, visibleTo: [] })
  })

  test('does not give what has ended to somebody else', async () => {
    const customer = await newCustomer()
    await send([row(customer, 'A', 'R1', '2026-01-01')])
    expect(told(await send([row(customer, 'A', 'R2', '2026-01-01')]))).toEqual(['updated'])
    await send([row(customer, 'A', 'R2', '2026-01-01', '2026-11-01')])
    expect(told(await send([row(customer, 'A', 'R3', '2026-01-01', '2026-11-01')]))).toEqual(['staffNumber: outside_period'])
    expect(told(await send([row(customer, 'A', 'R3', '2026-01-01')]))).toEqual(['staffNumber: outside_period'])
    expect(told(await send([row(customer, 'A', 'R2', '2026-01-01', '2026-11-01')]))).toEqual(['unchanged'])
  })

  test('that comes twice at once makes one keeper', async () => {
    const customer = await newCustomer()
    const both = await Promise.all([
      send([row(customer, 'A', 'R1', '2026-01-01')]),
      send([row(customer, 'B', 'R2', '2026-01-01')]),
    ])
    expect(both.flatMap(told).sort()).toEqual(['created', 'startsOn: period_overlap'])
  })
})

describe('an assignment of the future', () => {
  test('takes effect at midnight, and ends the one before it', async () => {
    const customer = await newCustomer()
    await send([row(customer, 'A', 'R1', '2026-01-01', '2026-11-23'), row(customer, 'B', 'R2', '2026-11-23', '2026-11-24')])
    expect(await states(customer)).toEqual(['A current', 'B planned'])
    expect(await ownership(customer)).toMatchObject({ manager: staff['R1'] })
    const due = (today: string, at = Object.values(paths), limit = 1000) =>
      bank.database.transaction({ prefixes: ['/'], portfolio: [], caller: 'system' }, (db) =>
        applyDueAssignments(db, at, { today, now: new Date(`${today}T04:00:00Z`) }, limit),
      )
    expect(await due('2026-11-22')).toBe(0)
    expect(await due('2026-11-23', [paths['B2']!])).toBe(0)
    const before = await directory()
    expect(await due('2026-11-23', undefined, 1)).toBe(1)
    expect(await due('2026-11-23', undefined, 1)).toBe(1)
    expect(await due('2026-11-23')).toBe(0)
    expect(await states(customer)).toEqual(['A ended', 'B current'])
    expect(await ownership(customer)).toMatchObject({ manager: staff['R2'], visibleTo: [staff['R2']] })
    expect(await directory()).toBeGreaterThan(before)
    await due('2026-11-24')
    expect(await ownership(customer)).toMatchObject({ manager: null, visibleTo: [] })
  })
})

describe('assets of customers', () => {
  test('follow the newest rate by today, count what is owned and leave out what has no rate', async () => {
    const customer = await newCustomer()
    const { id, path } = (
      await bank.owner.query('select id, institution_path as path from customer where core_number = $1', [customer])
    ).rows[0]
    await bank.send('products', [
      { externalId: 'D', name: 'D', family: 'deposit', category: 'deposit' },
      { externalId: 'L', name: 'L', family: 'loan', category: 'loan' },
    ])
    const holding = (product: string, currency: string, balance: string, status = 'active') =>
      bank.owner.query(
        `insert into holding (customer_id, id, institution_path, source, external_id, account_number, product_id, currency, balance, status, as_of, created_at, updated_at)
         select $1, gen_random_uuid(), $2, 'core', gen_random_uuid()::text, 'x', p.id, $4, $5, $6, now(), now(), now() from product p where code = $3`,
        [id, path, product, currency, balance, status],
      )
    await holding('D', 'CNY', '10000')
    await holding('D', 'CNY', '777', 'closed')
    await holding('L', 'CNY', '-999999')
    await holding('D', 'JPY', '150')
    await holding('D', 'EUR', '500')
    await holding('D', 'USD', '9223372036854775807')
    const aum = async () => (await bank.owner.query('select aum, version from customer where id = $1', [id])).rows[0]
    await bank.send('exchangeRates', [
      { currency: 'JPY', day: '2026-11-01', rate: '0.05' },
      { currency: 'JPY', day: '2026-11-23', rate: '9' },
    ])
    // 100.00 CNY and 150 JPY at 0.05; euros and dollars have no rate.
    expect(await aum()).toEqual({ aum: '10750', version: 1 })
    await bank.send('exchangeRates', [{ currency: 'JPY', day: '2026-10-01', rate: '0.9' }])
    expect(await aum()).toEqual({ aum: '10750', version: 1 })
    await bank.send('exchangeRates', [
      { currency: 'JPY', day: '2026-11-22', rate: '0.06' },
      { currency: 'EUR', day: '2026-11-22', rate: '8.5' },
      { currency: 'USD', day: '2026-11-22', rate: '7' },
    ])
    expect(await aum()).toEqual({ aum: '15150', version: 1 })
    // A product that ceases to be an asset takes its holders' assets along.
    await bank.send('products', [{ externalId: 'D', name: 'D', family: 'card', category: 'fee' }])
    expect(await aum()).toEqual({ aum: '0', version: 1 })
  })
})
