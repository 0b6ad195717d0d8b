import { describe, expect } from 'vitest'
import { test } from '../setup/service.ts'

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
