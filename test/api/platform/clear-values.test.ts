import pg from 'pg'
import { expect } from 'vitest'
import { startWorker } from '../../../src/jobs/worker.ts'
import { residentIdCheckDigit } from '../../../src/core/kernel/identity-numbers.ts'
import { test } from '../../setup/service.ts'
import { activeSegment, inBranch, refreshInFull, segmentEditor } from '../segmentation/segments.ts'

const first17 = '44030119880808123'
const clear = {
  phone: '13798765432',
  e164: '+8613798765432',
  other: '13798760001',
  residentId: `${first17}${residentIdCheckDigit(first17)}`,
  passport: 'E98765432',
  rejectedPassport: 'G55566677',
  email: 'clear.value@example.com',
  line: '明珠大道八十八号三单元',
  counterparty: '6222020200112233445',
  activity: '6222020200998877665',
  reason: '客户来电核对尾号',
  keyPhone: '13798760077',
  keyEmail: 'key.person@example.com',
  noted: '13798760088',
  fed: '13798760099',
  dismissed: '13798760111',
  ownLine: '深南大道二千零一号',
  fedLine: '深南大道二千零二号',
} as const

/** A value as text and as bytes: bytea columns are written in hexadecimal when a row becomes text. */
const forms = (value: string): readonly string[] => [value, Buffer.from(value).toString('hex')]

