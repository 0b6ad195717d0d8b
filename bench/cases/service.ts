import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, get, nth, post } from '../bench.ts'
import { capacityOf, drive, drivePaced } from '../load.ts'
import { compareAnswers, measure, median, ratio, type Side } from '../measure.ts'
import { residentMemory, startThroughNpm } from '../processes.ts'
import { atMost, type Line } from '../report.ts'
import { drawSample } from '../sample.ts'
import { readByIdOf } from './reads.ts'

const SMALL_BANK = 10_000
const CAPACITY_USED = 0.7
const SETTLING_MS = 5_000

/** What a read by id costs in a large bank, against the same in a small one. */
export async function growth(bench: Bench): Promise<Line[]> {
  const { options } = bench
  const small = await bench.otherBank(options.smoke ? 200 : SMALL_BANK)
  const sides: Side[] = []
  for (const bank of [bench.bank, small]) sides.push({ ...(await readByIdOf(bench, bank)), name: `${bank.customers} customers` })
  const [large, little] = sides as [Side, Side]
  await compareAnswers([large], 1)
  const rounds = await measure(sides, bench.measuring)
  return [
    {
      case: `read by id: CPU, ${bench.bank.customers} to ${small.customers} customers`,
      value: ratio(rounds, large, little, 'cpu'),
      unit: '×',
      bound: atMost(1.3),
    },
  ]
}

/** How long the slowest hundredth of reads by id waits at 70 % of what the service can do. */
export async function latency(bench: Bench): Promise<Line[]> {
  const { options } = bench
  const side = await readByIdOf(bench, bench.bank)
  const load = { url: side.server.url, connections: 32, seconds: options.seconds }
  const shapes: { readonly capacity: number; readonly p50: number; readonly p99: number }[] = []
  for (let round = 0; round <= options.rounds; round++) {
    const request = (turn: number) => side.request(turn + round * 1_000)
    const capacity = await capacityOf({ ...load, request })
    const { latencies } = await drivePaced({ ...load, rate: capacity * CAPACITY_USED, request })
    const at = (share: number): number => latencies[Math.floor(latencies.length * share)]!
    if (round > 0 || options.smoke) shapes.push({ capacity, p50: at(0.5), p99: at(0.99) })
  }
  const capacity = median(shapes.map((shape) => shape.capacity))
  const p50 = median(shapes.map((shape) => shape.p50))
  const p99 = median(shapes.map((shape) => shape.p99))
  console.error(
    `  at ${Math.round(capacity * CAPACITY_USED)} of ${Math.round(capacity)} requests/s: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`,
  )
  return [
    {
      case: 'read by id at 70 % of capacity: p99 to p50',
      value: median(shapes.map((shape) => shape.p99 / shape.p50)),
      unit: '×',
      bound: atMost(6),
    },
  ]
}

/** Memory of a service that nobody asks anything, and after as many requests of all kinds as an hour brings. */
export async function memory(bench: Bench): Promise<Line[]> {
  const { bank, options } = bench
  const service = await bench.freshService(bank, 'in_process')
  await sleep(options.smoke ? 0 : SETTLING_MS)
  const idle = residentMemory(service.pid)?.now
  const { manager, customers } = await drawSample(bank)
  const token = await bank.token({ sub: manager })
  const query = `query Page($id: ID!) { customer(customerId: $id) { name holdings { accountNumber balance { amount } } aumByMonth(months: 12) { monthEnd } } }`
  const kinds = [
    (turn: number) => get(`/v1/customers/${nth(customers, turn)}`, token),
    (turn: number) => post('/graphql', { query, variables: { id: nth(customers, turn) } }, token),
    () => get('/v1/customers?orderBy=aum_desc&limit=20', token),
    (turn: number) => post('/v1/customers/search', { name: nth(['王', '李伟', '张', '科技'], turn), limit: 5 }, token),
  ]
  // An hour of a branch: three reads of customers for every list and search.
  const hour = (turn: number) =>
    nth([kinds[0]!, kinds[1]!, kinds[0]!, kinds[1]!, kinds[0]!, kinds[1]!, kinds[2]!, kinds[3]!], turn)(turn)
  await drive({ url: service.url, connections: 32, seconds: 0, amount: options.memoryRequests, request: hour })
  await sleep(options.smoke ? 0 : SETTLING_MS)
  const after = residentMemory(service.pid)
  await service.stop()
  const megabytes = (bytes: number | undefined): number | undefined => (bytes === undefined ? undefined : bytes / 1e6)
  return [
    { case: 'memory, idle', value: megabytes(idle), unit: 'MB', bound: atMost(150) },
    { case: `memory after ${options.memoryRequests} requests`, value: megabytes(after?.now), unit: 'MB' },
    { case: `memory at its highest in ${options.memoryRequests} requests`, value: megabytes(after?.peak), unit: 'MB' },
  ]
}

/** From `npm start` on data that are there to an answer of `/health/ready`, the embedded PostgreSQL included. */
export async function start(bench: Bench): Promise<Line[]> {
  const rounds = Math.min(bench.options.rounds, 3)
  const times = await bench.whileStopped(async (folder) => {
    const all: number[] = []
    for (let round = 0; round < rounds; round++) all.push(await startThroughNpm(folder))
    return all
  })
  return [{ case: 'npm start on existing data to ready', value: median(times), unit: 's', bound: atMost(5) }]
}
