import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import type { Bank } from '../bank.ts'
import { type Bench, nth, post } from '../bench.ts'
import { compareAnswers, measure, ratio, type Side } from '../measure.ts'
import { atMost, type Line } from '../report.ts'
import { drawSample } from '../sample.ts'

const MARK = 'bench-'

interface MovementAnswer {
  readonly customerId: string
  readonly holdingId: string
  readonly direction: string
  readonly amount: object
  readonly bookedOn: string
  readonly channel: string
  readonly purpose: string
  readonly status: string
}

/** One movement from the core system: ours with scope, idempotency, audit and outbox, theirs with an audit row. */
export async function write(bench: Bench): Promise<Line[]> {
  const { bank } = bench
  const holdings = await currentAccounts(bank)
  const token = await bank.token({ sub: 'core-banking', client_id: 'core-banking' })
  const movement = (turn: number) => ({
    holdingExternalId: nth(holdings, turn).externalId,
    direction: turn % 2 === 0 ? 'in' : 'out',
    amount: `${1 + (turn % 9_999)}.25`,
    bookedOn: new Date().toISOString().slice(0, 10),
    channel: 'mobile',
    purpose: 'household',
  })
  const plain = (answer: unknown): unknown => {
    const { customerId, holdingId, direction, amount, bookedOn, channel, purpose, status } = answer as MovementAnswer
    return { customerId, holdingId, direction, amount, bookedOn, channel, purpose, status }
  }
  const ours: Side = {
    name: 'the service',
    server: await bench.service(),
    bank,
    request: (turn) => {
      const { headers, body } = post('', movement(turn), token, { 'idempotency-key': randomUUID() })
      return { method: 'PUT', path: `/v1/movements/by-external-id/core/${MARK}${randomUUID()}`, headers, body: body! }
    },
    plain,
  }
  const theirs: Side = {
    ...ours,
    name: 'the hand-written server',
    server: await bench.handWritten(),
    request: (turn) => post('/movements', { ...movement(turn), id: v7(), auditId: v7(), externalId: `${MARK}${randomUUID()}` }),
  }
  const since = new Date()
  try {
    await compareAnswers([ours, theirs])
    const rounds = await measure([ours, theirs], bench.measuring)
    return [
      {
        case: 'write of a movement: CPU to hand-written',
        value: ratio(rounds, ours, theirs, 'cpu'),
        unit: '×',
        bound: atMost(2),
      },
      { case: 'write of a movement: requests/s to hand-written', value: ratio(rounds, ours, theirs, 'perSecond'), unit: '×' },
    ]
  } finally {
    await takeBack(bank, since)
  }
}

async function currentAccounts(bank: Bank): Promise<readonly { readonly externalId: string }[]> {
  const { customers } = await drawSample(bank)
  const { rows } = await bank.client.query<{ externalId: string }>(
    `select h.external_id as "externalId" from holding h join product p on p.id = h.product_id
    where h.customer_id = any ($1) and p.family = 'deposit' and h.status = 'active' and h.source = 'core' order by md5(h.id::text)`,
    [customers],
  )
  return rows
}

/** Leaves the bank as it was found. */
async function takeBack({ client }: Bank, since: Date): Promise<void> {
  await client.query(`delete from movement where external_id like $1 || '%'`, [MARK])
  await client.query('delete from audit_link where entry_id in (select id from audit_entry where at >= $1)', [since])
  await client.query('delete from audit_entry where at >= $1', [since])
  await client.query('delete from outbox_event where occurred_at >= $1', [since])
  await client.query('delete from idempotency where created_at >= $1', [since])
}
