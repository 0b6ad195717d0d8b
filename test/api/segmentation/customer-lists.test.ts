import { describe, expect } from 'vitest'
import { operationNamed, overGraphql, overRest, type Input } from '../calls.ts'
import { analysedBank, isIn, type Known } from './analysed-bank.ts'
import { type Caller, test, type TestBank } from '../../setup/service.ts'

const wealthy = { fact: 'aum', gte: '500000.00' }
const isWealthy = ({ aum }: Known): boolean => aum >= 50_000_000n

/** All ids that a list gives page by page, over REST or GraphQL. */
async function listed(
  bank: TestBank,
  caller: Caller,
  name: 'customers' | 'customerSearch',
  input: Input,
  limit: number,
  side: 'rest' | 'graphql' = 'graphql',
): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const asked = { ...input, limit, ...(cursor !== undefined && { cursor }) }
    const { code, body, errors } =
      side === 'rest'
        ? await overRest(bank, caller, operationNamed(name), asked)
        : await overGraphql(bank, caller, operationNamed(name), asked, 'nodes { id } pageInfo { endCursor hasNextPage }')
    expect(code, JSON.stringify([body, errors])).toBe('ok')
    ids.push(...(body.items ?? body.nodes).map(({ id }: any) => id))
    cursor = side === 'rest' ? (body.nextCursor ?? undefined) : body.pageInfo.hasNextPage ? body.pageInfo.endCursor : undefined
    if (cursor === undefined) return ids
  }
}

const refused = async (bank: TestBank, caller: Caller, name: string, input: Input): Promise<unknown[]> => {
  const { code, body, errors } = await overGraphql(bank, caller, operationNamed(name), input, 'nodes { id }')
  return [
    code,
    ...((errors?.[0]?.extensions as any)?.errors ?? body?.errors ?? []).map((one: any) => `${one.pointer} ${one.rule}`),
  ]
}

const ofBranch = ({ outlet }: Known): boolean => outlet !== 'B2'
const ids = (list: readonly Known[]): string[] => list.map(({ id }) => id)

