import { describe, expect } from 'vitest'
import { runAsSystem } from '../../../src/jobs/worker.ts'
import { sealAudit } from '../../../src/operations/platform/audit.ts'
import { execute } from '../../../src/operations/platform/execute.ts'
import { auditVerification } from '../../../src/operations/platform/audit.ts'
import { test, type TestBank, type TestService } from '../../setup/service.ts'

const verify = async (service: TestService): Promise<any> =>
  (
    await execute(service.service, auditVerification, {
      caller: { kind: 'system', name: 'test' },
      input: { from: '2026-11-20', to: '2026-11-24' },
      selection: new Map(),
      refusedAs: null,
    })
  ).answer

const rename = async (bank: TestBank, name: string) => {
  const id = await bank.customerId('1')
  const { body } = await bank.request(bank.code('M1'), 'GET', `/customers/${id}`)
  return bank.request(
    bank.code('M1'),
    'PATCH',
    `/customers/${id}`,
    { name },
    { 'if-match': `"${body.version}"`, 'x-request-id': `req-${name.length}` },
  )
}

describe('every command', () => {
  test('leaves an audit entry and an event with ids and names of fields, never values', async ({ bank, service }) => {
    await rename(bank, '机密姓名')
    const id = await bank.customerId('1')
    const { rows: entries } = await service.owner.query(
      `select * from audit_entry where operation = 'correctCustomer' and customer_id = $1`,
      [id],
    )
    expect(entries).toMatchObject([
      {
        actor_kind: 'staff',
        actor_id: `staff:${bank.code('M1')}`,
        subject_type: 'customer',
        subject_id: id,
        request_id: 'req-4',
        customer_path: expect.stringMatching(/^\/.*\/$/),
      },
    ])
    expect(entries[0].changed).toEqual(['name'])
    const { rows: events } = await service.owner.query(
      `select * from outbox_event where customer_id = $1 and type = 'customer.updated'`,
      [id],
    )
    expect(events).toMatchObject([
      { subject_id: id, changed: expect.arrayContaining(['name']), institution_path: entries[0].customer_path },
    ])
    expect(JSON.stringify([entries, events])).not.toContain('机密姓名')
  })

  test('that is refused or fails leaves neither', async ({ bank, service }) => {
    const counts = async () =>
      (
        await service.owner.query(
          'select (select count(*) from audit_entry)::int as entries, (select count(*) from outbox_event)::int as events',
        )
      ).rows[0]
    const before = await counts()
    expect(
      (await bank.request(bank.code('M1'), 'POST', '/customers', { name: 'x', kind: 'individual', institutionCode: 'nowhere' }))
        .status,
    ).toBe(422)
    expect(
      (
        await bank.request(bank.code('R1'), 'POST', '/customers', {
          name: 'x',
          kind: 'individual',
          institutionCode: bank.code('O1'),
        })
      ).status,
    ).toBe(403)
    expect(await counts()).toEqual(before)
  })

  test('is found by auditors of the subtree, by customer, actor, operation and day, and by nobody else', async ({ bank }) => {
    await rename(bank, '改名')
    const id = await bank.customerId('1')
    const ask = async (caller: string, query: string) => bank.request(caller, 'GET', `/audit-entries?${query}`)
    expect(
      (
        await ask(
          bank.code('U1'),
          `customerId=${id}&operation=correctCustomer&actorId=staff:${bank.code('M1')}&from=2026-11-22&to=2026-11-22`,
        )
      ).body.items,
    ).toHaveLength(1)
    expect((await ask(bank.code('U1'), `customerId=${id}&from=2026-11-23`)).body.items).toEqual([])
    expect((await ask(bank.code('M1'), `customerId=${id}`)).status).toBe(403)
    const { data } = await bank.graphql(
      bank.code('U1'),
      'query ($id: ID!) { auditEntries(filter: { customerId: $id }) { nodes { operation actorId customer { name } } } }',
      { id },
    )
    expect(data.auditEntries.nodes[0]).toEqual({
      operation: 'correctCustomer',
      actorId: `staff:${bank.code('M1')}`,
      customer: { name: '改名' },
    })
  })
})

