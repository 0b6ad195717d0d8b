import type { CustomerRow } from '../../../src/core/dossier/customer-rows.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { residentIdCheckDigit } from '../../../src/core/kernel/identity-numbers.ts'
import { customerOwnedTables } from '../../../src/db/dossier/customer-tables.ts'
import { fieldContext } from '../../../src/db/platform/vault.ts'
import { type FeedBank, openFeedBank, told } from '../../setup/feeds.ts'

let bank: FeedBank
const paths: Record<string, string> = {}
beforeAll(async () => {
  bank = await openFeedBank()
  await bank.send('institutions', [
    { externalId: 'HO', name: '总行', kind: 'head_office' },
    { externalId: 'B1', name: '深圳', kind: 'branch', parentCode: 'HO' },
    { externalId: 'B2', name: '广州', kind: 'branch', parentCode: 'HO' },
    { externalId: 'B3', name: '关闭', kind: 'branch', parentCode: 'HO', status: 'closed' },
  ])
  for (const { code, path } of (await bank.owner.query('select code, path from institution')).rows) paths[code] = path
})
afterAll(() => bank.close())

type Sent = Omit<CustomerRow, 'source'>
const person = (externalId: string, more: Partial<CustomerRow> = {}): Sent => ({
  externalId,
  kind: 'individual',
  name: `客户 ${externalId}`,
  institutionCode: 'B1',
  ...more,
})
const residentId = (first17: string): string => first17 + residentIdCheckDigit(first17)
const female1990 = residentId('11010119900307012')

async function one<T extends object>(query: string, values: unknown[] = []): Promise<T> {
  const { rows } = await bank.owner.query<T>(query, values)
  expect(rows).toHaveLength(1)
  return rows[0]!
}
const customer = (coreNumber: string) =>
  one<Record<string, unknown>>('select * from customer where core_number = $1', [coreNumber])
const documentOf = (coreNumber: string) =>
  one<Record<string, unknown>>(
    'select d.* from identity_document d join customer c on c.id = d.customer_id where c.core_number = $1',
    [coreNumber],
  )

