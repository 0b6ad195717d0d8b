import { constants } from 'node:zlib'
import compress from '@fastify/compress'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/** Headers of requests and answers that a front end in a browser uses besides the usual ones. */
const sent = [
  'Authorization',
  'Content-Type',
  'If-Match',
  'If-None-Match',
  'Idempotency-Key',
  'Import-Id',
  'Import-First-Line',
  'X-Request-Id',
  'traceparent',
]
const read = ['ETag', 'Idempotency-Replayed', 'Import-Id', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id']

const A_YEAR_SECONDS = 31_536_000
const SMALL_BYTES = 1_024
/** Of Brotli's eleven: the usual one for answers that are made each time. */
const BROTLI_QUALITY = 4

/** The plugin's own choice, and YAML, which it does not know. */
const compressible = /^text\/(?!event-stream)|[+/](?:json|text|xml|yaml)(?:;|$)|octet-stream/

/** What an answer with data may be used for: nothing that a browser would run, frame or keep. */
const dataPolicy = `default-src 'none'; frame-ancestors 'none'`

/**
 * Security headers on every answer, and on those of operations that nobody stores them; compression for who accepts it; pages of other origins only where they are listed.
 */
export async function answerHeaders(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length > 0)
    await app.register(cors, {
      origin: [...origins],
      methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: sent,
      exposedHeaders: read,
      maxAge: 600,
    })
  // Pages have policies of their own.
  await app.register(helmet, {
    contentSecurityPolicy: false,
    strictTransportSecurity: { maxAge: A_YEAR_SECONDS, includeSubDomains: false },
    frameguard: { action: 'deny' },
  })
  app.addHook('onRequest', async ({ routeOptions }, reply) => {
    if (routeOptions.config.operation === undefined) return
    reply.header('Cache-Control', 'no-store').header('Content-Security-Policy', dataPolicy)
  })
  await app.register(compress, {
    encodings: ['br', 'gzip', 'identity'],
    threshold: SMALL_BYTES,
    customTypes: compressible,
    // Imports unpack their bodies themselves, within bounds.
    globalDecompression: false,
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } },
  })
}
