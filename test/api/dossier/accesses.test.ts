import { describe, expect } from 'vitest'
import { DomainError } from '../../../src/core/kernel/errors.ts'
import { openAccessLog } from '../../../src/db/platform/access-log.ts'
import { customer } from '../../../src/operations/dossier/customers.ts'
import { execute, type Service } from '../../../src/operations/platform/execute.ts'
import { selectionOf } from '../../../src/rest/platform/route.ts'
import { test, type TestBank } from '../../setup/service.ts'

const read = (service: Service, number: string, customerId: string) =>
  execute(service, customer, {
    caller: { kind: 'staff', number },
    input: { customerId },
    selection: selectionOf(customer),
    refusedAs: null,
  })

async function setUp(bank: TestBank) {
  const customerId = await bank.customerId('1')
  await bank.feed('customers', [
    { externalId: bank.code('1'), kind: 'individual', name: '王芳', institutionCode: bank.code('O1'), phone: '13812345678' },
  ])
  return {
    customerId,
    accesses: async (caller = bank.code('U1'), query = '') =>
      (await bank.request(caller, 'GET', `/customers/${customerId}/accesses${query}`)).body.items,
    entries: async () =>
      (
        await bank.service.owner.query(
          `select actor_id, operation, customer_id, changed, details, request_id from audit_entry where details ->> 'access' = 'read' and customer_id = any (array(select id from customer where core_number like $1)) order by at, id`,
          [`${bank.name}-%`],
        )
      ).rows,
  }
}

