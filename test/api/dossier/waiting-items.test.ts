import { describe, expect } from 'vitest'
import { type Caller, test, type TestBank } from '../../setup/service.ts'
import { customerIds, customers, fillDossiers, keeperOf, onlookers, openDifference, openValueDifference } from '../dossiers.ts'

/** One thing of each kind that waits about customers 1 and 4, a note about every customer, and R2 with more customers than capacity. */
async function fillWaiting(bank: TestBank): Promise<Readonly<Record<'1' | '2' | '3' | '4', string>>> {
  await fillDossiers(bank)
  const ids = await customerIds(bank)
  const { owner } = bank.service
  for (const customer of ['1', '4'] as const) {
    for (const table of ['identity_document', 'contact_point', 'address'] as const)
      await openValueDifference(bank, ids[customer], table)
    await openDifference(bank, ids[customer])
    await owner.query(
      `insert into approval_request (customer_id, id, institution_path, kind, subject_id, state, reason, requested_by, requested_at)
       select id, gen_random_uuid(), institution_path, 'tier_override', gen_random_uuid(), 'pending', 'r', $2, now() from customer where id = $1`,
      [ids[customer], await bank.staffId('M3')],
    )
  }
  await owner.query('update staff set customer_capacity = 0 where number = $1', [bank.code('R2')])
  return ids
}

