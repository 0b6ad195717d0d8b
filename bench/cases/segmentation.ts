import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import type { Bank } from '../bank.ts'
import { type Bench, get, nth, post, serviceFlags } from '../bench.ts'
import { factsByHand, valuesByHand } from '../contenders/facts-by-hand.ts'
import { segmentation, sumsOfFacts } from '../contenders/fingerprints.ts'
import { benchSegments, evaluateByHand } from '../contenders/segments.ts'
import { compareAnswers, measure, median, ratio, type Side } from '../measure.ts'
import { forgetPeak, residentMemory, type Server, startServer } from '../processes.ts'
import { atLeast, atMost, type Line } from '../report.ts'

/** Marketing at the head office: reads facts, writes segments and refreshes them. */
const MARKETING = { sub: 'S00003' }
/** The smallest bank whose growth is looked at. */
const FEWEST_CUSTOMERS = 100
/** What one customer in so many has changed since the last evaluation. */
const CHANGED_ONE_IN = 50
/** What one in so many has changed in the course of a day. */
const STALE_ONE_IN = 100
/** A full refresh of a million customers takes minutes. */
const MOST_ROUNDS = 2

/** Segments and tiers by one scan, against the same conditions and writes in a statement by hand; and how long refreshes take. */
export async function refreshes(bench: Bench): Promise<Line[]> {
  const { bank } = bench
  await activateSegments(bench)
  const refresher = await startRefresher(bank)
  try {
    forgetPeak(refresher.pid)
    const full = await rebuilds(bench, refresher)
    const incremental: number[] = []
    // What doubles in one round is halved in the next.
    for (const factor of [2, 0.5])
      incremental.push((await refresh(bank, refresher, 'incremental', () => changeAssets(bank, factor))).all)
    const evaluation = await againstHand(bench, refresher)
    const peak = residentMemory(refresher.pid)?.peak
    return [
      ...evaluation,
      {
        case: `refresh of one customer in ${STALE_ONE_IN}: time to a full one`,
        value: median(incremental) / full.all,
        unit: '×',
        bound: atMost(0.05),
      },
      {
        case: 'full refresh, facts: time to hand-written',
        value: full.ratio,
        unit: '×',
        bound: atMost(1.5),
      },
      { case: 'full refresh', value: full.all, unit: 's' },
      { case: 'full refresh, facts alone', value: full.facts, unit: 's' },
      { case: 'refreshes: peak memory', value: peak === undefined ? undefined : peak / 1e6, unit: 'MB', bound: atMost(250) },
      ...(await growth(bench, full.all)),
    ]
  } finally {
    await refresher.stop()
  }
}

/** Full refreshes and, in turn, one statement for the facts of everybody, which is taken back. */
async function rebuilds({ bank, options }: Bench, refresher: Server): Promise<Took & { readonly ratio: number }> {
  const took: Took[] = [await refresh(bank, refresher, 'full')]
  const byHand: number[] = []
  for (let round = 0; round < (options.smoke ? 1 : Math.min(options.rounds, MOST_ROUNDS)); round++) {
    await bank.client.query('vacuum analyze customer_fact')
    byHand.push(await rebuildByHand(bank))
    await bank.client.query('vacuum customer_fact')
    took.push(await refresh(bank, refresher, 'full'))
    console.error(`  facts: ${took.at(-1)!.facts.toFixed(1)} s, by hand ${byHand.at(-1)!.toFixed(1)} s`)
  }
  // The first one finds nothing in memory.
  const warm = took.slice(1)
  return {
    all: median(warm.map(({ all }) => all)),
    facts: median(warm.map(({ facts }) => facts)),
    ratio: median(warm.map(({ facts }, round) => facts / byHand[round]!)),
  }
}

/** How many seconds it takes; what it would write is compared with what the service has written for the same day. */
async function rebuildByHand({ client }: Bank): Promise<number> {
  const { rows } = await client.query<{ today: string; rates: never }>(
    `select (select max(as_of)::text from customer_fact) as today, (select definition from policy_version where kind = 'value' order by effective_on desc, version desc limit 1) as rates`,
  )
  const { today, rates } = rows[0]!
  const stored = (await client.query<Sums>(sumsOfFacts)).rows[0]!
  await client.query('begin')
  try {
    await client.query(`set local work_mem = '256MB'; set local jit = off`)
    const begun = performance.now()
    await client.query(factsByHand, valuesByHand(today, 'CNY', rates, new Date().toISOString()))
    const seconds = (performance.now() - begun) / 1000
    const written = (await client.query<Sums>(sumsOfFacts)).rows[0]!
    for (const [name, value] of Object.entries(stored))
      if (!isAsGood(written[name]!, value)) throw new Error(`Facts: ${name} is ${value}, by hand ${written[name]}.`)
    return seconds
  } finally {
    await client.query('rollback')
  }
}

