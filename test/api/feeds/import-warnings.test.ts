import { describe, expect } from 'vitest'
import { residentIdCheckDigit } from '../../../src/core/kernel/identity-numbers.ts'
import { test, type TestBank } from '../../setup/service.ts'

const core = { client: 'core' }
const withCheck = (first17: string): string => first17 + residentIdCheckDigit(first17)
const trueNumber = withCheck('11010119900307006')

const person = (bank: TestBank, externalId: string, more: object) => ({
  externalId: bank.code(externalId),
  kind: 'individual',
  name: '王小明',
  institutionCode: bank.code('O1'),
  ...more,
})

/** The report of an import, and its warnings as `line field: code`. */
async function send(bank: TestBank, rows: readonly object[], entity: 'customers' | 'holdings' = 'customers') {
  const { status, body } = await bank.import(entity, rows)
  expect(status).toBe(200)
  const { body: text } = await bank.request(core, 'GET', `/imports/${body.id}/warnings`)
  const warnings = String(text)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
  return { report: body, warnings, told: warnings.map(({ _line, _field, _code }) => `${_line} ${_field}: ${_code}`) }
}

async function found(bank: TestBank, criterion: object): Promise<readonly string[]> {
  const { status, body } = await bank.request('ADMIN', 'POST', '/customers/search', criterion)
  expect(status).toBe(200)
  return body.items.map(({ id }: { id: string }) => id)
}

const ofCustomer = async (bank: TestBank, id: string, fields: string) =>
  (await bank.graphql('ADMIN', `query ($id: ID!) { customer(customerId: $id) { ${fields} } }`, { id })).data.customer

const documents = async (bank: TestBank, id: string) =>
  (await ofCustomer(bank, id, 'identityDocuments { numberMasked verified unverifiedReason conflicting }')).identityDocuments.map(
    ({ numberMasked, verified, unverifiedReason, conflicting }: any) => [numberMasked, verified, unverifiedReason, conflicting],
  )