const list = async (bank: TestBank, caller: Caller, query = '') => {
  const { status, body } = await bank.request(caller, 'GET', `/waiting-items?includeTotal=true&limit=100${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  expect(body.items).toHaveLength(body.total)
  return body.items as any[]
}

const kindsAbout = (items: readonly any[], customerId: string | null): string[] =>
  [...new Set(items.filter((one) => one.customerId === customerId).map(({ kind }) => kind))].sort()

const ofCustomers = ['address_to_review', 'contact_point_to_review', 'counter_note', 'document_to_review', 'profile_conflict']
const all = [...ofCustomers, 'approval_request'].sort()

describe('waitingItems', () => {
  test('lists what waits about customers in scope, of the kinds that the caller may read', async ({ bank }) => {
    const ids = await fillWaiting(bank)
    const machine = { client: `feed-${bank.code('B2')}` }
    for (const { name, caller, sees } of onlookers(bank)) {
      const items = await list(bank, caller)
      const ofManager = caller === bank.code('M1')
      for (const customer of customers) {
        const waiting = customer === '1' || customer === '4' ? (ofManager ? all : ofCustomers) : ['counter_note']
        expect(kindsAbout(items, ids[customer]), `${name}, customer ${customer}`).toEqual(
          sees.includes(customer) ? expect.arrayContaining(waiting) : [],
        )
        if (!ofManager) expect(kindsAbout(items, ids[customer]), name).not.toContain('approval_request')
      }
      const overCapacity = items.filter(({ kind }) => kind === 'over_capacity')
      expect(
        overCapacity.map(({ staff }) => staff.number),
        name,
      ).toEqual(ofManager ? [bank.code('R2')] : [])
    }
    expect(kindsAbout(await list(bank, machine), null)).toEqual([])
    expect(kindsAbout(await list(bank, bank.code('M2')), ids['1'])).toEqual([])
    // Who inspects quality reads dossiers, not documents.
    expect(kindsAbout(await list(bank, bank.code('Q1')), ids['1'])).toEqual(['counter_note', 'profile_conflict'])
  })

  test('says of each what it is about, why and since when, for whom, over REST and GraphQL', async ({ bank }) => {
    const ids = await fillWaiting(bank)
    const items = await list(bank, bank.code('M1'), `&institutionId=${await bank.idOf('institution', 'O1')}`)
    const about = (kind: string, customerId: string | null) =>
      items.find((one) => one.kind === kind && one.customerId === customerId)
    const shared = {
      staff: { number: bank.code(keeperOf['1']) },
      institution: { code: bank.code('O1') },
      customer: { id: ids['1'] },
      since: expect.any(String),
    }
    expect(about('contact_point_to_review', ids['1'])).toMatchObject({
      ...shared,
      subjectType: 'contact_point',
      reason: 'conflicting',
    })
    expect(about('profile_conflict', ids['1'])).toMatchObject({ ...shared, reason: 'occupation' })
    expect(about('counter_note', ids['1'])).toMatchObject({ ...shared, subjectType: 'counter_note', reason: 'hint' })
    expect(about('approval_request', ids['1'])).toMatchObject({ ...shared, reason: 'tier_override' })
    expect(about('over_capacity', null)).toMatchObject({
      subjectType: 'staff',
      subjectId: await bank.staffId('R2'),
      customerId: null,
      customer: null,
      since: null,
      reason: 'over_capacity',
      staff: { number: bank.code('R2') },
      institution: { code: bank.code('O1') },
    })
    const { data } = await bank.graphql(
      bank.code('M1'),
      'query ($filter: WaitingItemsFilter) { waitingItems(filter: $filter, first: 100) { totalCount nodes { kind subjectId reason since customer { id } staff { number } institution { code } } } }',
      { filter: { institutionId: await bank.idOf('institution', 'O1') } },
    )
    const plain = ({ kind, subjectId, reason, since, customer, staff, institution }: any) => ({
      kind,
      subjectId,
      reason,
      since,
      customer: customer && { id: customer.id },
      staff: staff && { number: staff.number },
      institution: { code: institution.code },
    })
    expect(data.waitingItems).toEqual({ totalCount: items.length, nodes: items.map(plain) })
  })

  test('is narrowed to a person, an institution and kinds, and paged in one order', async ({ bank }) => {
    const ids = await fillWaiting(bank)
    const everything = await list(bank, bank.code('M1'))
    const owners = (items: readonly any[]) => [...new Set(items.map(({ customerId }) => customerId))].sort()
    expect(owners(await list(bank, bank.code('M1'), `&staffId=${await bank.staffId('R1')}`))).toEqual([ids['1']])
    expect(await list(bank, bank.code('M1'), `&staffId=${await bank.staffId('R2')}`)).toEqual(
      everything.filter(({ customerId, kind }) => customerId === ids['2'] || kind === 'over_capacity'),
    )
    expect(await list(bank, bank.code('M1'), `&staffId=${await bank.staffId('R4')}`)).toEqual([])
    expect(owners(await list(bank, bank.code('M1'), `&institutionId=${await bank.idOf('institution', 'O2')}`))).toEqual([
      ids['3'],
    ])
    expect(await list(bank, bank.code('M1'), `&institutionId=${await bank.idOf('institution', 'B2')}`)).toEqual([])
    expect(await list(bank, bank.code('M1'), '&kinds=profile_conflict&kinds=over_capacity')).toEqual(
      everything.filter(({ kind }) => kind === 'profile_conflict' || kind === 'over_capacity'),
    )
    const paged: any[] = []
    for (let cursor = ''; ;) {
      const { body } = await bank.request(bank.code('M1'), 'GET', `/waiting-items?limit=2${cursor}`)
      paged.push(...body.items)
      if (body.nextCursor === null) break
      cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`
    }
    expect(paged).toEqual(everything)
  })

  test('refuses what cannot be asked, and lists nothing for who may read no kind', async ({ bank }) => {
    await fillWaiting(bank)
    const ask = (caller: Caller, query: string) => bank.request(caller, 'GET', `/waiting-items?${query}`)
    expect(await ask(bank.code('R1'), 'kinds=over_capacity')).toMatchObject({ status: 403, body: { code: 'not_permitted' } })
    for (const [query, pointer] of [
      [`institutionId=${crypto.randomUUID()}`, '/institutionId'],
      [`staffId=${crypto.randomUUID()}`, '/staffId'],
    ])
      expect(await ask(bank.code('M1'), query!)).toMatchObject({
        status: 422,
        body: { code: 'unknown_reference', errors: [{ pointer }] },
      })
    expect((await ask(bank.code('M1'), 'kinds=nothing')).body).toMatchObject({ code: 'invalid_input' })
    expect((await ask(bank.code('M1'), 'cursor=nothing')).body).toMatchObject({ code: 'invalid_cursor' })
    await bank.service.owner.query(
      `insert into client (id, client_id, name, institution_id, institution_path, scopes, status, created_at, updated_at)
       select gen_random_uuid(), $1, 'c', id, path, array['customer:read'], 'active', now(), now() from institution where code = $2`,
      [bank.code('RO'), bank.code('B1')],
    )
    expect(await list(bank, { client: bank.code('RO') })).toEqual([])
  })

  test('loses a counter note as somebody acknowledges it, once', async ({ bank, service }) => {
    const ids = await fillWaiting(bank)
    const [note] = await list(bank, bank.code('R1'), '&kinds=counter_note')
    const path = `/customers/${ids['1']}/counter-notes/${note.subjectId}/acknowledgement`
    expect((await bank.request(bank.code('T1'), 'POST', path, {})).status, 'a teller reads only').toBe(403)
    expect((await bank.request(bank.code('R2'), 'POST', path, {})).status).toBe(404)
    const both = await Promise.all([1, 2].map(() => bank.request(bank.code('R1'), 'POST', path, {})))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(both.find(({ status }) => status === 200)!.body).toMatchObject({
      id: note.subjectId,
      acknowledgedAt: '2026-11-22T02:00:00.000Z',
      acknowledgedBy: { number: bank.code('R1') },
    })
    expect(both.find(({ status }) => status === 409)!.body).toMatchObject({ code: 'already_closed' })
    expect(await list(bank, bank.code('R1'), '&kinds=counter_note')).toEqual([])
    const notes = async (query: string) => (await bank.request(bank.code('R1'), 'GET', `/counter-notes?${query}`)).body.items
    expect([await notes('acknowledged=true'), await notes('acknowledged=false')]).toMatchObject([[{ id: note.subjectId }], []])
    const { rows } = await service.owner.query(
      `select changed, (select array_agg(type) from outbox_event o where o.subject_id = e.subject_id) as events from audit_entry e
       where operation = 'acknowledgeCounterNote' and customer_id = $1`,
      [ids['1']],
    )
    expect(rows).toEqual([
      { changed: ['acknowledgedAt', 'acknowledgedBy'], events: expect.arrayContaining(['counter_note.acknowledged']) },
    ])
  })
})
