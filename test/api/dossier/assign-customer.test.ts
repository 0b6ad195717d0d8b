import { advanceAssignments } from '../../../src/operations/dossier/due-assignments.ts'
import { describe, expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { type Caller, startOfTests, test, type TestBank } from '../../setup/service.ts'
import { operationNamed, overGraphql, overRest } from '../calls.ts'
import { factsOf, refreshAll } from '../segmentation/facts.ts'

const give = operationNamed('assignCustomer')
const giveAll = operationNamed('assignCustomers')
const core = { client: 'core' }

/** Lets somebody keep at most so many customers. */
async function canKeep(bank: TestBank, number: string, customerCapacity: number, role = 'relationship_manager') {
  await bank.feed('staff', [
    {
      externalId: bank.code(number),
      name: `职员${number}`,
      institutionCode: bank.code('O1'),
      roles: [role],
      customerCapacity,
    },
  ])
  return bank.staffId(number)
}

/** New customers of outlet O1, kept by nobody. */
async function newCustomers(bank: TestBank, prefix: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, at) => `${prefix}${at}`)
  await bank.feed(
    'customers',
    names.map((name) => ({ externalId: bank.code(name), kind: 'individual', name, institutionCode: bank.code('O1') })),
  )
  const ids: string[] = []
  for (const name of names) ids.push(await bank.customerId(name))
  return ids
}

async function assignmentsOf(bank: TestBank, customerId: string): Promise<string[]> {
  const { rows } = await bank.service.owner.query(
    `select s.number, a.business_line, a.starts_on::text, a.ends_on::text, a.state from assignment a join staff s on s.id = a.staff_id
     where a.customer_id = $1 order by a.starts_on, a.id`,
    [customerId],
  )
  return rows.map((row) => Object.values(row).join(' '))
}

const refusalOf = ({ status, body }: { readonly status: number; readonly body: any }) => [
  status,
  body.code,
  body.errors?.[0]?.pointer,
  body.errors?.[0]?.rule,
]