type Sums = Readonly<Record<string, number | string | null>>

/** Sums of fractions depend on the order in which they are taken. */
function isAsGood(one: number | string | null, other: number | string | null): boolean {
  if (typeof one !== 'number' || typeof other !== 'number') return one === other
  return Math.abs(one - other) <= 1e-9 * Math.max(Math.abs(one), Math.abs(other))
}

/** A preview against a plain count by the same condition. */
export async function preview(bench: Bench): Promise<Line[]> {
  const { bank } = bench
  await activateSegments(bench)
  await workOutFacts(bank)
  const token = await bank.token(MARKETING)
  const ours: Side = {
    name: 'the service',
    server: await bench.service(),
    bank,
    request: (turn) => post('/v1/segments/preview', { rule: nth(benchSegments, turn * 7).rule }, token),
    plain: (answer) => ({ customers: (answer as { customers: number }).customers }),
  }
  const theirs: Side = {
    ...ours,
    name: 'the hand-written server',
    server: await bench.handWritten(),
    request: (turn) => get(`/segment-counts/${nth(benchSegments, turn * 7).code}`),
  }
  await compareAnswers([ours, theirs], 10)
  const rounds = await measure([ours, theirs], { ...bench.measuring, connections: 1, amount: 10 })
  return [
    {
      case: 'preview of a segment: CPU to a plain count',
      value: ratio(rounds, ours, theirs, 'cpu'),
      unit: '×',
      bound: atMost(3),
    },
    {
      case: 'preview of a segment: previews/s to plain counts/s',
      value: ratio(rounds, ours, theirs, 'perSecond'),
      unit: '×',
      bound: atLeast(1 / 3),
    },
  ]
}

/** Full refreshes of a bank ten times smaller, and its history of 24 month-ends. */
async function growth({ options, otherBank }: Bench, seconds: number): Promise<Line[]> {
  const customers = Math.max(FEWEST_CUSTOMERS, options.customers / 10)
  const smaller = await otherBank(customers)
  const refresher = await startRefresher(smaller)
  try {
    const times: number[] = []
    for (let round = 0; round <= Math.min(options.rounds, MOST_ROUNDS); round++)
      times.push((await refresh(smaller, refresher, 'full')).all)
    const full = median(times.slice(1))
    const history = (await refresh(smaller, refresher, 'history')).all
    return [
      {
        case: `full refresh: time, ${options.customers} to ${customers} customers`,
        value: seconds / full,
        unit: '×',
        bound: atMost(11),
      },
      { case: `history of ${customers} customers: time to a full refresh`, value: history / full, unit: '×', bound: atMost(24) },
    ]
  } finally {
    await refresher.stop()
  }
}

const startRefresher = (bank: Bank): Promise<Server> =>
  startServer(
    'bench/contenders/refresher.ts',
    { DATABASE_URL: bank.serviceUrl, DATA_DIR: bank.folder, MIGRATION_DATABASE_URL: bank.ownerUrl },
    serviceFlags,
  )

interface Took {
  readonly all: number
  readonly facts: number
}

/** Runs what waits, changes something, and runs one more refresh to the end; answers how many seconds that one took. */
async function refresh(
  bank: Bank,
  refresher: Server,
  kind: 'full' | 'incremental' | 'history',
  change: () => Promise<void> = async () => {},
): Promise<Took> {
  while (((await ask(refresher, '/step')) as { more: boolean }).more);
  await change()
  await ask(refresher, '/queue', { kind })
  const begun = performance.now()
  let facts = 0
  for (;;) {
    const step = performance.now()
    const works = await worksOutFacts(bank)
    const { more } = (await ask(refresher, '/step')) as { more: boolean }
    if (works) facts += performance.now() - step
    if (!more) break
  }
  return { all: (performance.now() - begun) / 1000, facts: facts / 1000 }
}

/** Not by `fetch`, which waits for an answer for five minutes at most: the first evaluation of a bank writes millions of stays. */
async function ask({ url }: Server, path: string, body: object = {}): Promise<unknown> {
  const sent = request(url + path, { method: 'POST', headers: { 'content-type': 'application/json' } })
  sent.end(JSON.stringify(body))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const answer = await text(response)
  if (response.statusCode !== 200) throw new Error(`${path} answers ${response.statusCode}: ${answer.slice(0, 500)}`)
  return JSON.parse(answer)
}

