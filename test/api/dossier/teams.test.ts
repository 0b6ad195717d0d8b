import { advanceAssignments } from '../../../src/operations/dossier/due-assignments.ts'
import { describe, expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { startOfTests, test, type TestBank } from '../../setup/service.ts'
import { operationNamed, overGraphql, overRest } from '../calls.ts'

const add = operationNamed('addTeamMember')
const end = operationNamed('endTeamMember')
const team = operationNamed('maintenanceTeam')

const refusalOf = ({ status, body }: { readonly status: number; readonly body: any }) => [
  status,
  body.code,
  body.errors?.[0]?.pointer,
  body.errors?.[0]?.rule,
]

const seesIt = async (bank: TestBank, number: string, customerId: string) =>
  (await bank.request(bank.code(number), 'GET', `/customers/${customerId}`)).status === 200

/** Moves the clock for one piece of work only: tests of a file share it. */
async function at<T>(bank: TestBank, instant: string, work: () => Promise<T>): Promise<T> {
  bank.service.clock.now = new Date(instant)
  try {
    return await work()
  } finally {
    bank.service.clock.now = startOfTests
  }
}

async function setUp(bank: TestBank) {
  const customerId = await bank.customerId('1')
  const [r2, r3] = [await bank.staffId('R2'), await bank.staffId('R3')]
  return { manager: bank.code('M1'), customerId, r2, r3, url: `/customers/${customerId}/team` }
}

describe('a member of a maintenance team', () => {
  test('is added, seen with the customer, ended and kept, over REST and GraphQL, with entries and events', async ({
    bank,
    service,
  }) => {
    const { manager, customerId, r2, r3 } = await setUp(bank)
    const first = await overRest(bank, manager, add, { customerId, staffId: r2, duty: 'adviser', reason: 'knows funds' })
    expect([first.status, first.body]).toMatchObject([
      201,
      { customerId, duty: 'adviser', startsOn: '2026-11-22', endsOn: null, state: 'current', reason: 'knows funds', version: 1 },
    ])
    const second = await overGraphql(
      bank,
      manager,
      add,
      { customerId, staffId: r3, duty: 'risk_officer', startsOn: '2026-11-25', endsOn: '2026-12-01', reason: 'credit line' },
      'id state staff { number } addedBy { number } customer { team { duty } }',
    )
    expect(second).toMatchObject({
      code: 'ok',
      body: { state: 'planned', staff: { number: bank.code('R3') }, addedBy: { number: manager } },
    })
    expect(second.body.customer.team).toEqual([{ duty: 'adviser' }, { duty: 'risk_officer' }])
    expect([await seesIt(bank, 'R2', customerId), await seesIt(bank, 'R3', customerId)]).toEqual([true, false])
    const dossier = (await bank.request(bank.code('R2'), 'GET', `/customers/${customerId}`)).body
    expect(dossier.team.map(({ duty, state, staff }: any) => [duty, state, staff.number])).toEqual([
      ['adviser', 'current', bank.code('R2')],
      ['risk_officer', 'planned', bank.code('R3')],
    ])
    expect(dossier.relationshipManager.number, 'the team keeps nobody').toBe(bank.code('R1'))

    const ended = await at(bank, '2026-11-23T02:00:00Z', () =>
      overRest(bank, manager, end, { customerId, teamMemberId: first.body.id }),
    )
    expect(ended.body).toMatchObject({ state: 'ended', endsOn: '2026-11-23', version: 2 })
    const takenBack = await overGraphql(bank, manager, end, { customerId, teamMemberId: second.body.id }, 'state endsOn')
    expect(takenBack.body).toEqual({ state: 'cancelled', endsOn: '2026-12-01' })
    expect(await seesIt(bank, 'R2', customerId)).toBe(false)
    const listed = await overRest(bank, manager, team, { customerId, includeTotal: true })
    expect([listed.body.total, listed.body.items.map(({ state }: any) => state)]).toEqual([2, ['ended', 'cancelled']])
    const past = await overRest(bank, manager, team, { customerId, state: 'ended', duty: 'adviser' })
    expect(past.body.items.map(({ id }: any) => id)).toEqual([first.body.id])
    const one = await overRest(bank, bank.code('R1'), operationNamed('teamMember'), {
      customerId,
      teamMemberId: first.body.id,
    })
    expect(one.body).toMatchObject({ id: first.body.id, state: 'ended' })

    const { rows } = await service.owner.query(
      `select a.operation, e.type, a.changed from audit_entry a join outbox_event e on e.subject_id = a.subject_id and e.occurred_at = a.at and e.changed = a.changed
       where a.customer_id = $1 and a.subject_type = 'team_member' order by a.id`,
      [customerId],
    )
    expect(rows.map(({ operation, type, changed }) => [operation, type, changed.join()])).toEqual([
      ['addTeamMember', 'team_member.created', 'staffId,duty,startsOn,reason'],
      ['addTeamMember', 'team_member.created', 'staffId,duty,startsOn,endsOn,reason'],
      ['endTeamMember', 'team_member.ended', 'endsOn'],
      ['endTeamMember', 'team_member.ended', 'state'],
    ])
  })

  test('begins and ends at the midnight of the customer’s institution', async ({ bank, service }) => {
    const { manager, customerId, r2 } = await setUp(bank)
    const planned = { customerId, staffId: r2, duty: 'planner', startsOn: '2026-11-23', endsOn: '2026-11-24', reason: 'a day' }
    expect((await overRest(bank, manager, add, planned)).code).toBe('ok')
    for (const [instant, sees, state] of [
      ['2026-11-22T15:59:59Z', false, 'planned'],
      ['2026-11-22T16:00:00Z', true, 'current'],
      ['2026-11-23T15:59:59Z', true, 'current'],
      ['2026-11-23T16:00:00Z', false, 'ended'],
    ] as const)
      await at(bank, instant, async () => {
        await runAsSystem(service.service, advanceAssignments)
        expect(await seesIt(bank, 'R2', customerId), instant).toBe(sees)
        expect((await overRest(bank, manager, team, { customerId })).body.items[0].state, instant).toBe(state)
      })
  })

  test('stays in sight of a customer whom they keep as well', async ({ bank }) => {
    const { manager, customerId } = await setUp(bank)
    const staffId = await bank.staffId('R1')
    const { body } = await overRest(bank, manager, add, { customerId, staffId, duty: 'relationship_manager', reason: 'leads it' })
    await overRest(bank, manager, end, { customerId, teamMemberId: body.id })
    expect(await seesIt(bank, 'R1', customerId)).toBe(true)
  })

  test('is refused by field and rule, and leaves nothing behind', async ({ bank, service }) => {
    const { manager, customerId, r2, url } = await setUp(bank)
    await bank.feed('staff', [
      { externalId: bank.code('G1'), name: '离职', institutionCode: bank.code('O1'), roles: ['teller'], status: 'inactive' },
    ])
    const body = { staffId: r2, duty: 'adviser', reason: 'knows funds' }
    expect((await bank.request(manager, 'POST', url, body)).status).toBe(201)
    const cases: readonly (readonly [object, readonly unknown[]])[] = [
      [{}, [409, 'period_overlap', '/startsOn', 'period_overlap']],
      [{ duty: 'chief' }, [400, 'invalid_input', '/duty', 'invalid_value']],
      [{ duty: 'planner', startsOn: '2026-11-21' }, [422, 'outside_period', '/startsOn', 'outside_period']],
      [{ duty: 'planner', endsOn: '2026-11-22' }, [400, 'invalid_input', '/endsOn', 'period']],
      [{ staffId: crypto.randomUUID() }, [422, 'unknown_reference', '/staffId', 'unknown_reference']],
      [{ staffId: await bank.staffId('M2') }, [422, 'unknown_reference', '/staffId', 'unknown_reference']],
      [{ staffId: await bank.staffId('G1') }, [409, 'conflict', '/staffId', 'inactive']],
      [{ staffId: await bank.staffId('T1'), duty: 'relationship_manager' }, [409, 'conflict', '/duty', 'role']],
      [{ duty: 'planner', reason: 'a\u0000b' }, [400, 'invalid_input', '/reason', 'nul_character']],
    ]
    for (const [said, wanted] of cases) {
      const answer = await bank.request(manager, 'POST', url, { ...body, ...said })
      const [status, code, pointer, rule] = refusalOf(answer)
      expect(
        [status, code, pointer, wanted[3] === 'invalid_value' ? 'invalid_value' : rule],
        JSON.stringify(answer.body),
      ).toEqual(wanted)
    }
    await service.owner.query(`update customer set status = 'merged' where id = $1`, [customerId])
    expect(refusalOf(await bank.request(manager, 'POST', url, { ...body, duty: 'planner' }))).toEqual([
      409,
      'conflict',
      '/customerId',
      'customer_status',
    ])
    await service.owner.query(`update customer set status = 'active' where id = $1`, [customerId])
    expect((await bank.request(manager, 'GET', url)).body.items).toHaveLength(1)
    const absent = `/customers/${await bank.customerId('4')}/team`
    expect((await bank.request(manager, 'POST', absent, body)).status).toBe(404)
    expect((await bank.request(manager, 'GET', absent)).status).toBe(404)
    expect((await bank.request(bank.code('M2'), 'POST', url, { ...body, staffId: await bank.staffId('M2') })).status).toBe(404)
    for (const caller of ['R1', 'T1', 'U1', 'A1'])
      expect((await bank.request(bank.code(caller), 'POST', url, body)).status, caller).toBe(403)
  })

  test('is ended in the version that was seen only, not twice, not into the past and not for longer', async ({ bank }) => {
    const { manager, customerId, r2, url } = await setUp(bank)
    const { body } = await bank.request(manager, 'POST', url, {
      staffId: r2,
      duty: 'adviser',
      endsOn: '2026-12-31',
      reason: 'knows funds',
    })
    const finish = (said: object, headers = {}) => bank.request(manager, 'POST', `${url}/${body.id}/end`, said, headers)
    expect(refusalOf(await finish({}, { 'if-match': '"2"' }))).toEqual([412, 'version_conflict', undefined, undefined])
    expect(refusalOf(await finish({ endsOn: '2026-11-21' }))).toEqual([422, 'outside_period', '/endsOn', 'outside_period'])
    expect(refusalOf(await finish({ endsOn: '2027-01-01' }))).toEqual([422, 'outside_period', '/endsOn', 'outside_period'])
    expect((await finish({ endsOn: '2026-12-01' }, { 'if-match': '"1"' })).body).toMatchObject({ state: 'current', version: 2 })
    expect((await finish({})).status).toBe(200)
    expect(refusalOf(await finish({}))[1]).toBe('already_closed')
    const nobody = { customerId, teamMemberId: crypto.randomUUID() }
    for (const send of [overRest, overGraphql]) expect((await send(bank, manager, end, nobody)).code).toBe('not_found')
  })

  test('sent twice under one key is added once, and of two at once one', async ({ bank }) => {
    const { manager, r2, r3, url } = await setUp(bank)
    const once = { staffId: r2, duty: 'adviser', reason: 'knows funds' }
    const send = (body: object, headers = {}) => bank.request(manager, 'POST', url, body, headers)
    const [one, again] = [await send(once, { 'idempotency-key': 'k' }), await send(once, { 'idempotency-key': 'k' })]
    expect([again.status, again.body]).toEqual([201, one.body])
    const both = await Promise.all([send({ ...once, staffId: r3 }), send({ ...once, staffId: r3 })])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    expect((await bank.request(manager, 'GET', url)).body.items).toHaveLength(2)
  })

  test('leaves with the customer who is closed: at the end of that day, and not at all where planned', async ({
    bank,
    service,
  }) => {
    const { manager, customerId, r2, r3 } = await setUp(bank)
    for (const member of [
      { staffId: r2, duty: 'adviser', reason: 'knows funds' },
      { staffId: r3, duty: 'adviser', startsOn: '2026-12-01', reason: 'knows funds' },
    ])
      expect((await overRest(bank, manager, add, { customerId, ...member })).code).toBe('ok')
    await service.owner.query(`update holding set status = 'closed' where customer_id = $1`, [customerId])
    expect((await overRest(bank, manager, operationNamed('closeCustomer'), { customerId })).code).toBe('ok')
    const states = async () => (await overRest(bank, manager, team, { customerId })).body.items.map(({ state }: any) => state)
    expect([await states(), await seesIt(bank, 'R2', customerId)]).toEqual([['current', 'cancelled'], true])
    await at(bank, '2026-11-22T16:00:00Z', async () => {
      await runAsSystem(service.service, advanceAssignments)
      expect([await states(), await seesIt(bank, 'R2', customerId)]).toEqual([['ended', 'cancelled'], false])
    })
  })

  test('who left the bank sees nothing and stays in the team until somebody ends it', async ({ bank }) => {
    const { manager, customerId, r2 } = await setUp(bank)
    await overRest(bank, manager, add, { customerId, staffId: r2, duty: 'adviser', reason: 'knows funds' })
    expect((await overRest(bank, bank.code('A1'), operationNamed('deactivateStaff'), { staffId: r2 })).code).toBe('ok')
    expect((await bank.request(bank.code('R2'), 'GET', `/customers/${customerId}`)).status).toBe(401)
    const [{ state, staff }] = (await overRest(bank, manager, team, { customerId })).body.items
    expect([state, staff.status]).toEqual(['current', 'inactive'])
  })
})

describe('teamSuggestions', () => {
  test('names whose speciality fits what the customer has or does, why, and how much they have to do, in one statement', async ({
    bank,
    service,
  }) => {
    const { manager, customerId, r2 } = await setUp(bank)
    const c = (suffix: string) => bank.code(suffix)
    const staff = (number: string, institution: string, said: object) => ({
      externalId: c(number),
      name: number,
      institutionCode: c(institution),
      roles: ['relationship_manager'],
      ...said,
    })
    await bank.feed('customers', [
      { externalId: c('1'), kind: 'individual', name: '王芳', institutionCode: c('O1'), industry: 'F5211' },
    ])
    await bank.feed('holdings', [
      {
        externalId: c('F1'),
        customerExternalId: c('1'),
        productCode: c('FND'),
        currency: 'CNY',
        balance: '1.00',
        balanceOn: '2026-11-20',
      },
      { externalId: c('L1'), customerExternalId: c('1'), productCode: c('LN'), currency: 'CNY', status: 'closed' },
    ])
    await bank.feed('staff', [
      staff('R1', 'O1', { productFamilies: ['deposit', 'fund'], industries: ['F'] }),
      staff('R2', 'O1', { productFamilies: ['fund', 'loan'], industries: ['F52', 'C'], customerCapacity: 300 }),
      staff('R3', 'O2', { productFamilies: ['deposit'] }),
      staff('X1', 'B1', { industries: ['F5212'], productFamilies: ['loan'] }),
      staff('X2', 'B1', { industries: ['F'], roles: ['marketing'] }),
      staff('X3', 'B1', { productFamilies: ['fund', 'deposit'], status: 'inactive' }),
      staff('X4', 'B2', { productFamilies: ['fund', 'deposit'] }),
    ])
    const url = `/customers/${customerId}/team-suggestions`
    service.statements.length = 0
    const { status, body } = await bank.request(manager, 'GET', url)
    expect([status, service.statements.length]).toEqual([200, 1])
    const told = (items: any[]) =>
      items.map(({ staff: of, matchedProductFamilies, matchedIndustry, customers, capacity }: any) => [
        of.number,
        matchedProductFamilies.join(),
        matchedIndustry,
        customers,
        capacity,
      ])
    expect(told(body.items)).toEqual([
      [c('R2'), 'fund', 'F52', 1, 300],
      [c('X2'), '', 'F', 0, null],
      [c('R3'), 'deposit', null, 1, null],
    ])
    const page = await bank.request(manager, 'GET', `${url}?limit=1`)
    const rest = await bank.request(manager, 'GET', `${url}?limit=1&cursor=${page.body.nextCursor}`)
    expect(told([...page.body.items, ...rest.body.items])).toEqual(told(body.items).slice(0, 2))
    expect((await bank.request(manager, 'GET', `${url}?includeTotal=true`)).body.total).toBe(3)
    const near = await bank.graphql(
      manager,
      `{ teamSuggestions(customerId: "${customerId}", institutionId: "${await bank.idOf('institution', 'O2')}") { nodes { teams staff { number } } } }`,
    )
    expect(near.data.teamSuggestions.nodes).toEqual([{ teams: 0, staff: { number: c('R3') } }])
    // Whoever is in the team is suggested no more.
    await overRest(bank, manager, add, { customerId, staffId: r2, duty: 'adviser', reason: 'knows funds' })
    expect(told((await bank.request(manager, 'GET', url)).body.items).map(([number]) => number)).toEqual([c('X2'), c('R3')])
    expect((await bank.request(manager, 'GET', `/customers/${await bank.customerId('4')}/team-suggestions`)).status).toBe(404)
    expect((await bank.request(c('R1'), 'GET', url)).status).toBe(403)
  })
})
