import { describe, expect } from 'vitest'
import { factNames } from '../../src/core/facts.ts'
import { test } from '../setup/service.ts'
import { factsOf, refreshAll } from './facts.ts'

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
      lastTransactionOn: null,
    })
    expect(Object.keys(found)).toEqual([...factNames])
  })

  test('wait for no refresh that cannot go on: it is ended with its code, and the next one runs', async ({ bank, service }) => {
    const { owner } = service
    await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
    const ask = async () => (await bank.request(bank.code('KH'), 'POST', '/refreshes', { kind: 'full' })).body.id
    const found = async (id: string) => (await bank.request(bank.code('KH'), 'GET', `/refreshes/${id}`)).body
    const broken = await ask()
    await owner.query(`update value_policy set effective_from = '2100-01-01'`)
    try {
      await expect(refreshAll(service)).rejects.toThrow(/rates/)
    } finally {
      await owner.query(`update value_policy set effective_from = '1900-01-01' where version = 1`)
    }
    expect(await found(broken)).toMatchObject({ state: 'failed', error: 'internal', finishedAt: expect.any(String) })
    const next = await ask()
    await refreshAll(service)
    expect([next === broken, (await found(next)).state]).toEqual([false, 'done'])
  })
})
