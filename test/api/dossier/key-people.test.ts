import { describe, expect } from 'vitest'
import { test, type TestBank } from '../../setup/service.ts'
import { journalOf, toldOf, withCompanies } from './businesses.ts'
import { command } from '../dossiers.ts'

const write = (
  bank: TestBank,
  customerId: string,
  body: object,
  caller = bank.code('M1'),
  headers: Record<string, string> = {},
) => bank.request(caller, 'POST', `/customers/${customerId}/key-people`, body, headers)

const correct = (bank: TestBank, customerId: string, id: string, version: number, body: object, caller = bank.code('M1')) =>
  bank.request(caller, 'PATCH', `/customers/${customerId}/key-people/${id}`, body, { 'if-match': `"${version}"` })

describe('a key person', () => {
  test('is written down with all that is known, phone and e-mail masked and encrypted', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const made = await write(bank, ids['C1']!, {
      name: ' 陈  总 ',
      role: 'decision_maker',
      title: '总经理',
      phone: '137 1234 5678',
      email: 'Chen@Example.com',
      birthMonth: 2,
      birthDay: 29,
      career: '销售十年\n2015 年起任总经理',
      offices: ['商会副会长'],
      honours: ['优秀企业家'],
      interests: ['围棋', '登山'],
      counterpartStaffId: await bank.staffId('R1'),
      counterpartLevel: 'manager',
      personCustomerId: ids['P1'],
    })
    expect(made).toMatchObject({
      status: 201,
      headers: { etag: '"1"' },
      body: {
        name: '陈  总',
        role: 'decision_maker',
        contact: { phoneMasked: '137****5678', emailMasked: 'C***@example.com' },
        birthMonth: 2,
        birthDay: 29,
        birthYear: null,
        career: '销售十年\n2015 年起任总经理',
        offices: ['商会副会长'],
        interests: ['围棋', '登山'],
        counterpart: { number: bank.code('R1') },
        counterpartLevel: 'manager',
        person: { name: '客户P1' },
        status: 'active',
      },
    })
    const { rows } = await service.owner.query('select t::text as row, phone_encrypted from key_person t where id = $1', [
      made.body.id,
    ])
    expect(rows[0].row).not.toMatch(/13712345678|Chen@/i)
    expect(rows[0].phone_encrypted.includes(Buffer.from('13712345678'))).toBe(false)
    expect(service.logged.join('')).not.toMatch(/13712345678|Chen@Example/i)
    const { data, errors } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${ids['C1']}") { keyPeople { name contact { phoneMasked } counterpart { name } customer { name } } } }`,
    )
    expect(errors).toBeUndefined()
    expect(data.customer.keyPeople).toEqual([
      { name: '陈  总', contact: { phoneMasked: '137****5678' }, counterpart: { name: '职员R1' }, customer: { name: '客户C1' } },
    ])
    expect(await journalOf(bank, made.body.id)).toEqual([
      expect.stringMatching(`^createKeyPerson ${ids['C1']} name,role,title,`),
      expect.stringMatching(`^key_person.created ${ids['C1']} name,role,`),
    ])
  })

  test('takes no numbers of persons among titles, offices, honours and interests', async ({ bank }) => {
    const path = `/customers/${await bank.customerId('1')}/key-people`
    for (const [said, pointer] of [
      [{ title: '财务 13812345678' }, '/title'],
      [{ offices: ['商会 138-1234-5678'] }, '/offices/0'],
      [{ interests: ['+44 20 7946 0958'] }, '/interests/0'],
    ] as const)
      expect(await bank.request(bank.code('M1'), 'POST', path, { name: '要人', role: 'executive', ...said })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer, rule: 'personal_number' }] },
      })
  })

  test('shows how to reach them to those only who may see identities', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const { body } = await write(bank, ids['C1']!, { name: '陈', role: 'executive', phone: '13712345678' })
    const seen = await bank.request(bank.code('K1'), 'GET', `/customers/${ids['C1']}/key-people/${body.id}`)
    expect([seen.status, seen.body.name, seen.body.contact]).toEqual([200, '陈', null])
  })

  test.for([
    ['of an individual', 'P1', {}, [409, 'conflict', '/customerId', 'not_a_business']],
    ['of a company elsewhere', '4', {}, [404, 'not_found', undefined, undefined]],
    ['without a name', 'C1', { name: undefined }, [400, 'invalid_input', '/name', 'required']],
    ['in an unknown role', 'C1', { role: 'king' }, [400, 'invalid_input', '/role', 'invalid_value']],
    ['with a phone that is none', 'C1', { phone: '123' }, [400, 'invalid_input', '/phone', 'phone']],
    ['with an e-mail that is none', 'C1', { email: 'a@b' }, [400, 'invalid_input', '/email', 'email']],
    ['with half a birthday', 'C1', { birthMonth: 5 }, [400, 'invalid_input', '/birthDay', 'birthday']],
    ['with a birthday that no year has', 'C1', { birthMonth: 2, birthDay: 30 }, [400, 'invalid_input', '/birthDay', 'birthday']],
    ['born tomorrow', 'C1', { birthMonth: 11, birthDay: 23, birthYear: 2026 }, [422, 'outside_period', '/birthYear', 'future']],
    ['with an interest twice', 'C1', { interests: ['茶', '茶'] }, [400, 'invalid_input', '/interests', 'duplicate']],
    ['with NUL in an honour', 'C1', { honours: ['a\0'] }, [400, 'invalid_input', '/honours/0', 'nul_character']],
    [
      'kept by nobody',
      'C1',
      { counterpartStaffId: '0190a000-0000-7000-8000-000000000000' },
      [422, 'unknown_reference', '/counterpartStaffId', 'unknown_reference'],
    ],
    ['who is a company', 'C1', { personCustomerId: 'C2' }, [409, 'conflict', '/personCustomerId', 'not_a_person']],
    ['who is a customer elsewhere', 'C1', { personCustomerId: '4' }, [404, 'not_found', '/personCustomerId', 'not_found']],
  ] as const)('%s is refused, naming the field and the rule', async ([, under, said, told], { bank }) => {
    const ids = await withCompanies(bank)
    const person = 'personCustomerId' in said ? { personCustomerId: ids[said.personCustomerId] } : {}
    expect(toldOf(await write(bank, ids[under]!, { name: '陈', role: 'operator', ...said, ...person }))).toEqual(told)
  })

  test('is corrected with the version seen, keeps what is not said, and is ended but not lost', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const { body } = await write(bank, ids['C1']!, {
      name: '陈',
      role: 'executive',
      phone: '13712345678',
      birthMonth: 2,
      birthDay: 29,
    })
    const before = await service.owner.query('select phone_encrypted from key_person where id = $1', [body.id])
    expect((await correct(bank, ids['C1']!, body.id, 1, { title: '董事' })).body).toMatchObject({
      title: '董事',
      name: '陈',
      version: 2,
      contact: { phoneMasked: '137****5678' },
    })
    expect((await service.owner.query('select phone_encrypted from key_person where id = $1', [body.id])).rows).toEqual(
      before.rows,
    )
    expect(toldOf(await correct(bank, ids['C1']!, body.id, 1, { title: 'x' })).slice(0, 2)).toEqual([412, 'version_conflict'])
    // The year makes the 29th of February impossible.
    expect(toldOf(await correct(bank, ids['C1']!, body.id, 2, { birthYear: 2001 })).slice(1, 3)).toEqual([
      'invalid_input',
      '/birthDay',
    ])
    expect((await correct(bank, ids['C1']!, body.id, 2, { phone: '13912345678', birthYear: 2000 })).body).toMatchObject({
      contact: { phoneMasked: '139****5678' },
      birthYear: 2000,
    })
    const end = () => bank.request(bank.code('M1'), 'POST', `/customers/${ids['C1']}/key-people/${body.id}/end`, {})
    expect((await end()).body).toMatchObject({ status: 'ended', endedOn: '2026-11-22' })
    expect((await end()).body.code).toBe('already_closed')
    const list = await bank.request(bank.code('M1'), 'GET', `/customers/${ids['C1']}/key-people?status=ended`)
    expect(list.body.items).toMatchObject([{ name: '陈' }])
    const { data } = await bank.graphql(bank.code('M1'), `{ customer(customerId: "${ids['C1']}") { keyPeople { name } } }`)
    expect(data.customer.keyPeople).toEqual([])
  })

  test('has one record for all the companies they serve, corrected once for all', async ({ bank }) => {
    const ids = await withCompanies(bank)
    const { body } = await write(bank, ids['C1']!, { name: '陈', role: 'executive', personCustomerId: ids['P1'] })
    const second = await write(bank, ids['C2']!, { name: '陈', role: 'executive', personCustomerId: ids['P1'] })
    expect(toldOf(second)).toEqual([409, 'conflict', '/personCustomerId', 'duplicate_person'])
    const share = (under: string, said: object = {}) =>
      bank.request(bank.code('M1'), 'POST', `/customers/${ids[under]}/shared-key-people`, {
        keyPersonCustomerId: ids['C1'],
        keyPersonId: body.id,
        role: 'influencer',
        ...said,
      })
    const shared = await share('C2', { title: '顾问' })
    expect(shared).toMatchObject({
      status: 201,
      body: { role: 'influencer', title: '顾问', keyPerson: { name: '陈', role: 'executive' } },
    })
    expect(toldOf(await share('C2'))).toEqual([409, 'conflict', '/keyPersonId', 'duplicate'])
    expect(toldOf(await share('C1'))).toEqual([400, 'invalid_input', '/keyPersonCustomerId', 'self'])
    expect(toldOf(await share('P2'))).toEqual([409, 'conflict', '/customerId', 'not_a_business'])
    expect(toldOf(await share('S1', { keyPersonId: shared.body.id }))).toEqual([404, 'not_found', '/keyPersonId', 'not_found'])
    await correct(bank, ids['C1']!, body.id, 1, { name: '陈大文' })
    const { data } = await bank.graphql(
      bank.code('M1'),
      `{ customer(customerId: "${ids['C2']}") { sharedKeyPeople { title keyPerson { name customer { name } person { name } } } } }`,
    )
    expect(data.customer.sharedKeyPeople).toEqual([
      { title: '顾问', keyPerson: { name: '陈大文', customer: { name: '客户C1' }, person: { name: '客户P1' } } },
    ])
    const url = `/customers/${ids['C2']}/shared-key-people/${shared.body.id}`
    expect((await bank.request(bank.code('M1'), 'PATCH', url, { role: 'operator' }, { 'if-match': '"1"' })).body).toMatchObject({
      role: 'operator',
      version: 2,
    })
    expect((await bank.request(bank.code('M1'), 'POST', `${url}/end`, {})).body).toMatchObject({
      status: 'ended',
      keyPerson: { status: 'active' },
    })
    expect((await share('C2')).status).toBe(201)
  })

  test('whose record stands out of scope is shown as a role without the record', async ({ bank }) => {
    const ids = await withCompanies(bank)
    await bank.feed('customers', [
      { externalId: bank.code('C9'), kind: 'company', name: '外地公司', institutionCode: bank.code('B2') },
    ])
    const elsewhere = await bank.customerId('C9')
    const { id } = await command(bank, 'POST', `/customers/${elsewhere}/key-people`, { name: '机密', role: 'executive' })
    const shared = await command(bank, 'POST', `/customers/${ids['C1']}/shared-key-people`, {
      keyPersonCustomerId: elsewhere,
      keyPersonId: id,
      role: 'operator',
    })
    const seen = await bank.request(bank.code('M1'), 'GET', `/customers/${ids['C1']}/shared-key-people/${shared.id}`)
    expect(seen.body).toMatchObject({ role: 'operator', keyPerson: null })
    expect(JSON.stringify(seen.body)).not.toContain('机密')
    const other = await bank.request(bank.code('M1'), 'POST', `/customers/${ids['C2']}/shared-key-people`, {
      keyPersonCustomerId: elsewhere,
      keyPersonId: id,
      role: 'operator',
    })
    expect(toldOf(other)).toEqual([404, 'not_found', '/keyPersonCustomerId', 'not_found'])
  })

  test('is for those only who may write dossiers and see the company; twice under one key is once', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const body = { name: '陈', role: 'operator' }
    expect((await write(bank, ids['C1']!, body, bank.code('T1'))).status).toBe(403)
    expect((await write(bank, ids['C1']!, body, bank.code('M2'))).status).toBe(404)
    expect((await write(bank, ids['C1']!, body, bank.code('R1'))).status).toBe(404)
    const keyed = () => write(bank, ids['C1']!, body, bank.code('M1'), { 'idempotency-key': 'one' })
    const [first, again] = [await keyed(), await keyed()]
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([first.body, 'true'])
    const together = await Promise.all(
      Array.from({ length: 4 }, () => write(bank, ids['C1']!, { ...body, personCustomerId: ids['P1'] })),
    )
    expect(together.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
    const editors = await Promise.all(['甲', '乙', '丙'].map((name) => correct(bank, ids['C1']!, first.body.id, 1, { name })))
    expect(editors.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    const { rows } = await service.owner.query('select count(*)::int as n from key_person where customer_id = $1', [ids['C1']])
    expect(rows[0].n).toBe(2)
  })

  test('moves with the company', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const { body } = await write(bank, ids['C1']!, { name: '陈', role: 'operator' })
    await bank.feed('customers', [
      { externalId: bank.code('C1'), kind: 'company', name: '客户C1', institutionCode: bank.code('B2') },
    ])
    expect((await bank.request(bank.code('M1'), 'GET', `/customers/${ids['C1']}/key-people/${body.id}`)).status).toBe(404)
    expect((await bank.request(bank.code('M2'), 'GET', `/customers/${ids['C1']}/key-people/${body.id}`)).status).toBe(200)
    const { rows } = await service.owner.query('select version from key_person where id = $1', [body.id])
    expect(rows[0].version).toBe(1)
  })
})

