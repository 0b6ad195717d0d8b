import { type Bench, get, nth, post } from '../bench.ts'
import { calendar } from '../contenders/customer-json.ts'
import { compareAnswers, measure, ratio, type Side } from '../measure.ts'
import { atLeast, atMost, type Line } from '../report.ts'
import { drawSample } from '../sample.ts'
import { minorUnits, type Money } from './money.ts'

/** One customer by id over REST, by the manager of their branch. */
export async function readById(bench: Bench): Promise<Line[]> {
  const [ours, handWritten] = [await readByIdOf(bench, bench.bank), await bench.handWritten()]
  const { customers } = await drawSample(bench.bank)
  const theirs: Side = {
    ...ours,
    name: 'the hand-written server',
    server: handWritten,
    request: (turn) => get(`/customers/${nth(customers, turn)}`),
  }
  await compareAnswers([ours, theirs])
  const rounds = await measure([ours, theirs], bench.measuring)
  return [
    { case: 'read by id: CPU to hand-written', value: ratio(rounds, ours, theirs, 'cpu'), unit: '×', bound: atMost(1.6) },
    {
      case: 'read by id: requests/s to hand-written',
      value: ratio(rounds, ours, theirs, 'perSecond'),
      unit: '×',
      bound: atLeast(0.6),
    },
  ]
}

/** Our side of `readById`, which other cases compare with. */
export async function readByIdOf(bench: Bench, bank: Bench['bank']): Promise<Side> {
  const { manager, customers } = await drawSample(bank)
  const token = await bank.token({ sub: manager })
  return {
    name: 'the service',
    server: bank === bench.bank ? await bench.service() : await bench.freshService(bank),
    bank,
    request: (turn) => get(`/v1/customers/${nth(customers, turn)}`, token),
    plain: (answer) => answer,
  }
}

interface Holding {
  readonly accountNumber: string
  readonly status: string
  readonly maturesOn?: string | null
  readonly balance: Money
  readonly product: object
}

interface CustomerAnswer {
  readonly aum: Money
  readonly holdings: readonly Holding[]
  readonly aumByMonth?: readonly { readonly monthEnd: string; readonly amount: Money }[]
}

const pageQuery = `query Page($id: ID!) { customer(customerId: $id) {
  id name kind aum { amount currency } institution { code name } relationshipManager { number name }
  holdings { id accountNumber status maturesOn balance { amount currency } product { name family } }
  aumByMonth(months: 12) { monthEnd amount { amount currency } } } }`

const pagePeerQuery = `query Page($id: UUID!, $months: [Date]) { customer: customerByRowId(rowId: $id) {
  id: rowId name kind aum institution { code name } relationshipManager { number name }
  holdings: holdingsByCustomerId(orderBy: [ACCOUNT_NUMBER_ASC, ROW_ID_ASC]) { nodes { id: rowId accountNumber status maturesOn balance currency product { name family } } }
  aumByMonth(months: $months) { nodes { day amount } } } }`

const listQuery = `query List($manager: ID!) { customers(filter: { relationshipManagerId: $manager }, orderBy: aum_desc, first: 50) {
  nodes { id name kind aum { amount currency } holdings { accountNumber status balance { amount currency } product { name } } } } }`

const listPeerQuery = `query List($manager: UUID!) { allCustomers(condition: { relationshipManagerId: $manager }, orderBy: [AUM_DESC, ROW_ID_DESC], first: 50) {
  nodes { id: rowId name kind aum holdings: holdingsByCustomerId(orderBy: [ACCOUNT_NUMBER_ASC, ROW_ID_ASC]) { nodes { accountNumber status balance currency product { name } } } } } }`

/** The customer page over GraphQL, by the relationship manager. */
export async function customerPage(bench: Bench): Promise<Line[]> {
  const { managers } = await drawSample(bench.bank)
  const asked = await Promise.all(
    managers.map(async ({ number, customers }) => ({ token: await bench.bank.token({ sub: number }), customers })),
  )
  const customerOf = (turn: number): string => nth(nth(asked, turn).customers, Math.floor(turn / asked.length))
  const { months } = calendar()
  return againstPeers(bench, 'customer page', {
    ours: (turn) => post('/graphql', { query: pageQuery, variables: { id: customerOf(turn) } }, nth(asked, turn).token),
    handWritten: (turn) => get(`/pages/${customerOf(turn)}`),
    postgraphile: (turn) => post('/graphql', { query: pagePeerQuery, variables: { id: customerOf(turn), months } }),
    plain: ({ customer }: { customer: CustomerAnswer }) => plainCustomer(customer),
    peerPlain: ({ customer }: { customer: PeerCustomer }) => plainPeer(customer),
  })
}

