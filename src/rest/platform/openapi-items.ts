import { z } from 'zod'
import type { ErrorCode } from '../../core/kernel/errors.ts'
import type { Operation } from '../../operations/platform/operation.ts'
import type { Components } from './openapi-components.ts'
import { initial } from './openapi-components.ts'
import { problems } from './problems.ts'
import { onlyInBodies, type Route, takesIdempotencyKey } from './route.ts'

export type Json = Record<string, unknown>

/** Refusals that any operation may answer, whatever it is. */
const ofAll: readonly ErrorCode[] = ['unauthenticated', 'not_permitted', 'rate_limited', 'internal', 'timed_out', 'unavailable']

const ofBodies: readonly ErrorCode[] = ['malformed_request', 'unsupported_media_type', 'payload_too_large']

const ofIdempotencyKeys: readonly ErrorCode[] = ['idempotency_in_progress', 'idempotency_key_reused']

const rowTypes = { 'text/csv': { schema: { type: 'string' } }, 'application/x-ndjson': { schema: { type: 'string' } } }

/** What streams that are read bring. */
const downloads: Readonly<Record<string, string>> = {
  importRejects: 'The rejected rows, in the format in which they were sent.',
  importWarnings: 'The rows with warnings, in the format in which they were sent.',
  exportSegmentMembers: 'The members, one row each, in the requested format.',
}

/** What the schemas of a stream's operation cannot say: bodies of rows, and the headers that go with them. */
export function streamItem(route: Route, components: Components): Json {
  const { operation, status, method } = route
  if (method === 'GET')
    return {
      responses: {
        [status]: { description: downloads[operation.name], content: rowTypes },
        ...refusals(route, components),
      },
    }
  const header = (name: string, description: string, schema: Json): Json => ({
    name,
    in: 'header',
    description,
    schema,
  })
  return {
    parameters: [
      {
        name: 'entity',
        in: 'path',
        required: true,
        schema: { type: 'string', enum: (operation.input.shape['entity'] as z.ZodEnum).options },
      },
      header(
        'Import-Id',
        'A UUID of your own, under which others can watch and cancel the import and a broken stream can be resumed.',
        {
          type: 'string',
          format: 'uuid',
        },
      ),
      header(
        'Import-First-Line',
        'For a resumed stream that omits committed rows: the line number of its first row in the whole file. It begins with the last committed row.',
        { type: 'integer', minimum: 1 },
      ),
      header('Content-Encoding', 'gzip, if the body is compressed.', { type: 'string', enum: ['gzip', 'identity'] }),
    ],
    requestBody: { required: true, description: 'Rows of the entity; its columns are in docs/imports.md.', content: rowTypes },
    responses: {
      [status]: {
        description: 'Result of the import.',
        content: {
          'application/json': {
            schema: answerOf(operation, components),
          },
        },
      },
      ...refusals(route, components),
    },
  }
}

/** An operation at its address. What the rows of a stream are, `streamItem` says. */
export function pathItem(route: Route, components: Components, body: 'json' | 'rows'): Json {
  const { method, url, operation, status } = route
  const inPath = new Set([...url.matchAll(/:(\w+)/g)].map(([, name]) => name!))
  const input = hoist(z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }), components)
  const properties = (input['properties'] ?? {}) as Record<string, Json>
  const required = new Set((input['required'] ?? []) as string[])
  // Versions travel in headers.
  const elsewhere = Object.keys(properties).filter(
    (name) => !inPath.has(name) && !headerKeys.has(name) && !(method === 'GET' && onlyInBodies.has(name)),
  )
  const parameters: Json[] = [...inPath].map((name) => parameter(name, 'path', properties[name]!, true))
  if (method === 'GET')
    parameters.push(...elsewhere.map((name) => parameter(name, 'query', properties[name]!, required.has(name))))
  if (takesIdempotencyKey(operation)) parameters.push(idempotencyHeader)
  if ('mode' in operation.input.shape) parameters.push(noneMatchHeader)
  if (operation.concurrency !== 'none') parameters.push(matchHeader(operation.concurrency === 'required'))
  const hasBody = method !== 'GET' && elsewhere.length > 0 && body === 'json'
  const requestBody = hasBody ? bodyOf(operation, elsewhere, properties, required, components) : undefined
  return {
    operationId: operation.name,
    summary: operation.summary,
    description: operation.description,
    tags: [operation.domain],
    'x-permission': operation.permission,
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody && { requestBody }),
    responses: {
      [status]: {
        description: 'Success.',
        ...('version' in ((operation.output as Partial<z.ZodObject>).shape ?? {}) && {
          headers: { ETag: { $ref: '#/components/headers/ETag' } },
        }),
        content: {
          'application/json': {
            schema: answerOf(operation, components),
          },
        },
      },
      ...refusals(route, components),
    },
  }
}