describe('a feed of customers', () => {
  test('creates a customer with all that hangs on it, sealed under a key of its own', async () => {
    const [outcome] = await bank.send('customers', [
      person('C1', {
        name: '王 小明',
        gender: 'female',
        birthDate: '1990-03-07',
        documentType: 'resident_id',
        documentNumber: female1990,
        phone: '138 1234 5678',
        email: 'Wang@Example.com',
        addressCity: '深圳市',
        addressLine: '深南大道1号',
      }),
    ])
    expect(outcome).toMatchObject({ outcome: 'created' })
    const row = await customer('C1')
    expect(row).toMatchObject({
      status: 'active',
      source: 'core',
      institution_path: paths['B1'],
      name_folded: '王·小明',
      version: 1,
    })
    const document = await documentOf('C1')
    expect(document).toMatchObject({
      type: 'resident_id',
      country: 'CN',
      number_masked: `110***********${female1990.slice(-4)}`,
      verified: true,
      unverified_reason: null,
    })
    const key = bank.context.vault.unwrap(row['id'] as string, row['wrapped_key'] as Buffer, row['master_key_id'] as string)
    const open = (bytes: unknown, table: string, column: string, id: unknown): string =>
      bank.context.vault.decrypt(key, bytes as Buffer, fieldContext(table, column, id as string))
    expect(open(document['number_encrypted'], 'identity_document', 'number', document['id'])).toBe(female1990)
    const { rows: contacts } = await bank.owner.query('select * from contact_point where customer_id = $1 order by kind', [
      row['id'],
    ])
    expect(
      contacts.map((contact) => [
        contact.kind,
        contact.value_masked,
        open(contact.value_encrypted, 'contact_point', 'value', contact.id),
      ]),
    ).toEqual([
      ['email', 'W***@example.com', 'Wang@example.com'],
      ['phone', '138****5678', '+8613812345678'],
    ])
    const address = await one<Record<string, unknown>>('select * from address where customer_id = $1', [row['id']])
    expect(address).toMatchObject({ city: '深圳市', line_masked: '***', purpose: 'primary' })
    expect(open(address['line_encrypted'], 'address', 'line', address['id'])).toBe('深南大道1号')
    const hash = bank.context.vault.blindIndex('phone', '+8613812345678').hash
    expect((await one<{ customer_id: string }>('select customer_id from blind_index where hash = $1', [hash])).customer_id).toBe(
      row['id'],
    )
  })

  test('writes no sensitive value in the clear into any column of any table', async () => {
    const { rows: tables } = await bank.owner.query<{ name: string }>(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'`,
    )
    for (const { name } of tables) {
      const { rows } = await bank.owner.query<{ text: string }>(`select t::text as text from ${name} t`)
      const all = rows.map(({ text }) => text).join('\n')
      for (const secret of [female1990, '13812345678', 'Wang@example.com', '深南大道1号']) {
        expect(all).not.toContain(secret)
        expect(all).not.toContain(Buffer.from(secret).toString('hex'))
      }
    }
  })

  test('changes nothing when it is sent again: no version, no instant, no ciphertext', async () => {
    const sent = [
      person('C2', {
        phone: '13812345679',
        documentType: 'passport',
        documentNumber: 'E12345678',
        addressLine: 'x',
        asOf: '2026-11-20T00:00:00.000Z',
      }),
    ]
    await bank.send('customers', sent)
    const tables = ['customer', ...customerOwnedTables, 'external_id', 'blind_index']
    const state = async () =>
      JSON.stringify(
        (
          (await bank.owner.query(tables.map((table) => `select t::text from ${table} t order by 1`).join(';'))) as unknown as {
            rows: unknown[]
          }[]
        ).map(({ rows }) => rows),
      )
    const before = await state()
    expect(told(await bank.send('customers', sent))).toEqual(['unchanged'])
    expect(await state()).toBe(before)
  })

  test('leaves what a row does not say, and raises the version once for what it changes', async () => {
    await bank.send('customers', [
      person('C3', { phone: '13812345670', gender: 'male', addressCity: '深圳市', addressLine: 'line' }),
    ])
    expect(told(await bank.send('customers', [person('C3', { phone: '13812345671' })]))).toEqual(['updated'])
    const row = await customer('C3')
    expect(row).toMatchObject({ gender: 'male', version: 2 })
    const contact = await one<Record<string, unknown>>('select * from contact_point where customer_id = $1', [row['id']])
    expect(contact).toMatchObject({ value_masked: '138****5671', version: 2 })
    expect(
      await one(
        'select city, postal_code, line_masked, line_encrypted is not null as sealed from address where customer_id = $1',
        [row['id']],
      ),
    ).toEqual({
      city: '深圳市',
      postal_code: null,
      line_masked: '***',
      sealed: true,
    })
    const { rows } = await bank.owner.query('select hash from blind_index where target_id = $1', [contact['id']])
    expect(rows).toEqual([{ hash: bank.context.vault.blindIndex('phone', '+8613812345671').hash }])
  })

  test('takes rows in the order in which they held, not in which they come', async () => {
    const at = (hour: number) => `2026-11-20T${String(hour).padStart(2, '0')}:00:00.000Z`
    const outcomes = await bank.send('customers', [
      person('C4', { name: 'two', phone: '13812345672', asOf: at(2) }),
      person('C4', { name: 'one', asOf: at(1) }),
      person('C4', { name: 'three', email: 'c4@example.com', asOf: at(3) }),
    ])
    expect(told(outcomes)).toEqual(['created', 'superseded', 'updated'])
    const row = await customer('C4')
    expect(row['name']).toBe('three')
    // As if the rows had come one by one: the phone of the earlier row is there.
    const { rows } = await bank.owner.query('select kind from contact_point where customer_id = $1 order by kind', [row['id']])
    expect(rows).toEqual([{ kind: 'email' }, { kind: 'phone' }])
    expect(told(await bank.send('customers', [person('C4', { name: 'old', asOf: at(2) })]))).toEqual(['superseded'])
    expect(told(await bank.send('customers', [person('C4', { name: 'equal', asOf: at(3) })]))).toEqual(['updated'])
  })

  test('refuses rows by name, leaves out what they are good without, and keeps the others', async () => {
    const outcomes = await bank.send('customers', [
      person('R1', { institutionCode: 'NONE' }),
      person('R2', { phone: '12345' }),
      person('R3', { email: 'nobody' }),
      person('R4', { birthDate: '2026-11-23' }),
      person('R5', { institutionCode: 'B3' }),
      person('R6'),
      person('C1', { kind: 'company' }),
    ])
    expect(told(outcomes)).toEqual([
      'institutionCode: unknown_reference',
      'created, phone: invalid_value',
      'created, email: invalid_value',
      'created, birthDate: invalid_value',
      'institutionCode: conflict',
      'created',
      'kind: conflict',
    ])
    expect(outcomes[0]).toMatchObject({ refusal: { message: 'There is no institution "NONE" in your scope.' } })
    // What was refused can be sent again: no name was taken.
    expect(told(await bank.send('customers', [person('R5'), person('R2', { phone: '13800138000' })]))).toEqual([
      'created',
      'updated',
    ])
  })

  test('lets a prospect become a customer of another kind, with a number', async () => {
    const [outcome] = await bank.send('customers', [person('P1', { status: 'prospect', gender: 'male' })])
    const id = 'id' in outcome! ? outcome.id : ''
    expect(await one('select core_number from customer where id = $1', [id])).toEqual({ core_number: null })
    expect(told(await bank.send('customers', [person('P1', { kind: 'company', status: 'active' })]))).toEqual(['updated'])
    expect(await one('select core_number, kind, gender from customer where id = $1', [id])).toEqual({
      core_number: 'P1',
      kind: 'company',
      gender: null,
    })
  })

  test('takes nothing that is to have happened after tomorrow', async () => {
    const outcomes = await bank.send('customers', [
      person('Z1', { customerSince: '9999-12-31' }),
      person('Z2', { customerSince: '2026-11-24' }),
      person('Z3', { customerSince: '2026-11-23' }),
      person('Z4', { status: 'closed', closedOn: '2026-11-24' }),
    ])
    expect(told(outcomes)).toEqual([
      'created, customerSince: invalid_value',
      'created, customerSince: invalid_value',
      'created',
      'closedOn: outside_period',
    ])
  })

  test('closes and reopens', async () => {
    await bank.send('customers', [person('C5')])
    await bank.send('customers', [person('C5', { status: 'closed', closedOn: '2026-11-01' })])
    expect(await customer('C5')).toMatchObject({ status: 'closed', closed_on: expect.anything() })
    expect(told(await bank.send('customers', [person('C5')]))).toEqual(['unchanged'])
    await bank.send('customers', [person('C5', { status: 'active' })])
    expect(await customer('C5')).toMatchObject({ status: 'active', closed_on: null, version: 3 })
  })
})

