import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openVault } from '../../../src/db/platform/vault.ts'
import { told } from '../../setup/feeds.ts'
import { type HoldingBank, openHoldingBank } from '../../setup/holding-feeds.ts'

let bank: HoldingBank
beforeAll(async () => {
  bank = await openHoldingBank()
})
afterAll(() => bank.close())

const mobile = {
  customerExternalId: 'C1',
  month: '2026-10',
  channel: 'mobile',
  type: 'transfer',
  currency: 'CNY',
  count: 14,
} as const

describe('a feed of activity', () => {
  test('keeps one total for each combination, and replaces it', async () => {
    const file = [
      { ...mobile, amount: '3820.5' },
      { ...mobile, direction: 'out' as const, amount: '1' },
      { ...mobile, purpose: 'salary' as const },
      { ...mobile, currency: 'JPY', amount: '900' },
      { ...mobile, counterparty: '6217000010001234567' },
    ]
    expect(told(await bank.feed('activity', file))).toEqual(Array(5).fill('created'))
    expect(told(await bank.feed('activity', [{ ...mobile, count: 15, amount: '3900' }]))).toEqual(['updated'])
    const { rows } = await bank.owner.query(
      `select month::text, purpose, direction, currency, octet_length(counterparty_hash) as hash, count, amount, version from activity order by amount, hash, purpose desc`,
    )
    const total = { month: '2026-10-01', purpose: 'unknown', direction: 'none', currency: 'CNY', hash: 0, count: 14, version: 1 }
    expect(rows).toEqual([
      { ...total, purpose: 'salary', amount: '0' },
      { ...total, hash: 32, amount: '0' },
      { ...total, direction: 'out', amount: '100' },
      { ...total, currency: 'JPY', amount: '900' },
      { ...total, count: 15, amount: '390000', version: 2 },
    ])
  })

  test('recognises a counterparty however its number is written, and keeps nothing that can be read', async () => {
    const paid = { ...mobile, type: 'payment' as const }
    await bank.feed('activity', [{ ...paid, counterparty: 'GB82 WEST 1234 5698 7654 32' }])
    expect(told(await bank.feed('activity', [{ ...paid, counterparty: 'gb82west-1234-5698-7654-32' }]))).toEqual(['unchanged'])
    const { text } = await bank.row<{ text: string }>('select string_agg(activity::text, chr(10)) as text from activity')
    const clear = ['WEST', '12345698', '1234 5698', '1234-5698', '62170000']
    for (const part of [...clear, ...clear.map((one) => Buffer.from(one).toString('hex'))]) expect(text).not.toContain(part)
  })

  test('goes on with a total under its old hash when the index key was rotated', async () => {
    const key = (id: string) => ({ id, key: randomBytes(32) })
    const [master, first, second] = [key('m1'), key('i1'), key('i2')]
    const paid = { ...mobile, type: 'cash' as const, counterparty: '6222' }
    const made = { context: { vault: openVault({ master: [master], index: [first] }) } }
    const rotated = { context: { vault: openVault({ master: [master], index: [second, first] }) } }
    expect(told(await bank.feed('activity', [paid], made))).toEqual(['created'])
    expect(told(await bank.feed('activity', [{ ...paid, count: 15 }], rotated))).toEqual(['updated'])
    expect(told(await bank.feed('activity', [{ ...paid, counterparty: '6223' }], rotated))).toEqual(['created'])
    expect(told(await bank.feed('activity', [{ ...paid, counterparty: '6223' }], made))).toEqual(['created'])
  })

  test('lets no older row overwrite a newer one, and changes nothing when sent again', async () => {
    const paid = { ...mobile, type: 'bill' as const }
    const at = (count: number, day: string) => ({ ...paid, count, asOf: `2026-11-${day}T00:00:00.000Z` })
    expect(told(await bank.feed('activity', [at(3, '03'), at(1, '01'), at(4, '03')]))).toEqual([
      'created',
      'superseded',
      'updated',
    ])
    const before = await bank.everything('activity')
    expect(told(await bank.feed('activity', [at(4, '03'), { ...paid, count: 2, type: 'fee', asOf: at(1, '01').asOf }]))).toEqual([
      'unchanged',
      'created',
    ])
    expect(told(await bank.feed('activity', [at(2, '02')]))).toEqual(['superseded'])
    const ofFees = JSON.stringify('"type":"fee"').slice(1, -1)
    expect((await bank.everything('activity')).filter((row) => !JSON.stringify(row).includes(ofFees))).toEqual(before)
  })

  test('names customers that are unknown, and those out of scope alike', async () => {
    const [unknown, outside] = await bank.feed('activity', [{ ...mobile, customerExternalId: 'NONE' }, mobile], {
      scope: bank.paths.B2,
    })
    expect(unknown).toMatchObject({
      refusal: { field: 'customerExternalId', message: 'There is no customer "NONE" of source "core" in your scope.' },
    })
    expect(outside).toMatchObject({
      refusal: { field: 'customerExternalId', message: 'There is no customer "C1" of source "core" in your scope.' },
    })
  })

  test('comes out the same when two imports bring the same ones in opposite order', async () => {
    const file = Array.from({ length: 100 }, (_, index) => ({
      ...mobile,
      customerExternalId: `C${(index % 3) + 1}`,
      month: '2026-09',
      count: index,
      counterparty: `A${index}`,
    }))
    const [one, two] = await bank.together(
      () => bank.feed('activity', file),
      () => bank.feed('activity', file.toReversed()),
    )
    expect([...told(one!), ...told(two!)].toSorted()).toEqual([...Array(100).fill('created'), ...Array(100).fill('unchanged')])
  })
})

describe('a month', () => {
  test('lies from 1900 to that of tomorrow', async () => {
    const months = (...all: string[]) => all.map((month) => ({ ...mobile, month }))
    expect(told(await bank.feed('activity', months('1899-12', '1900-01', '2026-11', '2026-12', '2030-10')))).toEqual([
      'month: outside_period',
      'created',
      'created',
      'month: outside_period',
      'month: outside_period',
    ])
    const atTheEnd = { context: { today: '2026-11-30' } }
    expect(told(await bank.feed('activity', months('2026-12'), atTheEnd))).toEqual(['created'])
  })
})
