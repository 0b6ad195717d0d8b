import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fieldContext } from '../../../src/db/platform/vault.ts'
import { told } from '../../setup/feeds.ts'
import { type HoldingBank, openHoldingBank } from '../../setup/holding-feeds.ts'

let bank: HoldingBank
beforeAll(async () => {
  bank = await openHoldingBank()
  const account = { customerExternalId: 'C1', productCode: 'DEP', currency: 'CNY' }
  await bank.feed('holdings', [
    { ...account, externalId: 'H1' },
    { ...account, externalId: 'H2' },
    { ...account, externalId: 'YEN', currency: 'JPY' },
    { ...account, externalId: 'H3', customerExternalId: 'C3' },
  ])
})
afterAll(() => bank.close())

const salary = { holdingExternalId: 'H1', direction: 'in', amount: '500000', bookedOn: '2026-11-21' } as const
const stored = (externalId: string) =>
  bank.row<{ id: string; customer_id: string; counterparty_encrypted: Buffer; wrapped_key: Buffer; master_key_id: string }>(
    `select m.*, m.booked_on::text as booked_on, c.wrapped_key, c.master_key_id from movement m join customer c on c.id = m.customer_id where m.external_id = $1`,
    [externalId],
  )

describe('a feed of movements', () => {
  test('makes, changes and voids them, and leaves what a row does not name', async () => {
    const [made] = await bank.feed('movements', [{ ...salary, externalId: 'M1', purpose: 'salary', channel: 'online' }])
    expect(made).toMatchObject({ outcome: 'created', id: expect.any(String) })
    expect(await stored('M1')).toMatchObject({
      amount: '50000000',
      currency: 'CNY',
      booked_on: '2026-11-21',
      purpose: 'salary',
      channel: 'online',
      status: 'booked',
      version: 1,
    })
    expect(await bank.feed('movements', [{ ...salary, externalId: 'M1', status: 'voided' }])).toEqual([
      { ...made, outcome: 'updated' },
    ])
    expect(await stored('M1')).toMatchObject({ purpose: 'salary', channel: 'online', status: 'voided', version: 2 })
    expect(told(await bank.feed('movements', [{ ...salary, externalId: 'M1' }]))).toEqual(['unchanged'])
    await bank.feed('movements', [{ ...salary, externalId: 'M2' }])
    expect(await stored('M2')).toMatchObject({ purpose: 'unknown', channel: 'other', counterparty_encrypted: null })
  })

  test('keeps the counterparty encrypted under the customer’s key, masked and hashed, and nothing that can be read', async () => {
    const counterparty = '6217000010001234567'
    await bank.owner.query('update customer set wrapped_key = null, master_key_id = null')
    const file = [
      { ...salary, externalId: 'X1', counterparty },
      { ...salary, externalId: 'X2', holdingExternalId: 'H3', counterparty },
    ]
    expect(told(await bank.feed('movements', file))).toEqual(['created', 'created'])
    const {
      id,
      customer_id: customerId,
      counterparty_encrypted: encrypted,
      wrapped_key: wrapped,
      master_key_id: masterKeyId,
    } = await stored('X1')
    const { vault } = bank.context
    const key = vault.unwrap(customerId, wrapped, masterKeyId)
    expect(vault.decrypt(key, encrypted, fieldContext('movement', 'counterparty_encrypted', id))).toBe(counterparty)
    expect(await stored('X1')).toMatchObject({
      counterparty_masked: '621************4567',
      counterparty_hash: vault.blindIndex('counterparty', counterparty).hash,
      index_key_id: 'i1',
    })
    const before = await bank.everything('movement', 'customer')
    expect(
      told(
        await bank.feed('movements', [
          { ...file[0]!, counterparty: '6217 0000 1000 1234 567' },
          { ...salary, externalId: 'X2', holdingExternalId: 'H3' },
        ]),
      ),
    ).toEqual(['unchanged', 'unchanged'])
    expect(await bank.everything('movement', 'customer')).toEqual(before)
    const { text } = await bank.row<{ text: string }>('select string_agg(movement::text, chr(10)) as text from movement')
    for (const clear of ['00001000', Buffer.from('00001000').toString('hex')]) expect(text).not.toContain(clear)
    // The key that was made stays: what follows opens with it.
    await bank.feed('movements', [
      { ...salary, externalId: 'X3', counterparty },
      { ...salary, externalId: 'X1', counterparty: '6222' },
    ])
    expect((await stored('X3')).wrapped_key).toEqual(wrapped)
    expect(await stored('X1')).toMatchObject({ counterparty_masked: '****', version: 2 })
    await bank.feed('movements', [{ ...salary, externalId: 'X3', status: 'voided' }])
    const voided = await stored('X3')
    expect(vault.decrypt(key, voided.counterparty_encrypted, fieldContext('movement', 'counterparty_encrypted', voided.id))).toBe(
      counterparty,
    )
  })

  test('stays with its holding', async () => {
    await bank.feed('movements', [{ ...salary, externalId: 'K1' }])
    const outcomes = await bank.feed('movements', [
      { ...salary, externalId: 'K1', holdingExternalId: 'H2' },
      { ...salary, externalId: 'K1', currency: 'USD' },
      { ...salary, externalId: 'K1', amount: '1' },
    ])
    expect(told(outcomes)).toEqual(['holdingExternalId: conflict', 'currency: conflict', 'updated'])
  })

  test('lets no older row overwrite a newer one, and changes nothing when sent again', async () => {
    const at = (amount: string, day: string) => ({ ...salary, externalId: 'O1', amount, asOf: `2026-11-${day}T00:00:00.000Z` })
    const file = [at('3', '03'), at('1', '01'), at('4', '03')]
    expect(told(await bank.feed('movements', file))).toEqual(['created', 'superseded', 'updated'])
    const before = await bank.everything('movement')
    expect(told(await bank.feed('movements', [at('4', '03')]))).toEqual(['unchanged'])
    expect(told(await bank.feed('movements', [at('2', '02')]))).toEqual(['superseded'])
    expect(await bank.everything('movement')).toEqual(before)
  })

  test('reads amounts by the decimals of the holding’s currency', async () => {
    const outcomes = await bank.feed('movements', [
      { ...salary, externalId: 'Y1', holdingExternalId: 'YEN', amount: '900' },
      { ...salary, externalId: 'Y2', holdingExternalId: 'YEN', amount: '9.5' },
    ])
    expect(told(outcomes)).toEqual(['created', 'amount: invalid_input'])
    expect(await stored('Y1')).toMatchObject({ amount: '900', currency: 'JPY' })
  })

  test('names holdings that are unknown, and those out of scope alike', async () => {
    const outcomes = await bank.feed(
      'movements',
      [
        { ...salary, externalId: 'S1', holdingExternalId: 'NONE' },
        { ...salary, externalId: 'S2' },
      ],
      { scope: bank.paths.B2 },
    )
    expect(outcomes).toMatchObject([
      { refusal: { field: 'holdingExternalId', message: 'There is no holding "NONE" of source "core" in your scope.' } },
      { refusal: { field: 'holdingExternalId', message: 'There is no holding "H1" of source "core" in your scope.' } },
    ])
  })

  test('makes each once when two imports bring the same ones in opposite order, and one key for each customer', async () => {
    await bank.owner.query('update customer set wrapped_key = null, master_key_id = null')
    const file = Array.from({ length: 100 }, (_, index) => ({
      ...salary,
      externalId: `W${index}`,
      holdingExternalId: index % 2 ? 'H1' : 'H3',
      counterparty: `A${index}`,
    }))
    const [one, two] = await bank.together(
      () => bank.feed('movements', file),
      () => bank.feed('movements', file.toReversed()),
    )
    expect([...told(one!), ...told(two!)].toSorted()).toEqual([...Array(100).fill('created'), ...Array(100).fill('unchanged')])
    const {
      id,
      customer_id: customerId,
      counterparty_encrypted: encrypted,
      wrapped_key: wrapped,
      master_key_id: masterKeyId,
    } = await stored('W50')
    const key = bank.context.vault.unwrap(customerId, wrapped, masterKeyId)
    expect(bank.context.vault.decrypt(key, encrypted, fieldContext('movement', 'counterparty_encrypted', id))).toBe('A50')
  })

  test('takes as many statements for five hundred rows as for two', async () => {
    const count = async (rows: number): Promise<number> => {
      let statements = 0
      const file = Array.from({ length: rows }, (_, index) => ({
        ...salary,
        externalId: `N${rows}-${index}`,
        counterparty: 'A1',
      }))
      await bank.feed('movements', file, { onStatement: () => void statements++ })
      return statements
    }
    expect(await count(500)).toBe(await count(2))
  })
})

describe('a day of booking', () => {
  test('lies from 1900 to tomorrow; what was booked outside before can still be taken back', async () => {
    const on = (externalId: string, bookedOn: string) => ({ ...salary, externalId, bookedOn })
    const rows = [on('D1', '1899-12-31'), on('D2', '1900-01-01'), on('D3', '2026-11-23'), on('D4', '2026-11-24')]
    expect(told(await bank.feed('movements', rows))).toEqual([
      'bookedOn: outside_period',
      'created',
      'created',
      'bookedOn: outside_period',
    ])
    expect(told(await bank.feed('movements', [on('D3', '2031-01-01')]))).toEqual(['bookedOn: outside_period'])
    await bank.owner.query(`update movement set booked_on = '2031-01-01' where external_id = 'D3'`)
    expect(told(await bank.feed('movements', [{ ...on('D3', '2031-01-01'), status: 'voided' }]))).toEqual(['updated'])
  })
})
