import { describe, expect } from 'vitest'
import { test, type TestBank } from '../../setup/service.ts'
import { journalOf, toldOf, withCompanies } from './businesses.ts'
import { command } from '../dossiers.ts'

const make = (bank: TestBank, customerId: string, kind: string, caller = bank.code('M1'), headers: Record<string, string> = {}) =>
  bank.request(caller, 'POST', `/customers/${customerId}/groups`, { kind, name: '王家' }, headers)

const add = (bank: TestBank, headId: string, groupId: string, memberCustomerId: string, said: object = {}) =>
  bank.request(bank.code('M1'), 'POST', `/customers/${headId}/groups/${groupId}/members`, { memberCustomerId, ...said })

describe('a household', () => {
  test('adds up what its members own, over REST and GraphQL, and can be followed from each member', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const made = await make(bank, ids['1']!, 'household')
    expect(made).toMatchObject({
      status: 201,
      body: { kind: 'household', name: '王家', value: { members: 1, notShown: 0, aum: { amount: '1000.00', currency: 'CNY' } } },
    })
    const joined = await add(bank, ids['1']!, made.body.id, ids['2']!, { joinedOn: '2020-01-01' })
    expect(joined).toMatchObject({ status: 201, body: { joinedOn: '2020-01-01', member: { name: '李伟' } } })
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${ids['2']}") { groups { kind group { name value { members notShown aum { amount } } members { member { name } } customer { name } } } } }`,
    )
    expect(errors).toBeUndefined()
    expect(data.customer.groups).toEqual([
      {
        kind: 'household',
        group: {
          name: '王家',
          value: { members: 2, notShown: 0, aum: { amount: '3000.00' } },
          members: [{ member: { name: '李伟' } }, { member: { name: '王芳' } }],
          customer: { name: '王芳' },
        },
      },
    ])
    expect(await journalOf(bank, joined.body.id)).toEqual(
      [ids['1'], ids['2']]
        .flatMap((id) => [
          `addGroupMember ${id} memberCustomerId,joinedOn`,
          `customer_group_member.added ${id} memberCustomerId,joinedOn`,
        ])
        .sort(),
    )
  })

  test('leaves out whom the caller does not see, and says how many they are', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const group = await command(bank, 'POST', `/customers/${ids['1']}/groups`, { kind: 'household', name: '王家' })
    for (const member of ['2', '4'])
      await command(bank, 'POST', `/customers/${ids['1']}/groups/${group.id}/members`, { memberCustomerId: ids[member] })
    for (const [caller, notShown, amount] of [
      [{ client: 'core' }, 0, '7000.00'],
      [bank.code('M1'), 1, '3000.00'],
      [bank.code('R1'), 2, '1000.00'],
    ] as const) {
      const { body } = await bank.request(caller, 'GET', `/customers/${ids['1']}/groups/${group.id}`)
      expect(body.value, JSON.stringify(caller)).toEqual({
        members: 3,
        notCounted: 0,
        notShown,
        aum: { amount, currency: 'CNY' },
      })
      expect(body.members.filter(({ member }: any) => member === null)).toHaveLength(notShown)
    }
    const member = await bank.request(bank.code('M2'), 'GET', `/customers/${ids['4']}/group-memberships`)
    expect(member.body.items).toMatchObject([{ kind: 'household', headCustomerId: null, group: null }])
    expect((await bank.request(bank.code('M2'), 'GET', `/customers/${ids['1']}/groups/${group.id}`)).status).toBe(404)
    // Who does not see all members cannot end it.
    const url = `/customers/${ids['1']}/groups/${group.id}/end`
    expect(toldOf(await bank.request(bank.code('M1'), 'POST', url, {}))).toEqual([
      404,
      'not_found',
      '/customerGroupId',
      'not_found',
    ])
    expect((await bank.request({ client: 'core' }, 'POST', url, {})).body).toMatchObject({
      status: 'ended',
      value: { members: 0 },
    })
  })

  test('is the only one of each of its members, of whom none is a company', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const first = (await make(bank, ids['1']!, 'household')).body
    const second = (await make(bank, ids['P1']!, 'household')).body
    expect((await add(bank, ids['1']!, first.id, ids['2']!)).status).toBe(201)
    expect((await add(bank, ids['1']!, first.id, ids['S1']!)).status).toBe(201)
    const taken = (rule: string, pointer = '/memberCustomerId') => [409, 'conflict', pointer, rule]
    expect(toldOf(await add(bank, ids['P1']!, second.id, ids['2']!))).toEqual(taken('in_household'))
    expect(toldOf(await add(bank, ids['1']!, first.id, ids['2']!))).toEqual(taken('duplicate'))
    expect(toldOf(await add(bank, ids['1']!, first.id, ids['P1']!))).toEqual(taken('nested'))
    expect(toldOf(await make(bank, ids['2']!, 'household'))).toEqual(taken('in_household', '/customerId'))
    expect(toldOf(await make(bank, ids['1']!, 'household'))).toEqual(taken('in_household', '/customerId'))
    expect(toldOf(await add(bank, ids['1']!, first.id, ids['C1']!))).toEqual([
      400,
      'invalid_input',
      '/memberCustomerId',
      'group_kind',
    ])
    expect(toldOf(await make(bank, ids['C1']!, 'household'))).toEqual([400, 'invalid_input', '/customerId', 'group_kind'])
    expect(toldOf(await add(bank, ids['1']!, first.id, ids['4']!))).toEqual([404, 'not_found', '/memberCustomerId', 'not_found'])
    expect(toldOf(await add(bank, ids['1']!, first.id, ids['P2']!, { joinedOn: '2026-11-23' }))).toEqual([
      422,
      'outside_period',
      '/joinedOn',
      'future',
    ])
  })

  test('lets members go, but not its head', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const { body: group } = await make(bank, ids['1']!, 'household')
    const { body: member } = await add(bank, ids['1']!, group.id, ids['2']!)
    const remove = (id: string, said: object = {}) =>
      bank.request(bank.code('M1'), 'POST', `/customers/${ids['1']}/group-members/${id}/end`, said)
    expect(toldOf(await remove(group.members[0].id))).toEqual([409, 'conflict', '/customerGroupMemberId', 'group_head'])
    expect(toldOf(await remove(member.id, { endedOn: '2026-11-21' }))).toEqual([400, 'invalid_input', '/endedOn', 'period'])
    expect((await remove(member.id)).body).toMatchObject({ status: 'ended', endedOn: '2026-11-22', version: 2 })
    expect((await remove(member.id)).body.code).toBe('already_closed')
    const memberships = await bank.request(bank.code('M1'), 'GET', `/customers/${ids['2']}/group-memberships`)
    expect(memberships.body.items).toMatchObject([{ id: member.id, status: 'ended', version: 2 }])
    expect((await add(bank, ids['1']!, group.id, ids['2']!)).status).toBe(201)
  })
})