describe('the audit chain', () => {
  test('takes up what was written while nobody sealed, however long ago', async ({ bank, service }) => {
    const before = service.clock.now
    await rename(bank, '很久以前')
    service.clock.now = new Date('2026-12-20T02:00:00Z')
    await runAsSystem(service.service, sealAudit)
    service.clock.now = before
    const { rows } = await service.owner.query(
      'select count(*)::int as n from audit_entry e where not exists (select from audit_link l where l.entry_id = e.id)',
    )
    expect(rows[0].n).toBe(0)
  })

  test('knows no days at the ends of the calendar', async ({ bank }) => {
    for (const query of ['from=9999-12-31&to=9999-12-31', 'to=9999-12-31', 'to=1800-01-02']) {
      const verified = await bank.request(bank.code('U1'), 'GET', `/audit-verification?${query}`)
      expect([verified.status, verified.body.code], query).toEqual([400, 'invalid_input'])
      expect((await bank.request(bank.code('U1'), 'GET', `/audit-entries?${query}`)).status, query).toBe(400)
    }
  })

  test('holds every committed entry once, also when sealed twice and at once, and verifies', async ({ bank, service }) => {
    await rename(bank, '一')
    await Promise.all([runAsSystem(service.service, sealAudit), runAsSystem(service.service, sealAudit)])
    await rename(bank, '二二')
    await runAsSystem(service.service, sealAudit)
    await runAsSystem(service.service, sealAudit)
    const { rows } = await service.owner.query(
      'select (select count(*) from audit_entry)::int as entries, (select count(*) from audit_link)::int as links',
    )
    expect(rows[0].links).toBe(rows[0].entries)
    expect(await verify(service)).toMatchObject({ entries: rows[0].entries, intact: true, faults: [], unsealed: 0 })
    const { rows: heads } = await service.owner.query(`select payload from outbox_event where type = 'audit.sealed'`)
    expect(heads.length).toBeGreaterThan(0)
  })

  test('can be verified by an auditor for the own subtree over both APIs', async ({ bank, service }) => {
    await rename(bank, '三三三')
    await runAsSystem(service.service, sealAudit)
    const rest = await bank.request(bank.code('U1'), 'GET', '/audit-verification?from=2026-11-20&to=2026-11-24')
    expect(rest.body).toMatchObject({ intact: true, faults: [] })
    expect(rest.body.entries).toBeGreaterThan(0)
    const { data } = await bank.graphql(
      bank.code('U1'),
      '{ auditVerification(from: "2026-11-20", to: "2026-11-24") { entries intact faults { fault } } }',
    )
    expect(data.auditVerification).toEqual({ entries: rest.body.entries, intact: true, faults: [] })
    expect((await bank.request(bank.code('U1'), 'GET', '/audit-verification?from=2026-11-24&to=2026-11-20')).body.code).toBe(
      'invalid_input',
    )
  })

  test.for([
    [
      'an entry that was altered',
      `update audit_entry set actor_id = 'staff:nobody' where id = (select entry_id from audit_link order by chain_path, chain_day, position desc limit 1)`,
      'entry_altered',
    ],
    [
      'an entry that was removed',
      `delete from audit_entry where id = (select entry_id from audit_link order by chain_path, chain_day, position limit 1)`,
      'entry_missing',
    ],
    [
      'a link that was removed',
      `delete from audit_link where entry_id = (select entry_id from audit_link l where position > 1 order by chain_path, chain_day, position limit 1)`,
      'link_missing',
    ],
    [
      'a chain whose end was cut',
      `delete from audit_link where (chain_path, chain_day, position) in (select chain_path, chain_day, max(position) from audit_link group by 1, 2)`,
      'head_mismatch',
    ],
    [
      'a chain that was removed whole',
      `with gone as (delete from audit_link returning entry_id) delete from audit_entry where id in (select entry_id from gone)`,
      'head_mismatch',
    ],
    ['a chain that was written anew', `update audit_link set hash = sha256(hash) where position = 1`, 'entry_altered'],
  ])('tells of %s', async ([, tamper, fault], { bank, service }) => {
    await rename(bank, '四四四四')
    await runAsSystem(service.service, sealAudit)
    expect((await verify(service)).intact).toBe(true)
    await service.owner.query('begin')
    try {
      await service.owner.query(tamper!)
      await service.owner.query('commit')
      const result = await verify(service)
      expect(result.intact).toBe(false)
      expect(result.faults.map((one: any) => one.fault)).toContain(fault)
    } finally {
      // The next test begins with a whole chain.
      await service.owner.query(
        `delete from audit_link; delete from audit_entry; delete from outbox_event where type = 'audit.sealed'`,
      )
    }
  })
})