const headerKeys: ReadonlySet<string> = new Set(['expectedVersion', 'mode'])

const idempotencyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Makes repeating the request safe for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

const noneMatchHeader = {
  name: 'If-None-Match',
  in: 'header',
  description: '`*` only creates; `If-Match: *` only updates.',
  schema: { type: 'string', const: '*' },
}

function matchHeader(required: boolean): Json {
  return {
    name: 'If-Match',
    in: 'header',
    ...(required && { required }),
    description: 'ETag of the version to change.',
    schema: { type: 'string' },
  }
}

function parameter(name: string, place: 'path' | 'query', schema: Json, required: boolean): Json {
  const { description, ...rest } = schema
  return {
    name,
    in: place,
    ...(required && { required }),
    ...(description !== undefined && { description }),
    ...(rest['type'] === 'array' && { style: 'form', explode: false }),
    schema: rest,
  }
}

function bodyOf(
  { name: operation, examples }: Operation,
  names: readonly string[],
  properties: Record<string, Json>,
  required: ReadonlySet<string>,
  { schemas }: Components,
): Json {
  const needed = names.filter((name) => required.has(name))
  const body = `${initial(operation)}Body`
  schemas[body] = {
    type: 'object',
    additionalProperties: false,
    ...(needed.length > 0 && { required: needed }),
    properties: Object.fromEntries(names.map((name) => [name, properties[name]!])),
  }
  return {
    ...(needed.length > 0 && { required: true }),
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${body}` },
        ...(examples.length > 0 && {
          examples: Object.fromEntries(
            examples.map(({ input }, index) => [
              `example${index + 1}`,
              { value: Object.fromEntries(Object.entries(input).filter(([name]) => names.includes(name))) },
            ]),
          ),
        }),
      },
    },
  }
}

/** The refusals that are particular to an operation, by status. Those that any may answer are the default. */
function refusals({ method, operation }: Route, { responses }: Components): Json {
  const { errors, concurrency } = operation
  const codes = new Set<ErrorCode>([
    'invalid_input',
    ...(method === 'GET' ? [] : ofBodies),
    ...(takesIdempotencyKey(operation) ? ofIdempotencyKeys : []),
    ...(concurrency === 'none' ? [] : (['version_conflict'] as const)),
    ...(concurrency === 'required' ? (['precondition_required'] as const) : []),
    ...errors,
  ])
  const particular = [...codes].filter((code) => !ofAll.includes(code)).sort()
  const byStatus = Map.groupBy(particular, (code) => problems[code].status)
  return {
    ...Object.fromEntries(
      [...byStatus]
        .sort(([a], [b]) => a - b)
        .map(([status, list]) => [status, shareResponse(responses, list, list.map((code) => explained(code)).join(' '))]),
    ),
    default: defaultRefusal(responses),
  }
}

function defaultRefusal(responses: Components['responses']): Json {
  const description = `Any operation may answer: ${ofAll.map((code) => `${problems[code].status} ${explained(code)}`).join(' ')}`
  responses['Refusal'] ??= refusal(description)
  return { $ref: '#/components/responses/Refusal' }
}

const explained = (code: ErrorCode): string => `\`${code}\`: ${problems[code].title}.`

function refusal(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
}

/** A name of few codes has them all; a longer one says how many more there are, where no other response would have the same. */
function shareResponse(responses: Components['responses'], codes: readonly ErrorCode[], description: string): Json {
  const [first, ...more] = codes.map((code) => code.split('_').map(initial).join(''))
  const short = `${first}And${more.length}More`
  const name =
    more.length < 2 || (responses[short] && responses[short]['description'] !== description) ? [first, ...more].join('Or') : short
  responses[name] ??= refusal(description)
  return { $ref: `#/components/responses/${name}` }
}

/** An answer may gain fields, so that nothing is said of those that it does not list. */
function answerOf({ output }: Operation, components: Components): Json {
  const closed = z.toJSONSchema(output, { io: 'output', unrepresentable: 'any', override: ({ jsonSchema }) => open(jsonSchema) })
  return hoist(closed, components)
}

function open(schema: { additionalProperties?: unknown }): void {
  if (schema.additionalProperties === false) delete schema.additionalProperties
}

/** Moves what zod defines on the side to the document's components. */
function hoist(schema: Json, { schemas }: Components): Json {
  const { $schema: _dialect, $defs, ...rest } = schema
  const moved = rewrite(rest)
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, Json>))
    schemas[name] ??= withoutId(rewrite(definition))
  const { id } = moved as { id?: string }
  if (typeof id !== 'string') return moved as Json
  schemas[id] ??= withoutId(moved)
  return { $ref: `#/components/schemas/${id}` }
}

function withoutId(schema: unknown): unknown {
  const { id: _id, ...rest } = schema as Json
  return rest
}

function rewrite(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewrite)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : rewrite(inner),
    ]),
  )
}
