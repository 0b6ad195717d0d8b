import { events } from '../../core/events.ts'
import type { EventDefinition } from '../../core/kernel/event.ts'
import { z } from 'zod'
import { errorCodes, type ErrorCode } from '../../core/kernel/errors.ts'
import type { Operation } from '../../operations/platform/operation.ts'
import { problems } from './problems.ts'
import { onlyInBodies, type Route, takesIdempotencyKey } from './route.ts'

type Json = Record<string, unknown>

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

/** What the BIAN service domains, which are the tags, hold here. */
const domains: Readonly<Record<string, string>> = {
  'Customer Data Integration': 'Imports: row streams, their progress, and rejected rows.',
  'Customer Product and Service Eligibility': 'Facts of customers, segments, tiers and their refreshes.',
  'Customer Position': 'Holdings with their balances and parties, activity and movements.',
  'Customer Relationship Management': 'Customers, their assignments and relationships, and portfolios.',
  'Employee Data Management': 'Staff, delegations and workload.',
  'System Administration': 'State machines of the service.',
  'Internal Audit': 'The audit log and its verification.',
  'Market Data Administration': 'Exchange rates.',
  'Organization Directory': 'Institutions and the bank’s calendar.',
  'Party Reference Data Directory': 'Finding customers.',
  'Product Directory': 'Products.',
}

/** The OpenAPI 3.1 document of the URL table. Everything in it comes from the operations. */
export function openApiOf(routes: readonly Route[], streams: readonly Route[]): Json {
  const components: Record<string, unknown> = {
    Problem: {
      description: 'Why a request was refused (RFC 9457).',
      type: 'object',
      required: ['type', 'title', 'status', 'detail', 'code', 'traceId'],
      properties: {
        type: { type: 'string', format: 'uri-reference', description: 'URL that explains the code.' },
        title: { type: 'string' },
        status: { type: 'integer' },
        detail: { type: 'string' },
        code: { type: 'string', enum: [...errorCodes] },
        errors: {
          type: 'array',
          items: {
            type: 'object',
            required: ['pointer', 'rule', 'message'],
            properties: {
              pointer: { type: 'string', description: 'JSON Pointer into the input.' },
              rule: { type: 'string' },
              message: { type: 'string' },
            },
          },
        },
        traceId: { type: 'string' },
      },
    },
  }
  const items: Item[] = [
    ...routes.map((route) => ({ route, item: pathItem(route, components) })),
    ...streams.map((route) => ({ route, item: { ...pathItem(route, components), ...streamItem(route, components) } })),
  ]
  const paths = pathsOf(items)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Guanxi',
      version: '1.0.0',
      description: 'Customer-relationship service for banks. The same operations are available over GraphQL at `POST /graphql`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...new Set(routes.map(({ operation }) => operation.domain))]
      .sort()
      .map((name) => ({ name, description: domains[name], 'x-bian-service-domain': name })),
    paths,
    'x-events': eventsOf(),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  }
}

/** What the outbox publishes: the name of each type of event, what it means and the schema of its payload. */
function eventsOf(): Record<string, Json> {
  const published = Object.entries<EventDefinition>(events).filter(([, one]) => one.published)
  return Object.fromEntries(
    published
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { description, payload }]) => {
        const { $schema: _, ...schema } = z.toJSONSchema(payload)
        return [name, { description, ...(Object.keys(payload.shape).length > 0 && { payload: schema }) }]
      }),
  )
}

interface Item {
  readonly route: Route
  readonly item: Json
}

/** OpenAPI takes two templates that differ in the names of their segments for the same path: such a segment gets a name of both. */
function pathsOf(items: readonly Item[]): Record<string, Json> {
  const paths: Record<string, Json> = {}
  for (const alike of Map.groupBy(items, ({ route }) => route.url.replaceAll(/:\w+/g, ':')).values()) {
    const names = alike.map(({ route }) => namesIn(route.url))
    const joined = names[0]!.map((_, place) => [...new Set(names.map((one) => one[place]!))].sort())
    let place = 0
    const url = `/v1${alike[0]!.route.url.replaceAll(/:\w+/g, () => `{${jointName(joined[place++]!)}}`)}`
    paths[url] = Object.fromEntries(
      alike.map(({ route, item }) => [route.method.toLowerCase(), renamed(item, namesIn(route.url), joined.map(jointName))]),
    )
  }
  return paths
}

const namesIn = (url: string): string[] => [...url.matchAll(/:(\w+)/g)].map(([, name]) => name!)

const jointName = (names: readonly string[]): string =>
  names.map((name, index) => (index === 0 ? name : `Or${name[0]!.toUpperCase()}${name.slice(1)}`)).join('')

function renamed(item: Json, from: readonly string[], to: readonly string[]): Json {
  if (!item['parameters']) return item
  const parameters = (item['parameters'] as Json[]).map((one) =>
    one['in'] === 'path' ? { ...one, name: to[from.indexOf(one['name'] as string)] } : one,
  )
  return { ...item, parameters }
}

const rowTypes = { 'text/csv': { schema: { type: 'string' } }, 'application/x-ndjson': { schema: { type: 'string' } } }

/** What streams that are read bring. */
const downloads: Readonly<Record<string, string>> = {
  importRejects: 'The rejected rows, in the format in which they were sent.',
  exportSegmentMembers: 'The members, one row each, in the requested format.',
}

/** What the schemas of a stream's operation cannot say: bodies of rows, and the headers that go with them. */
function streamItem(route: Route, components: Record<string, unknown>): Json {
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

function pathItem(route: Route, components: Record<string, unknown>): Json {
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
