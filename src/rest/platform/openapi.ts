import { events } from '../../core/events.ts'
import type { EventDefinition } from '../../core/kernel/event.ts'
import { z } from 'zod'
import { errorCodes } from '../../core/kernel/errors.ts'
import type { Route } from './route.ts'
import { type Components, shareParameters, shareSchemas } from './openapi-components.ts'
import { namedEnums } from './openapi-enums.ts'
import { type Json, streamItem, pathItem } from './openapi-items.ts'
import { shareViews } from './openapi-views.ts'

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

const token =
  'A JWT of the bank’s identity provider. On a development machine `npm run --silent token` prints one, and `npm run --silent token -- --role relationship_manager` one of another role.'

const description = `Customer-relationship service for banks. The same operations are available over GraphQL at \`POST /graphql\`.

**Token**: every call under \`/v1\` needs \`Authorization: Bearer <token>\`. ${token}

**Refusals**: a refused request answers a problem document whose \`code\` is explained under \`/problems\`.`

/** The OpenAPI 3.1 document of the URL table. Everything in it comes from the operations. */
export function openApiOf(routes: readonly Route[], streams: readonly Route[]): Json {
  const components: Components = { schemas: { Problem: problem }, parameters: {}, responses: {} }
  const items: Item[] = [
    ...routes.map((route) => ({ route, item: pathItem(route, components, 'json') })),
    ...streams.map((route) => ({ route, item: { ...pathItem(route, components, 'rows'), ...streamItem(route, components) } })),
  ]
  const enums = namedEnums()
  const named: Record<string, unknown> = {}
  // A property of each name, so that no name is taken for a keyword.
  const { properties } = shareSchemas({ properties: components.schemas }, named, enums)
  const { part: paths, schemas } = shareViews(shareSchemas(pathsOf(items), named, enums), properties as Record<string, Json>)
  shareParameters(paths, { ...components, schemas: { ...schemas, ...named } })
  const published = shareSchemas(eventsOf(), named, enums)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Guanxi',
      version: '1.0.0',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...new Set(routes.map(({ operation }) => operation.domain))]
      .sort()
      .map((name) => ({ name, description: domains[name], 'x-bian-service-domain': name })),
    paths,
    'x-events': published,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: token } },
      headers: { ETag: { description: 'Version of the resource.', schema: { type: 'string' } } },
      parameters: sorted(components.parameters),
      responses: sorted(components.responses),
      schemas: sorted({ ...schemas, ...named }),
    },
  }
}

const problem = {
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
}

function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
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
