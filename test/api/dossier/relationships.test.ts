import { describe, expect } from 'vitest'
import { test, type TestBank } from '../../setup/service.ts'
import { toldOf, withCompanies } from './businesses.ts'
import { command } from '../dossiers.ts'

async function relate(
  bank: TestBank,
  customerId: string,
  body: object,
  caller = bank.code('M1'),
  headers: Record<string, string> = {},
) {
  const answer = await bank.request(caller, 'POST', `/customers/${customerId}/relationships`, body, headers)
  return { ...answer, told: toldOf(answer) }
}

const createMutation = `mutation ($input: CreateRelationshipInput!) { createRelationship(input: $input) {
  id version kind share since status relatedCustomer { name } customer { name relationships { kind relatedCustomer { id } } } } }`

describe('a relationship', () => {
  test('stands under both customers, each seeing what the other is, over REST and GraphQL', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const made = await relate(bank, ids['P1']!, {
      relatedCustomerId: ids['P2'],
      kind: 'parent',
      since: '1990-05-01',
      note: '母子',
    })
    expect(made).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      body: { kind: 'parent', since: '1990-05-01', note: '母子', status: 'active', relatedCustomer: { name: '客户P2' } },
    })
    const other = await bank.request(bank.code('M1'), 'GET', `/customers/${ids['P2']}/relationships/${made.body.id}`)
    expect(other.body).toMatchObject({ id: made.body.id, kind: 'child', relatedCustomer: { id: ids['P1'] }, since: '1990-05-01' })
    const { data, errors } = await bank.graphql(bank.code('M1'), createMutation, {
      input: { customerId: ids['C1'], relatedCustomerId: ids['P1'], kind: 'shareholder', share: '33.3333' },
    })
    expect(errors).toBeUndefined()
    expect(data.createRelationship).toMatchObject({ share: '33.3333', version: 1, relatedCustomer: { name: '客户P1' } })
    expect(data.createRelationship.customer.relationships).toEqual([{ kind: 'shareholder', relatedCustomer: { id: ids['P1'] } }])
    const list = await bank.request(bank.code('M1'), 'GET', `/customers/${ids['P1']}/relationships?includeTotal=true`)
    expect([list.body.items.map(({ kind }: any) => kind), list.body.total]).toEqual([['investee', 'parent'], 2])
  })

  test('leaves an entry and an event under each of the two, without values', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const { body } = await relate(bank, ids['P1']!, { relatedCustomerId: ids['P2'], kind: 'spouse', note: '秘密' })
    for (const [table, type] of [
      ['audit_entry', 'operation'],
      ['outbox_event', 'type'],
    ]) {
      const { rows } = await service.owner.query(
        `select ${type} as type, customer_id, changed, t::text as whole from ${table} t where subject_type = 'relationship' and subject_id = $1`,
        [body.id],
      )
      expect(rows.map((row) => row.customer_id).sort(), table).toEqual([ids['P1'], ids['P2']].sort())
      for (const row of rows) {
        expect([row.type, row.changed]).toEqual([
          table === 'audit_entry' ? 'createRelationship' : 'relationship.created',
          ['kind', 'relatedCustomerId', 'note'],
        ])
        expect(row.whole).not.toContain('秘密')
      }
    }
  })

  test.for([
    ['with oneself', 'P1', { related: 'P1', kind: 'partner' }, [400, 'invalid_input', '/relatedCustomerId', 'self']],
    [
      'of a pair that does not go together',
      'P1',
      { related: 'C1', kind: 'spouse' },
      [400, 'invalid_input', '/kind', 'kind_pair'],
    ],
    [
      'with a representative of a person',
      'P1',
      { related: 'P2', kind: 'legal_representative' },
      [400, 'invalid_input', '/kind', 'kind_pair'],
    ],
    ['of an unknown kind', 'P1', { related: 'P2', kind: 'cousin' }, [400, 'invalid_input', '/kind', 'invalid_value']],
    [
      'with a share among partners',
      'P1',
      { related: 'P2', kind: 'partner', share: '5' },
      [400, 'invalid_input', '/share', 'share_not_applicable'],
    ],
    [
      'with a share of five decimals',
      'C1',
      { related: 'P2', kind: 'shareholder', share: '5.00001' },
      [400, 'invalid_input', '/share', 'share'],
    ],
    [
      'with more than the whole',
      'C1',
      { related: 'P2', kind: 'shareholder', share: '100.01' },
      [400, 'invalid_input', '/share', 'share'],
    ],
    [
      'from tomorrow on',
      'P1',
      { related: 'P2', kind: 'spouse', since: '2026-11-23' },
      [422, 'outside_period', '/since', 'future'],
    ],
    [
      'on an impossible day',
      'P1',
      { related: 'P2', kind: 'spouse', since: '2026-02-30' },
      [400, 'invalid_input', '/since', 'day'],
    ],
    [
      'with NUL in the note',
      'P1',
      { related: 'P2', kind: 'spouse', note: 'a\0b' },
      [400, 'invalid_input', '/note', 'nul_character'],
    ],
    [
      'with a note that turns the line around',
      'P1',
      { related: 'P2', kind: 'spouse', note: 'a\u202eb' },
      [400, 'invalid_input', '/note', 'bidi_control'],
    ],
    [
      'with a customer of another branch',
      'P1',
      { related: '4', kind: 'spouse' },
      [404, 'not_found', '/relatedCustomerId', 'not_found'],
    ],
    ['of a customer of another branch', '4', { related: 'P1', kind: 'spouse' }, [404, 'not_found', undefined, undefined]],
  ] as const)(
    '%s is refused, naming the field and the rule, on both sides',
    async ([, from, { related, ...body }, told], { bank }) => {
      const ids = await withCompanies(bank)
      expect((await relate(bank, ids[from]!, { relatedCustomerId: ids[related], ...body })).told).toEqual(told)
      if (told[3] === 'invalid_value') return
      const { errors } = await bank.graphql(bank.code('M1'), createMutation, {
        input: { customerId: ids[from], relatedCustomerId: ids[related], ...body },
      })
      expect([errors?.[0]?.extensions.code, errors?.[0]?.extensions.errors?.[0]?.pointer]).toEqual([told[1], told[2]])
    },
  )

  test('is refused a second time from either side, and can be made again once it has ended', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const first = await relate(bank, ids['P1']!, { relatedCustomerId: ids['P2'], kind: 'referrer' })
    expect(first.status).toBe(201)
    const again = [409, 'conflict', '/relatedCustomerId', 'duplicate']
    expect((await relate(bank, ids['P1']!, { relatedCustomerId: ids['P2'], kind: 'referrer' })).told).toEqual(again)
    expect((await relate(bank, ids['P2']!, { relatedCustomerId: ids['P1'], kind: 'referred' })).told).toEqual(again)
    const ended = await bank.request(bank.code('M1'), 'POST', `/customers/${ids['P2']}/relationships/${first.body.id}/end`, {})
    expect(ended.body).toMatchObject({ kind: 'referred', status: 'ended', endedOn: '2026-11-22', version: 2 })
    expect((await relate(bank, ids['P1']!, { relatedCustomerId: ids['P2'], kind: 'referrer' })).status).toBe(201)
  })

  test('of a married person is no second marriage', async ({ bank }) => {
    const ids = await withCompanies(bank)
    await relate(bank, ids['P1']!, { relatedCustomerId: ids['P2'], kind: 'spouse' })
    for (const [from, to] of [
      ['P1', 'P3'],
      ['P3', 'P2'],
    ] as const)
      expect((await relate(bank, ids[from]!, { relatedCustomerId: ids[to], kind: 'spouse' })).told).toEqual([
        409,
        'conflict',
        '/kind',
        'already_married',
      ])
  })

  test('never makes anybody their own ancestor or owner, however long the line and whoever sees it', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const parent = (child: string, of: string) => relate(bank, ids[child]!, { relatedCustomerId: ids[of], kind: 'parent' })
    expect([(await parent('P1', 'P2')).status, (await parent('P2', 'P3')).status]).toEqual([201, 201])
    const cycle = [409, 'cycle', '/relatedCustomerId', 'cycle']
    expect((await parent('P3', 'P1')).told).toEqual(cycle)
    expect((await relate(bank, ids['P1']!, { relatedCustomerId: ids['P3'], kind: 'child' })).told).toEqual(cycle)
    // The line leads through branch B2, of which the manager of B1 sees nothing.
    await command(bank, 'POST', `/customers/${ids['P3']}/relationships`, { relatedCustomerId: ids['4'], kind: 'parent' })
    await command(bank, 'POST', `/customers/${ids['4']}/relationships`, { relatedCustomerId: ids['1'], kind: 'parent' })
    expect((await parent('1', 'P1')).told).toEqual(cycle)
    await relate(bank, ids['C1']!, { relatedCustomerId: ids['C2'], kind: 'owner' })
    expect((await relate(bank, ids['C1']!, { relatedCustomerId: ids['C2'], kind: 'owned_by' })).told).toEqual(cycle)
    // What merely goes round is no circle: two companies may guarantee for each other.
    await relate(bank, ids['C1']!, { relatedCustomerId: ids['C2'], kind: 'guarantor' })
    expect((await relate(bank, ids['C2']!, { relatedCustomerId: ids['C1'], kind: 'guarantor' })).status).toBe(201)
  })

  test('shares a company out to 100 % at most, also by corrections from the side of the shareholder', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const share = (holder: string, percent: string) =>
      relate(bank, ids['C1']!, { relatedCustomerId: ids[holder], kind: 'shareholder', share: percent })
    const first = await share('P1', '60')
    expect([first.status, first.body.share]).toEqual([201, '60'])
    expect((await share('P2', '40.0001')).told).toEqual([409, 'conflict', '/share', 'shares_exceeded'])
    expect((await share('P2', '40')).status).toBe(201)
    const correct = (percent: string) =>
      bank.request(
        bank.code('M1'),
        'PATCH',
        `/customers/${ids['P1']}/relationships/${first.body.id}`,
        { share: percent },
        { 'if-match': '"1"' },
      )
    expect((await correct('60.5')).body).toMatchObject({ code: 'conflict', errors: [{ pointer: '/share' }] })
    expect((await correct('59.5')).body).toMatchObject({ share: '59.5', version: 2, kind: 'investee' })
    expect(
      (await bank.request(bank.code('M1'), 'GET', `/customers/${ids['C1']}/relationships/${first.body.id}`)).body,
    ).toMatchObject({
      share: '59.5',
      version: 2,
      kind: 'shareholder',
    })
  })

  test('is corrected and ended under both at once, with versions, and not after it has ended', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const { body } = await relate(bank, ids['P1']!, { relatedCustomerId: ids['P2'], kind: 'spouse' })
    const url = `/customers/${ids['P1']}/relationships/${body.id}`
    const patch = (said: object, version: number | null) =>
      bank.request(bank.code('M1'), 'PATCH', url, said, version === null ? {} : { 'if-match': `"${version}"` })
    expect((await patch({ since: '2001-01-01' }, null)).status).toBe(428)
    expect((await patch({ since: '2001-01-01' }, 1)).body).toMatchObject({ since: '2001-01-01', version: 2 })
    expect((await patch({ since: '2002-01-01' }, 1)).body.code).toBe('version_conflict')
    const end = (endedOn: string) => bank.request(bank.code('M1'), 'POST', `${url}/end`, { endedOn })
    expect((await end('2026-11-23')).body).toMatchObject({ code: 'outside_period', errors: [{ pointer: '/endedOn' }] })
    expect((await end('2000-12-31')).body).toMatchObject({
      code: 'invalid_input',
      errors: [{ pointer: '/endedOn', rule: 'period' }],
    })
    expect((await end('2020-06-01')).body).toMatchObject({ status: 'ended', endedOn: '2020-06-01', version: 3 })
    expect((await end('2020-06-01')).body.code).toBe('already_closed')
    expect((await patch({ note: 'x' }, 3)).body.code).toBe('already_closed')
    const { rows } = await service.owner.query('select since::text, status, version from relationship where id = $1', [body.id])
    expect(rows).toEqual(Array.from({ length: 2 }, () => ({ since: '2001-01-01', status: 'ended', version: 3 })))
    const active = await bank.request(bank.code('M1'), 'GET', `/customers/${ids['P1']}/relationships?status=active`)
    expect(active.body.items).toEqual([])
  })

  test('with a customer out of scope is shown without them, and is left to those who see both', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const made = await command(bank, 'POST', `/customers/${ids['1']}/relationships`, {
      relatedCustomerId: ids['4'],
      kind: 'spouse',
    })
    for (const [caller, mine] of [
      [bank.code('M1'), '1'],
      [bank.code('R1'), '1'],
      [bank.code('M2'), '4'],
    ] as const) {
      const url = `/customers/${ids[mine]}/relationships/${made.id}`
      expect((await bank.request(caller, 'GET', url)).body, caller).toMatchObject({ kind: 'spouse', relatedCustomer: null })
      const corrected = await bank.request(caller, 'PATCH', url, { note: 'x' }, { 'if-match': '"1"' })
      const ended = await bank.request(caller, 'POST', `${url}/end`, {})
      for (const { body } of [corrected, ended])
        expect(body).toMatchObject({ code: 'not_found', errors: [{ pointer: '/relationshipId' }] })
    }
    expect((await bank.request(bank.code('R2'), 'GET', `/customers/${ids['1']}/relationships`)).status).toBe(404)
    expect((await bank.request(bank.code('R2'), 'GET', `/customers/${ids['1']}/relationships/${made.id}`)).status).toBe(404)
    expect((await relate(bank, ids['1']!, { relatedCustomerId: ids['2'], kind: 'partner' }, bank.code('T1'))).status).toBe(403)
  })

  test('counts referrals and those that were thanked for', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const referred: string[] = []
    for (const one of ['P2', 'P3'])
      referred.push((await relate(bank, ids['P1']!, { relatedCustomerId: ids[one], kind: 'referred' })).body.id)
    await bank.request(
      bank.code('M1'),
      'PATCH',
      `/customers/${ids['P2']}/relationships/${referred[0]}`,
      { thankedOn: '2026-11-20' },
      { 'if-match': '"1"' },
    )
    const { data } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${ids['P1']}") { referrals { count thanked } } }`,
    )
    expect(data.customer.referrals).toEqual({ count: 2, thanked: 1 })
  })

  test('sent twice under one key is written once; of several at once one is', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const body = { relatedCustomerId: ids['P2'], kind: 'partner' }
    const keyed = () => relate(bank, ids['P1']!, body, bank.code('M1'), { 'idempotency-key': 'one' })
    const [first, second] = [await keyed(), await keyed()]
    expect([second.body, second.headers['idempotency-replayed']]).toEqual([first.body, 'true'])
    const together = await Promise.all([
      ...Array.from({ length: 3 }, () => relate(bank, ids['P1']!, { relatedCustomerId: ids['P3'], kind: 'spouse' })),
      ...Array.from({ length: 3 }, () => relate(bank, ids['P3']!, { relatedCustomerId: ids['P1'], kind: 'spouse' })),
    ])
    expect(together.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409])
    const circle = await Promise.all(
      [
        ['P1', 'P2'],
        ['P2', 'P3'],
        ['P3', '1'],
        ['1', 'P1'],
      ].map(([child, parent]) => relate(bank, ids[child!]!, { relatedCustomerId: ids[parent!], kind: 'parent' })),
    )
    expect(circle.map(({ status, body: { code } }) => code ?? status).sort()).toEqual([201, 201, 201, 'cycle'])
    const { rows } = await service.owner.query(
      `select count(*)::int as n from relationship where kind = 'parent' and customer_id = any ($1)`,
      [Object.values(ids)],
    )
    expect(rows[0].n).toBe(3)
  })
})
