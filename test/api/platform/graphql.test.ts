import { buildClientSchema, getIntrospectionQuery } from 'graphql'
import { describe, expect } from 'vitest'
import { test, type TestBank } from '../../setup/service.ts'
import { fillSegment } from '../dossiers.ts'

async function post(bank: TestBank, payload: object) {
  const { status, body } = await bank.request(bank.code('M1'), 'POST', '/graphql', payload, {
    accept: 'application/graphql-response+json',
  })
  return { status, body, code: body.code ?? body.errors?.[0]?.extensions?.code }
}

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ')

describe('a document that asks for too much', () => {
  const balances = 'nodes { movements(first: 200) { nodes { holding { balances(first: 200) { nodes { day } } } } } }'

  test.for<[string, string]>([
    [
      'by doubling fragments',
      // What they lead to is missing, so that no field is ever counted; followed as often as they bring each other, they never end.
      `{ ...f0 } ${times(60, (level) => `fragment f${level} on Query { ...f${level + 1} ...f${level + 1} }`)}`,
    ],
    ['by more rows, in an inline fragment', `{ customers(first: 200) { ... { ${balances} } } }`],
    ['by more rows, in a fragment', `{ customers(first: 200) { ...F } } fragment F on CustomerConnection { ${balances} }`],
    ['by root fields', `{ ${times(21, (index) => `a${index}: portfolioSummary { count }`)} }`],
    ['by its length', `{ customers(first: 1) { nodes { id } } } #${' '.repeat(100_000)}`],
    ['by nesting that no parser survives', `{ customers(first: ${'['.repeat(19_000)}`],
    ['by nested fields that no parser survives', '{a'.repeat(9_999)],
  ])('%s is refused at once', async ([, query], { bank }) => {
    await bank.request(bank.code('M1'), 'GET', '/customers')
    const { status, code } = await post(bank, { query })
    expect([status, code]).toEqual([400, 'query_too_complex'])
  })

  test('in validation does not hold the process up', async ({ bank }) => {
    const named = (count: number, body: (index: number) => string) =>
      times(count, (index) => `fragment f${index} on Customer { ${body(index)} }`)
    const documents = [
      // Every fragment beside every other.
      `{ customers { nodes { ${times(450, (index) => `...f${index}`)} } } } ${named(450, () => 'id name')}`,
      // One field over and over, each to be compared with each.
      `{ customers { nodes { ${times(480, () => 'institution { id }')} } } }`,
      // Fields that doubled fragments bring, as far as they are let through.
      `{ customers { nodes { ...f0 } } } ${named(7, (index) => `...f${index + 1} institution { id ...I } ...f${index + 1}`)} fragment f7 on Customer { id } fragment I on Institution { id name code }`,
      // Operations by the hundred, each on the same chain.
      `${times(300, (index) => `query q${index}($v: Int) { customers(first: $v) { nodes { ...f0 } } }`)} ${named(60, (index) => (index < 59 ? `...f${index + 1}` : 'id'))}`,
    ]
    for (const query of documents) {
      for (let round = 0; round < 3; round++) {
        // The work of this process alone, whatever else the machine does; what is let through takes a fraction of it.
        const before = process.cpuUsage()
        const { code } = await post(bank, { query, operationName: query.startsWith('{') ? undefined : 'q1' })
        expect(code).not.toBe('internal')
        const { user, system } = process.cpuUsage(before)
        expect((user + system) / 1_000_000, query.slice(0, 60)).toBeLessThan(10)
      }
    }
  })
})

describe('a document too long to be kept', () => {
  const long = (query: string) => `${query}\n#${' '.repeat(30_000)}`

  test('answers as a short one does: data, variables, operations, refusals', async ({ bank }) => {
    for (const padded of [(query: string) => query, long]) {
      const page =
        'query One($n: Int!) { customers(first: $n, orderBy: aum_asc) { nodes { name } } } query Two { nothing: __typename }'
      const one = await post(bank, { query: padded(page), variables: { n: 1 }, operationName: 'One' })
      expect([one.status, one.body]).toEqual([200, { data: { customers: { nodes: [{ name: '王芳' }] } } }])
      const two = await post(bank, { query: padded(page), operationName: 'Two' })
      expect(two.body).toEqual({ data: { nothing: 'Query' } })
      const malformed = [
        { query: padded(page), operationName: 'One' },
        { query: padded(page), operationName: 'Three', variables: { n: 1 } },
        { query: padded('{ nothing }') },
        { query: padded('{') },
      ]
      for (const payload of malformed) {
        const { body, code } = await post(bank, payload)
        expect([code, body.data ?? null]).toEqual(['malformed_request', null])
      }
      const refused = await post(bank, { query: padded('{ customer(customerId: "none") { id } }') })
      expect([refused.status, refused.code, refused.body.data]).toEqual([200, 'invalid_input', { customer: null }])
    }
  })
})