describe('a list of customers', () => {
  test('is of those in a segment who meet a rule, page by page, in any order', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const inA = known.filter((one) => ofBranch(one) && isIn(one, 'a'))
    const M1 = bank.code('M1')
    expect((await listed(bank, M1, 'customers', { segmentId: segments.a, status: 'active' }, 7, 'rest')).sort()).toEqual(
      ids(inA).sort(),
    )
    for (const orderBy of ['aum_desc', 'name_asc', 'customer_since_desc', 'birth_date_asc', 'created_at_asc'] as const) {
      const both = await listed(bank, M1, 'customers', { segmentId: segments.a, rule: wealthy, orderBy }, 3)
      expect(new Set(both).size, orderBy).toBe(both.length)
      expect(both.toSorted(), orderBy).toEqual(ids(inA.filter(isWealthy)).sort())
    }
    const bySince = await listed(bank, M1, 'customers', { rule: wealthy, orderBy: 'customer_since_asc' }, 4)
    const sinceOf = new Map(known.map(({ id, customerSince }) => [id, customerSince]))
    expect(bySince.map((id) => sinceOf.get(id))).toEqual(bySince.map((id) => sinceOf.get(id)).toSorted())
    const { body } = await overGraphql(bank, M1, operationNamed('customers'), { rule: wealthy }, 'totalCount')
    expect(body.totalCount).toBe(known.filter((one) => ofBranch(one) && isWealthy(one)).length)
    service.statements.length = 0
    await listed(bank, M1, 'customers', { rule: wealthy }, 200)
    expect(service.statements.filter((text) => text.includes('customer_fact f on'))).toHaveLength(1)
  })

  test('is of no more than the caller may see', async ({ bank, service }) => {
    const { known, segments, headOffice } = await analysedBank(bank, service)
    const seen: [Caller, (one: Known) => boolean][] = [
      [bank.code('R1'), ({ keeper }) => keeper === 'R1'],
      [bank.code('R2'), () => false],
      [bank.code('M2'), ({ outlet }) => outlet === 'B2'],
      [headOffice, () => true],
    ]
    for (const [caller, sees] of seen) {
      const expected = ids(known.filter((one) => sees(one) && isIn(one, 'a') && isWealthy(one))).sort()
      const input = { segmentId: segments.a, rule: wealthy }
      expect((await listed(bank, caller, 'customers', input, 50)).sort(), String(caller)).toEqual(expected)
      if (caller === headOffice) continue
      for (const side of ['rest', 'graphql'] as const)
        expect((await listed(bank, caller, 'customerSearch', input, 5, side)).sort(), String(caller)).toEqual(expected)
    }
    expect(await refused(bank, bank.code('T1'), 'customers', { rule: wealthy })).toEqual(['not_permitted'])
    expect(await refused(bank, bank.code('T1'), 'customerSearch', { segmentId: segments.a })).toEqual(['not_permitted'])
  })

  test('shows exactly the customers of each cell of a profile and an overlap', async ({ bank, service }) => {
    const { segments } = await analysedBank(bank, service)
    const M1 = bank.code('M1')
    const profile = await overRest(bank, M1, operationNamed('segmentProfile'), { segmentId: segments.a })
    const cells = profile.body.groups.flatMap(({ group, cells }: any) => cells.map((cell: any) => ({ group, ...cell })))
    expect(cells.filter(({ customers }: any) => customers > 0).length).toBeGreaterThan(40)
    for (const { group, key, customers, drillDown } of cells) {
      const { code, body } = await overRest(bank, M1, operationNamed('customerSearch'), {
        segmentId: segments.a,
        rule: drillDown,
        status: ['active'],
        limit: 200,
      })
      expect([code, body.items?.length], `${group} ${key} ${JSON.stringify(body.errors)}`).toEqual(['ok', customers])
    }
    const codes = ['a', 'b', 'd'] as const
    const overlap = await overRest(bank, M1, operationNamed('segmentOverlap'), {
      segmentIds: codes.map((code) => segments[code]),
    })
    for (const { customers, drillDown } of overlap.body.combinations)
      expect(await listed(bank, M1, 'customerSearch', { rule: drillDown }, 200)).toHaveLength(customers)
    for (const { both, drillDown } of overlap.body.pairs)
      expect(await listed(bank, M1, 'customerSearch', { rule: drillDown }, 200)).toHaveLength(both)
  })

  test('is searched by a name among those in a segment or with facts', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const M1 = bank.code('M1')
    const inA = known.filter((one) => ofBranch(one) && isIn(one, 'a'))
    for (const orderBy of ['match', 'aum_desc'] as const)
      for (const side of ['rest', 'graphql'] as const) {
        const found = await listed(
          bank,
          M1,
          'customerSearch',
          { name: '客户', segmentId: segments.a, rule: wealthy, orderBy },
          4,
          side,
        )
        expect(new Set(found).size).toBe(found.length)
        expect(found.toSorted(), orderBy).toEqual(ids(inA.filter(isWealthy)).sort())
      }
    const { body } = await overRest(bank, M1, operationNamed('customerSearch'), { rule: wealthy })
    expect(new Set(body.items.map(({ match }: any) => match))).toEqual(new Set(['exact']))
  })

  test('names what is wrong with a segment or a rule, and takes no rule in an address', async ({ bank, service }) => {
    await analysedBank(bank, service, 4)
    const M1 = bank.code('M1')
    const nobody = '019ac000-0000-7000-8000-000000000000'
    for (const name of ['customers', 'customerSearch']) {
      expect(await refused(bank, M1, name, { segmentId: nobody })).toEqual(['unknown_reference', '/segmentId unknown_reference'])
      expect(await refused(bank, M1, name, { rule: { any: [] } })).toEqual(['invalid_input', '/rule/any empty'])
      expect(await refused(bank, M1, name, { rule: { fact: 'wealth', gt: 3 } })).toEqual([
        'invalid_input',
        '/rule/fact unknown_fact',
      ])
      expect(await refused(bank, M1, name, { rule: { fact: 'outsideAssets', percentile: { gt: 95 } } })).toEqual(['conflict'])
    }
    expect(await refused(bank, M1, 'customerSearch', {})).toEqual(['invalid_input', '/ exactly_one'])
    expect(await refused(bank, M1, 'customerSearch', { name: '王', number: '3', rule: wealthy })).toEqual([
      'invalid_input',
      '/ exactly_one',
    ])
    const inAddress = await bank.request(M1, 'GET', `/customers?rule=${encodeURIComponent(JSON.stringify(wealthy))}`)
    expect([inAddress.status, inAddress.body.errors[0]]).toMatchObject([400, { pointer: '/rule', rule: 'unknown_field' }])
  })

  test('is refused with an estimate where a rule would take too long over the whole bank, but not over a portfolio', async ({
    bank,
    service,
  }) => {
    const { headOffice } = await analysedBank(bank, service, 4)
    const costly = {
      any: Array.from({ length: 60 }, (_, index) => ({ hasBeen: { fact: 'aum', gte: `${index}.00` }, days: 30 })),
    }
    await service.owner.query(`update pg_class set reltuples = 10000000 where oid = 'customer_fact'::regclass`)
    try {
      expect(await refused(bank, headOffice, 'customers', { rule: costly })).toEqual(['query_too_complex'])
      expect(await refused(bank, headOffice, 'customers', { rule: wealthy })).toEqual(['ok'])
      expect(await refused(bank, bank.code('R1'), 'customers', { rule: costly })).toEqual(['ok'])
    } finally {
      await service.owner.query(`analyze customer_fact`)
    }
  })
})
