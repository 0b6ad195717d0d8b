import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished } from 'vitest'
import { type Caller, test, type TestBank } from '../../setup/service.ts'

async function addressOf(app: FastifyInstance): Promise<string> {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

/** Asks over real HTTP. */
async function ask(bank: TestBank, address: string, caller: Caller, method: string, url: string, body?: object) {
  const response = await fetch(`${address}${url}`, {
    method,
    headers: {
      authorization: `Bearer ${await bank.service.tokenOf(caller)}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as any }
}

/** Whether somebody sees a customer with their very next requests: in lists and by id, over both sides. Throws where these disagree. */
async function sees(bank: TestBank, address: string, caller: Caller, customerId: string): Promise<boolean> {
  const overGraphql = async (query: string) => (await ask(bank, address, caller, 'POST', '/graphql', { query })).body
  const one = await ask(bank, address, caller, 'GET', `/v1/customers/${customerId}`)
  const listed = (await ask(bank, address, caller, 'GET', '/v1/customers')).body.items
  const { data, errors } = await overGraphql(`{ customer(customerId: "${customerId}") { id } }`)
  const page = (await overGraphql('{ customers { nodes { id } } }')).data.customers.nodes
  const has = (list: readonly { readonly id: string }[]) => list.some(({ id }) => id === customerId)
  const told = [one.status === 200, has(listed), data?.customer?.id === customerId, has(page)]
  if (new Set(told).size !== 1) throw new Error(`The answers disagree: ${told.join()}.`)
  if (!told[0]) expect([one.status, errors[0].extensions.code]).toEqual([404, 'not_found'])
  return told[0]!
}

describe('who sees a customer', () => {
  test('follows every change of ownership with the next request, in each of two instances of the service', async ({
    bank,
    service,
  }) => {
    const further = await service.anotherInstance()
    onTestFinished(() => further.stop())
    const [here, there] = [await addressOf(service.app), await addressOf(further.app)]
    const customerId = await bank.customerId('1')
    const staff = { R1: await bank.staffId('R1'), R2: await bank.staffId('R2'), R3: await bank.staffId('R3') }
    const seenBy = async () => {
      const seen: string[] = []
      for (const number of Object.keys(staff)) {
        // The instance that did not make the change first: it has been told nothing.
        const told = [
          await sees(bank, there, bank.code(number), customerId),
          await sees(bank, here, bank.code(number), customerId),
        ]
        expect(told[0], number).toBe(told[1])
        if (told[0]) seen.push(number)
      }
      return seen.join()
    }
    const tell = async (url: string, body: object) => {
      const answer = await ask(bank, here, bank.code('M1'), 'POST', `/v1${url}`, body)
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
      return answer.body.id as string
    }
    expect(await seenBy()).toBe('R1')

    const assignmentId = await tell(`/customers/${customerId}/assignment-changes`, { staffId: staff.R2, reason: 'moved here' })
    expect(await seenBy()).toBe('R2')

    const member = { staffId: staff.R1, duty: 'relationship_manager', reason: 'knows them' }
    const memberId = await tell(`/customers/${customerId}/team`, member)
    expect(await seenBy()).toBe('R1,R2')
    await tell(`/customers/${customerId}/team/${memberId}/end`, {})
    expect(await seenBy()).toBe('R2')

    const leave = { staffId: staff.R2, deputyId: staff.R3, startsOn: '2026-11-22', endsOn: '2026-12-01', reason: 'leave' }
    const delegationId = await tell('/delegations', leave)
    expect(await seenBy()).toBe('R2,R3')
    await tell(`/delegations/${delegationId}/end`, {})
    expect(await seenBy()).toBe('R2')
    const again = await tell('/delegations', leave)
    expect(await seenBy()).toBe('R2,R3')
    await tell(`/delegations/${again}/revocation`, {})
    expect(await seenBy()).toBe('R2')

    await tell(`/customers/${customerId}/assignments/${assignmentId}/end`, {})
    expect(await seenBy()).toBe('')
  })

  test('is shown by one query as it was and will be, the latest first, page by page, in one statement each', async ({
    bank,
    service,
  }) => {
    const customerId = await bank.customerId('1')
    const [r1, r2, r3] = [await bank.staffId('R1'), await bank.staffId('R2'), await bank.staffId('R3')]
    const tell = async (url: string, body: object) => {
      const answer = await bank.request(bank.code('M1'), 'POST', url, body)
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
      return answer.body.id as string
    }
    const cover = (staffId: string, deputyId: string, startsOn: string) =>
      tell('/delegations', { staffId, deputyId, startsOn, endsOn: '2026-12-31', reason: 'leave' })
    await cover(r1, r3, '2026-11-22')
    // Of no customer of theirs, and not yet.
    await cover(r3, r2, '2026-12-20')
    await tell(`/customers/${customerId}/team`, { staffId: r3, duty: 'adviser', startsOn: '2026-11-24', reason: 'advises' })
    const takenBack = { staffId: r2, duty: 'planner', startsOn: '2026-11-25', reason: 'by mistake' }
    const memberId = await tell(`/customers/${customerId}/team`, takenBack)
    await tell(`/customers/${customerId}/team/${memberId}/end`, {})
    await tell(`/customers/${customerId}/assignment-changes`, { staffId: r2, startsOn: '2026-11-26', reason: 'moved here' })

    const url = `/customers/${customerId}/assignment-history`
    const told = ({ kind, startsOn, endsOn, state, staff, coveredFor, businessLine, duty, reason }: any) =>
      [kind, startsOn, endsOn, state, staff.number, coveredFor?.number, businessLine ?? duty, reason].join(' ')
    const all = await bank.request(bank.code('M1'), 'GET', `${url}?includeTotal=true`)
    const [n1, n2, n3] = [bank.code('R1'), bank.code('R2'), bank.code('R3')]
    expect(all.body.items.map(told)).toEqual([
      `assignment 2026-11-26  planned ${n2}  personal moved here`,
      `team_membership 2026-11-24  planned ${n3}  adviser advises`,
      `delegation 2026-11-22 2026-11-26 current ${n3} ${n1}  leave`,
      `assignment 2024-01-01 2026-11-26 current ${n1}  personal `,
    ])
    expect(all.body.total).toBe(4)
    const paged: unknown[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      service.statements.length = 0
      const { body } = await bank.request(bank.code('R1'), 'GET', `${url}?limit=1${cursor && `&cursor=${cursor}`}`)
      expect(service.statements).toHaveLength(1)
      paged.push(...body.items)
      cursor = body.nextCursor
    }
    expect(paged).toEqual(all.body.items)
    const { data } = await bank.graphql(
      bank.code('M1'),
      `{ assignmentHistory(customerId: "${customerId}", first: 1) { totalCount nodes { kind staff { number } customer { id } } } }`,
    )
    expect(data.assignmentHistory).toEqual({
      totalCount: 4,
      nodes: [{ kind: 'assignment', staff: { number: n2 }, customer: { id: customerId } }],
    })
    expect((await bank.request(bank.code('M2'), 'GET', url)).status).toBe(404)
    expect((await bank.request(bank.code('R2'), 'GET', url)).status).toBe(404)
  })
})