describe('a request', () => {
  test('with a member that means nothing is refused; extensions may be there', async ({ bank }) => {
    const query = '{ customers(first: 1) { nodes { id } } }'
    expect(await post(bank, { query, foo: 1 })).toMatchObject({ status: 400, body: { code: 'malformed_request' } })
    expect(await post(bank, { query, extensions: { persistedQuery: { version: 1 } } })).toMatchObject({ status: 200 })
  })

  test('that cannot run tells its trace id, as every error does', async ({ bank }) => {
    const documents = [
      '{',
      '{ nothing }',
      'query ($id: ID!) { customer(customerId: $id) { id } }',
      '{ customer(customerId: "x") { id } }',
    ]
    for (const query of documents) {
      const { body } = await bank.request(bank.code('M1'), 'POST', '/graphql', { query }, { 'x-request-id': 'mine-1' })
      expect(
        body.errors.map(({ extensions }: any) => extensions.traceId),
        query,
      ).toEqual(['mine-1'])
    }
  })

  test('for a page names what is wrong as the caller does', async ({ bank }) => {
    const pointers = async (query: string) =>
      (await post(bank, { query })).body.errors[0].extensions.errors.map(({ pointer }: any) => pointer)
    expect(await pointers('{ customers(first: 201) { nodes { id } } }')).toEqual(['/first'])
    expect(await pointers('{ customers(after: "forged") { nodes { id } } }')).toEqual(['/after'])
    expect(await pointers('{ customers(first: 0, filter: { aumFrom: "much" }) { nodes { id } } }')).toEqual([
      '/aumFrom',
      '/first',
    ])
    expect((await bank.request(bank.code('M1'), 'GET', '/customers?limit=201')).body.errors).toMatchObject([
      { pointer: '/limit' },
    ])
  })
})

describe('null in an input', () => {
  test('counts as absent: it is neither refused nor does it empty a field', async ({ bank }) => {
    const mutation = `mutation ($input: UpsertCustomerInput!) { upsertCustomer(input: $input) { version name birthDate industry } }`
    const named = { source: 'core', externalId: bank.code('9'), institutionCode: bank.code('O1'), kind: 'individual' }
    const upsert = async (input: object) =>
      (await bank.graphql({ client: 'core' }, mutation, { input: { ...named, ...input } })).data?.['upsertCustomer']
    expect(
      await upsert({ name: '赵一', birthDate: '1990-03-07', industry: null, idempotencyKey: null, mode: null }),
    ).toMatchObject({
      version: 1,
      birthDate: '1990-03-07',
      industry: null,
    })
    expect(await upsert({ name: '赵二', birthDate: null, expectedVersion: null })).toMatchObject({
      version: 2,
      name: '赵二',
      birthDate: '1990-03-07',
    })
  })
})

describe('bad arguments of a computed field', () => {
  test.for<[unknown, string]>([
    [0, 'too_small'],
    [-5, 'too_small'],
    [100_000, 'too_big'],
  ])('months: %s is refused by name and rule', async ([months, rule], { bank }) => {
    const query = 'query ($months: Int) { customers(first: 1) { nodes { aumByMonth(months: $months) { monthEnd } } } }'
    const { errors } = await bank.graphql(bank.code('M1'), query, { months })
    expect(errors).toMatchObject([{ extensions: { code: 'invalid_input', errors: [{ pointer: '/months', rule }] } }])
  })

  test('null counts as absent', async ({ bank }) => {
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      '{ customers(first: 1) { nodes { aumByMonth(months: null) { monthEnd } } } }',
    )
    expect(errors).toBeUndefined()
    expect(data.customers.nodes[0].aumByMonth).toHaveLength(12)
  })
})

