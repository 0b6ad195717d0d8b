import { describe, expect } from 'vitest'
import { factNames } from '../../src/core/facts.ts'
import { runAsSystem } from '../../src/jobs/worker.ts'
import { advanceRefreshes } from '../../src/operations/refreshes.ts'
import { type Caller, test, type TestBank, type TestService } from '../setup/service.ts'

/** Takes refreshes further until nothing is left to do. */
export async function refreshAll({ service }: TestService): Promise<void> {
  for (;;) if (!((await runAsSystem(service, advanceRefreshes)) as { more: boolean }).more) return
}

export async function factsOf(bank: TestBank, customer: string, caller: Caller = bank.code('M1'), query = ''): Promise<any> {
  const { status, body } = await bank.request(caller, 'GET', `/customers/${await bank.customerId(customer)}/facts${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return Object.fromEntries(
    body.facts.map(({ name, number, money, day, boolean, text, texts }: any) => [
      name,
      number ?? money?.amount ?? day ?? boolean ?? text ?? texts,
    ]),
  )
}

describe('facts', () => {
  test('are worked out from all that is known of a customer', async ({ bank, service }) => {
    await refreshAll(service)
    const found = await factsOf(bank, '1')
    expect(found).toMatchObject({
      kind: 'individual',
      aum: '1000.00',
      institutions: ['HO', bank.code('B1'), bank.code('O1')],
      relationshipManager: bank.code('R1'),
      customerSince: '2020-01-15',
      tenure: 82,
      products: 1,
      familiesHeld: ['deposit'],
      depositBalance: '1000.00',
      depositShare: 100,
    })
    expect(Object.keys(found)).toEqual([...factNames])
  })
})
