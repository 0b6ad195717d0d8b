import { describe, expect } from 'vitest'
import { type Caller, test, type TestBank } from '../../setup/service.ts'
import { journalOf, toldOf, withCompanies } from './businesses.ts'

const profileOf = async (bank: TestBank, customer = '1', caller: Caller = bank.code('M1')): Promise<any> =>
  (await bank.request(caller, 'GET', `/customers/${await bank.customerId(customer)}/profile`)).body

async function revise(
  bank: TestBank,
  said: object,
  caller = bank.code('M1'),
  customer = '1',
  headers: Record<string, string> = {},
) {
  const url = `/customers/${await bank.customerId(customer)}/profile`
  const { rows } = await bank.service.owner.query('select version from customer where id = $1', [await bank.customerId(customer)])
  return bank.request(caller, 'PATCH', url, said, { 'if-match': `"${rows[0].version}"`, ...headers })
}

/** Core banking sends a row of a customer, and answers what it is then. */
const feed = async (bank: TestBank, said: object, customer = '1') => {
  const { rows } = await bank.service.owner.query(
    'select c.kind, c.name, i.code from customer c join institution i on i.id = c.institution_id where c.id = $1',
    [await bank.customerId(customer)],
  )
  const [{ kind, name, code }] = rows
  const row = { kind, name, institutionCode: code, ...said }
  return bank.request({ client: 'core' }, 'PUT', `/customers/by-external-id/core/${bank.code(customer)}`, row)
}

const sourceOf = (profile: any, field: string) => profile.fieldSources.find((one: any) => one.field === field)

const conflicts = async (bank: TestBank, query = '', caller = bank.code('M1')) =>
  (await bank.request(caller, 'GET', `/profile-conflicts${query}`)).body.items

