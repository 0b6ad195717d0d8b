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
  /** Requests per second over all connections; as many as possible without it. */
  readonly rate?: number
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
export async function drive({ url, connections, seconds, amount, rate, request }: Load): Promise<Loaded> {
  let turn = 0
  let failed: string | undefined
  const latencies: number[] = []
  const begun = performance.now()
  const ended = Promise.withResolvers<autocannon.Result>()
  const options: autocannon.Options = {
    url,
    connections,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    ...(rate !== undefined && { overallRate: rate }),
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
