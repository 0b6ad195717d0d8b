import { type Bench, get, nth, post } from '../bench.ts'
import { compareAnswers, measure, ratio, type Side } from '../measure.ts'
import { atLeast, atMost, type Line } from '../report.ts'
import { drawSample } from '../sample.ts'
import { readByIdOf } from './reads.ts'

const overviewQuery = `query Overview($id: ID!) { customerOverview(customerId: $id) {
  customer { id name kind status aum { amount currency } institution { code name } relationshipManager { number name } }
  holdingsByFamily { family holdings balance { amount currency } }
  aumByMonth { monthEnd amount { amount currency } }
  upcomingKeyDates { day kind name years }
  keyPeople { id name role title }
  relationships { id kind since }
  groups { id kind }
  profile { incomeBand riskAppetite companySize situations interests }
  tiers { scheme rank since belowSince }
  classifications { kind value beganOn }
  segments { segmentId enteredOn }
  consents { channel purpose decision givenAt }
  contactPreference { preferredChannels doNotContact }
  needs { id kind amount { amount currency } horizonOn }
  lifeEvents { id title happenedOn }
  privilegeGrants { id privilege }
  quality { score missing documentsToReview confirmedAt stale }
  timeline { at event subjectId label amount { amount currency } staff { number name } } } }`

/** The 360-degree view over GraphQL, by the relationship manager, against one statement that somebody wrote by hand. */
export async function overview(bench: Bench): Promise<Line[]> {
  const { managers } = await drawSample(bench.bank)
  const asked = await Promise.all(
    managers.map(async ({ number, customers }) => ({ token: await bench.bank.token({ sub: number }), customers })),
  )
  const customerOf = (turn: number): string => nth(nth(asked, turn).customers, Math.floor(turn / asked.length))
  const ours: Side = {
    name: 'the service',
    server: await bench.service(),
    bank: bench.bank,
    request: (turn) => post('/graphql', { query: overviewQuery, variables: { id: customerOf(turn) } }, nth(asked, turn).token),
    plain(answer) {
      const { data, errors } = answer as { data: { customerOverview: unknown }; errors?: unknown }
      if (errors !== undefined) throw new Error(`customer 360: ${JSON.stringify(errors)}`)
      return data.customerOverview
    },
  }
  const theirs: Side = {
    ...ours,
    name: 'the hand-written server',
    server: await bench.handWritten(),
    request: (turn) => get(`/overviews/${customerOf(turn)}`),
    plain: (answer) => answer,
  }
  await compareAnswers([ours, theirs])
  const rounds = await measure([ours, theirs], bench.measuring)
  return [
    {
      case: 'customer 360: requests/s to hand-written',
      value: ratio(rounds, ours, theirs, 'perSecond'),
      unit: '×',
      bound: atLeast(0.6),
    },
    { case: 'customer 360: CPU to hand-written', value: ratio(rounds, ours, theirs, 'cpu'), unit: '×' },
  ]
}

const ENTRIES = 10_000
const PAGES = 40

/** Pages of the timeline of a customer with ten thousand entries, all over it, against the read of one customer by id. */
export async function timeline(bench: Bench): Promise<Line[]> {
  const { bank } = bench
  const { manager, customers } = await drawSample(bank)
  const token = await bank.token({ sub: manager })
  const { rows } = await bank.client.query<{ id: string; holding: string }>(
    `select h.customer_id as id, h.id as holding from holding h where h.customer_id = any ($1) order by h.id limit 1`,
    [customers],
  )
  const { id, holding } = rows[0]!
  await bank.client.query(
    `insert into movement (customer_id, id, institution_path, holding_id, source, external_id, direction, amount, currency, booked_on, channel, purpose, status, as_of, created_at, updated_at)
    select h.customer_id, gen_random_uuid(), h.institution_path, h.id, 'bench', 'timeline-' || n, 'in', n, h.currency, current_date - (n / 5), 'mobile', 'other', 'booked', now(), now(), now()
    from holding h, generate_series(1, $3::int) n where h.customer_id = $1 and h.id = $2`,
    [id, holding, ENTRIES],
  )
  try {
    await bank.client.query('analyze movement')
    const read = await readByIdOf(bench, bank)
    const url = `/v1/customers/${id}/timeline?limit=50`
    const cursors = ['']
    while (cursors.length < PAGES) {
      const response = await fetch(read.server.url + url + cursors.at(-1)!, { headers: { authorization: `Bearer ${token}` } })
      const { nextCursor } = (await response.json()) as { nextCursor: string | null }
      if (nextCursor === null) throw new Error('The timeline is shorter than it should be.')
      cursors.push(`&cursor=${nextCursor}`)
    }
    const pages: Side = { ...read, name: 'timeline', request: (turn) => get(url + nth(cursors, turn), token) }
    const rounds = await measure([read, pages], bench.measuring)
    return [
      {
        case: 'timeline page at 10,000 entries: CPU to read by id',
        value: ratio(rounds, pages, read, 'cpu'),
        unit: '×',
        bound: atMost(4),
      },
    ]
  } finally {
    await bank.client.query(`delete from movement where customer_id = $1 and source = 'bench'`, [id])
  }
}

/** Key dates of the customers of a branch in the next thirty days, first page, against the read of one customer by id. */
export async function upcomingKeyDates(bench: Bench): Promise<Line[]> {
  const { bank } = bench
  const { manager } = await drawSample(bank)
  const token = await bank.token({ sub: manager })
  const read = await readByIdOf(bench, bank)
  const dates: Side = {
    ...read,
    name: 'upcoming key dates',
    request: () => get('/v1/upcoming-key-dates?days=30&limit=50', token),
  }
  const rounds = await measure([read, dates], bench.measuring)
  return [
    {
      case: 'upcoming key dates of a branch: CPU to read by id',
      value: ratio(rounds, dates, read, 'cpu'),
      unit: '×',
      bound: atMost(50),
    },
  ]
}
