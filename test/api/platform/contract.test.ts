import { readFile } from 'node:fs/promises'
import {
  buildSchema,
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql'
import { describe, expect } from 'vitest'
import { z } from 'zod'
import { viewNamed, views } from '../../../src/db/views.ts'
import type { Field } from '../../../src/db/platform/views/view.ts'
import { operations } from '../../../src/operations/all.ts'
import type { Operation } from '../../../src/operations/platform/operation.ts'
import { onlyInBodies, unwrap } from '../../../src/rest/platform/route.ts'
import { routes, streams } from '../../../src/rest/routes.ts'
import { contractText, openapi, referred } from '../contract-document.ts'
import { test } from '../../setup/service.ts'

const root = new URL('../../../', import.meta.url)
const schema = buildSchema(await readFile(new URL('schema.graphql', root), 'utf8'))

const offered = operations.filter(({ transport }) => transport !== 'internal')
const onBoth = offered.filter(({ transport }) => transport === 'both')
const rootFields = { ...schema.getQueryType()!.getFields(), ...schema.getMutationType()!.getFields() }

interface RestOperation {
  readonly method: string
  readonly path: string
  readonly operation: any
}
const restOperations: RestOperation[] = Object.entries<any>(openapi.paths).flatMap(([path, item]) =>
  Object.entries<any>(item).map(([method, operation]) => ({ method, path, operation: resolved(operation) })),
)

/** An operation with its parameters, its answers and the schema of its body in place of the references to them. */
function resolved(operation: any): any {
  const json = operation.requestBody?.content?.['application/json']
  return {
    ...operation,
    ...(operation.parameters && { parameters: operation.parameters.map(referred) }),
    responses: Object.fromEntries(Object.entries<any>(operation.responses).map(([status, answer]) => [status, referred(answer)])),
    ...(json && { requestBody: { content: { 'application/json': { ...json, schema: referred(json.schema) } } } }),
  }
}

/** The published differences: how GraphQL calls what an operation's input calls otherwise, and what only one side has. */
const graphqlNames: Readonly<Record<string, string>> = { limit: 'first', cursor: 'after' }
const onlyInGraphql = new Set(['idempotencyKey'])
/** Counted when `totalCount` is selected. */
const notInGraphql = new Set(['includeTotal'])
const inHeaders = new Set(['expectedVersion', 'mode'])
/** A segment that two operations call differently has one name in the contract, of both. */
const jointNames: Readonly<Record<string, Readonly<Record<string, string>>>> = { importRun: { entityOrImportId: 'importId' } }

describe('openapi.yaml', () => {
  test('is what the service serves', async ({ service }) => {
    const served = await service.app.inject({ url: '/openapi.yaml' })
    expect(contractText === served.body).toBe(true)
    expect(openapi).toEqual((await service.app.inject({ url: '/openapi.json' })).json())
  })

  test('is compressed on its way, and not sent again to whoever has it', async ({ service }) => {
    for (const url of ['/openapi.yaml', '/openapi.json']) {
      const first = await service.app.inject({ url, headers: { 'accept-encoding': 'gzip' } })
      expect(first.headers).toMatchObject({ 'content-encoding': 'gzip', etag: expect.stringMatching(/^W\/".{22}"$/) })
      expect(first.rawPayload.length).toBeLessThan(120_000)
      const tag = String(first.headers.etag)
      for (const known of [tag, tag.slice(2), `"other", ${tag}`, '*']) {
        const { statusCode, body, headers } = await service.app.inject({ url, headers: { 'if-none-match': known } })
        expect([statusCode, body, headers.etag], known).toEqual([304, '', tag])
      }
      expect((await service.app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode).toBe(200)
    }
  })

  test('has every operation once, with summary, description, permission, domain, tags and answers for its refusals', () => {
    expect(restOperations.map(({ operation }) => operation.operationId).sort()).toEqual(offered.map(({ name }) => name).sort())
    for (const { operation } of restOperations) {
      const { operationId, summary, description, responses } = operation
      expect(
        [summary, description, operation['x-permission'], operation.tags[0], responses.default.description].every(
          (text) => typeof text === 'string' && text !== '',
        ),
        operationId,
      ).toBe(true)
      expect(Object.keys(responses), operationId).toContain('400')
      for (const refusal of ['401 `unauth', '403 `not_p', '429 `rate', '500 `internal', '503 `timed_out', '503 `unav'])
        expect(responses.default.description, operationId).toContain(refusal)
    }
  })

  test('has no two addresses that differ in the names of their segments only, and names each segment as a parameter', () => {
    const paths = Object.keys(openapi.paths)
    expect(new Set(paths.map((path) => path.replaceAll(/\{\w+\}/g, '{}'))).size).toBe(paths.length)
    for (const { method, path, operation } of restOperations) {
      const inPath = (operation.parameters ?? []).filter((one: any) => one.in === 'path').map((one: any) => `{${one.name}}`)
      expect(inPath.sort(), `${method} ${path}`).toEqual((path.match(/\{\w+\}/g) ?? []).sort())
    }
  })

  test('tells of refusals where there can be any: of bodies where one is sent, of idempotency keys where one is taken', () => {
    const statuses = (name: string) =>
      Object.keys(restOperations.find(({ operation }) => operation.operationId === name)!.operation.responses)
    expect(statuses('importRows')).toEqual(expect.arrayContaining(['404', '409', '413', '415']))
    expect(statuses('importRejects')).toEqual(['200', '400', '404', 'default'])
    expect(statuses('customerSearch')).toEqual(expect.arrayContaining(['413', '415']))
    for (const { method, operation } of restOperations) {
      const { operationId, parameters = [], responses } = operation
      if (method === 'get') expect(Object.keys(responses), operationId).not.toContain('415')
      const takesKey = parameters.some(({ name }: any) => name === 'Idempotency-Key')
      expect(JSON.stringify(responses).includes('idempotency_key_reused'), operationId).toBe(takesKey)
    }
  })

  test('describes its tags', () => {
    expect(openapi.tags.filter(({ description }: any) => !description)).toEqual([])
    const used = new Set(restOperations.flatMap(({ operation }) => operation.tags))
    expect(openapi.tags.map(({ name }: any) => name).sort()).toEqual([...used].sort())
  })

  test('refers only to what it holds, and holds only what is referred to', () => {
    const references = new Set([...JSON.stringify(openapi).matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, name]) => name))
    const held = Object.entries<any>(openapi.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, members]) => Object.keys(members).map((name) => `${kind}/${name}`))
    expect([...references].sort()).toEqual(held.sort())
  })

  test('is a page that one can read: below 2,800 bytes an operation, with each parameter and each refusal described once', () => {
    expect(Buffer.byteLength(contractText)).toBeLessThan(2_800 * restOperations.length)
    const items = Object.values<any>(openapi.paths).flatMap((item) => Object.values<any>(item))
    const parameters = items
      .flatMap((item) => item.parameters ?? [])
      .filter((one) => !one.$ref)
      .map((one) => JSON.stringify(one))
    expect(parameters.filter((one, index) => parameters.indexOf(one) !== index)).toEqual([])
    for (const { operationId, responses } of items)
      for (const [status, answer] of Object.entries<any>(responses))
        expect(answer.$ref !== undefined, `${operationId} ${status}`).toBe(!status.startsWith('2'))
    const described = Object.values<any>(openapi.components.responses).map(({ description }) => description)
    expect(new Set(described).size).toBe(described.length)
  })

  test('names each enum once, as GraphQL does, so that no generator makes up a name that another thing has', () => {
    const named: string[] = Object.values<any>(openapi.components.schemas)
      .filter((one) => one.enum)
      .map(({ enum: values }) => values.join(' '))
    expect(new Set(named).size).toBe(named.length)
    expect([...JSON.stringify(openapi).matchAll(/"enum":/g)]).toHaveLength(named.length)
    const differing = Object.entries<any>(openapi.components.schemas).filter(([name, { enum: values }]) => {
      const inGraphql = schema.getType(name)
      return values && isEnumType(inGraphql) && inGraphql.getValues().some((one) => !values.includes(one.name))
    })
    expect(differing).toEqual([])
  })

  test('has no expression beside a format that says the same', () => {
    const both: string[] = []
    JSON.stringify(openapi, (key, value) => {
      if (typeof value?.format === 'string' && value.pattern !== undefined) both.push(`${key} ${value.format}`)
      return value
    })
    expect(both).toEqual([])
  })

  test('keeps personal data out of addresses: what finds people by name, phone or document is a POST', () => {
    for (const { method, path, operation } of restOperations) {
      const names = (operation.parameters ?? []).filter((one: any) => one.in !== 'header').map((one: any) => one.name)
      expect(
        names.filter((name: string) => /phone|email|^name$|document(?!Id$)/i.test(name)),
        `${method} ${path}`,
      ).toEqual([])
    }
  })
})