test('no clear value stands in any table or log line after writes, imports, searches, reveals and recognitions', async ({
  bank,
  service,
}) => {
  const c = (suffix: string) => bank.code(suffix)
  const manager = c('M1')
  const row = {
    externalId: c('1'),
    kind: 'individual',
    name: '王芳',
    institutionCode: c('O1'),
    phone: clear.phone,
    email: clear.email,
    addressCity: '深圳市',
    addressLine: clear.line,
  }
  await bank.feed('customers', [{ ...row, documentType: 'resident_id', documentNumber: clear.residentId }])
  const customerId = await bank.customerId('1')
  const movement = {
    externalId: c('V1'),
    holdingExternalId: c('A1'),
    direction: 'in',
    amount: '10.00',
    bookedOn: '2026-11-01',
    counterparty: clear.counterparty,
  }
  await bank.feed('movements', [movement])
  await bank.feed('activity', [
    {
      customerExternalId: c('1'),
      month: '2026-10',
      channel: 'mobile',
      type: 'transfer',
      currency: 'CNY',
      count: 1,
      amount: '1.00',
      counterparty: clear.activity,
    },
  ])
  // Rows that are refused, as files and one by one, in every way that may quote them.
  const rejected = [
    { ...row, kind: 'nothing', documentType: 'passport', documentNumber: clear.rejectedPassport },
    { ...row, institutionCode: 'NOWHERE', phone: clear.other },
    { ...row, phone: `${clear.phone}x`, email: clear.email },
    { ...row, birthDate: '2999-01-01', documentType: 'passport', documentNumber: clear.passport },
  ]
  const imported = await bank.import('customers', rejected)
  expect(imported.body).toMatchObject({ rowsRejected: 2, rowsWithWarnings: 2 })
  expect((await bank.request({ client: 'core' }, 'GET', `/imports/${imported.body.id}/warnings`)).body).toContain(clear.phone)
  expect((await bank.request({ client: 'core' }, 'GET', `/imports/${imported.body.id}/rejects`)).body).toContain(
    clear.rejectedPassport,
  )
  await bank.import('movements', [{ ...movement, externalId: c('V2'), amount: '-1' }])
  const key = { 'idempotency-key': `clear-${bank.name}` }
  await bank.request(
    manager,
    'POST',
    '/customers',
    { ...row, externalId: undefined, name: '新', documentType: 'passport', documentNumber: clear.passport },
    key,
  )
  await bank.request(
    manager,
    'POST',
    `/customers/${customerId}/contact-points`,
    { kind: 'phone', purpose: 'work', value: clear.other },
    { 'idempotency-key': 'k2' },
  )
  await bank.request(
    manager,
    'POST',
    `/customers/${customerId}/identity-documents`,
    { type: 'passport', number: clear.passport },
    { 'idempotency-key': 'k3' },
  )
  await bank.request(manager, 'POST', `/customers/${customerId}/identity-documents`, {
    type: 'resident_id',
    number: `${clear.residentId}0`,
  })
  const { body } = await bank.request(manager, 'GET', `/customers/${customerId}`)
  await bank.request(
    manager,
    'PATCH',
    `/customers/${customerId}`,
    { birthDate: '1999-01-01' },
    { 'if-match': `"${body.version}"` },
  )
  for (const search of [
    { phone: clear.phone },
    { email: clear.email },
    { documentNumber: clear.residentId },
    { phone: `${clear.phone}9999` },
  ])
    await bank.request(manager, 'POST', '/customers/search', search)
  // Pages keep sort keys in their cursors, and errors go into the log.
  await bank.request(manager, 'GET', '/customers?limit=1&orderBy=name_asc')
  await bank.request(manager, 'GET', `/customers?phone=${clear.phone}`)
  for (const input of [{ phone: clear.phone }, { documentNumber: clear.residentId }, { phone: `${clear.phone}9999` }])
    await bank.request(c('T1'), 'POST', '/recognitions', input)
  await bank.request(
    c('T1'),
    'POST',
    '/counter-notes',
    { name: '路人', phone: clear.other, kind: 'hint', text: '有意向' },
    { 'idempotency-key': 'k4' },
  )
  const reveal = (field: string, id: string) =>
    bank.request(manager, 'POST', `/customers/${customerId}/reveals`, {
      field,
      id,
      purpose: 'investigation',
      reason: clear.reason,
    })
  const movements = (await bank.request(manager, 'GET', `/customers/${customerId}/movements`)).body.items
  const shown = [
    await reveal('document_number', body.identityDocuments.find(({ type }: any) => type === 'resident_id').id),
    await reveal('contact_value', body.contactPoints.find(({ kind }: any) => kind === 'phone').id),
    await reveal('address_line', body.addresses[0].id),
    await reveal('movement_counterparty', movements[0].id),
  ]
  expect(shown.map(({ body: { value } }) => value)).toEqual([clear.residentId, clear.e164, clear.line, clear.counterparty])
  await bank.graphql(
    manager,
    `mutation { addContactPoint(input: { customerId: "${customerId}", kind: phone, purpose: home, value: "${clear.phone}" }) { id } }`,
  )
  // Key people with contacts of their own, what a feed says beside a verified phone, texts that are refused, and lists that leave as files.
  await bank.feed('customers', [{ externalId: c('B'), kind: 'company', name: '公司', institutionCode: c('O1') }])
  const company = await bank.customerId('B')
  const keyPerson = await bank.request(
    manager,
    'POST',
    `/customers/${company}/key-people`,
    { name: '负责人', role: 'decision_maker', phone: clear.keyPhone, email: clear.keyEmail },
    { 'idempotency-key': 'k5' },
  )
  expect(keyPerson.status, JSON.stringify(keyPerson.body)).toBe(201)
  const byFeed = body.contactPoints.find(({ kind }: any) => kind === 'phone')
  await bank.request(manager, 'POST', `/customers/${customerId}/contact-points/${byFeed.id}/verification`, {})
  const home = await bank.request(
    manager,
    'POST',
    `/customers/${customerId}/addresses`,
    { purpose: 'primary', city: '深圳市', line: clear.ownLine },
    { 'idempotency-key': 'k6' },
  )
  expect(home.status, JSON.stringify(home.body)).toBe(201)
  await bank.request(manager, 'POST', `/customers/${customerId}/addresses/${home.body.id}/verification`, {})
  await bank.feed('customers', [{ ...row, phone: clear.dismissed, addressLine: clear.fedLine }])
  for (const part of ['contact-points', 'addresses']) {
    const { items } = (await bank.request(manager, 'GET', `/${part}-to-review`)).body
    const dismissal = `/customers/${customerId}/${part}/${items[0].id}/dismissal`
    expect((await bank.request(manager, 'POST', dismissal, {}, { 'idempotency-key': `k7-${part}` })).status).toBe(200)
  }
  await bank.feed('customers', [{ ...row, phone: clear.fed }])
  const noted = await bank.request(manager, 'POST', `/customers/${customerId}/needs`, {
    kind: 'home',
    source: 'customer',
    note: `回电 ${clear.noted}`,
  })
  expect(noted.body.errors, JSON.stringify(noted.body)).toMatchObject([{ pointer: '/note', rule: 'personal_number' }])
  const editor = await segmentEditor(bank)
  await refreshInFull(bank, editor)
  const segment = await activeSegment(bank, editor, 'clear', inBranch(bank, { fact: 'aum', gte: '0.00' }))
  await refreshInFull(bank, editor)
  const exported = await bank.request(editor, 'GET', `/segments/${segment.id}/members/export`)
  expect([exported.status, String(exported.body)]).toEqual([200, expect.stringContaining('王芳')])
  for (const value of Object.values(clear)) expect(JSON.stringify(exported.body)).not.toContain(value)
  // The queue has a schema of its own.
  const pool = new pg.Pool({ connectionString: service.serviceUrl, max: 2 })
  pool.on('error', () => {})
  pool.on('connect', (client) => void client.on('error', () => {}))
  const runner = await startWorker(service.service, pool, (_level, message) => void service.logged.push(message))
  await runner.addJob('deleteExpiredData', {})
  await runner.stop()
  await pool.end()

  const { rows: tables } = await service.owner.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)' order by 1`,
  )
  const names = tables.map(({ name }) => name)
  expect(names).toEqual(
    expect.arrayContaining([
      'public.idempotency',
      'public.import_reject',
      'public.audit_entry',
      'public.outbox_event',
      'public.blind_index',
    ]),
  )
  expect(names.some((name) => name.startsWith('graphile_worker.'))).toBe(true)
  let rows = 0
  let text = ''
  for (const name of names) {
    const { rows: texts } = await service.owner.query<{ text: string }>(`select t::text as text from ${name} t`)
    rows += texts.length
    const all = texts.map((one) => one.text).join('\n')
    text += all
    for (const [called, value] of Object.entries(clear))
      for (const form of forms(value)) expect(all.includes(form), `${called} in ${name}`).toBe(false)
  }
  expect(rows).toBeGreaterThan(100)
  // It would be found: the masked forms are.
  for (const masked of ['137****5432', 'c***@example.com', '440***********1239']) expect(text).toContain(masked)
  for (const filled of [
    'idempotency',
    'import_reject',
    'audit_entry',
    'identity_document',
    'contact_point',
    'address',
    'movement',
    'counter_note',
    'key_person',
  ])
    expect((await service.owner.query(`select from ${filled}`)).rowCount, filled).toBeGreaterThan(0)
  const logged = service.logged.join('\n')
  expect(service.logged.length).toBeGreaterThan(20)
  for (const [called, value] of Object.entries(clear))
    for (const form of forms(value)) expect(logged.includes(form), `${called} in the log`).toBe(false)
})