describe('a value of a file that is none', () => {
  test('replaces nothing, and is told in the report with its line, field and reason', async ({ bank }) => {
    const id = await bank.customerId('1')
    const good = { documentType: 'resident_id', documentNumber: trueNumber, email: 'wang@example.com', phone: '13812345678' }
    expect((await send(bank, [person(bank, '1', good)])).told).toEqual([])
    const before = await documents(bank, id)
    const { report, told, warnings } = await send(bank, [
      person(bank, '1', { documentType: 'resident_id', documentNumber: '110***********0062' }),
      person(bank, '1', { documentType: 'resident_id', documentNumber: '1.10101E+17' }),
      person(bank, '1', { documentType: 'resident_id', documentNumber: `'${trueNumber}` }),
      person(bank, '1', { email: 'w***@example.com', phone: '无' }),
      person(bank, '1', { name: '王*' }),
      person(bank, '1', { name: '???' }),
    ])
    expect(report).toMatchObject({ rowsRead: 6, rowsUnchanged: 6, rowsRejected: 0, rowsWithWarnings: 6 })
    expect(told).toEqual([
      '1 documentNumber: masked',
      '2 documentNumber: spreadsheet',
      '3 documentNumber: apostrophe',
      '4 phone: placeholder',
      '4 email: masked',
      '5 name: masked',
      '6 name: placeholder',
    ])
    expect(warnings[0]).toMatchObject({ documentNumber: '110***********0062', _message: expect.stringContaining('masked value') })
    expect(await documents(bank, id)).toEqual(before)
    for (const criterion of [{ documentNumber: trueNumber }, { phone: '13812345678' }, { email: 'wang@example.com' }])
      expect(await found(bank, criterion), JSON.stringify(criterion)).toEqual([id])
    expect((await bank.request('ADMIN', 'GET', `/customers/${id}`)).body.name).toBe('王小明')
  })

  test('makes no customer: a name or an external ID that says nothing is refused', async ({ bank }) => {
    const { body } = await bank.import('customers', [
      { ...person(bank, 'x', {}), externalId: 'NULL' },
      { ...person(bank, 'x', {}), externalId: '\\N' },
      person(bank, 'new', { name: '王*' }),
      person(bank, 'new', { name: '不详' }),
    ])
    expect(body).toMatchObject({ rowsRejected: 4, rowsCreated: 0, rowsWithWarnings: 0 })
    const rejects = String((await bank.request(core, 'GET', `/imports/${body.id}/rejects`)).body)
    expect(
      rejects
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)._field),
    ).toEqual(['externalId', 'externalId', 'name', 'name'])
  })

  test('that fails its check does not replace one that passes: it is listed as a conflict until the good one comes again', async ({
    bank,
  }) => {
    const id = await bank.customerId('2')
    const of = (documentNumber: string) => person(bank, '2', { documentType: 'resident_id', documentNumber })
    const other = withCheck('11010119851224013')
    await send(bank, [of(other)])
    const rounded = '110101198512240000'
    const { told, report } = await send(bank, [of(rounded)])
    expect([told, report.rowsUpdated]).toEqual([['1 documentNumber: check_digit'], 1])
    expect(await documents(bank, id)).toEqual(
      expect.arrayContaining([
        [expect.any(String), true, null, false],
        [expect.any(String), false, 'check_digit', true],
      ]),
    )
    expect(await found(bank, { documentNumber: other })).toEqual([id])
    const review = await bank.request('ADMIN', 'GET', '/documents-to-review')
    expect(review.body.items.map(({ customerId }: { customerId: string }) => customerId)).toContain(id)
    await send(bank, [of(rounded)])
    expect(await documents(bank, id)).toHaveLength(2)
    await send(bank, [of(other)])
    expect(await documents(bank, id)).toEqual([[expect.any(String), true, null, false]])
  })

  test('costs no row that hangs on it', async ({ bank }) => {
    const { report } = await send(bank, [
      person(bank, 'p1', { phone: '0755-26000099-801', birthDate: '1900-01-01' }),
      person(bank, 'p2', { phone: '无', email: 'nobody', gender: 'M' }),
    ])
    expect(report).toMatchObject({ rowsCreated: 2, rowsRejected: 0, rowsWithWarnings: 2 })
    const holding = {
      externalId: bank.code('P'),
      customerExternalId: bank.code('p2'),
      productCode: bank.code('CUR'),
      currency: 'CNY',
    }
    const held = await send(bank, [{ ...holding, balance: '1000000.00', accountNumber: '6222****1234' }], 'holdings')
    expect([held.report.rowsCreated, held.told]).toEqual([1, ['1 accountNumber: masked']])
  })

  test('is what the bank says: its own list from the day on which it begins', async ({ bank, service }) => {
    const said = { texts: ['-9999'], days: [], reason: '核心系统约定' }
    expect((await bank.request('ADMIN', 'POST', '/placeholder-policies', said)).status).toBe(201)
    const { told } = await send(bank, [person(bank, '3', { occupation: '-9999' }), person(bank, '3', { occupation: '无' })])
    expect(told).toEqual(['1 occupation: placeholder'])
    const { body } = await bank.request('ADMIN', 'GET', '/placeholder-policies')
    expect(body.policies.map(({ version, source }: any) => [version, source])).toEqual([
      [1, 'bank'],
      [0, 'product_default'],
    ])
    await service.owner.query(`delete from policy_version where kind = 'placeholder'`)
  })

  test('is refused by field where one row is sent by itself', async ({ bank }) => {
    const url = `/customers/by-external-id/core/${bank.code('one')}`
    const row = { kind: 'individual', name: '王小明', institutionCode: bank.code('O1') }
    for (const [fields, field, rule] of [
      [{ name: '王*' }, 'name', 'masked'],
      [{ name: '不详' }, 'name', 'placeholder'],
      [{ documentType: 'resident_id', documentNumber: '1.10101E+17' }, 'documentNumber', 'spreadsheet'],
    ] as const)
      expect((await bank.request(core, 'PUT', url, { ...row, ...fields })).body).toMatchObject({
        code: 'invalid_input',
        errors: [{ pointer: `/${field}`, rule }],
      })
  })
})

describe('phones of a file', () => {
  test('keep extensions, may be several in one field, and get the area code of the institution', async ({ bank }) => {
    const id = await bank.customerId('1')
    await bank.feed('institutions', [
      { externalId: bank.code('B1'), name: '一分行', kind: 'branch', parentCode: 'HO', areaCode: '0755' },
    ])
    const phones = async () =>
      (await ofCustomer(bank, id, 'contactPoints { kind valueMasked }')).contactPoints
        .filter(({ kind }: any) => kind === 'phone')
        .map(({ valueMasked }: any) => valueMasked)
        .sort()
    expect((await send(bank, [person(bank, '1', { phone: '26000012转801/13812340001' })])).told).toEqual([])
    expect(await phones()).toEqual(['+86*******0012', '138****0001'])
    for (const phone of ['0755-26000012-801', '0755-26000012 ext. 801', '(0755) 26000012', '138 1234 0001'])
      expect(await found(bank, { phone }), phone).toEqual([id])
    expect((await send(bank, [person(bank, '1', { phone: '26000012转801/13900001111' })])).report.rowsUpdated).toBe(1)
    expect(await phones()).toEqual(['+86*******0012', '139****1111'])
    expect((await send(bank, [person(bank, '1', { phone: '26000012转801/13900001111' })])).report.rowsUnchanged).toBe(1)
    expect((await send(bank, [person(bank, '1', { phone: '26000013' })])).report.rowsUpdated).toBe(1)
    expect(await phones()).toEqual(['+86*******0013'])
    expect(await found(bank, { phone: '13900001111' })).toEqual([])
    // Nothing says which area a local number of branch B2 is of.
    const { told } = await send(bank, [person(bank, '4', { institutionCode: bank.code('B2'), phone: '26000012' })])
    expect(told).toEqual(['1 phone: invalid_value'])
  })
})

