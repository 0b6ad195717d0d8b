import { connect, type AddressInfo } from 'node:net'
import { describe, expect } from 'vitest'
import { analysedBank, isIn, type Known, yuan } from './analysed-bank.ts'
import { type Caller, test, type TestBank, type TestService } from '../../setup/service.ts'

const ofBranch = ({ outlet }: Known): boolean => outlet !== 'B2'

const exported = (bank: TestBank, caller: Caller, segmentId: string, query = '', accept = 'application/x-ndjson') =>
  bank.request(caller, 'GET', `/segments/${segmentId}/members/export${query}`, undefined, { accept })

const linesOf = (body: string): any[] =>
  body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const entries = async ({ owner }: TestService, segmentId: string): Promise<any[]> =>
  (
    await owner.query(
      `select actor_id, operation, details from audit_entry where subject_id = $1 and details ->> 'access' = 'export' and customer_id is null order by at, id`,
      [segmentId],
    )
  ).rows

describe('the export of a segment', () => {
  test('streams its members with the facts asked for, as NDJSON', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    const { status, headers, body } = await exported(
      bank,
      bank.code('M1'),
      segments.a,
      '?facts=aum,lifecycleStage,eChannels,receivesSalary,tenure',
    )
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
    const lines = linesOf(body)
    const members = known.filter((one) => ofBranch(one) && isIn(one, 'a'))
    const months = (since: string): number =>
      (2026 - Number(since.slice(0, 4))) * 12 + 11 - Number(since.slice(5, 7)) - (since.slice(8) > '22' ? 1 : 0)
    expect(Object.keys(lines[0])).toEqual([
      'customerId',
      'coreNumber',
      'name',
      'enteredOn',
      'aum',
      'lifecycleStage',
      'eChannels',
      'receivesSalary',
      'tenure',
    ])
    // Who looked at a customer: each who was sent has an entry, nobody else.
    const { rows: looked } = await service.owner.query(
      `select customer_id, changed from audit_entry where subject_id = $1 and details ->> 'access' = 'export' and customer_id is not null`,
      [segments.a],
    )
    expect(looked.map(({ customer_id }) => customer_id).toSorted()).toEqual(members.map((one) => one.id).toSorted())
    const accesses = await bank.request(bank.code('U1'), 'GET', `/customers/${members[0]!.id}/accesses?access=export`)
    expect(accesses.body.items, JSON.stringify(accesses.body)).toMatchObject([
      { access: 'export', actorId: `staff:${bank.code('M1')}`, operation: 'exportSegmentMembers', fields: looked[0].changed },
    ])
    expect(new Map(lines.map(({ customerId, ...line }) => [customerId, line]))).toEqual(
      new Map(
        members.map(({ id, aum, stage, channels, receivesSalary, customerSince, stays }) => [
          id,
          {
            coreNumber: expect.stringContaining(bank.code('X')),
            name: expect.stringContaining('客户'),
            enteredOn: stays['a']!.find(({ leftOn }) => leftOn === null)!.enteredOn,
            aum: yuan(aum),
            lifecycleStage: stage,
            eChannels: channels,
            receivesSalary,
            tenure: months(customerSince),
          },
        ]),
      ),
    )
  })

  test('is CSV for whoever accepts that, or asks for it', async ({ bank, service }) => {
    const { known, segments, channels } = await analysedBank(bank, service)
    await service.owner.query(`update customer set name = '甲, "一"' where id = $1`, [
      known.find((one) => ofBranch(one) && isIn(one, 'a'))!.id,
    ])
    const { headers, body } = await exported(bank, bank.code('M1'), segments.a, '?facts=aum,eChannels,lifecycleStage', 'text/csv')
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="members.csv"',
    })
    const lines = String(body).split('\r\n')
    expect(lines[0]).toBe('customerId,coreNumber,name,enteredOn,aum,eChannels,lifecycleStage')
    expect(lines.at(-1)).toBe('')
    expect(lines.length - 2).toBe(known.filter((one) => ofBranch(one) && isIn(one, 'a')).length)
    expect(lines.filter((line) => line.includes('"甲, ""一"""'))).toHaveLength(1)
    expect(lines.some((line) => line.includes(`,${channels[0]} ${channels[1]}`))).toBe(true)
    const asked = await exported(bank, bank.code('M1'), segments.a, '?format=csv', 'application/json')
    expect(asked.headers['content-type']).toContain('text/csv')
    const anything = await exported(bank, bank.code('M1'), segments.a, '', 'application/pdf, */*;q=0.1')
    expect(anything.headers['content-type']).toContain('ndjson')
  })

  test('holds no more than the caller may see', async ({ bank, service }) => {
    const { known, segments, headOffice } = await analysedBank(bank, service)
    const seen: [Caller, (one: Known) => boolean, string][] = [
      [bank.code('R1'), ({ keeper }) => keeper === 'R1', ''],
      [bank.code('R2'), () => false, ''],
      [bank.code('M2'), ({ outlet }) => outlet === 'B2', ''],
      [bank.code('M1'), ({ outlet }) => outlet === 'O2', `?institutionId=${await bank.idOf('institution', 'O2')}`],
      [headOffice, () => true, ''],
    ]
    for (const [caller, sees, query] of seen) {
      const { body } = await exported(bank, caller, segments.a, query)
      expect(
        linesOf(body)
          .map(({ customerId }) => customerId)
          .sort(),
        String(caller),
      ).toEqual(
        known
          .filter((one) => sees(one) && isIn(one, 'a'))
          .map(({ id }) => id)
          .sort(),
      )
    }
    expect(linesOf((await exported(bank, bank.code('M1'), segments.c)).body)).toEqual([])
  })

  test('leaves the beginning and the count in the audit log, and events', async ({ bank, service }) => {
    const { known, segments } = await analysedBank(bank, service)
    await exported(bank, bank.code('M1'), segments.a, '?facts=aum,lifecycleStage')
    const customers = known.filter((one) => ofBranch(one) && isIn(one, 'a')).length
    const shared = { access: 'export', format: 'ndjson', facts: 'aum lifecycleStage', exportId: expect.any(String) }
    expect(await entries(service, segments.a)).toEqual([
      { actor_id: `staff:${bank.code('M1')}`, operation: 'exportSegmentMembers', details: shared },
      {
        actor_id: `staff:${bank.code('M1')}`,
        operation: 'exportSegmentMembers',
        details: { ...shared, customers, complete: true },
      },
    ])
    const { rows } = await service.owner.query(
      `select type from outbox_event where subject_id = $1 and type like 'segment.export%' order by occurred_at, id`,
      [segments.a],
    )
    expect(rows).toEqual([{ type: 'segment.export_started' }, { type: 'segment.exported' }])
  })

  test('reads a thousand at a time, each once, and ends when the reader goes away', async ({ bank, service }) => {
    const { segments } = await analysedBank(bank, service, 4)
    await service.owner.query(
      `insert into customer (id, kind, status, core_number, source, name, name_folded, institution_id, institution_path, as_of, created_at, updated_at)
       select gen_random_uuid(), 'individual', 'active', $1 || n, 'core', $3 || n, $3 || n, i.id, i.path, now(), now(), now() from generate_series(1, 12000) n, institution i where i.code = $2`,
      [bank.code('Y'), bank.code('O1'), '名'.repeat(150)],
    )
    await service.owner.query(
      `insert into customer_fact (customer_id, institution_path, as_of, refreshed_at, kind, status, aum) select id, institution_path, '2026-11-22', now(), kind, status, 5 from customer where core_number like $1`,
      [`${bank.code('Y')}%`],
    )
    await service.owner.query(
      `insert into segment_membership (customer_id, id, institution_path, segment_id, entered_on, entered_at) select id, gen_random_uuid(), institution_path, $2, '2026-11-22', now() from customer where core_number like $1`,
      [`${bank.code('Y')}%`, segments.c],
    )
    service.statements.length = 0
    const { body } = await exported(bank, bank.code('M1'), segments.c)
    const found = linesOf(body).map(({ customerId }) => customerId)
    expect([found.length, new Set(found).size]).toEqual([12_000, 12_000])
    expect(service.statements.filter((text) => text.includes('from segment_membership m join customer c'))).toHaveLength(13)

    if (!service.app.server.listening) await service.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = service.app.server.address() as AddressInfo
    const token = await service.tokenOf(bank.code('M1'))
    await new Promise<void>((gone) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(
          `GET /v1/segments/${segments.c}/members/export HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`,
        ),
      )
      socket.once('data', () => socket.destroy())
      socket.once('close', () => gone())
    })
    await expect
      .poll(async () => (await entries(service, segments.c)).at(-1)?.details)
      .toMatchObject({ complete: false, customers: expect.any(Number) })
    const { customers } = (await entries(service, segments.c)).at(-1)!.details
    expect(customers).toBeLessThan(12_000)
  })

  test('is refused without the permission, of what there is not, and in what it cannot be', async ({ bank, service }) => {
    const { segments } = await analysedBank(bank, service, 4)
    const nobody = '019ac000-0000-7000-8000-000000000000'
    const refused = async (caller: Caller, id: string, query = '', accept = '*/*'): Promise<unknown[]> => {
      const { status, body } = await exported(bank, caller, id, query, accept)
      return [status, body.code, body.errors?.[0]?.pointer]
    }
    expect(await refused(bank.code('T1'), segments.a)).toEqual([403, 'not_permitted', undefined])
    expect(await refused(bank.code('M1'), nobody)).toEqual([404, 'not_found', undefined])
    expect(await refused(bank.code('M1'), segments.a, '?facts=wealth')).toEqual([400, 'invalid_input', '/facts/0'])
    expect(await refused(bank.code('M1'), segments.a, '?facts=aum,aum')).toEqual([400, 'invalid_input', '/facts'])
    expect(await refused(bank.code('M1'), segments.a, `?institutionId=${nobody}`)).toMatchObject([
      expect.any(Number),
      'unknown_reference',
      '/institutionId',
    ])
    expect(await refused(bank.code('M1'), segments.a, '', 'application/pdf')).toEqual([400, 'invalid_input', '/Accept'])
    expect(await entries(service, segments.a)).toEqual([])
  })
})
