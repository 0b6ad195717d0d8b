import { isTokenRefusal } from '../tokens/refusal.ts'
import type { AddressInfo } from 'node:net'
import { Pool } from 'pg'
import { v7 } from 'uuid'
import { buildApp } from './app.ts'
import { type Config, configurationError, type KeyRings } from './config.ts'
import { DomainError } from '../core/kernel/errors.ts'
import { openAccessLog } from '../db/platform/access-log.ts'
import { openDatabase } from '../db/platform/database.ts'
import { openVault } from '../db/platform/vault.ts'
import { startWorker } from '../jobs/worker.ts'
import { listeningProblem } from './listening.ts'
import { jobMessage, serializers } from './log.ts'
import { openMetrics } from './metrics.ts'
import { openCursorCodec } from '../operations/platform/cursor.ts'
import { type Caller, openDirectory } from '../operations/platform/directory.ts'
import type { Service } from '../operations/platform/execute.ts'
import { developmentIssuer } from '../tokens/development-issuer.ts'
import { createTokenVerifier, type TokenVerifier } from '../tokens/verifier.ts'

export interface Assembly {
  readonly serviceUrl: string
  readonly keys: KeyRings
}

type Warn = (details: object, message: string) => void

/** Puts the operations on a database: what jobs and commands need. */
export async function openService(
  config: Config,
  { serviceUrl, keys }: Assembly,
  observe: Service['observe'],
  warn: Warn,
): Promise<{ readonly service: Service; close(): Promise<void> }> {
  const database = openDatabase({ url: serviceUrl, ...config }, { warn })
  const service: Service = {
    database,
    directory: openDirectory(database, config.timeZone),
    accessLog: openAccessLog(database),
    vault: openVault(keys),
    cursorCodec: openCursorCodec(keys.cursor),
    bank: {
      baseCurrency: config.baseCurrency,
      timeZone: config.timeZone,
      country: config.calendar,
    },
    limits: config.limits,
    clock: () => new Date(),
    newId: v7,
    observe,
  }
  return { service, close: () => database.close() }
}

/** Opens the service on HTTP, with its scheduled jobs where they run in this process. */
export async function serve(config: Config, assembly: Assembly): Promise<{ readonly address: string; close(): Promise<void> }> {
  const metrics = openMetrics()
  const verifier = await tokenVerifier(config)
  let warn: Warn = () => {}
  const { service, close } = await openService(config, assembly, metrics.observe, (details, message) => warn(details, message))
  const app = await buildApp({
    service,
    metrics,
    authenticate: authenticator(verifier),
    settings: {
      logger: { level: config.logLevel, serializers },
      bodyLimitBytes: config.bodyLimitBytes,
      requestTimeoutMs: config.requestTimeoutMs,
      trustProxy: typeof config.trustProxy === 'object' ? [...config.trustProxy] : config.trustProxy,
      rateLimit: config.rateLimit,
      graphql: { documents: config.graphqlDocuments, freeQueries: config.graphqlFreeQueries },
      graphiql: config.graphiql,
      corsOrigins: config.corsOrigins,
    },
  })
  warn = (details, message) => app.log.warn(details, message)
  const workers =
    config.workers === 'in_process'
      ? await openWorker(service, assembly.serviceUrl, (level, message) =>
          app.log[level === 'error' ? 'error' : 'debug'](jobMessage(message)),
        )
      : undefined
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    await workers?.close()
    await app.close()
    await close()
    throw configurationError([listeningProblem(error as NodeJS.ErrnoException, config)])
  }
  const { address, port, family } = app.server.address() as AddressInfo
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close() {
      await app.close()
      await workers?.close()
      await close()
    },
  }
}

async function openWorker(
  service: Service,
  serviceUrl: string,
  log: (level: string, message: string) => void,
): Promise<{ close(): Promise<void> }> {
  const pool = new Pool({ connectionString: serviceUrl, max: 4, application_name: 'guanxi worker' })
  pool.on('error', (error) => log('error', error.message))
  pool.on('connect', (client) => client.on('error', (error) => log('error', error.message)))
  const runner = await startWorker(service, pool, log)
  return {
    async close() {
      await runner.stop()
      await pool.end()
    },
  }
}

async function tokenVerifier({ jwt, dataDir }: Config): Promise<TokenVerifier> {
  const { algorithms, staffClaim, clientClaim, keys } = jwt
  if (keys.kind !== 'development') return createTokenVerifier({ ...jwt, keys, now: Date.now })
  const { issuer, audience, publicKeyPem } = await developmentIssuer(dataDir)
  return createTokenVerifier({
    issuer,
    audience,
    algorithms,
    staffClaim,
    clientClaim,
    keys: { kind: 'development', publicKeyPem },
    now: Date.now,
  })
}

/** Checks bearer tokens; a token that cannot be accepted names its reason and nothing of itself. */
export function authenticator(verifier: TokenVerifier): (token: string) => Caller | Promise<Caller> {
  return (token) =>
    verifier.verifyCached(token) ??
    verifier.verify(token).catch((error: unknown) => {
      if (!isTokenRefusal(error)) throw error
      if (error.reason === 'keys_unavailable')
        throw new DomainError('unavailable', 'The keys of the identity provider are not available at the moment.')
      throw new DomainError('unauthenticated', `The token was refused: ${error.reason.replaceAll('_', ' ')}.`)
    })
}
