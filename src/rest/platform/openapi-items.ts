import { z } from 'zod'
import type { ErrorCode } from '../../core/kernel/errors.ts'
import type { Operation } from '../../operations/platform/operation.ts'
import { problems } from './problems.ts'
import { onlyInBodies, type Route, takesIdempotencyKey } from './route.ts'

export type Json = Record<string, unknown>

/** Refusals that any operation may answer, by what it is. */
const shared: readonly ErrorCode[] = [
  'invalid_input',
  'unauthenticated',
  'not_permitted',
  'rate_limited',
  'internal',
  'unavailable',
  'timed_out',
]

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
export function streamItem(route: Route, components: Record<string, unknown>): Json {
  const { operation, status, method } = route
  if (method === 'GET')
    return {
      responses: {
        [status]: { description: downloads[operation.name], content: rowTypes },
        ...refusals(route),
      },
    }
  const header = (name: string, description: string, schema: Json): Json => ({
    name,
    in: 'header',
    required: false,
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
            schema: hoist(z.toJSONSchema(operation.output, { io: 'output', unrepresentable: 'any' }), components),
          },
        },
      },
      ...refusals(route),
    },
  }
}

export function pathItem(route: Route, components: Record<string, unknown>): Json {
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
  const body = method === 'GET' || elsewhere.length === 0 ? undefined : bodyOf(operation, elsewhere, properties, required)
  return {
    operationId: operation.name,
    summary: operation.summary,
    description: operation.description,
    tags: [operation.domain],
    'x-permission': operation.permission,
    'x-bian-service-domain': operation.domain,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: body }),
    responses: {
      [status]: {
        description: 'Success.',
        ...('version' in ((operation.output as Partial<z.ZodObject>).shape ?? {}) && {
          headers: { ETag: { schema: { type: 'string' }, description: 'Version of the resource.' } },
        }),
        content: {
          'application/json': {
            schema: hoist(z.toJSONSchema(operation.output, { io: 'output', unrepresentable: 'any' }), components),
          },
        },
      },
      ...refusals(route),
    },
  }
}

const headerKeys: ReadonlySet<string> = new Set(['expectedVersion', 'mode'])

const idempotencyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Makes repeating the request safe for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

const noneMatchHeader = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: '`*` only creates; `If-Match: *` only updates.',
  schema: { type: 'string', const: '*' },
}

function matchHeader(required: boolean): Json {
  return {
    name: 'If-Match',
    in: 'header',
    required,
    description: 'ETag of the version to change.',
    schema: { type: 'string' },
  }
}

function parameter(name: string, place: 'path' | 'query', schema: Json, required: boolean): Json {
  const { description, ...rest } = schema
  return {
    name,
    in: place,
    required,
    ...(description !== undefined && { description }),
    ...(rest['type'] === 'array' && { style: 'form', explode: false }),
    schema: rest,
  }
}

function bodyOf(
  { examples }: Operation,
  names: readonly string[],
  properties: Record<string, Json>,
  required: ReadonlySet<string>,
): Json {
  const needed = names.filter((name) => required.has(name))
  return {
    required: needed.length > 0,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          additionalProperties: false,
          ...(needed.length > 0 && { required: needed }),
          properties: Object.fromEntries(names.map((name) => [name, properties[name]!])),
        },
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

function refusals({ method, operation }: Route): Json {
  const { errors, concurrency } = operation
  const codes = new Set<ErrorCode>([
    ...shared,
    ...(method === 'GET' ? [] : ofBodies),
    ...(takesIdempotencyKey(operation) ? ofIdempotencyKeys : []),
    ...(concurrency === 'none' ? [] : (['version_conflict'] as const)),
    ...(concurrency === 'required' ? (['precondition_required'] as const) : []),
    ...errors,
  ])
  const byStatus = Map.groupBy([...codes].sort(), (code) => problems[code].status)
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, list]) => [
        status,
        {
          description: list.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' '),
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      ]),
  )
}

/** Moves what zod defines on the side to the document's components. */
function hoist(schema: Json, components: Record<string, unknown>): Json {
  const { $schema: _dialect, $defs, ...rest } = schema
  const moved = rewrite(rest)
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, Json>))
    components[name] ??= withoutId(rewrite(definition))
  const { id } = moved as { id?: string }
  if (typeof id !== 'string') return moved as Json
  components[id] ??= withoutId(moved)
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
