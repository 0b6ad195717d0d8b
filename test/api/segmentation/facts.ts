import { expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { advanceRefreshes } from '../../../src/operations/segmentation/refreshes.ts'
import type { Caller, TestBank, TestService } from '../../setup/service.ts'

/** Takes refreshes further until nothing is left to do. */
export async function refreshAll({ service }: TestService): Promise<void> {
  for (;;) if (!((await runAsSystem(service, advanceRefreshes)) as { more: boolean }).more) return
}

/** The facts of a customer of the bank by their names. */
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