describe('phone and e-mail of a key person', () => {
  test('are in the log of looks at the company however they are reached, and not where they are not asked for', async ({
    bank,
    service,
  }) => {
    const ids = await withCompanies(bank)
    const manager = bank.code('M1')
    const { body } = await write(bank, ids['C1']!, { name: '陈总', role: 'executive', phone: '13712345678' })
    await command(bank, 'POST', `/customers/${ids['C2']}/shared-key-people`, {
      keyPersonCustomerId: ids['C1'],
      keyPersonId: body.id,
      role: 'influencer',
    })
    const looks = async (work: () => Promise<unknown>) => {
      const count = `select customer_id, operation, changed from audit_entry where details ->> 'access' = 'read' and customer_id = any ($1) order by at, id`
      const before = (await service.owner.query(count, [Object.values(ids)])).rows.length
      await work()
      return (await service.owner.query(count, [Object.values(ids)])).rows.slice(before)
    }
    const entry = (operation: string) => [{ customer_id: ids['C1'], operation, changed: ['keyPersonContact'] }]
    const query = (document: string, caller = manager) => looks(() => bank.graphql(caller, document))
    const contact = 'contact { phoneMasked }'
    expect(await looks(() => bank.request(manager, 'GET', `/customers/${ids['C1']}/key-people/${body.id}`))).toEqual(
      entry('keyPerson'),
    )
    expect(await query(`{ keyPeople(customerId: "${ids['C1']}") { nodes { name ${contact} } } }`)).toEqual(entry('keyPeople'))
    expect(await query(`{ customer(customerId: "${ids['C1']}") { keyPeople { ${contact} } } }`)).toEqual(entry('customer'))
    expect(await query(`{ sharedKeyPeople(customerId: "${ids['C2']}") { nodes { keyPerson { ${contact} } } } }`)).toEqual(
      entry('sharedKeyPeople'),
    )
    expect(await query(`{ keyPeople(customerId: "${ids['C1']}") { nodes { name title } } }`)).toEqual([])
    expect(await looks(() => bank.request(manager, 'GET', `/customers/${ids['C1']}/key-people`))).toEqual([])
    // The quality inspector may not see them: nothing was shown.
    expect(await query(`{ keyPeople(customerId: "${ids['C1']}") { nodes { ${contact} } } }`, bank.code('Q1'))).toEqual([])
  })

  test('are shown in clear for a purpose, each with an entry, and to nobody out of reach', async ({ bank, service }) => {
    const ids = await withCompanies(bank)
    const { body } = await write(bank, ids['C1']!, {
      name: '陈总',
      role: 'executive',
      phone: '13712345678',
      email: 'chen@example.com',
    })
    const reveal = (field: string, caller = bank.code('M1'), id = body.id) =>
      bank.request(caller, 'POST', `/customers/${ids['C1']}/reveals`, {
        field,
        id,
        purpose: 'contact',
        reason: 'returning a call',
      })
    expect((await reveal('key_person_phone')).body).toMatchObject({ field: 'key_person_phone', value: '+8613712345678' })
    expect((await reveal('key_person_email')).body).toMatchObject({ id: body.id, value: 'chen@example.com' })
    const { rows } = await service.owner.query(
      `select changed, subject_type, subject_id, details ->> 'outcome' as outcome from audit_entry where operation = 'revealCustomerField' and customer_id = $1 order by at, id`,
      [ids['C1']],
    )
    expect(rows).toEqual(
      ['key_person_phone', 'key_person_email'].map((field) => ({
        changed: [field],
        subject_type: 'key_person',
        subject_id: body.id,
        outcome: 'shown',
      })),
    )
    expect((await reveal('key_person_phone', bank.code('M2'))).status).toBe(404)
    expect((await reveal('key_person_phone', bank.code('Q1'))).status).toBe(403)
    expect((await reveal('key_person_phone', bank.code('M1'), crypto.randomUUID())).status).toBe(404)
    const quiet = (await write(bank, ids['C1']!, { name: '李总', role: 'operator' })).body
    expect((await reveal('key_person_phone', bank.code('M1'), quiet.id)).status).toBe(404)
  })
})