describe('assignCustomer', () => {
  test('hands a customer over from a day on and tells of both assignments, over REST and GraphQL', async ({ bank, service }) => {
    const [manager, customerId] = [bank.code('M1'), await bank.customerId('1')]
    const [r2, r3] = [await bank.staffId('R2'), await bank.staffId('R3')]
    const told = await overRest(bank, manager, give, { customerId, staffId: r2, reason: 'moved here' })
    expect([told.status, told.body]).toMatchObject([
      201,
      { customerId, businessLine: 'personal', startsOn: '2026-11-22', endsOn: null, state: 'current', reason: 'moved here' },
    ])
    const { rows } = await service.owner.query(
      `select a.subject_id, a.changed, e.type from audit_entry a join outbox_event e on e.subject_id = a.subject_id and e.occurred_at = a.at
       where a.operation = 'assignCustomer' and a.customer_id = $1 order by e.type`,
      [customerId],
    )
    expect(rows.map(({ type, changed }) => [type, changed])).toEqual([
      ['assignment.created', ['staffId', 'businessLine', 'startsOn', 'reason']],
      ['assignment.updated', ['endsOn']],
    ])
    expect(JSON.stringify(rows)).not.toContain('moved here')
    expect(rows[0].subject_id).toBe(told.body.id)
    expect(await assignmentsOf(bank, customerId)).toEqual([
      `${bank.code('R1')} personal 2024-01-01 2026-11-22 ended`,
      `${bank.code('R2')} personal 2026-11-22  current`,
    ])
    const dossier = (await bank.request(manager, 'GET', `/customers/${customerId}`)).body
    expect(dossier.relationshipManager.number).toBe(bank.code('R2'))
    const later = await overGraphql(
      bank,
      manager,
      give,
      { customerId, staffId: r3, startsOn: '2026-12-01', reason: 'moves away' },
      'state startsOn staff { number } assignedBy { number } customer { name }',
    )
    expect(later).toMatchObject({
      code: 'ok',
      body: { state: 'planned', staff: { number: bank.code('R3') }, assignedBy: { number: manager } },
    })
    expect(await assignmentsOf(bank, customerId)).toEqual([
      `${bank.code('R1')} personal 2024-01-01 2026-11-22 ended`,
      `${bank.code('R2')} personal 2026-11-22 2026-12-01 current`,
      `${bank.code('R3')} personal 2026-12-01  planned`,
    ])
  })

  test('takes back whoever began on that very day, and leaves the other line of business as it is', async ({ bank }) => {
    const [manager, customerId] = [bank.code('M1'), await bank.customerId('1')]
    const to = async (number: string, more: object = {}) =>
      overRest(bank, manager, give, { customerId, staffId: await bank.staffId(number), reason: 'so be it', ...more })
    for (const told of [await to('R2'), await to('R3'), await to('R1', { businessLine: 'corporate' })])
      expect(told.code).toBe('ok')
    expect((await assignmentsOf(bank, customerId)).sort()).toEqual(
      [
        `${bank.code('R1')} personal 2024-01-01 2026-11-22 ended`,
        `${bank.code('R2')} personal 2026-11-22  cancelled`,
        `${bank.code('R3')} personal 2026-11-22  current`,
        `${bank.code('R1')} corporate 2026-11-22  current`,
      ].sort(),
    )
  })

  test('of a day to come takes effect at the midnight of the institution', async ({ bank, service }) => {
    const customerId = await bank.customerId('1')
    const staffId = await bank.staffId('R2')
    const request = { customerId, staffId, startsOn: '2026-11-23', reason: 'from Monday on' }
    expect((await overRest(bank, bank.code('M1'), give, request)).code).toBe('ok')
    const seen = async () => [
      (await bank.request(bank.code('R1'), 'GET', `/customers/${customerId}`)).status,
      (await bank.request(bank.code('R2'), 'GET', `/customers/${customerId}`)).status,
    ]
    try {
      for (const [instant, wanted] of [
        ['2026-11-22T15:59:59Z', [200, 404]],
        ['2026-11-22T16:00:00Z', [404, 200]],
      ] as const) {
        service.clock.now = new Date(instant)
        await refreshAll(service)
        await runAsSystem(service.service, advanceAssignments)
        expect(await seen(), instant).toEqual(wanted)
      }
      await refreshAll(service)
      expect(await factsOf(bank, '1')).toMatchObject({ relationshipManager: bank.code('R2') })
    } finally {
      service.clock.now = startOfTests
    }
  })

  test('is refused by field and rule, and leaves nothing behind', async ({ bank, service }) => {
    const c = (name: string) => bank.code(name)
    await bank.feed('staff', [
      { externalId: c('G1'), name: '离职', institutionCode: c('O1'), roles: ['teller'], status: 'inactive' },
      { externalId: c('G2'), name: '将离', institutionCode: c('O1'), roles: ['teller'], activeUntil: '2026-12-01' },
    ])
    const [one, two] = [await bank.customerId('1'), await bank.customerId('2')]
    await bank.feed('assignments', [
      {
        externalId: c('S2'),
        customerExternalId: c('2'),
        staffNumber: c('R2'),
        businessLine: 'personal',
        startsOn: '2024-01-01',
        endsOn: '2026-12-01',
      },
      { externalId: c('N2'), customerExternalId: c('2'), staffNumber: c('R3'), businessLine: 'personal', startsOn: '2026-12-01' },
    ])
    const [closed] = await newCustomers(bank, 'closed', 1)
    await service.owner.query(`update customer set status = 'closed' where id = $1`, [closed])
    const [merged] = await newCustomers(bank, 'merged', 1)
    await service.owner.query(`update customer set status = 'merged' where id = $1`, [merged])
    const nobody = crypto.randomUUID()
    const before = await assignmentsOf(bank, one)
    const cases: readonly (readonly [object, readonly unknown[]])[] = [
      [{ staffId: nobody }, [422, 'unknown_reference', '/staffId', 'unknown_reference']],
      [{ staffId: await bank.staffId('M2') }, [422, 'unknown_reference', '/staffId', 'unknown_reference']],
      [{ staffId: await bank.staffId('G1') }, [409, 'conflict', '/staffId', 'inactive']],
      [{ staffId: await bank.staffId('G2'), startsOn: '2026-12-05' }, [409, 'conflict', '/staffId', 'inactive']],
      [{ staffId: await bank.staffId('L1') }, [409, 'conflict', '/staffId', 'role']],
      [{ staffId: await bank.staffId('R1') }, [409, 'conflict', '/customerId', 'already_assigned']],
      [{ startsOn: '2026-11-21' }, [422, 'outside_period', '/startsOn', 'outside_period']],
      [{ startsOn: '2026-02-30' }, [400, 'invalid_input', '/startsOn', 'day']],
      [{ reason: '\u202Eback' }, [400, 'invalid_input', '/reason', 'bidi_control']],
      [{ reason: 'a\u0000b' }, [400, 'invalid_input', '/reason', 'nul_character']],
      [{ customerId: two, staffId: await bank.staffId('R1') }, [409, 'period_overlap', '/startsOn', 'period_overlap']],
      [{ customerId: closed }, [409, 'conflict', '/customerId', 'customer_status']],
      [{ customerId: merged }, [409, 'conflict', '/customerId', 'customer_status']],
      [{ customerId: nobody }, [404, 'not_found', '/customerId', 'not_found']],
      [{ customerId: await bank.customerId('4') }, [404, 'not_found', '/customerId', 'not_found']],
    ]
    const staffId = await bank.staffId('R3')
    for (const [said, wanted] of cases) {
      const { customerId, ...body } = { customerId: one, staffId, reason: 'so be it', ...said } as { customerId: string }
      const answer = await bank.request(c('M1'), 'POST', `/customers/${customerId}/assignment-changes`, body)
      expect(refusalOf(answer), JSON.stringify([said, answer.body])).toEqual(wanted)
      const { code } = await overGraphql(bank, c('M1'), give, { customerId, ...body }, 'id')
      expect(code, JSON.stringify(said)).toBe(wanted[1] === 'invalid_input' ? code : wanted[1])
    }
    expect(await assignmentsOf(bank, one)).toEqual(before)
    for (const caller of ['R1', 'T1', 'A1', 'U1'])
      expect((await overRest(bank, c(caller), give, { customerId: one, staffId, reason: 'so be it' })).code, caller).toBe(
        'not_permitted',
      )
  })

  test('sent twice under one key is done once', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const body = { staffId: await bank.staffId('R2'), reason: 'moved here' }
    const send = () =>
      bank.request(bank.code('M1'), 'POST', `/customers/${customerId}/assignment-changes`, body, { 'idempotency-key': 'once' })
    const [first, second] = [await send(), await send()]
    expect([first.status, second.status, second.headers['idempotency-replayed'], second.body]).toEqual([
      201,
      201,
      'true',
      first.body,
    ])
    expect(await assignmentsOf(bank, customerId)).toHaveLength(2)
  })

  test('of two managers at once gives the customer to one after the other', async ({ bank }) => {
    const customerId = await bank.customerId('1')
    const to = async (number: string, caller: Caller) =>
      overRest(bank, caller, give, { customerId, staffId: await bank.staffId(number), reason: 'at once' })
    const both = await Promise.all([to('R2', bank.code('M1')), to('R3', core)])
    expect(both.map(({ code }) => code)).toEqual(['ok', 'ok'])
    const now = await assignmentsOf(bank, customerId)
    expect(now.filter((one) => one.endsWith('current'))).toHaveLength(1)
    expect(now.filter((one) => one.endsWith('cancelled'))).toHaveLength(1)
  })
})

