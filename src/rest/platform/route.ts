import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { DomainError, refuseField } from '../../core/kernel/errors.ts'
import { execute, type Service } from '../../operations/platform/execute.ts'
import { checkedIdempotencyKey } from '../../operations/platform/idempotency-key.ts'
import type { Operation } from '../../operations/platform/operation.ts'
import type { SelectedPage } from '../../operations/platform/pages.ts'
import { restSelection } from '../../operations/platform/rest-schema.ts'
import type { Selection } from '../../db/platform/views/view.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One line of the URL table: where an operation is served, under `/v1`. */
export interface Route {
  readonly method: Method
  readonly url: string
  readonly operation: Operation
  /** Status of success; 200 where nothing else is given. */
  readonly status: number
}

export function get(url: string, operation: Operation): Route {
  return { method: 'GET', url, operation, status: 200 }
}

export function post(url: string, operation: Operation, status = 200): Route {
  return { method: 'POST', url, operation, status }
}

export function put(url: string, operation: Operation): Route {
  return { method: 'PUT', url, operation, status: 200 }
}

export function patch(url: string, operation: Operation): Route {
  return { method: 'PATCH', url, operation, status: 200 }
}

/** Serves an operation: named segments come from the path, the rest from the query or the body, versions and idempotency keys from headers. */
export function serve(app: FastifyInstance, service: Service, { method, url, operation, status }: Route): void {
  const selection = selectionOf(operation)
  app.route({
    method,
    url: `/v1${url}`,
    config: { operation: operation.name },
    handler: async (request, reply) => {
      refuseForeign(request, operation)
      const input = {
        ...(method === 'GET' ? fromQuery(operation.input, request.query as Query) : bodyOf(request, operation)),
        ...(request.params as object),
        ...preconditionOf(operation, request),
      }
      const { answer, replayed } = await execute(service, operation, {
        caller: request.caller,
        input,
        selection,
        refusedAs: null,
        idempotencyKey: operation.kind === 'command' ? idempotencyKeyOf(request) : undefined,
        requestId: request.id,
      })
      if (replayed) reply.header('Idempotency-Replayed', 'true')
      return send(reply, operation, status, answer)
    },
  })
}

export function selectionOf({ answer }: Operation): Selection {
  if (answer.shape === 'one') return restSelection(answer.view, 'single')
  if (answer.shape === 'page')
    return new Map([['nodes', { name: 'nodes', input: {}, selection: restSelection(answer.view, 'always') }]])
  return new Map()
}

function send(reply: FastifyReply, { answer: { shape } }: Operation, status: number, answer: unknown): FastifyReply {
  const body = shape === 'page' ? pageBody(answer as SelectedPage) : answer
  const version = (body as { version?: unknown } | null)?.version
  // Versions count changes of the thing itself, while an answer shows more: good for If-Match, not for 304.
  if (typeof version === 'number') reply.header('ETag', `"${version}"`)
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
}

function pageBody({ rows, hasNextPage, totalCount }: SelectedPage): object {
  return {
    items: rows.map(({ nodes: [item], match }) => (match === undefined ? item : { ...(item as object), match })),
    nextCursor: hasNextPage ? (rows.at(-1)?.cursor ?? null) : null,
    ...(totalCount !== undefined && { total: totalCount }),
  }
}

function bodyOf({ body, params }: FastifyRequest, { concurrency }: Operation): object {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body))
    throw new DomainError('malformed_request', 'The body must be a JSON object.')
  const elsewhere = Object.keys(body).find(
    (name) => name in (params as object) || (concurrency !== 'none' && inHeaders.has(name)),
  )
  if (elsewhere !== undefined)
    throw refuseField('invalid_input', elsewhere, 'unknown_field', 'Set by the path or a header, not by the body.')
  return body
}

const inHeaders: ReadonlySet<string> = new Set(['expectedVersion', 'mode'])

/** Whether the answer to a repeated request is stored under a key. Imports have an id of their own for that. */
export function takesIdempotencyKey({ kind, transactions }: Operation): boolean {
  return kind === 'command' && transactions === 'one'
}

/**
 * Refuses what would be passed over: a query parameter beside a body, and a precondition or key that the operation does not keep to.
 * Caches send `If-None-Match` by themselves when they read, and are answered in full.
 */
export function refuseForeign({ method, headers, query }: FastifyRequest, operation: Operation): void {
  const reads = method === 'GET' || method === 'HEAD'
  const parameter = reads ? undefined : Object.keys(query as object)[0]
  if (parameter !== undefined)
    throw refuseField('invalid_input', parameter, 'unknown_field', 'This endpoint takes no query parameters.')
  const takesMatch = operation.concurrency !== 'none'
  const takesNoneMatch = 'mode' in operation.input.shape || reads
  const foreign = [
    ...(takesMatch ? [] : ['If-Match']),
    ...(takesNoneMatch ? [] : ['If-None-Match']),
    ...(takesIdempotencyKey(operation) ? [] : ['Idempotency-Key']),
  ].find((name) => headers[name.toLowerCase()] !== undefined)
  if (foreign !== undefined) throw refuseField('invalid_input', foreign, 'precondition', `Unknown query parameter: ${foreign}.`)
}

/** `If-Match: "3"` names a version, `If-Match: *` updates only, `If-None-Match: *` creates only. */
function preconditionOf({ concurrency, input }: Operation, { headers }: FastifyRequest): object {
  if (concurrency === 'none') return {}
  const match = headers['if-match']
  const noneMatch = headers['if-none-match']
  if (noneMatch !== undefined && noneMatch !== '*')
    throw refuseField('invalid_input', 'If-None-Match', 'precondition', 'If-None-Match must be *.')
  if (noneMatch !== undefined) return { mode: 'create_only' }
  if ('mode' in input.shape && match === '*') return { mode: 'update_only' }
  if (match === undefined) return {}
  const version = /^"(\d{1,10})"$/.exec(match)?.[1]
  if (version === undefined)
    throw new DomainError('invalid_input', 'If-Match must be the strong ETag of an earlier response.', [
      { pointer: '/expectedVersion', rule: 'etag', message: 'Not a strong ETag.' },
    ])
  return { expectedVersion: Number(version) }
}

function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  return checkedIdempotencyKey(String(key))
}

type Query = Readonly<Record<string, string | readonly string[]>>

/** Gives query parameters the types that the schema wants; what does not convert stays text, so that the schema names it. */
export function fromQuery({ shape }: z.ZodObject, query: Query): Record<string, unknown> {
  const hidden = Object.keys(query).find((name) => name in shape && onlyInBodies.has(name))
  if (hidden !== undefined)
    throw refuseField('invalid_input', hidden, 'unknown_field', 'Not allowed in a URL: send it in the body of a search.')
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, shape[name] ? convert(shape[name], value) : value]),
  )
}

function convert(schema: unknown, value: string | readonly string[]): unknown {
  const inner = unwrap(schema as z.ZodType)
  if (inner instanceof z.ZodArray)
    return (typeof value === 'string' ? value.split(',') : value).map((item) => convert(inner.element, item))
  if (typeof value !== 'string') return value
  if (inner instanceof z.ZodNumber) return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
  if (inner instanceof z.ZodBoolean) return value === 'true' ? true : value === 'false' ? false : value
  return value
}

/** What never stands in an address, since it may tell of people. */
export const onlyInBodies: ReadonlySet<string> = new Set(['rule'])

/** The schema inside `optional`, `default` and `nullable`. */
export function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable
    ? unwrap(schema.unwrap() as z.ZodType)
    : schema
}
