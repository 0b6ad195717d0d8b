import { describe, expect } from 'vitest'
import { residentIdCheckDigit } from '../../../src/core/kernel/identity-numbers.ts'
import { headOffice, startService, test, TestBank } from '../../setup/service.ts'

const resident = (first17: string): string => `${first17}${residentIdCheckDigit(first17)}`
const female1990 = resident('11010119900307002')
const male1985 = resident('11010119850601001')

async function setUp(bank: TestBank) {
  const customerId = await bank.customerId('1')
  const path = `/customers/${customerId}`
  const manager = bank.code('M1')
  return {
    customerId,
    path,
    manager,
    post: (part: string, body: object, headers: Record<string, string> = {}, caller: string | { client: string } = manager) =>
      bank.request(caller, 'POST', `${path}/${part}`, body, headers),
    patch: (part: string, body: object, version: number) =>
      bank.request(manager, 'PATCH', `${path}/${part}`, body, { 'if-match': `"${version}"` }),
    finds: async (search: object) => (await bank.request(manager, 'POST', '/customers/search', search)).body.items.length,
    dossier: async () => (await bank.request(manager, 'GET', path)).body,
    entries: async (operation: string) =>
      (
        await bank.service.owner.query(
          `select e.*, (select array_agg(o.type) from outbox_event o where o.customer_id = e.customer_id and o.subject_id = e.subject_id) as events
           from audit_entry e where e.customer_id = $1 and e.operation = $2 order by at, id`,
          [customerId, operation],
        )
      ).rows,
  }
}

describe('an identity document', () => {
  test('says what it is kept for and since when it is known to be the customer’s', async ({ bank }) => {
    const { customerId, path, manager, post, patch, entries } = await setUp(bank)
    const passed = await post('identity-documents', { type: 'resident_id', number: female1990, purpose: 'account_opening' })
    expect(passed.body).toMatchObject({ purpose: 'account_opening', verified: true, verifiedAt: '2026-11-22T02:00:00.000Z' })
    const machine = await post('identity-documents', { type: 'passport', number: 'E12345678' }, {}, { client: 'core' })
    expect(machine.body).toMatchObject({ purpose: null, verified: false, verifiedAt: null })
    const changed = await patch(`identity-documents/${machine.body.id}`, { purpose: 'tax' }, 1)
    expect(changed.body).toMatchObject({ purpose: 'tax', verifiedAt: null, version: 2 })

    const verify = (id: string, headers = {}) => post(`identity-documents/${id}/verification`, {}, headers)
    expect((await verify(machine.body.id, { 'if-match': '"1"' })).status).toBe(412)
    expect((await verify(machine.body.id)).body).toMatchObject({ verifiedAt: '2026-11-22T02:00:00.000Z', version: 3 })
    expect(await entries('verifyIdentityDocument')).toMatchObject([
      { subject_id: machine.body.id, changed: ['verifiedAt'], events: expect.arrayContaining(['identity_document.verified']) },
    ])
    const renumbered = await patch(`identity-documents/${machine.body.id}`, { number: 'E87654321' }, 3)
    expect(renumbered.body, 'another number has yet to be seen').toMatchObject({ purpose: 'tax', verifiedAt: null })
    const { data } = await bank.graphql(
      manager,
      'mutation ($input: VerifyIdentityDocumentInput!) { verifyIdentityDocument(input: $input) { purpose verifiedAt } }',
      { input: { customerId, identityDocumentId: machine.body.id } },
    )
    expect(data.verifyIdentityDocument).toEqual({ purpose: 'tax', verifiedAt: '2026-11-22T02:00:00.000Z' })

    // The profile comes to disagree: what was seen to agree is no longer known to.
    await bank.feed('customers', [
      { externalId: bank.code('1'), kind: 'individual', name: '王芳', institutionCode: bank.code('O1'), gender: 'male' },
    ])
    const documents = (await bank.request(manager, 'GET', path)).body.identityDocuments
    expect(documents.find(({ type }: any) => type === 'resident_id')).toMatchObject({
      unverifiedReason: 'gender_conflict',
      verifiedAt: null,
    })
    expect((await verify(passed.body.id)).body).toMatchObject({ code: 'conflict', errors: [{ rule: 'gender_conflict' }] })
    expect((await verify(crypto.randomUUID())).status).toBe(404)
    expect(
      (await bank.request(bank.code('T1'), 'POST', `${path}/identity-documents/${machine.body.id}/verification`, {})).status,
    ).toBe(403)
  })
})