describe('the capacity of a relationship manager', () => {
  test('is not exceeded, says has and capacity, and counts customers in whichever branch', async ({ bank, service }) => {
    const staffId = await canKeep(bank, 'R1', 2)
    const [a, b] = await newCustomers(bank, 'n', 2)
    // One of the two whom R1 keeps stands in the other branch.
    await bank.feed('assignments', [
      {
        externalId: bank.code('S4'),
        customerExternalId: bank.code('4'),
        staffNumber: bank.code('R1'),
        businessLine: 'personal',
        startsOn: '2024-01-01',
      },
    ])
    const refused = await bank.request(bank.code('M1'), 'POST', `/customers/${a}/assignment-changes`, {
      staffId,
      reason: 'one more',
    })
    expect(refusalOf(refused)).toEqual([409, 'conflict', '/staffId', 'over_capacity'])
    expect(refused.body.detail).toBe('Over capacity: this staff member has 2 of at most 2 customers, and 1 more would make 3.')
    // Whom they keep in the other line of business is no customer more.
    const own = { customerId: await bank.customerId('1'), staffId, businessLine: 'corporate', reason: 'both lines' }
    expect((await overRest(bank, bank.code('M1'), give, own)).code).toBe('ok')

    const overCapacityReason = 'nobody else speaks Uyghur'
    const more = { customerId: a, staffId, reason: 'one more', overCapacityReason }
    expect((await overRest(bank, { client: `feed-${bank.code('B1')}` }, give, more)).code).toBe('not_permitted')
    const told = await overRest(bank, bank.code('M1'), give, more)
    expect([told.code, told.body.overCapacityReason]).toEqual(['ok', overCapacityReason])
    const { rows } = await service.owner.query(
      `select changed from audit_entry where operation = 'assignCustomer' and customer_id = $1`,
      [a],
    )
    expect(rows[0].changed).toContain('overCapacityReason')
    expect(JSON.stringify(rows)).not.toContain('Uyghur')
    // Core banking has decided already.
    await bank.feed('assignments', [
      {
        externalId: bank.code('F'),
        customerExternalId: bank.code('n1'),
        staffNumber: bank.code('R1'),
        businessLine: 'personal',
        startsOn: '2026-11-22',
      },
    ])
    expect(await assignmentsOf(bank, b!)).toHaveLength(1)
  })

  test('is not slipped past by two at once, nor by making an assignment by itself', async ({ bank }) => {
    const staffId = await canKeep(bank, 'R9', 1)
    const [a, b, third] = await newCustomers(bank, 'w', 3)
    const both = await Promise.all(
      [a!, b!].map((customerId) => overRest(bank, bank.code('M1'), give, { customerId, staffId, reason: 'at once' })),
    )
    expect(both.map(({ code }) => code).sort()).toEqual(['conflict', 'ok'])
    const made = await bank.request(bank.code('M1'), 'POST', `/customers/${third}/assignments`, {
      staffNumber: bank.code('R9'),
      businessLine: 'personal',
      startsOn: '2026-11-22',
    })
    expect([made.status, made.body.code, made.body.errors[0].pointer]).toEqual([409, 'conflict', '/staffNumber'])
    expect(made.body.detail).toContain('1 of at most 1')
  })
})