describe('an identity document', () => {
  test('that contradicts itself or the profile is kept from a feed, unverified with the reason', async () => {
    const broken = female1990.slice(0, 17) + (female1990.endsWith('1') ? '2' : '1')
    await bank.send('customers', [
      person('I1', { documentType: 'resident_id', documentNumber: broken }),
      person('I2', { documentType: 'resident_id', documentNumber: female1990, birthDate: '1990-03-08' }),
      person('I3', { documentType: 'resident_id', documentNumber: female1990, gender: 'male' }),
      person('I4', { documentType: 'passport', documentNumber: 'E12345678' }),
    ])
    const { rows } = await bank.owner.query(
      `select unverified_reason from identity_document d join customer c on c.id = d.customer_id where core_number ~ '^I[1-4]$' order by core_number`,
    )
    expect(rows.map((row) => row.unverified_reason)).toEqual(['check_digit', 'birth_date_conflict', 'gender_conflict', null])
    // A later row that corrects the profile heals the document, whose number stays as it was sealed.
    const sealed = (await documentOf('I2'))['number_encrypted']
    expect(told(await bank.send('customers', [person('I2', { birthDate: '1990-03-07' })]))).toEqual(['updated'])
    expect(await documentOf('I2')).toMatchObject({ verified: true, unverified_reason: null, number_encrypted: sealed })
  })

  test('that does not pass is refused from a person, by field and with its number masked', async () => {
    const fromPerson = { context: { fromPerson: true } }
    const [differs] = await bank.send(
      'customers',
      [person('I5', { source: 'guanxi', documentType: 'resident_id', documentNumber: female1990, birthDate: '1990-03-08' })],
      fromPerson,
    )
    expect(differs).toMatchObject({
      refusal: { field: 'birthDate', code: 'identity_mismatch', message: expect.stringContaining('110***********') },
    })
    expect(JSON.stringify(differs)).not.toContain(female1990)
    expect(
      told(
        await bank.send(
          'customers',
          [person('I5', { source: 'guanxi', documentType: 'resident_id', documentNumber: female1990, gender: 'male' })],
          fromPerson,
        ),
      ),
    ).toEqual(['gender: identity_mismatch'])
    expect(
      told(
        await bank.send(
          'customers',
          [person('I5', { source: 'guanxi', documentType: 'resident_id', documentNumber: '123' })],
          fromPerson,
        ),
      ),
    ).toEqual(['documentNumber: invalid_input'])
    expect(
      told(
        await bank.send(
          'customers',
          [person('I5', { source: 'guanxi', documentType: 'resident_id', documentNumber: female1990 })],
          fromPerson,
        ),
      ),
    ).toEqual(['created'])
    expect(told(await bank.send('customers', [person('I5', { source: 'guanxi', birthDate: '1991-01-01' })], fromPerson))).toEqual(
      ['birthDate: identity_mismatch'],
    )
    expect(await one(`select birth_date, version from customer where name = '客户 I5'`)).toEqual({ birth_date: null, version: 1 })
  })
})