describe('identity documents', () => {
  test('of one type may be several, each found by its number, over REST and GraphQL alike', async ({ bank }) => {
    const { customerId, post, finds, dossier, manager, entries } = await setUp(bank)
    const first = await post('identity-documents', {
      type: 'passport',
      country: 'CN',
      number: 'e 1234 5678',
      validUntil: '2030-01-01',
    })
    expect(first).toMatchObject({
      status: 201,
      body: { type: 'passport', numberMasked: 'E******78', validUntil: '2030-01-01', version: 1, source: 'guanxi' },
    })
    const { data } = await bank.graphql(
      manager,
      'mutation ($input: AddIdentityDocumentInput!) { addIdentityDocument(input: $input) { id numberMasked customerId } }',
      { input: { customerId, type: 'passport', country: 'DE', number: 'C01X00T47' } },
    )
    expect(data.addIdentityDocument).toMatchObject({ customerId, numberMasked: expect.stringContaining('*') })
    expect((await dossier()).identityDocuments).toHaveLength(2)
    for (const [documentNumber, documentCountry] of [
      ['E12345678', 'CN'],
      ['C01X00T47', 'DE'],
    ])
      expect(await finds({ documentNumber, documentType: 'passport', documentCountry })).toBe(1)
    const logged = await entries('addIdentityDocument')
    expect(logged).toHaveLength(2)
    expect(logged[0]).toMatchObject({
      changed: ['type', 'country', 'validUntil', 'number'],
      events: ['identity_document.created'],
    })
    expect(JSON.stringify(logged)).not.toMatch(/E12345678|C01X00T47/)
  })

  test('stand beside what a feed sends, which still upserts its own', async ({ bank }) => {
    const { post, dossier } = await setUp(bank)
    await post('identity-documents', { type: 'passport', country: 'FR', number: '12AB34567' })
    const row = {
      externalId: bank.code('1'),
      kind: 'individual',
      name: '王芳',
      institutionCode: bank.code('O1'),
      phone: '13912345678',
    }
    const passport = { documentType: 'passport', documentCountry: 'CN' }
    await post('contact-points', { kind: 'phone', purpose: 'primary', value: '13812345678' })
    for (const documentNumber of ['E11111111', 'E22222222', 'E22222222'])
      await bank.feed('customers', [{ ...row, ...passport, documentNumber }])
    const { identityDocuments, contactPoints } = await dossier()
    expect(identityDocuments.map(({ source, numberMasked }: any) => [source, numberMasked]).sort()).toEqual([
      ['core', 'E******22'],
      ['guanxi', '1******67'],
    ])
    expect(contactPoints.map(({ source, purpose, valueMasked }: any) => [source, purpose, valueMasked]).sort()).toEqual([
      ['core', 'primary', '139****5678'],
      ['guanxi', 'primary', '138****5678'],
    ])
  })

  test('of a person that fail their checks or disagree with the profile are refused with both values masked', async ({
    bank,
  }) => {
    const { post, path, manager, dossier } = await setUp(bank)
    const born = { birthDate: '1985-06-01', gender: 'male' }
    await bank.request(manager, 'PATCH', path, born, { 'if-match': `"${(await dossier()).version}"` })
    const add = (number: string) => post('identity-documents', { type: 'resident_id', number })
    const wrong = await add(female1990)
    expect(wrong).toMatchObject({
      status: 422,
      body: { code: 'identity_mismatch', errors: [{ pointer: '/number', rule: 'birth_date_conflict' }] },
    })
    expect(wrong.body.detail).toMatch(/1985-\*\*-\*\*.*1990-\*\*-\*\*.*110\*{11}/)
    expect(JSON.stringify(wrong.body)).not.toMatch(/19900307|1985-06-01/)
    expect(await add(`${female1990.slice(0, 17)}${female1990.endsWith('0') ? '1' : '0'}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ pointer: '/number', rule: 'check_digit' }] },
    })
    expect(await add('11\u000010')).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/number', rule: 'nul_character' }] },
    })
    expect(await add(male1985)).toMatchObject({ status: 201, body: { verified: true } })
    // Nor may the profile move away from a document that was added by itself.
    const moved = await bank.request(
      manager,
      'PATCH',
      path,
      { birthDate: '1990-03-07' },
      { 'if-match': `"${(await dossier()).version}"` },
    )
    expect(moved).toMatchObject({ status: 422, body: { code: 'identity_mismatch', errors: [{ pointer: '/birthDate' }] } })
  })

  test('of a machine are kept, marked unverified and listed for clarification until they are mended', async ({ bank }) => {
    const { customerId, post, patch, manager } = await setUp(bank)
    const wrong = `${male1985.slice(0, 17)}${male1985.endsWith('0') ? '1' : '0'}`
    const { body: document } = await post('identity-documents', { type: 'resident_id', number: wrong }, {}, { client: 'core' })
    expect(document).toMatchObject({ verified: false, unverifiedReason: 'check_digit' })
    const listed = async (caller: string, query = '') =>
      (await bank.request(caller, 'GET', `/documents-to-review${query}`)).body.items
    expect(await listed(manager)).toMatchObject([
      { id: document.id, customerId, unverifiedReason: 'check_digit', numberMasked: expect.stringContaining('*') },
    ])
    expect(await listed(manager, '?reason=gender_conflict')).toEqual([])
    expect(
      [await listed(bank.code('R1')), await listed(bank.code('R2')), await listed(bank.code('M2'))].map((list) => list.length),
    ).toEqual([1, 0, 0])
    expect((await bank.request(bank.code('Q1'), 'GET', '/documents-to-review')).status).toBe(403)
    const { data } = await bank.graphql(
      manager,
      '{ documentsToReview(filter: { reason: check_digit }) { totalCount nodes { customer { name } } } }',
    )
    expect(data.documentsToReview).toEqual({ totalCount: 1, nodes: [{ customer: { name: '王芳' } }] })
    expect(await patch(`identity-documents/${document.id}`, { number: male1985 }, 1)).toMatchObject({
      status: 200,
      body: { verified: true, unverifiedReason: null, version: 2 },
    })
    expect(await listed(manager)).toEqual([])
  })

  test('are corrected in the version that was seen, and by a person the feed does not overwrite them', async ({ bank }) => {
    const { customerId, patch, dossier, finds } = await setUp(bank)
    const row = {
      externalId: bank.code('1'),
      kind: 'individual',
      name: '王芳',
      institutionCode: bank.code('O1'),
      documentType: 'passport',
      documentCountry: 'CN',
    }
    await bank.feed('customers', [{ ...row, documentNumber: 'E11111111' }])
    const [{ id }] = (await dossier()).identityDocuments
    expect((await patch(`identity-documents/${id}`, { number: 'E99999999' }, 7)).status).toBe(412)
    expect(
      (await bank.request(bank.code('M1'), 'PATCH', `/customers/${customerId}/identity-documents/${id}`, { number: 'E99999999' }))
        .status,
    ).toBe(428)
    expect((await patch(`identity-documents/${id}`, { number: 'E99999999' }, 1)).body).toMatchObject({
      source: 'guanxi',
      version: 2,
    })
    const search = (documentNumber: string) => finds({ documentNumber, documentType: 'passport' })
    expect([await search('E11111111'), await search('E99999999')]).toEqual([0, 1])
    await bank.feed('customers', [{ ...row, documentNumber: 'E11111111' }])
    expect((await dossier()).identityDocuments.map(({ source, numberMasked }: any) => [source, numberMasked]).sort()).toEqual([
      ['core', 'E******11'],
      ['guanxi', 'E******99'],
    ])
    expect((await patch(`identity-documents/${id}`, { validUntil: '2031-01-01' }, 2)).body).toMatchObject({
      validUntil: '2031-01-01',
      version: 3,
    })
    const same = await patch(`identity-documents/${id}`, { number: 'E11111111' }, 3)
    expect(same).toMatchObject({ status: 409, body: { code: 'already_exists', errors: [{ pointer: '/number' }] } })
  })

  test('that are removed are gone with their blind index, once', async ({ bank }) => {
    const { customerId, post, dossier, finds, entries } = await setUp(bank)
    const { body } = await post('identity-documents', { type: 'passport', country: 'CN', number: 'E12345678' })
    expect((await post(`identity-documents/${body.id}/removal`, {}, { 'if-match': '"9"' })).status).toBe(412)
    const removed = await post(`identity-documents/${body.id}/removal`, {}, { 'idempotency-key': 'r-1' })
    expect(removed).toMatchObject({ status: 200, body: { id: body.id, numberMasked: 'E******78' } })
    expect(
      (await post(`identity-documents/${body.id}/removal`, {}, { 'idempotency-key': 'r-1' })).headers['idempotency-replayed'],
    ).toBe('true')
    expect((await post(`identity-documents/${body.id}/removal`, {})).status).toBe(404)
    expect((await dossier()).identityDocuments).toEqual([])
    expect(await finds({ documentNumber: 'E12345678', documentType: 'passport' })).toBe(0)
    expect((await bank.service.owner.query('select from blind_index where customer_id = $1', [customerId])).rowCount).toBe(0)
    expect(await entries('removeIdentityDocument')).toMatchObject([
      { events: expect.arrayContaining(['identity_document.removed']) },
    ])
  })

  test('are there once of two added at once, and once under one idempotency key', async ({ bank }) => {
    const { post, dossier } = await setUp(bank)
    const document = { type: 'passport', country: 'CN', number: 'E12345678' }
    const both = await Promise.all([post('identity-documents', document), post('identity-documents', document)])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    const other = { ...document, number: 'E87654321' }
    const [once, again] = [
      await post('identity-documents', other, { 'idempotency-key': 'k' }),
      await post('identity-documents', other, { 'idempotency-key': 'k' }),
    ]
    expect(again.body).toEqual(once.body)
    expect((await dossier()).identityDocuments).toHaveLength(2)
  })

  test('are for those who may write, and out of reach as if there were none', async ({ bank }) => {
    const { post } = await setUp(bank)
    const document = { type: 'passport', country: 'CN', number: 'E12345678' }
    for (const [caller, status] of [
      ['T1', 403],
      ['M2', 404],
      ['R2', 404],
      ['R1', 201],
    ] as const)
      expect((await post('identity-documents', document, {}, bank.code(caller))).status, caller).toBe(status)
  })

  test('of somebody merged or erased are not touched', async ({ bank }) => {
    const { customerId, post } = await setUp(bank)
    await bank.service.owner.query(`update customer set status = 'erased' where id = $1`, [customerId])
    expect(await post('identity-documents', { type: 'passport', number: 'E12345678' })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    })
  })
})

describe('contact points', () => {
  test('of one kind and purpose may be several, each found, verified and removed by itself', async ({ bank }) => {
    const { customerId, post, patch, finds, dossier, entries } = await setUp(bank)
    const phone = (value: string) => post('contact-points', { kind: 'phone', purpose: 'primary', value })
    const [first, second] = [await phone('138 1234 5678'), await phone('+852 5123 4567')]
    expect([first, second]).toMatchObject([
      { status: 201, body: { valueMasked: '138****5678', verifiedAt: null } },
      { status: 201, body: { valueMasked: expect.stringMatching(/^\+852\*+4567$/) } },
    ])
    expect([await finds({ phone: '13812345678' }), await finds({ phone: '+85251234567' })]).toEqual([1, 1])
    expect(await phone('13812345678')).toMatchObject({
      status: 409,
      body: { code: 'already_exists', errors: [{ pointer: '/value' }] },
    })
    expect((await post('contact-points', { kind: 'phone', purpose: 'work', value: '13812345678' })).status).toBe(201)
    const verified = await post(`contact-points/${first.body.id}/verification`, {})
    expect(verified.body).toMatchObject({ verifiedAt: '2026-11-22T02:00:00.000Z', version: 2 })
    expect(await entries('verifyContactPoint')).toMatchObject([
      { changed: ['verifiedAt'], events: expect.arrayContaining(['contact_point.verified']) },
    ])
    // What it is for may change without proving it again; what it is may not.
    const purpose = await patch(`contact-points/${first.body.id}`, { purpose: 'home' }, 2)
    expect(purpose.body).toMatchObject({ purpose: 'home', verifiedAt: '2026-11-22T02:00:00.000Z', version: 3 })
    const value = await patch(`contact-points/${first.body.id}`, { value: '13900001111' }, 3)
    expect(value.body).toMatchObject({ valueMasked: '139****1111', verifiedAt: null, version: 4 })
    expect(await finds({ phone: '13900001111' })).toBe(1)
    expect((await post(`contact-points/${second.body.id}/removal`, {})).status).toBe(200)
    expect(await finds({ phone: '+85251234567' })).toBe(0)
    expect((await dossier()).contactPoints).toHaveLength(2)
    const { data } = await bank.graphql(
      bank.code('R1'),
      'mutation ($input: AddContactPointInput!) { addContactPoint(input: $input) { kind valueMasked customer { name } } }',
      { input: { customerId, kind: 'email', purpose: 'work', value: 'Li@Example.com' } },
    )
    expect(data.addContactPoint).toEqual({ kind: 'email', valueMasked: 'L***@example.com', customer: { name: '王芳' } })
  })

  test('that a person has verified are overwritten by no feed: what it sends stands beside them until it comes round', async ({
    bank,
  }) => {
    const { post, dossier, finds, manager, path } = await setUp(bank)
    const send = (phone: string, documentNumber: string) =>
      bank.feed('customers', [
        {
          externalId: bank.code('1'),
          kind: 'individual',
          name: '王芳',
          institutionCode: bank.code('O1'),
          phone,
          documentType: 'passport',
          documentNumber,
        },
      ])
    const stored = async () => {
      const { contactPoints, identityDocuments } = await dossier()
      return [
        contactPoints.map(({ valueMasked, verifiedAt }: any) => `${valueMasked} ${verifiedAt !== null}`).sort(),
        identityDocuments.map(({ numberMasked, verifiedAt }: any) => `${numberMasked.slice(-2)} ${verifiedAt !== null}`).sort(),
      ]
    }
    await send('13500000001', 'E00000001')
    const { contactPoints, identityDocuments } = await dossier()
    expect((await post(`contact-points/${contactPoints[0].id}/verification`, {})).status).toBe(200)
    const seen = await post(`identity-documents/${identityDocuments[0].id}/verification`, {})
    expect(seen.status, JSON.stringify(seen.body)).toBe(200)
    await send('13500000002', 'E00000002')
    await send('13500000003', 'E00000003')
    const { version } = await dossier()
    await send('13500000003', 'E00000003')
    expect((await dossier()).version).toBe(version)
    expect(await stored()).toEqual([
      ['135****0001 true', '135****0003 false'],
      ['01 true', '03 false'],
    ])
    for (const [phone, found] of [
      ['13500000001', 1],
      ['13500000002', 0],
      ['13500000003', 1],
    ] as const)
      expect(await finds({ phone }), phone).toBe(found)
    const differing = async (query: string) =>
      (await bank.request(manager, 'GET', `/documents-to-review${query}`)).body.items.map((one: any) => one.numberMasked)
    expect([await differing(''), await differing('?conflicting=true'), await differing('?conflicting=false')]).toEqual([
      ['E******03'],
      ['E******03'],
      [],
    ])
    // What somebody has made sure of as well stays; the source then says something else beside both.
    const beside = (await dossier()).contactPoints.find(({ verifiedAt }: any) => verifiedAt === null)
    expect((await post(`contact-points/${beside.id}/verification`, {})).status).toBe(200)
    await send('13500000004', 'E00000001')
    expect(await stored()).toEqual([['135****0001 true', '135****0003 true', '135****0004 false'], ['01 true']])
    await send('13500000001', 'E00000001')
    expect(await stored()).toEqual([['135****0001 true', '135****0003 true'], ['01 true']])
    expect([
      await finds({ phone: '13500000004' }),
      await finds({ documentNumber: 'E00000003', documentType: 'passport' }),
    ]).toEqual([0, 0])
    await send('13500000001', 'E00000004')
    const other = (await dossier()).identityDocuments.find(({ conflicting }: any) => conflicting)
    expect((await post(`identity-documents/${other.id}/dismissal`, {})).body).toMatchObject({ numberMasked: 'E******04' })
    await send('13500000001', 'E00000004')
    expect([(await stored())[1], await differing('')]).toEqual([['01 true'], []])
    expect(await finds({ documentNumber: 'E00000004', documentType: 'passport' })).toBe(0)
    // A person's correction of the whole record is a person's word.
    const whole = await bank.request(
      manager,
      'PATCH',
      path,
      { phone: '13500000009' },
      { 'if-match': `"${(await dossier()).version}"` },
    )
    expect(whole.status, JSON.stringify(whole.body)).toBe(200)
  })

  test('that feeds say otherwise than somebody has verified are listed until they are settled, and what is dismissed does not come up again', async ({
    bank,
  }) => {
    const { customerId, post, dossier, finds, manager, entries } = await setUp(bank)
    const row = { externalId: bank.code('1'), kind: 'individual', name: '王芳', institutionCode: bank.code('O1') }
    const send = (email: string, source = 'core') => bank.feed('customers', [{ ...row, source, email }])
    const listed = async (caller = manager, query = '') => {
      const { status, body } = await bank.request(caller, 'GET', `/contact-points-to-review${query}`)
      return status === 200 ? body.items.map(({ valueMasked }: any) => valueMasked) : status
    }
    const emails = async () =>
      (await dossier()).contactPoints.map(({ valueMasked, conflicting }: any) => `${valueMasked} ${conflicting}`).sort()
    // A person's own entry is a value as well that feeds may contradict.
    const { body: own } = await post('contact-points', { kind: 'email', purpose: 'primary', value: 'own@a.example' })
    await send('bank@b.example')
    expect([await emails(), await listed()]).toEqual([['b***@b.example false', 'o***@a.example false'], []])
    expect(await post(`contact-points/${own.id}/dismissal`, {})).toMatchObject({ status: 409, body: { code: 'conflict' } })
    await post(`contact-points/${own.id}/verification`, {})
    expect([await emails(), await listed()]).toEqual([['b***@b.example true', 'o***@a.example false'], ['b***@b.example']])
    expect([await listed(bank.code('R1')), await listed(bank.code('R2')), await listed(bank.code('M2'))]).toEqual([
      ['b***@b.example'],
      [],
      [],
    ])
    expect([await listed(bank.code('Q1')), await listed(manager, '?kind=phone')]).toEqual([403, []])
    const { data } = await bank.graphql(
      manager,
      '{ contactPointsToReview(kind: email) { totalCount nodes { id version conflicting customer { name } } } }',
    )
    const [{ id, version }] = data.contactPointsToReview.nodes
    expect(data.contactPointsToReview).toMatchObject({
      totalCount: 1,
      nodes: [{ conflicting: true, customer: { name: '王芳' } }],
    })

    expect((await post(`contact-points/${id}/dismissal`, {}, { 'if-match': `"${version + 1}"` })).status).toBe(412)
    const dismissed = await bank.graphql(
      manager,
      'mutation ($input: DismissContactPointInput!) { dismissContactPoint(input: $input) { valueMasked } }',
      { input: { customerId, contactPointId: id, expectedVersion: version } },
    )
    expect(dismissed.data).toEqual({ dismissContactPoint: { valueMasked: 'b***@b.example' } })
    expect(await entries('dismissContactPoint')).toMatchObject([
      { subject_id: id, events: expect.arrayContaining(['contact_point.dismissed']) },
    ])
    await send('bank@b.example')
    expect([await emails(), await listed(), await finds({ email: 'bank@b.example' })]).toEqual([['o***@a.example false'], [], 0])
    // Another value of that source is news.
    await send('core@c.example')
    expect(await listed()).toEqual(['c***@c.example'])
    await send('bank@b.example')
    expect([await emails(), await listed()]).toEqual([['o***@a.example false'], []])
    await send('core@c.example')
    const [again] = (await bank.request(manager, 'GET', '/contact-points-to-review')).body.items
    expect((await post(`contact-points/${again.id}/verification`, {})).body).toMatchObject({ conflicting: false })
    expect(await listed()).toEqual([])
    await send('core@c.example')
    expect(await emails()).toEqual(['c***@c.example false', 'o***@a.example false'])
    // What was verified once and is corrected contradicts nobody until it is verified again.
    await send('bank@d.example')
    expect(await listed()).toEqual(['b***@d.example'])
    for (const { id: verifiedId, version: seen, verifiedAt } of (await dossier()).contactPoints)
      if (verifiedAt !== null)
        await bank.request(
          manager,
          'PATCH',
          `/customers/${customerId}/contact-points/${verifiedId}`,
          { value: `new${seen}${verifiedId.slice(-4)}@a.example` },
          { 'if-match': `"${seen}"` },
        )
    expect(await listed()).toEqual([])
  })

  test('of which the bank lets feeds win are overwritten as before', async ({ bank }) => {
    const { post, dossier, manager } = await setUp(bank)
    const send = (phone: string) =>
      bank.feed('customers', [
        { externalId: bank.code('1'), kind: 'individual', name: '王芳', institutionCode: bank.code('O1'), phone },
      ])
    const policy = async (winner: string) =>
      (await bank.request('ADMIN', 'PUT', '/profile-policies/phone', { winner, reason: '测试' })).status
    await send('13500000001')
    const [{ id }] = (await dossier()).contactPoints
    await post(`contact-points/${id}/verification`, {})
    await send('13500000002')
    expect((await dossier()).contactPoints).toHaveLength(2)
    expect(await policy('feed')).toBe(200)
    try {
      await send('13500000003')
      expect((await dossier()).contactPoints).toMatchObject([
        { id, valueMasked: '135****0003', verifiedAt: null, conflicting: false },
      ])
      const { body } = await bank.request(manager, 'GET', '/profile-policies')
      expect(body.policies.find(({ field }: any) => field === 'phone')).toMatchObject({ winner: 'feed', source: 'bank' })
    } finally {
      expect(await policy('person')).toBe(200)
    }
  })

  test('that are none are refused by name', async ({ bank }) => {
    const { post } = await setUp(bank)
    for (const [kind, value, rule] of [
      ['phone', '12', 'phone'],
      ['email', 'nobody', 'email'],
      ['phone', '138\u202e12345678', 'bidi_control'],
    ] as const)
      expect(await post('contact-points', { kind, purpose: 'primary', value }), value).toMatchObject({
        status: 400,
        body: { code: 'invalid_input', errors: [{ pointer: '/value', rule }] },
      })
  })
})

describe('addresses', () => {
  test('are added, corrected, verified and removed, their lines encrypted', async ({ bank, service }) => {
    const { customerId, path, post, patch, dossier, entries } = await setUp(bank)
    const home = { purpose: 'home', country: 'CN', region: '广东省', city: '深圳市', postalCode: '518000', line: '科技园一路1号' }
    const { status, body } = await post('addresses', home, { 'idempotency-key': 'a-1' })
    expect({ status, body }).toMatchObject({
      status: 201,
      body: {
        purpose: 'home',
        city: '深圳市',
        lineMasked: '***',
        verifiedAt: null,
        conflicting: false,
        source: 'guanxi',
        version: 1,
      },
    })
    expect((await post('addresses', home, { 'idempotency-key': 'a-1' })).body.id).toBe(body.id)
    expect(await post('addresses', home)).toMatchObject({ status: 409, body: { code: 'already_exists' } })
    expect((await post('addresses', { ...home, line: '科技园一路2号' })).status).toBe(201)
    expect((await post('addresses', { ...home, purpose: 'work' })).status).toBe(201)
    const { rows } = await service.owner.query('select t::text as row from address t where customer_id = $1', [customerId])
    expect(JSON.stringify(rows)).not.toContain('科技园')
    expect(JSON.stringify(rows)).not.toContain(Buffer.from('科技园').toString('hex'))
    const revealed = async () =>
      (await post('reveals', { field: 'address_line', id: body.id, purpose: 'contact', reason: 'sends a letter' })).body.value
    expect(await revealed()).toBe('科技园一路1号')

    expect((await post(`addresses/${body.id}/verification`, {}, { 'if-match': '"7"' })).status).toBe(412)
    expect((await post(`addresses/${body.id}/verification`, {})).body).toMatchObject({
      verifiedAt: '2026-11-22T02:00:00.000Z',
      version: 2,
    })
    expect(await entries('verifyAddress')).toMatchObject([
      { subject_id: body.id, changed: ['verifiedAt'], events: expect.arrayContaining(['address.verified']) },
    ])
    expect((await bank.request(bank.code('M1'), 'PATCH', `${path}/addresses/${body.id}`, { city: '广州市' })).status).toBe(428)
    expect(
      (await patch(`addresses/${body.id}`, { purpose: 'billing', city: '深圳市' }, 2)).body,
      'the same address',
    ).toMatchObject({
      purpose: 'billing',
      verifiedAt: '2026-11-22T02:00:00.000Z',
      version: 3,
    })
    expect((await patch(`addresses/${body.id}`, { city: '广州市', clearFields: ['postalCode'] }, 3)).body).toMatchObject({
      city: '广州市',
      postalCode: null,
      lineMasked: '***',
      verifiedAt: null,
      version: 4,
    })
    expect(await revealed()).toBe('科技园一路1号')
    expect((await patch(`addresses/${body.id}`, { city: '佛山市' }, 3)).status).toBe(412)
    expect(await patch(`addresses/${body.id}`, { purpose: 'work', city: '深圳市', postalCode: '518000' }, 4)).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    })
    expect(await entries('correctAddress')).toMatchObject([
      { changed: ['purpose'] },
      { changed: ['city', 'postalCode', 'verifiedAt'] },
    ])
    const { data } = await bank.graphql(
      bank.code('R1'),
      'mutation ($input: RemoveAddressInput!) { removeAddress(input: $input) { city customer { name } } }',
      { input: { customerId, addressId: body.id } },
    )
    expect(data.removeAddress).toEqual({ city: '广州市', customer: { name: '王芳' } })
    expect((await post(`addresses/${body.id}/removal`, {})).status).toBe(404)
    expect((await dossier()).addresses).toHaveLength(2)
  })

  test('are refused by field and rule, and out of reach as if there were none', async ({ bank }) => {
    const { customerId, post, patch } = await setUp(bank)
    for (const [body, pointer, rule] of [
      [{ purpose: 'home' }, '/', 'required'],
      [{ purpose: 'home', country: 'XX' }, '/country', 'country'],
      [{ purpose: 'home', line: '\u0000' }, '/line', 'nul_character'],
    ] as const)
      expect(await post('addresses', body), JSON.stringify(body)).toMatchObject({
        status: 400,
        body: { code: 'invalid_input', errors: [{ pointer, rule }] },
      })
    const { body } = await post('addresses', { purpose: 'home', city: '深圳市' })
    for (const [said, pointer, rule] of [
      [{ city: '深圳市', clearFields: ['city'] }, '/clearFields', 'contradiction'],
      [{ clearFields: ['city'] }, '/', 'required'],
    ] as const)
      expect(await patch(`addresses/${body.id}`, said, 1), JSON.stringify(said)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer, rule }] },
      })
    for (const [caller, status] of [
      ['T1', 403],
      ['M2', 404],
      ['R2', 404],
      ['R1', 201],
    ] as const)
      expect((await post('addresses', { purpose: 'other', city: caller }, {}, bank.code(caller))).status, caller).toBe(status)
    const both = await Promise.all([1, 2].map(() => post('addresses', { purpose: 'work', line: '一路1号' })))
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    await bank.service.owner.query(`update customer set status = 'erased' where id = $1`, [customerId])
    expect((await post('addresses', { purpose: 'home', city: '上海市' })).status).toBe(409)
  })

  test('that a person has verified are overwritten by no feed: what it says stands beside them, whole, until it is settled', async ({
    bank,
  }) => {
    const { customerId, post, dossier, manager } = await setUp(bank)
    const send = (parts: object) =>
      bank.feed('customers', [
        { externalId: bank.code('1'), kind: 'individual', name: '王芳', institutionCode: bank.code('O1'), ...parts },
      ])
    const stored = async () =>
      (await dossier()).addresses
        .map(
          ({ city, postalCode, verifiedAt, conflicting }: any) => `${city} ${postalCode} ${verifiedAt !== null} ${conflicting}`,
        )
        .sort()
    const toClarify = async () => (await bank.request(manager, 'GET', '/addresses-to-review')).body.items
    await send({ addressCity: '深圳市', addressPostalCode: '518000', addressLine: '一路1号' })
    const [{ id }] = (await dossier()).addresses
    await post(`addresses/${id}/verification`, {})
    await send({ addressCity: '深圳市', addressLine: '一路1号' })
    expect(await stored()).toEqual(['深圳市 518000 true false'])
    await send({ addressPostalCode: '518999', addressLine: '一路1号' })
    expect(await stored()).toEqual(['null 518999 false true', '深圳市 518000 true false'])
    const [beside] = await toClarify()
    for (const [caller, found] of [
      ['R1', 1],
      ['R2', 0],
      ['M2', 0],
    ] as const)
      expect((await bank.request(bank.code(caller), 'GET', '/addresses-to-review')).body.items, caller).toHaveLength(found)
    expect(beside).toMatchObject({ customerId, postalCode: '518999', lineMasked: '***', source: 'core' })
    const reveal = { field: 'address_line', id: beside.id, purpose: 'correction', reason: '核对地址' }
    expect((await post('reveals', reveal)).body.value).toBe('一路1号')
    await send({ addressPostalCode: '518999', addressLine: '二路2号' })
    const { version } = await dossier()
    await send({ addressPostalCode: '518999', addressLine: '二路2号' })
    expect([(await dossier()).version, (await toClarify()).length]).toEqual([version, 1])
    expect((await post('reveals', reveal)).body.value).toBe('二路2号')
    expect((await post(`addresses/${beside.id}/dismissal`, {})).body).toMatchObject({ id: beside.id, postalCode: '518999' })
    await send({ addressPostalCode: '518999', addressLine: '二路2号' })
    expect([await stored(), await toClarify()]).toEqual([['深圳市 518000 true false'], []])
    await send({ addressCity: '广州市', addressLine: '三路3号' })
    const [next] = await toClarify()
    await post(`addresses/${next.id}/verification`, {})
    await send({ addressCity: '广州市', addressLine: '三路3号' })
    await send({ addressCity: '深圳市', addressLine: '一路1号' })
    expect([await stored(), await toClarify()]).toEqual([['广州市 null true false', '深圳市 518000 true false'], []])
  })
})

describe('revealing a value', () => {
  const reason = '客户来电要求核对'

  test('shows each kind of protected value in clear, audited, under no stored answer', async ({ bank, service }) => {
    const { customerId, post, dossier } = await setUp(bank)
    await bank.feed('customers', [
      {
        externalId: bank.code('1'),
        kind: 'individual',
        name: '王芳',
        institutionCode: bank.code('O1'),
        documentType: 'passport',
        documentNumber: 'E12345678',
        phone: '13812345678',
        addressLine: '科技园一路1号',
      },
    ])
    await bank.feed('movements', [
      {
        externalId: bank.code('V1'),
        holdingExternalId: bank.code('A1'),
        direction: 'in',
        amount: '10.00',
        bookedOn: '2026-11-01',
        counterparty: '6217 0000 1000 1234 567',
      },
    ])
    const { identityDocuments, contactPoints, addresses } = await dossier()
    const movements = (await bank.request(bank.code('M1'), 'GET', `/customers/${customerId}/movements`)).body.items
    const wanted = [
      ['document_number', identityDocuments[0].id, 'E12345678'],
      ['contact_value', contactPoints[0].id, '+8613812345678'],
      ['address_line', addresses[0].id, '科技园一路1号'],
      ['movement_counterparty', movements[0].id, '6217 0000 1000 1234 567'],
    ] as const
    for (const [field, id, value] of wanted) {
      const told = await post('reveals', { field, id, purpose: 'customer_request', reason })
      expect(told).toMatchObject({ status: 200, body: { customerId, field, id, value } })
      expect(told.headers['etag']).toBeUndefined()
    }
    const key = await post(
      'reveals',
      { field: 'contact_value', id: contactPoints[0].id, purpose: 'contact', reason },
      { 'idempotency-key': 'k' },
    )
    expect(key).toMatchObject({ status: 400, body: { errors: [{ pointer: '/Idempotency-Key' }] } })
    expect((await service.owner.query(`select from idempotency where operation = 'revealCustomerField'`)).rowCount).toBe(0)
    const { rows } = await service.owner.query(
      `select changed, details, customer_id, subject_type, subject_id from audit_entry where operation = 'revealCustomerField' and customer_id = $1 order by id`,
      [customerId],
    )
    expect(rows).toMatchObject(
      wanted.map(([field, id]) => ({
        changed: [field],
        subject_id: id,
        details: { access: 'reveal', purpose: 'customer_request', outcome: 'shown' },
      })),
    )
    for (const [, , value] of [...wanted, ['', '', reason]]) expect(JSON.stringify(rows)).not.toContain(value)
    const { data } = await bank.graphql(
      bank.code('R1'),
      'mutation ($input: RevealCustomerFieldInput!) { revealCustomerField(input: $input) { value } }',
      { input: { customerId, field: 'contact_value', id: contactPoints[0].id, purpose: 'contact', reason } },
    )
    expect(data.revealCustomerField).toEqual({ value: '+8613812345678' })
  })

  test('needs the permission, the purpose and a reason, and finds nothing out of reach', async ({ bank, service }) => {
    const { customerId, post } = await setUp(bank)
    const { body } = await post('contact-points', { kind: 'phone', purpose: 'primary', value: '13812345678' })
    const ask = { field: 'contact_value', id: body.id, purpose: 'contact', reason }
    for (const [caller, status] of [
      ['T1', 403],
      ['U1', 403],
      ['M2', 404],
      ['R2', 404],
      ['R1', 200],
      ['C1', 200],
    ] as const)
      expect((await post('reveals', ask, {}, bank.code(caller))).status, caller).toBe(status)
    expect((await post('reveals', { ...ask, purpose: 'curiosity' })).body.errors).toMatchObject([{ pointer: '/purpose' }])
    expect((await post('reveals', { ...ask, reason: 'x' })).body.errors).toMatchObject([{ pointer: '/reason' }])
    expect((await post('reveals', { ...ask, field: 'address_line' })).status).toBe(404)
    // Who sees no movements is shown no counterparty either.
    const counterparty = { ...ask, field: 'movement_counterparty' }
    expect((await post('reveals', counterparty, {}, bank.code('C1'))).body.code).toBe('not_permitted')
    const { rows } = await service.owner.query(
      `select actor_id, customer_id, details ->> 'outcome' as outcome from audit_entry where operation = 'revealCustomerField' and subject_id = $1 order by id`,
      [body.id],
    )
    expect(rows.map(({ actor_id, customer_id, outcome }) => [actor_id, customer_id, outcome])).toEqual([
      [`staff:${bank.code('M2')}`, null, 'unknown'],
      [`staff:${bank.code('R2')}`, null, 'unknown'],
      [`staff:${bank.code('R1')}`, customerId, 'shown'],
      [`staff:${bank.code('C1')}`, customerId, 'shown'],
      [`staff:${bank.code('M1')}`, null, 'unknown'],
    ])
    const refused = await service.owner.query(
      `select actor_id, details ->> 'outcome' as outcome from audit_entry where operation = 'revealCustomerField' and subject_id = 'refused' and actor_id like $1 order by id`,
      [`staff:${bank.code('')}%`],
    )
    expect(refused.rows.map(({ actor_id, outcome }) => `${actor_id.slice(`staff:${bank.code('')}`.length)} ${outcome}`)).toEqual([
      'T1 not_permitted',
      'U1 not_permitted',
      'M1 invalid_input',
      'M1 invalid_input',
      'C1 not_permitted',
    ])
  })

  test('is limited for each caller, and refusals count and are audited', async () => {
    const service = await startService({}, { limits: { revealsPerMinute: 2 } })
    try {
      await headOffice(service)
      const bank = await (await new TestBank(service).build()).withCustomers()
      const { post } = await setUp(bank)
      const { body } = await post('contact-points', { kind: 'phone', purpose: 'primary', value: '13812345678' })
      const ask = (caller: string) =>
        post('reveals', { field: 'contact_value', id: body.id, purpose: 'contact', reason }, {}, bank.code(caller))
      const statuses = [await ask('M2'), await ask('M2'), await ask('M2'), await ask('R1'), await ask('R1')].map(
        ({ status }) => status,
      )
      expect(statuses).toEqual([404, 404, 429, 200, 200])
      const refused = await ask('R1')
      expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' }, headers: { 'retry-after': '60' } })
      const begin = service.clock.now.getTime()
      const after = (milliseconds: number) => (service.clock.now = new Date(begin + milliseconds))
      after(60_000)
      expect((await ask('R1')).status).toBe(200)
      // Any minute counts, also one across the turn of the clock's.
      after(119_000)
      expect((await ask('R1')).status).toBe(200)
      after(119_999)
      expect((await ask('R1')).status).toBe(429)
      after(179_500)
      expect((await ask('R1')).status).toBe(200)
      const { rows } = await service.owner.query(
        `select count(*)::int as n from audit_entry where details ->> 'outcome' = 'rate_limited'`,
      )
      expect(rows[0].n).toBe(3)
    } finally {
      await service.stop()
    }
  })
})
