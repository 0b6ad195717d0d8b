import { describe, expect } from 'vitest'
import { startOfTests, test, type TestBank } from '../../setup/service.ts'
import { operationNamed, overGraphql, overRest } from '../calls.ts'

const delegate = operationNamed('delegatePortfolio')

const covers = async (
  bank: TestBank,
  absent: string,
  deputy: string,
  startsOn = '2026-12-01',
  endsOn = '2026-12-11',
  send = overRest,
) =>
  send(bank, bank.code('M1'), delegate, {
    staffId: await bank.staffId(absent),
    deputyId: await bank.staffId(deputy),
    startsOn,
    endsOn,
    reason: 'annual leave',
  })

describe('delegations', () => {
  test('that close a circle of three on some day are refused, over REST and GraphQL; others are not', async ({ bank }) => {
    expect((await covers(bank, 'R1', 'R2')).code).toBe('ok')
    expect((await covers(bank, 'R2', 'R3', '2026-12-05', '2026-12-20')).code).toBe('ok')
    const refused = await covers(bank, 'R3', 'R1', '2026-12-10', '2026-12-15')
    expect([refused.code, refused.body.errors]).toMatchObject(['cycle', [{ pointer: '/deputyId', rule: 'cycle' }]])
    expect((await covers(bank, 'R3', 'R1', '2026-12-10', '2026-12-15', overGraphql)).code).toBe('cycle')
    // R1 is back by then.
    expect((await covers(bank, 'R3', 'R1', '2026-12-11', '2026-12-15')).code).toBe('ok')
  })

  test('that close a circle together do not both pass, whoever comes first', async ({ bank }) => {
    const pairs = [
      ['R1', 'R2'],
      ['R2', 'R3'],
      ['R3', 'R1'],
    ] as const
    const told = await Promise.all(pairs.map(([absent, deputy]) => covers(bank, absent, deputy)))
    expect(told.map(({ code }) => code).sort()).toEqual(['cycle', 'ok', 'ok'])
  })

  test('end early or are taken back, in the version that was seen, and are told of', async ({ bank, service }) => {
    const manager = bank.code('M1')
    const running = (await covers(bank, 'R1', 'R3', '2026-11-22', '2026-12-11')).body
    const end = (id: string, said: object, headers = {}) => bank.request(manager, 'POST', `/delegations/${id}/end`, said, headers)
    const shortened = await end(running.id, { endsOn: '2026-12-01' }, { 'if-match': '"1"' })
    expect([shortened.status, shortened.body]).toMatchObject([200, { endsOn: '2026-12-01', status: 'active', version: 2 }])
    expect((await end(running.id, {}, { 'if-match': '"1"' })).status).toBe(412)
    for (const endsOn of ['2026-11-21', '2026-12-02']) {
      const refused = await end(running.id, { endsOn })
      expect([refused.status, refused.body.errors[0].pointer], endsOn).toEqual([422, '/endsOn'])
    }
    const planned = (await covers(bank, 'R2', 'R3')).body
    const takenBack = await overGraphql(bank, manager, operationNamed('endDelegation'), { delegationId: planned.id })
    expect(takenBack.body).toMatchObject({ status: 'revoked', revokedOn: '2026-11-22' })
    expect((await end(planned.id, {})).body.code).toBe('already_closed')
    expect((await end(crypto.randomUUID(), {})).status).toBe(404)
    expect((await bank.request(bank.code('M2'), 'POST', `/delegations/${running.id}/end`, {})).status).toBe(404)
    expect((await bank.request(bank.code('R1'), 'POST', `/delegations/${running.id}/end`, {})).status).toBe(403)
    service.clock.now = new Date('2026-12-01T02:00:00Z')
    try {
      const past = await bank.request(manager, 'POST', `/delegations/${running.id}/revocation`, {})
      expect(past.body.code).toBe('already_closed')
      expect((await bank.request(manager, 'GET', `/delegations/${running.id}`)).body).toMatchObject({
        status: 'active',
        revokedOn: null,
      })
    } finally {
      service.clock.now = startOfTests
    }
    const { rows } = await service.owner.query(
      `select e.type, a.changed from audit_entry a join outbox_event e on e.subject_id = a.subject_id and e.occurred_at = a.at and e.changed = a.changed
       where a.operation = 'endDelegation' and a.subject_id = any ($1) order by a.id`,
      [[running.id, planned.id]],
    )
    expect(rows).toEqual([
      { type: 'delegation.updated', changed: ['endsOn'] },
      { type: 'delegation.revoked', changed: ['status'] },
    ])
  })

  test('are listed by place, person, state and day, the last to begin first', async ({ bank }) => {
    const manager = bank.code('M1')
    const ids = [
      (await covers(bank, 'R1', 'R3', '2026-11-22', '2026-12-01')).body.id,
      (await covers(bank, 'R2', 'R3', '2026-12-05', '2026-12-10')).body.id,
      (await covers(bank, 'R3', 'R2', '2026-12-20', '2026-12-25')).body.id,
    ]
    await bank.request(manager, 'POST', `/delegations/${ids[2]}/revocation`)
    const within = await bank.idOf('institution', 'B1')
    const listed = async (query: string, place = within) =>
      (await bank.request(manager, 'GET', `/delegations?institutionId=${place}&${query}`)).body.items.map(({ id }: any) =>
        ids.indexOf(id),
      )
    expect(await listed('')).toEqual([2, 1, 0])
    expect(await listed('', await bank.idOf('institution', 'O2'))).toEqual([2])
    expect(await listed('status=active')).toEqual([1, 0])
    expect(await listed(`staffId=${await bank.staffId('R3')}`)).toEqual([2])
    expect(await listed(`deputyId=${await bank.staffId('R3')}`)).toEqual([1, 0])
    expect([await listed('on=2026-11-30'), await listed('on=2026-12-01')]).toEqual([[0], []])
    const one = await bank.request(manager, 'GET', `/delegations/${ids[0]}`)
    expect(one.body).toMatchObject({ id: ids[0], staff: { number: bank.code('R1') }, deputy: { number: bank.code('R3') } })
    const { data } = await bank.graphql(
      manager,
      `{ delegations(filter: { institutionId: "${within}", status: revoked }) { totalCount nodes { revokedOn } } }`,
    )
    expect(data.delegations).toEqual({ totalCount: 1, nodes: [{ revokedOn: '2026-11-22' }] })
  })
})