describe('a group', () => {
  test('stands in no other group, while a customer may be in several', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const one = (await make(bank, ids['C1']!, 'group')).body
    const two = (await make(bank, ids['C2']!, 'group')).body
    expect(toldOf(await add(bank, ids['C1']!, one.id, ids['C2']!))).toEqual([409, 'conflict', '/memberCustomerId', 'nested'])
    for (const [head, group] of [
      ['C1', one.id],
      ['C2', two.id],
    ] as const)
      expect((await add(bank, ids[head]!, group, ids['S1']!)).status).toBe(201)
    expect(toldOf(await make(bank, ids['S1']!, 'group'))).toEqual([409, 'conflict', '/customerId', 'nested'])
    // A household is another kind of thing.
    expect((await make(bank, ids['S1']!, 'household')).status).toBe(201)
  })

  test('is renamed with the version seen and ended with all its memberships', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const { body: group } = await make(bank, ids['C1']!, 'group')
    await add(bank, ids['C1']!, group.id, ids['C2']!)
    const rename = (version: number) =>
      bank.request(
        bank.code('M1'),
        'PATCH',
        `/customers/${ids['C1']}/groups/${group.id}`,
        { name: '集团' },
        { 'if-match': `"${version}"` },
      )
    expect((await rename(1)).body).toMatchObject({ name: '集团', version: 2 })
    expect((await rename(1)).status).toBe(412)
    const end = () => bank.request(bank.code('M1'), 'POST', `/customers/${ids['C1']}/groups/${group.id}/end`, {})
    expect((await end()).body).toMatchObject({ status: 'ended', endedOn: '2026-11-22', version: 3 })
    expect((await end()).body.code).toBe('already_closed')
    expect((await add(bank, ids['C1']!, group.id, ids['S1']!)).body.code).toBe('already_closed')
    for (const table of ['customer_group_member', 'group_membership']) {
      const { rows } = await service.owner.query(`select status, version from ${table} where group_id = $1`, [group.id])
      expect(rows, table).toEqual(Array.from({ length: 2 }, () => ({ status: 'ended', version: 2 })))
    }
    expect((await make(bank, ids['C2']!, 'group')).status).toBe(201)
  })

  test('takes one of several who join two households at once; under one key it is made once; tellers make none', async ({
    bank,
  }) => {
    const ids = await withCompanies(bank)
    const keyed = () => make(bank, ids['1']!, 'household', bank.code('M1'), { 'idempotency-key': 'one' })
    const [first, again] = [await keyed(), await keyed()]
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([first.body, 'true'])
    const second = await make(bank, ids['2']!, 'household')
    const both = await Promise.all([
      add(bank, ids['1']!, first.body.id, ids['P1']!),
      add(bank, ids['2']!, second.body.id, ids['P1']!),
      make(bank, ids['P1']!, 'household'),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    expect((await make(bank, ids['P2']!, 'household', bank.code('T1'))).status).toBe(403)
    expect((await make(bank, ids['P2']!, 'household', bank.code('M2'))).status).toBe(404)
  })
})