describe('the scope of a sender', () => {
  test('hides customers of another branch behind the answer for unknown ones', async () => {
    await bank.send('customers', [person('S1', { name: '秘密' })])
    const scope = paths['B2']!
    const outcomes = await bank.send(
      'customers',
      [person('S1', { institutionCode: 'B2' }), person('S2'), person('S3', { institutionCode: 'B2' })],
      { scope },
    )
    expect(told(outcomes)).toEqual(['externalId: unknown_reference', 'institutionCode: unknown_reference', 'created'])
    expect(JSON.stringify(outcomes)).not.toContain('秘密')
    expect(await customer('S1')).toMatchObject({ name: '秘密', institution_path: paths['B1'], version: 1 })
  })

  test('that is a portfolio opens no customers', async () => {
    const portfolio = ['00000000-0000-7000-8000-000000000001']
    expect(told(await bank.send('customers', [person('S4'), person('S1')], { portfolio }))).toEqual([
      'externalId: unknown_reference',
      'externalId: unknown_reference',
    ])
  })
})

describe('a customer who moves', () => {
  test('takes along all that belongs to them, and the directory is told', async () => {
    await bank.send('customers', [
      person('M1', { phone: '13812340000', documentType: 'passport', documentNumber: 'E87654321', addressLine: 'x' }),
    ])
    const { id } = (await customer('M1')) as { id: string }
    const version = async () => Number((await one<{ version: string }>('select version from directory_version')).version)
    const before = await version()
    expect(told(await bank.send('customers', [person('M1', { institutionCode: 'B2', email: 'm1@example.com' })]))).toEqual([
      'updated',
    ])
    expect(await customer('M1')).toMatchObject({ institution_path: paths['B2'], version: 2 })
    for (const table of customerOwnedTables) {
      const { rows } = await bank.owner.query(`select institution_path from ${table} where customer_id = $1`, [id])
      expect(new Set(rows.map((row) => row.institution_path)).difference(new Set([paths['B2']])).size).toBe(0)
    }
    expect(await version()).toBe(before + 1)
  })

  test('is carried along in every customer-owned table there is', async () => {
    const { rows } = await bank.owner.query<{ name: string }>(
      `select table_name as name from information_schema.columns where table_schema = 'public' and column_name in ('customer_id', 'institution_path')
       group by 1 having count(*) = 2 order by 1`,
    )
    const journals = ['audit_entry', 'outbox_event']
    expect(rows.map(({ name }) => name).filter((name) => !journals.includes(name))).toEqual([...customerOwnedTables].sort())
  })
})