describe('a read of protected data', () => {
  test('of one customer leaves an entry with who, what and the request, in one flight and with no event', async ({
    bank,
    service,
  }) => {
    const { customerId, entries } = await setUp(bank)
    const { rows: before } = await service.owner.query('select count(*)::int as n from outbox_event')
    service.statements.length = 0
    await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}`, undefined, { 'x-request-id': 'look-1' })
    expect(service.statements).toHaveLength(1)
    expect(await entries()).toEqual([
      {
        actor_id: `staff:${bank.code('M1')}`,
        operation: 'customer',
        customer_id: customerId,
        changed: ['identityDocuments', 'contactPoints', 'addresses'],
        details: { access: 'read' },
        request_id: 'look-1',
      },
    ])
    expect((await service.owner.query('select count(*)::int as n from outbox_event')).rows).toEqual(before)
    await bank.request({ client: 'core' }, 'GET', `/customers/by-external-id/core/${bank.code('1')}`)
    expect((await entries()).at(-1)).toMatchObject({
      actor_id: 'client:core',
      operation: 'customerByExternalId',
      customer_id: customerId,
    })
  })

  test('that asks for none leaves none, nor does one that is refused or finds nobody', async ({ bank }) => {
    const { customerId, entries } = await setUp(bank)
    await bank.graphql(bank.code('M1'), `{ customer(customerId: "${customerId}") { name holdings { id } } }`)
    await bank.request(bank.code('M2'), 'GET', `/customers/${customerId}`)
    // The quality inspector may not see them: they are null, and nothing was shown.
    expect((await bank.request(bank.code('Q1'), 'GET', `/customers/${customerId}`)).body.contactPoints).toBe(null)
    await bank.graphql(bank.code('Q1'), `{ customer(customerId: "${customerId}") { contactPoints { valueMasked } } }`)
    await bank.request(bank.code('M1'), 'GET', '/customers?limit=3')
    expect(await entries()).toEqual([])
  })

  test('of several leaves an entry for each who is shown, however they are reached', async ({ bank }) => {
    const { customerId, entries } = await setUp(bank)
    const seen = async (caller: string, query: string): Promise<[string, string[]][]> => {
      const before = (await entries()).length
      const { errors } = await bank.graphql(bank.code(caller), query)
      expect(errors).toBeUndefined()
      return (await entries())
        .slice(before)
        .map(({ customer_id, changed }) => [customer_id, changed] as [string, string[]])
        .sort()
    }
    const [one, two, three] = [customerId, await bank.customerId('2'), await bank.customerId('3')]
    const contacts = ['contactPoints']
    expect(
      await seen('M1', '{ customers(first: 2, orderBy: core_number_asc) { nodes { name contactPoints { valueMasked } } } }'),
    ).toEqual(
      [
        [one, contacts],
        [two, contacts],
      ].sort(),
    )
    expect(
      await seen(
        'M1',
        '{ customers(first: 5) { edges { node { a: addresses { city } b: identityDocuments { id } } } nodes { id } } }',
      ),
    ).toEqual([one, two, three].map((id) => [id, ['addresses', 'identityDocuments']]).sort())
    const manager = await bank.staffId('R3')
    expect(
      await seen('M1', `{ staffMember(staffId: "${manager}") { customers(first: 5) { nodes { contactPoints { id } } } } }`),
    ).toEqual([[three, contacts]])
    expect(
      await seen('R1', `{ customer(customerId: "${one}") { name contactPoints { customer { addresses { city } } } } }`),
    ).toEqual([[one, ['contactPoints', 'addresses']]])
    expect(await seen('M1', `{ customerSearch(filter: { name: "王芳" }) { nodes { contactPoints { valueMasked } } } }`)).toEqual([
      [one, contacts],
    ])
  })

  test('of many at once leaves an entry for each of them, in fewer transactions than reads', async ({ bank, service }) => {
    const { customerId, entries } = await setUp(bank)
    const written: number[] = []
    const database = {
      ...service.database,
      transaction: ((scope, work, options) => {
        written.push(1)
        return service.database.transaction(scope, work, options)
      }) as typeof service.database.transaction,
    }
    const counted = { ...service.service, accessLog: openAccessLog(database) }
    await Promise.all(Array.from({ length: 60 }, () => read(counted, bank.code('M1'), customerId)))
    expect(await entries()).toHaveLength(60)
    expect(written.length).toBeLessThan(30)
  })

  test('that the log cannot hold is not answered', async ({ bank, service }) => {
    const { customerId } = await setUp(bank)
    const full = async () => {
      throw new DomainError('unavailable', 'The database cannot be reached.')
    }
    await expect(read({ ...service.service, accessLog: full }, bank.code('M1'), customerId)).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  test('of a list of documents leaves an entry for each customer', async ({ bank }) => {
    const { customerId, entries } = await setUp(bank)
    await bank.feed('customers', [
      {
        externalId: bank.code('1'),
        kind: 'individual',
        name: '王芳',
        institutionCode: bank.code('O1'),
        documentType: 'resident_id',
        documentNumber: '110101199003070000',
      },
    ])
    await bank.request(bank.code('M1'), 'GET', '/documents-to-review')
    expect(await entries()).toMatchObject([
      { operation: 'documentsToReview', customer_id: customerId, changed: ['IdentityDocument'] },
    ])
  })
})

describe('who looked at a customer', () => {
  test('is told to auditors: reads, reveals with purpose and reason, and recognitions, over REST and GraphQL', async ({
    bank,
  }) => {
    const { customerId, accesses } = await setUp(bank)
    const read = await bank.request(bank.code('R1'), 'GET', `/customers/${customerId}`)
    const reveal = { field: 'contact_value', id: read.body.contactPoints[0].id, purpose: 'complaint', reason: '投诉回访' }
    await bank.request(bank.code('C1'), 'POST', `/customers/${customerId}/reveals`, reveal)
    await bank.request(bank.code('T1'), 'POST', '/recognitions', { number: bank.code('1') })
    const all = await accesses()
    expect(
      all.map(({ access, actorId, purpose, outcome, fields }: any) => [access, actorId, purpose, outcome, fields]).sort(),
    ).toEqual([
      ['read', `staff:${bank.code('R1')}`, null, null, ['identityDocuments', 'contactPoints', 'addresses']],
      ['recognition', `staff:${bank.code('T1')}`, null, 'found', ['number']],
      ['reveal', `staff:${bank.code('C1')}`, 'complaint', 'shown', ['contact_value']],
    ])
    expect(all[0]).toMatchObject({
      customerId,
      at: '2026-11-22T02:00:00.000Z',
      staff: { number: expect.any(String) },
      requestId: expect.any(String),
    })
    const shown = all.find(({ access }: any) => access === 'reveal')
    const why = await bank.request(bank.code('U1'), 'GET', `/customers/${customerId}/accesses/${shown.id}/reason`)
    expect(why.body).toEqual({ customerId, accessId: shown.id, reason: '投诉回访' })
    const plain = all.find(({ access }: any) => access === 'read')
    expect((await bank.request(bank.code('U1'), 'GET', `/customers/${customerId}/accesses/${plain.id}/reason`)).body.reason).toBe(
      null,
    )
    expect((await bank.request(bank.code('U1'), 'GET', `/customers/${customerId}/accesses/${customerId}/reason`)).status).toBe(
      404,
    )
    const { data } = await bank.graphql(
      bank.code('U1'),
      'query ($id: ID!) { customerAccesses(customerId: $id, filter: { access: reveal }) { totalCount nodes { operation purpose staff { name } } } }',
      { id: customerId },
    )
    expect(data.customerAccesses).toEqual({
      totalCount: 1,
      nodes: [{ operation: 'revealCustomerField', purpose: 'complaint', staff: { name: '职员C1' } }],
    })
    expect(await accesses(bank.code('U1'), '?from=2026-11-23')).toEqual([])
    expect(await accesses(bank.code('U1'), '?access=recognition&from=2026-11-22&to=2026-11-22')).toHaveLength(1)
  })

  test('is no one else’s business, and other branches have no such customer', async ({ bank }) => {
    const { customerId } = await setUp(bank)
    await bank.feed('staff', [
      { externalId: bank.code('U2'), name: '审计', institutionCode: bank.code('B2'), roles: ['auditor'] },
    ])
    for (const part of ['accesses', `accesses/${customerId}/reason`]) {
      for (const [caller, status] of [
        ['M1', 403],
        ['R1', 403],
        ['U2', 404],
      ] as const)
        expect(
          (await bank.request(bank.code(caller), 'GET', `/customers/${customerId}/${part}`)).status,
          `${caller} ${part}`,
        ).toBe(status)
    }
    expect((await bank.request(bank.code('U1'), 'GET', `/customers/${customerId}/accesses`)).body.items).toEqual([])
  })
})
