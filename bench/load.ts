import { Agent, request as ask } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'

/** One request of a load. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Load {
  readonly url: string
  readonly connections: number
  /** Ends the round, unless `amount` requests end it. */
  readonly seconds: number
  readonly amount?: number
  /** The request that is sent as the `turn`-th, counted over all connections. */
  readonly request: (turn: number) => Request
}

export interface Loaded {
  readonly answered: number
  readonly seconds: number
  /** Latencies of all answers in milliseconds, sorted. */
  readonly latencies: Float64Array
}

/** Drives a server over keep-alive connections. Throws when an answer is not 2xx: what fails fast must not look fast. */
export async function drive({ url, connections, seconds, amount, request }: Load): Promise<Loaded> {
  let turn = 0
  let failed: string | undefined
  const latencies: number[] = []
  const begun = performance.now()
  const ended = Promise.withResolvers<autocannon.Result>()
  const options: autocannon.Options = {
    url,
    connections,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    timeout: 120,
    requests: [{ setupRequest: (defaults) => ({ ...defaults, ...request(turn++) }) }],
  }
  const run = autocannon(options, (error: Error | null, result) => (error ? ended.reject(error) : ended.resolve(result)))
  run.on('response', (_client, status, _bytes, milliseconds) => {
    latencies.push(milliseconds)
    if (status < 200 || status > 299) failed ??= `status ${status}`
  })
  const { errors } = await ended.promise
  if (failed !== undefined || errors > 0) throw new Error(`${url} failed under load: ${failed ?? 'connection errors'}.`)
  return {
    answered: latencies.length,
    seconds: (performance.now() - begun) / 1000,
    latencies: Float64Array.from(latencies).sort(),
  }
}

/** Answers per second when every connection asks again as soon as it was answered, by the client of `drivePaced`, which costs more than autocannon's. */
export async function capacityOf({ url, connections, seconds, request }: Omit<Load, 'amount'>): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const begun = performance.now()
  let turn = 0
  let answered = 0
  async function keepAsking(): Promise<void> {
    while (performance.now() - begun < seconds * 1000) {
      await send(url, request(turn++), agent)
      answered++
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, keepAsking))
  } finally {
    agent.destroy()
  }
  return (answered * 1000) / (performance.now() - begun)
}

/** Sends requests at times drawn beforehand, whether or not earlier ones were answered, and measures each from its own time on: what waits behind a slow answer counts as slow. */
export async function drivePaced({
  url,
  connections,
  seconds,
  rate,
  request,
}: Omit<Load, 'amount'> & { readonly rate: number }): Promise<Loaded> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const latencies: number[] = []
  const draw = draws(7)
  const begun = performance.now()
  const answers: Promise<void>[] = []
  for (let turn = 0, due = 0; due < seconds; turn++, due += -Math.log(1 - draw()) / rate) {
    const wait = begun + due * 1000 - performance.now()
    if (wait > 1) await sleep(wait)
    const at = begun + due * 1000
    answers.push(send(url, request(turn), agent).then(() => void latencies.push(performance.now() - at)))
  }
  try {
    await Promise.all(answers)
  } finally {
    agent.destroy()
  }
  return {
    answered: latencies.length,
    seconds: (performance.now() - begun) / 1000,
    latencies: Float64Array.from(latencies).sort(),
  }
}

function send(url: string, { method, path, headers, body }: Request, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = ask(url + path, { method, headers, agent }, (response) => {
      response.resume().on('end', () => {
        const status = response.statusCode ?? 0
        if (status < 200 || status > 299) reject(new Error(`${url} failed under load: status ${status}.`))
        else resolve()
      })
    })
    sent.on('error', reject).end(body)
  })
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function draws(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
