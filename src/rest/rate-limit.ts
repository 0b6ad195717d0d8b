import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { DomainError } from '../core/errors.ts'

export interface RateLimit {
  /** Requests of one caller in one window; 0 turns the limit off. */
  readonly max: number
  readonly windowSeconds: number
}

/** Limits each caller's requests, counted by this process, and tells the rest in `RateLimit-Policy` and `RateLimit` fields. */
export async function limitRate(app: FastifyInstance, { max, windowSeconds }: RateLimit): Promise<void> {
  if (max === 0) return
  await app.register(rateLimit, {
    global: false,
    max,
    timeWindow: windowSeconds * 1000,
    keyGenerator: ({ caller }) => (caller.kind === 'staff' ? `staff:${caller.number}` : `client:${caller.clientId}`),
  })
  const check = app.createRateLimit()
  app.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.config.operation === undefined) return
    const limit = await check(request)
    if (limit.isAllowed) return
    reply.header('RateLimit-Policy', `"caller";q=${max};w=${windowSeconds}`)
    reply.header('RateLimit', `"caller";r=${limit.remaining};t=${limit.ttlInSeconds}`)
    if (!limit.isExceeded) return
    reply.header('Retry-After', String(limit.ttlInSeconds))
    throw new DomainError('rate_limited', `More than ${max} requests in ${windowSeconds} seconds. Wait before the next one.`)
  })
}