describe('a profile', () => {
  test('of a person is set by bankers and feeds, each field with its source, over REST and GraphQL', async ({ bank }) => {
    const first = await profileOf(bank)
    expect(first).toMatchObject({ kind: 'individual', name: '王芳', occupation: null, interests: [], conflicts: [] })
    expect(sourceOf(first, 'name')).toEqual({
      field: 'name',
      source: 'core',
      asOf: expect.any(String),
      setBy: null,
      verifiedAt: null,
      verifiedBy: null,
      verification: null,
    })
    expect(sourceOf(first, 'occupation')).toBeUndefined()

    const said = {
      occupation: '教师',
      incomeBand: 'high',
      riskAppetite: 'growth',
      interests: ['茶', '书法'],
      familyNotes: '两个孩子\n父母同住',
      creditWilling: true,
    }
    const revised = await revise(bank, said, bank.code('R1'))
    expect(revised).toMatchObject({
      status: 200,
      headers: { etag: `"${first.version + 1}"` },
      body: { ...said, version: first.version + 1 },
    })
    expect(sourceOf(revised.body, 'income_band')).toMatchObject({
      source: 'guanxi',
      asOf: '2026-11-22T02:00:00.000Z',
      setBy: { number: bank.code('R1') },
      verifiedAt: null,
    })
    const fed = await feed(bank, { incomeBand: 'middle', country: 'CN' })
    expect(fed.status).toBe(200)
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${await bank.customerId('1')}") { version profile { incomeBand occupation interests version
        fieldSources { field source setBy { name } } customer { name } } } }`,
    )
    expect(errors).toBeUndefined()
    const { profile, version } = data!['customer']
    expect(profile).toMatchObject({
      incomeBand: 'middle',
      occupation: '教师',
      interests: ['茶', '书法'],
      version,
      customer: { name: '王芳' },
    })
    expect(profile.fieldSources).toContainEqual({ field: 'income_band', source: 'core', setBy: null })
    expect(profile.fieldSources).toContainEqual({ field: 'country', source: 'core', setBy: null })
    expect(await journalOf(bank, await bank.customerId('1'))).toEqual(
      expect.arrayContaining([
        `reviseProfile ${await bank.customerId('1')} ${Object.keys(said).join()}`,
        `profile.revised ${await bank.customerId('1')} ${Object.keys(said).join()}`,
      ]),
    )
  })

  test('of a company and of a sole trader holds size, capital, situations and the role of a merchant', async ({ bank }) => {
    await withCompanies(bank)
    const said = {
      companySize: 'small',
      registeredCapital: '1000000',
      registeredCapitalCurrency: 'CNY',
      situations: ['export', 'employees'],
      merchantSince: '2024-05-01',
      merchantCategoryCode: '5411',
      foundedOn: '2020-01-01',
    }
    const { body } = await revise(bank, said, bank.code('M1'), 'C1')
    expect(body).toMatchObject({
      companySize: 'small',
      registeredCapital: { amount: '1000000.00', currency: 'CNY' },
      situations: ['export', 'employees'],
      merchantSince: '2024-05-01',
      merchantUntil: null,
      merchantCategoryCode: '5411',
      foundedOn: '2020-01-01',
    })
    const both = { occupation: '店主', merchantSince: '2024-05-01' }
    expect((await revise(bank, both, bank.code('M1'), 'S1')).body).toMatchObject(both)
    const same = await revise(bank, { registeredCapital: '1000000.00', registeredCapitalCurrency: 'CNY' }, bank.code('M1'), 'C1')
    expect(same.body.version).toBe(body.version)
  })

  test('of whom a person makes here says who set each field', async ({ bank }) => {
    const said = { kind: 'individual', name: '赵云', institutionCode: bank.code('O1'), occupation: '教师' }
    const made = await bank.request(bank.code('T1'), 'POST', '/customers', said)
    const { body } = await bank.request(bank.code('M1'), 'GET', `/customers/${made.body.id}/profile`)
    expect(body.occupation).toBe('教师')
    for (const field of ['name', 'occupation'])
      expect(sourceOf(body, field)).toMatchObject({ source: 'guanxi', setBy: { number: bank.code('T1') }, verifiedAt: null })
  })

  test('can be cleared again, field by field', async ({ bank }) => {
    await revise(bank, { deceasedOn: '2026-11-01', occupation: '教师', gender: 'female' })
    const { body } = await revise(bank, { clearFields: ['deceased_on', 'gender'] })
    expect(body).toMatchObject({ deceasedOn: null, gender: null, occupation: '教师' })
    expect(sourceOf(body, 'deceased_on')).toMatchObject({ source: 'guanxi', setBy: { number: bank.code('M1') } })
  })

  test.for([
    ['nothing', {}, [400, 'invalid_input', '/', 'required']],
    ['an unknown income', { incomeBand: 'rich' }, [400, 'invalid_input', '/incomeBand', 'invalid_value']],
    ['a size of a person', { companySize: 'small' }, [400, 'invalid_input', '/companySize', 'kind']],
    ['a situation of a person', { situations: ['export'] }, [400, 'invalid_input', '/situations', 'kind']],
    ['a founding day of a person', { foundedOn: '2020-01-01' }, [400, 'invalid_input', '/foundedOn', 'kind']],
    ['a death to come', { deceasedOn: '2026-11-23' }, [422, 'outside_period', '/deceasedOn', 'future']],
    ['an interest twice', { interests: ['茶', '茶'] }, [400, 'invalid_input', '/interests', 'duplicate']],
    ['NUL', { familyNotes: 'a\0' }, [400, 'invalid_input', '/familyNotes', 'nul_character']],
    ['a turned direction of writing', { occupation: 'a\u202eb' }, [400, 'invalid_input', '/occupation', 'bidi_control']],
    ['a cleared name', { clearFields: ['name'] }, [400, 'invalid_input', '/clearFields/0', 'invalid_value']],
    [
      'one field set and cleared',
      { occupation: '教师', clearFields: ['occupation'] },
      [400, 'invalid_input', '/clearFields', 'contradiction'],
    ],
    [
      'an unknown way of making sure',
      { occupation: '教师', verification: 'guess' },
      [400, 'invalid_input', '/verification', 'invalid_value'],
    ],
  ] as const)('that says %s is refused, naming the field and the rule', async ([, said, told], { bank }) => {
    expect(toldOf(await revise(bank, said))).toEqual(told)
  })

  test('of one who died before the birth date is refused', async ({ bank }) => {
    await feed(bank, { birthDate: '1990-01-01' })
    expect(toldOf(await revise(bank, { deceasedOn: '1989-12-31' })).slice(0, 3)).toEqual([400, 'invalid_input', '/deceasedOn'])
  })

  test('is for those only who may write dossiers and see the customer; twice under one key is once; of several editors one wins', async ({
    bank,
  }) => {
    const said = { occupation: '教师' }
    expect((await revise(bank, said, bank.code('T1'))).status).toBe(403)
    expect((await revise(bank, said, bank.code('R2'))).status).toBe(404)
    expect((await revise(bank, said, bank.code('M2'))).status).toBe(404)
    const url = `/customers/${await bank.customerId('1')}/profile`
    expect((await bank.request(bank.code('R2'), 'GET', url)).status).toBe(404)
    expect((await bank.request(bank.code('T1'), 'GET', url)).status).toBe(200)
    expect((await bank.request(bank.code('M1'), 'PATCH', url, said)).status).toBe(428)
    const { version } = await profileOf(bank)
    const keyed = () =>
      bank.request(bank.code('M1'), 'PATCH', url, said, { 'if-match': `"${version}"`, 'idempotency-key': 'one' })
    const [first, again] = [await keyed(), await keyed()]
    expect([first.status, again.body, again.headers['idempotency-replayed']]).toEqual([200, first.body, 'true'])
    const editors = await Promise.all(
      ['a', 'b', 'c'].map((occupation) =>
        bank.request(bank.code('M1'), 'PATCH', url, { occupation }, { 'if-match': `"${version + 1}"` }),
      ),
    )
    expect(editors.map(({ status }) => status).sort()).toEqual([200, 412, 412])
  })

  test('moves with the customer, with its sources and conflicts', async ({ bank, service }) => {
    await revise(bank, { occupation: '教师', verification: 'customer_asked' })
    await feed(bank, { occupation: '医生' })
    await feed(bank, { institutionCode: bank.code('B2') })
    expect(await profileOf(bank, '1', bank.code('M2'))).toMatchObject({
      occupation: '教师',
      conflicts: [{ valueSent: '医生' }],
    })
    for (const table of ['customer_profile', 'field_source', 'profile_conflict']) {
      const { rows } = await service.owner.query(
        `select distinct t.institution_path = c.institution_path as moved from ${table} t join customer c on c.id = t.customer_id where c.id = $1`,
        [await bank.customerId('1')],
      )
      expect(rows, table).toEqual([{ moved: true }])
    }
  })

  test('with a day of death lets nobody contact the customer, whose birthday comes up no more', async ({ bank }) => {
    const ask = async () =>
      (
        await bank.request(
          bank.code('M1'),
          'GET',
          `/customers/${await bank.customerId('1')}/contact-decision?channel=letter&purpose=service&messageClass=important`,
        )
      ).body.reasons.map(({ code }: any) => code)
    const upcoming = async () =>
      (await bank.request(bank.code('M1'), 'GET', '/upcoming-key-dates?includeTotal=true')).body.items.map(
        ({ customerId }: any) => customerId,
      )
    await feed(bank, { birthDate: '1950-12-01' })
    expect(await upcoming()).toEqual([await bank.customerId('1')])
    expect(await ask()).not.toContain('customer_deceased')
    await revise(bank, { deceasedOn: '2026-11-20' })
    expect(await ask()).toContain('customer_deceased')
    expect(await upcoming()).toEqual([])
  })
})

describe('what a person has made sure of', () => {
  test('is not overwritten by a feed, whose value is kept to be clarified while the rest of the row is applied', async ({
    bank,
    service,
  }) => {
    const begun = service.clock.now
    service.clock.now = new Date('2026-11-22T04:00:00Z')
    await revise(bank, { occupation: '教师', verification: 'document_seen' })
    const verified = sourceOf(await profileOf(bank), 'occupation')
    expect(verified).toMatchObject({
      verifiedAt: '2026-11-22T04:00:00.000Z',
      verifiedBy: { number: bank.code('M1') },
      verification: 'document_seen',
    })
    // One row held before somebody made sure, one afterwards.
    for (const asOf of ['2026-11-22T03:00:00Z', '2026-11-22T05:00:00Z']) {
      const { status } = await feed(bank, {
        occupation: '医生',
        preferredLanguage: asOf < '2026-11-22T04' ? 'en' : 'zh-CN',
        asOf,
      })
      expect(status).toBe(200)
    }
    const held = await profileOf(bank)
    expect(held).toMatchObject({
      occupation: '教师',
      preferredLanguage: 'zh-CN',
      conflicts: [
        {
          field: 'occupation',
          value: '教师',
          valueSent: '医生',
          source: 'core',
          asOf: '2026-11-22T03:00:00.000Z',
          policyVersion: 0,
          status: 'open',
          version: 1,
          decidedBy: null,
        },
      ],
    })
    expect(sourceOf(held, 'occupation')).toEqual(verified)
    service.clock.now = new Date('2026-11-22T06:00:00Z')
    expect((await feed(bank, { occupation: '律师' })).status).toBe(200)
    expect((await profileOf(bank)).conflicts).toMatchObject([{ valueSent: '律师', version: 2, status: 'open' }])
    // The feed comes round: there is nothing to clarify any more.
    await feed(bank, { occupation: '教师' })
    expect((await profileOf(bank)).conflicts).toEqual([])
    expect(sourceOf(await profileOf(bank), 'occupation').verifiedAt).toBe('2026-11-22T04:00:00.000Z')
    service.clock.now = begun
  })

  test('may be said of fields that feeds brought, and of empty ones', async ({ bank }) => {
    const url = `/customers/${await bank.customerId('1')}/profile/verification`
    const { version } = await profileOf(bank)
    const told = await bank.request(bank.code('R1'), 'POST', url, { fields: ['name', 'gender'], verification: 'document_seen' })
    expect(told).toMatchObject({ status: 200, body: { version: version + 1 } })
    expect(sourceOf(told.body, 'name')).toMatchObject({ source: 'core', setBy: null, verifiedBy: { number: bank.code('R1') } })
    await feed(bank, { name: '王方', gender: 'female', birthDate: '1990-01-01' })
    expect(await profileOf(bank)).toMatchObject({
      name: '王芳',
      gender: null,
      birthDate: '1990-01-01',
      conflicts: [
        { field: 'gender', value: null, valueSent: 'female' },
        { field: 'name', value: '王芳', valueSent: '王方' },
      ],
    })
    const stale = { 'if-match': `"${version}"` }
    const body = { fields: ['name'], verification: 'visit' }
    expect((await bank.request(bank.code('R1'), 'POST', url, body, stale)).status).toBe(412)
    expect(toldOf(await bank.request(bank.code('M1'), 'POST', url, { ...body, fields: ['company_size'] }))).toEqual([
      400,
      'invalid_input',
      '/fields',
      'kind',
    ])
    expect(toldOf(await bank.request({ client: 'core' }, 'POST', url, body))).toEqual([
      409,
      'conflict',
      '/verification',
      'person',
    ])
    expect(await journalOf(bank, await bank.customerId('1'))).toEqual(
      expect.arrayContaining([
        `profile.verified ${await bank.customerId('1')} name,gender`,
        `verifyProfileFields ${await bank.customerId('1')} name,gender`,
      ]),
    )
  })

  test('is anybody’s again once a person says otherwise without making sure', async ({ bank }) => {
    await revise(bank, { occupation: '教师', verification: 'visit' })
    const { body } = await revise(bank, { occupation: '医生' })
    expect(sourceOf(body, 'occupation')).toMatchObject({ verifiedAt: null, verification: null })
    await feed(bank, { occupation: '律师' })
    expect((await profileOf(bank)).occupation).toBe('律师')
  })

  test('stands beside what a person corrected and an older row of a feed does not undo', async ({ bank, service }) => {
    const begun = service.clock.now
    service.clock.now = new Date('2026-11-22T04:00:00Z')
    await revise(bank, { occupation: '教师' })
    await feed(bank, { occupation: '医生', country: 'SG', asOf: '2026-11-22T03:00:00Z' })
    service.clock.now = begun
    expect(await profileOf(bank)).toMatchObject({ occupation: '教师', country: 'SG', conflicts: [] })
  })
})

describe('a conflict', () => {
  const open = async (bank: TestBank) => {
    await revise(bank, { occupation: '教师', verification: 'visit' })
    await feed(bank, { occupation: '医生' })
    const [conflict] = await conflicts(bank, `?customerId=${await bank.customerId('1')}`)
    return { conflict, url: `/customers/${await bank.customerId('1')}/profile-conflicts/${conflict.id}` }
  }

  test('is accepted: the field is what the feed said, as of then, and the feed’s from then on', async ({ bank }) => {
    const { conflict, url } = await open(bank)
    const accepted = await bank.request(bank.code('R1'), 'POST', `${url}/acceptance`, {}, { 'if-match': '"1"' })
    expect(accepted).toMatchObject({
      status: 200,
      body: { status: 'accepted', value: '医生', decidedBy: { number: bank.code('R1') }, version: 2 },
    })
    const profile = await profileOf(bank)
    expect(sourceOf(profile, 'occupation')).toMatchObject({
      source: 'core',
      asOf: conflict.asOf,
      setBy: { number: bank.code('R1') },
      verifiedAt: null,
    })
    expect(toldOf(await bank.request(bank.code('M1'), 'POST', `${url}/dismissal`, {})).slice(0, 2)).toEqual([
      409,
      'already_closed',
    ])
    await feed(bank, { occupation: '律师' })
    expect((await profileOf(bank)).occupation).toBe('律师')
    expect(await journalOf(bank, conflict.id)).toEqual(
      expect.arrayContaining([`acceptProfileConflict ${await bank.customerId('1')} status`]),
    )
  })

  test('is dismissed and does not come up again until the feed says something else', async ({ bank }) => {
    const { url } = await open(bank)
    expect((await bank.request(bank.code('M1'), 'POST', `${url}/dismissal`, {}, { 'if-match': '"2"' })).status).toBe(412)
    expect((await bank.request(bank.code('M1'), 'POST', `${url}/dismissal`, {})).body.status).toBe('dismissed')
    const { rows: before } = await bank.service.owner.query('select version from customer where id = $1', [
      await bank.customerId('1'),
    ])
    for (let night = 0; night < 2; night++) await feed(bank, { occupation: '医生' })
    expect(await conflicts(bank)).toEqual([])
    const { rows: after } = await bank.service.owner.query('select version from customer where id = $1', [
      await bank.customerId('1'),
    ])
    expect(after).toEqual(before)
    await feed(bank, { occupation: '律师' })
    expect(await conflicts(bank)).toMatchObject([{ valueSent: '律师', status: 'open', decidedBy: null }])
  })

  test('of capital and of a birth date is accepted in the form in which it is stored', async ({ bank }) => {
    await withCompanies(bank)
    const capital = (amount: string) => ({ registeredCapital: amount, registeredCapitalCurrency: 'CNY' })
    await revise(bank, { ...capital('5'), verification: 'register_consulted' }, bank.code('M1'), 'C1')
    await feed(bank, capital('7.5'), 'C1')
    await revise(bank, { birthDate: '1990-01-01', verification: 'document_seen' })
    await feed(bank, { birthDate: '1991-01-01' })
    const found = await conflicts(bank)
    expect(found.map(({ value, valueSent }: any) => [value, valueSent]).sort()).toEqual([
      ['1990-01-01', '1991-01-01'],
      ['5.00 CNY', '7.50 CNY'],
    ])
    for (const { customerId, id } of found) {
      const url = `/customers/${customerId}/profile-conflicts/${id}/acceptance`
      expect((await bank.request(bank.code('M1'), 'POST', url, { verification: 'register_consulted' })).status).toBe(200)
    }
    expect((await profileOf(bank, 'C1')).registeredCapital).toEqual({ amount: '7.50', currency: 'CNY' })
    expect(await profileOf(bank)).toMatchObject({ birthDate: '1991-01-01', conflicts: [] })
    expect(sourceOf(await profileOf(bank), 'birth_date').verifiedAt).not.toBeNull()
  })

  test('lists those of customers in scope only, of a subtree or of a keeper', async ({ bank }) => {
    for (const customer of ['1', '2', '3']) {
      await revise(bank, { occupation: '教师', verification: 'visit' }, bank.code('M1'), customer)
      await feed(bank, { occupation: '医生' }, customer)
    }
    const seenBy = async (caller: string, query = '') =>
      (await conflicts(bank, query, bank.code(caller))).map(({ customerId }: any) => customerId).sort()
    const ids = [await bank.customerId('1'), await bank.customerId('2'), await bank.customerId('3')]
    expect(await seenBy('M1')).toEqual(ids.toSorted())
    expect(await seenBy('R1')).toEqual([ids[0]])
    expect(await seenBy('M2')).toEqual([])
    expect(await seenBy('M1', `?institutionId=${await bank.idOf('institution', 'O1')}`)).toEqual(ids.slice(0, 2).sort())
    expect(await seenBy('M1', `?relationshipManagerId=${await bank.staffId('R3')}`)).toEqual([ids[2]])
    expect(await seenBy('M1', '?field=name')).toEqual([])
    const page = await bank.request(bank.code('M1'), 'GET', '/profile-conflicts?limit=2&includeTotal=true')
    expect([page.body.items.length, page.body.total, page.body.nextCursor === null]).toEqual([2, 3, false])
    expect((await bank.request(bank.code('R2'), 'GET', `/profile-conflicts?customerId=${ids[0]}`)).status).toBe(404)
    const [{ id, customerId }] = await conflicts(bank, '', bank.code('R1'))
    for (const caller of ['R2', 'M2'])
      expect(
        (await bank.request(bank.code(caller), 'POST', `/customers/${customerId}/profile-conflicts/${id}/dismissal`, {})).status,
      ).toBe(404)
    expect(
      (await bank.request(bank.code('T1'), 'POST', `/customers/${customerId}/profile-conflicts/${id}/acceptance`, {})).status,
    ).toBe(403)
    const both = await Promise.all(
      ['acceptance', 'dismissal'].map((what) =>
        bank.request(bank.code('M1'), 'POST', `/customers/${customerId}/profile-conflicts/${id}/${what}`, {}),
      ),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  })
})

describe('the policy of a field', () => {
  test('lets people win unless the bank says otherwise, in versions that conflicts name', async ({ bank }) => {
    const url = '/profile-policies/customer_since'
    const listed = async () =>
      (await bank.request(bank.code('Q1'), 'GET', '/profile-policies')).body.policies.find(
        ({ field }: any) => field === 'customer_since',
      )
    expect(await listed()).toEqual({
      effectiveOn: null,
      setBy: null,
      field: 'customer_since',
      winner: 'person',
      version: 0,
      source: 'product_default',
      reason: null,
      setAt: null,
    })
    const set = (winner: string, version: number, caller: Caller = 'ADMIN') =>
      bank.request(caller, 'PUT', url, { winner, reason: '总行决定' }, { 'if-match': `"${version}"` })
    expect((await set('feed', 0, bank.code('A1'))).status).toBe(403)
    expect((await set('feed', 0, bank.code('M1'))).status).toBe(403)
    const together = await Promise.all([set('feed', 0), set('feed', 0)])
    expect(together.map(({ status }) => status).sort()).toEqual([200, 412])
    expect(await listed()).toMatchObject({ winner: 'feed', version: 1, source: 'bank', reason: '总行决定' })

    await revise(bank, { customerSince: '2019-01-01', verification: 'document_seen' })
    await feed(bank, { customerSince: '2018-01-01' })
    const won = await profileOf(bank)
    expect(won).toMatchObject({ customerSince: '2018-01-01', conflicts: [] })
    expect(sourceOf(won, 'customer_since')).toMatchObject({ source: 'core', setBy: null, verifiedAt: null })

    expect((await set('person', 1)).body).toMatchObject({ winner: 'person', version: 2 })
    await revise(bank, { customerSince: '2019-01-01', verification: 'document_seen' })
    await feed(bank, { customerSince: '2018-01-01' })
    expect((await profileOf(bank)).conflicts).toMatchObject([{ field: 'customer_since', policyVersion: 2 }])
  })
})
