import { describe, expect } from 'vitest'
import { test } from '../../setup/service.ts'

describe('one customer', () => {
  test('is answered with institution, manager, holdings and assets over REST and GraphQL alike', async ({ bank }) => {
    const id = await bank.customerId('1')
    const rest = await bank.request(bank.code('M1'), 'GET', `/customers/${id}`)
    expect(rest.status, JSON.stringify(rest.body)).toBe(200)
    expect(rest.body).toMatchObject({
      id,
      coreNumber: bank.code('1'),
      name: '王芳',
      aum: { amount: '1000.00', currency: 'CNY' },
      institution: { code: bank.code('O1') },
      relationshipManager: { number: bank.code('R1') },
      holdings: [
        { accountNumber: bank.code('A1'), balance: { amount: '1000.00', currency: 'CNY' }, product: { code: bank.code('CUR') } },
      ],
    })
    expect(rest.headers['etag']).toBe(`"${rest.body.version}"`)
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      `query ($id: ID!) { customer(customerId: $id) { id coreNumber name aum { amount currency } institution { code } relationshipManager { number }
        holdings { accountNumber balance { amount currency } product { code } } } }`,
      { id },
    )
    expect(errors, bank.service.logged.filter((line) => line.includes('failed')).join()).toBeUndefined()
    expect(rest.body).toMatchObject(data.customer)
  })

  test('of another branch does not exist for a branch manager', async ({ bank }) => {
    const answer = await bank.request(bank.code('M2'), 'GET', `/customers/${await bank.customerId('1')}`)
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found'])
  })
})

describe('a customer of whose currencies none has a rate', () => {
  test('owns nothing that counts yet: in the dossier, in the order of a list and in the summary', async ({ bank }) => {
    const c = (name: string) => bank.code(name)
    await bank.feed('holdings', [
      { externalId: c('A1'), customerExternalId: c('1'), productCode: c('CUR'), currency: 'CNY', status: 'closed' },
      { externalId: c('T1'), customerExternalId: c('1'), productCode: c('CUR'), currency: 'THB', balance: '500.00' },
      { externalId: c('T2'), customerExternalId: c('1'), productCode: c('FND'), currency: 'KZT', balance: '7.00' },
    ])
    const { body } = await bank.request(c('M1'), 'GET', `/customers/${await bank.customerId('1')}`)
    expect(body).toMatchObject({ aum: { amount: '0.00', currency: 'CNY' }, unconvertedCurrencies: ['KZT', 'THB'] })
    const listed = await bank.request(
      c('M1'),
      'GET',
      `/customers?orderBy=aum_asc&institutionId=${await bank.idOf('institution', 'B1')}`,
    )
    expect(listed.body.items.map(({ aum }: { aum: { amount: string } }) => aum.amount)).toEqual(['0.00', '2000.00', '3000.00'])
    const summary = await bank.request(c('M1'), 'GET', '/portfolio-summary')
    expect(summary.body).toMatchObject({ customers: 3, aum: { amount: '5000.00' } })
    expect(summary.body.byFamily).toMatchObject([
      { family: 'deposit', holdings: 3, amount: { amount: '5000.00' } },
      { family: 'fund', holdings: 1, amount: { amount: '0.00' } },
    ])
  })
})

describe('a list of what belongs to a customer', () => {
  test('does not exist for whom the customer does not, and is empty where there is nothing', async ({ bank }) => {
    const id = await bank.customerId('1')
    const other = await bank.holdingId('A2')
    const lists = ['holdings', 'activity', 'movements', `holdings/${await bank.holdingId('A1')}/balances`]
    const told = async (caller: string, url: string) => {
      const { status, body } = await bank.request(caller, 'GET', url)
      return [status, body.code ?? body.items.length]
    }
    for (const list of lists) {
      const there = list === 'activity' || list === 'movements' ? 0 : 1
      expect(await told(bank.code('R1'), `/customers/${id}/${list}?includeTotal=true`), list).toEqual([200, there])
      for (const [caller, customer] of [
        [bank.code('R2'), id],
        [bank.code('M2'), id],
        [bank.code('M1'), crypto.randomUUID()],
      ] as const)
        expect(await told(caller, `/customers/${customer}/${list}`), list).toEqual([404, 'not_found'])
    }
    expect(await told(bank.code('M1'), `/customers/${id}/holdings/${other}/balances`)).toEqual([404, 'not_found'])
    const { errors } = await bank.graphql(bank.code('R2'), `{ movements(customerId: "${id}") { nodes { id } } }`)
    expect(errors?.[0]?.extensions.code).toBe('not_found')
  })

  test('costs one statement where there is something', async ({ bank, service }) => {
    const url = `/customers/${await bank.customerId('1')}/holdings`
    await bank.request(bank.code('M1'), 'GET', url)
    service.statements.length = 0
    expect((await bank.request(bank.code('M1'), 'GET', url)).body.items).toHaveLength(1)
    expect(service.statements).toHaveLength(1)
  })
})

describe('a portfolio', () => {
  test('of nobody is refused, of somebody who keeps no one empty, and costs one statement where there is something', async ({
    bank,
    service,
  }) => {
    const manager = bank.code('M1')
    const ask = (url: string, staffId: string) => bank.request(manager, 'GET', `${url}?relationshipManagerId=${staffId}`)
    for (const url of ['/customers', '/portfolio-summary']) {
      const { status, body } = await ask(url, crypto.randomUUID())
      expect([status, body.errors], url).toMatchObject([422, [{ pointer: '/relationshipManagerId', rule: 'unknown_reference' }]])
      const empty = await ask(url, await bank.staffId('T1'))
      expect([empty.status, empty.body.items?.length ?? empty.body.customers], url).toEqual([200, 0])
      service.statements.length = 0
      const some = await ask(url, await bank.staffId('R1'))
      expect(some.body.items?.length ?? some.body.customers, url).toBe(1)
      expect(service.statements, url).toHaveLength(1)
    }
  })
})
