import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { DomainError } from '../core/kernel/errors.ts'
import { noCustomers } from '../core/kernel/actors.ts'
import { graphql, type GraphqlSettings } from '../graphql/plugin.ts'
import type { Metrics } from './metrics.ts'
import type { Caller } from '../operations/platform/directory.ts'
import type { Service } from '../operations/platform/execute.ts'
import { answerHeaders } from '../rest/platform/answer-headers.ts'
import { documentation } from '../rest/platform/documentation.ts'
import { limitRate, type RateLimit } from '../rest/platform/rate-limit.ts'
import { serveExports } from '../rest/streams/exports.ts'
import { serveImports } from '../rest/streams/imports.ts'
import { rest } from '../rest/platform/plugin.ts'
import { methodsOf } from '../rest/platform/methods.ts'
import { parserRefusal, rawProblem, sendProblem } from '../rest/platform/problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom the request's token names. Set on every route but those that need none. */
    caller: Caller
  }
  interface FastifyContextConfig {
    /** The operation that a route serves; routes without one need no token. */
    operation?: string
    /** The body or the answer is a stream of any length: no time limit on the whole. */
    streams?: boolean
  }
}

export interface AppSettings {
  readonly logger: FastifyServerOptions['logger']
  readonly bodyLimitBytes: number
  readonly requestTimeoutMs: number
  readonly trustProxy: boolean | number | string[]
  readonly rateLimit: RateLimit
  readonly graphql: GraphqlSettings
  readonly graphiql: boolean
  /** Origins whose pages may ask. */
  readonly corsOrigins: readonly string[]
}

export interface Dependencies {
  readonly service: Service
  /** Checks a bearer token. Throws `unauthenticated`. */
  readonly authenticate: (token: string) => Caller | Promise<Caller>
  readonly metrics: Metrics
  readonly settings: AppSettings
}

/** Builds the HTTP application. Tests call this with a database of their own. */
export async function buildApp({ service, authenticate, metrics, settings }: Dependencies): Promise<FastifyInstance> {
  const app = Fastify({
    logger: settings.logger ?? false,
    bodyLimit: settings.bodyLimitBytes,
    connectionTimeout: settings.requestTimeoutMs,
    trustProxy: settings.trustProxy as boolean | string[],
    routerOptions: { maxParamLength: 256 },
    genReqId: requestIdOf,
    frameworkErrors: (error, request, reply) => {
      reply.header('X-Request-Id', request.id)
      sendProblem(error, request, reply)
    },
    clientErrorHandler: refuseConnection,
    // Requests are logged once, when they are answered, by route and without what callers sent.
    logController: new LogController({ disableRequestLogging: true }),
  })
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(request.url)
    if (methods.length === 0) return sendProblem(new DomainError('not_found', 'There is no such endpoint.'), request, reply)
    reply.header('Allow', methods.join(', '))
    return sendProblem(
      new DomainError('method_not_allowed', `Method not allowed: this endpoint accepts ${methods.join(', ')}.`),
      request,
      reply,
    )
  })

  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (!declaresUtf8(request.headers['content-type']))
      done(new DomainError('unsupported_media_type', 'The charset of JSON must be UTF-8.'))
    else if (!isUtf8(body)) done(new DomainError('malformed_request', 'The body is not valid UTF-8.'))
    else void parseJson(request, body.toString('utf8'), done)
  })

  await answerHeaders(app, settings.corsOrigins)
  const countRefused = await limitRate(app, settings.rateLimit)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-Id', request.id)
    const { traceparent } = request.headers
    if (typeof traceparent === 'string' && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent))
      reply.header('traceparent', traceparent)
    if (!request.routeOptions.config.streams) limitTime(request, reply, settings.requestTimeoutMs)
    if (request.routeOptions.config.operation === undefined) return
    try {
      request.caller = await authenticate(tokenOf(request))
    } catch (error) {
      if (error instanceof DomainError && error.code === 'unauthenticated') await countRefused(request, reply)
      throw error
    }
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    request.log.info(
      { method, route: routeOptions.url, status: reply.statusCode, milliseconds: Math.round(reply.elapsedTime * 10) / 10 },
      'answered',
    )
  })

  app.get('/health/live', async () => ({ status: 'ok' }))
  app.get('/health/ready', async () => {
    await service.database.read(
      { prefixes: [noCustomers], portfolio: [], caller: '' },
      { text: 'select version from directory_version', values: [] },
    )
    return { status: 'ok' }
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()))
  await app.register((scope) => rest(scope, service))
  await app.register((scope) => serveExports(scope, service))
  await app.register((scope) => serveImports(scope, service, settings.requestTimeoutMs))
  await documentation(app, { graphiql: settings.graphiql })
  await graphql(app, service, settings.graphql)
  return app
}

/** Ends a request whose body trickles in or whose answer does not come. Streams are bounded by the silence of their connection instead. */
function limitTime(request: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
  const timer = setTimeout(() => request.raw.destroy(), milliseconds)
  reply.raw.once('close', () => clearTimeout(timer))
}

/** Answers on a connection that sends what is no request. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) socket.write(rawProblem(parserRefusal(error), crypto.randomUUID()))
  socket.destroy()
}

/** JSON has one encoding (RFC 8259): a body that says it has another one would be read as what it is not. */
function declaresUtf8(contentType = ''): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1]
  return charset === undefined || /^utf-?8$/i.test(charset)
}

/** The caller's own request id where it is one, so that it can be found in both logs. */
function requestIdOf({ headers }: { readonly headers: Readonly<Record<string, string | string[] | undefined>> }): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(given) ? given : crypto.randomUUID()
}

function tokenOf({ headers }: FastifyRequest): string {
  const [, token] = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(headers.authorization ?? '') ?? []
  if (!token)
    throw new DomainError('unauthenticated', 'Authentication required: send a bearer token in the Authorization header.')
  return token
}
