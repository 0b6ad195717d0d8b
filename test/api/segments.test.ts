import { describe, expect } from 'vitest'
import { type Caller, test, type TestBank } from '../setup/service.ts'
import { refreshAll } from './facts.ts'

/** Somebody of the head office who may do all that has to do with segments. */
async function headOffice(bank: TestBank): Promise<Caller> {
  await bank.feed('staff', [{ externalId: bank.code('KH'), name: '总行', institutionCode: 'HO', roles: ['marketing'] }])
  return bank.code('KH')
}

const make = async (bank: TestBank, caller: Caller, code: string, rule: object | undefined, more: object = {}): Promise<any> => {
  const { status, body } = await bank.request(caller, 'POST', '/segments', {
    code: `${bank.name}-${code}`,
    name: code,
    ...(rule && { rule }),
    ...more,
  })
  expect(status, JSON.stringify(body)).toBe(201)
  const active = await bank.request(caller, 'POST', `/segments/${body.id}/activation`, {}, { 'if-match': '"1"' })
  expect(active.status, JSON.stringify(active.body)).toBe(200)
  return active.body
}
const within = (bank: TestBank, ...rules: object[]) => ({
  all: [{ fact: 'institutions', overlaps: [bank.code('B1')] }, ...rules],
})
const members = async (bank: TestBank, caller: Caller, id: string, query = ''): Promise<string[]> => {
  const { status, body } = await bank.request(caller, 'GET', `/segments/${id}/members${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.items.map(({ customer }: any) => customer.coreNumber.slice(bank.name.length + 1)).sort()
}

describe('a segment', () => {
  test('lets in and out whom its rule says, with the facts that decided, and an event each', async ({ bank, service }) => {
    const caller = await headOffice(bank)
    const segment = await make(bank, caller, 'wealthy', within(bank, { fact: 'aum', gte: '2000.00' }))
    await bank.request(caller, 'POST', '/refreshes', { kind: 'full' })
    await refreshAll(service)
    expect(await members(bank, caller, segment.id)).toEqual(['2', '3'])
    expect(await members(bank, bank.code('R2'), segment.id)).toEqual(['2'])
    await bank.feed('balances', [
      { holdingExternalId: bank.code('A1'), day: '2026-11-22', amount: '2500.00' },
      { holdingExternalId: bank.code('A2'), day: '2026-11-22', amount: '10.00' },
    ])
    await refreshAll(service)
    expect(await members(bank, caller, segment.id)).toEqual(['1', '3'])
    const { rows } = await service.owner.query(
      `select c.core_number, m.entered_facts, m.left_facts, m.left_reason from segment_membership m join customer c on c.id = m.customer_id where m.segment_id = $1 order by 1`,
      [segment.id],
    )
    expect(rows.map(({ core_number, ...row }) => [core_number.slice(-1), row])).toEqual([
      ['1', { entered_facts: { aum: '250000', institutions: expect.anything() }, left_facts: null, left_reason: null }],
      [
        '2',
        {
          entered_facts: { aum: '200000', institutions: expect.anything() },
          left_facts: { aum: '1000', institutions: expect.anything() },
          left_reason: 'rule',
        },
      ],
      ['3', { entered_facts: { aum: '300000', institutions: expect.anything() }, left_facts: null, left_reason: null }],
    ])
    const { rows: events } = await service.owner.query(
      `select type, count(*)::int as n from outbox_event where subject_id = $1 and type in ('segment.entered', 'segment.left') group by 1 order by 1`,
      [segment.id],
    )
    expect(events).toEqual([
      { type: 'segment.entered', n: 3 },
      { type: 'segment.left', n: 1 },
    ])
    const preview = await bank.request(caller, 'POST', '/segments/preview', {
      rule: within(bank, { fact: 'aum', lt: '1000.00' }),
      segmentId: segment.id,
    })
    expect([preview.status, preview.body], JSON.stringify(preview.body)).toMatchObject([
      200,
      { customers: 1, aum: { amount: '10.00' }, entering: 1, leaving: 2, sample: [{ name: '李伟' }] },
    ])
  })
})
