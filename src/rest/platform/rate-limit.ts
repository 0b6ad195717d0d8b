import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DomainError } from '../../core/kernel/errors.ts'

export interface RateLimit {
  /** Requests of one caller in one window; 0 turns the limit off. */
  readonly max: number
  readonly windowSeconds: number
  /** Requests of one remote address in one window whose token is missing or refused. */
  readonly maxRefused?: number
}

const MAX_REFUSED = 300

/** Counts a request whose token was refused, and throws `rate_limited` where its address has sent too many of them. */
export type CountRefused = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * Limits each caller's requests, and each address's refused tokens, as counted by this process, and tells the rest in `RateLimit-Policy` and
 * `RateLimit` fields.
 */
export async function limitRate(
  app: FastifyInstance,
  { max, windowSeconds, maxRefused = MAX_REFUSED }: RateLimit,
): Promise<CountRefused> {
  if (max === 0) return async () => {}
  await app.register(rateLimit, { global: false, max, timeWindow: windowSeconds * 1000 })
  const limited = (name: string, most: number, options: object): CountRefused => {
    const check = app.createRateLimit({ max: most, ...options })
    return async (request, reply) => {
      const limit = await check(request)
      if (limit.isAllowed) return
      reply.header('RateLimit-Policy', `"${name}";q=${most};w=${windowSeconds}`)
      reply.header('RateLimit', `"${name}";r=${limit.remaining};t=${limit.ttlInSeconds}`)
      if (!limit.isExceeded) return
      reply.header('Retry-After', String(limit.ttlInSeconds))
      throw new DomainError('rate_limited', `More than ${most} requests in ${windowSeconds} seconds. Wait before the next one.`)
    }
  }
  const ofCaller = limited('caller', max, {
    keyGenerator: ({ caller }: FastifyRequest) =>
      caller.kind === 'staff' ? `staff:${caller.number}` : `client:${caller.clientId}`,
  })
  app.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.config.operation !== undefined) await ofCaller(request, reply)
  })
  return limited('refused', maxRefused, {})
}