describe('every operation', () => {
  test('stands under its name on both sides: queries among queries, commands among mutations', () => {
    expect(Object.keys(schema.getQueryType()!.getFields()).sort()).toEqual(namesOf(onBoth.filter(({ kind }) => kind === 'query')))
    expect(Object.keys(schema.getMutationType()!.getFields()).sort()).toEqual(
      namesOf(onBoth.filter(({ kind }) => kind === 'command')),
    )
    expect([...routes, ...streams].map(({ operation }) => operation.name).sort()).toEqual(namesOf(offered))
  })

  test('takes the same keys on both sides, required alike, with the same enum values', () => {
    for (const operation of onBoth) {
      const wanted = Object.entries(operation.input.shape)
        .filter(([name]) => !notInGraphql.has(name))
        .map(([name, type]) => describeInput(graphqlNames[name] ?? name, type as z.ZodType))
      const given = graphqlInputs(operation).filter(({ name }) => !onlyInGraphql.has(name))
      expect(byName(given), operation.name).toEqual(byName(wanted))
    }
  })

  test('takes the same keys over REST: in the path, the query, the body or a header', () => {
    for (const { method, operation } of restOperations.filter(({ operation: { operationId } }) =>
      onBoth.some(({ name }) => name === operationId),
    )) {
      const { input } = operations.find(({ name }) => name === operation.operationId)!
      const parameters = (operation.parameters ?? []).filter((one: any) => one.in !== 'header').map((one: any) => one.name)
      const body = Object.keys(operation.requestBody?.content?.['application/json']?.schema?.properties ?? {})
      const named = parameters.map((name: string) => jointNames[operation.operationId]?.[name] ?? name)
      expect([...named, ...body].sort(), operation.operationId).toEqual(
        Object.keys(input.shape)
          .filter((name) => !inHeaders.has(name) && !(method === 'get' && onlyInBodies.has(name)))
          .sort(),
      )
    }
  })

  test('describes each of its inputs in GraphQL', () => {
    const undescribed = Object.values(schema.getTypeMap())
      .filter((type) => !type.name.startsWith('__') && (isObjectType(type) || isInputObjectType(type)))
      .flatMap((type) => [
        ...(type.description ? [] : [type.name]),
        ...Object.values((type as any).getFields()).flatMap((field: any) =>
          field.description ? [] : [`${type.name}.${field.name}`],
        ),
      ])
    expect(undescribed).toEqual([])
  })
})

