import type { GraphQLResolveInfo } from 'graphql'
import type { FastifyRequest } from 'fastify'
import { DomainError } from '../core/kernel/errors.ts'
import { refused } from '../db/platform/views/compile.ts'
import { propertyOf } from '../db/platform/views/response-keys.ts'
import { connectionOf } from '../db/platform/views/connection.ts'
import { views } from '../db/views.ts'
import type { Selection, View } from '../db/platform/views/view.ts'
import { execute, type Service } from '../operations/platform/execute.ts'
import { operations } from '../operations/all.ts'
import type { Operation } from '../operations/platform/operation.ts'
import type { SelectedPage } from '../operations/platform/pages.ts'
import { checkedIdempotencyKey } from '../operations/platform/idempotency-key.ts'
import { selectionOf } from './selection.ts'

/** What resolvers get besides their arguments. */
export interface GraphqlContext {
  readonly request: FastifyRequest
  readonly service: Service
}

type Resolver = (
  source: Record<string, unknown>,
  args: Record<string, unknown>,
  context: GraphqlContext,
  info: GraphQLResolveInfo,
) => unknown

/** A resolver for every operation under its name, and one for every field that statements answer under the caller's own name for it. */
export function resolvers(): Record<string, Record<string, Resolver>> {
  const both = operations.filter(({ transport }) => transport === 'both')
  const types = {
    Query: rootFields(both.filter(({ kind }) => kind === 'query')),
    Mutation: rootFields(both.filter(({ kind }) => kind === 'command')),
    ...viewTypes(),
  }
  return Object.fromEntries(Object.entries(types).filter(([, fields]) => Object.keys(fields).length > 0))
}

function rootFields(list: readonly Operation[]): Record<string, Resolver> {
  return Object.fromEntries(list.map((operation) => [operation.name, rootField(operation)]))
}

function rootField(operation: Operation): Resolver {
  return async (_root, args, { request, service }, info) => {
    const selection = operation.answer.shape === 'value' ? new Map() : selectionOf(info)
    const { idempotencyKey, ...input } = inputOf(operation, args, selection)
    const { answer } = await execute(service, operation, {
      caller: request.caller,
      input,
      selection,
      refusedAs: refused,
      idempotencyKey:
        operation.kind === 'command' && idempotencyKey !== undefined
          ? checkedIdempotencyKey(idempotencyKey as string)
          : undefined,
      requestId: request.id,
    }).catch((error: unknown) => {
      throw inOwnNames(error)
    })
    return operation.answer.shape === 'page' ? connection(selection, answer as SelectedPage) : answer
  }
}

/** What GraphQL calls otherwise than the operations' inputs do. */
const ownNames: Readonly<Record<string, string>> = { limit: 'first', cursor: 'after' }

/**
 * The published differences between the two sides: `first` is `limit`, `after` is `cursor`, the members of `filter` stand beside them, and
 * a total is asked for by selecting it. What is null counts as absent, at any depth.
 */
function inputOf({ kind, input }: Operation, args: Record<string, unknown>, selection: Selection): Record<string, unknown> {
  if (kind === 'command') return present(args['input'] as object)
  const { filter, first, after, ...rest } = args
  const totalAsked = [...selection.values()].some(({ name }) => name === 'totalCount')
  return present({
    ...(filter as object | undefined),
    ...rest,
    limit: first,
    cursor: after,
    ...('includeTotal' in input.shape && totalAsked && { includeTotal: true }),
  })
}

function present(values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [[name, withoutNulls(value)]],
    ),
  )
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  return typeof value === 'object' && value !== null ? present(value) : value
}

/** A refusal in the names that the caller used. */
function inOwnNames(error: unknown): unknown {
  if (!(error instanceof DomainError)) return error
  const problems = error.problems.map(({ pointer, ...problem }) => {
    const [, member = '', ...below] = pointer.split('/')
    return { ...problem, pointer: ['', ownNames[member] ?? member, ...below].join('/') }
  })
  return problems.length === 0 ? error : new DomainError(error.code, error.message, problems)
}

function connection(selection: Selection, { rows, hasNextPage, totalCount }: SelectedPage): Record<string, unknown> {
  return connectionOf(selection, rows, { hasNextPage, ...(totalCount !== undefined && { totalCount }) })
}

/** Relations were read under the response key; a refused one becomes null with an error that says why. */
function viewTypes(): Record<string, Record<string, Resolver>> {
  const types = views.map((view) => {
    const fields = Object.entries(view.fields).filter(([, { kind }]) => kind !== 'column' && kind !== 'money')
    return [view.name, Object.fromEntries(fields.map(([name]) => [name, read(name)]))] as const
  })
  const pages = views
    .filter(isPaged)
    .flatMap(({ name }) => [
      [`${name}Connection`, { nodes: read('nodes'), edges: read('edges') }] as const,
      [`${name}Edge`, { node: read('node') }] as const,
    ])
  return Object.fromEntries([...types, ...pages])
}

/** Whether a connection of the view occurs in the schema. */
function isPaged({ name }: View): boolean {
  const atRoot = operations.some(({ answer }) => answer.shape === 'page' && answer.view.name === name)
  return (
    atRoot || views.some(({ fields }) => Object.values(fields).some((field) => field.kind === 'page' && field.target === name))
  )
}

function read(name: string): Resolver {
  return (source, _args, _context, { fieldNodes }) => {
    const [node] = fieldNodes
    const value = source[propertyOf(node?.alias?.value ?? name, name)]
    if (value === refused || value === undefined) throw new DomainError('not_permitted', `Permission required to read ${name}.`)
    return value
  }
}