/** Whether the step that comes next works out facts. */
async function worksOutFacts({ client }: Bank): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from refresh_run where kind = 'full' and (state = 'queued' or state = 'running' and step = 'facts')`,
  )
  return rowCount! > 0
}

/** Changes the assets of some customers and notes that their facts are no longer true. */
async function changeAssets({ client }: Bank, factor: number): Promise<void> {
  await client.query(
    `with changed as (
      update customer set aum = (aum * $1::numeric)::bigint where ${oneIn(STALE_ONE_IN)} and status = 'active' returning id, institution_path
    ) insert into customer_fact_stale (customer_id, institution_path, since) select id, institution_path, now() from changed on conflict do nothing`,
    [factor],
  )
}

const oneIn = (count: number): string => `hashtext(id::text) % ${count} = 0`

/** A bank just made has no facts yet. */
async function workOutFacts(bank: Bank): Promise<void> {
  const { rowCount } = await bank.client.query('select from customer_fact limit 1')
  if (rowCount! > 0) return
  const refresher = await startRefresher(bank)
  try {
    await refresh(bank, refresher, 'full')
  } finally {
    await refresher.stop()
  }
  await bank.client.query('vacuum analyze customer_fact')
}

async function activateSegments(bench: Bench): Promise<void> {
  const { bank } = bench
  const [service, token] = [await bench.service(), await bank.token(MARKETING)]
  const { rows } = await bank.client.query<{ code: string }>('select code from segment')
  const known = new Set(rows.map(({ code }) => code))
  for (const { code, rule } of benchSegments.filter((one) => !known.has(one.code))) {
    const { id } = await command(service, token, '/v1/segments', { code, name: code, rule })
    await command(service, token, `/v1/segments/${id}/activation`, {}, { 'if-match': '"1"' })
  }
}

async function command(
  { url }: Server,
  token: string,
  path: string,
  body: object,
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly id: string }> {
  const { method, headers, body: sent } = post(path, body, token, more)
  const response = await fetch(url + path, { method, headers, body: sent! })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${answer.slice(0, 500)}`)
  return JSON.parse(answer) as { readonly id: string }
}

/** Evaluates what has changed of one customer in fifty, ours and by hand in turn; both write the same and take it back. */
async function againstHand({ bank, options }: Bench, refresher: Server): Promise<Line[]> {
  await bank.client.query(
    `update customer_fact set aum = aum * 3, deposit_balance = deposit_balance * 3, aum_fall_from_peak_60 = 80, profit = profit * 2
    where ${oneIn(CHANGED_ONE_IN).replace('id::text', 'customer_id::text')} and status = 'active'`,
  )
  await bank.client.query('vacuum analyze customer_fact')
  const numbers = new Map(
    (await bank.client.query<{ code: string; number: number }>('select code, number from segment')).rows.map(
      ({ code, number }) => [code, number] as const,
    ),
  )
  const sides = {
    ours: async (now: string): Promise<Evaluation> => (await ask(refresher, '/evaluation', { now })) as Evaluation,
    byHand: (now: string): Promise<Evaluation> => evaluate(bank, evaluateByHand(numbers), now),
  }
  const ratios: number[] = []
  for (let round = 0; round <= Math.min(options.rounds, MOST_ROUNDS + 1); round++) {
    const now = new Date().toISOString()
    const names = round % 2 === 0 ? (['byHand', 'ours'] as const) : (['ours', 'byHand'] as const)
    const took = { ours: 0, byHand: 0 }
    let expected: unknown
    for (const name of names) {
      const { seconds, written } = await sides[name](now)
      took[name] = seconds
      expected ??= written
      if (!isDeepStrictEqual(written, expected))
        throw new Error(`Segments: ${name} writes ${JSON.stringify(written)}, the other side ${JSON.stringify(expected)}.`)
      await bank.client.query('vacuum customer_fact, segment_membership, tier_membership, outbox_event')
    }
    console.error(`  evaluation: ${took.ours.toFixed(1)} s, by hand ${took.byHand.toFixed(1)} s`)
    if (round > 0 || options.smoke) ratios.push(took.ours / took.byHand)
  }
  return [
    { case: 'evaluation of 50 segments and 3 schemes: time to hand-written', value: median(ratios), unit: '×', bound: atMost(2) },
  ]
}

interface Evaluation {
  readonly seconds: number
  readonly written: unknown
}

async function evaluate({ client }: Bank, statement: string, now: string): Promise<Evaluation> {
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date(now))
  await client.query('begin')
  try {
    const begun = performance.now()
    await client.query(statement, [today, now])
    const seconds = (performance.now() - begun) / 1000
    return { seconds, written: (await client.query<object>(segmentation, [now])).rows[0] }
  } finally {
    await client.query('rollback')
  }
}