describe('totalCount', () => {
  test('is null exactly where its description says so', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const holdingId = await bank.holdingId('A1')
    const { body } = await post(bank, {
      query:
        '{ __schema { queryType { fields { name type { name } args { name type { kind } } } } types { name fields { name description } } } }',
    })
    const types: { name: string; fields: { name: string; description: string }[] | null }[] = body.data.__schema.types
    const described = (type: string) =>
      types.find(({ name }) => name === type)!.fields!.find(({ name }) => name === 'totalCount')?.description
    const lists: {
      name: string
      type: { name: string | null }
      args: { name: string; type: { kind: string } }[]
    }[] = body.data.__schema.queryType.fields.filter(({ type }: { type: { name: string | null } }) =>
      type.name?.endsWith('Connection'),
    )
    const { rows: schemes } = await bank.service.owner.query('select id from tier_scheme order by slot limit 1')
    const given: Record<string, string> = {
      thresholdCustomers: `(schemeId: "${schemes[0].id}", side: upgrade_candidate)`,
      pendingDowngrades: `(schemeId: "${schemes[0].id}")`,
      migrationCustomers: '(fact: lifecycleStage, from: "2026-10-31")',
      cohortCustomers: '(from: "2026-01-01")',
      customerSearch: '(filter: { name: "王" })',
      balances: `(customerId: "${customerId}", holdingId: "${holdingId}")`,
      segmentMembers: `(segmentId: "${await fillSegment(bank)}")`,
    }
    const underCustomer = `(customerId: "${customerId}")`
    for (const { name, type, args } of lists) {
      const owned = args.some((one) => one.name === 'customerId' && one.type.kind === 'NON_NULL')
      const asked = given[name] ?? (owned ? underCustomer : '')
      for (const caller of ['M1', 'U1', 'A1']) {
        const { data, errors } = await bank.graphql(bank.code(caller), `{ ${name}${asked} { totalCount } }`)
        // Of a scheme that no refresh has looked at yet nothing is told.
        if (['not_permitted', 'conflict'].includes(errors?.[0]?.extensions.code ?? '')) continue
        expect(errors, name).toBeUndefined()
        if (name === 'customerSearch') expect(data[name].totalCount).toBeNull()
        else expect(data[name].totalCount, name).toEqual(expect.any(Number))
      }
      expect(described(type.name!), name).toContain('counted only if selected')
    }
    expect(described('CustomerConnection')).toContain('Null under customerSearch and on a page inside another type')
    expect(described('InstitutionConnection')).toContain('Never null')
    expect(described('AssignmentConnection')).toBeUndefined()
  })
})

describe('the schema', () => {
  test('can be asked for as the tools do', async ({ bank }) => {
    const { data, errors } = await bank.graphql(bank.code('M1'), getIntrospectionQuery())
    expect(errors).toBeUndefined()
    expect(buildClientSchema(data).getType('Customer')).toBeDefined()
  })
})

describe('a value of the wrong type', () => {
  const number = '110101199003070062'
  const search = 'query ($filter: CustomerSearchFilter!) { customerSearch(filter: $filter) { nodes { id } } }'

  const documents: readonly (readonly [string, object])[] = [
    [search, { filter: { documentNumber: Number(number) } }],
    [search, { filter: { documentNumber: [number, number] } }],
    [search, { filter: { documentNumber: number, kind: [number] } }],
    [search, { filter: number }],
    [search, { filter: { documentNumber: { number } } }],
    ['query ($first: Int) { customers(first: $first) { nodes { id } } }', { first: number }],
    [`{ customerSearch(filter: { documentNumber: ${number} }) { nodes { id } } }`, {}],
    [`{ customerSearch(filter: { documentNumber: "${number}", kind: [X${number}] }) { nodes { id } } }`, {}],
    [`{ customers(first: "${number}") { nodes { id } } }`, {}],
    [`{ customers "${number}" { nodes { id } } }`, {}],
    [`{ customers(first: ${number}) { nodes { id } } }`, {}],
  ]

  test('is refused without being repeated', async ({ bank }) => {
    for (const [query, variables] of documents) {
      const { body } = await bank.request(bank.code('M1'), 'POST', '/graphql', { query, variables })
      const told = JSON.stringify(body)
      expect(told, told).not.toMatch(/1101011990|0307006/)
      expect(['malformed_request', 'query_too_complex'], told).toContain(body.errors[0].extensions.code)
      expect(body.errors[0].message.length, told).toBeGreaterThan(10)
    }
  })
})