describe('assignCustomers', () => {
  test('gives several at once, in as many statements as one', async ({ bank, service }) => {
    const staffId = await bank.staffId('R2')
    const customerIds = [...(await newCustomers(bank, 'm', 20)), await bank.customerId('1')]
    const statements = async (ids: readonly string[]) => {
      // Whoever gives a customer away changes the directory: the manager is read anew first.
      await bank.request(bank.code('M1'), 'GET', '/customers?limit=1')
      service.statements.length = 0
      const told = await overRest(bank, bank.code('M1'), giveAll, { customerIds: ids, staffId, reason: 'closing a desk' })
      expect(told.code, JSON.stringify(told.body)).toBe('ok')
      return [service.statements.length, told.body.assigned] as const
    }
    const [few] = await statements([await bank.customerId('3')])
    const [many, assigned] = await statements(customerIds)
    expect(many).toBe(few)
    expect(assigned.map(({ customerId }: any) => customerId)).toEqual(customerIds)
    expect(assigned.map(({ endedAssignmentId }: any) => endedAssignmentId !== null)).toEqual(
      customerIds.map((_, at) => at === 20),
    )
    const seen = await bank.request(bank.code('R2'), 'GET', '/customers?includeTotal=true')
    expect(seen.body.total).toBe(23)
    const { rows } = await service.owner.query(
      `select count(*)::int as n from audit_entry where operation = 'assignCustomers' and customer_id = any ($1)`,
      [customerIds],
    )
    expect(rows[0].n).toBe(22)
  })

  test('gives all or none, and names each who cannot be given', async ({ bank, service }) => {
    const staffId = await canKeep(bank, 'R8', 2)
    const fresh = await newCustomers(bank, 'k', 3)
    const send = (customerIds: readonly string[]) =>
      bank.request(bank.code('M1'), 'POST', '/assignment-changes', { customerIds, staffId, reason: 'all or none' })
    const absent = await send([fresh[0]!, await bank.customerId('4'), crypto.randomUUID()])
    expect([absent.status, absent.body.errors.map(({ pointer }: any) => pointer)]).toEqual([
      404,
      ['/customerIds/1', '/customerIds/2'],
    ])
    await service.owner.query(`update customer set status = 'closed' where id = $1`, [fresh[2]])
    const closed = await send([fresh[0]!, fresh[2]!])
    expect([closed.status, closed.body.code, closed.body.errors[0].pointer]).toEqual([409, 'conflict', '/customerIds/1'])
    const over = await send([fresh[0]!, fresh[1]!, await bank.customerId('1')])
    expect([over.status, over.body.errors[0].rule, over.body.detail]).toEqual([
      409,
      'over_capacity',
      'Over capacity: this staff member has 0 of at most 2 customers, and 3 more would make 3.',
    ])
    expect(refusalOf(await send([fresh[0]!, fresh[0]!]))).toEqual([400, 'invalid_input', '/customerIds', 'duplicate'])
    expect((await send(Array.from({ length: 501 }, () => crypto.randomUUID()))).status).toBe(400)
    for (const customerId of fresh) expect(await assignmentsOf(bank, customerId)).toEqual([])
    expect((await send([fresh[0]!, fresh[1]!])).status).toBe(200)
  })
})

