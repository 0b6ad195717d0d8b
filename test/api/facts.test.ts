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
})