describe('the scalars of GraphQL', () => {
  test('have a mapping for code generators, each of them', async () => {
    const scalars = Object.values(schema.getTypeMap()).filter((type) => isScalarType(type) && !isSpecifiedScalarType(type))
    const { generates } = JSON.parse(await readFile(new URL('examples/graphql/codegen.json', root), 'utf8'))
    const mapped = Object.keys(generates['guanxi.ts'].config.scalars)
    expect(mapped.sort()).toEqual(scalars.map(({ name }) => name).sort())
    const documented = (await readFile(new URL('docs/api.md', root), 'utf8')).matchAll(
      /^\| `(\w+)` \| .*`(?:string|unknown)` \|/gm,
    )
    expect([...documented].map(([, name]) => name).sort()).toEqual(mapped)
  })
})

describe('what is not a view', () => {
  test('has the same fields, lists, nulls and enum values in schema.graphql, at any depth', () => {
    const differences: string[] = []
    for (const operation of onBoth) {
      if (operation.answer.shape === 'value')
        compareTypes(operation.output, rootFields[operation.name]!.type, operation.name, differences, true)
      for (const argument of rootFields[operation.name]!.args) {
        const wraps = argument.name === (operation.kind === 'command' ? 'input' : 'filter')
        const named = getNamedType(argument.type)
        const members = wraps && isInputObjectType(named) ? Object.values(named.getFields()) : [argument]
        for (const { name, type } of members) {
          const input = operation.input.shape[name] as z.ZodType | undefined
          if (input) compareTypes(input, type, `${operation.name}(${name})`, differences, true)
        }
      }
    }
    for (const view of views)
      for (const [name, field] of Object.entries(view.fields))
        if (field.kind === 'computed' && field.output)
          compareTypes(
            field.output,
            (schema.getType(view.name) as any).getFields()[name].type,
            `${view.name}.${name}`,
            differences,
          )
    expect(differences).toEqual([])
  })
})

/** Notes where a type of GraphQL is other than its schema. What stands for a refused value may be null. */
function compareTypes(type: z.ZodType, given: GraphQLType, path: string, differences: string[], atRoot = false): void {
  const inner = unwrap(type)
  const named = getNullableType(given)
  const note = (what: string): void => void differences.push(`${path}: ${what}`)
  if (!atRoot && isNonNullType(given) && type.safeParse(null).success) note('null is not expected')
  if (inner instanceof z.ZodArray) {
    if (!isListType(named)) return note('no list')
    return compareTypes(inner.element as z.ZodType, named.ofType, `${path}[]`, differences)
  }
  if (isListType(named)) return note('a list')
  if (inner instanceof z.ZodEnum) {
    const wanted = [...(inner.options as string[])].sort()
    const values = isEnumType(named)
      ? named
          .getValues()
          .map((value) => value.name)
          .sort()
      : [String(named)]
    if (JSON.stringify(values) !== JSON.stringify(wanted)) note(`${values.join(' ')} instead of ${wanted.join(' ')}`)
    return undefined
  }
  if (inner instanceof z.ZodObject && (isObjectType(named) || isInputObjectType(named))) {
    const fields = named.getFields()
    const shape = inner.shape as Record<string, z.ZodType>
    const [missing, more] = [
      Object.keys(shape).filter((name) => !(name in fields)),
      Object.keys(fields).filter((name) => !(name in shape)),
    ]
    if (missing.length + more.length > 0) note(`without ${missing.join(' ')}, with ${more.join(' ')}`)
    for (const [name, member] of Object.entries(shape))
      if (fields[name]) compareTypes(member, fields[name].type, `${path}.${name}`, differences)
  } else if (isEnumType(named)) note(`the enum ${named.name}`)
  return undefined
}