/** Assigns customers to somebody in every way there is, one customer each. The last is a feed of a source system, whose refusal is that of its reject. */
async function inEveryWay(bank: TestBank, number: string, prefix: string, startsOn = '2026-11-22') {
  const manager = bank.code('M1')
  const [staffNumber, staffId] = [bank.code(number), await bank.staffId(number)]
  const [a, b, c, d, e] = await newCustomers(bank, prefix, 5).then(async (ids) => {
    if (prefix === 'closed') await bank.service.owner.query(`update customer set status = 'closed' where id = any ($1)`, [ids])
    return ids
  })
  const terms = { staffNumber, businessLine: 'personal', startsOn }
  const [create, upsert] = [operationNamed('createAssignment'), operationNamed('upsertAssignment')]
  const row = (at: number) => ({ ...terms, customerExternalId: bank.code(`${prefix}${at}`) })
  const external = { source: 'core', externalId: bank.code(`${prefix}-put`) }
  const asked = [
    await overRest(bank, manager, give, { customerId: a, staffId, startsOn, reason: 'moved here' }),
    await overRest(bank, manager, giveAll, { customerIds: [b], staffId, startsOn, reason: 'moved here' }),
    await overRest(bank, manager, create, { customerId: c, ...terms }),
    await overRest(bank, manager, upsert, { ...external, ...row(3) }),
  ]
  const { body } = await bank.import('assignments', [{ source: 'core', externalId: bank.code(`${prefix}-fed`), ...row(4) }])
  const reject = (await bank.request(core, 'GET', `/imports/${body.id}/rejects`)).body as unknown
  const fed = body.rowsRejected === 0 ? 'ok' : String(reject)
  const assigned = (await Promise.all([a, b, c, d, e].map((id) => assignmentsOf(bank, id!)))).map(({ length }) => length)
  return { asked: asked.map(({ code, body: { detail } }) => `${code}: ${detail}`), fed, assigned }
}

