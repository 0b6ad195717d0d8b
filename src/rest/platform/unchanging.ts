import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A text that only a new release changes, with the tag by which a cache knows its copy again. */
export interface Unchanging {
  readonly type: string
  readonly text: string
  readonly tag: string
}

/** The tag is weak: compressed or not, it is the same text. */
export function unchanging(type: string, text: string): Unchanging {
  return { type, text, tag: `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` }
}

/** Sends the text, or 304 to whoever has it (RFC 9110, 13.1.2). */
export function sendUnchanging({ headers }: FastifyRequest, reply: FastifyReply, { type, text, tag }: Unchanging): FastifyReply {
  reply.header('ETag', tag).header('Cache-Control', 'no-cache')
  const known = (headers['if-none-match'] ?? '').split(',').map((one) => one.trim())
  if (known.some((one) => one === '*' || withoutWeakness(one) === withoutWeakness(tag))) return reply.code(304).send()
  return reply.type(type).send(text)
}

const withoutWeakness = (tag: string): string => tag.replace(/^W\//, '')