describe('two imports of the same customers at once', () => {
  test('make each customer once and do not dead-lock, in whatever order the rows stand', async () => {
    const numbers = Array.from({ length: 300 }, (_, index) => `D${index}`)
    const rows = (phone: string, order: readonly string[]) => order.map((number) => person(number, { phone, name: phone }))
    const outcomes = await Promise.all([
      bank.send('customers', rows('13812345601', numbers)),
      bank.send('customers', rows('13812345602', numbers.toReversed())),
      bank.send('customers', rows('13812345603', numbers.toSorted())),
    ])
    const created = outcomes.flatMap(told).filter((outcome) => outcome === 'created')
    expect(created).toHaveLength(300)
    expect(outcomes.flatMap(told).filter((outcome) => outcome === 'updated')).toHaveLength(600)
    const counts =
      await one(`select count(*)::int as customers, (select count(*)::int from contact_point p join customer o on o.id = p.customer_id where o.core_number like 'D%') as phones
      from customer where core_number like 'D%'`)
    expect(counts).toEqual({ customers: 300, phones: 300 })
    await Promise.all(
      Array.from({ length: 6 }, (_, turn) =>
        bank.send('customers', rows(`1381234561${turn}`, turn % 2 ? numbers : numbers.toReversed())),
      ),
    )
  })
})

describe('a customer whom two sources know', () => {
  test('is one customer, of whom each source keeps its own document and phone', async () => {
    const [outcome] = await bank.send('customers', [
      person('W1', { phone: '13812348001', documentType: 'passport', documentNumber: 'E11111111' }),
    ])
    const id = 'id' in outcome! ? outcome.id : ''
    await bank.owner.query(
      `insert into external_id (external_id, source, entity, customer_id, target_id) values ('crm-1', 'crm', 'customer', $1, $1)`,
      [id],
    )
    const crm = { ...person('crm-1', { phone: '13812348002', institutionCode: 'B2' }), source: 'crm' }
    expect(told(await bank.send('customers', [person('W1', { name: 'core' }), crm]))).toEqual(['updated', 'updated'])
    expect(await customer('W1')).toMatchObject({ name: '客户 crm-1', source: 'core', institution_path: paths['B2'], version: 3 })
    const { rows } = await bank.owner.query(
      'select source, value_masked, institution_path from contact_point where customer_id = $1 order by source',
      [id],
    )
    expect(rows).toEqual([
      { source: 'core', value_masked: '138****8001', institution_path: paths['B2'] },
      { source: 'crm', value_masked: '138****8002', institution_path: paths['B2'] },
    ])
    expect((await documentOf('W1'))['institution_path']).toBe(paths['B2'])
  })
})

describe('the cost of a batch', () => {
  const many = (from: number, count: number, phone: (index: number) => string): Sent[] =>
    Array.from({ length: count }, (_, index) =>
      person(`N${from + index}`, {
        phone: phone(index),
        email: `n${from + index}@example.com`,
        documentType: 'passport',
        documentNumber: `E${10_000_000 + from + index}`,
        addressLine: 'x',
      }),
    )
  const phone = (index: number) => `139${String(10_000_000 + index)}`

  test('is the same number of statements for one row and for a thousand', async () => {
    const count = async (rows: Sent[]): Promise<number> => {
      let statements = 0
      await bank.send('customers', rows, { onStatement: () => statements++ })
      return statements
    }
    expect(await count(many(0, 1, phone))).toBe(await count(many(1, 1000, phone)))
    const one = await count(many(0, 1, (index) => phone(index + 5000)))
    expect(one).toBe(await count(many(1, 1000, (index) => phone(index + 5001))))
    expect(one).toBeLessThan(20)
  })

  test('is small for 5,000 rows', async () => {
    const rows = many(100_000, 5000, phone)
    for (const outcome of ['created', 'unchanged']) {
      let statements = 0
      const outcomes = await bank.send('customers', rows, { onStatement: () => statements++ })
      expect(told(outcomes)).toEqual(rows.map(() => outcome))
      expect(statements).toBeLessThan(20)
    }
  })
})