describe('every way to assign a customer', () => {
  test('refuses the same staff and the same customers, and people beyond the capacity', async ({ bank }) => {
    const staff = async (number: string, more: object) => {
      const row = { name: number, institutionCode: bank.code('O1'), roles: ['relationship_manager'] }
      await bank.feed('staff', [{ externalId: bank.code(number), ...row, ...more }])
    }
    await staff('LEFT', { activeUntil: '2026-11-22' })
    await staff('LATE', { activeFrom: '2027-01-01' })
    await staff('LOBBY', { roles: ['lobby_manager'] })
    await staff('FULL', { customerCapacity: 0 })
    await staff('FREE', {})
    for (const [number, prefix, message] of [
      ['LEFT', 'left', 'The staff member no longer works here on that day.'],
      ['LATE', 'late', 'The staff member works here from 2027-01-01.'],
      ['LOBBY', 'lobby', 'The staff member is neither a relationship manager nor a teller.'],
      ['FREE', 'closed', 'The customer is closed.'],
    ] as const) {
      const { asked, fed, assigned } = await inEveryWay(bank, number, prefix)
      for (const refusal of [...asked, fed]) expect(refusal, number).toContain(message)
      expect(
        asked.map((refusal) => refusal.split(':')[0]),
        number,
      ).toEqual(Array(4).fill('conflict'))
      expect(assigned, number).toEqual([0, 0, 0, 0, 0])
    }
    const full = await inEveryWay(bank, 'FULL', 'full')
    for (const refusal of full.asked)
      expect(refusal).toMatch(
        /^conflict: Over capacity: this staff member has 0 of at most 0 customers, and 1 more would make 1\./,
      )
    // A source system has decided already.
    expect([full.fed, full.assigned]).toEqual(['ok', [0, 0, 0, 0, 1]])
    const free = await inEveryWay(bank, 'FREE', 'free')
    expect([free.fed, free.assigned]).toEqual(['ok', [1, 1, 1, 1, 1]])
    const past = await inEveryWay(bank, 'FREE', 'past', '2026-11-01')
    for (const refusal of past.asked) expect(refusal).toMatch(/^outside_period: /)
    expect([past.fed, past.assigned]).toEqual(['ok', [0, 0, 0, 0, 1]])
  })
})

describe('staffCapacity', () => {
  test('lists keepers of the subtree with what they keep and can keep, over-full ones by themselves, in one statement', async ({
    bank,
    service,
  }) => {
    await canKeep(bank, 'R1', 1)
    await canKeep(bank, 'R2', 0)
    await bank.feed('assignments', [
      {
        externalId: bank.code('S4'),
        customerExternalId: bank.code('4'),
        staffNumber: bank.code('R1'),
        businessLine: 'personal',
        startsOn: '2024-01-01',
      },
    ])
    const told = (items: any[]) =>
      items.map(({ staff, customers, capacity, free, overCapacity }: any) =>
        [staff.number.replace(`${bank.name}-`, ''), customers, capacity, free, overCapacity].join(' '),
      )
    service.statements.length = 0
    const all = await bank.request(bank.code('M1'), 'GET', '/staff-capacity')
    expect(service.statements).toHaveLength(1)
    expect(told(all.body.items)).toEqual(['R1 2 1 -1 true', 'R2 1 0 -1 true', 'R3 1   false', 'T1 0   false'])
    const within = await bank.idOf('institution', 'O1')
    const full = await bank.request(
      bank.code('M1'),
      'GET',
      `/staff-capacity?institutionId=${within}&overCapacity=true&includeTotal=true&limit=1`,
    )
    expect([told(full.body.items), full.body.total]).toEqual([['R1 2 1 -1 true'], 2])
    const next = await bank.request(
      bank.code('M1'),
      'GET',
      `/staff-capacity?institutionId=${within}&overCapacity=true&includeTotal=true&limit=1&cursor=${full.body.nextCursor}`,
    )
    expect([told(next.body.items), next.body.nextCursor]).toEqual([['R2 1 0 -1 true'], null])
    const { data } = await bank.graphql(
      bank.code('U1'),
      `{ staffCapacity(institutionId: "${within}", overCapacity: false) { totalCount nodes { teams staff { number } } } }`,
    )
    expect(data.staffCapacity).toEqual({ totalCount: 1, nodes: [{ teams: 0, staff: { number: bank.code('T1') } }] })
    // Of another branch nobody is shown, wherever the customers are.
    const elsewhere = await bank.request(bank.code('M2'), 'GET', `/staff-capacity?institutionId=${within}`)
    expect([elsewhere.status, elsewhere.body.items]).toEqual([200, []])
    expect((await bank.request(bank.code('R1'), 'GET', '/staff-capacity')).status).toBe(403)
    expect(refusalOf(await bank.request(bank.code('M1'), 'GET', `/staff-capacity?institutionId=${crypto.randomUUID()}`))).toEqual(
      [422, 'unknown_reference', '/institutionId', 'unknown_reference'],
    )
  })
})