describe('an address of a file', () => {
  test('replaces the one before as a whole', async ({ bank }) => {
    const id = await bank.customerId('1')
    const address = async () => (await ofCustomer(bank, id, 'addresses { country region city postalCode lineMasked }')).addresses
    await send(bank, [
      person(bank, '1', {
        addressRegion: '广东省',
        addressCity: '深圳市',
        addressPostalCode: '518000',
        addressLine: '深南大道1号',
      }),
    ])
    expect(await address()).toEqual([
      { country: null, region: '广东省', city: '深圳市', postalCode: '518000', lineMasked: '***' },
    ])
    await send(bank, [person(bank, '1', { addressRegion: '北京市' })])
    expect(await address()).toEqual([{ country: null, region: '北京市', city: null, postalCode: null, lineMasked: null }])
    expect((await send(bank, [person(bank, '1', { addressRegion: '北京市' })])).report.rowsUnchanged).toBe(1)
    expect((await send(bank, [person(bank, '1', {})])).report.rowsUnchanged).toBe(1)
  })
})

describe('a file in GB 18030', () => {
  test('ends as failed where it was sent as UTF-8, and is taken where it is declared', async ({ bank }) => {
    const head = `source,externalId,kind,institutionCode,name\ncore,${bank.code('gb')},individual,${bank.code('O1')},`
    const sent = Buffer.concat([Buffer.from(head), Buffer.from('cdf5d0a1c3f7', 'hex'), Buffer.from('\n')])
    const as = (type: string) => bank.request(core, 'POST', '/imports/customers', sent, { 'content-type': type })
    const refused = await as('text/csv')
    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'malformed_request', detail: expect.stringContaining('charset=gb18030') },
    })
    const run = await bank.request(core, 'GET', `/imports/${String(refused.headers['import-id'])}`)
    expect(run.body).toMatchObject({ status: 'failed', rowsRejected: 1, failureCode: 'malformed_request' })
    expect((await as('text/csv; charset=gb18030')).body).toMatchObject({ status: 'completed', rowsCreated: 1 })
    const { rows } = await bank.service.owner.query('select name from customer where core_number = $1', [bank.code('gb')])
    expect(rows).toEqual([{ name: '王小明' }])
  })
})

describe('who changed what of a customer', () => {
  test('is told for one customer also where an import did it, and without an entry for each row of money', async ({ bank }) => {
    const id = await bank.customerId('1')
    const of = (documentNumber: string, more: object = {}) =>
      person(bank, '1', { documentType: 'passport', documentNumber, ...more })
    await send(bank, [of('E7654321')])
    const { report } = await send(bank, [of('E7654321'), of('E1234567', { phone: '13812345678', birthDate: '1990-03-07' })])
    await bank.feed('balances', [{ holdingExternalId: bank.code('A1'), day: '2026-11-21', amount: '5.00', currency: 'CNY' }])
    const { body } = await bank.request('ADMIN', 'GET', `/audit-entries?customerId=${id}&limit=10`)
    const imports = body.items.filter(({ operation }: any) => operation === 'importRows')
    expect(imports.map(({ changed, actorId }: any) => [[...changed].sort(), actorId])).toEqual([
      [['birthDate', 'documentNumber', 'phone'], 'client:core'],
      [['documentNumber', 'name'], 'client:core'],
    ])
    const { rows } = await bank.service.owner.query(
      `select details from audit_entry where customer_id = $1 and operation = 'importRows' order by at desc, id desc limit 1`,
      [id],
    )
    expect(rows[0].details).toEqual({ importId: report.id, line: 2 })
    expect(JSON.stringify(imports)).not.toMatch(/E1234567|13812345678|1990/)
  })
})