/** The list of the 50 largest customers of a relationship manager with their holdings over GraphQL. */
export async function customerList(bench: Bench): Promise<Line[]> {
  const { managers } = await drawSample(bench.bank)
  const asked = await Promise.all(
    managers.map(async ({ number, id }) => ({ token: await bench.bank.token({ sub: number }), id })),
  )
  return againstPeers(bench, 'list of 50', {
    ours: (turn) => post('/graphql', { query: listQuery, variables: { manager: nth(asked, turn).id } }, nth(asked, turn).token),
    handWritten: (turn) => get(`/lists/${nth(asked, turn).id}`),
    postgraphile: (turn) => post('/graphql', { query: listPeerQuery, variables: { manager: nth(asked, turn).id } }),
    plain: ({ customers }: { customers: { nodes: readonly CustomerAnswer[] } }) => customers.nodes.map(plainCustomer),
    peerPlain: ({ allCustomers }: { allCustomers: { nodes: readonly PeerCustomer[] } }) => allCustomers.nodes.map(plainPeer),
  })
}

interface Question<A, P> {
  readonly ours: Side['request']
  readonly handWritten: Side['request']
  readonly postgraphile: Side['request']
  /** What an answer of ours says, and one of the hand-written server once it stands where ours does. */
  readonly plain: (data: A) => unknown
  readonly peerPlain: (data: P) => unknown
}

async function againstPeers<A, P>(bench: Bench, name: string, question: Question<A, P>): Promise<Line[]> {
  const { bank } = bench
  const dataOf = (answer: unknown): unknown => {
    const { data, errors } = answer as { data: unknown; errors?: unknown }
    if (errors !== undefined) throw new Error(`${name}: ${JSON.stringify(errors)}`)
    return data
  }
  // The hand-written server answers the thing itself, without the names above it.
  const bare = (answer: unknown): A =>
    (Array.isArray(answer) ? { customers: { nodes: answer } } : { customer: answer }) as unknown as A
  const ours: Side = {
    name: 'the service',
    server: await bench.service(),
    bank,
    request: question.ours,
    plain: (answer) => question.plain(dataOf(answer) as A),
  }
  const handWritten: Side = {
    name: 'the hand-written server',
    server: await bench.handWritten(),
    bank,
    request: question.handWritten,
    plain: (answer) => question.plain(bare(answer)),
  }
  const postgraphile: Side = {
    name: 'PostGraphile',
    server: await bench.postgraphile(),
    bank,
    request: question.postgraphile,
    plain: (answer) => question.peerPlain(dataOf(answer) as P),
  }
  await compareAnswers([ours, handWritten, postgraphile])
  const rounds = await measure([ours, handWritten, postgraphile], bench.measuring)
  return [
    { case: `${name}: CPU to hand-written`, value: ratio(rounds, ours, handWritten, 'cpu'), unit: '×', bound: atMost(1.8) },
    { case: `${name}: requests/s to hand-written`, value: ratio(rounds, ours, handWritten, 'perSecond'), unit: '×' },
    {
      case: `${name}: requests/s to PostGraphile`,
      value: ratio(rounds, ours, postgraphile, 'perSecond'),
      unit: '×',
      bound: atLeast(1.5),
    },
    { case: `${name}: CPU to PostGraphile`, value: ratio(rounds, ours, postgraphile, 'cpu'), unit: '×' },
  ]
}

/** Amounts in minor units, so that both spellings of money compare. */
function plainCustomer({ aum, holdings, aumByMonth, ...rest }: CustomerAnswer): unknown {
  return {
    ...rest,
    aum: minorUnits(aum),
    holdings: holdings.map(({ balance, ...holding }) => ({
      ...holding,
      balance: minorUnits(balance),
      currency: balance.currency,
    })),
    ...(aumByMonth && { aumByMonth: aumByMonth.map(({ monthEnd, amount }) => [monthEnd, minorUnits(amount)]) }),
  }
}

interface PeerCustomer {
  readonly holdings: { readonly nodes: readonly object[] }
  readonly aumByMonth?: { readonly nodes: readonly { readonly day: string; readonly amount: string }[] }
}

function plainPeer({ holdings, aumByMonth, ...rest }: PeerCustomer): unknown {
  return {
    ...rest,
    holdings: holdings.nodes,
    ...(aumByMonth && { aumByMonth: aumByMonth.nodes.map(({ day, amount }) => [day, amount]) }),
  }
}