interface Described {
  readonly name: string
  readonly required: boolean
  readonly list: boolean
  readonly values?: readonly string[]
}

function describeInput(name: string, type: z.ZodType): Described {
  const inner = unwrap(type)
  const element = inner instanceof z.ZodArray ? unwrap(inner.element as z.ZodType) : inner
  return {
    name,
    required: !type.safeParse(undefined).success,
    list: inner instanceof z.ZodArray,
    ...(element instanceof z.ZodEnum && { values: [...(element.options as string[])].sort() }),
  }
}

function describeGraphql({ name, type, defaultValue }: GraphQLArgument | GraphQLInputField): Described {
  const named = getNamedType(type)
  return {
    name,
    required: isNonNullType(type) && defaultValue === undefined,
    list: isListType(getNullableType(type)),
    ...(isEnumType(named) && {
      values: named
        .getValues()
        .map((value) => value.name)
        .sort(),
    }),
  }
}

/** The inputs of an operation in GraphQL: its arguments, with the members of `input` or `filter` among them. */
function graphqlInputs({ name, kind }: Operation): Described[] {
  return rootFields[name]!.args.flatMap((argument) => {
    const type = getNamedType(argument.type)
    const wraps = argument.name === (kind === 'command' ? 'input' : 'filter')
    return wraps && isInputObjectType(type) ? Object.values(type.getFields()).map(describeGraphql) : [describeGraphql(argument)]
  })
}

const byName = (list: readonly Described[]) => list.toSorted((one, other) => one.name.localeCompare(other.name))
const namesOf = (list: readonly Operation[]) => list.map(({ name }) => name).sort()

describe('every view', () => {
  const expected: Readonly<Record<string, string>> = {
    uuid: 'ID',
    text: 'String',
    integer: 'Int',
    float: 'Float',
    decimal: 'Decimal',
    boolean: 'Boolean',
    day: 'Day',
    instant: 'DateTime',
    texts: '[String!]',
    json: 'Json',
  }

  function typeOf(field: Field): string | readonly string[] {
    const must = field.nullable ? '' : '!'
    switch (field.kind) {
      case 'column':
        return field.values ? [...field.values].sort() : `${expected[field.type]}${must}`
      case 'money':
        return `Money${must}`
      // What the caller may not follow is null.
      case 'one':
        return viewNamed(field.target).name
      case 'many':
        return `[${viewNamed(field.target).name}!]`
      case 'page':
        return `${viewNamed(field.target).name}Connection`
      case 'computed':
        return 'computed'
    }
  }

  test('has the same fields, types and nulls in schema.graphql', () => {
    for (const view of views) {
      const type = schema.getType(view.name)
      if (!isObjectType(type)) throw new Error(`${view.name} is not in schema.graphql.`)
      expect(Object.keys(type.getFields()).sort(), view.name).toEqual(Object.keys(view.fields).sort())
      for (const [name, field] of Object.entries(view.fields)) {
        const inSchema = type.getFields()[name]!
        const named = getNamedType(inSchema.type)
        const wanted = typeOf(field)
        if (wanted === 'computed') continue
        expect(
          isEnumType(named)
            ? named
                .getValues()
                .map((value) => value.name)
                .sort()
            : String(inSchema.type),
          `${view.name}.${name}`,
        ).toEqual(wanted)
        if (isEnumType(named)) expect(isNonNullType(inSchema.type), `${view.name}.${name}`).toBe(!field.nullable)
      }
    }
  })

  test('can be followed from a customer and back', () => {
    const backwards = ['Holding', 'Assignment', 'Movement', 'Activity', 'Institution', 'Staff', 'Product']
    for (const name of backwards) {
      const reaches = (from: string, seen: Set<string>): boolean =>
        from === 'Customer' ||
        Object.values(viewNamed(from).fields).some(
          (field) => 'target' in field && !seen.has(field.target) && reaches(field.target, seen.add(field.target)),
        )
      expect(reaches(name, new Set([name])), name).toBe(true)
    }
  })
})
