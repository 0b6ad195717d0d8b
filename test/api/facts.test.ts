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

  test('of a month-end are of its balances and holdings, not of the day on which they are kept', async ({ bank, service }) => {
    const c = (code: string): string => bank.code(code)
    await bank.feed('customers', [
      { externalId: c('N'), kind: 'individual', name: '新客', institutionCode: c('O1'), customerSince: '2026-11-01' },
    ])
    await bank.feed('holdings', [
      { externalId: c('F1'), customerExternalId: c('1'), productCode: c('FND'), currency: 'CNY', openedOn: '2026-11-03' },
      { externalId: c('D1'), customerExternalId: c('1'), productCode: c('CUR'), currency: 'CNY', openedOn: '2026-01-05' },
    ])
    await bank.feed('balances', [
      { holdingExternalId: c('A1'), day: '2026-10-30', amount: '800.00' },
      { holdingExternalId: c('A1'), day: '2026-11-01', amount: '9000.00' },
      { holdingExternalId: c('F1'), day: '2026-11-03', amount: '50.00' },
      { holdingExternalId: c('D1'), day: '2026-09-15', amount: '70.00' },
    ])
    await bank.feed('holdings', [
      {
        externalId: c('D1'),
        customerExternalId: c('1'),
        productCode: c('CUR'),
        currency: 'CNY',
        status: 'closed',
        closedOn: '2026-11-02',
      },
    ])
    // As if this were the first full refresh after the end of October.
    await service.owner.query('delete from refresh_run')
    await refreshAll(service)
    const then = await factsOf(bank, '1', c('M1'), '?on=2026-10-31')
    expect(then).toMatchObject({
      aum: '870.00',
      depositBalance: '870.00',
      familiesHeld: ['deposit'],
      accounts: 2,
      tenure: 81,
      stage: null,
    })
    expect(await factsOf(bank, '1')).toMatchObject({ familiesHeld: ['deposit', 'fund'], accounts: 2, tenure: 82 })
    const unborn = await bank.request(c('M1'), 'GET', `/customers/${await bank.customerId('N')}/facts?on=2026-10-31`)
    expect([unborn.status, unborn.body.code]).toEqual([404, 'not_found'])
  })

  test('of a month-end are kept once: what comes later does not change them', async ({ bank, service }) => {
    await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
    await service.owner.query('delete from refresh_run')
    await refreshAll(service)
    const kept = await factsOf(bank, '2', bank.code('M1'), '?on=2026-10-31')
    await bank.feed('balances', [{ holdingExternalId: bank.code('A2'), day: '2026-10-31', amount: '1.00' }])
    expect((await bank.request(bank.code('KH'), 'POST', '/refreshes', { kind: 'full' })).status).toBe(202)
    await refreshAll(service)
    expect(await factsOf(bank, '2', bank.code('M1'), '?on=2026-10-31')).toEqual(kept)
  })
})
