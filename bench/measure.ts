import { isDeepStrictEqual } from 'node:util'
import type { Bank } from './bank.ts'
import { drive, type Request } from './load.ts'
import type { Options } from './options.ts'
import { cpuSeconds, type Server } from './processes.ts'

/** One contender in a case: where it answers what the others answer, in its own words. */
export interface Side {
  readonly name: string
  readonly server: Server
  readonly bank: Bank
  readonly request: (turn: number) => Request
  /** What the answer says, in words that all sides of the case share. */
  readonly plain: (answer: unknown) => unknown
}

/** What one round of one side came to. */
export interface Round {
  readonly perSecond: number
  /** CPU of the contender's process and of PostgreSQL together for a request, in milliseconds; undefined where the system does not tell. */
  readonly cpu: number | undefined
  /** PostgreSQL's part of it. */
  readonly postgresCpu: number | undefined
  readonly latencies: Float64Array
}

const COMPARED = 40
/** Enough to ask for everything in a sample once, so that no round reads from disk what another one finds in memory. */
const WARMING = 1_000

/** Asks all sides the same and throws where one answers something else. */
export async function compareAnswers(sides: readonly Side[], asked = COMPARED): Promise<void> {
  const [first, ...others] = sides
  for (let turn = 0; turn < asked; turn++) {
    const expected = await answerOf(first!, turn)
    for (const other of others) {
      const answer = await answerOf(other, turn)
      if (!isDeepStrictEqual(answer, expected))
        throw new Error(
          `${other.name} answers something else than ${first!.name}: ${difference(answer, expected, `request ${turn}`)}`,
        )
    }
  }
}

/** The first place where two answers differ. */
function difference(one: unknown, other: unknown, at: string): string {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return `${at}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>]
  const key = [...new Set([...Object.keys(left), ...Object.keys(right)])].find(
    (name) => !isDeepStrictEqual(left[name], right[name]),
  )
  return key === undefined ? at : difference(left[key], right[key], `${at}, ${key}`)
}

async function answerOf({ server, request, plain, name }: Side, turn: number): Promise<unknown> {
  const { method, path, headers, body } = request(turn)
  const response = await fetch(server.url + path, { method, headers, ...(body !== undefined && { body }) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${name} answers ${response.status} to ${path}: ${text.slice(0, 500)}`)
  return plain(JSON.parse(text))
}

export interface Measuring extends Pick<Options, 'seconds' | 'rounds' | 'smoke'> {
  readonly connections?: number
  /** Requests that end a round instead of its time, for what takes seconds each. */
  readonly amount?: number
}

/** Rounds in which the sides take turns, the order turned round each time; the first is for warming up and does not count. */
export async function measure<S extends Side>(
  sides: readonly S[],
  { seconds, rounds, smoke, connections = 32, amount }: Measuring,
): Promise<Map<S, readonly Round[]>> {
  const all = new Map<S, Round[]>(sides.map((side) => [side, []]))
  const turns = new Map<S, number>(sides.map((side) => [side, 0]))
  for (let round = 0; round <= rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const before = used(side)
      const {
        answered,
        seconds: took,
        latencies,
      } = await drive({
        url: side.server.url,
        connections,
        seconds,
        // What was asked in one round is not what is asked in the next.
        request: (turn) => side.request(turns.get(side)! + turn),
        ...(amount !== undefined ? { amount } : smoke ? { amount: connections * 2 } : round === 0 && { amount: WARMING }),
      })
      turns.set(side, turns.get(side)! + answered + connections)
      const after = used(side)
      const each = (part: (cpu: Cpu) => number): number | undefined =>
        before && after && ((part(after) - part(before)) * 1000) / answered
      const cpu = each(({ server, postgres }) => server + postgres)
      if (round > 0)
        all.get(side)!.push({ perSecond: answered / took, cpu, postgresCpu: each(({ postgres }) => postgres), latencies })
    }
  }
  for (const [side, measured] of all) console.error(summary(side, measured))
  return all
}

interface Cpu {
  readonly server: number
  readonly postgres: number
}

function used({ server, bank }: Side): Cpu | undefined {
  const [own, postgres] = [cpuSeconds(server.pid), bank.cpu()]
  return own === undefined || postgres === undefined ? undefined : { server: own, postgres }
}

/** The absolute figures behind the ratios, which hold for this machine and this hour only. */
function summary({ name }: Side, rounds: readonly Round[]): string {
  const middle = (figure: (round: Round) => number | undefined): number =>
    median(rounds.map((round) => figure(round) ?? Number.NaN))
  const [all, postgres] = [middle(({ cpu }) => cpu), middle(({ postgresCpu }) => postgresCpu)]
  return `  ${name.padEnd(24)} ${middle(({ perSecond }) => perSecond)
    .toFixed(1)
    .padStart(8)} requests/s, CPU ${all.toFixed(3)} ms each, of which PostgreSQL ${postgres.toFixed(3)} ms`
}

/** Median of the ratios of one side to another, round by round; undefined where a figure is missing. */
export function ratio(
  rounds: ReadonlyMap<Side, readonly Round[]>,
  side: Side,
  other: Side,
  figure: 'perSecond' | 'cpu',
): number | undefined {
  const [ours, theirs] = [rounds.get(side)!, rounds.get(other)!]
  const ratios = ours.map((round, index) => (round[figure] ?? Number.NaN) / (theirs[index]![figure] ?? Number.NaN))
  const middle = median(ratios)
  return Number.isNaN(middle) ? undefined : middle
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
