import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { told } from '../../setup/feeds.ts'
import { type HoldingBank, openHoldingBank } from '../../setup/holding-feeds.ts'

let bank: HoldingBank
beforeAll(async () => {
  bank = await openHoldingBank()
  await bank.feed('holdings', [
    { externalId: 'H1', customerExternalId: 'C1', productCode: 'DEP', currency: 'CNY', balance: '100' },
    { externalId: 'H3', customerExternalId: 'C3', productCode: 'DEP', currency: 'CNY', balance: '100' },
  ])
})
afterAll(() => bank.close())

const joint = { holdingExternalId: 'H1', customerExternalId: 'C2', role: 'joint_owner' } as const
const sides = () =>
  bank.row(`
    select o.id = p.id as "sameId", o.status as "ownerSide", p.status as "partySide", o.version as "ownerVersion", p.version as "partyVersion",
      o.institution_path as "ownerPath", p.institution_path as "partyPath"
    from holding_party o join party_holding p on p.customer_id = o.party_customer_id and p.holding_id = o.holding_id and p.role = o.role
      and p.holding_customer_id = o.customer_id
    where o.role = 'joint_owner'`)

describe('a feed of holding parties', () => {
  test('links both sides, each in its own place of the tree, and counts the balance once', async () => {
    const [made] = await bank.feed('holdingParties', [joint, { ...joint, customerExternalId: 'C3', role: 'guarantor' }])
    expect(made).toMatchObject({ outcome: 'created', customerId: expect.any(String) })
    expect(await sides()).toEqual({
      sameId: true,
      ownerSide: 'active',
      partySide: 'active',
      ownerVersion: 1,
      partyVersion: 1,
      ownerPath: bank.paths.B1,
      partyPath: bank.paths.B1,
    })
    expect(await bank.row(`select institution_path as path from party_holding where role = 'guarantor'`)).toEqual({
      path: bank.paths.B2,
    })
    expect(await bank.aum('C1')).toBe(10_000)
    expect(await bank.aum('C2')).toBe(0)
  })

  test('ends a link on both sides, and changes nothing when sent again', async () => {
    const file = [{ ...joint, status: 'ended', asOf: '2026-11-22T02:00:00.000Z' } as const]
    expect(told(await bank.feed('holdingParties', file))).toEqual(['updated'])
    expect(await sides()).toMatchObject({ ownerSide: 'ended', partySide: 'ended', ownerVersion: 2, partyVersion: 2 })
    const before = await bank.everything('holding_party', 'party_holding', 'customer')
    expect(told(await bank.feed('holdingParties', file))).toEqual(['unchanged'])
    expect(await bank.everything('holding_party', 'party_holding', 'customer')).toEqual(before)
    expect(told(await bank.feed('holdingParties', [{ ...joint, asOf: '2026-11-01T00:00:00.000Z' }]))).toEqual(['superseded'])
    const later = [
      { ...joint, asOf: '2026-11-22T03:00:00.000Z' },
      { ...joint, status: 'ended', asOf: '2026-11-22T02:30:00.000Z' },
    ] as const
    expect(told(await bank.feed('holdingParties', later))).toEqual(['updated', 'superseded'])
    expect(await sides()).toMatchObject({ ownerSide: 'active', partySide: 'active', ownerVersion: 3, partyVersion: 3 })
  })

  test('refuses the owner, and names whichever side is unknown or out of scope', async () => {
    const outcomes = await bank.feed('holdingParties', [
      { ...joint, customerExternalId: 'C1' },
      { ...joint, holdingExternalId: 'NONE' },
      { ...joint, customerExternalId: 'NONE' },
    ])
    expect(told(outcomes)).toEqual([
      'customerExternalId: conflict',
      'holdingExternalId: unknown_reference',
      'customerExternalId: unknown_reference',
    ])
    const scoped = await bank.feed(
      'holdingParties',
      [
        { ...joint, customerExternalId: 'C3' },
        { ...joint, holdingExternalId: 'H3' },
      ],
      { scope: bank.paths.B2 },
    )
    expect(scoped).toMatchObject([
      {
        refusal: {
          field: 'holdingExternalId',
          code: 'unknown_reference',
          message: 'There is no holding "H1" of source "core" in your scope.',
        },
      },
      {
        refusal: {
          field: 'customerExternalId',
          code: 'unknown_reference',
          message: 'There is no customer "C2" of source "core" in your scope.',
        },
      },
    ])
  })

  test('makes each link once when two imports bring the same ones in opposite order', async () => {
    const roles = ['authorised_user', 'guarantor'] as const
    const file = roles.flatMap((role) => [
      { ...joint, role },
      { ...joint, holdingExternalId: 'H3', role },
      { ...joint, holdingExternalId: 'H3', customerExternalId: 'C1', role },
    ])
    const [one, two] = await bank.together(
      () => bank.feed('holdingParties', file),
      () => bank.feed('holdingParties', file.toReversed()),
    )
    expect([...told(one!), ...told(two!)].toSorted()).toEqual([...Array(6).fill('created'), ...Array(6).fill('unchanged')])
    expect(await bank.row('select (select count(*) from holding_party) = (select count(*) from party_holding) as same')).toEqual({
      same: true,
    })
  })
})
