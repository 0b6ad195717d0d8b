import { readFile } from 'node:fs/promises'
import {
  buildSchema,
  getNamedType,
  getNullableType,
  type GraphQLObjectType,
  isInputObjectType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { z } from 'zod'
import type { ErrorCode } from '../../src/core/kernel/errors.ts'
import { operations } from '../../src/operations/all.ts'
import type { Operation } from '../../src/operations/platform/operation.ts'
import { unwrap } from '../../src/rest/platform/route.ts'
import { routes, streams } from '../../src/rest/routes.ts'
import type { Caller, TestBank } from '../setup/service.ts'

export type Input = Readonly<Record<string, unknown>>

/** What became of a call over either side: `ok` or the code of the refusal, and the whole answer. */
export interface Told {
  readonly code: 'ok' | ErrorCode
  readonly status?: number
  readonly body: any
  readonly errors?: readonly { readonly path?: readonly (string | number)[]; readonly extensions: { readonly code: string } }[]
}

const schema = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'))
const rootFields = { ...schema.getQueryType()!.getFields(), ...schema.getMutationType()!.getFields() }
const routeOf = new Map([...routes, ...streams].map((route) => [route.operation.name, route]))

export const offered = operations.filter(({ transport }) => transport !== 'internal')
export const onGraphql = offered.filter(({ transport }) => transport === 'both')

export function operationNamed(name: string): Operation {
  const found = offered.find((operation) => operation.name === name)
  if (!found) throw new Error(`There is no operation ${name}.`)
  return found
}

/** Sends an input over REST, as the URL table says: path, query or body, and the version in a header. */
export async function overRest(bank: TestBank, caller: Caller | null, operation: Operation, input: Input): Promise<Told> {
  const { method, url } = routeOf.get(operation.name)!
  const { expectedVersion, ...rest } = input
  const left: Record<string, unknown> = { ...rest }
  const path = url.replaceAll(/:(\w+)/g, (_whole, name: string) => {
    const value = String(left[name])
    delete left[name]
    return encodeURIComponent(value)
  })
  const headers = { ...(expectedVersion !== undefined && { 'if-match': `"${Number(expectedVersion)}"` }) }
  if (operation.name === 'importRows') {
    const lines = (left['rows'] as readonly object[]).map((row) => JSON.stringify(row)).join('\n')
    const importId = left['importId'] as string | undefined
    return toldByRest(
      await bank.request(caller, method, path, lines, {
        'content-type': 'application/x-ndjson',
        ...(importId !== undefined && { 'import-id': importId }),
      }),
    )
  }
  if (method === 'GET') {
    const query = new URLSearchParams(Object.entries(left).map(([name, value]) => [name, String(value)])).toString()
    return toldByRest(await bank.request(caller, method, query === '' ? path : `${path}?${query}`))
  }
  return toldByRest(await bank.request(caller, method, path, left, headers))
}

function toldByRest({ status, body }: { readonly status: number; readonly body: any }): Told {
  return { code: status < 300 ? 'ok' : body.code, status, body }
}

/** Sends the same input over GraphQL. Without a selection it asks for every field of its own that the answer has. */
export async function overGraphql(
  bank: TestBank,
  caller: Caller | null,
  operation: Operation,
  input: Input,
  selection?: string,
): Promise<Told> {
  const { document, variables } = documentOf(operation, input, selection)
  return ask(bank, caller, operation.name, document, variables)
}

export async function ask(
  bank: TestBank,
  caller: Caller | null,
  root: string,
  document: string,
  variables: object,
): Promise<Told> {
  const { status, body } = await bank.request(caller, 'POST', '/graphql', { query: document, variables })
  if (status !== 200) return { code: body.code, status, body }
  const refusal = body.errors?.find(({ path }: { path?: unknown[] }) => path === undefined || path.length === 1)
  return { code: refusal ? refusal.extensions.code : 'ok', status, body: body.data?.[root], errors: body.errors ?? [] }
}

/** The published differences: `limit` is `first`, `cursor` is `after`; a command has one `input`, a list may have its conditions in a `filter`. */
export function documentOf(
  operation: Operation,
  input: Input,
  selection?: string,
): { readonly document: string; readonly variables: Record<string, unknown> } {
  const field = rootFields[operation.name]!
  const given: Record<string, unknown> = {}
  const { limit, cursor, includeTotal: _counted, ...rest } = input
  const all: Record<string, unknown> = {
    ...rest,
    ...(limit !== undefined && { first: limit }),
    ...(cursor !== undefined && { after: cursor }),
  }
  const wrapper = operation.kind === 'command' ? 'input' : 'filter'
  const wrapped = field.args.find(({ name }) => name === wrapper)
  const wrappedType = wrapped && getNamedType(wrapped.type)
  if (wrapped && isInputObjectType(wrappedType)) {
    const names = Object.keys(wrappedType.getFields())
    given[wrapper] = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
  }
  for (const { name } of field.args) if (name !== wrapper && all[name] !== undefined) given[name] = all[name]
  const used = field.args.filter(({ name }) => given[name] !== undefined)
  const declared = used.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ')
  const passed = used.map(({ name }) => `${name}: $${name}`).join(', ')
  const type = getNamedType(field.type)
  const asked = selection ?? ownFieldsOf(type as GraphQLObjectType)
  const kind = operation.kind === 'command' ? 'mutation' : 'query'
  return {
    document: `${kind}${declared && ` (${declared})`} { ${operation.name}${passed && `(${passed})`} { ${asked} } }`,
    variables: given,
  }
}

const ownFieldsByType = new Map<string, string>()

function ownFieldsOf(type: GraphQLObjectType): string {
  const fields = ownFieldsByType.get(type.name) ?? ownFields(type)
  ownFieldsByType.set(type.name, fields)
  return fields
}

/** All fields of a type that need no argument and lead to nothing that a permission guards. */
function ownFields(type: GraphQLObjectType): string {
  const guarded = new Set(
    Object.entries(viewFields(type.name)).flatMap(([name, kind]) => (kind === 'column' || kind === 'money' ? [] : [name])),
  )
  const parts = Object.values(type.getFields()).flatMap(({ name, type: of }) => {
    const inner = getNamedType(of)
    if (guarded.has(name) || name === 'edges' || name === 'totalCount') return []
    return isLeafType(inner) ? [name] : isObjectType(inner) ? [`${name} { ${ownFields(inner)} }`] : []
  })
  return parts.join(' ')
}

const answered = new Map(
  operations.flatMap(({ answer }) => (answer.shape === 'value' ? [] : [[answer.view.name, answer.view] as const])),
)

function viewFields(name: string): Record<string, string> {
  const view = answered.get(name)
  return view ? Object.fromEntries(Object.entries(view.fields).map(([field, { kind }]) => [field, kind])) : {}
}

export const NOBODY = '0190a000-0000-7000-8000-000000000000'

/** A valid value for every input that must be given: what its schema gives as an example, or the simplest thing that passes. */
export function minimalInput(operation: Operation): Record<string, unknown> {
  const input = minimalInputs.get(operation.name) ?? makeMinimalInput(operation)
  minimalInputs.set(operation.name, input)
  return { ...input }
}

const minimalInputs = new Map<string, Readonly<Record<string, unknown>>>()

function makeMinimalInput(operation: Operation): Readonly<Record<string, unknown>> {
  if (operation.name === 'customerSearch') return { name: '王' }
  if (operation.name === 'importRows') return { entity: 'customers', rows: [] }
  const input = Object.entries(operation.input.shape).flatMap(([name, type]) => {
    if ((type as z.ZodType).safeParse(undefined).success) return []
    return [[name, sampleOf(name, type as z.ZodType)] as const]
  })
  // Without a parent it would be a second head office, which is refused to everybody but the whole bank.
  const parent = operation.name === 'upsertInstitution' || operation.name === 'createInstitution' ? { parentCode: 'NOWHERE' } : {}
  return {
    ...Object.fromEntries(input),
    ...parent,
    ...(operation.concurrency === 'required' && { expectedVersion: 1 }),
    ...alsoRequired(operation),
  }
}

/** Arguments that only `schema.graphql` insists on. */
function alsoRequired({ name }: Operation): Record<string, unknown> {
  const missing =
    rootFields[name]?.args.filter(
      ({ type, defaultValue }) =>
        isNonNullType(type) && defaultValue === undefined && !isInputObjectType(getNamedType(getNullableType(type))),
    ) ?? []
  return Object.fromEntries(
    missing.flatMap(({ name: argument }) => (argument.endsWith('Id') ? [[argument, NOBODY] as const] : [])),
  )
}

function sampleOf(name: string, type: z.ZodType): unknown {
  const inner = unwrap(type)
  const [example] = (type.meta()?.['examples'] as unknown[] | undefined) ?? []
  if (inner instanceof z.ZodArray && example !== undefined) return example
  if (inner instanceof z.ZodArray) return [sampleOf(name, inner.element as z.ZodType)]
  if (inner instanceof z.ZodEnum) return inner.options[0]
  const meta = { ...inner.meta(), ...type.meta() }
  const candidates = [
    ...(Array.isArray(meta['examples']) ? meta['examples'] : []),
    NOBODY,
    '2099-01-01',
    '2099-01',
    'CNY',
    '1.00',
    'x1',
    'xxx',
    1,
    true,
  ]
  const found = candidates.find((candidate) => type.safeParse(candidate).success)
  if (found === undefined) throw new Error(`No sample is known for the input ${name}.`)
  return found
}
